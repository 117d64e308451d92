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

/// A writer that compresses as asked.
pub(crate) enum Sink<W: Write> {
    Plain(W),
    Gzip(flate2::write::GzEncoder<W>),
    Zstd(zstd::stream::write::Encoder<'static, W>),
}

impl<W: Write> Sink<W> {
    pub(crate) fn new(out: W, compression: Compression) -> io::Result<Self> {
        Ok(match compression {
            Compression::None => Self::Plain(out),
            Compression::Gzip => {
                let level = flate2::Compression::new(GZIP_LEVEL);
                Self::Gzip(flate2::write::GzEncoder::new(out, level))
            }
            Compression::Zstd => {
                let mut encoder = zstd::stream::write::Encoder::new(out, ZSTD_LEVEL)?;
                encoder.include_checksum(true)?;
                Self::Zstd(encoder)
            }
        })
    }

    /// Ends the compressed stream.
    pub(crate) fn finish(self) -> io::Result<W> {
        match self {
            Self::Plain(out) => Ok(out),
            Self::Gzip(encoder) => encoder.finish(),
            Self::Zstd(encoder) => encoder.finish(),
        }
    }
}

impl<W: Write> Write for Sink<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(out) => out.write(bytes),
            Self::Gzip(encoder) => encoder.write(bytes),
            Self::Zstd(encoder) => encoder.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(out) => out.flush(),
            Self::Gzip(encoder) => encoder.flush(),
            Self::Zstd(encoder) => encoder.flush(),
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
