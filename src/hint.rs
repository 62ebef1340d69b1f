//! What to do next, carried by an error to the line that prints it.

use std::fmt;

/// An error with the sentence that `main` prints after `hint:`.
#[derive(Debug)]
pub struct Hinted {
    error: anyhow::Error,
    hint: String,
}

impl fmt::Display for Hinted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl std::error::Error for Hinted {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        // The display is the error's own first link, so the chain goes on behind it.
        self.error.chain().nth(1)
    }
}

/// `.hint("…")` on a result: says what to do about the failure.
pub trait WithHint<T> {
    fn hint(self, hint: impl Into<String>) -> anyhow::Result<T>;

    /// The same where the error has no hint of its own.
    fn or_hint(self, hint: impl Into<String>) -> anyhow::Result<T>;
}

impl<T, E: Into<anyhow::Error>> WithHint<T> for Result<T, E> {
    fn hint(self, hint: impl Into<String>) -> anyhow::Result<T> {
        self.map_err(|error| {
            Hinted {
                error: error.into(),
                hint: hint.into(),
            }
            .into()
        })
    }

    fn or_hint(self, hint: impl Into<String>) -> anyhow::Result<T> {
        self.map_err(Into::into).or_else(|error| match of(&error) {
            Some(_) => Err(error),
            None => Err(error).hint(hint),
        })
    }
}

/// The outermost hint of a chain.
pub fn of(error: &anyhow::Error) -> Option<&str> {
    error
        .chain()
        .find_map(|link| link.downcast_ref::<Hinted>())
        .map(|hinted| hinted.hint.as_str())
}

/// The first error of a type in a chain, with or without a hint.
pub fn find<T: std::error::Error + 'static>(error: &anyhow::Error) -> Option<&T> {
    error
        .chain()
        .find_map(|link| match link.downcast_ref::<Hinted>() {
            Some(hinted) => find(&hinted.error),
            None => link.downcast_ref(),
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::{Context, anyhow};

    #[test]
    fn a_hint_survives_context_and_is_not_printed_in_the_chain() {
        let error = Err::<(), _>(anyhow!("inner"))
            .context("read a.csv")
            .hint("run locust with --csv")
            .context("check")
            .unwrap_err();
        assert_eq!(format!("{error:#}"), "check: read a.csv: inner");
        assert_eq!(of(&error), Some("run locust with --csv"));
    }
}
