//! The header of a safetensors file: ours against the `safetensors` crate, which users load their files with.
//!
//! What both read must have the same tensors. What only one reads must be one of these:
//!
//! - ours is stricter: a name or a member that appears twice, white space in front of `{`, and the description of a
//!   tensor as an array are refused;
//! - ours is more lenient: members that it does not need are not looked at (`__metadata__` may be anything), and a
//!   dtype may be one that it does not know.

use mithril_checkpoint::layout::{
    ContainerProbe, ElementKind, Region, SafetensorsHeader, plan_layout, probe_container,
};
use safetensors::SafeTensors;
use safetensors::tensor::Metadata;

/// Most bytes of tensors that an input stands for.
const DATA_BYTES_MAX: usize = 1 << 20;
/// Reasons for which ours may refuse what the crate reads.
const STRICTER: [&str; 3] = [
    "appears twice",
    "does not start with {",
    "invalid type: sequence, expected an object",
];

/// Checks one file. The first byte says what the rest is: the file itself, or its JSON, to which the length in
/// front and as many bytes of tensors as it asks for are added.
pub fn check(data: &[u8]) {
    let Some((&mode, rest)) = data.split_first() else {
        return;
    };
    let file = if mode % 4 == 0 {
        rest.to_vec()
    } else {
        file_of(rest)
    };
    let found = probe_container(&file, file.len() as u64);
    check_prefixes(&file, &found, usize::from(mode));
    let theirs = SafeTensors::read_metadata(&file);
    match (&found, theirs) {
        (ContainerProbe::Safetensors(header), Ok((json_bytes, metadata))) => {
            assert_eq!(header.header_bytes, json_bytes as u64 + 8);
            check_tensors(header, &metadata);
            check_layout(&found, file.len() as u64);
        }
        (ContainerProbe::Safetensors(header), Err(error)) => {
            check_lenience(header, file.len(), &error.to_string());
            check_layout(&found, file.len() as u64);
        }
        (ContainerProbe::NeedMore { .. }, _) => panic!("asked for more than the whole"),
        (_, Err(_)) => check_layout(&found, file.len() as u64),
        // Other containers come after the crate's refusal.
        (other, Ok(_)) => {
            let ContainerProbe::Opaque { reason } = other else {
                panic!("a safetensors file was taken for something else: {other:?}");
            };
            let is_known = STRICTER.iter().any(|known| reason.contains(known));
            assert!(is_known, "refused what the crate reads: {reason}");
        }
    }
}

/// A file with this JSON, and tensors of the size that it declares.
fn file_of(json: &[u8]) -> Vec<u8> {
    let metadata: Option<Metadata> = serde_json::from_slice(json).ok();
    let data = metadata.map_or(0, |metadata| metadata.data_len().min(DATA_BYTES_MAX));
    let mut file = (json.len() as u64).to_le_bytes().to_vec();
    file.extend_from_slice(json);
    file.resize(file.len() + data, 0);
    file
}

/// A prefix is asked for more, or is enough for the answer that the whole file gives.
fn check_prefixes(file: &[u8], whole: &ContainerProbe, step: usize) {
    let size = file.len() as u64;
    for length in (0..file.len().min(600)).step_by(step + 1) {
        match probe_container(&file[..length], size) {
            ContainerProbe::NeedMore { bytes } => {
                assert!(
                    bytes > length as u64 && bytes <= size,
                    "{bytes} of {size}, {length} given"
                );
            }
            // The sentence may be another one.
            ContainerProbe::Opaque { .. } => {
                assert!(matches!(whole, ContainerProbe::Opaque { .. }));
            }
            early @ ContainerProbe::Safetensors(_) => assert_eq!(early, *whole),
        }
    }
}

fn check_tensors(header: &SafetensorsHeader, metadata: &Metadata) {
    let theirs = metadata.tensors();
    assert_eq!(header.tensors.len(), theirs.len());
    for tensor in &header.tensors {
        let info = theirs[&tensor.name];
        let start = tensor.offset - header.header_bytes;
        let range = (start as usize, (start + tensor.length) as usize);
        assert_eq!(info.dtype.to_string(), tensor.dtype);
        assert_eq!(info.data_offsets, range);
        assert!(
            info.shape
                .iter()
                .map(|&dimension| dimension as u64)
                .eq(tensor.shape.iter().copied())
        );
        assert_ne!(
            tensor.kind,
            ElementKind::Probe,
            "the crate knows {}",
            tensor.dtype
        );
    }
}

/// What only ours reads must be fine for the crate too, once members that nobody needs are left out.
fn check_lenience(header: &SafetensorsHeader, file_bytes: usize, error: &str) {
    if header
        .tensors
        .iter()
        .any(|tensor| tensor.kind == ElementKind::Probe)
    {
        return;
    }
    let tensors: serde_json::Map<_, _> = header
        .tensors
        .iter()
        .map(|tensor| {
            let start = tensor.offset - header.header_bytes;
            let info = serde_json::json!({
                "dtype": tensor.dtype,
                "shape": tensor.shape,
                "data_offsets": [start, start + tensor.length],
            });
            (tensor.name.clone(), info)
        })
        .collect();
    let json = serde_json::to_vec(&tensors).expect("a map can be written");
    let mut file = (json.len() as u64).to_le_bytes().to_vec();
    file.extend_from_slice(&json);
    file.resize(file.len() + file_bytes - header.header_bytes as usize, 0);
    match SafeTensors::read_metadata(&file) {
        Ok((_, metadata)) => assert_eq!(metadata.tensors().len(), header.tensors.len()),
        Err(also) => panic!("read what the crate refuses: {error}; without other members: {also}"),
    }
}

/// Regions cover the object without gap, and their counterparts lie within the base: here the object itself.
fn check_layout(probe: &ContainerProbe, bytes: u64) {
    for base in [None, Some((probe, bytes))] {
        let regions = plan_layout(probe, bytes, base);
        let mut end = 0;
        for Region {
            offset,
            length,
            base_offset,
            ..
        } in regions
        {
            assert_eq!(offset, end);
            assert!(length > 0);
            end = offset + length;
            assert!(base_offset.is_none_or(|base| base + length <= bytes));
        }
        assert_eq!(end, bytes);
    }
}
