//! What goes in comes out, whole and in parts, by any number of threads.

use crate::case::{Case, KINDS, Random, decode, pick, read_index};
use mithril_checkpoint::ErrorKind;
use mithril_checkpoint::layout::{ElementKind, Region};
use mithril_checkpoint::segment::{BaseView, EncodeOptions, Level, decode_window};

#[test]
fn every_kind_and_odd_size_comes_back() {
    let mut random = Random(1);
    for kind in KINDS {
        for size in [
            0_usize, 1, 2, 3, 4, 5, 7, 8, 9, 63, 64, 65, 127, 1000, 4099, 524_288, 524_289,
            1_100_003,
        ] {
            Case::plain(random.bytes(size), kind).round_trip();
            Case::plain(random.weights(size.div_ceil(4))[..size].to_vec(), kind).round_trip();
            Case::plain(vec![0x5a; size], kind).round_trip();
        }
    }
}

#[test]
fn every_kind_comes_back_against_a_base() {
    let mut random = Random(2);
    for kind in KINDS {
        for size in [0_usize, 1, 5, 8, 65, 1000, 4099, 524_289, 1_100_003] {
            let base = random.weights(size.div_ceil(4))[..size].to_vec();
            let mut raw = base.clone();
            Case::delta(raw.clone(), base.clone(), kind).round_trip();
            for _ in 0..size / 400 {
                let at = random.below(size as u64) as usize;
                raw[at] = raw[at].wrapping_add(3);
            }
            Case::delta(raw.clone(), base.clone(), kind).round_trip();
            for byte in &mut raw {
                *byte = byte.wrapping_add((random.next() & 1) as u8);
            }
            Case::delta(raw, base.clone(), kind).round_trip();
            Case::delta(random.bytes(size), base, kind).round_trip();
        }
    }
}

#[test]
fn payloads_of_nan_and_negative_zeros_survive() {
    let patterns = [
        0x7fc0_0001_u32,
        0xffc0_0000,
        0x7f80_0001,
        0x8000_0000,
        0,
        0x7f80_0000,
        0xff80_0000,
        1,
        0x8000_0001,
    ];
    let raw: Vec<u8> = patterns
        .iter()
        .cycle()
        .take(5000)
        .flat_map(|bits| bits.to_le_bytes())
        .collect();
    let base: Vec<u8> = patterns
        .iter()
        .rev()
        .cycle()
        .take(5000)
        .flat_map(|bits| bits.to_le_bytes())
        .collect();
    for kind in KINDS {
        Case::plain(raw.clone(), kind).round_trip();
        Case::delta(raw.clone(), base.clone(), kind).round_trip();
    }
}

#[test]
fn weights_reach_the_ratio_of_their_exponents() {
    let mut random = Random(3);
    let floats = random.weights(400_000);
    let halves = random.halves(400_000);
    for (raw, kind, ratio) in [
        (&floats, ElementKind::Float32, 1.18),
        (&floats, ElementKind::Probe, 1.18),
        (&halves, ElementKind::Float16, 1.45),
        (&halves, ElementKind::Probe, 1.45),
    ] {
        let stored = Case::plain(raw.clone(), kind).round_trip();
        let found = raw.len() as f64 / stored as f64;
        assert!(found > ratio, "{kind:?}: {found}");
    }
}

#[test]
fn one_percent_changed_is_a_hundred_times_smaller() {
    let mut random = Random(4);
    let base = random.weights(400_000);
    let mut raw = base.clone();
    for at in (0..raw.len()).step_by(4) {
        if random.below(100) == 0 {
            let value = f32::from_le_bytes(raw[at..at + 4].try_into().unwrap());
            let changed = value * (1.0 + 0.01 * random.normal());
            raw[at..at + 4].copy_from_slice(&changed.to_le_bytes());
        }
    }
    for kind in [ElementKind::Float32, ElementKind::Probe] {
        let stored = Case::delta(raw.clone(), base.clone(), kind).round_trip();
        assert!(
            raw.len() / stored >= 100,
            "{kind:?}: {}",
            raw.len() as f64 / stored as f64
        );
    }
}

#[test]
fn text_is_compressed_and_compressed_data_hardly_grows() {
    let text = "a model card says what the weights are for, and what not. ".repeat(2000);
    let stored = Case::plain(text.clone().into_bytes(), ElementKind::Byte).round_trip();
    assert!(stored < text.len() / 50);
    let packed = Random(5).bytes(3 << 20);
    let stored = Case::plain(packed.clone(), ElementKind::Probe).round_trip();
    assert!(stored <= packed.len() + packed.len() / 1000 + 128);
}

#[test]
fn many_tiny_regions_do_not_break_the_bound() {
    let raw = Random(6).bytes(50_000);
    let regions = (0..raw.len() as u64)
        .map(|offset| Region {
            offset,
            length: 1,
            kind: KINDS[(offset % 8) as usize],
            base_offset: None,
        })
        .collect();
    let case = Case {
        raw,
        raw_offset: 0,
        regions,
        base: Vec::new(),
    };
    case.round_trip();
}

#[test]
fn values_across_segment_borders_come_back() {
    let mut random = Random(7);
    let original = random.weights(60_000);
    let regions = [
        (0, 13, ElementKind::Byte),
        (13, 100_000, ElementKind::Float32),
        (100_013, 77_777, ElementKind::Float64),
        (177_790, 62_210, ElementKind::Float16),
    ]
    .map(|(offset, length, kind)| Region {
        offset,
        length,
        kind,
        base_offset: None,
    });
    for segment in [997, 4096, 65_537] {
        let mut restored = Vec::new();
        for (number, raw) in original.chunks(segment).enumerate() {
            let case = Case {
                raw: raw.to_vec(),
                raw_offset: (number * segment) as u64,
                regions: regions.to_vec(),
                base: Vec::new(),
            };
            restored.extend(
                case.decode(&case.encode(&EncodeOptions::default()))
                    .unwrap(),
            );
        }
        assert!(restored == original);
    }
}

#[test]
fn bases_with_gaps_and_other_places_are_followed() {
    let mut random = Random(8);
    let base = random.weights(500_000);
    let region = |offset, length, base_offset| Region {
        offset,
        length,
        kind: ElementKind::Float32,
        base_offset,
    };
    let regions = vec![
        region(1000, 400_000, Some(800_000)),
        region(401_000, 100_000, None),
        region(501_000, 600_000, Some(3)),
        region(1_101_000, 200_000, Some(800_100)),
    ];
    let mut raw = Vec::new();
    for region in &regions {
        let from = region.base_offset.unwrap_or(77) as usize;
        raw.extend_from_slice(&base[from..from + region.length as usize]);
    }
    for at in (0..raw.len()).step_by(6007) {
        raw[at] ^= 1;
    }
    let case = Case {
        raw,
        raw_offset: 1000,
        regions,
        base,
    };
    let stored = case.round_trip();
    assert!(stored < 120_000, "{stored}");
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let mut random = Random(9);
    let base = random.weights(700_000);
    let mut raw = base.clone();
    for at in (1_000_000..raw.len()).step_by(401) {
        raw[at] ^= 4;
    }
    let case = Case::delta(raw, base, ElementKind::Float32);
    for level in [Level::Fast, Level::Default] {
        let one = case.encode(&EncodeOptions { level, threads: 1 });
        for threads in [0, 2, 3, 8] {
            assert!(case.encode(&EncodeOptions { level, threads }) == one);
            assert!(decode(&one, &case.base, 1 << 22, threads).unwrap() == case.raw);
        }
    }
}

#[test]
fn windows_are_parts_of_the_whole() {
    let mut random = Random(10);
    let base = random.halves(900_000);
    let mut raw = base.clone();
    for at in (300_000..600_000).step_by(77) {
        raw[at] ^= 8;
    }
    let mut case = Case::delta(raw, base, ElementKind::Float16);
    case.raw_offset = 512;
    case.regions[0].offset = 512;
    let stored = case.encode(&EncodeOptions::default());
    let index = read_index(&stored).unwrap();
    let (begin, end) = (512, 512 + case.raw.len() as u64);
    for _ in 0..200 {
        let start = begin + random.below(end - begin);
        let stop = start + 1 + random.below(end - start);
        let max_raw = random.below(1 << 20);
        let window = index.window(start, stop, max_raw).unwrap();
        assert!(window.raw.offset <= start && window.raw.end() > start);
        assert!(window.raw.length <= max_raw.max(1 << 20));
        let bytes = pick(&case.base, &window.base_ranges);
        let view = BaseView {
            ranges: &window.base_ranges,
            bytes: &bytes,
        };
        let part = &stored[window.stored.offset as usize..window.stored.end() as usize];
        let mut out = vec![0; window.raw.length as usize];
        decode_window(&index, &window, part, view, 1, &mut out).unwrap();
        let from = (window.raw.offset - begin) as usize;
        assert!(out == case.raw[from..from + out.len()]);
    }
    for (start, stop) in [(0, 600), (600, 600), (700, 600), (600, end + 1)] {
        assert_eq!(
            index.window(start, stop, 1).unwrap_err().kind(),
            ErrorKind::InvalidArgument
        );
    }
}
