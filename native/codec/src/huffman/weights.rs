//! The tree description in front of the streams: the weights of the symbols, four bits each or compressed by FSE,
//! whichever is shorter. Only the latter describes symbols above 128.

#![expect(
    clippy::cast_possible_truncation,
    reason = "a direct description has at most 128 weights"
)]

use super::code::Code;
use super::fse::{self, WEIGHTS_MAX};

/// A header byte of 128 or more says: this many weights, plus 127, follow, four bits each.
const DIRECT: usize = 127;
/// Most weights in direct form.
const DIRECT_WEIGHTS_MAX: usize = 128;

/// Appends the description; `false`, and nothing appended, if no form can hold it.
pub(super) fn write_to(code: &Code, out: &mut Vec<u8>) -> bool {
    let count = usize::from(code.last);
    let weights: [u8; WEIGHTS_MAX] = std::array::from_fn(|symbol| code.weight(symbol));
    let weights = &weights[..count];
    let start = out.len();
    let compressed = count >= 2 && fse::write_to(weights, out);
    let direct = (1..=DIRECT_WEIGHTS_MAX).contains(&count);
    if compressed && (!direct || out.len() - start <= 1 + count.div_ceil(2)) {
        return true;
    }
    out.truncate(start);
    if direct {
        out.push((DIRECT + count) as u8);
        let pairs = weights.chunks(2);
        out.extend(pairs.map(|pair| pair[0] << 4 | pair.get(1).copied().unwrap_or(0)));
    }
    direct
}

/// Reads a description; returns the code and what follows, or `None` if it is not one.
pub(super) fn read_from(bytes: &[u8]) -> Option<(Code, &[u8])> {
    let (&header, rest) = bytes.split_first()?;
    let header = usize::from(header);
    let mut weights = [0; WEIGHTS_MAX];
    let (count, rest) = if let Some(count) = header.checked_sub(DIRECT).filter(|&count| count > 0) {
        let (packed, rest) = rest.split_at_checked(count.div_ceil(2))?;
        for (pair, &byte) in weights.chunks_exact_mut(2).zip(packed) {
            pair[0] = byte >> 4;
            pair[1] = byte & 15;
        }
        (count, rest)
    } else {
        let (compressed, rest) = rest.split_at_checked(header)?;
        (fse::read_from(compressed, &mut weights)?, rest)
    };
    let weights = weights
        .get(..count)
        .filter(|weights| weights.iter().all(|&weight| weight <= 11))?;
    Some((Code::of_weights(weights)?, rest))
}
