#![expect(
    clippy::cast_possible_truncation,
    reason = "files of a few kilobytes, made here"
)]

use std::fmt::Write as _;

use super::*;
use crate::segment::ByteRange;
use proptest::prelude::*;

mod distcp;
mod gguf;
mod numpy;
mod torch;

/// A safetensors file: this header text, then `data` zero bytes.
fn file(json: &str, data: usize) -> Vec<u8> {
    let mut bytes = (json.len() as u64).to_le_bytes().to_vec();
    bytes.extend_from_slice(json.as_bytes());
    bytes.resize(bytes.len() + data, 0);
    bytes
}

fn probe(json: &str, data: usize) -> Container {
    probe_bytes(&file(json, data))
}

fn reason(container: Container) -> String {
    assert_eq!(container.kind, ContainerKind::Opaque);
    container.reason
}

/// What is known of an object of which only the head can be read.
fn probe_head(head: &[u8], object_bytes: u64) -> ProbeStep {
    let mut probe = Probe::new(object_bytes);
    loop {
        match probe.step() {
            ProbeStep::Read(ranges) if ranges[0].end() <= head.len() as u64 => {
                let range = ranges[0].offset as usize..ranges[0].end() as usize;
                probe.give(&head[range]).unwrap();
            }
            step => return step,
        }
    }
}

fn header(tensors: &[(&str, &str, &[u64], u64)]) -> Container {
    let mut offset = 0;
    let fields: Vec<String> = tensors
        .iter()
        .map(|(name, dtype, shape, length)| {
            let start = offset;
            offset += length;
            format!(
                r#""{name}":{{"dtype":"{dtype}","shape":{shape:?},"data_offsets":[{start},{offset}]}}"#
            )
        })
        .collect();
    probe(
        &format!("{{{}}}", fields.join(",")),
        usize::try_from(offset).unwrap(),
    )
}

#[test]
fn a_sound_header_gives_its_tensors_in_order_of_offset() {
    let found = probe(
        r#"{"__metadata__":{"format":"pt"},"b":{"dtype":"F32","shape":[2],"data_offsets":[6,14]},"a":{"dtype":"BF16","shape":[3,1],"data_offsets":[0,6]} }  "#,
        14,
    );
    let listed: Vec<_> = found
        .tensors
        .iter()
        .map(|t| (t.name.as_str(), t.offset, t.length, t.kind))
        .collect();
    let start = found.header_bytes;
    assert_eq!(
        listed,
        [
            ("a", start, 6, ElementKind::Float16),
            ("b", start + 6, 8, ElementKind::Float32)
        ]
    );
}

#[test]
fn every_dtype_of_safetensors_has_its_size_checked_and_a_kind() {
    use ElementKind as K;
    let known: [(&str, &[u64], u64, K); 21] = [
        ("F4", &[2], 1, K::Byte),
        ("F6_E2M3", &[4], 3, K::Byte),
        ("F6_E3M2", &[4], 3, K::Byte),
        ("BOOL", &[3], 3, K::Byte),
        ("U8", &[3], 3, K::Byte),
        ("I8", &[3], 3, K::Byte),
        ("F8_E5M2", &[3], 3, K::Byte),
        ("F8_E4M3", &[3], 3, K::Byte),
        ("F8_E8M0", &[3], 3, K::Byte),
        ("I16", &[3], 6, K::Int16),
        ("U16", &[3], 6, K::Int16),
        ("F16", &[3], 6, K::Float16),
        ("BF16", &[3], 6, K::Float16),
        ("I32", &[3], 12, K::Int32),
        ("U32", &[3], 12, K::Int32),
        ("F32", &[3], 12, K::Float32),
        ("C64", &[3], 24, K::Float32),
        ("I64", &[3], 24, K::Int64),
        ("U64", &[3], 24, K::Int64),
        ("F64", &[], 8, K::Float64),
        ("F99_NEW", &[3], 7, K::Probe),
    ];
    for (dtype, shape, length, kind) in known {
        let sound = header(&[("t", dtype, shape, length)]);
        assert_eq!(sound.tensors[0].kind, kind, "{dtype}");
        if kind != K::Probe {
            let text = reason(header(&[("t", dtype, shape, length + 1)]));
            assert!(text.contains("does not fill"), "{dtype}: {text}");
        }
    }
    assert!(reason(header(&[("t", "F4", &[3], 2)])).contains("does not fill"));
    assert!(reason(header(&[("t", "F32", &[1 << 62, 8], 0)])).contains("does not fill"));
}

#[test]
fn a_broken_header_is_opaque_and_says_why() {
    let one =
        |offsets: &str| format!(r#"{{"t":{{"dtype":"U8","shape":[2],"data_offsets":{offsets}}}}}"#);
    let cases: &[(&str, usize, &str)] = &[
        ("[1]", 0, "does not start with {"),
        ("{not json}", 0, "cannot be read"),
        (r#"{"a":1}"#, 0, "cannot be read"),
        ("{} x", 0, "trailing characters"),
        (&one("[0,2]"), 3, "no tensor covers the last 1 bytes"),
        (&one("[1,3]"), 3, "no tensor covers the 1 bytes in front"),
        (&one("[0,2]"), 1, "past the end of the object"),
        (&one("[2,0]"), 2, "ends before it starts"),
        (
            &one("[18446744073709551613,18446744073709551615]"),
            2,
            "out of range",
        ),
        (&one("[-1,1]"), 2, "cannot be read"),
        (&one("[0,2,4]"), 2, "cannot be read"),
        (
            r#"{"t":{"dtype":"U8","shape":[2]}}"#,
            2,
            "missing field `data_offsets`",
        ),
        (
            r#"{"__metadata__":{},"__metadata__":{}}"#,
            0,
            "__metadata__ appears twice",
        ),
    ];
    for (json, data, expected) in cases {
        let text = reason(probe(json, *data));
        assert!(text.contains(expected), "{json}: {text}");
    }
}

#[test]
fn overlapping_tensors_and_duplicate_names_are_opaque() {
    let two = |names: [&str; 2], second: &str| {
        let [a, b] = names;
        probe(
            &format!(
                r#"{{"{a}":{{"dtype":"U8","shape":[2],"data_offsets":[0,2]}},"{b}":{{"dtype":"U8","shape":[2],"data_offsets":{second}}}}}"#
            ),
            4,
        )
    };
    let sound = two(["a", "b"], "[2,4]");
    assert_eq!(sound.kind, ContainerKind::Safetensors);
    assert!(reason(two(["a", "b"], "[1,3]")).contains("overlaps"));
    assert!(reason(two(["a", "a"], "[2,4]")).contains("appears twice"));
    // The same name, once spelled with an escape.
    assert!(reason(two(["a", "\\u0061"], "[2,4]")).contains("appears twice"));
    let twice = r#"{"t":{"dtype":"U8","dtype":"I8","shape":[1],"data_offsets":[0,1]}}"#;
    assert!(reason(probe(twice, 1)).contains("dtype of tensor \"t\" appears twice"));
}

#[test]
fn header_lengths_are_bounded_by_the_limit_and_the_object() {
    let known = |head: &[u8], object_bytes| match probe_head(head, object_bytes) {
        ProbeStep::Known(container) => reason(container),
        ProbeStep::Read(ranges) => panic!("{ranges:?}"),
    };
    let head = |json_bytes: u64| {
        let mut head = json_bytes.to_le_bytes().to_vec();
        head.resize(256 << 10, b'{');
        head
    };
    let over = known(&head(HEADER_BYTES_MAX + 1), 1 << 40);
    assert!(over.contains("over the limit of 100000000"));
    let (offset, length) = (256 << 10, HEADER_BYTES_MAX + 8 - (256 << 10));
    assert_eq!(
        probe_head(&head(HEADER_BYTES_MAX), 1 << 40),
        ProbeStep::Read(vec![ByteRange { offset, length }])
    );
    assert!(known(&head(1 << 20)[..107], 107).contains("longer than the object"));
    assert!(reason(probe_bytes(&[1, 2, 3])).contains("shorter than"));
    assert!(reason(probe_bytes(&[])).contains("shorter than"));
    let (offset, length) = (0, 8);
    assert_eq!(
        probe_head(&[], 8),
        ProbeStep::Read(vec![ByteRange { offset, length }])
    );
    assert!(reason(probe_bytes(&[0; 8])).contains("cannot be read"));
}

#[test]
fn a_probe_takes_only_as_many_bytes_as_it_asked_for() {
    let mut probe = Probe::new(100);
    assert!(matches!(probe.step(), ProbeStep::Read(_)));
    assert!(probe.give(&[0; 99]).is_err());
    assert!(probe.give(&[0; 100]).is_ok());
}

#[test]
fn nesting_without_end_is_an_error_not_a_stack_overflow() {
    let deep = format!(r#"{{"__metadata__":{}"#, "[".repeat(1_000_000));
    assert!(reason(probe(&deep, 0)).contains("cannot be read"));
}

#[test]
fn more_tensors_than_the_limit_are_opaque() {
    let mut json = String::from("{");
    for index in 0..=TENSOR_COUNT_MAX {
        let comma = if index == 0 { "" } else { "," };
        write!(
            json,
            r#"{comma}"{index}":{{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}"#
        )
        .unwrap();
    }
    json.push('}');
    assert!(reason(probe(&json, 0)).contains("more than 1000000 tensors"));
}

#[test]
fn tensors_are_paired_by_name_dtype_and_shape() {
    let base = header(&[
        ("moved", "F32", &[400_000], 1_600_000),
        ("reshaped", "F32", &[8], 32),
        ("recast", "F16", &[8], 16),
        ("kept", "I64", &[2], 16),
    ]);
    let target = header(&[
        ("kept", "I64", &[2], 16),
        ("recast", "BF16", &[8], 16),
        ("reshaped", "F32", &[2, 4], 32),
        ("new", "U8", &[5], 5),
        ("moved", "F32", &[400_000], 1_600_000),
    ]);
    let regions = plan_layout(&target, Some(&base));
    let (target, base) = (target.tensors, base.tensors);
    let mapped: Vec<_> = regions
        .iter()
        .map(|r| (r.offset, r.length, r.base_offset))
        .collect();
    assert_eq!(
        mapped[1..],
        [
            (target[0].offset, 16, Some(base[3].offset)),
            (target[1].offset, 16, None),
            (target[2].offset, 32, None),
            (target[3].offset, 5, None),
            (target[4].offset, 1_600_000, Some(base[0].offset)),
        ]
    );
}

#[test]
fn headers_of_equal_length_are_paired_and_others_are_not() {
    let one = header(&[("a", "U8", &[1], 1)]);
    let same = header(&[("b", "U8", &[1], 1)]);
    let longer = header(&[("long", "U8", &[1], 1)]);
    assert_eq!(plan_layout(&one, Some(&same))[0].base_offset, Some(0));
    assert_eq!(plan_layout(&one, Some(&longer))[0].base_offset, None);
    assert_eq!(plan_layout(&one, None)[0].base_offset, None);
}

#[test]
fn small_neighbours_of_one_kind_share_a_region_up_to_a_block() {
    let small: Vec<(String, u64)> = (0..200).map(|i| (format!("t{i:03}"), 40_000)).collect();
    let tensors: Vec<(&str, &str, &[u64], u64)> = small
        .iter()
        .map(|(name, bytes)| (name.as_str(), "F32", &[10_000][..], *bytes))
        .collect();
    let target = header(&tensors);
    let regions = plan_layout(&target, None);
    assert_eq!(regions.len(), 1 + 200_usize.div_ceil(13));
    assert!(regions[1..].iter().all(|r| r.length <= 4 * 128 * 1024));
    // Counterparts that are not adjacent keep their regions apart.
    let mut shuffled = tensors.clone();
    shuffled.reverse();
    let base = header(&shuffled);
    assert_eq!(plan_layout(&target, Some(&base)).len(), 201);
}

#[test]
fn opaque_objects_are_paired_only_at_equal_size() {
    let opaque = |bytes| Container::opaque("text", bytes);
    let whole = |base_offset| {
        vec![Region {
            offset: 0,
            length: 9,
            kind: ElementKind::Probe,
            base_offset,
        }]
    };
    assert_eq!(plan_layout(&opaque(9), Some(&opaque(9))), whole(Some(0)));
    assert_eq!(plan_layout(&opaque(9), Some(&opaque(8))), whole(None));
    let tensors = header(&[("a", "U8", &[1], 1)]);
    assert_eq!(plan_layout(&opaque(9), Some(&tensors)), whole(None));
    assert_eq!(plan_layout(&opaque(0), None), []);
}

proptest! {
    #[test]
    fn regions_cover_the_object_exactly_whatever_the_tensors(lengths in proptest::collection::vec((0u64..900_000, 0usize..4), 0..40), drop_last: bool) {
        let dtypes = ["U8", "F16", "F32", "F64"];
        let names: Vec<String> = (0..lengths.len()).map(|i| format!("n{i}")).collect();
        let shapes: Vec<[u64; 1]> = lengths.iter().map(|(n, d)| [n >> d]).collect();
        let tensors: Vec<(&str, &str, &[u64], u64)> = lengths
            .iter()
            .enumerate()
            .map(|(i, (_, d))| (names[i].as_str(), dtypes[*d], &shapes[i][..], shapes[i][0] << d))
            .collect();
        let target = header(&tensors);
        let base = header(&tensors[usize::from(drop_last && !tensors.is_empty())..]);
        let bytes = target.header_bytes + tensors.iter().map(|t| t.3).sum::<u64>();
        for regions in [plan_layout(&target, None), plan_layout(&target, Some(&base))] {
            let mut end = 0;
            for region in regions {
                prop_assert_eq!(region.offset, end);
                prop_assert!(region.length > 0);
                end = region.end();
            }
            prop_assert_eq!(end, bytes);
        }
    }

    #[test]
    fn any_bytes_give_a_container_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), size: u64) {
        let _ = probe_head(&bytes, size);
        let _ = probe_bytes(&bytes);
        let mut framed = (bytes.len() as u64).to_le_bytes().to_vec();
        framed.extend_from_slice(&bytes);
        let _ = probe_bytes(&framed);
    }
}

#[test]
fn a_reason_is_short_and_plain_ascii_whatever_the_names_are() {
    let name = "é\u{2028}".repeat(300);
    let text = reason(probe(
        &format!(r#"{{"{name}":{{"dtype":"U8","shape":[2],"data_offsets":[0,1]}}}}"#),
        1,
    ));
    assert!(text.starts_with(r#"tensor "\u{e9}"#), "{text}");
    assert!(text.len() <= REASON_BYTES_MAX && text.is_ascii());
}
