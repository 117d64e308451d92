//! Weights compressed by FSE (RFC 8878, 4.1 and 4.2.1.2): how trees of more than 128 symbols are described.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    reason = "numbers below 2^14, and a share plus one is not negative"
)]

use super::CODE_BITS_MAX;

/// Weights are 0 to 11.
const SYMBOLS: usize = CODE_BITS_MAX + 1;
/// log2 of the states of the longest table that is allowed for weights; the shortest one has 5.
const STATES_LOG_MAX: u32 = 6;
const STATES_LOG_MIN: u32 = 5;
const STATES_MAX: usize = 1 << STATES_LOG_MAX;
/// Most weights of a tree.
pub(super) const WEIGHTS_MAX: usize = 255;
/// Longest description: a header byte below 128 is its length.
const BYTES_MAX: usize = 127;

/// Shares of the symbols, in parts of all states; -1 is a share of one state that takes the most bits.
type Shares = [i32; SYMBOLS];

/// What a state says: a symbol, and bits to read that are added to `base` for the next state.
#[derive(Debug, Clone, Copy, Default)]
struct State {
    symbol: u8,
    bits: u32,
    base: usize,
}

struct States {
    states: [State; STATES_MAX],
    log: u32,
}

impl States {
    /// The table for shares whose sum is 1 << `log`.
    fn of(shares: &Shares, log: u32) -> Self {
        let size = 1_usize << log;
        let mut states = [State::default(); STATES_MAX];
        let mut next = [0_usize; SYMBOLS];
        let mut end = size;
        for (symbol, &share) in (0_u8..).zip(shares) {
            next[usize::from(symbol)] = share.unsigned_abs() as usize;
            if share == -1 {
                end -= 1;
                states[end].symbol = symbol;
            }
        }
        let mut place = 0;
        for (symbol, &share) in (0_u8..).zip(shares) {
            for _ in 0..share.max(0) {
                states[place].symbol = symbol;
                // The step has no factor in common with the size, so every free place is met once.
                loop {
                    place = (place + (size >> 1) + (size >> 3) + 3) % size;
                    if place < end || end == 0 {
                        break;
                    }
                }
            }
        }
        for state in &mut states[..size] {
            let next = &mut next[usize::from(state.symbol)];
            state.bits = log - next.ilog2();
            state.base = (*next << state.bits) - size;
            *next += 1;
        }
        Self { states, log }
    }
}

/// Appends header byte and description of `weights`, 2 to 255 of them; `false`, and nothing appended, if they have
/// no use for it.
pub(super) fn write_to(weights: &[u8], out: &mut Vec<u8>) -> bool {
    let Some(shares) = shares_of(weights) else {
        return false;
    };
    let start = out.len();
    out.push(0);
    let mut writer = BitWriter {
        out,
        pending: 0,
        count: 0,
    };
    write_shares(&shares, STATES_LOG_MAX, &mut writer);
    writer.flush();
    let table = States::of(&shares, STATES_LOG_MAX);
    // The state before `target` that says a symbol.
    let mut before = [[0_u8; STATES_MAX]; SYMBOLS];
    let mut first = [0_u8; SYMBOLS];
    for (place, state) in (0..STATES_MAX as u8).zip(&table.states).rev() {
        let row = &mut before[usize::from(state.symbol)];
        row[state.base..state.base + (1 << state.bits)].fill(place);
        first[usize::from(state.symbol)] = place;
    }
    // From the last weight to the first, taking turns. The last two cost nothing: they are what the states say that
    // no bits lead on from. The first state of a symbol would take bits, which tells a reader that it is the end.
    let mut current = [0_u8; 2];
    for (place, &weight) in weights.iter().enumerate().rev() {
        let (weight, current) = (usize::from(weight), &mut current[place % 2]);
        if place + 2 >= weights.len() {
            *current = first[weight];
        } else {
            let target = usize::from(*current);
            *current = before[weight][target];
            let state = table.states[usize::from(*current)];
            writer.put((target - state.base) as u32, state.bits);
        }
    }
    writer.put(u32::from(current[1]), table.log);
    writer.put(u32::from(current[0]), table.log);
    writer.put(1, 1);
    writer.flush();
    let length = out.len() - start - 1;
    if length > BYTES_MAX {
        out.truncate(start);
        return false;
    }
    out[start] = length as u8;
    true
}

/// Shares of the weights that occur, each at least one state; `None` if only one occurs.
fn shares_of(weights: &[u8]) -> Option<Shares> {
    let mut counts = [0; SYMBOLS];
    for &weight in weights {
        counts[usize::from(weight)] += 1;
    }
    let total = weights.len() as i32;
    let mut shares = counts.map(|count: i32| {
        let rounded = (count * STATES_MAX as i32 + total / 2) / total;
        rounded.max(i32::from(count > 0))
    });
    let most = (0..SYMBOLS).max_by_key(|&symbol| shares[symbol])?;
    // At most 12 symbols of 64 states were rounded: the one with the most can pay for all.
    shares[most] += STATES_MAX as i32 - shares.iter().sum::<i32>();
    (shares[most] > 0 && shares[most] < STATES_MAX as i32).then_some(shares)
}

fn write_shares(shares: &Shares, log: u32, writer: &mut BitWriter<'_>) {
    writer.put(log - STATES_LOG_MIN, 4);
    let mut left = 1_u32 << log;
    let mut symbol = 0;
    while left > 0 {
        let share = shares[symbol];
        let (value, bits, short) = ((share + 1) as u32, width(left), short_values(left));
        let half = 1 << (bits - 1);
        match value {
            _ if value < short => writer.put(value, bits - 1),
            _ if value < half => writer.put(value, bits),
            _ => writer.put(value + short, bits),
        }
        left -= share.unsigned_abs();
        symbol += 1;
        if share == 0 {
            let mut zeros = shares[symbol..]
                .iter()
                .take_while(|&&share| share == 0)
                .count();
            symbol += zeros;
            while zeros >= 3 {
                writer.put(3, 2);
                zeros -= 3;
            }
            writer.put(zeros as u32, 2);
        }
    }
}

/// Bits of a share where `left` states are left.
fn width(left: u32) -> u32 {
    (left + 1).ilog2() + 1
}

/// So many of the smallest values take a bit less.
fn short_values(left: u32) -> u32 {
    (1 << width(left)) - 1 - (left + 1)
}

/// Reads a description without its header byte, whole; returns the number of weights.
pub(super) fn read_from(bytes: &[u8], weights: &mut [u8; WEIGHTS_MAX]) -> Option<usize> {
    let mut place = 0;
    let log = STATES_LOG_MIN + bits_at(bytes, place, 4)?;
    place += 4;
    if log > STATES_LOG_MAX {
        return None;
    }
    let mut shares: Shares = [0; SYMBOLS];
    let (mut left, mut symbol) = (1_u32 << log, 0);
    while left > 0 {
        let (bits, short) = (width(left), short_values(left));
        let low = bits_at(bytes, place, bits - 1)?;
        let value = if low < short {
            place += bits as usize - 1;
            low
        } else {
            let value = bits_at(bytes, place, bits)?;
            place += bits as usize;
            if value > low { value - short } else { value }
        };
        let share = shares.get_mut(symbol)?;
        *share = value as i32 - 1;
        left = left.checked_sub(share.unsigned_abs())?;
        symbol += 1;
        if value == 1 {
            loop {
                let zeros = bits_at(bytes, place, 2)?;
                place += 2;
                symbol += zeros as usize;
                if zeros < 3 {
                    break;
                }
            }
        }
    }
    read_states(
        &States::of(&shares, log),
        bytes.get(place.div_ceil(8)..)?,
        weights,
    )
}

/// Follows the two states through `bytes`, from their end.
fn read_states(table: &States, bytes: &[u8], weights: &mut [u8; WEIGHTS_MAX]) -> Option<usize> {
    let last = *bytes.last().filter(|&&last| last != 0)?;
    let mut left = bytes.len() * 8 - 1 - last.leading_zeros() as usize;
    let mut take = |bits: u32| {
        left = left.checked_sub(bits as usize)?;
        bits_at(bytes, left, bits)
    };
    let mut current = [take(table.log)? as usize, take(table.log)? as usize];
    for place in 0..WEIGHTS_MAX - 1 {
        let state = table.states[current[place % 2]];
        weights[place] = state.symbol;
        let Some(bits) = take(state.bits) else {
            weights[place + 1] = table.states[current[(place + 1) % 2]].symbol;
            return Some(place + 2);
        };
        current[place % 2] = state.base + bits as usize;
    }
    None
}

/// Up to 7 bits from bit `place` on, lowest first; `None` if there are not as many.
fn bits_at(bytes: &[u8], place: usize, bits: u32) -> Option<u32> {
    if place + bits as usize > bytes.len() * 8 {
        return None;
    }
    let byte = |index: usize| u32::from(bytes.get(index).copied().unwrap_or(0));
    let pair = byte(place / 8) | byte(place / 8 + 1) << 8;
    Some((pair >> (place % 8)) & ((1 << bits) - 1))
}

/// Bits, lowest first.
struct BitWriter<'a> {
    out: &'a mut Vec<u8>,
    pending: u32,
    count: u32,
}

impl BitWriter<'_> {
    fn put(&mut self, value: u32, bits: u32) {
        self.pending |= value << self.count;
        self.count += bits;
        while self.count >= 8 {
            self.out.push((self.pending & 0xff) as u8);
            self.pending >>= 8;
            self.count -= 8;
        }
    }

    /// Fills the last byte with zeros.
    fn flush(&mut self) {
        if self.count > 0 {
            self.put(0, 8 - self.count);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn weights_come_back(
            weights in prop::collection::vec(0_u8..=11, 2..=WEIGHTS_MAX),
            most in 0_u8..=11,
            mask in 0_u8..=15,
        ) {
            let skewed: Vec<u8> = weights.iter().map(|&weight| weight.min(most) & mask).collect();
            for weights in [weights, skewed] {
                let mut out = vec![9];
                if write_to(&weights, &mut out) {
                    prop_assert_eq!(usize::from(out[1]), out.len() - 2);
                    let mut found = [0; WEIGHTS_MAX];
                    let count = read_from(&out[2..], &mut found).unwrap();
                    prop_assert_eq!(&found[..count], &weights[..]);
                } else {
                    prop_assert_eq!(&out, &[9]);
                }
            }
        }

        #[test]
        fn hostile_descriptions_do_not_panic(bytes in prop::collection::vec(any::<u8>(), 0..128)) {
            let _ = read_from(&bytes, &mut [0; WEIGHTS_MAX]);
            let mut short = bytes;
            if let Some(first) = short.first_mut() {
                *first &= 0xf1;
            }
            let _ = read_from(&short, &mut [0; WEIGHTS_MAX]);
        }
    }
}
