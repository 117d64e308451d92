#![expect(clippy::cast_possible_truncation, reason = "small numbers of a test")]

use super::*;
use proptest::prelude::*;

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

/// Weights of a width, and the same after a step that moves every one by about as much.
fn step(kind: ElementKind, count: usize) -> (Vec<u8>, Vec<u8>) {
    let random = |place: usize, seed: u32| {
        (place as u32 ^ seed)
            .wrapping_mul(2_654_435_761)
            .rotate_left(13)
            .wrapping_mul(2_246_822_519)
    };
    let uniform = |place, seed| f64::from(random(place, seed)) / f64::from(u32::MAX) - 0.5;
    let old =
        (0..count).map(|place| (uniform(place, 1) + uniform(place, 2) + uniform(place, 3)) * 0.1);
    let new = old.clone().enumerate().map(|(place, weight)| {
        weight
            + (if random(place, 9) >> 31 > 0 {
                3e-5
            } else {
                -3e-5
            })
    });
    let bytes = |values: &mut dyn Iterator<Item = f64>| -> Vec<u8> {
        match kind {
            ElementKind::Float16 => values
                .flat_map(|value| ((value as f32).to_bits() >> 16).to_le_bytes()[..2].to_vec())
                .collect(),
            ElementKind::Float32 => values
                .flat_map(|value| (value as f32).to_le_bytes())
                .collect(),
            _ => values.flat_map(f64::to_le_bytes).collect(),
        }
    };
    (bytes(&mut { new }), bytes(&mut { old }))
}

fn decoded(coder: &mut BlockCoder, blocks: &[Encoded], stored: &[u8], base: &[u8]) -> Vec<u8> {
    let (mut raw, mut at) = (vec![0; base.len()], 0);
    let mut start = 0;
    for encoded in blocks {
        let end = start + encoded.raw_length as usize;
        let block = Block {
            raw_start: start as u64,
            raw_length: encoded.raw_length,
            method: encoded.method,
            shape: encoded.shape,
            sparse: encoded.sparse,
            base_offset: start as u64,
            stored_start: at as u64,
            stored_length: encoded.stored_length,
            crc32: encoded.crc32,
        };
        let payload = &stored[at..at + encoded.stored_length as usize];
        coder
            .decode(
                &block,
                payload,
                Some(&base[start..end]),
                &mut raw[start..end],
            )
            .unwrap();
        (start, at) = (end, at + payload.len());
    }
    raw
}

#[test]
fn differences_that_follow_the_magnitude_are_grouped() {
    for (kind, count, gain) in [
        (ElementKind::Float16, 1 << 19, 15),
        (ElementKind::Float32, 1 << 18, 3),
        (ElementKind::Float64, 1 << 17, 3),
        (ElementKind::Float16, 20_000, 5),
    ] {
        let (raw, base) = step(kind, count);
        let mut coder = BlockCoder::new(Level::Default).unwrap();
        let (mut out, mut blocks) = (Vec::new(), Vec::new());
        coder
            .encode(&raw, Some(&base), kind, &mut out, &mut blocks)
            .unwrap();
        assert_eq!(
            (blocks.len(), blocks[0].method),
            (1, Method::Grouped),
            "{kind:?}"
        );
        assert!(decoded(&mut coder, &blocks, &out, &base) == raw, "{kind:?}");
        // The fast level does not look for groups.
        let mut fast = Vec::new();
        let mut coder = BlockCoder::new(Level::Fast).unwrap();
        coder
            .encode(&raw, Some(&base), kind, &mut fast, &mut blocks)
            .unwrap();
        assert!(
            out.len() * 100 < fast.len() * (100 - gain),
            "{kind:?}: {} of {}",
            out.len(),
            fast.len()
        );
        let (mut max, mut blocks) = (Vec::new(), Vec::new());
        let mut coder = BlockCoder::new(Level::Max).unwrap();
        coder
            .encode(&raw, Some(&base), kind, &mut max, &mut blocks)
            .unwrap();
        assert!(
            max.len() + 8 * blocks.len() <= out.len() + 8,
            "{kind:?}: max takes {}",
            max.len()
        );
        assert!(decoded(&mut coder, &blocks, &max, &base) == raw, "{kind:?}");
    }
}

proptest! {
    #[test]
    fn any_groups_come_back(
        base in prop::collection::vec(any::<u8>(), 16..1200),
        changes in prop::collection::vec(prop_oneof![3 => Just(0_u8), 1 => any::<u8>()], 1200),
        lasts in prop::collection::btree_set(0_u8..255, 0..20),
        width_log2 in 1_u8..4,
    ) {
        let width = 1 << width_log2;
        let base = &base[..base.len() / width * width];
        let raw: Vec<u8> = base.iter().zip(changes).map(|(byte, change)| byte ^ change).collect();
        let lasts = lasts.into_iter().chain([255]).collect();
        let mut coder = BlockCoder::new(Level::Default).unwrap();
        coder.groups = Some(Groups::new(lasts));
        let form = Form { map: Transform::SubtractOrdered, width };
        let mut payload = Vec::new();
        coder.write_grouped(form, (&raw, base), &mut payload).unwrap();
        let mut out = vec![0; raw.len()];
        coder.read_grouped(form, &payload, base, &mut out).unwrap();
        prop_assert_eq!(&out, &raw);
        // Nothing may follow, and nothing may be missing.
        payload.push(0);
        prop_assert!(coder.read_grouped(form, &payload, base, &mut out).is_err());
        payload.truncate(payload.len() - 2);
        prop_assert!(coder.read_grouped(form, &payload, base, &mut out).is_err());
    }
}

#[test]
fn groups_of_hostile_bytes_are_refused() {
    let base = [0, 0, 0, 0x3f].repeat(100);
    let form = Form {
        map: Transform::SubtractOrdered,
        width: 4,
    };
    let mut coder = BlockCoder::new(Level::Default).unwrap();
    let mut out = vec![0; base.len()];
    for payload in [
        &[][..],
        &[0],                        // no group
        &[65, 255],                  // too many
        &[1, 254, 0],                // the last class is missing
        &[2, 255, 255, 0, 0],        // do not rise
        &[1, 255, 4, 0],             // equal, but with a body
        &[2, 3, 255, 1, 0],          // a group without values that is dense
        &[2, 3, 255, 2, 0],          // or sparse
        &[1, 255, 3],                // reserved
        &[1, 255, 0xfd, 0xff, 0x7f], // longer than the payload
    ] {
        let error = coder
            .read_grouped(form, payload, &base, &mut out)
            .unwrap_err();
        assert_eq!(
            error.kind(),
            crate::error::ErrorKind::Corruption,
            "{payload:?}"
        );
    }
    coder
        .read_grouped(form, &[1, 255, 0], &base, &mut out)
        .unwrap();
    assert_eq!(out, base);
}
