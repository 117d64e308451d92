//! Where bytes come from and go to: a path, or a Python object that reads ranges or takes bytes.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use mithril_checkpoint::manifest::BaseReference;
use mithril_checkpoint::packed::{BaseFiles, Opener, ReadSeek, open_file, resolve_among};
use mithril_checkpoint::{Error, ErrorKind, Result};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::call::Raised;
use crate::memory::Memory;

/// A path, or an object of the protocol `RangeSource` (`mithril/_native.pyi`).
pub(crate) enum Place {
    File(PathBuf),
    Ranges { object: Py<PyAny>, bytes: u64 },
}

impl<'py> FromPyObject<'_, 'py> for Place {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        if !object.hasattr("read_range")? {
            return Ok(Self::File(object.extract()?));
        }
        Ok(Self::Ranges {
            bytes: object.getattr("size")?.extract()?,
            object: object.to_owned().unbind(),
        })
    }
}

impl Place {
    pub(crate) fn open(&self, raised: &Raised) -> Result<Box<dyn ReadSeek>> {
        match self {
            Self::File(path) => open_file(path),
            Self::Ranges { object, bytes } => Ok(Box::new(Ranges {
                object: Python::attach(|py| object.clone_ref(py)),
                bytes: *bytes,
                at: 0,
                raised: raised.clone(),
            })),
        }
    }
}

/// Where to look for bases: those named, and the `.mith` files beside files that were named.
pub(crate) struct Bases<'a> {
    files: BaseFiles,
    ranges: Vec<&'a Place>,
    raised: Raised,
}

impl<'a> Bases<'a> {
    pub(crate) fn new(source: &Place, named: &'a [Place], raised: &Raised) -> Self {
        let paths = named.iter().filter_map(|place| match place {
            Place::File(path) => Some(path.clone()),
            Place::Ranges { .. } => None,
        });
        let paths: Vec<_> = paths.collect();
        let start = match source {
            Place::File(path) => Some(path.clone()),
            Place::Ranges { .. } => paths.first().cloned(),
        };
        let files = start.map_or_else(BaseFiles::default, |path| BaseFiles::beside(&path, paths));
        let is_ranges = |place: &&Place| matches!(place, Place::Ranges { .. });
        Self {
            files,
            ranges: named.iter().filter(is_ranges).collect(),
            raised: raised.clone(),
        }
    }

    pub(crate) fn resolve(&self, wanted: &BaseReference) -> Result<Box<dyn ReadSeek>> {
        match self.files.resolve(wanted) {
            Err(error) if error.kind() == ErrorKind::InvalidArgument && !self.ranges.is_empty() => {
            }
            known => return known,
        }
        let open = |place: &'a Place| -> Box<Opener<'_>> { Box::new(|| place.open(&self.raised)) };
        let candidates: Vec<_> = self.ranges.iter().map(|place| open(place)).collect();
        resolve_among(&candidates, wanted)
    }
}

/// Reads by calling `read_range(offset, length)`, which gives buffers that add up to the range.
struct Ranges {
    object: Py<PyAny>,
    bytes: u64,
    at: u64,
    raised: Raised,
}

impl Ranges {
    fn fill(&self, py: Python<'_>, out: &mut [u8]) -> PyResult<usize> {
        let answer = self
            .object
            .call_method1(py, "read_range", (self.at, out.len()))?;
        let parts = answer.bind(py).try_iter()?;
        let parts: Vec<Memory> = parts
            .map(|part| Memory::of(&part?))
            .collect::<PyResult<_>>()?;
        Ok(py.detach(|| {
            let mut filled = 0;
            for part in &parts {
                let length = part.len().min(out.len() - filled);
                out[filled..filled + length].copy_from_slice(&part.bytes()[..length]);
                filled += length;
            }
            filled
        }))
    }
}

impl Read for Ranges {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let room = usize::try_from(self.bytes.saturating_sub(self.at)).unwrap_or(usize::MAX);
        let length = room.min(out.len());
        if length == 0 {
            return Ok(0);
        }
        let filled = Python::attach(|py| self.fill(py, &mut out[..length]))
            .map_err(|raised| self.raised.keep(raised))?;
        self.at += filled as u64;
        Ok(filled)
    }
}

impl Seek for Ranges {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let place = match to {
            SeekFrom::Start(offset) => Some(offset),
            SeekFrom::End(by) => self.bytes.checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        self.at = place.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.at)
    }
}

/// A new file, or an object with `write(bytes)`.
pub(crate) enum Target {
    File(PathBuf),
    Sink(Py<PyAny>),
}

impl<'py> FromPyObject<'_, 'py> for Target {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        if object.hasattr("write")? {
            return Ok(Self::Sink(object.to_owned().unbind()));
        }
        Ok(Self::File(object.extract()?))
    }
}

impl Target {
    pub(crate) fn open(self, raised: &Raised) -> Result<Box<dyn Write>> {
        match self {
            Self::File(path) => Ok(Box::new(create(&path)?)),
            Self::Sink(object) => Ok(Box::new(Sink {
                object,
                raised: raised.clone(),
            })),
        }
    }
}

fn create(path: &Path) -> Result<File> {
    File::create(path).map_err(|error| Error::io(format!("create {}", path.display()), error))
}

struct Sink {
    object: Py<PyAny>,
    raised: Raised,
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Python::attach(|py| {
            let bytes = PyBytes::new(py, bytes);
            self.object.call_method1(py, "write", (bytes,))
        })
        .map_err(|raised| self.raised.keep(raised))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
