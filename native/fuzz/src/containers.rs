//! Containers of every kind, from hostile bytes: what is found lies within the object, and finding it is bounded.

use arbitrary::{Arbitrary, Unstructured};
use mithril_checkpoint::layout::{
    Container, ContainerKind, PROBE_BYTES_MAX, PROBE_RANGES_MAX, PROBE_STEPS_MAX, Probe, ProbeStep,
    REASON_BYTES_MAX, Region, plan_layout, probe_bytes,
};

use super::archive::Archive;

/// The first byte of an input says what the rest is: an object, what follows a magic, or an archive to be built.
pub fn check(data: &[u8]) {
    let Some((&mode, rest)) = data.split_first() else {
        return;
    };
    let object = match mode % 6 {
        0 => rest.to_vec(),
        1 => [b"\x93NUMPY", rest].concat(),
        2 => [b"GGUF", rest].concat(),
        mode => {
            let Ok(archive) = Archive::arbitrary(&mut Unstructured::new(rest)) else {
                return;
            };
            let object = archive.write();
            // Archives that follow each other are what a `.distcp` file is.
            if mode == 5 {
                [&object[..], &object].concat()
            } else {
                object
            }
        }
    };
    let found = probe(&object);
    check_container(&found, object.len() as u64);
    assert_eq!(found, probe_bytes(&object));
}

/// Recognises an object; every range asked for is within it, and all of them are within the limits.
fn probe(object: &[u8]) -> Container {
    let size = object.len() as u64;
    let mut probe = Probe::new(size);
    let (mut steps, mut count, mut bytes) = (0, 0, 0);
    loop {
        let ranges = match probe.step() {
            ProbeStep::Known(container) => return container,
            ProbeStep::Read(ranges) => ranges,
        };
        let mut given = Vec::new();
        let mut end = 0;
        for range in &ranges {
            assert!(
                range.offset >= end && range.length > 0 && range.end() <= size,
                "{ranges:?}"
            );
            end = range.end();
            given.extend_from_slice(&object[range.offset as usize..end as usize]);
        }
        steps += 1;
        count += ranges.len();
        bytes += given.len() as u64;
        assert!(!ranges.is_empty() && steps <= PROBE_STEPS_MAX);
        assert!(count <= PROBE_RANGES_MAX && bytes <= PROBE_BYTES_MAX);
        // What was read once is not read again, but for what lies between ranges.
        assert!(
            bytes <= size * 4 + (1 << 20),
            "{bytes} bytes read of {size}"
        );
        probe.give(&given).expect("as many bytes as asked for");
    }
}

/// What holds for every container.
pub fn check_container(found: &Container, size: u64) {
    assert_eq!(found.object_bytes, size);
    assert!(found.reason.len() <= REASON_BYTES_MAX && found.reason.is_ascii());
    if found.kind == ContainerKind::Opaque {
        assert!(found.tensors.is_empty());
    }
    let mut names = std::collections::HashSet::new();
    let mut offset = 0;
    for tensor in &found.tensors {
        assert!(tensor.offset >= offset, "tensors are not in order");
        offset = tensor.offset;
        assert!(
            tensor
                .offset
                .checked_add(tensor.length)
                .is_some_and(|end| end <= size)
        );
        assert!(names.insert(&tensor.name), "{} appears twice", tensor.name);
    }
    for base in [None, Some(found)] {
        check_cover(&plan_layout(found, base), size, base.is_some());
    }
}

/// Regions cover the object without gap; their counterparts lie within the base, which is the object itself.
fn check_cover(regions: &[Region], size: u64, has_base: bool) {
    let mut end = 0;
    for Region {
        offset,
        length,
        base_offset,
        ..
    } in regions
    {
        assert_eq!(*offset, end);
        assert!(*length > 0);
        end = offset + length;
        assert!(base_offset.is_none_or(|base| has_base && base + length <= size));
    }
    assert_eq!(end, size);
}
