//! Changes to an index: texts are added and removed, parts are merged.

use std::collections::HashSet;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use super::folder::{ShownPart, WriteLock};
use super::head::{Head, HeadPart, IndexSettings};
use super::merge::Merge;
use super::part::{Source, write};
use super::texts::{Batch, Prepared, SetHasher};
use crate::error::{Error, Result};
use crate::in_memory::Texts;
use crate::run::Progress;
use crate::run::pool::map_tasks;
use crate::run::whole_file::WholeFile;

/// More parts than this are merged: each is looked into for every query.
const PARTS_MAX: usize = 8;
/// Texts that a thread hashes at a time.
const TASK_ROWS: usize = 1024;

/// The one who changes an index. Nothing is seen by readers before [`commit`](Self::commit); what
/// was not committed goes with the writer.
#[derive(Debug)]
pub struct Writer {
    folder: PathBuf,
    lock: WriteLock,
    head: Head,
}

impl Writer {
    /// A new, empty index. With `is_forced` it takes the place of one that is there.
    ///
    /// # Errors
    ///
    /// `InvalidArgument` where there is one, or another writer, or settings are out of range.
    pub fn create(folder: &Path, settings: IndexSettings, is_forced: bool) -> Result<Self> {
        let mut head = Head::new(settings)?;
        let lock = WriteLock::take(folder)?;
        // A damaged head may be replaced, too; its parts keep their names until then.
        let found = match Head::read(folder) {
            Err(_) if is_forced => None,
            found => found?,
        };
        if let Some(found) = found {
            if !is_forced {
                let what = format!("the output {}", folder.display());
                return Err(Error::invalid_argument(
                    what,
                    "a name that is not taken",
                    "an index",
                ));
            }
            head.next = found.next;
            head.generation = found.generation;
        }
        let folder = folder.to_owned();
        Ok(Self { folder, lock, head })
    }

    /// An index that is there, to be changed.
    ///
    /// # Errors
    ///
    /// `InvalidArgument` where there is none, or another writer; `Corruption`.
    pub fn open(folder: &Path) -> Result<Self> {
        let none = || {
            let what = format!("the index {}", folder.display());
            Error::invalid_argument(what, "a folder that was built", "none")
        };
        // Not even a lock is left in a folder that holds no index.
        Head::read(folder)?.ok_or_else(none)?;
        let lock = WriteLock::take(folder)?;
        let head = Head::read(folder)?.ok_or_else(none)?;
        let folder = folder.to_owned();
        Ok(Self { folder, lock, head })
    }

    /// What its texts are compared by.
    #[must_use]
    pub fn settings(&self) -> &IndexSettings {
        &self.head.settings
    }

    /// An empty batch of this index.
    pub(super) fn batch(&self) -> Batch {
        Batch::new(self.head.settings.digest(), self.head.settings.tables())
    }

    /// Adds texts with their ids, each a JSON value. They become one part.
    ///
    /// # Errors
    ///
    /// `InvalidArgument` where there are fewer ids than texts, `Io`.
    pub fn add_texts<T: Texts + ?Sized>(
        &mut self,
        texts: &T,
        ids: &[String],
        threads: usize,
        progress: &Progress,
    ) -> Result<()> {
        let rows = texts.count();
        if ids.len() != rows {
            let expected = format!("{rows}, one a text");
            return Err(Error::invalid_argument(
                "the number of ids",
                expected,
                ids.len(),
            ));
        }
        let parameters = self.head.settings.parameters()?;
        progress.expect(rows as u64);
        let state = || SetHasher::new(&parameters);
        let blocks = map_tasks(threads, rows.div_ceil(TASK_ROWS), state, |hasher, task| {
            let mut prepared = Prepared::default();
            for row in task * TASK_ROWS..rows.min((task + 1) * TASK_ROWS) {
                let text = texts.get(row).unwrap_or_default();
                prepared.push(hasher, text, ids.get(row).map_or("null", String::as_str));
            }
            progress.advance(prepared.rows() as u64)?;
            Ok(prepared)
        })?;
        let mut batch = self.batch();
        for block in &blocks {
            batch.append(block);
        }
        self.add(batch)
    }

    /// Adds a part.
    pub(super) fn add(&mut self, batch: Batch) -> Result<()> {
        if batch.rows() == 0 {
            return Ok(());
        }
        let part = self.write_part(&batch.ready())?;
        self.head.parts.push(part);
        Ok(())
    }

    fn write_part<S: Source>(&mut self, source: &S) -> Result<HeadPart> {
        let mut part = HeadPart {
            number: self.head.next,
            rows: 0,
            bytes: 0,
            removed: 0,
            removed_rows: 0,
        };
        let path = self.folder.join(part.file_name());
        let whole = WholeFile::at(&path);
        let mut out = BufWriter::with_capacity(1 << 20, whole.create()?);
        let failed = |error| Error::io_at("write", &path, error);
        let header = write(source, &mut out, &failed)?;
        out.flush().map_err(failed)?;
        let file = out
            .into_inner()
            .map_err(|error| failed(error.into_error()))?;
        whole.publish(&file)?;
        self.head.next += 1;
        part.rows = header.rows;
        part.bytes = header.exact_size();
        Ok(part)
    }

    /// Removes the texts with these ids (JSON values, as they were given); returns how many.
    ///
    /// # Errors
    ///
    /// `Corruption`, `Io`.
    pub fn remove(&mut self, ids: &HashSet<String>) -> Result<u64> {
        let generation = self.head.generation + 1;
        let mut count = 0;
        for at in 0..self.head.parts.len() {
            let named = self.head.parts[at].clone();
            let shown = ShownPart::open(&self.folder, &named, &self.head)?;
            let mut removed = (*shown.removed).clone();
            for row in 0..u32::try_from(named.rows).unwrap_or(u32::MAX) {
                if ids.contains(shown.part.id(row)?) {
                    removed.insert(row);
                }
            }
            if removed.count() == named.removed_rows {
                continue;
            }
            count += removed.count() - named.removed_rows;
            let part = &mut self.head.parts[at];
            (part.removed, part.removed_rows) = (generation, removed.count());
            if let Some(name) = part.removed_name() {
                removed.write(&self.folder.join(name))?;
            }
        }
        Ok(count)
    }

    /// Makes all of it one part, without the removed texts.
    ///
    /// # Errors
    ///
    /// `Corruption`, `Io`.
    pub fn merge_all(&mut self) -> Result<()> {
        let is_one = self.head.parts.len() < 2;
        if is_one && self.head.parts.iter().all(|part| part.removed == 0) {
            return Ok(());
        }
        self.merge_from(0)
    }

    /// Merges the parts from this one on; a merge of more rows than a part may have is left out.
    fn merge_from(&mut self, first: usize) -> Result<()> {
        let (_, merged) = self.head.parts.split_at(first);
        if merged.iter().map(|it| it.rows).sum::<u64>() > u64::from(u32::MAX) {
            return Ok(());
        }
        let open = |named| ShownPart::open(&self.folder, named, &self.head);
        let shown = merged.iter().map(open).collect::<Result<Vec<_>>>()?;
        // What is merged is not looked at again: damage must be found now.
        shown.iter().try_for_each(|it| it.part.check())?;
        let tables = u32::try_from(self.head.settings.tables()).unwrap_or(u32::MAX);
        let part = self.write_part(&Merge::new(&shown, self.head.settings.digest(), tables)?)?;
        self.head.parts.truncate(first);
        if part.rows > 0 {
            self.head.parts.push(part);
        }
        Ok(())
    }

    /// Keeps the number of parts small: the newest are merged, with older ones that are not larger
    /// than what is merged already, so that every row is merged a few times only.
    fn keep_few(&mut self) -> Result<()> {
        if self.head.parts.len() <= PARTS_MAX {
            return Ok(());
        }
        let parts = &self.head.parts;
        let mut first = parts.len() - 2;
        let mut rows: u64 = parts.iter().skip(first).map(|it| it.rows).sum();
        while let Some(older) = first.checked_sub(1).and_then(|at| parts.get(at)) {
            if older.rows > rows && first < PARTS_MAX {
                break;
            }
            rows += older.rows;
            first -= 1;
        }
        self.merge_from(first)
    }

    /// Shows readers what was done.
    ///
    /// # Errors
    ///
    /// `Io`; the index is then as it was.
    pub fn commit(&mut self) -> Result<()> {
        self.keep_few()?;
        self.head.generation += 1;
        self.lock.publish(&self.head)?;
        self.lock.sweep()
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // What was not committed; a failure to remove it has nobody to tell, and the next writer
        // removes it.
        let _ = self.lock.sweep();
    }
}
