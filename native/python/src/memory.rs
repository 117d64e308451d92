//! Memory that Python owns, read and written while the GIL is released.
//!
//! All `unsafe` of this crate is here and in `dedup/arrow/abi.rs`. A buffer that is held keeps its memory alive and in place
//! (an exporter refuses to resize meanwhile); that nothing else writes to it is what the caller of
//! this package promises, as with every function of numpy that releases the GIL.

use pyo3::buffer::PyUntypedBuffer;
use pyo3::exceptions::PyBufferError;
use pyo3::prelude::*;

/// A contiguous run of bytes of a Python object.
pub(crate) struct Memory(PyUntypedBuffer);

impl Memory {
    pub(crate) fn of(object: &Bound<'_, PyAny>) -> PyResult<Self> {
        let buffer = PyUntypedBuffer::get(object)?;
        if buffer.is_c_contiguous() {
            return Ok(Self(buffer));
        }
        Err(PyBufferError::new_err("expected contiguous memory"))
    }

    /// The same, for memory that is to be written to.
    pub(crate) fn writable(object: &Bound<'_, PyAny>) -> PyResult<Self> {
        let memory = Self::of(object)?;
        if memory.0.readonly() {
            return Err(PyBufferError::new_err("expected writable memory"));
        }
        Ok(memory)
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len_bytes()
    }

    /// Begin and end as numbers, to find overlaps.
    pub(crate) fn place(&self) -> (usize, usize) {
        let start = self.0.buf_ptr() as usize;
        (start, start.saturating_add(self.len()))
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        if self.len() == 0 {
            return &[];
        }
        // SAFETY: the buffer is contiguous, has this length and is not null since it has bytes; it
        // lives as long as `self`, and the caller promised that nobody writes to it meanwhile.
        unsafe { std::slice::from_raw_parts(self.0.buf_ptr().cast::<u8>(), self.len()) }
    }

    pub(crate) fn bytes_mut(&mut self) -> &mut [u8] {
        if self.len() == 0 {
            return &mut [];
        }
        // SAFETY: as above; it is writable by `Memory::writable`, `self` is borrowed exclusively,
        // and `Reader::read_into` has checked that no two buffers overlap.
        unsafe { std::slice::from_raw_parts_mut(self.0.buf_ptr().cast::<u8>(), self.len()) }
    }
}
