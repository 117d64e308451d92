//! What bytes would cost, from counts alone.
//!
//! Fixed-point integers throughout: the choice of the encoder, and so its output, must not depend on the
//! rounding of a platform's logarithm.

#![expect(
    clippy::cast_possible_truncation,
    reason = "the low bits are what is meant"
)]

/// Fraction bits of a cost.
pub(crate) const COST_SHIFT: u32 = 16;
/// One bit, as a cost.
pub(crate) const ONE_BIT: u64 = 1 << COST_SHIFT;

const TABLE_BITS: u32 = 8;
const TABLE: [u32; (1 << TABLE_BITS) + 1] = log2_table();

/// log2(1 + i / 256) in 16.16, by repeated squaring.
const fn log2_table() -> [u32; (1 << TABLE_BITS) + 1] {
    const FRACTION: u32 = 30;
    let mut table = [0; (1 << TABLE_BITS) + 1];
    let mut index = 0;
    while index < table.len() {
        let mut value = (1_u64 << FRACTION) + ((index as u64) << (FRACTION - TABLE_BITS));
        let mut result = 0_u32;
        let mut bit = 0;
        if value >= 2 << FRACTION {
            result = ONE_BIT as u32;
            bit = COST_SHIFT;
        }
        while bit < COST_SHIFT {
            value = (value * value) >> FRACTION;
            bit += 1;
            if value >= 2 << FRACTION {
                value >>= 1;
                result |= 1 << (COST_SHIFT - bit);
            }
        }
        table[index] = result;
        index += 1;
    }
    table
}

/// log2(value) in 16.16; 0 for 0.
pub(crate) fn log2(value: u64) -> u64 {
    if value == 0 {
        return 0;
    }
    let exponent = value.ilog2();
    let mantissa = value << (63 - exponent) << 1;
    let index = (mantissa >> (64 - TABLE_BITS)) as usize;
    let between = (mantissa << TABLE_BITS) >> 48;
    let (low, high) = (u64::from(TABLE[index]), u64::from(TABLE[index + 1]));
    (u64::from(exponent) << COST_SHIFT) + low + (((high - low) * between) >> 16)
}

/// Counts of each byte value.
pub(crate) type Histogram = [u32; 256];

/// Adds the bytes to the counts.
pub(crate) fn count(bytes: &[u8], histogram: &mut Histogram) {
    count_pieces(std::iter::once(bytes), histogram);
}

fn count_pieces<'a>(pieces: impl Iterator<Item = &'a [u8]>, histogram: &mut Histogram) {
    // Eight tables, because an addition to a count waits for the one before it to the same count.
    let mut tables = [[0_u32; 256]; 8];
    for bytes in pieces {
        let (chunks, rest) = bytes.as_chunks::<8>();
        for chunk in chunks {
            let word = u64::from_le_bytes(*chunk);
            for (table, shift) in tables.iter_mut().zip((0..).step_by(8)) {
                table[((word >> shift) & 0xff) as usize] += 1;
            }
        }
        for &byte in rest {
            tables[0][usize::from(byte)] += 1;
        }
    }
    for (symbol, total) in histogram.iter_mut().enumerate() {
        *total += tables.iter().map(|table| table[symbol]).sum::<u32>();
    }
}

/// One of so many bytes is counted where counts are taken from a sample.
const SAMPLE_SHARE: usize = 8;
const SAMPLE_PIECE_BYTES: usize = 64;
/// Symbols that may get a count without need.
const UNUSED_MAX: usize = 8;

/// Counts from a sample that are above zero for every byte that occurs, and for at most [`UNUSED_MAX`] others.
/// `None` if the sample does not show enough.
///
/// The exponents of a tensor are a range without gaps, and zero. The ends of the range are found with a few vector
/// operations, which is what makes this several times as fast as counting.
pub(crate) fn sampled_counts(bytes: &[u8]) -> Option<Histogram> {
    let mut counts: Histogram = [0; 256];
    let pieces = bytes.chunks(SAMPLE_SHARE * SAMPLE_PIECE_BYTES);
    count_pieces(
        pieces.map(|piece| &piece[..piece.len().min(SAMPLE_PIECE_BYTES)]),
        &mut counts,
    );
    let (zero, least, most) = bounds(bytes);
    let range = usize::from(least)..usize::from(most) + 1;
    let unused = counts[range.clone()].iter().filter(|&&count| count == 0);
    if unused.count() > UNUSED_MAX {
        return None;
    }
    for (symbol, count) in counts.iter_mut().enumerate() {
        let occurs = range.contains(&symbol) || (zero && symbol == 0);
        *count = (*count * SAMPLE_SHARE as u32).max(u32::from(occurs));
    }
    Some(counts)
}

/// Whether zero occurs, and the least and the greatest of the other bytes (1 and 0 if there are none).
fn bounds(bytes: &[u8]) -> (bool, u8, u8) {
    let (mut least, mut least_other, mut most) = (u8::MAX, u8::MAX, 0);
    for &byte in bytes {
        least = least.min(byte);
        // Zero becomes the greatest.
        least_other = least_other.min(byte.wrapping_sub(1));
        most = most.max(byte);
    }
    (least == 0, least_other.wrapping_add(1).max(1), most)
}

/// Counts long streams, two bytes at a time.
pub(crate) struct PairCounter {
    /// By the two bytes as a little-endian number; all zero between calls.
    counts: Vec<u32>,
}

impl PairCounter {
    /// From this length on it is faster than [`count`].
    pub(crate) const BYTES_MIN: usize = 64 << 10;

    /// A counter.
    pub(crate) fn new() -> Self {
        Self {
            counts: vec![0; 1 << 16],
        }
    }

    /// Adds the bytes to the counts. Half as many additions as one for each byte, for a fixed cost of reading and
    /// clearing 256 KiB of counts.
    pub(crate) fn count(&mut self, bytes: &[u8], histogram: &mut Histogram) {
        let counts: &mut [u32; 1 << 16] = self
            .counts
            .as_mut_slice()
            .try_into()
            .expect("one count for each pair");
        let (words, rest) = bytes.as_chunks::<8>();
        for word in words {
            let word = u64::from_le_bytes(*word);
            for shift in [0, 16, 32, 48] {
                counts[usize::from((word >> shift) as u16)] += 1;
            }
        }
        for &byte in rest {
            histogram[usize::from(byte)] += 1;
        }
        for (second, row) in counts.as_chunks_mut::<256>().0.iter_mut().enumerate() {
            let mut total = 0;
            for (first, count) in histogram.iter_mut().zip(&*row) {
                *first += count;
                total += count;
            }
            if total > 0 {
                histogram[second] += total;
                row.fill(0);
            }
        }
    }
}

/// Cost in 16.16 bits of all counted symbols with an ideal code that knows the counts.
pub(crate) fn entropy(histogram: &Histogram) -> u64 {
    let total: u64 = histogram.iter().map(|&count| u64::from(count)).sum();
    let coded: u64 = histogram
        .iter()
        .map(|&count| u64::from(count) * log2(u64::from(count)))
        .sum();
    (total * log2(total)).saturating_sub(coded)
}

/// [`entropy`] of a sample, corrected for the symbols' chance to look rarer than they are (Miller-Madow).
pub(crate) fn sampled_entropy(histogram: &Histogram) -> u64 {
    let used = histogram.iter().filter(|&&count| count > 0).count() as u64;
    // (used - 1) / (2 ln 2) bits for the whole sample.
    entropy(histogram) + used.saturating_sub(1) * (ONE_BIT * 1_000_000 / 1_386_294)
}

/// Cost in 16.16 bits of the places of `marked` among `total`.
pub(crate) fn positions(total: u64, marked: u64) -> u64 {
    let rest = total - marked;
    (total * log2(total)).saturating_sub(marked * log2(marked) + rest * log2(rest))
}

#[cfg(test)]
#[expect(clippy::cast_precision_loss, reason = "a tolerance is given")]
mod tests {
    use super::*;

    #[test]
    fn logarithms_are_right_to_four_digits() {
        for value in (1..5000_u64).chain([1 << 20, (1 << 30) + 12345, u64::MAX]) {
            let expected = (value as f64).log2();
            let found = log2(value) as f64 / ONE_BIT as f64;
            assert!(
                (expected - found).abs() < 1e-4,
                "{value}: {expected} {found}"
            );
        }
    }

    #[test]
    fn counting_pairs_gives_the_counts_of_bytes() {
        let mut counter = PairCounter::new();
        for length in [0, 1, 7, 8, 9, 1000, 70_003] {
            let bytes: Vec<u8> = (0..length)
                .map(|place: u32| (place.wrapping_mul(place) >> 3) as u8)
                .collect();
            let (mut pairs, mut singles, mut naive) = ([0; 256], [0; 256], [0; 256]);
            counter.count(&bytes, &mut pairs);
            count(&bytes, &mut singles);
            for &byte in &bytes {
                naive[usize::from(byte)] += 1;
            }
            assert!(pairs == naive && singles == naive);
        }
    }

    #[test]
    fn sampled_counts_leave_no_byte_out() {
        // One byte in 4096 is off the range of the others, at places that a sample misses.
        for (rare, gap, found) in [(20, 4096, true), (0, 4096, true), (5, 70_001, false)] {
            let bytes: Vec<u8> = (0..100_000_u32)
                .map(|place| {
                    if (place + 1) % gap == 0 {
                        rare
                    } else {
                        21 + (place % 7) as u8
                    }
                })
                .collect();
            let mut exact = [0; 256];
            count(&bytes, &mut exact);
            let sampled = sampled_counts(&bytes);
            assert_eq!(sampled.is_some(), found);
            for (sampled, exact) in sampled.unwrap_or(exact).into_iter().zip(exact) {
                assert_eq!(sampled > 0, exact > 0);
                assert!(sampled.abs_diff(exact) < 500);
            }
        }
        assert_eq!(bounds(&[0, 0]), (true, 1, 0));
        assert_eq!(bounds(&[255, 0]), (true, 255, 255));
        assert_eq!(bounds(&[255]), (false, 255, 255));
    }

    #[test]
    fn uniform_bytes_cost_eight_bits_and_equal_ones_nothing() {
        let mut histogram = [0; 256];
        count(
            &(0..=255).cycle().take(25_600).collect::<Vec<u8>>(),
            &mut histogram,
        );
        assert!(histogram.iter().all(|&count| count == 100));
        assert!(entropy(&histogram).abs_diff(25_600 * 8 * ONE_BIT) < 25_600);
        let mut histogram = [0; 256];
        count(&[7; 1001], &mut histogram);
        assert_eq!((histogram[7], entropy(&histogram)), (1001, 0));
    }
}
