//! The worked example of `docs/format/checkpoint-v1.md` is what the encoder writes and the decoder reads.

use mithril_checkpoint::layout::{ElementKind, Region};
use mithril_checkpoint::segment::{
    BaseView, ByteRange, EncodeOptions, IndexRead, SegmentIndex, decode_window, encode_segment,
};

const SPEC: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../docs/format/checkpoint-v1.md"
);
const FENCE: &str = "```segment-hex";

/// 8 bytes of text without a base, then 1000 floats of which two differ from the base.
fn example() -> (Vec<u8>, Vec<u8>, [Region; 2]) {
    let floats = |third: f32, last: f32| -> Vec<u8> {
        let values = (0..1000_u16).map(|index| match index {
            3 => third,
            999 => last,
            _ => f32::from(index),
        });
        values.flat_map(f32::to_le_bytes).collect()
    };
    let base = floats(3.0, 999.0);
    let raw = [b"mithril!".to_vec(), floats(3.25, -0.0)].concat();
    let region = |offset, length, kind, base_offset| Region {
        offset,
        length,
        kind,
        base_offset,
    };
    let regions = [
        region(4096, 8, ElementKind::Byte, None),
        region(4104, 4000, ElementKind::Float32, Some(0)),
    ];
    (raw, base, regions)
}

/// The hex digits between the fences, without the comments behind `#`.
fn documented() -> Vec<u8> {
    let text = std::fs::read_to_string(SPEC).expect("the specification is part of the repository");
    let after = text
        .split(FENCE)
        .nth(1)
        .expect("the specification has the example");
    let block = after.split("```").next().expect("the example ends");
    let digits: String = block
        .lines()
        .filter_map(|line| line.split('#').next())
        .flat_map(str::split_whitespace)
        .collect();
    digits
        .as_bytes()
        .chunks(2)
        .map(|pair| {
            let pair = std::str::from_utf8(pair).expect("ASCII");
            u8::from_str_radix(pair, 16).expect("two hex digits a byte")
        })
        .collect()
}

#[test]
fn the_documented_segment_is_what_the_encoder_writes() {
    let (raw, base, regions) = example();
    let ranges = [ByteRange {
        offset: 0,
        length: 4000,
    }];
    let view = BaseView {
        ranges: &ranges,
        bytes: &base,
    };
    let mut out = Vec::new();
    encode_segment(
        &raw,
        4096,
        &regions,
        view,
        &EncodeOptions::default(),
        &mut out,
    )
    .unwrap();
    let hex = |bytes: &[u8]| {
        let digits = bytes.iter().map(|byte| format!("{byte:02x}"));
        digits.collect::<Vec<_>>().join(" ")
    };
    assert_eq!(hex(&out), hex(&documented()));
    let IndexRead::Index(index) = SegmentIndex::read_from(&out, out.len() as u64).unwrap() else {
        panic!("the whole segment is given");
    };
    let window = index.window(4096, 8104, u64::MAX).unwrap();
    let mut restored = vec![0; raw.len()];
    let stored = &out[..usize::try_from(window.stored.length).unwrap()];
    decode_window(&index, &window, stored, view, 1, &mut restored).unwrap();
    assert_eq!(restored, raw);
}
