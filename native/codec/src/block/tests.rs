#![expect(clippy::cast_possible_truncation, reason = "small numbers of a test")]

use super::*;

/// Values of two bytes: a megabyte of them, and the same with every n-th changed by a little.
fn pair(every: u32) -> (Vec<u8>, Vec<u8>) {
    let values = (0..1_u32 << 19).map(|place| place.wrapping_mul(2_654_435_761) >> 18);
    let old: Vec<u16> = values.map(|value| 0x3c00 + value as u16 % 0x300).collect();
    let new = (0_u32..).zip(&old).map(|(place, &value)| {
        let random = place.wrapping_mul(2_246_822_519) >> 7;
        value + u16::from(random.is_multiple_of(every)) * (1 + (random >> 9) as u16 % 5)
    });
    let bytes = |values: &[u16]| {
        values
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect()
    };
    (bytes(&new.collect::<Vec<u16>>()), bytes(&old))
}

fn encode(every: u32, level: Level) -> (Vec<Encoded>, usize) {
    let (raw, base) = pair(every);
    let (mut out, mut blocks) = (Vec::new(), Vec::new());
    let mut coder = BlockCoder::new(level).unwrap();
    coder
        .encode(
            &raw,
            Some(&base),
            ElementKind::Float16,
            &mut out,
            &mut blocks,
        )
        .unwrap();
    let raw_bytes: u32 = blocks.iter().map(|block| block.raw_length).sum();
    assert_eq!(raw_bytes as usize, raw.len());
    (blocks, out.len())
}

#[test]
fn blocks_are_large_where_few_values_differ() {
    let (few, stored) = encode(100, Level::Default);
    assert_eq!((few.len(), few[0].sparse), (1, true));
    // Places of 1%: 0.081 bits a value. One of five differences: 0.023 more. Tables and whole bits: 8%.
    assert!(stored * 8 < (1 << 19) * 104 / 1000 * 108 / 100, "{stored}");
    let (many, _) = encode(10, Level::Default);
    assert_eq!(many.len(), 4);
    assert!(many.iter().all(|block| block.sparse));
    assert_eq!(encode(u32::MAX, Level::Default).0.len(), 1);
}

#[test]
fn equal_bytes_are_one_block_of_two_bytes() {
    let (raw, other) = (vec![7; 1 << 20], vec![9; 1 << 20]);
    for level in [Level::Fast, Level::Default, Level::Max] {
        for kind in [ElementKind::Byte, ElementKind::Float16, ElementKind::Int64] {
            for base in [None, Some(&other[..])] {
                let (mut out, mut blocks) = (Vec::new(), Vec::new());
                let mut coder = BlockCoder::new(level).unwrap();
                coder
                    .encode(&raw, base, kind, &mut out, &mut blocks)
                    .unwrap();
                assert_eq!((blocks.len(), out.len()), (1, 2));
            }
        }
    }
}

#[test]
fn a_faster_level_gives_up_a_part_of_the_gain_only() {
    for every in [1, 2, 3, 7, 20, 100] {
        let [fast, usual] = [Level::Fast, Level::Default].map(|level| encode(every, level).1);
        assert!(fast * 4 <= usual * 5, "every {every}: {fast}, {usual}");
    }
}

#[test]
fn max_is_never_larger_than_the_default() {
    for every in [1, 2, 3, 7, 20, 100, 5000] {
        let size = |level| {
            let (blocks, stored) = encode(every, level);
            stored + blocks.len() * 8
        };
        assert!(size(Level::Max) <= size(Level::Default), "every {every}");
    }
}
