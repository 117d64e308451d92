//! A split: the lines that start in one range of bytes of a file.
//!
//! Ranges of a fixed length cut a file without looking at it; the line that crosses the end of a
//! range belongs to the range in which it starts. Plain files are read at any range, streams
//! (compressed files) one range after the other, with the same result.

use std::io::{self, Read};

use memchr::{memchr, memrchr};

use crate::spill::Span;

/// Longest line in bytes. A longer one is rejected, and never held in memory as a whole.
pub const LINE_BYTES_MAX: usize = 32 << 20;
/// Bytes read at a time past the end of a range, to find the end of its last line.
const STEP_BYTES: usize = 64 << 10;
/// Bytes read at a time to find the start of the first line of a range.
const SKIP_BYTES: usize = 4 << 10;

/// Whole lines of a file.
#[derive(Debug, Default)]
pub struct Lines {
    /// Place of the first byte in the (decompressed) file.
    pub offset: u64,
    /// The lines, each with its line feed; the last one of a file may have none.
    pub bytes: Vec<u8>,
    /// A line after them that was longer than [`LINE_BYTES_MAX`]: its place and length.
    pub too_long: Option<(u64, u64)>,
}

impl Lines {
    /// The bytes of a span; none where they are not all here.
    #[must_use]
    pub fn line(&self, span: Span) -> &[u8] {
        let from = span.offset.checked_sub(self.offset);
        let from = from.and_then(|from| usize::try_from(from).ok());
        from.and_then(|from| self.bytes.get(from..from + span.bytes as usize))
            .unwrap_or_default()
    }

    /// Calls `visit` with the place and the bytes of every line that is not blank, without its
    /// line feed.
    pub fn visit<'a>(&'a self, mut visit: impl FnMut(u64, &'a [u8])) {
        let mut from = 0;
        for end in memchr::memchr_iter(b'\n', &self.bytes).chain([self.bytes.len()]) {
            let line = self.bytes.get(from..end).unwrap_or_default();
            if !is_blank(line) {
                visit(self.offset + from as u64, line);
            }
            from = end + 1;
        }
    }
}

/// Nothing, or only white space of JSON.
fn is_blank(line: &[u8]) -> bool {
    line.iter().all(|byte| matches!(byte, b' ' | b'\t' | b'\r'))
}

/// Reads the lines of consecutive ranges from a stream.
pub struct LineStream<R> {
    reader: R,
    /// What was read and not given out; starts at the start of a line.
    pending: Vec<u8>,
    offset: u64,
    is_at_end: bool,
}

impl<R: Read> LineStream<R> {
    /// A stream whose first byte is byte `offset` of the file, and the start of a line.
    pub fn new(reader: R, offset: u64) -> Self {
        Self::with_room(reader, offset, Vec::new())
    }

    /// The same; the buffer of `room` is used again.
    fn with_room(reader: R, offset: u64, mut room: Vec<u8>) -> Self {
        room.clear();
        Self {
            reader,
            pending: room,
            offset,
            is_at_end: false,
        }
    }

    /// Place of the first byte that was not given out.
    pub(crate) fn offset(&self) -> u64 {
        self.offset
    }

    /// Whether everything has been given out.
    ///
    /// # Errors
    ///
    /// Those of the reader.
    pub fn is_done(&mut self) -> io::Result<bool> {
        if self.pending.is_empty() && !self.is_at_end {
            self.read_some(STEP_BYTES)?;
        }
        Ok(self.pending.is_empty() && self.is_at_end)
    }

    /// The lines that start before byte `end` of the file, and were not given out before. The
    /// buffer of `room` is used again.
    ///
    /// # Errors
    ///
    /// Those of the reader.
    pub fn lines_before(&mut self, end: u64, room: Vec<u8>) -> io::Result<Lines> {
        let offset = self.offset;
        let mut lines = Lines {
            offset,
            ..Lines::default()
        };
        let wanted = usize::try_from(end.saturating_sub(offset)).unwrap_or(usize::MAX);
        if wanted == 0 {
            return Ok(lines);
        }
        while self.pending.len() < wanted && !self.is_at_end {
            self.read_some(wanted - self.pending.len())?;
        }
        let cut = match self.end_of_line(wanted - 1)? {
            Some(cut) => cut,
            None => self.drop_last_line(&mut lines)?,
        };
        let mut rest = room;
        rest.clear();
        rest.extend_from_slice(self.pending.get(cut..).unwrap_or_default());
        self.pending.truncate(cut);
        lines.bytes = std::mem::replace(&mut self.pending, rest);
        self.offset += cut as u64 + lines.too_long.map_or(0, |(_, bytes)| bytes + 1);
        Ok(lines)
    }

    /// Length of `pending` up to the first line feed at or after `from`, or up to the end of the
    /// file; none where the line is too long.
    fn end_of_line(&mut self, from: usize) -> io::Result<Option<usize>> {
        let mut from = from;
        loop {
            let rest = self.pending.get(from..).unwrap_or_default();
            if let Some(found) = memchr(b'\n', rest) {
                return Ok(Some(from + found + 1));
            }
            if self.is_at_end {
                return Ok(Some(self.pending.len()));
            }
            let start = memrchr(b'\n', &self.pending).map_or(0, |at| at + 1);
            if self.pending.len() - start > LINE_BYTES_MAX {
                return Ok(None);
            }
            from = self.pending.len();
            self.read_some(STEP_BYTES)?;
        }
    }

    /// Takes the unfinished last line out of `pending`, reads on to its end, and keeps what follows
    /// it. Returns the length of the lines before it.
    fn drop_last_line(&mut self, lines: &mut Lines) -> io::Result<usize> {
        let start = memrchr(b'\n', &self.pending).map_or(0, |at| at + 1);
        let mut length = (self.pending.len() - start) as u64;
        self.pending.truncate(start);
        self.pending.shrink_to(start + 2 * STEP_BYTES);
        loop {
            self.read_some(STEP_BYTES)?;
            let read = self.pending.get(start..).unwrap_or_default();
            if let Some(end) = memchr(b'\n', read) {
                length += end as u64;
                self.pending.drain(start..=start + end);
                break;
            }
            length += read.len() as u64;
            self.pending.truncate(start);
            if self.is_at_end {
                break;
            }
        }
        lines.too_long = Some((self.offset + start as u64, length));
        Ok(start)
    }

    fn read_some(&mut self, wanted: usize) -> io::Result<()> {
        // At once: in steps the buffer would be moved, and each step be read by itself.
        self.pending.reserve(wanted);
        let read = (&mut self.reader)
            .take(wanted as u64)
            .read_to_end(&mut self.pending)?;
        self.is_at_end |= read < wanted;
        Ok(())
    }
}

/// Reads the lines that start in `start..end` from a reader that stands at byte `start - 1`, or at
/// 0 where `start` is 0.
///
/// # Errors
///
/// Those of the reader.
pub fn read_range(reader: impl Read, start: u64, end: u64, room: Vec<u8>) -> io::Result<Lines> {
    let mut stream = LineStream::with_room(reader, start.saturating_sub(1), room);
    if start > 0 && !stream.skip_line(end)? {
        return Ok(Lines {
            offset: end,
            ..Lines::default()
        });
    }
    stream.lines_before(end, Vec::new())
}

impl<R: Read> LineStream<R> {
    /// Goes on to the start of the next line; false where that is not before byte `end`.
    pub(crate) fn skip_line(&mut self, end: u64) -> io::Result<bool> {
        loop {
            if let Some(at) = memchr(b'\n', &self.pending) {
                self.pending.drain(..=at);
                self.offset += at as u64 + 1;
                return Ok(self.offset < end);
            }
            self.offset += self.pending.len() as u64;
            self.pending.clear();
            if self.is_at_end || self.offset >= end {
                return Ok(false);
            }
            let wanted = usize::try_from(end - self.offset).unwrap_or(usize::MAX);
            // What is behind the line feed is moved to the front: little, most of the time.
            self.read_some(wanted.min(SKIP_BYTES))?;
        }
    }
}

#[cfg(test)]
mod tests;
