//! Lists of a summary that are broken between their parts.

use unicode_width::UnicodeWidthStr;

const GAP: &str = "  ";
/// Parts after a head, on as many lines as they need; further lines begin under the first part.
pub(crate) fn listed(head: &str, parts: &[String], room: usize) -> String {
    let indent = head.width() + GAP.len();
    let (mut text, mut used) = (head.to_owned(), head.width());
    for (at, part) in parts.iter().enumerate() {
        let next = used + GAP.len() + part.width();
        if at > 0 && next > room {
            text.push('\n');
            text.push_str(&" ".repeat(indent));
            used = indent + part.width();
        } else {
            text.push_str(GAP);
            used = next;
        }
        text.push_str(part);
    }
    text + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_broken_between_their_parts() {
        let parts = ["cpu 1 %", "lag 2 ms", "late 3"].map(str::to_owned);
        assert_eq!(
            listed("gen", &parts, 24),
            "gen  cpu 1 %  lag 2 ms\n     late 3\n"
        );
    }
}
