//! Small numbers in tables: which cells are left out so that nobody can be told apart.
//!
//! A cell of 1 to k − 1 is never shown (primary). Sums are shown too, so a cell that is the only one left out of its row or
//! column could be computed: then others are left out with it (complementary), the smallest first, until every small cell
//! could as well be another number. The reader is taken to know k, that numbers are whole and not negative, and
//! which cells were left out for being small. Whether a cell could be one more or one less is a question of flow: a table
//! with sums is a network, with a node for each row and column and an edge for each cell (Cox 1980; Willenborg & de Waal 2001).
//!
//! What must stay true: a shown number is true; zeros are shown; the same table gives the same answer.

/// Numbers with the sums of their rows and columns: the last row and the last column are sums.
#[derive(Clone, Debug)]
pub struct Table {
    /// Row by row, sums included.
    pub cells: Vec<u64>,
    /// Columns, the sums included.
    pub width: usize,
}

impl Table {
    /// Adds the sums to numbers that stand row by row.
    pub fn new(numbers: &[u64], columns: usize) -> Table {
        let rows = numbers.len() / columns.max(1);
        let width = columns + 1;
        let mut cells = vec![0; (rows + 1) * width];
        for row in 0..rows {
            for column in 0..columns {
                let n = numbers[row * columns + column];
                for at in [row * width + column, row * width + columns, rows * width + column, rows * width + columns] {
                    cells[at] += n;
                }
            }
        }
        Table { cells, width }
    }

    /// A list of numbers and its sum, which comes last.
    pub fn list(numbers: &[u64]) -> Table {
        let cells = numbers.iter().copied().chain([numbers.iter().sum()]).collect();
        Table { cells, width: numbers.len() + 1 }
    }

    fn rows(&self) -> usize {
        self.cells.len() / self.width
    }

    /// Which cells are left out, for a smallest number `k` that is shown.
    pub fn hidden(&self, k: u64) -> Vec<bool> {
        let small = |n: u64| n > 0 && n < k;
        let mut hidden: Vec<bool> = self.cells.iter().map(|n| small(*n)).collect();
        // Leaving out more never takes from a cell what it could be, so each is looked at once.
        for at in (0..self.cells.len()).filter(|i| small(self.cells[*i])) {
            while !self.open(at, &hidden, k) {
                let Some(more) = self.next(at, &hidden) else { break };
                hidden[more] = true;
            }
        }
        hidden
    }

    /// The cell that is left out next beside one: the smallest that is shown of its row and column, rather one that counts
    /// somebody, rather not a sum; when both are left out whole, the smallest of the table.
    fn next(&self, at: usize, hidden: &[bool]) -> Option<usize> {
        let (row, column, last) = (at / self.width, at % self.width, self.rows() - 1);
        let beside = |i: usize| i / self.width == row || i % self.width == column;
        let sum = |i: usize| i / self.width == last || i % self.width == self.width - 1;
        let shown = (0..self.cells.len()).filter(|i| !hidden[*i]);
        shown.min_by_key(|i| (!beside(*i), self.cells[*i] == 0, sum(*i), self.cells[*i], *i))
    }

    /// Whether a cell could be one more, or one less, with everything that is shown as it is.
    fn open(&self, at: usize, hidden: &[bool], k: u64) -> bool {
        [1, -1].into_iter().any(|by| self.may(at, by, k) && self.balances(at, by, hidden, k))
    }

    /// Whether a cell that is left out may change by one, for all that the reader knows.
    fn may(&self, at: usize, by: i64, k: u64) -> bool {
        let n = self.cells[at];
        match (by > 0, n > 0 && n < k) {
            (true, true) => n + 1 < k,
            (true, false) => true,
            (false, true) => n > 1,
            (false, false) => n > 0,
        }
    }

    /// What one more in a cell adds to the balance of its row; its column's balance gets the opposite.
    fn sign(&self, at: usize) -> i64 {
        let (in_last_row, in_last_column) = (at / self.width == self.rows() - 1, at % self.width == self.width - 1);
        if in_last_row == in_last_column { 1 } else { -1 }
    }

    /// Whether other cells that are left out can make up for a change of one: a way through the network from the node that
    /// has one too many to the node that lacks one.
    fn balances(&self, at: usize, by: i64, hidden: &[bool], k: u64) -> bool {
        let (rows, width) = (self.rows(), self.width);
        // In a list nothing adds up downwards: one node stands for the world outside.
        let list = rows == 1;
        let column_of = |cell: usize| if list { 1 } else { rows + cell % width };
        let (row, column) = (at / width, column_of(at));
        let (from, to) = if self.sign(at) * by > 0 { (row, column) } else { (column, row) };
        let mut seen = vec![false; rows + width];
        let mut next = vec![from];
        seen[from] = true;
        while let Some(node) = next.pop() {
            if node == to {
                return true;
            }
            let cells: Vec<usize> = match node.checked_sub(rows) {
                None => (0..width).map(|c| node * width + c).collect(),
                Some(_) if list => (0..width).collect(),
                Some(column) => (0..rows).map(|r| r * width + column).collect(),
            };
            for cell in cells.into_iter().filter(|c| hidden[*c] && *c != at) {
                let (sign, other) =
                    if node < rows { (self.sign(cell), column_of(cell)) } else { (-self.sign(cell), cell / width) };
                if !seen[other] && self.may(cell, -sign, k) {
                    seen[other] = true;
                    next.push(other);
                }
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn one_small_cell_takes_another_one_with_it() {
        let hidden = |numbers: &[u64]| Table::list(numbers).hidden(5);
        assert_eq!(hidden(&[3, 20, 40]), [true, true, false, false]);
        assert_eq!(hidden(&[0, 20, 40]), [false; 4], "nobody is told apart by nobody");
        assert_eq!(hidden(&[1, 1, 40]), [true, true, true, false], "1 + 1 can only be 1 and 1");
        assert_eq!(hidden(&[2, 3, 40]), [true, true, false, false]);
        assert_eq!(hidden(&[3]), [true, true]);
    }

    #[test]
    fn rows_and_columns_are_seen_together() {
        // 2 is hidden; without another in its row and in its column it would be told by either.
        let table = Table::new(&[2, 30, 40, 50], 2);
        let hidden = table.hidden(5);
        assert!(hidden[0]);
        assert!(hidden[1] || hidden[2], "{hidden:?}");
        assert!(hidden[3] || hidden[6], "{hidden:?}");
        assert!(!hidden[8], "the sum of all stays");
    }

    /// Every table of small whole numbers that shows the same: what a reader who tries them all learns of each cell.
    fn worked_out(rows: usize, columns: usize, table: &Table, hidden: &[bool], k: u64) -> Vec<std::collections::BTreeSet<u64>> {
        let inner = rows * columns;
        let small = |n: u64| n > 0 && n < k;
        let mut seen = vec![std::collections::BTreeSet::new(); table.cells.len()];
        let mut numbers = vec![0u64; inner];
        loop {
            let other = Table::new(&numbers, columns);
            let fits = (0..table.cells.len()).all(|i| match hidden[i] {
                false => other.cells[i] == table.cells[i],
                // What was left out beside small cells may be anything.
                true => !small(table.cells[i]) || small(other.cells[i]),
            });
            if fits {
                (0..table.cells.len()).for_each(|i| {
                    seen[i].insert(other.cells[i]);
                });
            }
            let Some(at) = numbers.iter().position(|n| *n < 7) else { return seen };
            numbers[at] += 1;
            numbers[..at].fill(0);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]
        /// Whoever tries every table finds more than one number for each small cell.
        #[test]
        fn no_small_cell_is_worked_out(numbers in prop::collection::vec(0u64..7, 4)) {
            let table = Table::new(&numbers, 2);
            let hidden = table.hidden(3);
            let seen = worked_out(2, 2, &table, &hidden, 3);
            for (i, n) in table.cells.iter().enumerate() {
                // Where everything is left out nothing more can be.
                prop_assert!(*n == 0 || *n >= 3 || seen[i].len() > 1 || hidden.iter().all(|h| *h), "{table:?} {hidden:?} {i}");
            }
        }

        #[test]
        fn it_ends_and_shows_what_it_can(numbers in prop::collection::vec(0u64..40, 24)) {
            let table = Table::new(&numbers, 4);
            let hidden = table.hidden(5);
            for (n, h) in table.cells.iter().zip(&hidden) {
                prop_assert!(*h || *n == 0 || *n >= 5);
            }
        }
    }
}
