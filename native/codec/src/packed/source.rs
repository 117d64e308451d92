//! Reading from files and from anything else that can seek.

use std::io::{ErrorKind as IoErrorKind, Read, Seek, SeekFrom};

use super::Step;
use crate::checksum::Checksums;
use crate::error::{Error, Result};
use crate::segment::ByteRange;

/// Something that can be read at any place: a file, a cursor.
pub trait ReadSeek: Read + Seek + Send {}

impl<T: Read + Seek + Send> ReadSeek for T {}

/// Bytes that are read at once where only their digest is wanted.
const DIGEST_BYTES: usize = 1 << 20;

/// A source of known size.
pub(super) struct Source {
    inner: Box<dyn ReadSeek>,
    bytes: u64,
    what: &'static str,
}

impl Source {
    /// `what` names the source in errors.
    pub(super) fn new(mut inner: Box<dyn ReadSeek>, what: &'static str) -> Result<Self> {
        let bytes = inner
            .seek(SeekFrom::End(0))
            .map_err(|error| Error::io(what, error))?;
        Ok(Self { inner, bytes, what })
    }

    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Fills `out` from `offset` on.
    pub(super) fn read_at(&mut self, offset: u64, out: &mut [u8]) -> Result<()> {
        let wanted = out.len() as u64;
        if offset
            .checked_add(wanted)
            .is_none_or(|end| end > self.bytes)
        {
            let found = self.bytes.saturating_sub(offset);
            return Err(Error::corruption(
                format!("bytes of {}", self.what),
                wanted,
                found,
            ));
        }
        self.inner
            .seek(SeekFrom::Start(offset))
            .and_then(|_| self.inner.read_exact(out))
            .map_err(|error| match error.kind() {
                IoErrorKind::UnexpectedEof => {
                    let what = format!("{} became shorter while it was read", self.what);
                    Error::insufficient_data(what, wanted, "fewer")
                }
                _ => Error::io(format!("read {}", self.what), error),
            })
    }

    /// Makes `buffer` hold the `length` bytes from `offset` on.
    pub(super) fn read_into(
        &mut self,
        offset: u64,
        length: u64,
        buffer: &mut Vec<u8>,
    ) -> Result<()> {
        let length = bounded(length.min(self.bytes.saturating_add(1)))?;
        buffer.clear();
        buffer.resize(length, 0);
        self.read_at(offset, buffer)
    }

    /// The concatenation of these ranges.
    pub(super) fn read_ranges(&mut self, ranges: &[ByteRange]) -> Result<Vec<u8>> {
        concatenated(ranges, |offset, out| self.read_at(offset, out))
    }

    /// Refuses a source that has grown since it was opened.
    pub(super) fn check_end(&mut self) -> Result<()> {
        let what = self.what;
        let end = self
            .inner
            .seek(SeekFrom::End(0))
            .map_err(|error| Error::io(what, error))?;
        if end == self.bytes {
            return Ok(());
        }
        Err(Error::invalid_argument(
            format!("size of {what}, which changed while it was read"),
            self.bytes,
            end,
        ))
    }

    /// Checksums of everything; `step` hears of the bytes done.
    pub(super) fn checksums(&mut self, step: &mut Step<'_>) -> Result<Checksums> {
        let mut sum = Checksums::EMPTY;
        let mut buffer = Vec::new();
        while sum.bytes < self.bytes {
            let length = (DIGEST_BYTES as u64).min(self.bytes - sum.bytes);
            self.read_into(sum.bytes, length, &mut buffer)?;
            sum = sum.then(Checksums::of(&buffer));
            step.heed(0)?;
        }
        Ok(sum)
    }
}

/// These ranges one after the other, each filled by `read` from its offset on.
pub(super) fn concatenated(
    ranges: &[ByteRange],
    mut read: impl FnMut(u64, &mut [u8]) -> Result<()>,
) -> Result<Vec<u8>> {
    let mut all = Vec::new();
    for range in ranges {
        let start = all.len();
        all.resize(start + bounded(range.length)?, 0);
        read(range.offset, &mut all[start..])?;
    }
    Ok(all)
}

/// A length that was checked against a bound, as a length in memory.
pub(super) fn bounded(length: u64) -> Result<usize> {
    usize::try_from(length)
        .map_err(|_| Error::invalid_argument("length in memory", usize::MAX, length))
}

/// As many zeros as a file claims to need: a claim that memory cannot hold is an error, not an abort.
pub(super) fn zeroed(length: u64) -> Result<Vec<u8>> {
    let length = bounded(length)?;
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(length).map_err(|_| {
        let cause = std::io::Error::from(std::io::ErrorKind::OutOfMemory);
        Error::io(format!("memory for {length} bytes"), cause)
    })?;
    bytes.resize(length, 0);
    Ok(bytes)
}
