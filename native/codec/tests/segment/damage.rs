//! Damage, wrong bases and wrong calls are noticed.

use crate::case::{Case, Random, read_index};
use mithril_checkpoint::ErrorKind;
use mithril_checkpoint::layout::ElementKind;
use mithril_checkpoint::segment::{
    BaseView, ByteRange, EncodeOptions, IndexRead, SegmentIndex, decode_window, encode_segment,
};

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
    let no_bytes = BaseView {
        ranges: &ranges,
        bytes: &[],
    };
    let none = BaseView::default();
    for (raw_offset, base) in [(0, view), (1, none), (u64::MAX, none), (0, no_bytes)] {
        let result = encode_segment(
            &case.raw,
            raw_offset,
            &case.regions,
            base,
            &options,
            &mut out,
        );
        assert_eq!(result.unwrap_err().kind(), ErrorKind::InvalidArgument);
    }
    assert_eq!(out, [1, 2, 3]);
    let stored = case.encode(&options);
    let index = read_index(&stored).unwrap();
    let window = index.window(0, 100, 100).unwrap();
    let part = &stored[..window.stored.length as usize];
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
