//! Rows of one digest: equal to each other, so that one of them is compared for all.

use super::Pair;
use super::bucket::{self, Keys, Part, repeated};
use crate::bits::Bits;
use crate::hash::NO_WORDS;

/// Pairs of the smallest row of each digest and every other one, in the order of the latter.
///
/// # Errors
///
/// Those of `visit`.
pub fn equal_rows<E>(
    rows: usize,
    part: Part,
    mut visit: impl FnMut(&mut dyn FnMut(Keys<'_, u128>)) -> Result<(), E>,
) -> Result<Vec<Pair>, E> {
    let sorted = repeated(rows, part, &Bits::default(), &mut visit)?;
    let mut pairs: Vec<Pair> = bucket::buckets(&sorted)
        .filter(|equal| equal[0].0 != NO_WORDS)
        .flat_map(|equal| {
            equal[1..]
                .iter()
                .map(|(_, row)| Pair::new(equal[0].1, *row))
        })
        .collect();
    pairs.sort_unstable_by_key(|pair| pair.b);
    Ok(pairs)
}
