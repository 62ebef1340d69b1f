//! A token: it can be sent, and it cannot be printed.

use std::fmt;

/// Comes from the environment only.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Nothing for a text that cannot be a token: it would break the header that carries it.
    pub fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        let is_token = !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic());
        is_token.then(|| Self(text.to_owned()))
    }

    /// For the one place that sends it.
    pub(super) fn reveal(&self) -> &str {
        &self.0
    }

    /// A text that came back from outside, without the token should it be in there.
    pub fn scrub(&self, text: &str) -> String {
        text.replace(&self.0, "***")
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_neither_debugged_nor_echoed() {
        let token = Secret::new(" ghs_canary\n").unwrap();
        assert_eq!(format!("{token:?}"), "***");
        assert_eq!(token.scrub("Bad ghs_canary!"), "Bad ***!");
        assert_eq!(Secret::new("two words"), None);
        assert_eq!(Secret::new(""), None);
    }
}
