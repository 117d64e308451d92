//! A checkpoint opened for reading: its tensors, and ranges of its original.

use std::sync::Mutex;

use mithril_checkpoint::layout::{ContainerKind, Tensor};
use mithril_checkpoint::packed::{Original, Part, read_parts};
use mithril_checkpoint::{Error, Result};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::call::{Raised, without_gil};
use crate::memory::Memory;
use crate::place::{Bases, Place};

/// Name, dtype as the container spells it, shape, offset in the original, bytes.
type TensorRow = (String, String, Vec<u64>, u64, u64);

/// Opens anew for every thread that reads, so that nothing is shared and nothing waits.
#[pyclass(frozen)]
pub(crate) struct Reader {
    place: Place,
    bases: Vec<Place>,
    /// Opened once for small reads, one at a time.
    own: Mutex<Original>,
    #[pyo3(get)]
    size: u64,
    /// Length of the header; `None` if the original is not safetensors.
    #[pyo3(get)]
    header_bytes: Option<u64>,
    tensors: Vec<Tensor>,
    /// What the original is instead, or why it is opaque.
    #[pyo3(get)]
    reason: Option<String>,
}

#[pymethods]
impl Reader {
    #[new]
    fn new(py: Python<'_>, place: Place, bases: Vec<Place>) -> PyResult<Self> {
        let raised = Raised::default();
        without_gil(py, None, &raised, |_| {
            let mut own = open(&place, &bases, &raised)?;
            let size = own.bytes();
            let found = own.probe()?;
            let (header_bytes, reason) = match found.kind {
                ContainerKind::Safetensors => (Some(found.header_bytes), None),
                ContainerKind::Opaque => (None, Some(found.reason)),
                other => (None, Some(format!("a file of kind {other}"))),
            };
            Ok(Self {
                own: Mutex::new(own),
                place,
                bases,
                size,
                header_bytes,
                tensors: found.tensors,
                reason,
            })
        })
    }

    /// The tensors, by offset.
    fn tensors(&self) -> Vec<TensorRow> {
        let row = |tensor: &Tensor| {
            let Tensor {
                name,
                dtype,
                shape,
                offset,
                length,
                ..
            } = tensor.clone();
            (name, dtype, shape, offset, length)
        };
        self.tensors.iter().map(row).collect()
    }

    /// The bytes from `offset` on.
    fn read(&self, py: Python<'_>, offset: u64, length: usize) -> PyResult<Py<PyBytes>> {
        let bytes = PyBytes::new_with(py, length, |out| {
            let raised = Raised::default();
            without_gil(py, None, &raised, |_| {
                let mut own = lock(&self.own)?;
                own.read(offset, out)
            })
        })?;
        Ok(bytes.unbind())
    }

    /// Fills each buffer with the bytes from its offset on.
    #[expect(clippy::needless_pass_by_value, reason = "Python hands values over")]
    fn read_into(
        &self,
        py: Python<'_>,
        parts: Vec<(u64, Bound<'_, PyAny>)>,
        threads: usize,
        progress: Option<Py<PyAny>>,
    ) -> PyResult<()> {
        let mut held: Vec<(u64, Memory)> = parts
            .iter()
            .map(|(offset, buffer)| Ok((*offset, Memory::writable(buffer)?)))
            .collect::<PyResult<_>>()?;
        let raised = Raised::default();
        without_gil(py, progress.as_ref(), &raised, |listener| {
            check_apart(&held)?;
            let mut listen = |done| listener.hear(done);
            if let [(offset, memory)] = held.as_mut_slice()
                && threads == 1
            {
                return lock(&self.own)?.read(*offset, memory.bytes_mut());
            }
            let parts = held.iter_mut().map(|(offset, memory)| Part {
                offset: *offset,
                out: memory.bytes_mut(),
            });
            let parts = parts.collect();
            let again = || open(&self.place, &self.bases, &raised);
            read_parts(&again, parts, threads, &mut listen)
        })
    }
}

fn lock(own: &Mutex<Original>) -> Result<std::sync::MutexGuard<'_, Original>> {
    own.lock().map_err(|_| {
        Error::invalid_argument("reader", "one whose reads did not fail badly", "another")
    })
}

fn open(place: &Place, bases: &[Place], raised: &Raised) -> Result<Original> {
    let bases = Bases::new(place, bases, raised);
    Original::open(place.open(raised)?, 1, &mut |wanted| bases.resolve(wanted))
}

/// Two buffers of the same memory would be written to at the same time.
fn check_apart(held: &[(u64, Memory)]) -> Result<()> {
    let mut places: Vec<_> = held.iter().map(|(_, memory)| memory.place()).collect();
    places.sort_unstable();
    let mut end = 0;
    for (start, stop) in places.into_iter().filter(|(start, stop)| start < stop) {
        if start < end {
            return Err(Error::invalid_argument(
                "buffers",
                "memory apart from each other",
                "two that overlap",
            ));
        }
        end = stop;
    }
    Ok(())
}
