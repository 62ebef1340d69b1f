//! The contract of a tool's adapter: what it is called, what kinds of output it reads, and how each of them is recognised.

use std::path::Path;

use super::ReadOptions;
use super::head::Head;
use super::source::ResultBytes;
use crate::model::Run;

/// One tool. Everything that is specific to it is behind this value.
#[derive(Debug)]
pub struct Adapter {
    /// The name that `--from` takes, and that its runs carry.
    pub tool: &'static str,
    pub class: ToolClass,
    /// The outputs that are read, the one that holds most first.
    pub forms: &'static [Form],
}

/// What a tool is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ToolClass {
    /// perfgate itself.
    Own,
    /// It puts load on a service: its times are `latency` of requests, its subjects are endpoints.
    Load,
    /// It measures code or commands: its times are `time` of a benchmark.
    Benchmark,
}

/// One kind of output of a tool.
#[derive(Debug)]
pub struct Form {
    /// Completes "it looks like …".
    pub what: &'static str,
    /// Whether a file that begins like this is of this form. It sees at most the first 64 KiB, and no two forms of any
    /// tool may both say yes.
    pub recognise: fn(&Head<'_>) -> bool,
    pub read: Read,
    pub facts: Facts,
}

/// How a form is read. Context such as the path is added by the caller.
#[derive(Clone, Copy, Debug)]
pub enum Read {
    /// A summary: the whole file as text.
    Whole(fn(&str) -> anyhow::Result<Run>),
    /// One line or record per request: read in a stream, because such files grow to gigabytes.
    Stream(fn(&ResultBytes<'_>, &ReadOptions) -> anyhow::Result<Run>),
    /// More than one file belongs to a result.
    Path {
        read: fn(&Path, &ReadOptions) -> anyhow::Result<Vec<Run>>,
        parse: fn(&[u8], &ReadOptions) -> anyhow::Result<Vec<Run>>,
    },
}

/// What the documentation tells of a form.
#[derive(Debug)]
pub struct Facts {
    /// Which kind of evidence it becomes.
    pub evidence: &'static str,
    /// The step at which the tool rounds.
    pub resolution: &'static str,
    /// What the output does not say.
    pub lost: &'static str,
    /// The versions whose real output is among the fixtures; empty where the form is known from documentation only.
    pub tested: &'static str,
}

impl Adapter {
    /// The form of a file that begins like this.
    pub fn form_of(&self, head: &Head<'_>) -> Option<&'static Form> {
        self.forms.iter().find(|form| (form.recognise)(head))
    }

    /// Where a form stands among those of its tool; 0 holds most.
    pub fn rank(&self, form: &Form) -> usize {
        self.forms
            .iter()
            .position(|one| std::ptr::eq(one, form))
            .unwrap_or(usize::MAX)
    }
}
