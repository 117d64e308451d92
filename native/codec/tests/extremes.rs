//! Checkpoints that compress as far as the format goes, and not at all.

#![expect(clippy::unwrap_used, reason = "what a test expects to work")]

use std::io::Cursor;

use mithril_checkpoint::packed::{CompressOptions, Packed, compress};
use mithril_checkpoint::segment::EncodeOptions;

/// Bytes of the tensor.
const BYTES: usize = 100_000_000;

/// A safetensors file of one tensor of fp32.
fn file(data: impl Iterator<Item = u8>) -> Vec<u8> {
    let values = BYTES / 4;
    let json =
        format!(r#"{{"zero":{{"dtype":"F32","shape":[{values}],"data_offsets":[0,{BYTES}]}}}}"#);
    let mut file = (json.len() as u64).to_le_bytes().to_vec();
    file.extend_from_slice(json.as_bytes());
    file.extend(data.take(BYTES));
    file
}

/// The packed file's length; it must restore `raw`.
fn packed_bytes(raw: &[u8], threads: usize) -> usize {
    let options = CompressOptions {
        encode: EncodeOptions {
            threads,
            ..EncodeOptions::default()
        },
        ..CompressOptions::default()
    };
    let (mut packed, mut restored) = (Vec::new(), Vec::new());
    let input = Box::new(Cursor::new(raw.to_vec()));
    compress(input, None, &mut packed, &options, &mut |_| true).unwrap();
    let length = packed.len();
    let mut reader = Packed::open(Box::new(Cursor::new(packed)), threads).unwrap();
    reader.decompress(&mut restored, &mut |_| true).unwrap();
    assert!(restored == raw);
    length
}

#[test]
fn zeros_become_less_than_a_28000th() {
    let raw = file(std::iter::repeat(0));
    let [one, two] = [1, 2].map(|threads| packed_bytes(&raw, threads));
    assert_eq!(one, two);
    assert!(one * 28_000 < BYTES, "{one}");
}

#[test]
fn random_bits_grow_by_less_than_a_thousandth() {
    let mut state = 1_u64;
    let random = std::iter::repeat_with(move || {
        // Xorshift64.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    });
    let raw = file(random.flatten());
    assert!(packed_bytes(&raw, 2) * 1000 < raw.len() * 1001);
}
