//! One call from Python: work without the GIL, progress, Ctrl-C, and errors as exceptions.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};

use mithril_checkpoint::{Error, ErrorKind, Result};
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;

/// The first exception that Python raised while the codec asked it for something: it is what the
/// caller gets, in place of the codec's error about the interrupted work.
#[derive(Clone, Default)]
pub(crate) struct Raised(Arc<Mutex<Option<PyErr>>>);

impl Raised {
    /// Keeps an exception; what the codec is told in its place.
    pub(crate) fn keep(&self, raised: PyErr) -> std::io::Error {
        let text = raised.to_string();
        self.slot().get_or_insert(raised);
        std::io::Error::other(text)
    }

    fn slot(&self) -> std::sync::MutexGuard<'_, Option<PyErr>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Asks Python whether to go on, and keeps the exception if it says no by raising.
pub(crate) struct Listener<'a> {
    progress: Option<&'a Py<PyAny>>,
    raised: Raised,
}

impl Listener<'_> {
    pub(crate) fn hear(&mut self, bytes_done: u64) -> bool {
        Python::attach(|py| match self.ask(py, bytes_done) {
            Ok(goes_on) => goes_on,
            Err(raised) => {
                self.raised.keep(raised);
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
pub(crate) fn without_gil<T: Send>(
    py: Python<'_>,
    progress: Option<&Py<PyAny>>,
    raised: &Raised,
    work: impl FnOnce(&mut Listener<'_>) -> Result<T> + Send,
) -> PyResult<T> {
    let mut listener = Listener {
        progress,
        raised: raised.clone(),
    };
    let outcome = py.detach(|| catch_unwind(AssertUnwindSafe(|| work(&mut listener))));
    match outcome {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(error)) => Err(raised.slot().take().unwrap_or_else(|| failure(py, &error))),
        Err(panic) => Err(bug(py, "the codec", &*panic)),
    }
}

/// The exception for an error of the codec or of dedup.
pub(crate) fn failure(py: Python<'_>, error: &Error) -> PyErr {
    exception(py, class_of(error.kind()), error.to_string())
}

/// The exception for a panic in `part` of the native code.
pub(crate) fn bug(py: Python<'_>, part: &str, panic: &(dyn Any + Send)) -> PyErr {
    let text = panic.downcast_ref::<&str>().map(ToString::to_string);
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    let message = format!("a bug in {part}: {}", text.unwrap_or_default());
    exception(py, "InternalError", message)
}

/// The call is wrong.
pub(crate) fn input_error(py: Python<'_>, message: String) -> PyErr {
    exception(py, "InputError", message)
}

/// An exception of this class of `mithril._errors`.
pub(crate) fn exception(py: Python<'_>, class: &str, message: String) -> PyErr {
    py.import("mithril._errors")
        .and_then(|module| module.getattr(class))
        .and_then(|class| class.call1((message.clone(),)))
        .map_or_else(|_| PyRuntimeError::new_err(message), PyErr::from_value)
}

fn class_of(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::Corruption | ErrorKind::InsufficientData | ErrorKind::TooManyBadRows => {
            "CorruptionError"
        }
        ErrorKind::Compatibility => "CompatibilityError",
        ErrorKind::InvalidArgument => "InputError",
        ErrorKind::Io => "StorageError",
        ErrorKind::Cancelled => "CancelledError",
    }
}
