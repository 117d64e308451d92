//! Arrays of numpy, alone and in zips.

use super::torch::Archive;
use super::*;

fn npy(literal: &str, data: &[u8]) -> Vec<u8> {
    let mut text = literal.to_owned();
    while !(10 + text.len() + 1).is_multiple_of(64) {
        text.push(' ');
    }
    text.push('\n');
    let length = (text.len() as u16).to_le_bytes();
    [b"\x93NUMPY\x01\0", &length[..], text.as_bytes(), data].concat()
}

fn literal(descr: &str, fortran: &str, shape: &str) -> String {
    format!("{{'descr': {descr}, 'fortran_order': {fortran}, 'shape': {shape}, }}")
}

#[test]
fn an_array_is_typed_by_its_header() {
    let cases = [
        (
            "'<f4'",
            "False",
            "(2, 3)",
            24,
            Some("F32"),
            ElementKind::Float32,
        ),
        (
            "'<f2'",
            "True",
            "(2, 3)",
            12,
            Some("F16"),
            ElementKind::Float16,
        ),
        ("'|b1'", "False", "(3,)", 3, Some("BOOL"), ElementKind::Byte),
        (
            "'<c16'",
            "False",
            "()",
            16,
            Some("C128"),
            ElementKind::Float64,
        ),
        ("'<i8'", "False", "(1,)", 8, Some("I64"), ElementKind::Int64),
        (
            "'|V2'",
            "False",
            "(4,)",
            8,
            Some("V2"),
            ElementKind::Float16,
        ),
        ("'>f4'", "False", "(2, 3)", 24, None, ElementKind::Probe),
        (
            "[('a', '<f4')]",
            "False",
            "(6,)",
            24,
            None,
            ElementKind::Probe,
        ),
        ("'<f4'", "False", "(2, 4)", 24, None, ElementKind::Probe),
        ("'|O'", "False", "(1,)", 24, None, ElementKind::Probe),
    ];
    for (descr, fortran, shape, data, dtype, kind) in cases {
        let bytes = npy(&literal(descr, fortran, shape), &vec![7; data]);
        let found = probe_bytes(&bytes);
        assert_eq!(found.kind, ContainerKind::Npy, "{descr}: {}", found.reason);
        assert_eq!(
            found.tensors.first().map(|t| t.dtype.as_str()),
            dtype,
            "{descr}"
        );
        let regions = plan_layout(&found, None);
        assert_eq!(
            (regions[1].offset, regions[1].length, regions[1].kind),
            (128, data as u64, kind)
        );
    }
    let column = probe_bytes(&npy(&literal("'<f2'", "True", "(2, 3)"), &[7; 12]));
    assert_eq!(column.tensors[0].order, Order::ColumnMajor);
}

#[test]
fn a_broken_header_is_opaque() {
    let sound = npy(&literal("'<f4'", "False", "(2,)"), &[7; 8]);
    for end in 8..136 - 8 {
        assert_eq!(
            probe_bytes(&sound[..end]).kind,
            ContainerKind::Opaque,
            "{end}"
        );
    }
    for (from, to) in [
        ("(2,)", "(-2,)"),
        ("(2,)", "[2,]"),
        ("False", "Maybe"),
        ("'shape'", "'shade'"),
    ] {
        let broken = literal("'<f4'", "False", "(2,)").replace(from, to);
        let text = reason(probe_bytes(&npy(&broken, &[7; 8])));
        assert!(text.contains("numpy"), "{text}");
    }
}

#[test]
fn of_arrays_with_one_name_the_first_has_it() {
    let array = |data: &[u8]| npy(&literal("'<f4'", "False", "(2,)"), data);
    let mut archive = Archive::default().with("w.npy", &array(&[1; 8]));
    archive.add("w", &array(&[2; 8]), 0);
    let bytes = archive.finish();
    let found = probe_bytes(&bytes);
    assert_eq!(found.kind, ContainerKind::Npz);
    assert_eq!(found.tensors.len(), 1);
    assert_eq!(bytes[found.tensors[0].offset as usize], 1);
    let typed = plan_layout(&found, Some(&found));
    let typed = typed
        .iter()
        .filter(|region| region.kind == ElementKind::Float32);
    assert_eq!(typed.count(), 2);
}

#[test]
fn stored_arrays_of_a_zip_are_typed_and_deflated_ones_pass_through() {
    let array = |shape: &str, data: &[u8]| npy(&literal("'<f4'", "False", shape), data);
    let mut archive = Archive::default().with("w.npy", &array("(2,)", &[1; 8]));
    archive.add("packed.npy", &[9; 5000], 8);
    archive.add("note.txt", b"text", 0);
    archive.add("b.npy", &array("(3,)", &[2; 12]), 0);
    let bytes = archive.finish();
    let found = probe_bytes(&bytes);
    assert_eq!(found.kind, ContainerKind::Npz);
    assert!(
        found.reason.contains("1 of 4 members are compressed"),
        "{}",
        found.reason
    );
    let names: Vec<_> = found
        .tensors
        .iter()
        .map(|t| (t.name.as_str(), t.length))
        .collect();
    assert_eq!(names, [("w", 8), ("b", 12)]);
    for tensor in &found.tensors {
        let at = tensor.offset as usize;
        assert!(
            bytes[at..at + tensor.length as usize]
                .iter()
                .all(|&b| b == bytes[at])
        );
    }
    let typed = plan_layout(&found, Some(&found));
    let typed: Vec<_> = typed
        .iter()
        .filter(|r| r.kind == ElementKind::Float32)
        .collect();
    assert_eq!(typed.len(), 2);
    assert!(typed.iter().all(|r| r.base_offset == Some(r.offset)));
}
