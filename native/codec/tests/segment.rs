//! Segments through the public interface: what goes in comes out, and damage is noticed.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::unwrap_used,
    reason = "small numbers of a test, and what a test expects to work"
)]

use mithril_checkpoint::layout::{ElementKind, Region};
use mithril_checkpoint::segment::{
    BaseView, ByteRange, EncodeOptions, IndexRead, Level, SegmentIndex, base_ranges, decode_window,
    encode_segment,
};
use mithril_checkpoint::{ErrorKind, Result};
use proptest::prelude::*;

const KINDS: [ElementKind; 8] = [
    ElementKind::Probe,
    ElementKind::Byte,
    ElementKind::Float16,
    ElementKind::Float32,
    ElementKind::Float64,
    ElementKind::Int16,
    ElementKind::Int32,
    ElementKind::Int64,
];

/// A small generator with a fixed law, so that failures repeat.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.next().to_le_bytes()[0]).collect()
    }

    /// About normal, from twelve uniform numbers.
    fn normal(&mut self) -> f32 {
        let sum: f32 = (0..12)
            .map(|_| (self.below(1 << 20) as f32) / (1 << 20) as f32)
            .sum();
        sum - 6.0
    }

    fn weights(&mut self, count: usize) -> Vec<u8> {
        (0..count)
            .flat_map(|_| (self.normal() * 0.04).to_le_bytes())
            .collect()
    }

    fn halves(&mut self, count: usize) -> Vec<u8> {
        (0..count)
            .flat_map(|_| ((self.normal() * 0.04).to_bits() >> 16).to_le_bytes()[..2].to_vec())
            .collect()
    }
}

/// An original, its base, and how they correspond.
struct Case {
    raw: Vec<u8>,
    raw_offset: u64,
    regions: Vec<Region>,
    base: Vec<u8>,
}

impl Case {
    fn plain(raw: Vec<u8>, kind: ElementKind) -> Self {
        let regions = if raw.is_empty() {
            Vec::new()
        } else {
            vec![Region {
                offset: 0,
                length: raw.len() as u64,
                kind,
                base_offset: None,
            }]
        };
        Self {
            raw,
            raw_offset: 0,
            regions,
            base: Vec::new(),
        }
    }

    fn delta(raw: Vec<u8>, base: Vec<u8>, kind: ElementKind) -> Self {
        let mut case = Self::plain(raw, kind);
        for region in &mut case.regions {
            region.base_offset = Some(0);
        }
        case.base = base;
        case
    }

    fn encode(&self, options: &EncodeOptions) -> Vec<u8> {
        let ranges = base_ranges(&self.regions, self.raw_offset, self.raw.len() as u64);
        let bytes = pick(&self.base, &ranges);
        let view = BaseView {
            ranges: &ranges,
            bytes: &bytes,
        };
        let mut out = b"before".to_vec();
        let stats = encode_segment(
            &self.raw,
            self.raw_offset,
            &self.regions,
            view,
            options,
            &mut out,
        )
        .unwrap();
        let total = stats.identical + stats.delta + stats.standalone + stats.raw;
        assert_eq!(total, self.raw.len() as u64);
        out.split_off(6)
    }

    fn decode(&self, stored: &[u8]) -> Result<Vec<u8>> {
        decode(stored, &self.base, 1 << 20, 1)
    }

    /// Encodes and restores; returns the stored length.
    fn round_trip(&self) -> usize {
        let stored = self.encode(&EncodeOptions::default());
        assert!(
            self.decode(&stored).unwrap() == self.raw,
            "restored bytes differ"
        );
        assert!(stored.len() <= self.raw.len() + self.raw.len() / 1000 + 128);
        stored.len()
    }
}

fn pick(original: &[u8], ranges: &[ByteRange]) -> Vec<u8> {
    ranges
        .iter()
        .flat_map(|range| &original[range.offset as usize..range.end() as usize])
        .copied()
        .collect()
}

fn read_index(stored: &[u8]) -> Result<SegmentIndex> {
    match SegmentIndex::read_from(stored, stored.len() as u64)? {
        IndexRead::Index(index) => Ok(index),
        IndexRead::NeedMore(bytes) => panic!("the whole segment is there, {bytes} are wanted"),
    }
}

fn decode(stored: &[u8], base: &[u8], max_raw: u64, threads: usize) -> Result<Vec<u8>> {
    let index = read_index(stored)?;
    let mut out = Vec::new();
    let end = index.raw_offset() + index.raw_length();
    let mut at = index.raw_offset();
    while at < end {
        let window = index.window(at, end, max_raw)?;
        if window
            .base_ranges
            .iter()
            .any(|range| range.end() > base.len() as u64)
        {
            return Err(mithril_checkpoint::Error::corruption(
                "base",
                base.len(),
                "more",
            ));
        }
        let bytes = pick(base, &window.base_ranges);
        let view = BaseView {
            ranges: &window.base_ranges,
            bytes: &bytes,
        };
        let from = out.len();
        out.resize(from + window.raw.length as usize, 0xaa);
        let part = &stored[window.stored.offset as usize..window.stored.end() as usize];
        decode_window(&index, &window, part, view, threads, &mut out[from..])?;
        at = window.raw.end();
    }
    Ok(out)
}

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

fn small_segments() -> Vec<(Case, Vec<u8>)> {
    let mut random = Random(11);
    let base = random.weights(3000);
    let mut sparse = base.clone();
    for at in (0..sparse.len()).step_by(320) {
        sparse[at] ^= 1;
    }
    let dense: Vec<u8> = base
        .iter()
        .map(|byte| byte ^ (random.next() & 1) as u8)
        .collect();
    [
        Case::plain(base.clone(), ElementKind::Float32),
        Case::plain(
            b"plain text, plain text, plain text".repeat(9),
            ElementKind::Byte,
        ),
        Case::plain(random.bytes(100), ElementKind::Byte),
        Case::plain(vec![9; 4000], ElementKind::Int32),
        Case::delta(base.clone(), base.clone(), ElementKind::Float32),
        Case::delta(sparse, base.clone(), ElementKind::Float32),
        Case::delta(dense, base, ElementKind::Float16),
        Case::plain(Vec::new(), ElementKind::Byte),
    ]
    .into_iter()
    .map(|case| {
        let stored = case.encode(&EncodeOptions::default());
        (case, stored)
    })
    .collect()
}

#[test]
fn a_truncated_segment_is_an_error() {
    for (case, stored) in small_segments() {
        for length in 0..stored.len() {
            assert!(
                case.decode(&stored[..length]).is_err(),
                "{length} of {}",
                stored.len()
            );
        }
        let longer = [&stored[..], &[0]].concat();
        assert!(case.decode(&longer).is_err());
    }
}

#[test]
fn a_flipped_bit_never_gives_other_bytes() {
    for (case, stored) in small_segments() {
        let mut damaged = stored.clone();
        for bit in 0..stored.len() * 8 {
            damaged[bit / 8] ^= 1 << (bit % 8);
            if let Ok(restored) = case.decode(&damaged) {
                assert!(restored == case.raw, "bit {bit} gave other bytes");
                assert!(
                    bit / 8 < stored.len() - 64,
                    "bit {bit} of the footer was not noticed"
                );
            }
            damaged[bit / 8] ^= 1 << (bit % 8);
        }
    }
}

#[test]
fn a_short_tail_asks_for_more() {
    let case = Case::plain(Random(12).weights(2_000_000), ElementKind::Float32);
    let stored = case.encode(&EncodeOptions::default());
    let total = stored.len() as u64;
    let read =
        |bytes: u64| SegmentIndex::read_from(&stored[(total - bytes) as usize..], total).unwrap();
    let IndexRead::NeedMore(64) = read(10) else {
        panic!("the footer is 64 bytes");
    };
    let IndexRead::NeedMore(wanted) = read(64) else {
        panic!("the index is not empty");
    };
    assert!(matches!(read(wanted - 1), IndexRead::NeedMore(more) if more == wanted));
    assert!(matches!(read(wanted), IndexRead::Index(_)));
}

#[test]
fn wrong_calls_are_refused_and_leave_the_output_alone() {
    let case = Case::delta(vec![1; 100], vec![2; 100], ElementKind::Byte);
    let options = EncodeOptions::default();
    let mut out = vec![1, 2, 3];
    let ranges = [ByteRange {
        offset: 50,
        length: 50,
    }];
    let view = BaseView {
        ranges: &ranges,
        bytes: &case.base[50..],
    };
    for result in [
        encode_segment(&case.raw, 0, &case.regions, view, &options, &mut out),
        encode_segment(
            &case.raw,
            1,
            &case.regions,
            BaseView::default(),
            &options,
            &mut out,
        ),
        encode_segment(
            &case.raw,
            u64::MAX,
            &case.regions,
            BaseView::default(),
            &options,
            &mut out,
        ),
        encode_segment(
            &case.raw,
            0,
            &case.regions,
            BaseView {
                ranges: &ranges,
                bytes: &[],
            },
            &options,
            &mut out,
        ),
    ] {
        assert_eq!(result.unwrap_err().kind(), ErrorKind::InvalidArgument);
    }
    assert_eq!(out, [1, 2, 3]);
    let stored = case.encode(&options);
    let index = read_index(&stored).unwrap();
    let window = index.window(0, 100, 100).unwrap();
    let part = &stored[..window.stored.length as usize];
    let none = BaseView::default();
    let error = decode_window(&index, &window, part, none, 1, &mut [0; 99]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
}

#[test]
fn the_wrong_base_is_noticed() {
    let base = Random(13).weights(1000);
    let mut raw = base.clone();
    raw[77] ^= 1;
    let mut case = Case::delta(raw, base, ElementKind::Float32);
    let stored = case.encode(&EncodeOptions::default());
    case.base[2000] ^= 1;
    assert_eq!(
        case.decode(&stored).unwrap_err().kind(),
        ErrorKind::Corruption
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_bytes_in_any_regions_come_back(
        seed in any::<u64>(),
        lengths in prop::collection::vec((1_u64..3000, 0_u8..8, any::<bool>()), 1..12),
        raw_offset in 0_u64..10_000,
    ) {
        let mut random = Random(seed);
        let mut at = raw_offset;
        let mut regions = Vec::new();
        for (length, kind, based) in lengths {
            let kind = ElementKind::from_u8(kind).unwrap();
            let base_offset = based.then(|| random.below(20_000));
            regions.push(Region { offset: at, length, kind, base_offset });
            at += length;
        }
        let base = random.halves(30_000);
        let mut raw = Vec::new();
        for region in &regions {
            let length = region.length as usize;
            match region.base_offset {
                Some(from) if random.below(2) == 0 => {
                    raw.extend_from_slice(&base[from as usize..from as usize + length]);
                }
                _ if random.below(2) == 0 => raw.extend(random.weights(length).drain(..length)),
                _ => raw.extend(random.bytes(length)),
            }
        }
        for _ in 0..random.below(30) {
            let at = random.below(raw.len() as u64) as usize;
            raw[at] ^= 1;
        }
        let case = Case { raw, raw_offset, regions, base };
        case.round_trip();
    }

    #[test]
    fn any_index_is_an_error_or_bounded(mut bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let total = bytes.len() as u64;
        let _ = SegmentIndex::read_from(&bytes, total);
        if let Some(magic) = bytes.last_chunk_mut::<8>() {
            *magic = *b"MITHSEG1";
            prop_assert!(SegmentIndex::read_from(&bytes, total).is_err());
        }
    }
}
