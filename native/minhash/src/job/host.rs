//! What a stage asks of whoever runs it.

use std::io::{self, Write};

use crate::error::Result;

/// Bytes of one source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Piece {
    /// Number of the source, as the stage counts them.
    pub source: usize,
    /// First byte.
    pub offset: u64,
    /// How many.
    pub length: u64,
}

/// Reads sources and takes outputs.
pub trait Host {
    /// The bytes of each piece, whole. `next` will probably be asked for afterwards.
    ///
    /// # Errors
    ///
    /// What went wrong; the stage ends with it.
    fn read(&self, pieces: &[Piece], next: Option<Piece>) -> Result<Vec<Vec<u8>>>;

    /// Appends to an output.
    ///
    /// # Errors
    ///
    /// What went wrong; the stage ends with it.
    fn write(&self, output: usize, bytes: Vec<u8>) -> Result<()>;
}

/// Pieces that are read at once, at most, and their bytes.
const PIECES_AT_ONCE: usize = 256;
const BYTES_AT_ONCE: u64 = 64 << 20;

/// Reads many pieces, some at a time, and gives each to `take` with its place in the list.
pub(super) fn read_each(
    host: &dyn Host,
    pieces: &[Piece],
    mut take: impl FnMut(usize, Vec<u8>) -> Result<()>,
) -> Result<()> {
    let mut from = 0;
    while from < pieces.len() {
        let rest = pieces.get(from..).unwrap_or_default();
        let mut bytes = 0;
        let fitting = rest.iter().take(PIECES_AT_ONCE).take_while(|piece| {
            bytes += piece.length;
            bytes <= BYTES_AT_ONCE
        });
        let count = fitting.count().max(1);
        let read = host.read(rest.get(..count).unwrap_or_default(), None)?;
        for (at, bytes) in (from..).zip(read) {
            take(at, bytes)?;
        }
        from += count;
    }
    Ok(())
}

pub(super) fn read_one(host: &dyn Host, piece: Piece) -> Result<Vec<u8>> {
    let read = host.read(&[piece], None)?;
    Ok(read.into_iter().next().unwrap_or_default())
}

/// Collects what is written to an output into pieces of some length.
pub(super) struct Out<'a> {
    host: &'a dyn Host,
    output: usize,
    pending: Vec<u8>,
    written: u64,
}

impl<'a> Out<'a> {
    const BYTES: usize = 8 << 20;

    pub(super) fn new(host: &'a dyn Host, output: usize) -> Self {
        let pending = Vec::new();
        Self {
            host,
            output,
            pending,
            written: 0,
        }
    }

    pub(super) fn put(&mut self, bytes: &[u8]) -> Result<()> {
        self.pending.extend_from_slice(bytes);
        if self.pending.len() >= Self::BYTES {
            self.send()?;
        }
        Ok(())
    }

    fn send(&mut self) -> Result<()> {
        self.written += self.pending.len() as u64;
        self.host
            .write(self.output, std::mem::take(&mut self.pending))
    }

    /// Hands over what is left; returns how many bytes there were in all.
    pub(super) fn finish(mut self) -> Result<u64> {
        self.send()?;
        Ok(self.written)
    }
}

impl Write for Out<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.put(bytes).map_err(io::Error::other)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
