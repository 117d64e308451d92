//! The packed form: segments, manifest and a trailer in one `.mith` file.
//!
//! Everything is generic over [`std::io`], and holds a few segments in memory at most (16 MiB each
//! unless asked otherwise), whatever the size of the file. Threads split the blocks of one segment.
//!
//! A delta names its base by size and checksums. Opening a [`Base`] compares the size at once, and
//! a base that is a `.mith` file says its checksums itself; a plain file is not read twice for
//! them: every block restored from it is checked by its own CRC32 and the whole by the checksums of
//! the manifest, and where a block fails, the base's checksums are taken to say which of the two
//! was wrong.
//!
//! Writing is not atomic by itself: write to a temporary file beside the target and rename it when
//! [`compress`] or [`Packed::decompress`] has returned.

mod base;
mod files;
mod original;
mod reader;
mod source;
mod trailer;
mod writer;

pub use base::{Base, Resolver};
pub use files::{BaseFiles, open_file};
pub use original::{Opener, Original, Part, read_parts, resolve_among};
pub use reader::Packed;
pub use source::ReadSeek;
pub use writer::{CompressOptions, compress};

use crate::checksum::Checksums;
use crate::error::{Error, Result};
use crate::segment::SegmentStats;

/// Bytes of the original in a segment of a packed file, unless asked otherwise.
pub const PACKED_SEGMENT_BYTES: u64 = 16 << 20;
/// Bytes of the original that are restored at once where a base has to be read for them.
const WINDOW_BYTES: u64 = 4 << 20;

/// What a whole-file operation did.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Summary {
    /// Size and checksums of the original.
    pub original: Checksums,
    /// Size of the packed file.
    pub packed_bytes: u64,
    /// Raw bytes by the way they were stored; only [`compress`] knows them.
    pub stats: SegmentStats,
    /// Wall time inside of the codec: no file access, no digests.
    pub codec_seconds: f64,
    /// Whether the packed file refers to a base.
    pub has_base: bool,
}

/// Hears how many bytes of the original are done; `false` stops the work with `Cancelled`.
pub type Progress<'a> = dyn FnMut(u64) -> bool + Send + 'a;

/// Counts what is done and passes it on.
struct Step<'a> {
    progress: &'a mut Progress<'a>,
    done: u64,
}

impl<'a> Step<'a> {
    fn new(progress: &'a mut Progress<'a>) -> Self {
        Self { progress, done: 0 }
    }

    /// Adds `bytes` and asks whether to go on.
    fn heed(&mut self, bytes: u64) -> Result<()> {
        self.done = self.done.saturating_add(bytes);
        if (self.progress)(self.done) {
            return Ok(());
        }
        Err(Error::cancelled(format!(
            "stopped after {} bytes",
            self.done
        )))
    }
}

#[cfg(test)]
mod tests;
