//! Buckets: the rows that share a key.
//!
//! Most keys occur once. Two passes find the others without sorting all of them: the first sets two
//! bits a key in a table, and the same bits of a second table where both are set already; the second
//! pass keeps the keys whose bits are set in the second table, and only those are sorted. A collision
//! of bits costs a little sorting, never a wrong bucket. Cost: about 3 ns a key while the tables fit
//! the cache.

use super::seen::{BLOCK_KEYS, Table};
use crate::bits::Bits;
use crate::spill::Row;

pub use super::seen::BYTES_PER_KEY_SEEN;

/// Keys of consecutive rows.
pub type Keys<'a, K> = (Row, &'a [K]);

/// A number whose high half is spread evenly: a band key or a digest.
pub trait Key: Copy + Ord {
    /// Its most significant 64 bits.
    fn high(self) -> u64;
}

impl Key for u64 {
    fn high(self) -> u64 {
        self
    }
}

impl Key for u128 {
    fn high(self) -> u64 {
        (self >> 64) as u64
    }
}

/// One part of the keys: those whose high bits, taken as a fraction, fall into part `index` of
/// `count` equal ones. Parts are independent, so that memory or work can be divided.
#[derive(Debug, Clone, Copy)]
pub struct Part {
    /// Which one.
    pub index: u32,
    /// Of how many.
    pub count: u32,
}

impl Part {
    /// All keys.
    pub const WHOLE: Self = Self { index: 0, count: 1 };

    #[inline]
    pub(super) fn contains(self, high: u64) -> bool {
        self.count == 1 || ((high >> 32) * u64::from(self.count)) >> 32 == u64::from(self.index)
    }
}

/// Keys that occur at least twice among rows not in `skipped`, each with its row, sorted.
///
/// `visit` hands over all keys, twice. `rows`: how many there are.
///
/// # Errors
///
/// Those of `visit`.
pub fn repeated<K: Key, E>(
    rows: usize,
    part: Part,
    skipped: &Bits,
    visit: impl FnMut(&mut dyn FnMut(Keys<'_, K>)) -> Result<(), E>,
) -> Result<Vec<(K, Row)>, E> {
    let mut kept = Vec::new();
    visit_repeated((rows, part, skipped), visit, |key, row| {
        kept.push((key, row));
        Ok(())
    })?;
    kept.sort_unstable();
    keep_repeated(&mut kept);
    Ok(kept)
}

/// Gives the keys that may occur more than once, each with its row, in the order of the rows: all
/// that do, and a few of the others.
///
/// # Errors
///
/// Those of `visit` and `each`.
pub fn visit_repeated<K: Key, E>(
    (rows, part, skipped): (usize, Part, &Bits),
    mut visit: impl FnMut(&mut dyn FnMut(Keys<'_, K>)) -> Result<(), E>,
    mut each: impl FnMut(K, Row) -> Result<(), E>,
) -> Result<(), E> {
    let mut table = Table::new(rows / part.count as usize + 1);
    visit(&mut |(_, keys)| table.note(keys, part))?;
    let mut given = Ok(());
    visit(&mut |(first, keys)| {
        for (first, keys) in (first..).step_by(BLOCK_KEYS).zip(keys.chunks(BLOCK_KEYS)) {
            let mut kept = table.repeated(keys, part);
            while kept != 0 && given.is_ok() {
                let at = kept.trailing_zeros();
                kept &= kept - 1;
                let row = first + at;
                if !skipped.contains(row as usize) {
                    given = each(keys[at as usize], row);
                }
            }
        }
    })?;
    given
}

fn keep_repeated<K: Key>(sorted: &mut Vec<(K, Row)>) {
    let mut kept = 0;
    let mut from = 0;
    while from < sorted.len() {
        let key = sorted[from].0;
        let length = sorted[from..].iter().take_while(|it| it.0 == key).count();
        if length > 1 {
            sorted.copy_within(from..from + length, kept);
            kept += length;
        }
        from += length;
    }
    sorted.truncate(kept);
}

/// The buckets of what [`repeated`] returned: rows of one key, in order.
pub fn buckets<K: Key>(sorted: &[(K, Row)]) -> impl Iterator<Item = &[(K, Row)]> {
    sorted.chunk_by(|a, b| a.0 == b.0)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::convert::Infallible;

    use proptest::prelude::*;

    use super::*;

    fn found(keys: &[u64], part: Part, skipped: &Bits) -> Vec<(u64, Row)> {
        let visit = |each: &mut dyn FnMut(Keys<'_, u64>)| {
            let (left, right) = keys.split_at(keys.len() / 3);
            each((0, left));
            each((Row::try_from(left.len()).expect("few"), right));
            Ok::<(), Infallible>(())
        };
        repeated(keys.len(), part, skipped, visit).expect("infallible")
    }

    fn naive(keys: &[u64], skipped: &Bits) -> Vec<(u64, Row)> {
        let mut groups: BTreeMap<u64, Vec<Row>> = BTreeMap::new();
        for (row, key) in (0..).zip(keys) {
            if !skipped.contains(row as usize) {
                groups.entry(*key).or_default().push(row);
            }
        }
        groups.retain(|_, rows| rows.len() > 1);
        let flat = groups.into_iter();
        flat.flat_map(|(key, rows)| rows.into_iter().map(move |row| (key, row)))
            .collect()
    }

    proptest! {
        #[test]
        fn buckets_are_those_of_a_map_in_any_number_of_parts(
            seeds in prop::collection::vec(0_u64..60, 0..200),
            skips in prop::collection::vec(0_usize..200, 0..20),
            count in 1_u32..5,
        ) {
            let keys: Vec<u64> = seeds.iter().map(|seed| seed.wrapping_mul(0xD6E8_FEB8_6659_FD93)).collect();
            let mut skipped = Bits::new(200);
            for row in skips {
                skipped.insert(row);
            }
            let mut all: Vec<(u64, Row)> = (0..count)
                .flat_map(|index| found(&keys, Part { index, count }, &skipped))
                .collect();
            all.sort_unstable();
            prop_assert_eq!(all, naive(&keys, &skipped));
        }
    }
}
