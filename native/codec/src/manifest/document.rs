//! The JSON of a manifest as a reader meets it, before anything is checked.

use serde::Deserialize;

use super::{BaseReference, Container, Manifest, SegmentEntry};
use crate::checksum::{Checksums, parse_hex};
use crate::error::{Error, Result};

#[derive(Deserialize)]
/// The members that every version has.
pub(super) struct VersionDocument {
    pub(super) format: String,
    pub(super) version: u64,
    pub(super) codec: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
/// A whole manifest of version 1.
pub(super) struct ManifestDocument {
    name: String,
    bytes: u64,
    crc32: String,
    crc32c: String,
    crc64nvme: String,
    #[serde(default)]
    sha256: Option<String>,
    container: ContainerDocument,
    segment_bytes: u64,
    depth: u32,
    base: Option<BaseDocument>,
    segments: Vec<(String, u64, String, String, String)>,
}

#[derive(Deserialize)]
#[serde(
    rename_all = "camelCase",
    rename_all_fields = "camelCase",
    tag = "kind"
)]
enum ContainerDocument {
    Safetensors { header_bytes: u64 },
    Opaque { reason: String },
}

#[derive(Deserialize)]
struct BaseDocument {
    #[serde(default)]
    manifest: Option<String>,
    bytes: u64,
    crc32: String,
    crc64nvme: String,
    depth: u32,
}

impl ManifestDocument {
    /// The typed manifest; sums and limits are still unchecked.
    pub(super) fn decode(self) -> Result<Manifest> {
        let manifest = Manifest {
            name: self.name,
            original: Checksums {
                bytes: self.bytes,
                crc32: parse_crc32("crc32", &self.crc32)?,
                crc32c: parse_crc32("crc32c", &self.crc32c)?,
                crc64nvme: parse_hex("crc64nvme", &self.crc64nvme, 16)?,
            },
            sha256: self.sha256.as_deref().map(str::parse).transpose()?,
            container: match self.container {
                ContainerDocument::Safetensors { header_bytes } => {
                    Container::Safetensors { header_bytes }
                }
                ContainerDocument::Opaque { reason } => Container::Opaque { reason },
            },
            segment_bytes: self.segment_bytes,
            base: self.base.map(BaseDocument::decode).transpose()?,
            segments: self
                .segments
                .into_iter()
                .map(decode_segment)
                .collect::<Result<_>>()?,
        };
        if manifest.depth() == self.depth {
            return Ok(manifest);
        }
        Err(Error::corruption(
            "depth of the manifest",
            manifest.depth(),
            self.depth,
        ))
    }
}

impl BaseDocument {
    fn decode(self) -> Result<BaseReference> {
        Ok(BaseReference {
            manifest: self.manifest.as_deref().map(str::parse).transpose()?,
            bytes: self.bytes,
            crc32: parse_crc32("crc32 of the base", &self.crc32)?,
            crc64nvme: parse_hex("crc64nvme of the base", &self.crc64nvme, 16)?,
            depth: self.depth,
        })
    }
}

fn decode_segment(
    (sha256, stored_bytes, crc32, crc32c, crc64nvme): (String, u64, String, String, String),
) -> Result<SegmentEntry> {
    Ok(SegmentEntry {
        stored_sha256: sha256.parse()?,
        stored_bytes,
        crc32: parse_crc32("crc32 of a segment", &crc32)?,
        crc32c: parse_crc32("crc32c of a segment", &crc32c)?,
        crc64nvme: parse_hex("crc64nvme of a segment", &crc64nvme, 16)?,
    })
}

fn parse_crc32(what: &str, text: &str) -> Result<u32> {
    let value = parse_hex(what, text, 8)?;
    u32::try_from(value).map_err(|_| Error::corruption(what, "32 bits", text))
}
