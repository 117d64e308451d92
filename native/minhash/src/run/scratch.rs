//! The scratch folder of a job: finished parts of the work, so that a run that was stopped goes on
//! where it was. It is beside the output, held by one run at a time, and removed at the end.

use std::fs::{self, File, TryLockError};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

const JOB_NAME: &str = "job.json";
const LOCK_NAME: &str = "lock";

/// What the job file says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct JobFile {
    /// Digest of files and settings, in hexadecimal digits.
    pub job: String,
    /// Bytes of a split, which a run that goes on must take over.
    pub split_bytes: u64,
    /// Whether outputs are being put in place: those that exist are then this job's own.
    pub is_publishing: bool,
}

/// A folder that this run holds.
pub(super) struct Scratch {
    folder: PathBuf,
    /// Locked while it is open; also the lock ends with the process.
    _lock: File,
}

impl Scratch {
    /// Takes the folder for this run; it is made if it does not exist.
    pub(super) fn open(folder: &Path) -> Result<Self> {
        let failed = |error| Error::io_at("create", folder, error);
        fs::create_dir_all(folder).map_err(failed)?;
        let lock = File::create(folder.join(LOCK_NAME)).map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => Ok(Self {
                folder: folder.to_owned(),
                _lock: lock,
            }),
            Err(TryLockError::WouldBlock) => Err(Error::invalid_argument(
                format!("the scratch folder {}", folder.display()),
                "no other run",
                "one that works in it now",
            )),
            Err(TryLockError::Error(error)) => Err(failed(error)),
        }
    }

    /// What an earlier run left of the same job; what it left of another one is removed.
    pub(super) fn resume(&self, job: &str) -> Result<Option<JobFile>> {
        let bytes = fs::read(self.path(JOB_NAME)).unwrap_or_default();
        let found: Option<JobFile> = serde_json::from_slice(&bytes).ok();
        let found = found.filter(|found| found.job == job);
        if found.is_none() {
            self.clear(is_ours)?;
        } else {
            self.clear(is_unfinished)?;
        }
        Ok(found)
    }

    /// Writes the job file.
    pub(super) fn note(&self, file: &JobFile) -> Result<()> {
        self.write(JOB_NAME, |out| {
            serde_json::to_writer(out, file).map_err(io::Error::from)
        })
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Writes a file that appears when it is whole.
    pub(super) fn write(
        &self,
        name: &str,
        write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
    ) -> Result<()> {
        let path = self.path(name);
        let temporary = self.path(&format!("{name}.tmp"));
        let finish = || {
            let mut out = BufWriter::with_capacity(1 << 20, File::create(&temporary)?);
            write(&mut out)?;
            out.flush()?;
            fs::rename(&temporary, &path)
        };
        finish().map_err(|error| Error::io_at("write", &path, error))
    }

    fn clear(&self, is_wanted: impl Fn(&str) -> bool) -> Result<()> {
        let failed = |error| Error::io_at("clear", &self.folder, error);
        for entry in fs::read_dir(&self.folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            // Only files of our own names: the folder may have been named by mistake.
            let name = entry.file_name().to_string_lossy().into_owned();
            if is_wanted(&name) {
                fs::remove_file(entry.path()).map_err(failed)?;
            }
        }
        Ok(())
    }

    /// After a run that did not end well: the folder stays where it saves work, else it goes.
    pub(super) fn leave(self) -> Result<()> {
        let failed = |error| Error::io_at("look into", &self.folder, error);
        for entry in fs::read_dir(&self.folder).map_err(failed)? {
            let name = entry.map_err(failed)?.file_name();
            if is_spill(&name.to_string_lossy()) {
                return Ok(());
            }
        }
        self.remove()
    }

    /// Removes what this job left, and the folder where nothing else is in it.
    pub(super) fn remove(self) -> Result<()> {
        self.clear(is_ours)?;
        let _ = fs::remove_file(self.path(LOCK_NAME));
        let _ = fs::remove_dir(&self.folder);
        Ok(())
    }
}

fn is_spill(name: &str) -> bool {
    ending(name) == Some("spill")
}

fn is_ours(name: &str) -> bool {
    let name = name.strip_suffix(".tmp").unwrap_or(name);
    name == JOB_NAME || matches!(ending(name), Some("spill" | "part" | "table"))
}

/// Of no use to a run that goes on.
fn is_unfinished(name: &str) -> bool {
    is_ours(name) && matches!(ending(name), Some("tmp" | "part"))
}

fn ending(name: &str) -> Option<&str> {
    Path::new(name).extension().and_then(|it| it.to_str())
}
