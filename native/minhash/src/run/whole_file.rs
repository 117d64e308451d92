//! Files that appear when they are whole.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

/// A file that is written beside its place; what is still there when it goes out of scope is
/// removed.
pub(crate) struct WholeFile {
    path: PathBuf,
    temporary: PathBuf,
}

impl WholeFile {
    /// The file to be at `path`. Nothing is created yet.
    pub(crate) fn at(path: &Path) -> Self {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        Self {
            path: path.to_owned(),
            temporary: path.with_file_name(format!(".{name}.mithril.tmp")),
        }
    }

    pub(crate) fn create(&self) -> Result<File> {
        File::create(&self.temporary).map_err(|error| self.failed("create", error))
    }

    pub(crate) fn failed(&self, what: &str, error: io::Error) -> Error {
        Error::io_at(what, &self.path, error)
    }

    /// Puts what was written in its place.
    pub(crate) fn publish(self, file: &File) -> Result<()> {
        let moved = file
            .sync_data()
            .and_then(|()| fs::rename(&self.temporary, &self.path));
        moved.map_err(|error| self.failed("write", error))
    }

    /// Writes a whole file.
    pub(crate) fn write(
        path: &Path,
        write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
    ) -> Result<()> {
        let whole = Self::at(path);
        let mut out = BufWriter::new(whole.create()?);
        let written = write(&mut out).and_then(|()| out.flush());
        written.map_err(|error| whole.failed("write", error))?;
        let file = out.into_inner();
        let file = file.map_err(|error| whole.failed("write", error.into_error()))?;
        whole.publish(&file)
    }
}

impl Drop for WholeFile {
    fn drop(&mut self) {
        // After the move it is not there; a failure to remove it has nobody to tell.
        let _ = fs::remove_file(&self.temporary);
    }
}
