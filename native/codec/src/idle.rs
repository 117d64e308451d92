//! Coders that wait for the next call.
//!
//! The buffers and tables of a coder are about 2 MiB. Made anew for each segment, the system would clear their
//! pages every time.

use std::ops::{Deref, DerefMut};
use std::sync::{Mutex, PoisonError};

use crate::Result;
use crate::block::BlockCoder;
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
