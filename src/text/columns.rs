//! Text in columns that line up in a terminal: the one printer of tables.

use unicode_width::UnicodeWidthStr;

/// How a table of `N` columns is laid out.
#[derive(Clone, Copy, Debug)]
pub struct Columns<const N: usize> {
    /// Which are read from the right, as numbers are.
    pub right: [bool; N],
    /// The room in front of each.
    pub gaps: [usize; N],
    /// How a cell is shortened that is wider than its column.
    pub shorten: fn(&str, usize) -> String,
}

/// The same with a width for each column.
#[derive(Clone, Copy, Debug)]
pub struct Fitted<const N: usize> {
    columns: Columns<N>,
    pub widths: [usize; N],
}

impl<const N: usize> Columns<N> {
    /// The first column is text and the others are numbers, with two spaces between them.
    pub fn of_numbers(shorten: fn(&str, usize) -> String) -> Self {
        Self {
            right: std::array::from_fn(|column| column > 0),
            gaps: std::array::from_fn(|column| if column > 0 { 2 } else { 0 }),
            shorten,
        }
    }

    /// Each column as wide as its widest cell.
    pub fn fitted<S: AsRef<str>>(self, rows: impl IntoIterator<Item = [S; N]>) -> Fitted<N> {
        let mut widths = [0; N];
        for row in rows {
            for (widest, cell) in widths.iter_mut().zip(&row) {
                *widest = (*widest).max(cell.as_ref().width());
            }
        }
        Fitted {
            columns: self,
            widths,
        }
    }
}

impl<const N: usize> Fitted<N> {
    /// Narrowed to `room` as far as these columns can give way, one after the other; none becomes narrower than `least`.
    pub fn within(mut self, room: usize, giving_way: &[usize], least: usize) -> Self {
        for column in giving_way {
            let over = self.used().saturating_sub(room);
            if let Some(widest) = self.widths.get_mut(*column) {
                *widest = widest.saturating_sub(over).max(least.min(*widest));
            }
        }
        self
    }

    /// The width of a line whose cells are all full.
    pub fn used(&self) -> usize {
        self.widths.iter().sum::<usize>() + self.columns.gaps.iter().sum::<usize>()
    }

    /// One line, its end trimmed; `paint` takes the number of a column and its shortened text.
    pub fn line(
        &self,
        cells: [impl AsRef<str>; N],
        paint: impl Fn(usize, &str) -> String,
    ) -> String {
        let Columns {
            right,
            gaps,
            shorten,
        } = self.columns;
        let mut line = String::new();
        let columns = cells.iter().zip(self.widths).zip(gaps).zip(right);
        for (column, (((cell, width), gap), right)) in columns.enumerate() {
            let cell = shorten(cell.as_ref(), width);
            let pad = " ".repeat(width.saturating_sub(cell.width()));
            let cell = paint(column, &cell);
            line.push_str(&" ".repeat(gap));
            line.push_str(&if right { pad + &cell } else { cell + &pad });
        }
        line.truncate(line.trim_end().len());
        line
    }
}

/// The text as it is.
pub fn plain(_: usize, text: &str) -> String {
    text.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::shorten;

    #[test]
    fn columns_line_up_and_names_give_way() {
        let rows = [["subject", "p99"], ["GET /items/{id}/reviews", "1 ms"]];
        let written = |room| {
            let fitted = Columns::of_numbers(shorten::end_to_width).fitted(rows);
            let fitted = fitted.within(room, &[0], 12);
            rows.map(|row| fitted.line(row, plain))
        };
        assert_eq!(
            written(80),
            [
                "subject                   p99",
                "GET /items/{id}/reviews  1 ms"
            ]
        );
        assert_eq!(
            written(20),
            ["subject          p99", "GET /items/{i…  1 ms"]
        );
    }
}
