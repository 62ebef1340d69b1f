//! What people read where there is no verdict: the gate could not do its work, and why.

use super::remarks::short;
use super::sentence::Sentence;
use crate::text::sanitize;

/// A gate that ended before it judged anything.
#[derive(Clone, Copy, Debug, Default)]
pub struct NotJudged<'a> {
    /// Its name, where a pull request has several.
    pub gate: Option<&'a str>,
    pub commit: Option<&'a str>,
    /// From outside, like every error: it is sanitized here.
    pub reason: &'a str,
    /// The page of the run that has the whole message.
    pub run_url: Option<&'a str>,
}

impl NotJudged<'_> {
    /// For a pull request and for the summary of a step.
    pub fn markdown(&self) -> String {
        let mut gate = Sentence::new("> [!WARNING]\n> **perfgate**");
        if let Some(name) = self.gate {
            gate = gate.own(" ").foreign(name);
        }
        let mut text = gate.own(": ").then(self.sentence()).markdown();
        text.push_str("\n>\n> Nothing was compared, so no earlier verdict holds for this commit.");
        if let Some(url) = self.run_url.filter(|url| sanitize::is_plain_url(url)) {
            text.push_str(&format!(" [The run]({url}) has the whole message."));
        }
        text + "\n"
    }

    /// One line of plain text.
    pub fn summary(&self) -> String {
        self.sentence().terminal()
    }

    fn sentence(&self) -> Sentence {
        let told = match self.commit {
            Some(commit) => Sentence::new("not judged for ").foreign(&short(commit)),
            None => Sentence::new("not judged"),
        };
        told.own(": ").then(Sentence::quoted(self.reason))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_commit_the_reason_and_the_run_are_named() {
        let told = NotJudged {
            gate: Some("api"),
            commit: Some("3f2a1c9d3f2a1c9d3f2a1c9d3f2a1c9d3f2a1c9d"),
            reason: "read perfgate.toml: line 3, column 1: unknown key `thresholds`",
            run_url: Some("https://github.com/acme/shop/actions/runs/70"),
        };
        assert_eq!(
            told.markdown(),
            "> [!WARNING]\n\
             > **perfgate** `api`: not judged for `3f2a1c9d3`: read perfgate.toml: line 3, column 1: unknown key `thresholds`\n\
             >\n\
             > Nothing was compared, so no earlier verdict holds for this commit. \
             [The run](https://github.com/acme/shop/actions/runs/70) has the whole message.\n"
        );
        let bare = NotJudged {
            reason: "it is empty",
            ..NotJudged::default()
        };
        assert_eq!(bare.summary(), "not judged: it is empty");
    }

    #[test]
    fn a_hostile_reason_is_one_code_span_and_a_hostile_address_no_link() {
        let told = NotJudged {
            reason: "open x\n\n# @team <b> [a](http://b.example): it is `odd",
            run_url: Some("https://a.example/) @team [x](http://b.example"),
            ..NotJudged::default()
        };
        let text = told.markdown();
        assert!(
            text.contains(
                "not judged: ``open x  # @team <b> [a](http://b.example): it is `odd``\n"
            ),
            "{text}"
        );
        assert!(!text.contains("a.example/)"), "{text}");
        assert!(text.lines().all(|line| line.starts_with('>')), "{text}");
    }
}
