use std::io::Cursor;

use super::super::tests::noise;
use super::super::{Base, CompressOptions, compress};
use super::*;
use crate::error::ErrorKind;

const SEGMENT_BYTES: u64 = 4096;

fn boxed(bytes: &[u8]) -> Box<dyn ReadSeek> {
    Box::new(Cursor::new(bytes.to_vec()))
}

fn go_on(_: u64) -> bool {
    true
}

fn none(_: &BaseReference) -> Result<Box<dyn ReadSeek>> {
    Err(Error::invalid_argument("base", "none", "one"))
}

/// A plain base, an original that differs from it here and there, and the packed delta.
fn example() -> (Vec<u8>, Vec<u8>, Vec<u8>) {
    let base = noise(1, 50_000);
    let mut original = base.clone();
    for at in (0..original.len()).step_by(997) {
        original[at] ^= 1;
    }
    let opened = Base::open(boxed(&base), 1, &mut none, &mut go_on).unwrap();
    let options = CompressOptions {
        segment_bytes: SEGMENT_BYTES,
        ..CompressOptions::default()
    };
    let mut packed = Vec::new();
    let summary = compress(
        boxed(&original),
        Some(opened),
        &mut packed,
        &options,
        &mut go_on,
    );
    assert!(summary.unwrap().has_base);
    (base, original, packed)
}

/// Reads these ranges by `read_parts` from `file`, of which `base` is the base.
fn read(
    file: &[u8],
    base: &[u8],
    ranges: &[(usize, usize)],
    threads: usize,
    progress: &mut Progress<'_>,
) -> Result<Vec<Vec<u8>>> {
    let mut outs: Vec<Vec<u8>> = ranges.iter().map(|range| vec![0; range.1]).collect();
    let parts = ranges.iter().zip(&mut outs).map(|(range, out)| Part {
        offset: range.0 as u64,
        out,
    });
    let open = || {
        let candidates: [Box<Opener<'_>>; 1] = [Box::new(|| Ok(boxed(base)))];
        Original::open(boxed(file), 1, &mut |wanted| {
            resolve_among(&candidates, wanted)
        })
    };
    read_parts(&open, parts.collect(), threads, progress)?;
    Ok(outs)
}

#[test]
fn ranges_in_any_order_are_the_same_plain_and_packed_on_any_number_of_threads() {
    let (base, original, packed) = example();
    let ranges = [
        (40_000, 10_000),
        (0, 1),
        (4095, 2),
        (8192, 4096),
        (20_000, 0),
        (100, 3900),
    ];
    for threads in [1, 2, 7] {
        for file in [&packed, &original] {
            let found = read(file, &base, &ranges, threads, &mut go_on).unwrap();
            for (range, bytes) in ranges.iter().zip(found) {
                assert_eq!(bytes, &original[range.0..range.0 + range.1], "{range:?}");
            }
        }
    }
}

#[test]
fn an_error_of_any_thread_ends_the_work() {
    let (base, _, mut packed) = example();
    let beyond = read(&packed, &base, &[(49_999, 2)], 2, &mut go_on).unwrap_err();
    assert_eq!(beyond.kind(), ErrorKind::InvalidArgument);
    let other = noise(2, base.len());
    let wrong = read(&packed, &other, &[(0, 50_000)], 2, &mut go_on).unwrap_err();
    assert_eq!(wrong.kind(), ErrorKind::InvalidArgument);
    assert!(wrong.to_string().contains("another file"), "{wrong}");
    packed[20] ^= 1;
    let damaged = read(&packed, &base, &[(0, 50_000)], 2, &mut go_on).unwrap_err();
    assert_eq!(damaged.kind(), ErrorKind::Corruption);
}

#[test]
fn the_caller_hears_of_all_bytes_and_can_stop() {
    let (base, _, packed) = example();
    let mut heard = Vec::new();
    let mut listen = |done| {
        heard.push(done);
        true
    };
    read(&packed, &base, &[(0, 50_000)], 1, &mut listen).unwrap();
    assert!(heard.is_sorted());
    assert_eq!(heard.last(), Some(&50_000));
    let stopped = read(&packed, &base, &[(0, 50_000)], 2, &mut |_| false).unwrap_err();
    assert_eq!(stopped.kind(), ErrorKind::Cancelled);
}

#[test]
fn a_base_is_told_from_others_of_its_size() {
    let (base, _, packed) = example();
    let wanted = Packed::open(boxed(&packed), 1)
        .unwrap()
        .manifest()
        .base
        .unwrap();
    let other = noise(2, base.len());
    let candidates: [Box<Opener<'_>>; 3] = [
        Box::new(|| Ok(boxed(&packed))),
        Box::new(|| Ok(boxed(&other))),
        Box::new(|| Ok(boxed(&base))),
    ];
    let mut found = Vec::new();
    let mut opened = resolve_among(&candidates, &wanted).unwrap();
    opened.read_to_end(&mut found).unwrap();
    assert_eq!(found, base);
    assert!(resolve_among(&candidates[..1], &wanted).is_err());
}
