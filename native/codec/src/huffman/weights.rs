//! The tree description in front of the streams: the weights of the symbols, four bits each.
//!
//! zstd also knows weights compressed by FSE, which it needs for symbols above 128.

#![expect(
    clippy::cast_possible_truncation,
    reason = "a description has at most 128 weights"
)]

use super::code::Code;

/// A header byte of 128 or more says: this many weights, plus 127, follow, four bits each.
const DIRECT: usize = 127;
/// Most weights in direct form.
const DIRECT_WEIGHTS_MAX: usize = 128;

/// Appends the description; `false`, and nothing appended, if the direct form cannot hold it.
pub(super) fn write_to(code: &Code, out: &mut Vec<u8>) -> bool {
    let count = usize::from(code.last);
    if count == 0 || count > DIRECT_WEIGHTS_MAX {
        return false;
    }
    out.push((DIRECT + count) as u8);
    for symbol in (0..count).step_by(2) {
        let second = if symbol + 1 < count {
            code.weight(symbol + 1)
        } else {
            0
        };
        out.push(code.weight(symbol) << 4 | second);
    }
    true
}

/// Reads a description in direct form; returns the code and what follows, or `None` if it is not one.
pub(super) fn read_from(bytes: &[u8]) -> Option<(Code, &[u8])> {
    let (&header, rest) = bytes.split_first()?;
    let count = usize::from(header).checked_sub(DIRECT)?;
    let (packed, rest) = rest.split_at_checked(count.div_ceil(2))?;
    let mut weights = [0; DIRECT_WEIGHTS_MAX + 1];
    for (pair, &byte) in weights.chunks_exact_mut(2).zip(packed) {
        pair[0] = byte >> 4;
        pair[1] = byte & 15;
    }
    let weights = weights
        .get(..count)
        .filter(|weights| weights.iter().all(|&weight| weight <= 11))?;
    Some((Code::of_weights(weights)?, rest))
}
