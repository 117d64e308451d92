use super::*;
use crate::error::ErrorKind;

fn entry(raw: &[u8]) -> SegmentEntry {
    let Checksums {
        crc32,
        crc32c,
        crc64nvme,
        ..
    } = Checksums::of(raw);
    SegmentEntry {
        stored_sha256: Sha256::of(raw),
        stored_bytes: 70,
        crc32,
        crc32c,
        crc64nvme,
    }
}

fn example() -> Manifest {
    Manifest {
        name: "step \"1\"/é\u{2028}🙂\n.safetensors".into(),
        original: Checksums::of(b"123456789"),
        sha256: Some(Sha256::of(b"123456789")),
        container: ContainerRecord::new(ContainerKind::Opaque, "not safetensors"),
        segment_bytes: 5,
        base: Some(BaseReference {
            manifest: Some(Sha256::of(b"base")),
            bytes: 7,
            crc32: 1,
            crc64nvme: 2,
            depth: 2,
        }),
        segments: vec![entry(b"12345"), entry(b"6789")],
    }
}

fn written(manifest: &Manifest) -> String {
    String::from_utf8(manifest.write().unwrap()).unwrap()
}

fn kind_of(json: &str) -> ErrorKind {
    Manifest::read_from(json.as_bytes()).unwrap_err().kind()
}

#[test]
fn a_manifest_reads_back_and_its_form_is_frozen() {
    let manifest = example();
    let json = written(&manifest);
    assert_eq!(Manifest::read_from(json.as_bytes()).unwrap(), manifest);
    let expected = concat!(
        r#"{"format":"mithril-checkpoint","version":1,"codec":1,"#,
        r#""name":"step \"1\"/\u00e9\u2028\ud83d\ude42\u000a.safetensors","bytes":9,"#,
        r#""crc32":"cbf43926","crc32c":"e3069283","crc64nvme":"ae8b14860a799888","#,
        r#""sha256":"15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225","#,
        r#""container":{"kind":"opaque","reason":"not safetensors"},"segmentBytes":5,"#,
        r#""depth":3,"base":{"#,
    );
    assert!(json.starts_with(expected), "{json}");
    assert!(json.contains(
        r#","bytes":7,"crc32":"00000001","crc64nvme":"0000000000000002","depth":2},"segments":[["#
    ));
}

#[test]
fn absent_members_stay_absent() {
    let manifest = Manifest {
        name: String::new(),
        original: Checksums::EMPTY,
        sha256: None,
        container: ContainerRecord::new(ContainerKind::Opaque, "short"),
        segment_bytes: 16 << 20,
        base: None,
        segments: Vec::new(),
    };
    let json = written(&manifest);
    assert!(json.ends_with(r#""segmentBytes":16777216,"depth":0,"base":null,"segments":[]}"#));
    assert!(!json.contains("sha256"));
    assert_eq!(Manifest::read_from(json.as_bytes()).unwrap(), manifest);
    let plain_base = Manifest {
        base: example().base.map(|b| BaseReference {
            manifest: None,
            ..b
        }),
        ..manifest
    };
    assert_eq!(
        Manifest::read_from(written(&plain_base).as_bytes()).unwrap(),
        plain_base
    );
}

#[test]
fn a_newer_version_is_a_matter_of_compatibility() {
    let json = written(&example());
    assert_eq!(
        kind_of(&json.replace(r#""version":1"#, r#""version":2"#)),
        ErrorKind::Compatibility
    );
    let newer = r#"{"format":"mithril-checkpoint","version":1,"codec":9,"unknown":[]}"#;
    assert_eq!(kind_of(newer), ErrorKind::Compatibility);
}

#[test]
fn unknown_members_are_ignored_and_doubled_ones_refused() {
    let json = written(&example());
    let more = json.replacen('{', r#"{"later":[{"x":1}],"#, 1);
    assert_eq!(Manifest::read_from(more.as_bytes()).unwrap(), example());
    assert_eq!(
        kind_of(&json.replacen('{', r#"{"bytes":9,"#, 1)),
        ErrorKind::Corruption
    );
}

#[test]
fn parts_that_do_not_add_up_are_refused() {
    let json = written(&example());
    let broken = [
        (r#""bytes":9"#, r#""bytes":8"#),
        (r#""bytes":9"#, r#""bytes":11"#),
        (r#""bytes":9"#, r#""bytes":9.0"#),
        (r#""bytes":9"#, r#""bytes":-9"#),
        (r#""crc32":"cbf43926""#, r#""crc32":"cbf43927""#),
        (r#""crc32":"cbf43926""#, r#""crc32":"CBF43926""#),
        (r#""segmentBytes":5"#, r#""segmentBytes":0"#),
        (r#""segmentBytes":5"#, r#""segmentBytes":9"#),
        (r#""segmentBytes":5"#, r#""segmentBytes":268435457"#),
        (r#""depth":3"#, r#""depth":2"#),
        (r#""depth":2"#, r#""depth":4294967295"#),
        (",70,", ",0,"),
        ("[", "[["),
    ];
    for (from, to) in broken {
        assert!(json.contains(from), "{from}");
        assert_eq!(
            kind_of(&json.replacen(from, to, 1)),
            ErrorKind::Corruption,
            "{from} {to}"
        );
    }
    for end in 0..json.len() {
        assert_eq!(kind_of(&json[..end]), ErrorKind::Corruption, "cut at {end}");
    }
}

#[test]
fn a_chain_deeper_than_the_limit_is_neither_written_nor_read() {
    let at = |depth| Manifest {
        base: example().base.map(|base| BaseReference { depth, ..base }),
        ..example()
    };
    let json = written(&at(7));
    assert_eq!(
        at(8).write().unwrap_err().kind(),
        ErrorKind::InvalidArgument
    );
    let deeper = json
        .replace(r#""depth":8"#, r#""depth":9"#)
        .replace(r#""depth":7"#, r#""depth":8"#);
    assert_eq!(kind_of(&deeper), ErrorKind::Corruption);
}

#[test]
fn a_tebibyte_in_64_mib_segments_takes_less_than_4_mib() {
    let segment = SegmentEntry {
        crc32: 0,
        crc32c: 0,
        crc64nvme: 0,
        ..entry(b"")
    };
    let segment = SegmentEntry {
        stored_bytes: 67_000_000,
        ..segment
    };
    let count = Manifest::segment_count(1 << 40, 64 << 20);
    let mut manifest = Manifest {
        original: Checksums {
            bytes: 1 << 40,
            ..Checksums::EMPTY
        },
        segment_bytes: 64 << 20,
        segments: vec![segment; usize::try_from(count).unwrap()],
        ..example()
    };
    manifest.original = (0..count).fold(Checksums::EMPTY, |sum, index| {
        sum.then(segment.raw(manifest.segment_range(index).1))
    });
    let json = manifest.write().unwrap();
    assert!(json.len() < 4 << 20, "{}", json.len());
    assert_eq!(Manifest::read_from(&json).unwrap(), manifest);
}

#[test]
fn every_kind_of_container_survives_and_an_unknown_one_is_opaque() {
    for word in [
        "safetensors",
        "torch",
        "distcp",
        "npy",
        "npz",
        "gguf",
        "zip",
    ] {
        let kind = ContainerKind::from_word(word).unwrap();
        for reason in ["", "1 of 2 members pass through"] {
            let container = ContainerRecord {
                header_bytes: if word == "safetensors" { 9 } else { 0 },
                ..ContainerRecord::new(kind, reason)
            };
            let manifest = Manifest {
                container,
                ..example()
            };
            let json = manifest.write().unwrap();
            assert_eq!(Manifest::read_from(&json).unwrap(), manifest);
        }
    }
    let later =
        written(&example()).replace(r#""kind":"opaque""#, r#""kind":"later","headerBytes":3"#);
    let read = Manifest::read_from(later.as_bytes()).unwrap();
    assert_eq!(read.container.kind, ContainerKind::Opaque);
    assert!(read.container.reason.contains("does not know"));
    let headless = written(&example()).replace(r#""kind":"opaque""#, r#""kind":"safetensors""#);
    assert!(Manifest::read_from(headless.as_bytes()).is_err());
}
