//! The lines of one task, as the run on one machine would read them.

use std::io::{self, BufReader, Read};

use super::host::{Host, Piece};
use super::spec::{Input, TaskSpec};
use crate::error::{Error, Result};
use crate::input::split::{LineStream, Lines};
use crate::run::Compression;

/// Bytes of an input that are asked for at once.
const WINDOW_BYTES: u64 = 8 << 20;
/// Bytes of lines that are worked on at once.
const BLOCK_BYTES: u64 = 4 << 20;

/// Gives the lines of `task`, whose input is source `source`, to `take`, block after block.
pub(super) fn visit_lines(
    host: &dyn Host,
    source: usize,
    (task, input): (TaskSpec, &Input),
    mut take: impl FnMut(&Lines) -> Result<()>,
) -> Result<()> {
    let is_plain = input.compression == Compression::None;
    let start = if is_plain {
        task.start.saturating_sub(1)
    } else {
        0
    };
    let end = if is_plain { task.end } else { u64::MAX };
    let object = ObjectReader {
        host,
        source,
        at: start,
        end: input.bytes,
        soon: end,
        window: Vec::new(),
        used: 0,
    };
    let failed = |error| error_of(&input.name, error);
    let reader: Box<dyn Read + '_> = match input.compression {
        Compression::None => Box::new(object),
        Compression::Gzip => Box::new(flate2::bufread::MultiGzDecoder::new(BufReader::new(object))),
        Compression::Zstd => Box::new(zstd::stream::read::Decoder::new(object).map_err(failed)?),
    };
    let mut lines = LineStream::new(reader, start);
    if task.start > 0 && !lines.skip_line(end).map_err(failed)? {
        return Ok(());
    }
    let mut room = Vec::new();
    while lines.offset() < end && !lines.is_done().map_err(failed)? {
        let until = lines.offset().saturating_add(BLOCK_BYTES).min(end);
        let block = lines.lines_before(until, room).map_err(failed)?;
        take(&block)?;
        room = block.bytes;
    }
    Ok(())
}

/// What a host said is passed on; everything else is wrong with the bytes.
fn error_of(name: &str, error: io::Error) -> Error {
    match error.downcast::<Error>() {
        Ok(error) => error,
        Err(error) => Error::corruption(format!("{name}: {error}"), "whole data", "damage"),
    }
}

/// Reads a source from some place on, window after window.
struct ObjectReader<'a> {
    host: &'a dyn Host,
    source: usize,
    at: u64,
    end: u64,
    /// What lies from here on is read in small steps: only the end of a line is wanted.
    soon: u64,
    window: Vec<u8>,
    used: usize,
}

impl ObjectReader<'_> {
    const STEP_BYTES: u64 = 64 << 10;

    fn piece_at(&self, at: u64) -> Option<Piece> {
        let wanted = match self.soon.checked_sub(at) {
            Some(left) if left > 0 => left.min(WINDOW_BYTES),
            _ => Self::STEP_BYTES,
        };
        let length = wanted.min(self.end.saturating_sub(at));
        (length > 0).then_some(Piece {
            source: self.source,
            offset: at,
            length,
        })
    }
}

impl Read for ObjectReader<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.used == self.window.len() {
            let Some(piece) = self.piece_at(self.at) else {
                return Ok(0);
            };
            let after = self.at + piece.length;
            let next = self.piece_at(after).filter(|_| after < self.soon);
            let read = self.host.read(&[piece], next).map_err(io::Error::other)?;
            self.window = read.into_iter().next().unwrap_or_default();
            self.used = 0;
            self.at = after;
        }
        let rest = self.window.get(self.used..).unwrap_or_default();
        let length = rest.len().min(out.len());
        let (Some(from), Some(to)) = (rest.get(..length), out.get_mut(..length)) else {
            return Ok(0);
        };
        to.copy_from_slice(from);
        self.used += length;
        Ok(length)
    }
}
