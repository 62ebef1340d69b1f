//! Text in columns that line up: the first from the left, as names are read, the others from the right.

use unicode_width::UnicodeWidthStr;

use crate::text::shorten;

const GAP: &str = "  ";
/// A name shorter than this tells nothing.
const LEAST: usize = 12;

/// Rows of as many cells; where they are wider than `room`, the names of the first column give way.
pub(crate) fn aligned<const N: usize>(rows: &[[String; N]], room: usize) -> String {
    let mut widths = [0; N];
    for row in rows {
        for (widest, cell) in widths.iter_mut().zip(row) {
            *widest = (*widest).max(cell.width());
        }
    }
    let used = widths.iter().sum::<usize>() + GAP.len() * N.saturating_sub(1);
    if let Some(names) = widths.first_mut() {
        *names = names
            .saturating_sub(used.saturating_sub(room))
            .max(LEAST.min(*names));
    }
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (at, (cell, width)) in row.iter().zip(widths).enumerate() {
            let cell = shorten::end_to_width(cell, width);
            let pad = " ".repeat(width.saturating_sub(cell.width()));
            if at == 0 {
                line.push_str(&(cell + &pad));
            } else {
                line.push_str(&(GAP.to_owned() + &pad + &cell));
            }
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

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
    fn columns_line_up_and_names_give_way() {
        let row = |a: &str, b: &str| [a.to_owned(), b.to_owned()];
        let rows = [
            row("subject", "p99"),
            row("GET /items/{id}/reviews", "1 ms"),
        ];
        assert_eq!(
            aligned(&rows, 80),
            "subject                   p99\nGET /items/{id}/reviews  1 ms\n"
        );
        assert_eq!(
            aligned(&rows, 20),
            "subject          p99\nGET /items/{i…  1 ms\n"
        );
    }

    #[test]
    fn lists_are_broken_between_their_parts() {
        let parts = ["cpu 1 %", "lag 2 ms", "late 3"].map(str::to_owned);
        assert_eq!(
            listed("gen", &parts, 24),
            "gen  cpu 1 %  lag 2 ms\n     late 3\n"
        );
    }
}
