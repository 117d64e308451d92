//! Errors of the engine as exceptions of Python.

use mithril_dedup::{Error, ErrorKind};
use pyo3::prelude::*;

use crate::call::exception;

/// The call is wrong.
pub(crate) fn input_error(py: Python<'_>, message: String) -> PyErr {
    exception(py, "InputError", message)
}

/// The exception for an error of the engine.
pub(crate) fn failure(py: Python<'_>, error: &Error) -> PyErr {
    let class = match error.kind() {
        ErrorKind::InvalidArgument => "InputError",
        ErrorKind::Corruption | ErrorKind::TooManyBadRows => "CorruptionError",
        ErrorKind::Compatibility => "CompatibilityError",
        ErrorKind::Io => "StorageError",
        ErrorKind::Cancelled => "CancelledError",
    };
    exception(py, class, error.to_string())
}
