//! GGUF files with every kind of metadata.

use super::*;

fn text(text: &str) -> Vec<u8> {
    [&(text.len() as u64).to_le_bytes(), text.as_bytes()].concat()
}

fn value(key: &str, kind: u32, bytes: &[u8]) -> Vec<u8> {
    [&text(key)[..], &kind.to_le_bytes(), bytes].concat()
}

fn tensor(name: &str, dims: &[u64], kind: u32, offset: u64) -> Vec<u8> {
    let mut bytes = text(name);
    bytes.extend_from_slice(&(dims.len() as u32).to_le_bytes());
    for dim in dims {
        bytes.extend_from_slice(&dim.to_le_bytes());
    }
    bytes.extend_from_slice(&kind.to_le_bytes());
    bytes.extend_from_slice(&offset.to_le_bytes());
    bytes
}

fn file(values: &[Vec<u8>], tensors: &[Vec<u8>], alignment: usize, data: usize) -> Vec<u8> {
    let mut bytes = b"GGUF\x03\0\0\0".to_vec();
    bytes.extend_from_slice(&(tensors.len() as u64).to_le_bytes());
    bytes.extend_from_slice(&(values.len() as u64).to_le_bytes());
    bytes.extend(values.concat());
    bytes.extend(tensors.concat());
    bytes.resize(bytes.len().next_multiple_of(alignment), 0);
    bytes.resize(bytes.len() + data, 7);
    bytes
}

fn sound() -> Vec<u8> {
    let array = |kind: u32, count: u64, bytes: &[u8]| {
        [&kind.to_le_bytes()[..], &count.to_le_bytes(), bytes].concat()
    };
    let words = [text("a"), text("bc")].concat();
    let nested = array(9, 1, &array(0, 3, &[1, 2, 3]));
    let values = [
        value("general.architecture", 8, &text("llama")),
        value("general.alignment", 4, &64u32.to_le_bytes()),
        value("tokens", 9, &array(8, 2, &words)),
        value("nested", 9, &nested),
        value("flag", 7, &[1]),
        value("wide", 10, &[0; 8]),
    ];
    let tensors = [
        tensor("w", &[4, 2], 0, 0),
        tensor("q", &[256], 12, 64),
        tensor("h", &[8], 30, 256),
    ];
    file(&values, &tensors, 64, 256 + 16)
}

#[test]
fn float_tensors_are_typed_and_quantised_ones_are_bytes() {
    let bytes = sound();
    let found = probe_bytes(&bytes);
    assert_eq!(found.kind, ContainerKind::Gguf, "{}", found.reason);
    assert!(found.reason.contains("1 of 3 tensors are quantised"));
    let data = bytes.len() as u64 - 272;
    let listed: Vec<_> = found
        .tensors
        .iter()
        .map(|t| {
            (
                t.name.as_str(),
                t.dtype.as_str(),
                t.shape.clone(),
                t.offset - data,
                t.length,
                t.kind,
            )
        })
        .collect();
    assert_eq!(
        listed,
        [
            ("w", "F32", vec![2, 4], 0, 32, ElementKind::Float32),
            ("q", "Q4_K", vec![256], 64, 144, ElementKind::Byte),
            ("h", "BF16", vec![8], 256, 16, ElementKind::Float16),
        ]
    );
}

#[test]
fn truncations_and_lies_are_opaque() {
    let bytes = sound();
    for end in 8..bytes.len() {
        assert_eq!(
            probe_bytes(&bytes[..end]).kind,
            ContainerKind::Opaque,
            "{end}"
        );
    }
    let one = |tensor: Vec<u8>| reason(probe_bytes(&file(&[], &[tensor], 32, 64)));
    assert!(one(tensor("w", &[1 << 62, 8], 0, 0)).contains("cannot be read"));
    assert!(one(tensor("w", &[16], 0, 64)).contains("out of range"));
    assert!(one(tensor("w", &[16], 0, u64::MAX - 3)).contains("out of range"));
    assert!(one(tensor("w", &[16], 99, 0)).contains("type 99"));
    assert!(one(tensor("w", &[1; 17], 0, 0)).contains("cannot be read"));
    let twice = [tensor("a", &[16], 0, 0), tensor("b", &[8], 0, 32)];
    assert!(reason(probe_bytes(&file(&[], &twice, 32, 64))).contains("overlap"));
    let deep = [9u32.to_le_bytes().as_slice(), &1u64.to_le_bytes()]
        .concat()
        .repeat(20);
    let deep = file(&[value("deep", 9, &deep)], &[], 32, 64);
    assert!(reason(probe_bytes(&deep)).contains("metadata cannot be read"));
    let many = [8u32.to_le_bytes().as_slice(), &u64::MAX.to_le_bytes()].concat();
    let many = file(&[value("many", 9, &many)], &[], 32, 64);
    assert!(reason(probe_bytes(&many)).contains("too long"));
}

#[test]
fn a_name_that_appears_twice_makes_the_file_opaque() {
    let tensors = [tensor("w", &[4], 0, 0), tensor("w", &[4], 0, 32)];
    let text = reason(probe_bytes(&file(&[], &tensors, 32, 48)));
    assert!(
        text.contains("\"w\" of the GGUF file appears twice"),
        "{text}"
    );
}
