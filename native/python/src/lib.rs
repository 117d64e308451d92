//! Python binding of `mithril-checkpoint` and `mithril-dedup`: it converts, and nothing else. Ed25519
//! for the cache.
//!
//! The GIL is released while they work. It is taken back for the progress callback, for
//! ranges that Python reads, and to see whether Ctrl-C was pressed; an exception raised there ends
//! the work and is what the caller gets. A panic becomes `InternalError`.

mod call;
mod dedup;
mod memory;
mod place;
mod reader;
mod signing;

use std::time::Instant;

use mithril_checkpoint::packed::{
    Base, CompressOptions, Packed, Summary as NativeSummary, compress as pack,
};
use mithril_checkpoint::segment::{EncodeOptions, Level};
use mithril_checkpoint::{Error, Result};
use pyo3::prelude::*;

use crate::call::{Raised, failure, without_gil};
use crate::place::{Bases, Place, Target};
use crate::reader::Reader;

/// What an operation did.
#[pyclass(frozen, get_all)]
struct Summary {
    original_bytes: u64,
    packed_bytes: u64,
    crc32: u32,
    crc64nvme: u64,
    seconds: f64,
    codec_seconds: f64,
    has_base: bool,
}

impl Summary {
    fn new(done: &NativeSummary, clock: Instant) -> Self {
        Self {
            original_bytes: done.original.bytes,
            packed_bytes: done.packed_bytes,
            crc32: done.original.crc32,
            crc64nvme: done.original.crc64nvme,
            seconds: clock.elapsed().as_secs_f64(),
            codec_seconds: done.codec_seconds,
            has_base: done.has_base,
        }
    }
}

fn level_of(level: &str) -> Result<Level> {
    Ok(match level {
        "fast" => Level::Fast,
        "default" => Level::Default,
        "max" => Level::Max,
        _ => {
            return Err(Error::invalid_argument(
                "level",
                "fast, default or max",
                level,
            ));
        }
    })
}

#[pyfunction]
#[expect(
    clippy::too_many_arguments,
    clippy::needless_pass_by_value,
    reason = "the Python side names them and hands them over"
)]
fn compress(
    py: Python<'_>,
    source: Place,
    target: Target,
    name: String,
    bases: Vec<Place>,
    threads: usize,
    level: String,
    progress: Option<Py<PyAny>>,
) -> PyResult<Summary> {
    let level = level_of(&level).map_err(|error| failure(py, &error))?;
    let options = CompressOptions {
        name,
        encode: EncodeOptions { level, threads },
        ..CompressOptions::default()
    };
    let (raised, clock) = (Raised::default(), Instant::now());
    without_gil(py, progress.as_ref(), &raised, |listener| {
        let found = Bases::new(&source, &bases, &raised);
        let base = match bases.first() {
            None => None,
            Some(place) => Some(Base::open(
                place.open(&raised)?,
                threads,
                &mut |wanted| found.resolve(wanted),
                &mut |done| listener.hear(done),
            )?),
        };
        let (source, mut target) = (source.open(&raised)?, target.open(&raised)?);
        pack(source, base, &mut *target, &options, &mut |done| {
            listener.hear(done)
        })
    })
    .map(|done| Summary::new(&done, clock))
}

/// Without a target it only verifies.
#[pyfunction]
#[expect(clippy::needless_pass_by_value, reason = "Python hands values over")]
fn decompress(
    py: Python<'_>,
    source: Place,
    target: Option<Target>,
    bases: Vec<Place>,
    threads: usize,
    progress: Option<Py<PyAny>>,
) -> PyResult<Summary> {
    let (raised, clock) = (Raised::default(), Instant::now());
    without_gil(py, progress.as_ref(), &raised, |listener| {
        let mut packed = Packed::open(source.open(&raised)?, threads)?;
        let found = Bases::new(&source, &bases, &raised);
        packed.open_bases(&mut |wanted| found.resolve(wanted))?;
        let mut listen = |done| listener.hear(done);
        match target {
            Some(target) => packed.decompress(&mut *target.open(&raised)?, &mut listen),
            None => packed.verify(&mut listen),
        }
    })
    .map(|done| Summary::new(&done, clock))
}

#[pymodule]
fn _native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Summary>()?;
    module.add_class::<Reader>()?;
    dedup::add_to(module)?;
    module.add_function(wrap_pyfunction!(compress, module)?)?;
    module.add_function(wrap_pyfunction!(decompress, module)?)?;
    module.add_function(wrap_pyfunction!(signing::ed25519_public_key, module)?)?;
    module.add_function(wrap_pyfunction!(signing::ed25519_sign, module)?)?;
    module.add_function(wrap_pyfunction!(signing::ed25519_verify, module)?)
}
