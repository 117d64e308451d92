//! The manifest: one small JSON document that names the segments of a checkpoint, in order.
//!
//! There is one writer, and its output is canonical: keys in a fixed order, no white space, ASCII
//! only. So equal checkpoints have equal manifests, and the SHA-256 of a manifest names the
//! checkpoint. A manifest of 1 TiB in 64 MiB segments takes about 2.1 MB.
//!
//! The reader takes any JSON with the right members, refuses members that appear twice, ignores
//! unknown ones, and checks that everything adds up: the number of segments, the depth of the
//! chain, and that the checksums of the segments combine to those of the original.

mod document;

use std::fmt::Write as _;

use serde::Deserialize;

use crate::checksum::{Checksums, Sha256};
use crate::error::{Error, Result};
use crate::layout::{Container, ContainerKind};
use document::{ManifestDocument, VersionDocument};

/// The version of the format that this crate reads and writes.
pub const FORMAT_VERSION: u64 = 1;
/// The version of the codec whose segments this crate reads and writes.
pub const CODEC_VERSION: u64 = 1;
/// Longest manifest that is read.
pub const MANIFEST_BYTES_MAX: u64 = 64 << 20;
/// Longest segment of the original.
pub const SEGMENT_BYTES_MAX: u64 = 256 << 20;
/// Most deltas between a checkpoint and the standalone one that its chain starts from.
pub const DEPTH_MAX: u32 = 8;
/// Longest name, the limit of S3 keys.
pub const NAME_BYTES_MAX: usize = 1024;
/// Largest original: JSON readers hold numbers exactly only below this.
pub const ORIGINAL_BYTES_MAX: u64 = (1 << 53) - 1;

const FORMAT_NAME: &str = "mithril-checkpoint";

/// What a checkpoint consists of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// Name of the original, for people; never used as a path.
    pub name: String,
    /// Size and checksums of the original.
    pub original: Checksums,
    /// SHA-256 of the original, where it was asked for: it takes a pass of its own.
    pub sha256: Option<Sha256>,
    /// What the original was recognised as.
    pub container: ContainerRecord,
    /// Bytes of the original in each segment but the last.
    pub segment_bytes: u64,
    /// The checkpoint that this one refers to.
    pub base: Option<BaseReference>,
    /// The segments, in the order of the original.
    pub segments: Vec<SegmentEntry>,
}

/// What an original was recognised as, as far as a manifest keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContainerRecord {
    /// What it is.
    pub kind: ContainerKind,
    /// Bytes in front of the first tensor of a safetensors file; 0 for all others.
    pub header_bytes: u64,
    /// Why it is opaque, or what of it passes through as it is; may be empty.
    pub reason: String,
}

impl ContainerRecord {
    /// Of a kind without a header length.
    #[must_use]
    pub fn new(kind: ContainerKind, reason: &str) -> Self {
        Self {
            kind,
            header_bytes: 0,
            reason: reason.to_owned(),
        }
    }
}

impl From<&Container> for ContainerRecord {
    fn from(container: &Container) -> Self {
        Self {
            header_bytes: container.header_bytes,
            ..Self::new(container.kind, &container.reason)
        }
    }
}

/// Names a base by its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BaseReference {
    /// SHA-256 of the base's manifest; absent when the base was a plain file.
    pub manifest: Option<Sha256>,
    /// Size of the base's original.
    pub bytes: u64,
    /// CRC32 of the base's original.
    pub crc32: u32,
    /// CRC64NVME of the base's original.
    pub crc64nvme: u64,
    /// Deltas between the base and the standalone checkpoint its own chain starts from.
    pub depth: u32,
}

impl BaseReference {
    /// Whether an original with these checksums is the base.
    #[must_use]
    pub fn is_content(&self, original: &Checksums) -> bool {
        (self.bytes, self.crc32, self.crc64nvme)
            == (original.bytes, original.crc32, original.crc64nvme)
    }
}

/// One segment of a checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SegmentEntry {
    /// SHA-256 of the stored bytes.
    pub stored_sha256: Sha256,
    /// Number of stored bytes.
    pub stored_bytes: u64,
    /// CRC32 of the segment's bytes of the original.
    pub crc32: u32,
    /// CRC32C of the same.
    pub crc32c: u32,
    /// CRC64NVME of the same.
    pub crc64nvme: u64,
}

impl SegmentEntry {
    /// The checksums of the segment's `bytes` bytes of the original.
    #[must_use]
    pub fn raw(&self, bytes: u64) -> Checksums {
        Checksums {
            bytes,
            crc32: self.crc32,
            crc32c: self.crc32c,
            crc64nvme: self.crc64nvme,
        }
    }
}

impl Manifest {
    /// Deltas between this checkpoint and the standalone one its chain starts from.
    #[must_use]
    pub fn depth(&self) -> u32 {
        self.base.map_or(0, |base| base.depth.saturating_add(1))
    }

    /// Number of segments that an original of this size has.
    #[must_use]
    pub fn segment_count(bytes: u64, segment_bytes: u64) -> u64 {
        bytes.div_ceil(segment_bytes.max(1))
    }

    /// Offset and length of segment `index` in the original.
    #[must_use]
    pub fn segment_range(&self, index: u64) -> (u64, u64) {
        let offset = index
            .saturating_mul(self.segment_bytes)
            .min(self.original.bytes);
        (offset, self.segment_bytes.min(self.original.bytes - offset))
    }

    /// Sum of the stored bytes of the segments; `None` if it overflows.
    #[must_use]
    pub fn stored_bytes(&self) -> Option<u64> {
        self.segments
            .iter()
            .try_fold(0u64, |sum, segment| sum.checked_add(segment.stored_bytes))
    }

    /// The canonical form.
    ///
    /// # Errors
    ///
    /// `InvalidArgument` if a value is out of its limits or the parts do not add up.
    pub fn write(&self) -> Result<Vec<u8>> {
        self.check(Error::invalid_argument)?;
        let mut json = format!(
            r#"{{"format":"{FORMAT_NAME}","version":{FORMAT_VERSION},"codec":{CODEC_VERSION},"name":"#
        );
        write_string(&mut json, &self.name);
        let Checksums {
            bytes,
            crc32,
            crc32c,
            crc64nvme,
        } = self.original;
        let _ = write!(
            json,
            r#","bytes":{bytes},"crc32":"{crc32:08x}","crc32c":"{crc32c:08x}","crc64nvme":"{crc64nvme:016x}""#
        );
        if let Some(sha256) = self.sha256 {
            let _ = write!(json, r#","sha256":"{sha256}""#);
        }
        self.write_container(&mut json);
        let _ = write!(
            json,
            r#","segmentBytes":{},"depth":{}"#,
            self.segment_bytes,
            self.depth()
        );
        self.write_base(&mut json);
        self.write_segments(&mut json);
        json.push('}');
        Ok(json.into_bytes())
    }

    fn write_container(&self, json: &mut String) {
        let ContainerRecord {
            kind,
            header_bytes,
            reason,
        } = &self.container;
        let _ = write!(json, r#","container":{{"kind":"{kind}""#);
        if *kind == ContainerKind::Safetensors {
            let _ = write!(json, r#","headerBytes":{header_bytes}"#);
        }
        if *kind == ContainerKind::Opaque || !reason.is_empty() {
            json.push_str(r#","reason":"#);
            write_string(json, reason);
        }
        json.push('}');
    }

    fn write_base(&self, json: &mut String) {
        let Some(BaseReference {
            manifest,
            bytes,
            crc32,
            crc64nvme,
            depth,
        }) = self.base
        else {
            json.push_str(r#","base":null"#);
            return;
        };
        json.push_str(r#","base":{"#);
        if let Some(manifest) = manifest {
            let _ = write!(json, r#""manifest":"{manifest}","#);
        }
        let _ = write!(
            json,
            r#""bytes":{bytes},"crc32":"{crc32:08x}","crc64nvme":"{crc64nvme:016x}","depth":{depth}}}"#
        );
    }

    fn write_segments(&self, json: &mut String) {
        json.push_str(r#","segments":["#);
        for (index, segment) in self.segments.iter().enumerate() {
            let SegmentEntry {
                stored_sha256,
                stored_bytes,
                crc32,
                crc32c,
                crc64nvme,
            } = segment;
            let comma = if index == 0 { "" } else { "," };
            let _ = write!(
                json,
                r#"{comma}["{stored_sha256}",{stored_bytes},"{crc32:08x}","{crc32c:08x}","{crc64nvme:016x}"]"#
            );
        }
        json.push(']');
    }

    /// Reads a manifest.
    ///
    /// # Errors
    ///
    /// `Compatibility` if it is of a newer version; `Corruption` if it is not a manifest or its
    /// parts do not add up.
    pub fn read_from(json: &[u8]) -> Result<Self> {
        if json.len() as u64 > MANIFEST_BYTES_MAX {
            return Err(Error::corruption(
                "length of the manifest",
                format_args!("at most {MANIFEST_BYTES_MAX}"),
                json.len(),
            ));
        }
        let version: VersionDocument = parse(json)?;
        if version.format != FORMAT_NAME {
            return Err(Error::corruption(
                "format of the manifest",
                FORMAT_NAME,
                version.format,
            ));
        }
        refuse_newer("format version", FORMAT_VERSION, version.version)?;
        refuse_newer("codec version", CODEC_VERSION, version.codec)?;
        let manifest = parse::<ManifestDocument>(json)?.decode()?;
        manifest.check(Error::corruption)?;
        Ok(manifest)
    }

    /// Checks limits and sums; `error` makes the error from what, expected and found.
    fn check(&self, error: fn(String, String, String) -> Error) -> Result<()> {
        let within = |what: &str, found: u64, least: u64, most: u64| {
            if (least..=most).contains(&found) {
                return Ok(());
            }
            Err(error(
                what.into(),
                format!("{least} to {most}"),
                found.to_string(),
            ))
        };
        within(
            "length of the name",
            self.name.len() as u64,
            0,
            NAME_BYTES_MAX as u64,
        )?;
        within(
            "size of the original",
            self.original.bytes,
            0,
            ORIGINAL_BYTES_MAX,
        )?;
        within("segmentBytes", self.segment_bytes, 1, SEGMENT_BYTES_MAX)?;
        within("depth", self.depth().into(), 0, DEPTH_MAX.into())?;
        if self.container.kind == ContainerKind::Safetensors {
            let header_bytes = self.container.header_bytes;
            within("headerBytes", header_bytes, 8, self.original.bytes)?;
        }
        let reason_bytes = self.container.reason.len() as u64;
        within(
            "length of the reason",
            reason_bytes,
            0,
            NAME_BYTES_MAX as u64,
        )?;
        if let Some(base) = &self.base {
            within("size of the base", base.bytes, 0, ORIGINAL_BYTES_MAX)?;
        }
        let count = Self::segment_count(self.original.bytes, self.segment_bytes);
        within(
            "number of segments",
            self.segments.len() as u64,
            count,
            count,
        )?;
        let mut combined = Checksums::EMPTY;
        for (index, segment) in (0..).zip(&self.segments) {
            within(
                "stored bytes of a segment",
                segment.stored_bytes,
                1,
                2 * SEGMENT_BYTES_MAX,
            )?;
            combined = combined.then(segment.raw(self.segment_range(index).1));
        }
        if combined != self.original {
            return Err(error(
                "checksums of the segments, combined".into(),
                format!("{:x?}", self.original),
                format!("{combined:x?}"),
            ));
        }
        Ok(())
    }
}

fn parse<'a, T: Deserialize<'a>>(json: &'a [u8]) -> Result<T> {
    serde_json::from_slice(json)
        .map_err(|error| Error::corruption("manifest", "the JSON of a manifest", error))
}

fn refuse_newer(what: &str, known: u64, found: u64) -> Result<()> {
    if found == known {
        return Ok(());
    }
    Err(Error::compatibility(what, known, found))
}

/// A JSON string of ASCII: everything outside of `space..=~` is written as `\uXXXX`.
fn write_string(json: &mut String, text: &str) {
    json.push('"');
    let mut units = [0; 2];
    for char in text.chars() {
        match char {
            '"' | '\\' => json.extend(['\\', char]),
            ' '..='~' => json.push(char),
            _ => {
                for unit in char.encode_utf16(&mut units) {
                    let _ = write!(json, "\\u{unit:04x}");
                }
            }
        }
    }
    json.push('"');
}

#[cfg(test)]
mod tests;
