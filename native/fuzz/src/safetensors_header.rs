//! The header of a safetensors file: ours against the `safetensors` crate, which users load their files with.
//!
//! What both read must have the same tensors. What only one reads must be one of these:
//!
//! - ours is stricter: a name or a member that appears twice, white space in front of `{`, and the description of a
//!   tensor as an array are refused;
//! - ours is more lenient: members that it does not need are not looked at (`__metadata__` may be anything), and a
//!   dtype may be one that it does not know.

use std::collections::HashSet;
use std::fmt;

use mithril_checkpoint::layout::{
    Container, ContainerKind, ElementKind, Probe, ProbeStep, probe_bytes,
};
use safetensors::tensor::Metadata;
use safetensors::{Dtype, SafeTensors};
use serde::de::{Deserializer as _, IgnoredAny, MapAccess, Visitor};

use super::containers::check_container;

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
    let found = probe_bytes(&file);
    check_steps(&file, &found, u64::from(mode));
    check_container(&found, file.len() as u64);
    let theirs = SafeTensors::read_metadata(&file);
    match (found.kind, theirs) {
        (ContainerKind::Safetensors, Ok((json_bytes, metadata))) => {
            assert_eq!(found.header_bytes, json_bytes as u64 + 8);
            check_tensors(&found, &metadata);
        }
        (ContainerKind::Safetensors, Err(error)) => {
            check_lenience(&found, file.len(), &error.to_string());
        }
        (_, Err(_)) => {}
        (ContainerKind::Opaque, Ok((json_bytes, _))) => {
            let reason = &found.reason;
            let is_known = STRICTER.iter().any(|known| reason.contains(known))
                || has_name_twice(&file[8..8 + json_bytes]);
            assert!(is_known, "refused what the crate reads: {reason}");
        }
        (_, Ok(_)) => panic!("a safetensors file was taken for something else: {found:?}"),
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

/// Whether a name appears twice: what is wrong with the first tensor of that name is not seen by the crate, which takes
/// the last.
fn has_name_twice(json: &[u8]) -> bool {
    struct Names;

    impl<'de> Visitor<'de> for Names {
        type Value = bool;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<bool, A::Error> {
            let mut names = HashSet::new();
            let mut is_twice = false;
            while let Some((name, _)) = map.next_entry::<String, IgnoredAny>()? {
                is_twice |= !names.insert(name);
            }
            Ok(is_twice)
        }
    }

    serde_json::Deserializer::from_slice(json)
        .deserialize_map(Names)
        .unwrap_or(false)
}

/// An object that says it is larger is asked for its own bytes, one step at a time, and never for others.
fn check_steps(file: &[u8], whole: &Container, more: u64) {
    let size = file.len() as u64 + more;
    let mut probe = Probe::new(size);
    loop {
        match probe.step() {
            ProbeStep::Known(found) => {
                assert!(more > 0 || found == *whole);
                check_container(&found, size);
                return;
            }
            ProbeStep::Read(ranges) => {
                let mut given = Vec::new();
                let mut end = 0;
                for range in ranges {
                    assert!(range.offset >= end && range.length > 0);
                    end = range.offset + range.length;
                    assert!(end <= size);
                    let byte = |at: u64| file.get(at as usize).copied().unwrap_or_default();
                    given.extend((range.offset..end).map(byte));
                }
                probe.give(&given).expect("as many bytes as were asked for");
            }
        }
    }
}

fn check_tensors(header: &Container, metadata: &Metadata) {
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
fn check_lenience(header: &Container, file_bytes: usize, error: &str) {
    let is_known = |dtype: &str| serde_json::from_value::<Dtype>(dtype.into()).is_ok();
    if header.tensors.iter().any(|tensor| !is_known(&tensor.dtype)) {
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
