//! Buckets: the rows that share a key.
//!
//! Most keys occur once. A table of bits finds the others in two passes, and only those
//! are sorted. Where the table of all keys does not fit the processor's cache, the keys are first put
//! into pieces by their first bits, so that that of a piece does. Cost: 5 to 10 ns a key.

use super::pieces::Counted;
use super::seen::Table;
use crate::bits::Bits;
use crate::spill::Row;

/// Keys of which a table fits the cache.
const FEW_KEYS: usize = 1 << 18;

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

    /// Which of `pieces` equal pieces of the part a key belongs to; none where it is not in the part.
    #[inline]
    pub(super) fn piece(self, high: u64, pieces: usize) -> Option<usize> {
        let scaled = (high >> 32) * u64::from(self.count);
        let within = scaled & u64::from(u32::MAX);
        let piece = ((within * pieces as u64) >> 32) as usize;
        (scaled >> 32 == u64::from(self.index)).then_some(piece)
    }
}

/// Gives the keys that may occur more than once, each with its row, in order: all that do, and a few
/// of the others. `room` holds those keys, and is used again; `visit` hands over all keys. `rows`: how
/// many there are, best not more than [`are_few`] says.
///
/// # Errors
///
/// Those of `visit` and `each`.
pub fn visit_repeated_of_few<K: Key, E>(
    (rows, skipped): (usize, &Bits),
    room: &mut Vec<(K, Row)>,
    mut visit: impl FnMut(&mut dyn FnMut(Keys<'_, K>)) -> Result<(), E>,
    mut each: impl FnMut(K, Row) -> Result<(), E>,
) -> Result<(), E> {
    let mut table = Table::new(rows);
    visit(&mut |(_, keys)| keys.iter().for_each(|key| table.note(key.high())))?;
    room.clear();
    visit(&mut |(first, keys)| {
        for (row, key) in (first..).zip(keys) {
            if table.is_repeated(key.high()) && !skipped.contains(row as usize) {
                room.push((*key, row));
            }
        }
    })?;
    room.sort_unstable();
    room.iter().try_for_each(|(key, row)| each(*key, *row))
}

/// Whether it is not worth to put so many keys into pieces.
#[must_use]
pub fn are_few(rows: usize) -> bool {
    rows <= FEW_KEYS
}

/// Keys that occur at least twice among rows not in `skipped`, each with its row, sorted.
///
/// `visit` hands over all keys, twice. `rows`: how many there are.
///
/// # Errors
///
/// Those of `visit`.
pub fn repeated<K: Key + Default, E>(
    rows: usize,
    part: Part,
    skipped: &Bits,
    mut visit: impl FnMut(&mut dyn FnMut(Keys<'_, K>)) -> Result<(), E>,
) -> Result<Vec<(K, Row)>, E> {
    let mut kept = Vec::new();
    let keep = |key, row| {
        kept.push((key, row));
        Ok(())
    };
    if part.count == 1 && are_few(rows) {
        visit_repeated_of_few((rows, skipped), &mut Vec::new(), visit, keep)?;
    } else {
        let counted = Counted::of(rows, part, skipped, &mut visit)?;
        counted.visit_repeated(&mut Vec::new(), visit, keep)?;
    }
    keep_repeated(&mut kept);
    Ok(kept)
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
    use crate::mix::finalise;

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

    #[test]
    fn many_keys_give_the_same_buckets_in_pieces() {
        let keys: Vec<u64> = (0..FEW_KEYS as u64 + 40_000)
            .map(|at| finalise(at * at % 250_007))
            .collect();
        let mut skipped = Bits::new(keys.len());
        (0..keys.len())
            .step_by(7)
            .for_each(|row| skipped.insert(row));
        let expected = naive(&keys, &skipped);
        assert!(expected.len() > 1000);
        for count in [1, 3] {
            let parts = (0..count).map(|index| Part { index, count });
            let all: Vec<(u64, Row)> = parts
                .flat_map(|part| found(&keys, part, &skipped))
                .collect();
            assert!(all == expected, "in {count} parts");
        }
    }
}
