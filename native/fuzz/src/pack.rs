//! Packed files: as they come, and assembled from segments with a manifest that fits and is then changed.

use std::io::Cursor;

use arbitrary::{Arbitrary, Unstructured};
use mithril_checkpoint::checksum::{Checksums, Sha256};
use mithril_checkpoint::layout::ContainerKind;
use mithril_checkpoint::manifest::{BaseReference, ContainerRecord, Manifest, SegmentEntry};
use mithril_checkpoint::packed::{Packed, ReadSeek};

use super::entries::Segment;
use super::{reference, samples};

/// Files that restore more than this are not restored: a few bytes stand for 1 MiB.
const ORIGINAL_BYTES_MAX: u64 = 4 << 20;
/// Trailer.
const TRAILER_BYTES: usize = 64;
/// Segments have as many bytes of the original as the first one, so there is one size to vary.
const SEGMENTS_MAX: usize = 3;

/// Checks any bytes as a file: no panic, no endless work, and reading a part agrees with reading it all.
pub fn check_file(file: &[u8], threads: usize) {
    let whole = restore(file, threads);
    let Ok(mut packed) = open(file, threads) else {
        assert!(whole.is_none());
        return;
    };
    let written = packed
        .manifest()
        .write()
        .expect("a manifest that was read can be written");
    let again = Manifest::read_from(&written).expect("a manifest that was written can be read");
    assert_eq!(again, *packed.manifest());
    let bytes = packed.manifest().original.bytes;
    for (start, end) in [(0, bytes), (bytes / 3, bytes), (bytes / 2, bytes / 2 + 1)] {
        let end = end.min(start + ORIGINAL_BYTES_MAX).min(bytes);
        let mut part = vec![0; (end - start) as usize];
        let read = packed.read(start, &mut part);
        if let Some(whole) = &whole {
            read.expect("a part of what can be restored");
            assert!(
                part == whole[start as usize..end as usize],
                "a part differs"
            );
        }
    }
    if bytes <= ORIGINAL_BYTES_MAX {
        let _ = packed.tensors();
    }
}

fn open(file: &[u8], threads: usize) -> mithril_checkpoint::Result<Packed> {
    let mut packed = Packed::open(boxed(file), threads)?;
    packed.open_bases(&mut |_| Ok(boxed(samples::base())))?;
    Ok(packed)
}

fn boxed(bytes: &[u8]) -> Box<dyn ReadSeek> {
    Box::new(Cursor::new(bytes.to_vec()))
}

fn restore(file: &[u8], threads: usize) -> Option<Vec<u8>> {
    let mut packed = open(file, threads).ok()?;
    if packed.manifest().original.bytes > ORIGINAL_BYTES_MAX {
        return None;
    }
    let mut out = Vec::new();
    packed.decompress(&mut out, &mut |_| true).ok()?;
    assert_eq!(Checksums::of(&out), packed.manifest().original);
    Some(out)
}

/// A file.
#[derive(Arbitrary, Debug)]
pub struct File {
    #[arbitrary(with = |input: &mut Unstructured| samples::some(input, SEGMENTS_MAX))]
    segments: Vec<Segment>,
    is_safetensors: bool,
    with_base: bool,
    /// Pieces of the manifest that are replaced.
    patches: Vec<Patch>,
    with_right_digest: bool,
}

/// `removed` bytes at `place` give way to `text`.
#[derive(Arbitrary, Debug)]
struct Patch {
    place: u16,
    removed: u8,
    text: String,
}

/// Checks a file of segments; `None` of them may be restored to other bytes because of the manifest.
pub fn check_assembled(file: &File, threads: usize) {
    let Some((bytes, original)) = file.assemble() else {
        return;
    };
    if let Some(found) = restore(&bytes, threads) {
        assert!(
            found == original,
            "the manifest changed the bytes that are restored"
        );
    } else if file.is_sound() && original.len() as u64 <= ORIGINAL_BYTES_MAX {
        panic!("a sound file is refused: {:?}", open(&bytes, threads).err());
    }
    check_file(&bytes, threads);
}

impl File {
    fn is_sound(&self) -> bool {
        self.patches.is_empty() && self.with_right_digest
    }

    /// The file and its original; `None` if a segment cannot be restored.
    fn assemble(&self) -> Option<(Vec<u8>, Vec<u8>)> {
        let base = if self.with_base { samples::base() } else { &[] };
        let (mut file, mut original, mut segments) = (Vec::new(), Vec::new(), Vec::new());
        let mut first = 0;
        for segment in &self.segments {
            let stored = segment.assemble_at(original.len() as u64);
            let restored = reference::decode(&stored, base)?;
            let is_last_complete = original.len() == segments.len() * first;
            let bound = restored.raw.len() + restored.raw.len() / 1000 + 128;
            if first == 0 {
                first = restored.raw.len();
            }
            if restored.raw.is_empty()
                || restored.raw.len() > first
                || !is_last_complete
                || stored.len() > bound
                || restored.raw_offset != original.len() as u64
            {
                break;
            }
            let sums = Checksums::of(&restored.raw);
            segments.push(SegmentEntry {
                stored_sha256: Sha256::of(&stored),
                stored_bytes: stored.len() as u64,
                crc32: sums.crc32,
                crc32c: sums.crc32c,
                crc64nvme: sums.crc64nvme,
            });
            file.extend_from_slice(&stored);
            original.extend_from_slice(&restored.raw);
        }
        let manifest = self.manifest(&original, first, segments);
        let mut json = manifest.write().ok()?;
        for patch in self.patches.iter().take(6) {
            let start = usize::from(patch.place) % (json.len() + 1);
            let end = json.len().min(start + usize::from(patch.removed % 24));
            json.splice(start..end, patch.text.bytes());
        }
        self.finish(&json, &mut file);
        Some((file, original))
    }

    fn manifest(
        &self,
        original: &[u8],
        segment_bytes: usize,
        segments: Vec<SegmentEntry>,
    ) -> Manifest {
        let base = Checksums::of(samples::base());
        let reference = BaseReference {
            manifest: None,
            bytes: base.bytes,
            crc32: base.crc32,
            crc64nvme: base.crc64nvme,
            depth: 0,
        };
        Manifest {
            name: "fuzzed".into(),
            original: Checksums::of(original),
            sha256: None,
            container: if self.is_safetensors && original.len() >= 8 {
                ContainerRecord {
                    header_bytes: 8,
                    ..ContainerRecord::new(ContainerKind::Safetensors, "")
                }
            } else {
                ContainerRecord::new(ContainerKind::Opaque, "")
            },
            segment_bytes: segment_bytes.max(1) as u64,
            base: self.with_base.then_some(reference),
            segments,
        }
    }

    fn finish(&self, json: &[u8], file: &mut Vec<u8>) {
        let trailer = file.len() + json.len();
        let mut digest = Sha256::of(json);
        if !self.with_right_digest {
            digest.0[5] ^= 1;
        }
        let offset = file.len() as u64;
        file.extend_from_slice(json);
        file.extend_from_slice(&offset.to_le_bytes());
        file.extend_from_slice(&(json.len() as u32).to_le_bytes());
        file.extend_from_slice(&[1, 0, 0, 0]);
        file.extend_from_slice(&digest.0);
        file.extend_from_slice(&[0; 4]);
        let crc32 = Checksums::of(&file[trailer..]).crc32;
        file.extend_from_slice(&crc32.to_le_bytes());
        file.extend_from_slice(b"MITHPAK1");
        debug_assert_eq!(file.len(), trailer + TRAILER_BYTES);
    }
}
