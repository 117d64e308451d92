//! What is encoded comes back: by our decoder and by the second one, whatever the threads, and within the bound.

use std::io::Cursor;

use arbitrary::{Arbitrary, Unstructured};
use mithril_checkpoint::checksum::Checksums;
use mithril_checkpoint::layout::{ContainerKind, Order, probe_bytes};
use mithril_checkpoint::packed::{Base, CompressOptions, Packed, ReadSeek, compress};
use mithril_checkpoint::segment::{
    BaseView, IndexRead, SegmentIndex, base_ranges, decode_window, encode_segment,
};

use super::decode::{pick, restore};
use super::recipe::{Files, Recipe};
use super::{reference, samples};

/// Segments of packed files are not made smaller than this, and a file has no more of them than that: each costs a
/// footer, a digest and a decoder.
const SEGMENT_BYTES_MIN: u64 = 500;
const SEGMENTS_MAX: u64 = 40;

/// The input is a recipe: made to one segment and, for some, to packed files.
pub fn check(data: &[u8]) {
    let mut input = Unstructured::new(data);
    let Ok((is_packed, recipe)) = <(bool, Recipe)>::arbitrary(&mut input) else {
        return;
    };
    if is_packed {
        check_packed(&recipe);
    } else {
        check_segment(&recipe);
    }
}

/// One segment.
pub fn check_segment(recipe: &Recipe) {
    let range = recipe.range();
    let base = samples::base();
    let ranges = base_ranges(&range.regions, range.raw_offset, range.raw.len() as u64);
    let base_bytes = pick(base, &ranges).expect("counterparts lie in the base");
    let encode = |is_threaded| {
        let view = BaseView {
            ranges: &ranges,
            bytes: &base_bytes,
        };
        let mut out = b"before".to_vec();
        let options = recipe.options(is_threaded);
        encode_segment(
            &range.raw,
            range.raw_offset,
            &range.regions,
            view,
            &options,
            &mut out,
        )
        .expect("a sound call");
        assert!(out.starts_with(b"before"));
        out.split_off(6)
    };
    let stored = encode(false);
    assert!(
        stored == encode(true),
        "the number of threads changes the bytes"
    );
    let bound = range.raw.len() + range.raw.len() / 1000 + 128;
    assert!(
        stored.len() <= bound,
        "{} bytes for {}",
        stored.len(),
        range.raw.len()
    );

    let second = reference::decode(&stored, base).expect("the second decoder reads it");
    assert!(second.is_sound(&stored), "a checksum is wrong");
    assert!(
        second.raw == range.raw,
        "the second decoder restores other bytes"
    );
    let (offset, raw) = restore(&stored, base, 3).expect("ours reads it");
    assert_eq!(
        (offset, second.raw_offset),
        (range.raw_offset, range.raw_offset)
    );
    assert!(raw == range.raw, "ours restores other bytes");
    check_window(&stored, &range.raw, range.raw_offset, recipe.window_bytes());
}

/// A window of any size in the middle restores what it says.
fn check_window(stored: &[u8], raw: &[u8], raw_offset: u64, bytes: u64) {
    let Ok(IndexRead::Index(index)) = SegmentIndex::read_from(stored, stored.len() as u64) else {
        panic!("the index was read before");
    };
    let start = raw_offset + raw.len() as u64 / 3;
    let end = raw_offset + raw.len() as u64;
    let Ok(window) = index.window(start, end, bytes) else {
        return assert!(raw.is_empty());
    };
    let base_bytes =
        pick(samples::base(), &window.base_ranges).expect("counterparts lie in the base");
    let view = BaseView {
        ranges: &window.base_ranges,
        bytes: &base_bytes,
    };
    let kept = window.stored.offset as usize..window.stored.end() as usize;
    let mut out = vec![0; window.raw.length as usize];
    decode_window(&index, &window, &stored[kept], view, 1, &mut out).expect("a sound window");
    let from = (window.raw.offset - raw_offset) as usize;
    assert!(
        out == raw[from..from + out.len()],
        "a window restores other bytes"
    );
}

/// A packed file without a base, one against it, and one against an unpacked base.
pub fn check_packed(recipe: &Recipe) {
    let Files { file, base } = recipe.files();
    let packed_base = pack(&base, None, recipe);
    let alone = pack(&file, None, recipe);
    check_restored(&alone, &file, &[]);
    for old in [&base, &packed_base] {
        let delta = pack(&file, Some(old), recipe);
        check_restored(&delta, &file, old);
    }
}

/// Compresses a file.
pub fn pack(file: &[u8], base: Option<&[u8]>, recipe: &Recipe) -> Vec<u8> {
    let base = base.map(|base| {
        let none = &mut |_: &_| panic!("this base has no base");
        Base::open(boxed(base), 1, none, &mut |_| true).expect("a sound base")
    });
    let options = CompressOptions {
        name: "recipe".into(),
        encode: recipe.options(true),
        segment_bytes: (file.len() as u64 / SEGMENTS_MAX).max(SEGMENT_BYTES_MIN)
            + u64::from(recipe.segment_bytes),
        with_sha256: recipe.segment_bytes.is_multiple_of(2),
    };
    let mut out = Vec::new();
    compress(boxed(file), base, &mut out, &options, &mut |_| true).expect("a sound call");
    out
}

fn boxed(bytes: &[u8]) -> Box<dyn ReadSeek> {
    Box::new(Cursor::new(bytes.to_vec()))
}

fn check_restored(packed: &[u8], file: &[u8], base: &[u8]) {
    let mut opened = Packed::open(boxed(packed), 2).expect("a file that was written");
    opened
        .open_bases(&mut |_| Ok(boxed(base)))
        .expect("the base");
    let mut out = Vec::new();
    opened
        .decompress(&mut out, &mut |_| true)
        .expect("a file that was written");
    assert!(out == file, "other bytes");
    assert_eq!(opened.manifest().original, Checksums::of(file));
    let tensors = opened.tensors().expect("the header was compressed too");
    let found = probe_bytes(file);
    if found.kind != ContainerKind::Opaque {
        assert_eq!(tensors, found.tensors);
    }
    let whole = tensors.iter().filter(|it| it.order != Order::Strided);
    for tensor in whole.rev().take(3) {
        let (_, bytes) = opened
            .read_tensor(&tensor.name)
            .expect("a tensor that is there");
        let start = tensor.offset as usize;
        assert!(
            bytes == file[start..start + bytes.len()],
            "other bytes of {}",
            tensor.name
        );
    }
}
