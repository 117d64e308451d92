//! A set of rows, one bit each.

/// Rows from 0 to a fixed number.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bits {
    words: Vec<u64>,
}

impl Bits {
    /// An empty set for rows below `rows`.
    #[must_use]
    pub fn new(rows: usize) -> Self {
        Self {
            words: vec![0; rows.div_ceil(64)],
        }
    }

    /// Adds a row.
    ///
    /// # Panics
    ///
    /// When the row is not below the number given to [`Bits::new`], rounded up to 64.
    #[inline]
    pub fn insert(&mut self, row: usize) {
        self.words[row >> 6] |= 1 << (row & 63);
    }

    /// Whether the row is in the set.
    #[must_use]
    #[inline]
    pub fn contains(&self, row: usize) -> bool {
        self.words
            .get(row >> 6)
            .is_some_and(|word| word >> (row & 63) & 1 == 1)
    }

    /// How many rows are in the set.
    #[must_use]
    pub fn count(&self) -> usize {
        self.words
            .iter()
            .map(|word| word.count_ones() as usize)
            .sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_found_again() {
        let mut bits = Bits::new(130);
        for row in [0, 63, 64, 129] {
            bits.insert(row);
        }
        let found: Vec<usize> = (0..200).filter(|row| bits.contains(*row)).collect();
        assert_eq!(found, [0, 63, 64, 129]);
        assert_eq!(bits.count(), 4);
    }
}
