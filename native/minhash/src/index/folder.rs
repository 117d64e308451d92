//! The folder of an index: what readers see, and how writers change it in one step.

use std::collections::HashSet;
use std::fs::{self, File, TryLockError};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::damaged;
use super::head::{HEAD_NAME, Head, HeadPart};
use super::part::Part;
use super::removed::Removed;
use crate::error::{Error, ErrorKind, Result};
use crate::run::whole_file::WholeFile;

const LOCK_NAME: &str = "lock";
/// A merge may remove parts between the look at the head and the look at the parts.
const TRIES: usize = 8;

/// A head and its parts, open.
#[derive(Debug)]
pub(super) struct Shown {
    pub(super) head: Head,
    pub(super) parts: Vec<ShownPart>,
}

/// A part without the rows that were removed from it.
#[derive(Debug, Clone)]
pub(super) struct ShownPart {
    pub(super) part: Arc<Part>,
    pub(super) removed: Arc<Removed>,
}

impl Shown {
    pub(super) fn open(folder: &Path) -> Result<Self> {
        let mut result = Self::open_once(folder);
        for _ in 1..TRIES {
            match &result {
                Err(error) if error.kind() == ErrorKind::Io => result = Self::open_once(folder),
                _ => break,
            }
        }
        result
    }

    fn open_once(folder: &Path) -> Result<Self> {
        let Some(head) = Head::read(folder)? else {
            let what = format!("the index {}", folder.display());
            return Err(Error::invalid_argument(
                what,
                "a folder that was built",
                "none",
            ));
        };
        let opened = head
            .parts
            .iter()
            .map(|part| ShownPart::open(folder, part, &head));
        let parts = opened.collect::<Result<_>>()?;
        Ok(Self { head, parts })
    }
}

impl ShownPart {
    pub(super) fn open(folder: &Path, named: &HeadPart, head: &Head) -> Result<Self> {
        let path = folder.join(named.file_name());
        let part = Part::open(&path)?;
        let found = part.header();
        let tables = u32::try_from(head.settings.tables()).unwrap_or(u32::MAX);
        let is_ours = (found.settings, found.tables) == (head.settings.digest(), tables);
        if !is_ours || found.rows != named.rows || found.exact_size() != named.bytes {
            return Err(damaged(&path, "the part that the head names"));
        }
        let removed = match named.removed_name() {
            None => Removed::none(named.rows),
            Some(name) => Removed::read(&folder.join(name), named.rows)?,
        };
        if removed.count() != named.removed_rows {
            return Err(damaged(&path, "as many removed rows as the head says"));
        }
        Ok(Self {
            part: Arc::new(part),
            removed: Arc::new(removed),
        })
    }
}

/// The right to write, of one writer at a time.
#[derive(Debug)]
pub(super) struct WriteLock {
    folder: PathBuf,
    _file: File,
}

impl WriteLock {
    pub(super) fn take(folder: &Path) -> Result<Self> {
        let failed = |error| Error::io_at("create", folder, error);
        fs::create_dir_all(folder).map_err(failed)?;
        let file = File::create(folder.join(LOCK_NAME)).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => Ok(Self {
                folder: folder.to_owned(),
                _file: file,
            }),
            Err(TryLockError::WouldBlock) => Err(Error::invalid_argument(
                format!("the index {}", folder.display()),
                "no other writer",
                "one that works on it now",
            )),
            Err(TryLockError::Error(error)) => Err(failed(error)),
        }
    }

    /// Makes a head the one that readers see. All files that it names are whole.
    pub(super) fn publish(&self, head: &Head) -> Result<()> {
        self.sync()?;
        let bytes = head.to_bytes()?;
        WholeFile::write(&self.folder.join(HEAD_NAME), |out| out.write_all(&bytes))?;
        self.sync()
    }

    /// Names in the folder outlive a loss of power.
    fn sync(&self) -> Result<()> {
        let synced = File::open(&self.folder).and_then(|folder| folder.sync_all());
        synced.map_err(|error| Error::io_at("sync", &self.folder, error))
    }

    /// Removes files of ours that the published head does not name; the folder too where there is
    /// no head and nothing else in it.
    pub(super) fn sweep(&self) -> Result<()> {
        let head = Head::read(&self.folder)?;
        let mut named = HashSet::new();
        for part in head.iter().flat_map(|head| &head.parts) {
            named.insert(part.file_name());
            named.extend(part.removed_name());
        }
        let failed = |error| Error::io_at("look into", &self.folder, error);
        for entry in fs::read_dir(&self.folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if is_ours(&name) && !named.contains(&name) {
                fs::remove_file(entry.path()).map_err(failed)?;
            }
        }
        if head.is_none() {
            let _ = fs::remove_file(self.folder.join(LOCK_NAME));
            let _ = fs::remove_dir(&self.folder);
        }
        Ok(())
    }
}

/// A part, a file of removed rows, or what a writer left of one of them or of a head.
fn is_ours(name: &str) -> bool {
    let unfinished = name
        .strip_prefix('.')
        .and_then(|it| it.strip_suffix(".mithril.tmp"));
    let whole = unfinished.unwrap_or(name);
    if whole == HEAD_NAME {
        return unfinished.is_some();
    }
    let numbers = whole
        .strip_suffix(".part")
        .or_else(|| whole.strip_suffix(".removed"));
    numbers.is_some_and(|it| !it.is_empty() && it.bytes().all(|b| b.is_ascii_digit() || b == b'-'))
}
