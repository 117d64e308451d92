//! An original with its base, made from a seed, and its way through the public interface.

use mithril_checkpoint::Result;
use mithril_checkpoint::layout::{ElementKind, Region};
use mithril_checkpoint::segment::{
    BaseView, ByteRange, EncodeOptions, IndexRead, SegmentIndex, base_ranges, decode_window,
    encode_segment,
};

pub(crate) const KINDS: [ElementKind; 8] = [
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
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    pub(crate) fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.next().to_le_bytes()[0]).collect()
    }

    /// About normal, from twelve uniform numbers.
    pub(crate) fn normal(&mut self) -> f32 {
        let sum: f32 = (0..12)
            .map(|_| (self.below(1 << 20) as f32) / (1 << 20) as f32)
            .sum();
        sum - 6.0
    }

    pub(crate) fn weights(&mut self, count: usize) -> Vec<u8> {
        (0..count)
            .flat_map(|_| (self.normal() * 0.04).to_le_bytes())
            .collect()
    }

    pub(crate) fn halves(&mut self, count: usize) -> Vec<u8> {
        (0..count)
            .flat_map(|_| ((self.normal() * 0.04).to_bits() >> 16).to_le_bytes()[..2].to_vec())
            .collect()
    }
}

/// An original, its base, and how they correspond.
pub(crate) struct Case {
    pub(crate) raw: Vec<u8>,
    pub(crate) raw_offset: u64,
    pub(crate) regions: Vec<Region>,
    pub(crate) base: Vec<u8>,
}

impl Case {
    pub(crate) fn plain(raw: Vec<u8>, kind: ElementKind) -> Self {
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

    pub(crate) fn delta(raw: Vec<u8>, base: Vec<u8>, kind: ElementKind) -> Self {
        let mut case = Self::plain(raw, kind);
        for region in &mut case.regions {
            region.base_offset = Some(0);
        }
        case.base = base;
        case
    }

    pub(crate) fn encode(&self, options: &EncodeOptions) -> Vec<u8> {
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

    pub(crate) fn decode(&self, stored: &[u8]) -> Result<Vec<u8>> {
        decode(stored, &self.base, 1 << 20, 1)
    }

    /// Encodes and restores; returns the stored length.
    pub(crate) fn round_trip(&self) -> usize {
        let stored = self.encode(&EncodeOptions::default());
        assert!(
            self.decode(&stored).unwrap() == self.raw,
            "restored bytes differ"
        );
        assert!(stored.len() <= self.raw.len() + self.raw.len() / 1000 + 128);
        stored.len()
    }
}

pub(crate) fn pick(original: &[u8], ranges: &[ByteRange]) -> Vec<u8> {
    ranges
        .iter()
        .flat_map(|range| &original[range.offset as usize..range.end() as usize])
        .copied()
        .collect()
}

pub(crate) fn read_index(stored: &[u8]) -> Result<SegmentIndex> {
    match SegmentIndex::read_from(stored, stored.len() as u64)? {
        IndexRead::Index(index) => Ok(index),
        IndexRead::NeedMore(bytes) => panic!("the whole segment is there, {bytes} are wanted"),
    }
}

pub(crate) fn decode(stored: &[u8], base: &[u8], max_raw: u64, threads: usize) -> Result<Vec<u8>> {
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
