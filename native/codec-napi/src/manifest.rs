//! Manifests as plain objects.

use mithril_checkpoint::Error;
use mithril_checkpoint::checksum::{Checksums, Sha256};
use mithril_checkpoint::layout::ContainerKind;
use mithril_checkpoint::manifest::{
    BaseReference, CODEC_VERSION, ContainerRecord, Manifest as Native, SegmentEntry,
};
use napi::bindgen_prelude::*;
use napi_derive::napi;

use crate::container::{hex32, hex64};
use mithril_napi_common::outcome::{Failure, Outcome, at_once, number, whole};

#[napi(object)]
pub struct ManifestContainer {
    pub kind: String,
    pub header_bytes: f64,
    pub reason: String,
}

#[napi(object, use_nullable = true)]
pub struct ManifestBase {
    pub manifest: Option<String>,
    pub bytes: f64,
    pub crc32: String,
    #[napi(js_name = "crc64nvme")]
    pub crc64nvme: String,
    pub depth: u32,
}

#[napi(object)]
pub struct ManifestSegment {
    pub sha256: String,
    pub stored_bytes: f64,
    pub crc32: String,
    #[napi(js_name = "crc32c")]
    pub crc32c: String,
    #[napi(js_name = "crc64nvme")]
    pub crc64nvme: String,
}

#[napi(object, use_nullable = true)]
pub struct Manifest {
    pub name: String,
    pub bytes: f64,
    pub crc32: String,
    #[napi(js_name = "crc32c")]
    pub crc32c: String,
    #[napi(js_name = "crc64nvme")]
    pub crc64nvme: String,
    pub sha256: Option<String>,
    pub container: ManifestContainer,
    pub segment_bytes: f64,
    /// Ignored when written: it follows from the base.
    pub depth: u32,
    pub base: Option<ManifestBase>,
    pub segments: Vec<ManifestSegment>,
}

impl From<&Native> for Manifest {
    fn from(manifest: &Native) -> Self {
        let Checksums {
            bytes,
            crc32,
            crc32c,
            crc64nvme,
        } = manifest.original;
        Self {
            name: manifest.name.clone(),
            bytes: number(bytes),
            crc32: format!("{crc32:08x}"),
            crc32c: format!("{crc32c:08x}"),
            crc64nvme: format!("{crc64nvme:016x}"),
            sha256: manifest.sha256.map(|sha256| sha256.to_string()),
            container: ManifestContainer::from(&manifest.container),
            segment_bytes: number(manifest.segment_bytes),
            depth: manifest.depth(),
            base: manifest.base.as_ref().map(ManifestBase::from),
            segments: manifest
                .segments
                .iter()
                .map(ManifestSegment::from)
                .collect(),
        }
    }
}

impl From<&ContainerRecord> for ManifestContainer {
    fn from(container: &ContainerRecord) -> Self {
        Self {
            kind: container.kind.word().into(),
            header_bytes: number(container.header_bytes),
            reason: container.reason.clone(),
        }
    }
}

impl From<&BaseReference> for ManifestBase {
    fn from(base: &BaseReference) -> Self {
        Self {
            manifest: base.manifest.map(|sha256| sha256.to_string()),
            bytes: number(base.bytes),
            crc32: format!("{:08x}", base.crc32),
            crc64nvme: format!("{:016x}", base.crc64nvme),
            depth: base.depth,
        }
    }
}

impl From<&SegmentEntry> for ManifestSegment {
    fn from(segment: &SegmentEntry) -> Self {
        Self {
            sha256: segment.stored_sha256.to_string(),
            stored_bytes: number(segment.stored_bytes),
            crc32: format!("{:08x}", segment.crc32),
            crc32c: format!("{:08x}", segment.crc32c),
            crc64nvme: format!("{:016x}", segment.crc64nvme),
        }
    }
}

fn sha256(what: &str, text: &str) -> Outcome<Sha256> {
    text.parse()
        .map_err(|_| Error::invalid_argument(what, "64 lower-case hexadecimal digits", text).into())
}

impl TryFrom<&Manifest> for Native {
    type Error = Failure;

    fn try_from(manifest: &Manifest) -> Outcome<Self> {
        Ok(Self {
            name: manifest.name.clone(),
            original: Checksums {
                bytes: whole("bytes", manifest.bytes)?,
                crc32: hex32("crc32", &manifest.crc32)?,
                crc32c: hex32("crc32c", &manifest.crc32c)?,
                crc64nvme: hex64("crc64nvme", &manifest.crc64nvme)?,
            },
            sha256: manifest
                .sha256
                .as_deref()
                .map(|text| sha256("sha256", text))
                .transpose()?,
            container: ContainerRecord::try_from(&manifest.container)?,
            segment_bytes: whole("segmentBytes", manifest.segment_bytes)?,
            base: manifest
                .base
                .as_ref()
                .map(BaseReference::try_from)
                .transpose()?,
            segments: manifest
                .segments
                .iter()
                .map(SegmentEntry::try_from)
                .collect::<Outcome<_>>()?,
        })
    }
}

impl TryFrom<&ManifestContainer> for ContainerRecord {
    type Error = Failure;

    fn try_from(container: &ManifestContainer) -> Outcome<Self> {
        let word = container.kind.as_str();
        let kind = ContainerKind::from_word(word).ok_or_else(|| {
            Failure::from(Error::invalid_argument(
                "kind of the container",
                "a known one",
                word,
            ))
        })?;
        Ok(Self {
            kind,
            header_bytes: whole("headerBytes", container.header_bytes)?,
            reason: container.reason.clone(),
        })
    }
}

impl TryFrom<&ManifestBase> for BaseReference {
    type Error = Failure;

    fn try_from(base: &ManifestBase) -> Outcome<Self> {
        let manifest = base.manifest.as_deref();
        Ok(Self {
            manifest: manifest
                .map(|text| sha256("manifest of the base", text))
                .transpose()?,
            bytes: whole("bytes of the base", base.bytes)?,
            crc32: hex32("crc32 of the base", &base.crc32)?,
            crc64nvme: hex64("crc64nvme of the base", &base.crc64nvme)?,
            depth: base.depth,
        })
    }
}

impl TryFrom<&ManifestSegment> for SegmentEntry {
    type Error = Failure;

    fn try_from(segment: &ManifestSegment) -> Outcome<Self> {
        Ok(Self {
            stored_sha256: sha256("sha256 of a segment", &segment.sha256)?,
            stored_bytes: whole("storedBytes of a segment", segment.stored_bytes)?,
            crc32: hex32("crc32 of a segment", &segment.crc32)?,
            crc32c: hex32("crc32c of a segment", &segment.crc32c)?,
            crc64nvme: hex64("crc64nvme of a segment", &segment.crc64nvme)?,
        })
    }
}

/// The codec version written to manifests.
#[napi]
pub fn codec_version() -> f64 {
    number(CODEC_VERSION)
}

/// The canonical bytes of a manifest.
#[napi]
pub fn write_manifest(env: Env, manifest: Manifest) -> napi::Result<Buffer> {
    at_once(env, || Ok(Native::try_from(&manifest)?.write()?.into()))
}

/// Reads a manifest and checks that it adds up.
#[napi]
pub fn read_manifest(env: Env, bytes: Buffer) -> napi::Result<Manifest> {
    at_once(env, || Ok(Manifest::from(&Native::read_from(&bytes)?)))
}
