//! What stands in the request line: path and query.

use super::headers::render;
use super::probe::SHOWN;
use super::shown::shown;
use super::{Escape, Template, Values};
use crate::load::scenario::Base;
use crate::load::wire::{Failure, Kind};

/// What a step says of its target.
pub(super) struct Address<'a> {
    pub(super) base: &'a Base,
    pub(super) path: &'a Template,
    pub(super) query: &'a [(String, Template)],
}

impl Address<'_> {
    pub(super) fn write(&self, values: &Values, out: &mut String) -> Result<(), Failure> {
        out.clear();
        Escape::Path.text(&self.base.prefix, out);
        let prefix = out.len();
        render(self.path, values, Escape::Path, out)?;
        let path = out.get(prefix..).unwrap_or_default();
        if !path.starts_with('/') {
            let path = shown(path.as_bytes(), SHOWN);
            let what = format!("path `{path}` does not begin with a slash");
            return Err(Failure::new(Kind::Check, what));
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

/// Without the query.
pub(super) fn path_of(target: &str) -> &str {
    target.split_once('?').map_or(target, |(path, _)| path)
}
