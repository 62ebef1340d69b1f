//! Rows of a table in one piece: a file of megabytes has millions of cells, and each as a text of its own would take ten
//! times its room.

/// All cells one after another.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rows {
    columns: usize,
    text: String,
    /// Where each cell ends.
    ends: Vec<usize>,
}

impl Rows {
    pub fn new(columns: usize) -> Self {
        Self {
            columns: columns.max(1),
            ..Self::default()
        }
    }

    pub fn push<'c>(&mut self, cells: impl IntoIterator<Item = &'c str>) {
        for cell in cells.into_iter().take(self.columns) {
            self.text.push_str(cell);
            self.ends.push(self.text.len());
        }
        // A row that is too short ends in empty cells.
        let whole = self.ends.len().next_multiple_of(self.columns);
        self.ends.resize(whole, self.text.len());
    }

    pub fn len(&self) -> usize {
        self.ends.len() / self.columns.max(1)
    }

    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Nothing where there is no such cell.
    pub fn cell(&self, row: usize, column: usize) -> Option<&str> {
        if column >= self.columns {
            return None;
        }
        self.nth(row.checked_mul(self.columns)?.checked_add(column)?)
    }

    pub fn cells(&self) -> impl Iterator<Item = &str> {
        (0..self.ends.len()).filter_map(|at| self.nth(at))
    }

    /// Gives back what was kept for more.
    pub fn shrink(&mut self) {
        self.text.shrink_to_fit();
        self.ends.shrink_to_fit();
    }

    fn nth(&self, at: usize) -> Option<&str> {
        let begin = match at.checked_sub(1) {
            Some(before) => *self.ends.get(before)?,
            None => 0,
        };
        self.text.get(begin..*self.ends.get(at)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_found_where_they_were_put() {
        let mut rows = Rows::new(3);
        rows.push(["a", "", "ü"]);
        rows.push(["d"]);
        rows.push(["e", "f", "g", "too many"]);
        assert_eq!(rows.len(), 3);
        let cell = |row, column| rows.cell(row, column);
        assert_eq!(
            [cell(0, 0), cell(0, 1), cell(0, 2)],
            [Some("a"), Some(""), Some("ü")]
        );
        assert_eq!(
            [cell(1, 0), cell(1, 1), cell(1, 2)],
            [Some("d"), Some(""), Some("")]
        );
        assert_eq!(
            [cell(2, 2), cell(2, 3), cell(3, 0)],
            [Some("g"), None, None]
        );
        assert_eq!(rows.cells().count(), 9);
        assert!(Rows::new(1).is_empty());
    }
}
