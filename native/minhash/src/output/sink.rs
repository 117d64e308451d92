//! Where kept rows go: compressed or not, in runs of lines that lie side by side.

use std::io::{self, Write};

use crate::input::split::Lines;
use crate::run::Compression;
use crate::spill::Span;

/// Level of zstd outputs: the library's default.
const ZSTD_LEVEL: i32 = 3;
/// Level of gzip outputs, as most tools have it.
const GZIP_LEVEL: u32 = 6;
/// Longest run of lines that is written at once; small enough for sums of lengths in 32 bits.
const RUN_BYTES_MAX: u32 = 1 << 30;

/// Bytes that a compressor is given at once, always: what it makes of them may depend on it.
const BLOCK_BYTES: usize = 128 << 10;

/// A writer that compresses as asked. The same bytes come out however those that go in are divided.
pub(crate) enum Sink<W: Write> {
    Plain(W),
    Gzip(Blocks<flate2::write::GzEncoder<W>>),
    Zstd(Blocks<zstd::stream::write::Encoder<'static, W>>),
}

/// Passes bytes on in blocks of one length.
pub(crate) struct Blocks<W> {
    out: W,
    pending: Vec<u8>,
}

impl<W: Write> Blocks<W> {
    fn new(out: W) -> Self {
        let pending = Vec::with_capacity(BLOCK_BYTES);
        Self { out, pending }
    }

    fn finish(mut self) -> io::Result<W> {
        self.out.write_all(&self.pending)?;
        Ok(self.out)
    }
}

impl<W: Write> Write for Blocks<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = bytes.len().min(BLOCK_BYTES - self.pending.len());
        self.pending
            .extend_from_slice(bytes.get(..taken).unwrap_or_default());
        if self.pending.len() == BLOCK_BYTES {
            self.out.write_all(&self.pending)?;
            self.pending.clear();
        }
        Ok(taken)
    }

    /// Nothing: a block that is not full stays, so that blocks do not depend on who flushes.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<W: Write> Sink<W> {
    pub(crate) fn new(out: W, compression: Compression) -> io::Result<Self> {
        Ok(match compression {
            Compression::None => Self::Plain(out),
            Compression::Gzip => {
                let level = flate2::Compression::new(GZIP_LEVEL);
                Self::Gzip(Blocks::new(flate2::write::GzEncoder::new(out, level)))
            }
            Compression::Zstd => {
                let mut encoder = zstd::stream::write::Encoder::new(out, ZSTD_LEVEL)?;
                encoder.include_checksum(true)?;
                Self::Zstd(Blocks::new(encoder))
            }
        })
    }

    /// Ends the compressed stream.
    pub(crate) fn finish(self) -> io::Result<W> {
        match self {
            Self::Plain(out) => Ok(out),
            Self::Gzip(blocks) => blocks.finish()?.finish(),
            Self::Zstd(blocks) => blocks.finish()?.finish(),
        }
    }
}

impl<W: Write> Write for Sink<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(out) => out.write(bytes),
            Self::Gzip(blocks) => blocks.write(bytes),
            Self::Zstd(blocks) => blocks.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(out) => out.flush(),
            Self::Gzip(blocks) => blocks.flush(),
            Self::Zstd(blocks) => blocks.flush(),
        }
    }
}

/// Copies the lines at `spans` (in order), as they stand in the input.
pub(crate) fn copy_lines(
    lines: &Lines,
    spans: impl Iterator<Item = Span>,
    out: &mut impl Write,
) -> io::Result<()> {
    let mut run: Option<Span> = None;
    for span in spans {
        match &mut run {
            Some(run) if run.end() + 1 == span.offset && run.bytes < RUN_BYTES_MAX => {
                run.bytes += 1 + span.bytes;
            }
            _ => {
                if let Some(run) = run.replace(span) {
                    write_run(lines, run, out)?;
                }
            }
        }
    }
    run.map_or(Ok(()), |run| write_run(lines, run, out))
}

/// Writes whole lines, with the line feed behind the last one.
fn write_run(lines: &Lines, run: Span, out: &mut impl Write) -> io::Result<()> {
    let bytes = lines.line(run);
    match lines.line(Span {
        bytes: run.bytes + 1,
        ..run
    }) {
        // The last line of a file may have no line feed.
        [] => {
            out.write_all(bytes)?;
            out.write_all(b"\n")
        }
        terminated => out.write_all(terminated),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compressed_bytes_do_not_depend_on_how_they_were_written() {
        let words =
            (0_u32..200_000).map(|at| format!("w{} ", at.wrapping_mul(2_654_435_761) % 997));
        let bytes = words.collect::<String>().into_bytes();
        for compression in [Compression::None, Compression::Gzip, Compression::Zstd] {
            let written = |step: usize| {
                let mut sink = Sink::new(Vec::new(), compression).expect("a sink");
                for part in bytes.chunks(step) {
                    sink.write_all(part).expect("a vector takes all");
                }
                sink.finish().expect("a vector takes all")
            };
            let whole = written(bytes.len());
            for step in [997, 70_001, 1 << 20] {
                assert!(written(step) == whole, "{compression:?} in steps of {step}");
            }
        }
    }
}
