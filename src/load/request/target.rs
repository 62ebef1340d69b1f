//! The target of the request line: path and query.

use super::headers::render;
use crate::load::http::{Failure, FailureKind};
use crate::load::scenario::Base;
use crate::load::template::{Escape, SHOWN, Template, Values, excerpt};

/// The target that a step asks for.
pub(super) struct TargetSpec<'a> {
    pub(super) base: &'a Base,
    pub(super) path: &'a Template,
    pub(super) query: &'a [(String, Template)],
}

impl TargetSpec<'_> {
    pub(super) fn write(&self, values: &Values, out: &mut String) -> Result<(), Failure> {
        out.clear();
        Escape::Path.text(&self.base.prefix, out);
        let prefix = out.len();
        render(self.path, values, Escape::Path, out)?;
        let path = out.get(prefix..).unwrap_or_default();
        if !path.starts_with('/') {
            let path = excerpt(path.as_bytes(), SHOWN);
            let what = format!("path `{path}` does not begin with a slash");
            return Err(Failure::new(FailureKind::Check, what));
        }
        let mut separator = if path.contains('?') { '&' } else { '?' };
        for (name, value) in self.query {
            out.push(separator);
            Escape::Query.value(name, out);
            out.push('=');
            render(value, values, Escape::Query, out)?;
            separator = '&';
        }
        Ok(())
    }
}

/// A target without its query.
pub(super) fn path_of(target: &str) -> &str {
    target.split_once('?').map_or(target, |(path, _)| path)
}
