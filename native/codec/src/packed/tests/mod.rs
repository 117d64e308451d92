use std::io::{Cursor, Read, Seek, SeekFrom};
use std::ops::ControlFlow;

use super::*;
use crate::checksum::Sha256;
use crate::error::ErrorKind;
use crate::layout::ContainerKind;
use crate::manifest::{BaseReference, DEPTH_MAX};
use crate::segment::EncodeOptions;

mod base;
mod damage;

/// Bytes that a random generator would give: xorshift64, by seed.
pub(super) fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}

/// Floats of one magnitude, as weights are.
fn floats(seed: u64, count: usize) -> Vec<u8> {
    let bits = |chunk: &[u8]| u32::from_le_bytes([chunk[0], chunk[1], chunk[2], chunk[3]]);
    noise(seed, count * 4)
        .chunks_exact(4)
        .flat_map(|chunk| (0x3c00_0000 | bits(chunk) & 0x81ff_ffff).to_le_bytes())
        .collect()
}

fn safetensors(tensors: &[(&str, &str, &[u8])]) -> Vec<u8> {
    let width = |dtype: &str| if dtype == "F32" { 4 } else { 1 };
    let mut offset = 0;
    let fields: Vec<String> = tensors
        .iter()
        .map(|(name, dtype, data)| {
            let (start, count) = (offset, data.len() / width(dtype));
            offset += data.len();
            format!(r#""{name}":{{"dtype":"{dtype}","shape":[{count}],"data_offsets":[{start},{offset}]}}"#)
        })
        .collect();
    let json = format!("{{{}}}", fields.join(","));
    let mut bytes = (json.len() as u64).to_le_bytes().to_vec();
    bytes.extend_from_slice(json.as_bytes());
    for (_, _, data) in tensors {
        bytes.extend_from_slice(data);
    }
    bytes
}

fn options(segment_bytes: u64) -> CompressOptions {
    CompressOptions {
        name: "step.safetensors".into(),
        segment_bytes,
        ..CompressOptions::default()
    }
}

fn go_on(_: u64) -> bool {
    true
}

fn boxed(bytes: &[u8]) -> Box<dyn ReadSeek> {
    Box::new(Cursor::new(bytes.to_vec()))
}

/// Finds bases among these files by size and content, as a folder would be searched.
fn among<'a>(
    files: &'a [&'a [u8]],
) -> impl FnMut(&BaseReference) -> Result<Box<dyn ReadSeek>> + 'a {
    |wanted| {
        let is_wanted = |file: &&&[u8]| match Packed::open(boxed(file), 1) {
            Ok(packed) => wanted.is_content(&packed.manifest().original),
            Err(_) => wanted.is_content(&Checksums::of(file)),
        };
        match files.iter().find(is_wanted) {
            Some(file) => Ok(boxed(file)),
            None => Err(Error::invalid_argument(
                "base",
                "a file that is there",
                "none",
            )),
        }
    }
}

fn pack(
    input: &[u8],
    base: Option<(&[u8], &[&[u8]])>,
    options: &CompressOptions,
) -> (Vec<u8>, Summary) {
    let base = base
        .map(|(base, chain)| Base::open(boxed(base), 1, &mut among(chain), &mut go_on).unwrap());
    let mut out = Vec::new();
    let summary = compress(boxed(input), base, &mut out, options, &mut go_on).unwrap();
    assert_eq!(summary.packed_bytes, out.len() as u64);
    assert_eq!(summary.original, Checksums::of(input));
    (out, summary)
}

fn unpack(packed: &[u8], bases: &[&[u8]]) -> Result<Vec<u8>> {
    let mut packed = Packed::open(boxed(packed), 2)?;
    packed.open_bases(&mut among(bases))?;
    let mut out = Vec::new();
    packed.decompress(&mut out, &mut go_on)?;
    Ok(out)
}

fn within_bound(raw: &[u8], packed: &[u8]) -> bool {
    packed.len() <= raw.len() + raw.len() / 1000 + 1024
}

#[test]
fn any_input_comes_back_and_stays_within_the_bound() {
    let weights = floats(1, 50_000);
    let text = "All work and no play makes Jack a dull boy.\n".repeat(999);
    let inputs: Vec<Vec<u8>> = vec![
        vec![],
        vec![7],
        vec![0; 100_000],
        noise(3, 100_001),
        text.into_bytes(),
        safetensors(&[("w", "F32", &weights), ("mask", "U8", &[1; 777])]),
        safetensors(&[]),
        weights[..weights.len() - 3].to_vec(),
    ];
    for input in &inputs {
        for segment_bytes in [PACKED_SEGMENT_BYTES, 4096, 1000, 100_000] {
            // The bound is for the segment sizes in use: an index of 64 bytes a kilobyte exceeds it.
            let (packed, _) = pack(input, None, &options(segment_bytes));
            let is_bounded = segment_bytes < PACKED_SEGMENT_BYTES || within_bound(input, &packed);
            assert!(is_bounded, "{} to {}", input.len(), packed.len());
            assert_eq!(&unpack(&packed, &[]).unwrap(), input);
        }
    }
}

#[test]
fn the_bound_holds_for_a_long_name_and_a_digest_of_the_whole() {
    for input in [vec![], vec![1], noise(5, 2000)] {
        let long = CompressOptions {
            name: "n".repeat(200),
            with_sha256: true,
            ..options(16 << 20)
        };
        let (packed, _) = pack(&input, Some((&input, &[])), &long);
        assert!(
            within_bound(&input, &packed),
            "{} to {}",
            input.len(),
            packed.len()
        );
        let (unrelated, summary) = pack(&input, Some((&noise(6, input.len()), &[])), &long);
        assert!(
            within_bound(&input, &unrelated),
            "{} to {}",
            input.len(),
            unrelated.len()
        );
        assert!(
            !summary.has_base,
            "a base that gave nothing is not referred to"
        );
        let packed = Packed::open(boxed(&unrelated), 1).unwrap();
        assert_eq!(packed.manifest().sha256, Some(Sha256::of(&input)));
    }
}

#[test]
fn equal_input_gives_equal_bytes_whatever_the_threads() {
    let input = floats(4, 400_000);
    let with = |threads| {
        let encode = EncodeOptions {
            threads,
            ..EncodeOptions::default()
        };
        pack(
            &input,
            None,
            &CompressOptions {
                encode,
                ..options(1 << 20)
            },
        )
        .0
    };
    assert_eq!(with(1), with(3));
}

#[test]
fn ranges_and_tensors_are_read_alone() {
    let (weights, mask) = (floats(2, 300_000), noise(8, 5000));
    let old = safetensors(&[
        ("a", "F32", &weights),
        ("b", "U8", &mask),
        ("none", "F32", &[]),
    ]);
    let mut changed = weights.clone();
    changed[40_000] ^= 3;
    let new = safetensors(&[
        ("a", "F32", &changed),
        ("b", "U8", &mask),
        ("none", "F32", &[]),
    ]);
    let (base, _) = pack(&old, None, &options(100_000));
    let (delta, _) = pack(&new, Some((&base, &[])), &options(70_000));
    let mut packed = Packed::open(boxed(&delta), 2).unwrap();
    packed.open_bases(&mut among(&[&base])).unwrap();
    let names: Vec<String> = packed
        .tensors()
        .unwrap()
        .into_iter()
        .map(|t| t.name)
        .collect();
    assert_eq!(names, ["a", "b", "none"]);
    assert_eq!(packed.read_tensor("a").unwrap().1, changed);
    assert_eq!(packed.read_tensor("b").unwrap().1, mask);
    assert!(packed.read_tensor("none").unwrap().1.is_empty());
    assert_eq!(
        packed.read_tensor("c").unwrap_err().kind(),
        ErrorKind::InvalidArgument
    );
    for (offset, length) in [
        (0, 1),
        (69_999, 2),
        (new.len() - 1, 1),
        (100_000, 200_000),
        (5, 0),
    ] {
        let mut out = vec![0; length];
        packed.read(offset as u64, &mut out).unwrap();
        assert_eq!(out, new[offset..offset + length]);
    }
    let beyond = packed.read(new.len() as u64, &mut [0]).unwrap_err();
    assert_eq!(beyond.kind(), ErrorKind::InvalidArgument);
}

#[test]
fn progress_counts_the_original_and_can_stop_the_work() {
    let input = floats(3, 100_000);
    let mut heard = Vec::new();
    let mut out = Vec::new();
    let mut listen = |done| {
        heard.push(done);
        true
    };
    compress(
        boxed(&input),
        None,
        &mut out,
        &options(100_000),
        &mut listen,
    )
    .unwrap();
    assert_eq!(heard, [0, 100_000, 200_000, 300_000, 400_000]);
    let mut stop = |done| done < 200_000;
    let stopped = compress(
        boxed(&input),
        None,
        &mut Vec::new(),
        &options(100_000),
        &mut stop,
    );
    assert_eq!(stopped.unwrap_err().kind(), ErrorKind::Cancelled);
    let mut packed = Packed::open(boxed(&out), 1).unwrap();
    assert_eq!(
        packed
            .verify(&mut |done| done < 200_000)
            .unwrap_err()
            .kind(),
        ErrorKind::Cancelled
    );
    assert_eq!(
        packed.verify(&mut go_on).unwrap().original,
        Checksums::of(&input)
    );
}

#[test]
fn info_tells_the_container() {
    let packed =
        |input: &[u8]| Packed::open(boxed(&pack(input, None, &options(4096)).0), 1).unwrap();
    let file = safetensors(&[("w", "F32", &floats(1, 9))]);
    let header_bytes = file.len() as u64 - 36;
    let container = packed(&file).manifest().container.clone();
    assert_eq!(container.kind, ContainerKind::Safetensors);
    assert_eq!(container.header_bytes, header_bytes);
    let container = packed(b"plain text").manifest().container.clone();
    assert_eq!(container.kind, ContainerKind::Opaque);
    assert!(container.reason.contains("over the limit"));
    assert_eq!(packed(b"plain text").tensors().unwrap(), []);
}
