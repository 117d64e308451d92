//! Code lengths from counts, and the codes that zstd derives from lengths.

#![expect(
    clippy::cast_possible_truncation,
    reason = "symbols and lengths of codes fit a byte"
)]

use super::CODE_BITS_MAX;
use crate::estimate::Histogram;

/// A complete prefix code of 2 to 256 symbols, none longer than 11 bits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Code {
    /// Bits of each symbol's code; 0 for a symbol without one.
    pub(super) lengths: [u8; 256],
    /// The longest length.
    pub(super) longest: u8,
    /// The largest symbol that has a code.
    pub(super) last: u8,
}

impl Code {
    /// The best code for these counts, or `None` if fewer than two symbols occur.
    pub(crate) fn of_counts(histogram: &Histogram) -> Option<Self> {
        let mut order = [(0_u32, 0_u8); 256];
        let mut used = 0;
        for (symbol, &count) in (0..=u8::MAX).zip(histogram) {
            if count > 0 {
                order[used] = (count, symbol);
                used += 1;
            }
        }
        if used < 2 {
            return None;
        }
        let order = &mut order[..used];
        order.sort_unstable();
        let mut lengths = [0; 256];
        package_merge(order, &mut lengths);
        let longest = order
            .iter()
            .map(|&(_, symbol)| lengths[usize::from(symbol)])
            .max()?;
        let last = order.iter().map(|&(_, symbol)| symbol).max()?;
        Some(Self {
            lengths,
            longest,
            last,
        })
    }

    /// The code with these weights of symbols 0, 1, ...; the weight of the symbol after them completes it.
    pub(super) fn of_weights(weights: &[u8]) -> Option<Self> {
        let total: u32 = weights.iter().map(|&weight| (1_u32 << weight) >> 1).sum();
        let longest = total.checked_ilog2()? + 1;
        let missing = (1_u32 << longest) - total;
        if longest as usize > CODE_BITS_MAX || !missing.is_power_of_two() || weights.len() > 255 {
            return None;
        }
        let mut code = Self {
            lengths: [0; 256],
            longest: longest as u8,
            last: weights.len() as u8,
        };
        let last_weight = missing.ilog2() as u8 + 1;
        for (length, &weight) in code
            .lengths
            .iter_mut()
            .zip(weights.iter().chain([&last_weight]))
        {
            if weight > 0 {
                *length = (code.longest + 1).checked_sub(weight)?;
            }
        }
        // A code has an even number of longest codes, at least two; zstd refuses others.
        let mut longest = code
            .lengths
            .iter()
            .filter(|&&length| length == code.longest);
        longest.nth(1).is_some().then_some(code)
    }

    /// Whether symbols take 4 bits or more on average, if they occur as often as the code is best for.
    pub(super) fn is_long(&self) -> bool {
        let used = self.lengths.iter().filter(|&&length| length > 0);
        // A symbol of n bits occurs once in 2^n: of all that 11 bits may be, it begins so many.
        let sum: usize = used
            .map(|&length| usize::from(length) << (CODE_BITS_MAX - usize::from(length)))
            .sum();
        sum >= 4 << CODE_BITS_MAX
    }

    /// zstd's weights: 0 without a code, else 1 for the longest codes and one more for each bit less.
    pub(super) fn weight(&self, symbol: usize) -> u8 {
        match self.lengths[symbol] {
            0 => 0,
            length => self.longest + 1 - length,
        }
    }

    /// Where each symbol begins in a table of 2^longest entries: longest codes first, then by symbol.
    pub(super) fn starts(&self) -> [u16; 256] {
        let mut next = [0_u16; CODE_BITS_MAX + 2];
        for &length in &self.lengths {
            next[usize::from(length)] += 1;
        }
        let mut start = 0;
        for length in (1..=usize::from(self.longest)).rev() {
            let entries = next[length] << (usize::from(self.longest) - length);
            next[length] = start;
            start += entries;
        }
        let mut starts = [0; 256];
        for (start, &length) in starts.iter_mut().zip(&self.lengths) {
            if length > 0 {
                let next = &mut next[usize::from(length)];
                *start = *next;
                *next += 1 << (self.longest - length);
            }
        }
        starts
    }

    /// Bits that symbols with these counts take.
    pub(crate) fn cost_bits(&self, histogram: &Histogram) -> u64 {
        let costs = histogram.iter().zip(&self.lengths);
        costs
            .map(|(&count, &length)| u64::from(count) * u64::from(length))
            .sum()
    }
}

/// Optimal lengths of at most [`CODE_BITS_MAX`] bits for symbols ordered by count (Larmore and Hirschberg).
///
/// Each level merges the symbols with the pairs of the level before; a symbol's length is the number of levels
/// in which it is among the cheapest that are needed. Cost: 11 x 2 x symbols steps.
fn package_merge(order: &[(u32, u8)], lengths: &mut [u8; 256]) {
    const ITEMS: usize = 512;
    let symbols = order.len();
    let mut is_pair = [[false; ITEMS]; CODE_BITS_MAX];
    let (mut previous, mut merged) = (&mut [0_u32; ITEMS], &mut [0_u32; ITEMS]);
    let mut pairs = 0;
    for level in &mut is_pair {
        let (mut symbol, mut pair) = (0, 0);
        let count = symbols + pairs;
        for (item, is_pair) in merged.iter_mut().zip(level).take(count) {
            let pair_cost = if pair < pairs {
                previous[2 * pair].saturating_add(previous[2 * pair + 1])
            } else {
                u32::MAX
            };
            if symbol < symbols && (pair == pairs || order[symbol].0 <= pair_cost) {
                *item = order[symbol].0;
                symbol += 1;
            } else {
                *item = pair_cost;
                *is_pair = true;
                pair += 1;
            }
        }
        std::mem::swap(&mut previous, &mut merged);
        pairs = count / 2;
    }
    let mut needed = 2 * symbols - 2;
    for level in is_pair.iter().rev() {
        let pairs = level[..needed].iter().filter(|&&pair| pair).count();
        for &(_, symbol) in &order[..needed - pairs] {
            lengths[usize::from(symbol)] += 1;
        }
        needed = 2 * pairs;
    }
}
