//! `headers`: of every request, and of one.

use http::{HeaderName, HeaderValue};

use crate::load::template::{Template, is_connection_header};
use crate::toml_file::{FormError, Node};

use super::names::Names;
use super::reader::Reader;

pub(super) type Headers = Vec<(HeaderName, Template)>;

pub(super) fn headers(
    node: &Node<'_>,
    reader: &Reader<'_>,
    names: &Names,
) -> Result<Headers, FormError> {
    let mut headers: Headers = Vec::new();
    for (written, entry) in node.entries()? {
        let name = name(written).map_err(|why| entry.error(why))?;
        if headers.iter().any(|(other, _)| *other == name) {
            return Err(entry.error("it stands there twice; letter case makes no other header"));
        }
        let text = reader.expanded(&entry, entry.any_text()?)?;
        check_value(&text).map_err(|why| entry.error(why))?;
        headers.push((name, reader.template(&entry, names)?));
    }
    Ok(headers)
}

pub(super) fn name(text: &str) -> Result<HeaderName, String> {
    let name = HeaderName::from_bytes(text.as_bytes())
        .map_err(|_| format!("`{text}` is no name of a header"))?;
    if is_connection_header(&name) {
        return Err(format!(
            "the header `{name}` belongs to the connection, which perfgate keeps itself"
        ));
    }
    Ok(name)
}

pub(super) fn check_value(text: &str) -> Result<(), String> {
    match HeaderValue::from_str(text) {
        Ok(_) => Ok(()),
        Err(_) => Err("a header cannot hold line ends and control characters".to_owned()),
    }
}

/// Those of every request, where the step says no other.
pub(super) fn with(mut general: Headers, own: Headers) -> Headers {
    general.retain(|(name, _)| own.iter().all(|(other, _)| other != name));
    general.extend(own);
    general
}
