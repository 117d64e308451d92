//! Blobs of torch.distributed.checkpoint, one after the other.

use super::torch::{Archive, pickled, tensor_ops};
use super::*;

/// `torch.save` of one tensor: the order of members is that of `PyTorch` 2.15.
fn saved(class: &str, shape: &[u8], data: &[u8], count: u32) -> Vec<u8> {
    let strides: Vec<u8> = shape.iter().map(|_| 1).collect();
    let pickle = [
        b"\x80\x02",
        &tensor_ops(class, "0", count, shape, &strides)[..],
        b".",
    ]
    .concat();
    Archive::default()
        .with("archive/data.pkl", &pickle)
        .with("archive/.format_version", b"1")
        .with("archive/byteorder", b"little")
        .with("archive/data/0", data)
        .with("archive/version", b"3\n")
        .with("archive/.data/serialization_id", &[b'7'; 40])
        .finish()
}

fn object(number: u8) -> Vec<u8> {
    Archive::default()
        .with("archive/data.pkl", &[0x80, 2, b'K', number, b'.'])
        .with("archive/version", b"3\n")
        .finish()
}

fn typed(container: &Container, base: Option<&Container>) -> Vec<(u64, ElementKind, bool)> {
    let regions = plan_layout(container, base);
    let typed = regions.iter().filter(|r| r.kind != ElementKind::Byte);
    typed
        .map(|r| (r.length, r.kind, r.base_offset.is_some()))
        .collect()
}

#[test]
fn storages_of_all_blobs_are_found_without_metadata() {
    let bytes = [
        object(1),
        saved("FloatStorage", &[200, 200], &vec![3; 160_000], 40_000),
        super::file(
            r#"{"t":{"dtype":"BF16","shape":[4],"data_offsets":[0,8]}}"#,
            8,
        ),
        saved("HalfStorage", &[6], &[4; 12], 6),
    ]
    .concat();
    let found = probe_bytes(&bytes);
    assert_eq!(found.kind, ContainerKind::Distcp, "{}", found.reason);
    assert!(found.reason.starts_with("4 blobs"), "{}", found.reason);
    assert_eq!(
        typed(&found, None),
        [
            (160_000, ElementKind::Float32, false),
            (8, ElementKind::Float16, false),
            (12, ElementKind::Float16, false),
        ]
    );
}

#[test]
fn storages_pair_by_type_shape_and_their_number_among_their_like() {
    let float = |byte| saved("FloatStorage", &[10], &[byte; 40], 10);
    let half = || saved("HalfStorage", &[6], &[4; 12], 6);
    let old = probe_bytes(&[float(1), float(2)].concat());
    let bytes = [half(), float(1), object(7), float(2)].concat();
    let regions = plan_layout(&probe_bytes(&bytes), Some(&old));
    let pairs: Vec<_> = regions
        .iter()
        .filter(|r| r.kind == ElementKind::Float32)
        .collect();
    assert_eq!(pairs.len(), 2);
    let first = plan_layout(&old, None)
        .iter()
        .find(|r| r.kind == ElementKind::Float32)
        .map(|r| r.offset);
    assert_eq!(pairs[0].base_offset, first);
    assert!(pairs[1].base_offset > first);
}

/// What is found, the bytes read, and how often was asked.
fn probe_by_steps(bytes: &[u8]) -> (Container, usize, usize) {
    let mut probe = Probe::new(bytes.len() as u64);
    let (mut read, mut steps) = (0, 0);
    loop {
        match probe.step() {
            ProbeStep::Known(found) => return (found, read, steps),
            ProbeStep::Read(ranges) => {
                let slice = |r: &ByteRange| bytes[r.offset as usize..r.end() as usize].to_vec();
                let given: Vec<u8> = ranges.iter().flat_map(slice).collect();
                read += given.len();
                steps += 1;
                probe.give(&given).unwrap();
            }
        }
    }
}

#[test]
fn a_blob_of_many_storages_goes_on_where_bytes_were_missing() {
    let keys: Vec<String> = (0..40).map(|key| key.to_string()).collect();
    let tensor = |key| tensor_ops("FloatStorage", key, 10_000, &[100, 100], &[100, 1]);
    let items: Vec<_> = keys.iter().map(|key| (&key[..], tensor(key))).collect();
    let mut archive = Archive::default().with("archive/data.pkl", &pickled(&items));
    for key in &keys {
        archive = archive.with(&format!("archive/data/{key}"), &vec![1; 40_000]);
    }
    let bytes = [object(1), archive.finish()].concat();
    let (found, read, steps) = probe_by_steps(&bytes);
    let whole = (40_000, ElementKind::Float32, false);
    assert_eq!(typed(&found, None), vec![whole; 40]);
    // The first 256 KiB at once; after that a read for each storage.
    assert!(steps < 45 && read < 1_200_000, "{read} in {steps}");
}

#[test]
fn a_walk_reads_little_and_jumps_over_storages() {
    let blob = saved("FloatStorage", &[250, 200], &vec![3; 200_000], 50_000);
    let bytes = blob.repeat(20);
    let (found, read, _) = probe_by_steps(&bytes);
    assert_eq!(
        (found.kind, typed(&found, None).len()),
        (ContainerKind::Distcp, 20)
    );
    assert!(read < bytes.len() / 3, "{read} of {}", bytes.len());
}

#[test]
fn truncations_and_lying_sizes_are_opaque() {
    let bytes = [
        object(1),
        saved("FloatStorage", &[10], &[3; 40], 10),
        object(2),
    ]
    .concat();
    let ends = [object(1).len(), bytes.len() - object(2).len()];
    for end in (0..bytes.len()).filter(|end| !ends.contains(end)) {
        assert_eq!(
            probe_bytes(&bytes[..end]).kind,
            ContainerKind::Opaque,
            "{end}"
        );
    }
    let lying = [object(1), saved("FloatStorage", &[10], &[3; 40], 11)].concat();
    assert_eq!(probe_bytes(&lying).kind, ContainerKind::Opaque);
}

proptest! {
    #[test]
    fn a_changed_byte_never_breaks_the_cover(at: usize, value: u8) {
        let mut bytes = [object(1), saved("FloatStorage", &[10], &[3; 40], 10), object(2)].concat();
        let at = at % bytes.len();
        bytes[at] = value;
        let regions = plan_layout(&probe_bytes(&bytes), None);
        let mut end = 0;
        for region in &regions {
            prop_assert_eq!(region.offset, end);
            end = region.end();
        }
        prop_assert_eq!(end, bytes.len() as u64);
    }
}
