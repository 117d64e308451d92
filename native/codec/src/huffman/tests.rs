#![expect(clippy::cast_possible_truncation, reason = "small numbers of a test")]

use proptest::prelude::*;

use super::*;
use crate::estimate::{self, Histogram};

/// Bytes with a skewed law over `symbols`, beginning at `first`.
fn skewed(seed: u64, count: usize, first: u8, symbols: u32) -> Vec<u8> {
    let mut state = seed | 1;
    (0..count)
        .map(|_| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let a = (state >> 40) as u32 % symbols;
            let b = (state >> 20) as u32 % (a + 1);
            first.wrapping_add((b % (a + 1)) as u8)
        })
        .collect()
}

fn code_of(bytes: &[u8]) -> Option<(Code, Histogram)> {
    let mut histogram = [0; 256];
    estimate::count(bytes, &mut histogram);
    Some((Code::of_counts(&histogram)?, histogram))
}

fn check(bytes: &[u8], own_decoder: bool) {
    let Some((code, histogram)) = code_of(bytes) else {
        return;
    };
    let mut frame = vec![1, 2, 3];
    if !HuffmanEncoder::new().write_frame(bytes, &code, &mut frame) {
        assert_eq!(frame.len(), 3);
        assert!(!own_decoder);
        return;
    }
    let frame = &frame[3..];
    assert!(
        zstd::bulk::decompress(frame, bytes.len()).unwrap() == bytes,
        "libzstd differs"
    );
    assert!(frame.len() as u64 <= code.cost_bits(&histogram) / 8 + 200);
    let mut out = vec![0xaa; bytes.len()];
    let found = HuffmanDecoder::of_any_code().decode(frame, &mut out);
    assert!(found.is_some() || !own_decoder, "the own decoder refuses");
    assert!(found.is_none() || out == bytes, "the own decoder differs");
}

#[test]
fn libzstd_and_the_own_decoder_read_frames_of_many_sizes_and_laws() {
    for (seed, count) in [400, 1000, 4099, 65_536, 131_072, 131_073, 131_100, 400_001]
        .into_iter()
        .enumerate()
    {
        for symbols in [2, 3, 17, 40, 100] {
            check(&skewed(seed as u64, count, 20, symbols), true);
        }
        check(&skewed(seed as u64, count, 0, 250), true);
    }
}

#[test]
fn codes_are_complete_limited_and_optimal_for_small_alphabets() {
    // Fibonacci counts ask for the longest codes.
    let mut histogram: Histogram = [0; 256];
    let (mut a, mut b) = (1, 1);
    for count in histogram.iter_mut().take(30) {
        *count = a;
        (a, b) = (b, a + b);
    }
    let code = Code::of_counts(&histogram).unwrap();
    assert_eq!(code.longest, 11);
    let kraft = |code: &Code| -> u32 {
        let lengths = code.lengths.iter().filter(|&&length| length > 0);
        lengths.map(|&length| 1 << (11 - length)).sum()
    };
    assert_eq!(kraft(&code), 1 << 11);
    let all: Histogram = std::array::from_fn(|symbol| 1 + symbol as u32 % 7);
    assert_eq!(kraft(&Code::of_counts(&all).unwrap()), 1 << 11);
    let mut few = [0; 256];
    few[..4].copy_from_slice(&[8, 4, 2, 2]);
    let code = Code::of_counts(&few).unwrap();
    assert_eq!(code.lengths[..4], [1, 2, 3, 3]);
    assert!(Code::of_counts(&[0; 256]).is_none());
}

#[test]
fn a_damaged_frame_is_refused_or_gives_other_bytes_but_never_panics() {
    let bytes = skewed(5, 700, 10, 30);
    let (code, _) = code_of(&bytes).unwrap();
    let mut frame = Vec::new();
    assert!(HuffmanEncoder::new().write_frame(&bytes, &code, &mut frame));
    let mut decoder = HuffmanDecoder::of_any_code();
    let mut out = vec![0; bytes.len()];
    for bit in 0..frame.len() * 8 {
        frame[bit / 8] ^= 1 << (bit % 8);
        let _ = decoder.decode(&frame, &mut out);
        frame[bit / 8] ^= 1 << (bit % 8);
    }
    for length in 0..frame.len() {
        assert!(decoder.decode(&frame[..length], &mut out).is_none());
    }
    assert!(decoder.decode(&frame, &mut out[1..]).is_none());
}

/// Symbols of the code that `index`, 11 bits, begins with, one after the other as long as they fit.
fn symbols_of(code: &Code, index: usize) -> Vec<(u8, usize)> {
    let (starts, unused) = (code.starts(), CODE_BITS_MAX - usize::from(code.longest));
    let mut found = Vec::new();
    let mut taken = 0;
    loop {
        let rest = (index << taken) % table::ENTRIES;
        let (symbol, length) = (0..=255_u8)
            .map(|symbol| (symbol, usize::from(code.lengths[usize::from(symbol)])))
            .find(|&(symbol, length)| {
                let from = usize::from(starts[usize::from(symbol)]) << unused;
                length > 0 && (from..from + (1 << (CODE_BITS_MAX - length))).contains(&rest)
            })
            .unwrap();
        taken += length;
        if taken > CODE_BITS_MAX {
            return found;
        }
        found.push((symbol, length));
    }
}

#[test]
fn every_entry_of_the_table_says_what_its_bits_say() {
    for (symbols, first) in [(2, 0), (3, 9), (20, 100), (100, 20)] {
        let (code, _) = code_of(&skewed(u64::from(symbols), 50_000, first, symbols)).unwrap();
        let mut table = table::Table::new();
        table.build(&code);
        for (index, &entry) in table.several().iter().enumerate() {
            let naive = symbols_of(&code, index);
            assert_eq!(table.single(index), naive[0]);
            let count = (entry >> table::COUNT_SHIFT) as usize;
            assert!((1..=table::ENTRY_SYMBOLS).contains(&count) && count <= naive.len());
            assert!(count == naive.len() || naive.len() > table::ENTRY_SYMBOLS);
            let bits: usize = naive[..count].iter().map(|&(_, length)| length).sum();
            assert_eq!((entry >> table::BITS_SHIFT) & 0xff, bits as u64);
            let symbols = entry.to_le_bytes();
            let expected: Vec<u8> = naive[..count].iter().map(|&(symbol, _)| symbol).collect();
            assert_eq!(symbols[..count], expected);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_bytes_come_back(
        seed in any::<u64>(),
        count in 300_usize..20_000,
        first in 0_u8..60,
        symbols in 2_u32..60,
    ) {
        check(&skewed(seed, count, first, symbols), false);
    }

    #[test]
    fn hostile_frames_do_not_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let mut frame = MAGIC.to_le_bytes().to_vec();
        frame.extend([SINGLE_SEGMENT | 1 << 6, 0, 1]);
        frame.extend(bytes);
        let _ = HuffmanDecoder::of_any_code().decode(&frame, &mut [0; 256]);
    }
}
