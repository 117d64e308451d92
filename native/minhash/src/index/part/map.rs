//! A file as memory: the one `unsafe` of the index.

use std::fs::File;
use std::path::Path;

use memmap2::Mmap;

use crate::error::{Error, Result};

/// A file that is mapped, read-only.
#[derive(Debug)]
pub(super) struct Map(Option<Mmap>);

impl Map {
    pub(super) fn open(path: &Path) -> Result<Self> {
        let failed = |error| Error::io_at("open", path, error);
        let file = File::open(path).map_err(failed)?;
        // An empty file cannot be mapped everywhere.
        if file.metadata().map_err(failed)?.len() == 0 {
            return Ok(Self(None));
        }
        // SAFETY: a part is written under another name, moved into place when it is whole, and
        // never written to again; a merge removes names, and the pages stay while they are mapped.
        // The documentation asks the same of everybody else who can write to the folder.
        let map = unsafe { Mmap::map(&file) };
        Ok(Self(Some(map.map_err(failed)?)))
    }

    pub(super) fn bytes(&self) -> &[u8] {
        self.0.as_deref().unwrap_or_default()
    }
}
