//! Decoding of hostile segments and files, against the second decoder of [`reference`](super::reference).
//!
//! Both must refuse the same segments, and restore the same bytes from all others.

use arbitrary::{Arbitrary, Unstructured};
use mithril_checkpoint::segment::{BaseView, ByteRange, IndexRead, SegmentIndex, decode_window};

use super::{entries, pack, reference, samples};

/// Segments that restore more than this take the fuzzer too long: a few bytes stand for 1 MiB.
const RAW_BYTES_MAX: u64 = 2 << 20;

/// The first byte of an input says what the rest is.
pub fn check(data: &[u8]) {
    let Some((&mode, rest)) = data.split_first() else {
        return;
    };
    let threads = usize::from(mode >> 4) % 3 + 1;
    let mut input = Unstructured::new(rest);
    match mode % 5 {
        0 => check_segment(rest, threads),
        1 => {
            let mut stored = rest.to_vec();
            reference::mend(&mut stored, samples::base());
            check_segment(&stored, threads);
        }
        2 => {
            if let Ok(segment) = entries::Segment::arbitrary_take_rest(input) {
                check_segment(&segment.assemble(), threads);
            }
        }
        3 => pack::check_file(rest, threads),
        _ => {
            if let Ok(file) = pack::File::arbitrary(&mut input) {
                pack::check_assembled(&file, threads);
            }
        }
    }
}

/// Ours and the second decoder agree on a segment.
pub fn check_segment(stored: &[u8], threads: usize) {
    let base = samples::base();
    if declares_too_much(stored) {
        // Reading the index is cheap, whatever it declares.
        let _ = SegmentIndex::read_from(stored, stored.len() as u64);
        return;
    }
    let expected = reference::decode(stored, base).filter(|restored| restored.is_sound(stored));
    let found = restore(stored, base, threads);
    match (expected, found) {
        (Some(expected), Some((raw_offset, raw))) => {
            assert_eq!(expected.raw_offset, raw_offset);
            assert!(
                expected.raw == raw,
                "other bytes than those of the second decoder"
            );
        }
        (None, None) => {}
        (expected, found) => panic!(
            "the second decoder {}, ours {}",
            if expected.is_some() {
                "restores it"
            } else {
                "refuses it"
            },
            if found.is_some() {
                "restores it"
            } else {
                "refuses it"
            },
        ),
    }
}

fn declares_too_much(stored: &[u8]) -> bool {
    let footer = stored.len().checked_sub(reference::FOOTER_BYTES);
    footer.is_some_and(|footer| {
        let bytes = stored[footer + 8..].first_chunk().expect("a whole footer");
        u64::from_le_bytes(*bytes) > RAW_BYTES_MAX
    })
}

/// Restores a segment by windows of 1 MiB.
pub fn restore(stored: &[u8], base: &[u8], threads: usize) -> Option<(u64, Vec<u8>)> {
    let index = match SegmentIndex::read_from(stored, stored.len() as u64).ok()? {
        IndexRead::Index(index) => index,
        IndexRead::NeedMore(_) => return None,
    };
    let mut raw = vec![0xa5; usize::try_from(index.raw_length()).ok()?];
    let (begin, end) = (index.raw_offset(), index.raw_offset() + index.raw_length());
    let mut at = begin;
    while at < end {
        let window = index
            .window(at, end, 1 << 20)
            .expect("a range within the segment");
        assert!(
            window.raw.offset == at && window.raw.length > 0,
            "a window elsewhere"
        );
        let base_bytes = pick(base, &window.base_ranges)?;
        let view = BaseView {
            ranges: &window.base_ranges,
            bytes: &base_bytes,
        };
        let stored = &stored[as_range(window.stored)];
        let into = ByteRange {
            offset: at - begin,
            length: window.raw.length,
        };
        decode_window(
            &index,
            &window,
            stored,
            view,
            threads,
            &mut raw[as_range(into)],
        )
        .ok()?;
        at = window.raw.end();
    }
    Some((begin, raw))
}

fn as_range(range: ByteRange) -> std::ops::Range<usize> {
    range.offset as usize..range.end() as usize
}

/// These ranges of the base, one after the other; `None` if one reaches beyond it.
pub fn pick(base: &[u8], ranges: &[ByteRange]) -> Option<Vec<u8>> {
    let mut picked = Vec::new();
    for range in ranges {
        let start = usize::try_from(range.offset).ok()?;
        let length = usize::try_from(range.length).ok()?;
        picked.extend_from_slice(base.get(start..start.checked_add(length)?)?);
    }
    Some(picked)
}
