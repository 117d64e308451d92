//! Python binding of `mithril-checkpoint`: it converts, and nothing else.
//!
//! The GIL is released while the codec works. It is taken back for the progress callback and to see
//! whether Ctrl-C was pressed, between two segments; an exception raised there ends the work and is
//! what the caller gets. A panic becomes `InternalError`.

use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::Instant;

use mithril_checkpoint::packed::{
    Base, BaseFiles, CompressOptions, Packed, Summary as NativeSummary, compress as pack, open_file,
};
use mithril_checkpoint::segment::{EncodeOptions, Level};
use mithril_checkpoint::{Error, ErrorKind, Result};
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;

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

/// Why the work ended early.
enum Ended {
    Failed(Error),
    Panicked(String),
}

/// Asks Python whether to go on, and keeps the exception if it says no by raising.
struct Listener<'a> {
    progress: Option<&'a Py<PyAny>>,
    raised: Option<PyErr>,
}

impl Listener<'_> {
    fn hear(&mut self, bytes_done: u64) -> bool {
        Python::attach(|py| match self.ask(py, bytes_done) {
            Ok(goes_on) => goes_on,
            Err(raised) => {
                self.raised = Some(raised);
                false
            }
        })
    }

    fn ask(&self, py: Python<'_>, bytes_done: u64) -> PyResult<bool> {
        py.check_signals()?;
        let Some(progress) = self.progress else {
            return Ok(true);
        };
        let answer = progress.call1(py, (bytes_done,))?;
        Ok(!answer.bind(py).is(pyo3::types::PyBool::new(py, false)))
    }
}

/// Runs `work` without the GIL, and turns what went wrong into the exception of Python.
fn without_gil(
    py: Python<'_>,
    progress: Option<&Py<PyAny>>,
    work: impl FnOnce(&mut Listener<'_>) -> Result<NativeSummary> + Send,
) -> PyResult<Summary> {
    let clock = Instant::now();
    let mut listener = Listener {
        progress,
        raised: None,
    };
    let outcome = py.detach(|| {
        catch_unwind(AssertUnwindSafe(|| work(&mut listener))).map_or_else(
            |panic| {
                let text = panic.downcast_ref::<&str>().map(ToString::to_string);
                let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
                Err(Ended::Panicked(text.unwrap_or_default()))
            },
            |done| done.map_err(Ended::Failed),
        )
    });
    match (outcome, listener.raised) {
        (Ok(done), _) => Ok(Summary {
            original_bytes: done.original.bytes,
            packed_bytes: done.packed_bytes,
            crc32: done.original.crc32,
            crc64nvme: done.original.crc64nvme,
            seconds: clock.elapsed().as_secs_f64(),
            codec_seconds: done.codec_seconds,
            has_base: done.has_base,
        }),
        (Err(_), Some(raised)) => Err(raised),
        (Err(ended), None) => Err(exception(py, &ended)),
    }
}

/// The class of `mithril._errors` for an error.
fn exception(py: Python<'_>, ended: &Ended) -> PyErr {
    let (class, message) = match ended {
        Ended::Panicked(text) => ("InternalError", format!("a bug in the codec: {text}")),
        Ended::Failed(error) => (class_of(error.kind()), error.to_string()),
    };
    py.import("mithril._errors")
        .and_then(|module| module.getattr(class))
        .and_then(|class| class.call1((message.clone(),)))
        .map_or_else(|_| PyRuntimeError::new_err(message), PyErr::from_value)
}

fn class_of(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::Corruption | ErrorKind::InsufficientData => "CorruptionError",
        ErrorKind::Compatibility => "CompatibilityError",
        ErrorKind::InvalidArgument => "InputError",
        ErrorKind::Io => "StorageError",
        ErrorKind::Cancelled => "CancelledError",
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

fn create(path: &Path) -> Result<File> {
    File::create(path).map_err(|error| Error::io(format!("create {}", path.display()), error))
}

#[pyfunction]
#[expect(
    clippy::too_many_arguments,
    clippy::needless_pass_by_value,
    reason = "the Python side names them and hands them over"
)]
fn compress(
    py: Python<'_>,
    source: PathBuf,
    target: PathBuf,
    name: String,
    bases: Vec<PathBuf>,
    threads: usize,
    level: String,
    progress: Option<Py<PyAny>>,
) -> PyResult<Summary> {
    without_gil(py, progress.as_ref(), move |listener| {
        let encode = EncodeOptions {
            level: level_of(&level)?,
            threads,
        };
        let options = CompressOptions {
            name,
            encode,
            ..CompressOptions::default()
        };
        let files = BaseFiles::beside(&source, bases);
        let base = match files.listed.first() {
            None => None,
            Some(path) => Some(Base::open(
                open_file(path)?,
                threads,
                &mut |wanted| files.resolve(wanted),
                &mut |done| listener.hear(done),
            )?),
        };
        let source = open_file(&source)?;
        pack(source, base, &mut create(&target)?, &options, &mut |done| {
            listener.hear(done)
        })
    })
}

/// Without a target it only verifies.
#[pyfunction]
#[expect(clippy::needless_pass_by_value, reason = "Python hands values over")]
fn decompress(
    py: Python<'_>,
    source: PathBuf,
    target: Option<PathBuf>,
    bases: Vec<PathBuf>,
    threads: usize,
    progress: Option<Py<PyAny>>,
) -> PyResult<Summary> {
    without_gil(py, progress.as_ref(), move |listener| {
        let mut packed = Packed::open(open_file(&source)?, threads)?;
        let files = BaseFiles::beside(&source, bases);
        packed.open_bases(&mut |wanted| files.resolve(wanted))?;
        let mut listen = |done| listener.hear(done);
        match target {
            Some(target) => packed.decompress(&mut create(&target)?, &mut listen),
            None => packed.verify(&mut listen),
        }
    })
}

#[pymodule]
fn _native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Summary>()?;
    module.add_function(wrap_pyfunction!(compress, module)?)?;
    module.add_function(wrap_pyfunction!(decompress, module)?)
}
