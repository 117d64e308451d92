//! Components by union-find; the root of a component is its smallest row, whatever the order.

use crate::spill::Row;

/// A forest over rows from 0 to a fixed number.
#[derive(Debug, Clone)]
pub struct UnionFind {
    parents: Vec<Row>,
}

impl UnionFind {
    /// Every row by itself.
    #[must_use]
    pub fn new(rows: usize) -> Self {
        let rows = Row::try_from(rows).unwrap_or(Row::MAX);
        Self {
            parents: (0..rows).collect(),
        }
    }

    /// The smallest row of the component of `row`.
    ///
    /// # Panics
    ///
    /// When the row is not below the number given to [`UnionFind::new`].
    pub fn root(&mut self, row: Row) -> Row {
        let mut row = row;
        loop {
            let parent = self.parents[row as usize];
            if parent == row {
                return row;
            }
            let grandparent = self.parents[parent as usize];
            self.parents[row as usize] = grandparent;
            row = grandparent;
        }
    }

    /// Joins two components. False when they were one before.
    pub fn join(&mut self, a: Row, b: Row) -> bool {
        let (a, b) = (self.root(a), self.root(b));
        self.parents[a.max(b) as usize] = a.min(b);
        a != b
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_root_is_the_smallest_row_in_any_order(
            edges in prop::collection::vec((0_u32..40, 0_u32..40), 0..60).prop_shuffle(),
        ) {
            // The naive twin: labels spread until nothing changes.
            let mut labels: Vec<u32> = (0..40).collect();
            loop {
                let before = labels.clone();
                for (a, b) in &edges {
                    let least = labels[*a as usize].min(labels[*b as usize]);
                    labels[*a as usize] = least;
                    labels[*b as usize] = least;
                }
                if labels == before {
                    break;
                }
            }
            let mut found = UnionFind::new(40);
            for (a, b) in &edges {
                let are_apart = found.root(*a) != found.root(*b);
                prop_assert_eq!(found.join(*a, *b), are_apart);
            }
            let roots: Vec<u32> = (0..40).map(|row| found.root(row)).collect();
            prop_assert_eq!(roots, labels);
        }
    }
}
