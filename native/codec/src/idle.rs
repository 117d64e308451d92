//! Coders, and buffers between them, that wait for the next call.
//!
//! The buffers and tables of a coder are about 2 MiB. Made anew for each segment, the system would clear their
//! pages every time.

use std::ops::{Deref, DerefMut};
use std::sync::{Mutex, PoisonError};

use crate::Result;
use crate::block::{BlockCoder, Encoded};
use crate::segment::Level;

/// Coders that are kept at most.
const KEPT_MAX: usize = 64;

static IDLE: Mutex<Vec<(Level, BlockCoder)>> = Mutex::new(Vec::new());

/// A coder that goes back to the others when it is dropped.
pub(crate) struct IdleCoder {
    level: Level,
    coder: Option<BlockCoder>,
}

impl IdleCoder {
    /// One that waits, else a new one.
    pub(crate) fn take(level: Level) -> Result<Self> {
        let mut idle = IDLE.lock().unwrap_or_else(PoisonError::into_inner);
        let place = idle.iter().rposition(|(own, _)| *own == level);
        let found = place.map(|place| idle.swap_remove(place).1);
        drop(idle);
        let coder = found.map_or_else(|| BlockCoder::new(level), Ok)?;
        Ok(Self {
            level,
            coder: Some(coder),
        })
    }
}

impl Drop for IdleCoder {
    fn drop(&mut self) {
        // After a panic its tables may be half filled.
        let coder = self.coder.take().filter(|_| !std::thread::panicking());
        if let Some(coder) = coder {
            let mut idle = IDLE.lock().unwrap_or_else(PoisonError::into_inner);
            if idle.len() < KEPT_MAX {
                idle.push((self.level, coder));
            }
        }
    }
}

impl Deref for IdleCoder {
    type Target = BlockCoder;

    fn deref(&self) -> &BlockCoder {
        self.coder.as_ref().expect("it is there until the drop")
    }
}

impl DerefMut for IdleCoder {
    fn deref_mut(&mut self) -> &mut BlockCoder {
        self.coder.as_mut().expect("it is there until the drop")
    }
}

/// Pairs of buffers that are kept at most.
const BUFFERS_KEPT_MAX: usize = 64;

static IDLE_BUFFERS: Mutex<Vec<Coded>> = Mutex::new(Vec::new());

/// What a piece became.
#[derive(Default)]
pub(crate) struct Coded {
    pub(crate) blocks: Vec<Encoded>,
    pub(crate) payload: Vec<u8>,
}

/// Empty buffers that go back to the others when they are dropped.
pub(crate) struct IdleBuffers(Coded);

impl IdleBuffers {
    pub(crate) fn take() -> Self {
        let mut idle = IDLE_BUFFERS.lock().unwrap_or_else(PoisonError::into_inner);
        Self(idle.pop().unwrap_or_default())
    }
}

impl Drop for IdleBuffers {
    fn drop(&mut self) {
        let mut coded = std::mem::take(&mut self.0);
        coded.blocks.clear();
        coded.payload.clear();
        let mut idle = IDLE_BUFFERS.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < BUFFERS_KEPT_MAX {
            idle.push(coded);
        }
    }
}

impl Deref for IdleBuffers {
    type Target = Coded;

    fn deref(&self) -> &Coded {
        &self.0
    }
}

impl DerefMut for IdleBuffers {
    fn deref_mut(&mut self) -> &mut Coded {
        &mut self.0
    }
}
