//! Where the few nonzero values of a block are (format section 2.3, *sparse*).
//!
//! Gaps of independent changes are geometrically distributed, for which a power of two split (Rice) is within
//! 1% of the entropy: the low bits are as good as random and stay raw, the rest is a stream of few symbols
//! that the entropy coder takes. Positions are stored once per value, not once per plane: at 1% changed that
//! is the difference between 67x and over 100x.

#![expect(
    clippy::cast_possible_truncation,
    reason = "positions and gaps are below 1 Mi"
)]

use crate::{Error, Result};

/// Most low bits of a gap.
pub(crate) const LOW_BITS_MAX: u32 = 16;
/// The byte of *high* that says: 255 more, and another byte follows.
const CONTINUED: u8 = 255;

/// The number of low bits that suits `nonzero` values among `values`: about log2 of 0.69 times the mean gap.
pub(crate) fn choose_low_bits(nonzero: usize, values: usize) -> u32 {
    let mean = values as u64 * 69 / 100 / nonzero.max(1) as u64;
    mean.checked_ilog2().unwrap_or(0).min(LOW_BITS_MAX)
}

/// Bytes of the low bits of `nonzero` gaps.
pub(crate) fn low_size(nonzero: usize, low_bits: u32) -> usize {
    (nonzero as u64 * u64::from(low_bits)).div_ceil(8) as usize
}

/// Cuts rising positions into the streams *high* and *low*.
pub(crate) fn split_positions(
    positions: &[u32],
    low_bits: u32,
    high: &mut Vec<u8>,
    low: &mut Vec<u8>,
) {
    high.clear();
    low.clear();
    let (mut next, mut pending, mut pending_bits) = (0, 0_u64, 0);
    for &position in positions {
        let gap = position - next;
        next = position + 1;
        pending |= u64::from(gap & ((1 << low_bits) - 1)) << pending_bits;
        pending_bits += low_bits;
        while pending_bits >= 8 {
            low.push((pending & 0xff) as u8);
            pending >>= 8;
            pending_bits -= 8;
        }
        let mut rest = gap >> low_bits;
        while rest >= u32::from(CONTINUED) {
            high.push(CONTINUED);
            rest -= u32::from(CONTINUED);
        }
        high.push(rest as u8);
    }
    if pending_bits > 0 {
        low.push((pending & 0xff) as u8);
    }
}

/// The inverse of [`split_positions`] for exactly `nonzero` positions, all below `values`. `low` holds
/// [`low_size`] bytes.
pub(crate) fn join_positions(
    (high, low): (&[u8], &[u8]),
    low_bits: u32,
    nonzero: usize,
    values: usize,
    positions: &mut Vec<u32>,
) -> Result<()> {
    positions.clear();
    positions.reserve(nonzero);
    let damaged = || Error::corruption("positions of a sparse block", "as declared", "others");
    let (mut next, mut pending, mut pending_bits) = (0_u64, 0_u64, 0);
    let (mut low, mut rest) = (low.iter(), 0_u64);
    for &byte in high {
        rest += u64::from(byte);
        if byte == CONTINUED {
            continue;
        }
        while pending_bits < low_bits {
            pending |= u64::from(*low.next().ok_or_else(damaged)?) << pending_bits;
            pending_bits += 8;
        }
        let position = next + (rest << low_bits | (pending & ((1 << low_bits) - 1)));
        pending >>= low_bits;
        pending_bits -= low_bits;
        rest = 0;
        if position >= values as u64 || positions.len() == nonzero {
            return Err(damaged());
        }
        positions.push(position as u32);
        next = position + 1;
    }
    if positions.len() != nonzero || rest != 0 || pending != 0 || low.next().is_some() {
        return Err(damaged());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn round_trip(positions: &[u32], values: usize, low_bits: u32) {
        let (mut high, mut low, mut found) = (Vec::new(), Vec::new(), Vec::new());
        split_positions(positions, low_bits, &mut high, &mut low);
        assert_eq!(low.len(), low_size(positions.len(), low_bits));
        join_positions((&high, &low), low_bits, positions.len(), values, &mut found).unwrap();
        assert_eq!(positions, found);
        let one_less = positions[positions.len() - 1] as usize;
        let result = join_positions(
            (&high, &low),
            low_bits,
            positions.len(),
            one_less,
            &mut found,
        );
        assert!(result.is_err());
    }

    proptest! {
        #[test]
        fn positions_come_back_and_never_reach_beyond_the_block(
            set in prop::collection::btree_set(0_u32..200_000, 1..300),
            low_bits in 0_u32..=16,
        ) {
            let positions: Vec<u32> = set.into_iter().collect();
            round_trip(&positions, 200_000, low_bits);
        }
    }

    #[test]
    fn one_percent_of_a_block_takes_six_low_bits() {
        assert_eq!(choose_low_bits(1311, 131_072), 6);
        assert_eq!(choose_low_bits(1, 131_072), 16);
        assert_eq!(choose_low_bits(131_072, 131_072), 0);
    }
}
