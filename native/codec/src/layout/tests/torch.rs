//! Archives of `PyTorch`, written byte for byte as its writer does: stored members on 64-byte boundaries, sizes in a
//! data descriptor behind each member, a zip64 directory.

use super::*;

/// A zip as `PyTorch`'s writer makes it.
#[derive(Default)]
pub(super) struct Archive {
    bytes: Vec<u8>,
    directory: Vec<u8>,
    count: u64,
}

impl Archive {
    pub(super) fn with(mut self, name: &str, contents: &[u8]) -> Self {
        self.add(name, contents, 0);
        self
    }

    pub(super) fn add(&mut self, name: &str, contents: &[u8], method: u16) {
        let header_at = self.bytes.len() as u32;
        let mut fixed = [0; 30];
        fixed[..4].copy_from_slice(b"PK\x03\x04");
        fixed[6..8].copy_from_slice(&[8, 8]);
        fixed[8..10].copy_from_slice(&method.to_le_bytes());
        fixed[26..28].copy_from_slice(&(name.len() as u16).to_le_bytes());
        let data_at = self.bytes.len() + 30 + name.len() + 4;
        let padding = data_at.next_multiple_of(64) - data_at;
        fixed[28..30].copy_from_slice(&(padding as u16 + 4).to_le_bytes());
        self.bytes.extend_from_slice(&fixed);
        self.bytes.extend_from_slice(name.as_bytes());
        self.bytes.extend_from_slice(b"FB");
        self.bytes
            .extend_from_slice(&(padding as u16).to_le_bytes());
        self.bytes.extend(std::iter::repeat_n(b'Z', padding));
        self.bytes.extend_from_slice(contents);
        let size = (contents.len() as u32).to_le_bytes();
        let crc = crate::checksum::Checksums::of(contents).crc32.to_le_bytes();
        self.bytes
            .extend_from_slice(&[b"PK\x07\x08", &crc, &size, &size].map(|f| &f[..]).concat());
        let mut entry = [0; 46];
        entry[..4].copy_from_slice(b"PK\x01\x02");
        entry[8..10].copy_from_slice(&[8, 8]);
        entry[10..12].copy_from_slice(&method.to_le_bytes());
        entry[20..24].copy_from_slice(&size);
        entry[24..28].copy_from_slice(&size);
        entry[28..30].copy_from_slice(&(name.len() as u16).to_le_bytes());
        entry[42..46].copy_from_slice(&header_at.to_le_bytes());
        self.directory.extend_from_slice(&entry);
        self.directory.extend_from_slice(name.as_bytes());
        self.count += 1;
    }

    pub(super) fn finish(self) -> Vec<u8> {
        let Self {
            mut bytes,
            directory,
            count,
        } = self;
        let (start, length) = (bytes.len() as u64, directory.len() as u64);
        bytes.extend_from_slice(&directory);
        let record_at = bytes.len() as u64;
        bytes.extend_from_slice(b"PK\x06\x06");
        bytes.extend_from_slice(&44u64.to_le_bytes());
        bytes.extend_from_slice(&[0; 12]);
        for number in [count, count, length, start] {
            bytes.extend_from_slice(&number.to_le_bytes());
        }
        bytes.extend_from_slice(b"PK\x06\x07\0\0\0\0");
        bytes.extend_from_slice(&record_at.to_le_bytes());
        bytes.extend_from_slice(b"\x01\0\0\0PK\x05\x06\0\0\0\0");
        let count = (count as u16).to_le_bytes();
        bytes.extend_from_slice(&[count, count].concat());
        bytes.extend_from_slice(&(length as u32).to_le_bytes());
        bytes.extend_from_slice(&(start as u32).to_le_bytes());
        bytes.extend_from_slice(&[0, 0]);
        bytes
    }
}

/// The opcodes of `_rebuild_tensor_v2` of a storage of its own.
pub(super) fn tensor_ops(
    class: &str,
    key: &str,
    count: u32,
    shape: &[u8],
    strides: &[u8],
) -> Vec<u8> {
    let text = |text: &str| {
        let length = (text.len() as u32).to_le_bytes();
        [b"X", &length[..], text.as_bytes()].concat()
    };
    let tuple = |numbers: &[u8]| {
        let items: Vec<u8> = numbers.iter().flat_map(|&n| [b'K', n]).collect();
        [b"(", &items[..], b"t"].concat()
    };
    [
        b"ctorch._utils\n_rebuild_tensor_v2\n((".as_slice(),
        &text("storage"),
        format!("ctorch\n{class}\n").as_bytes(),
        &text(key),
        &text("cpu"),
        b"J",
        &count.to_le_bytes(),
        b"tQK\0",
        &tuple(shape),
        &tuple(strides),
        b"\x89ccollections\nOrderedDict\n)RtR",
    ]
    .concat()
}

/// A pickled dict of what these opcodes make.
pub(super) fn pickled(items: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut bytes = b"\x80\x02}q\0(".to_vec();
    for (name, ops) in items {
        bytes.extend_from_slice(b"X");
        bytes.extend_from_slice(&(name.len() as u32).to_le_bytes());
        bytes.extend_from_slice(name.as_bytes());
        bytes.extend_from_slice(ops);
    }
    bytes.extend_from_slice(b"u.");
    bytes
}

fn state_dict(root: &str) -> Vec<u8> {
    let pickle = pickled(&[
        ("w", tensor_ops("FloatStorage", "0", 6, &[2, 3], &[3, 1])),
        (
            "turned",
            tensor_ops("HalfStorage", "1", 6, &[2, 3], &[1, 2]),
        ),
        ("gaps", tensor_ops("LongStorage", "2", 6, &[3], &[2])),
    ]);
    Archive::default()
        .with(&format!("{root}/data.pkl"), &pickle)
        .with(&format!("{root}/byteorder"), b"little")
        .with(&format!("{root}/data/0"), &[1; 24])
        .with(&format!("{root}/data/1"), &[2; 12])
        .with(&format!("{root}/data/2"), &[3; 48])
        .with(&format!("{root}/version"), b"3\n")
        .finish()
}

fn region_kinds(bytes: &[u8]) -> Vec<(u64, ElementKind)> {
    let container = probe_bytes(bytes);
    plan_layout(&container, None)
        .iter()
        .map(|region| (region.length, region.kind))
        .filter(|(_, kind)| *kind != ElementKind::Byte)
        .collect()
}

#[test]
fn storages_and_tensors_are_found_without_unpickling() {
    let bytes = state_dict("model");
    let found = probe_bytes(&bytes);
    assert_eq!(
        (found.kind, found.reason.as_str()),
        (ContainerKind::Torch, "")
    );
    let place = |byte: u8| bytes.windows(12).position(|w| w == [byte; 12]).unwrap() as u64;
    let tensors: Vec<_> = found
        .tensors
        .iter()
        .map(|t| {
            (
                t.name.as_str(),
                t.dtype.as_str(),
                t.offset,
                t.length,
                t.order,
            )
        })
        .collect();
    assert_eq!(
        tensors,
        [
            ("w", "F32", place(1), 24, Order::RowMajor),
            ("turned", "F16", place(2), 12, Order::ColumnMajor),
            ("gaps", "I64", place(3), 40, Order::Strided),
        ]
    );
    assert_eq!(
        region_kinds(&bytes),
        [
            (24, ElementKind::Float32),
            (12, ElementKind::Float16),
            (48, ElementKind::Int64)
        ]
    );
}

#[test]
fn tensors_pair_by_name_though_the_archive_moved() {
    let old = state_dict("step-1");
    let new = state_dict("a-much-longer-name-of-the-archive-so-that-all-offsets-are-others/step-2");
    let new_flat = state_dict("a-much-longer-name-of-the-archive-so-that-all-offsets-are-others");
    // Only a root folder of one level is PyTorch's.
    assert_eq!(probe_bytes(&new).kind, ContainerKind::Zip);
    let regions = plan_layout(&probe_bytes(&new_flat), Some(&probe_bytes(&old)));
    let pairs: Vec<_> = regions
        .iter()
        .filter(|region| region.kind != ElementKind::Byte)
        .map(|region| {
            let slice =
                |bytes: &[u8], at: u64| bytes[at as usize..][..region.length as usize].to_vec();
            slice(&new_flat, region.offset) == slice(&old, region.base_offset.unwrap())
        })
        .collect();
    assert_eq!(pairs, [true; 3]);
    assert_eq!(
        regions.iter().map(|r| r.length).sum::<u64>(),
        new_flat.len() as u64
    );
}

#[test]
fn small_storages_share_a_region_with_the_headers_between_them() {
    let archive = |count: u8, root: &str| {
        let keys: Vec<String> = (0..count).map(|key| key.to_string()).collect();
        let items: Vec<(&str, Vec<u8>)> = keys
            .iter()
            .map(|key| {
                (
                    key.as_str(),
                    tensor_ops("FloatStorage", key, 300, &[75, 4], &[4, 1]),
                )
            })
            .collect();
        let mut archive = Archive::default().with(&format!("{root}/data.pkl"), &pickled(&items));
        for key in &keys {
            archive.add(&format!("{root}/data/{key}"), &[7; 1200], 0);
        }
        archive.finish()
    };
    let bytes = archive(50, "m");
    let found = probe_bytes(&bytes);
    assert_eq!(found.tensors.len(), 50);
    let regions = plan_layout(&found, None);
    let kinds: Vec<_> = regions.iter().map(|region| region.kind).collect();
    // Between headers and directory: the long pickle, and all tensors.
    let (text, data) = (ElementKind::Byte, ElementKind::Float32);
    assert_eq!(kinds, [text, ElementKind::Probe, text, data, text]);
    // Where the archive moved, the base is not contiguous: the regions stay apart.
    let moved = probe_bytes(&archive(
        50,
        "a-longer-name-of-the-archive-so-that-its-headers-grow-by-a-block-of-64",
    ));
    assert!(plan_layout(&moved, Some(&found)).len() > 50);
}

#[test]
fn compressed_members_pass_through_and_are_counted() {
    let mut archive = Archive::default().with("m/data.pkl", &pickled(&[]));
    archive.add("m/code/x.py", &[0; 5000], 8);
    let found = probe_bytes(&archive.finish());
    assert_eq!(found.kind, ContainerKind::Torch);
    assert!(
        found.reason.contains("1 of 2 members are compressed"),
        "{}",
        found.reason
    );
}

#[test]
fn a_big_endian_archive_is_probed_and_says_so() {
    let pickle = pickled(&[("w", tensor_ops("FloatStorage", "0", 2000, &[2], &[1]))]);
    let archive = Archive::default()
        .with("m/data.pkl", &pickle)
        .with("m/byteorder", b"big")
        .with("m/data/0", &[0; 8000]);
    let bytes = archive.finish();
    let found = probe_bytes(&bytes);
    assert!(found.reason.contains("big-endian") && found.tensors.is_empty());
    assert_eq!(region_kinds(&bytes), [(8000, ElementKind::Probe)]);
}

#[test]
fn the_format_of_before_the_zip_is_opaque_and_says_so() {
    let mut bytes = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.".to_vec();
    bytes.resize(1000, 7);
    assert!(reason(probe_bytes(&bytes)).contains("before PyTorch 1.6"));
}

#[test]
fn every_truncation_is_covered_and_opaque() {
    let bytes = state_dict("m");
    for end in 0..bytes.len() {
        let found = probe_bytes(&bytes[..end]);
        assert_eq!(found.kind, ContainerKind::Opaque, "{end}");
        let regions = plan_layout(&found, Some(&probe_bytes(&bytes)));
        assert_eq!(regions.iter().map(|r| r.length).sum::<u64>(), end as u64);
    }
}

#[test]
fn members_that_overlap_or_lie_elsewhere_are_refused() {
    let sound = state_dict("m");
    let entries: Vec<usize> = (0..sound.len() - 4)
        .filter(|&at| sound[at..].starts_with(b"PK\x01\x02"))
        .collect();
    let with = |at: usize, value: u32| {
        let mut bytes = sound.clone();
        bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
        reason(probe_bytes(&bytes))
    };
    // Length, and offset of the local header, of the third member.
    assert!(with(entries[2] + 20, 200).contains("overlap"));
    assert!(with(entries[2] + 20, 1 << 30).contains("overlap"));
    assert!(with(entries[5] + 20, 1 << 30).contains("reaches into its directory"));
    assert!(with(entries[2] + 42, 1).contains("not where its directory says"));
    assert!(with(entries[2] + 42, 0xffff_ff00).contains("beyond the end"));
    assert!(with(entries[2] + 42, u32::MAX).contains("cannot be read"));
}

proptest! {
    #[test]
    fn a_flipped_byte_never_breaks_the_cover(at in 0usize..1600, value: u8) {
        let mut bytes = state_dict("m");
        let at = at % bytes.len();
        bytes[at] = value;
        let found = probe_bytes(&bytes);
        let mut end = 0;
        for region in plan_layout(&found, Some(&probe_bytes(&state_dict("m")))) {
            prop_assert_eq!(region.offset, end);
            prop_assert!(region.length > 0);
            end = region.end();
        }
        prop_assert_eq!(end, bytes.len() as u64);
        for tensor in &found.tensors {
            prop_assert!(tensor.offset + tensor.length <= bytes.len() as u64);
        }
    }
}
