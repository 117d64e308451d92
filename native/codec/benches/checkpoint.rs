//! `cargo bench -p mithril-checkpoint`: the codec alone, one thread, on 100 MB of generated weights.
//!
//! Three quarters of the bytes are float32, one quarter is rounded to bfloat16; the law is in `weights/mod.rs`. Before a
//! time is taken the answer is checked bit by bit.

#![expect(
    clippy::cast_possible_truncation,
    reason = "lengths of a buffer in memory"
)]

mod weights;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use mithril_checkpoint::layout::{ElementKind, Region};
use mithril_checkpoint::segment::{
    BaseView, EncodeOptions, IndexRead, SegmentIndex, decode_window, encode_segment,
};
use weights::{Random, bfloat16};

const BYTES: usize = 100_000_000;
const FLOAT32_BYTES: usize = 75_000_000;
const SEGMENT_BYTES: usize = 16 << 20;
fn weights() -> Vec<u8> {
    let mut random = Random::new();
    let mut bytes = Vec::with_capacity(BYTES);
    while bytes.len() < FLOAT32_BYTES {
        bytes.extend(random.weight().to_le_bytes());
    }
    while bytes.len() < BYTES {
        bytes.extend(bfloat16(random.weight()).to_le_bytes());
    }
    bytes
}

fn regions() -> [Region; 2] {
    let region = |offset: usize, end: usize, kind| Region {
        offset: offset as u64,
        length: (end - offset) as u64,
        kind,
        base_offset: None,
    };
    [
        region(0, FLOAT32_BYTES, ElementKind::Float32),
        region(FLOAT32_BYTES, BYTES, ElementKind::Float16),
    ]
}

fn compress(raw: &[u8], stored: &mut Vec<u8>, ends: &mut Vec<usize>) {
    let (regions, options) = (regions(), EncodeOptions::default());
    stored.clear();
    ends.clear();
    for (index, raw) in raw.chunks(SEGMENT_BYTES).enumerate() {
        let at = (index * SEGMENT_BYTES) as u64;
        encode_segment(raw, at, &regions, BaseView::default(), &options, stored)
            .expect("the call is right");
        ends.push(stored.len());
    }
}

fn decompress(stored: &[u8], ends: &[usize], out: &mut [u8]) {
    let mut start = 0;
    for (&end, out) in ends.iter().zip(out.chunks_mut(SEGMENT_BYTES)) {
        let segment = &stored[start..end];
        start = end;
        let Ok(IndexRead::Index(index)) = SegmentIndex::read_from(segment, segment.len() as u64)
        else {
            unreachable!("the whole segment was given");
        };
        let (from, length) = (index.raw_offset(), index.raw_length());
        let window = index
            .window(from, from + length, length)
            .expect("the range of the segment");
        let payload = &segment[..window.stored.length as usize];
        decode_window(&index, &window, payload, BaseView::default(), 1, out)
            .expect("a sound segment");
    }
}

fn checkpoint(criterion: &mut Criterion) {
    let raw = weights();
    let (mut stored, mut ends) = (Vec::with_capacity(BYTES), Vec::new());
    let mut out = vec![0; BYTES];
    compress(&raw, &mut stored, &mut ends);
    decompress(&stored, &ends, &mut out);
    assert!(out == raw, "the restored bytes differ");
    let mut group = criterion.benchmark_group("checkpoint");
    group.sample_size(10);
    group.throughput(Throughput::Bytes(BYTES as u64));
    group.bench_function("compress/100MB", |bencher| {
        bencher.iter(|| compress(&raw, &mut stored, &mut ends));
    });
    group.bench_function("decompress/100MB", |bencher| {
        bencher.iter(|| decompress(&stored, &ends, &mut out));
    });
    group.finish();
    assert!(out == raw, "the restored bytes differ");
}

criterion_group!(benches, checkpoint);
criterion_main!(benches);
