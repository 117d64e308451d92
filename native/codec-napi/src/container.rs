//! Containers, regions and checksums.

use std::sync::{Arc, Mutex, PoisonError};

use mithril_checkpoint::Error;
use mithril_checkpoint::checksum::{Checksums, parse_hex};
use mithril_checkpoint::layout::{
    Container, ElementKind, Order, Probe, ProbeStep as Step, Region, Tensor, plan_layout as plan,
};
use mithril_checkpoint::manifest::ContainerRecord;
use napi::bindgen_prelude::*;
use napi_derive::napi;

use crate::manifest::ManifestContainer;
use crate::segment::ByteRange;
use mithril_napi_common::outcome::{Failure, Outcome, at_once, number, whole};
use mithril_napi_common::work::Work;

/// Numbers that stand for one region: offset, length, kind, base offset or -1.
const REGION_NUMBERS: usize = 4;

/// What is to be done next to know the container of an object.
#[napi(object, object_from_js = false)]
pub struct ProbeStep {
    pub kind: &'static str,
    /// `read` only: what [`ContainerProbe::give`] wants.
    pub ranges: Option<Vec<ByteRange>>,
    /// `known` only.
    pub container: Option<ManifestContainer>,
}

/// Finds out what an object is. The caller reads what it asks for.
#[napi]
pub struct ContainerProbe(Arc<Mutex<Option<State>>>);

enum State {
    Asking(Box<Probe>),
    Known(Arc<Container>),
}

#[napi(object, object_from_js = false)]
pub struct TensorRecord {
    pub name: String,
    pub dtype: String,
    pub shape: Vec<f64>,
    pub offset: f64,
    pub length: f64,
    pub order: &'static str,
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

#[napi]
impl ContainerProbe {
    /// Begins with an object of this size.
    #[napi(constructor)]
    pub fn new(env: Env, bytes: f64) -> napi::Result<Self> {
        at_once(env, || {
            let probe = Box::new(Probe::new(whole("bytes of the object", bytes)?));
            Ok(Self(Arc::new(Mutex::new(Some(State::Asking(probe))))))
        })
    }

    /// Goes on with the bytes of the ranges that were asked for, one after the other; with none at first.
    #[napi]
    pub fn step(&self, bytes: Buffer) -> AsyncTask<Work<ProbeStep>> {
        let state = Arc::clone(&self.0);
        Work::of(move || {
            let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
            let (next, step) = advance(state.take(), &bytes)?;
            *state = Some(next);
            Ok(step)
        })
    }
}

impl ContainerProbe {
    fn known(&self) -> Outcome<Arc<Container>> {
        match &*self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(State::Known(container)) => Ok(Arc::clone(container)),
            _ => Err(Error::insufficient_data("container of the object", "known", "asking").into()),
        }
    }
}

fn advance(state: Option<State>, bytes: &[u8]) -> Outcome<(State, ProbeStep)> {
    let container = match state {
        Some(State::Known(container)) => container,
        Some(State::Asking(mut probe)) => {
            probe.give(bytes)?;
            match probe.step() {
                Step::Read(ranges) => {
                    let ranges = ranges.into_iter().map(ByteRange::from).collect();
                    let step = ProbeStep {
                        kind: "read",
                        ranges: Some(ranges),
                        container: None,
                    };
                    return Ok((State::Asking(probe), step));
                }
                Step::Known(container) => Arc::new(container),
            }
        }
        None => {
            let what = "state of the probe, which has failed before";
            return Err(Error::invalid_argument(what, "asking", "failed").into());
        }
    };
    let step = ProbeStep {
        kind: "known",
        ranges: None,
        container: Some(ManifestContainer::from(&ContainerRecord::from(&*container))),
    };
    Ok((State::Known(container), step))
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
            order: match tensor.order {
                Order::RowMajor => "row-major",
                Order::ColumnMajor => "column-major",
                Order::Strided => "strided",
            },
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

/// The regions of an object, paired with those of a base.
#[napi]
pub fn plan_layout(
    target: ClassInstance<ContainerProbe>,
    base: Option<ClassInstance<ContainerProbe>>,
) -> AsyncTask<Work<Float64Array>> {
    let target = target.known();
    let base = base.map(|base| base.known()).transpose();
    Work::of(move || {
        let (target, base) = (target.clone()?, base.clone()?);
        Ok(Float64Array::new(numbers_of(&plan(
            &target,
            base.as_deref(),
        ))))
    })
}

/// The tensors of an object that have names, in order of offset.
#[napi]
pub fn list_tensors(object: ClassInstance<ContainerProbe>) -> AsyncTask<Work<Vec<TensorRecord>>> {
    let known = object.known();
    Work::of(move || {
        let container = known.clone()?;
        Ok(container.tensors.iter().map(TensorRecord::from).collect())
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
