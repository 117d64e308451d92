//! Stage 1: every row is read once and hashed. Spills stay in memory while they fit, the rest goes
//! to the scratch folder, where a run that goes on finds it.

use std::fs;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use super::Context;
use super::pool::{lock, on_threads, unlocked};
use super::spills::{Entry, Spills, Stored};
use super::splits::{FilePart, Splits, Task};
use crate::error::Result;
use crate::hash::RowHasher;
use crate::spill::Spill;
use crate::spill::wire::{self, HEADER_BYTES, Header};

impl Context<'_> {
    /// Hashes these parts of the inputs.
    pub(super) fn hash_parts(&self, parts: Vec<FilePart>) -> Result<Spills> {
        let inputs = &self.job.inputs;
        self.progress.expect(inputs.iter().map(|it| it.bytes).sum());
        let splits = Splits::new(self.job, parts);
        let entries = Mutex::new(Vec::new());
        let used = AtomicU64::new(0);
        on_threads(self.job.threads, || {
            let mut hasher = RowHasher::new(&self.job.settings)?;
            let mut room = Vec::new();
            while let Some(task) = splits.next()? {
                let (file, index, bytes) = (task.file, task.index, task.bytes);
                let stored = match self.finished(file, index) {
                    Some(stored) => stored,
                    None => self.hash(task, &mut hasher, &mut room, &used)?,
                };
                lock(&entries).push(Entry::new(file, index, stored));
                self.progress.advance(bytes)?;
            }
            Ok(())
        })?;
        Spills::new(unlocked(entries))
    }

    fn hash(
        &self,
        task: Task,
        hasher: &mut RowHasher,
        room: &mut Vec<u8>,
        used: &AtomicU64,
    ) -> Result<Stored> {
        let (file, index) = (task.file, task.index);
        let (spill, given_back) = task.hash(self.job, hasher, std::mem::take(room))?;
        *room = given_back;
        let bytes = spill.memory() as u64;
        if used.fetch_add(bytes, Ordering::Relaxed) + bytes <= self.job.spill_room() {
            return Ok(Stored::Memory(spill));
        }
        used.fetch_sub(bytes, Ordering::Relaxed);
        self.store(file, index, &spill)
    }

    fn store(&self, file: usize, index: u32, spill: &Spill) -> Result<Stored> {
        let header = Header {
            job: self.digest,
            file: u32::try_from(file).unwrap_or(u32::MAX),
            split: index,
            rows: spill.rows() as u64,
            bands: u32::try_from(self.job.settings.bands()).unwrap_or(u32::MAX),
            rejects: spill.rejects.len() as u64,
        };
        let name = spill_name(file, index);
        self.scratch
            .write(&name, |out| wire::write(spill, &header, out))?;
        Ok(Stored::File(self.scratch.path(&name), header))
    }

    /// The spill that an earlier run left of this split.
    fn finished(&self, file: usize, index: u32) -> Option<Stored> {
        let path = self.scratch.path(&spill_name(file, index));
        let header = Self::whole_spill(&path)?;
        let is_ours =
            header.job == self.digest && (header.file as usize, header.split) == (file, index);
        is_ours.then_some(Stored::File(path, header))
    }

    fn whole_spill(path: &Path) -> Option<Header> {
        let bytes = fs::read(path).ok()?;
        if !wire::is_whole(&bytes) {
            return None;
        }
        Header::read_from(bytes.get(..HEADER_BYTES)?).ok()
    }
}

fn spill_name(file: usize, index: u32) -> String {
    format!("{file:06}-{index:08}.spill")
}
