//! What a colour means on a terminal.

use super::Style;

/// What a colour means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tone {
    Plain,
    Bad,
    Doubtful,
    Good,
    Faint,
    Strong,
}

impl Tone {
    pub(super) fn paint(self, text: &str, style: &Style) -> String {
        let code = match self {
            _ if !style.color || text.is_empty() => return text.to_owned(),
            Self::Plain => return text.to_owned(),
            Self::Bad => "1;31",
            Self::Doubtful => "33",
            Self::Good => "32",
            Self::Faint => "2",
            Self::Strong => "1",
        };
        format!("\u{1b}[{code}m{text}\u{1b}[0m")
    }
}
