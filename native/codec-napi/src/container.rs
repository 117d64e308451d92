//! Containers, regions and checksums.

use mithril_checkpoint::Error;
use mithril_checkpoint::checksum::{Checksums, parse_hex};
use mithril_checkpoint::layout::{
    ContainerProbe, ElementKind, Region, Tensor, plan_layout as plan, probe_container as probe,
};
use napi::bindgen_prelude::*;
use napi_derive::napi;

use crate::outcome::{Failure, Outcome, at_once, number, whole};
use crate::work::Work;

/// Numbers that stand for one region: offset, length, kind, base offset or -1.
const REGION_NUMBERS: usize = 4;

/// Head of an object: its first bytes and its size.
#[napi(object, object_to_js = false)]
pub struct ObjectHead {
    pub head: Buffer,
    pub bytes: f64,
}

#[napi(object, object_from_js = false)]
pub struct ProbeResult {
    pub kind: &'static str,
    /// `need-more` only.
    pub bytes: Option<f64>,
    /// `safetensors` only.
    pub header_bytes: Option<f64>,
    /// `safetensors` only: how many there are.
    pub tensors: Option<f64>,
    /// `opaque` only.
    pub reason: Option<String>,
}

#[napi(object, object_from_js = false)]
pub struct TensorRecord {
    pub name: String,
    pub dtype: String,
    pub shape: Vec<f64>,
    pub offset: f64,
    pub length: f64,
}

#[napi(object)]
pub struct SizedChecksums {
    pub bytes: f64,
    pub crc32: String,
    #[napi(js_name = "crc32c")]
    pub crc32c: String,
    #[napi(js_name = "crc64nvme")]
    pub crc64nvme: String,
}

impl ObjectHead {
    fn probe(&self) -> Outcome<(ContainerProbe, u64)> {
        let bytes = whole("bytes of the object", self.bytes)?;
        Ok((probe(&self.head, bytes), bytes))
    }

    /// A probe that has its whole header.
    fn settled(&self) -> Outcome<(ContainerProbe, u64)> {
        match self.probe()? {
            (ContainerProbe::NeedMore { bytes }, _) => {
                let found = self.head.len();
                Err(Error::insufficient_data("head of the object", bytes, found).into())
            }
            settled => Ok(settled),
        }
    }
}

impl From<&Tensor> for TensorRecord {
    fn from(tensor: &Tensor) -> Self {
        Self {
            name: tensor.name.clone(),
            dtype: tensor.dtype.clone(),
            shape: tensor
                .shape
                .iter()
                .map(|&dimension| number(dimension))
                .collect(),
            offset: number(tensor.offset),
            length: number(tensor.length),
        }
    }
}

impl From<Checksums> for SizedChecksums {
    fn from(sums: Checksums) -> Self {
        let Checksums {
            bytes,
            crc32,
            crc32c,
            crc64nvme,
        } = sums;
        Self {
            bytes: number(bytes),
            crc32: format!("{crc32:08x}"),
            crc32c: format!("{crc32c:08x}"),
            crc64nvme: format!("{crc64nvme:016x}"),
        }
    }
}

impl TryFrom<&SizedChecksums> for Checksums {
    type Error = Failure;

    fn try_from(sums: &SizedChecksums) -> Outcome<Self> {
        Ok(Self {
            bytes: whole("bytes", sums.bytes)?,
            crc32: hex32("crc32", &sums.crc32)?,
            crc32c: hex32("crc32c", &sums.crc32c)?,
            crc64nvme: hex64("crc64nvme", &sums.crc64nvme)?,
        })
    }
}

/// 16 hexadecimal digits given by the caller.
pub fn hex64(what: &str, text: &str) -> Outcome<u64> {
    parse_hex(what, text, 16)
        .map_err(|_| Error::invalid_argument(what, "16 lower-case hexadecimal digits", text).into())
}

/// 8 hexadecimal digits given by the caller.
pub fn hex32(what: &str, text: &str) -> Outcome<u32> {
    parse_hex(what, text, 8)
        .ok()
        .and_then(|value| u32::try_from(value).ok())
        .ok_or_else(|| {
            Error::invalid_argument(what, "8 lower-case hexadecimal digits", text).into()
        })
}

pub fn regions_of(numbers: &[f64]) -> Outcome<Vec<Region>> {
    if !numbers.len().is_multiple_of(REGION_NUMBERS) {
        let found = numbers.len();
        return Err(Error::invalid_argument("regions", "4 numbers a region", found).into());
    }
    numbers
        .chunks_exact(REGION_NUMBERS)
        .map(|region| {
            let kind = whole("kind of a region", region[2])?;
            let kind = u8::try_from(kind)
                .ok()
                .and_then(ElementKind::from_u8)
                .ok_or_else(|| {
                    Failure::from(Error::invalid_argument("kind of a region", "0 to 7", kind))
                })?;
            let base = region[3];
            Ok(Region {
                offset: whole("offset of a region", region[0])?,
                length: whole("length of a region", region[1])?,
                kind,
                base_offset: if base < 0.0 {
                    None
                } else {
                    Some(whole("base offset", base)?)
                },
            })
        })
        .collect()
}

fn numbers_of(regions: &[Region]) -> Vec<f64> {
    regions
        .iter()
        .flat_map(|region| {
            let base = region.base_offset.map_or(-1.0, number);
            [
                number(region.offset),
                number(region.length),
                f64::from(region.kind as u8),
                base,
            ]
        })
        .collect()
}

/// Recognises a container by the head of an object.
#[napi]
pub fn probe_container(object: ObjectHead) -> AsyncTask<Work<ProbeResult>> {
    let empty = |kind| ProbeResult {
        kind,
        bytes: None,
        header_bytes: None,
        tensors: None,
        reason: None,
    };
    Work::of(move || {
        Ok(match object.probe()?.0 {
            ContainerProbe::NeedMore { bytes } => ProbeResult {
                bytes: Some(number(bytes)),
                ..empty("need-more")
            },
            ContainerProbe::Safetensors(header) => ProbeResult {
                header_bytes: Some(number(header.header_bytes)),
                tensors: Some(number(header.tensors.len() as u64)),
                ..empty("safetensors")
            },
            ContainerProbe::Opaque { reason } => ProbeResult {
                reason: Some(reason),
                ..empty("opaque")
            },
        })
    })
}

/// The regions of an object, paired with those of a base.
#[napi]
pub fn plan_layout(target: ObjectHead, base: Option<ObjectHead>) -> AsyncTask<Work<Float64Array>> {
    Work::of(move || {
        let (target, bytes) = target.settled()?;
        let base = base.as_ref().map(ObjectHead::settled).transpose()?;
        let base = base.as_ref().map(|(probe, bytes)| (probe, *bytes));
        Ok(Float64Array::new(numbers_of(&plan(&target, bytes, base))))
    })
}

/// The tensors of an object, in order of offset; none if it is opaque.
#[napi]
pub fn list_tensors(object: ObjectHead) -> AsyncTask<Work<Vec<TensorRecord>>> {
    Work::of(move || {
        Ok(object
            .settled()?
            .0
            .tensors()
            .iter()
            .map(TensorRecord::from)
            .collect())
    })
}

/// CRC32, CRC32C and CRC64NVME.
#[napi]
pub fn checksums(bytes: Buffer) -> AsyncTask<Work<SizedChecksums>> {
    Work::of(move || Ok(Checksums::of(&bytes).into()))
}

/// The checksums of the concatenation of parts.
#[napi]
pub fn combine_checksums(env: Env, parts: Vec<SizedChecksums>) -> napi::Result<SizedChecksums> {
    at_once(env, || {
        let whole = parts.iter().try_fold(Checksums::EMPTY, |sum, part| {
            Ok::<_, Failure>(sum.then(Checksums::try_from(part)?))
        })?;
        Ok(whole.into())
    })
}

/// Panics on purpose, on the pool or at once: shows that a panic ends the call, not the process.
#[napi]
pub fn panic_on_pool() -> AsyncTask<Work<()>> {
    Work::of(|| panic!("on purpose"))
}

/// See [`panic_on_pool`].
#[napi]
pub fn panic_at_once(env: Env) -> napi::Result<()> {
    at_once(env, || panic!("on purpose"))
}
