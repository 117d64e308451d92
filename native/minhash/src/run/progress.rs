//! How far the work is, for whoever watches it, and the way to stop it.

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};

use crate::error::{Error, Result};

/// The stages of a run, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Stage {
    /// Nothing has been started.
    Idle = 0,
    /// Every row is read and hashed; counted in bytes of the files.
    Hash = 1,
    /// Rows that share a key are found; counted in bands.
    Candidates = 2,
    /// Candidates are compared; counted in pairs.
    Verify = 3,
    /// Survivors are chosen.
    Decide = 4,
    /// What is kept is written; counted in bytes of the files.
    Write = 5,
}

impl Stage {
    const ALL: [Self; 6] = [
        Self::Idle,
        Self::Hash,
        Self::Candidates,
        Self::Verify,
        Self::Decide,
        Self::Write,
    ];

    /// The stable word for reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Hash => "hash",
            Self::Candidates => "candidates",
            Self::Verify => "verify",
            Self::Decide => "decide",
            Self::Write => "write",
        }
    }
}

/// Counters that another thread may read, and the flag by which it stops the work.
#[derive(Debug, Default)]
pub struct Progress {
    stage: AtomicU8,
    done: AtomicU64,
    total: AtomicU64,
    is_cancelled: AtomicBool,
}

impl Progress {
    /// The stage that runs.
    #[must_use]
    pub fn stage(&self) -> Stage {
        let code = usize::from(self.stage.load(Ordering::Relaxed));
        Stage::ALL.get(code).copied().unwrap_or(Stage::Idle)
    }

    /// What of the stage is done, and what there is to do.
    #[must_use]
    pub fn done_and_total(&self) -> (u64, u64) {
        let done = self.done.load(Ordering::Relaxed);
        (done, self.total.load(Ordering::Relaxed))
    }

    /// Ends the work with `Cancelled` soon.
    pub fn cancel(&self) {
        self.is_cancelled.store(true, Ordering::Relaxed);
    }

    pub(crate) fn enter(&self, stage: Stage) -> Result<()> {
        self.stage.store(stage as u8, Ordering::Relaxed);
        self.done.store(0, Ordering::Relaxed);
        self.total.store(0, Ordering::Relaxed);
        self.check()
    }

    pub(crate) fn expect(&self, total: u64) {
        self.total.store(total, Ordering::Relaxed);
    }

    pub(crate) fn advance(&self, done: u64) -> Result<()> {
        self.done.fetch_add(done, Ordering::Relaxed);
        self.check()
    }

    pub(crate) fn check(&self) -> Result<()> {
        if self.is_cancelled.load(Ordering::Relaxed) {
            Err(Error::cancelled("stopped"))
        } else {
            Ok(())
        }
    }
}
