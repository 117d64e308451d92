//! The JSON of a manifest as a reader meets it, before anything is checked.

use serde::Deserialize;

use super::{BaseReference, ContainerRecord, Manifest, SegmentEntry};
use crate::checksum::{Checksums, parse_hex};
use crate::error::{Error, Result};
use crate::layout::ContainerKind;

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
#[serde(rename_all = "camelCase")]
struct ContainerDocument {
    kind: String,
    #[serde(default)]
    header_bytes: Option<u64>,
    #[serde(default)]
    reason: String,
}

impl ContainerDocument {
    /// A kind of a later version says nothing that a restore needs: the original is then opaque.
    fn decode(self) -> Result<ContainerRecord> {
        let Some(kind) = ContainerKind::from_word(&self.kind) else {
            let reason = "a container of a kind that this version does not know";
            return Ok(ContainerRecord::new(ContainerKind::Opaque, reason));
        };
        let header_bytes = match (kind, self.header_bytes) {
            (ContainerKind::Safetensors, None) => {
                return Err(Error::corruption("container", "headerBytes", "none"));
            }
            (ContainerKind::Safetensors, Some(bytes)) => bytes,
            _ => 0,
        };
        Ok(ContainerRecord {
            header_bytes,
            ..ContainerRecord::new(kind, &self.reason)
        })
    }
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
            container: self.container.decode()?,
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
