//! One stream of bytes: constant, raw or a standard zstd frame (format section 2.3).

use zstd_safe::{CCtx, CParameter, DCtx};

use crate::copy;
use crate::estimate::{self, Histogram, ONE_BIT, PairCounter};
use crate::huffman::{Code, FRAME_LITERALS_MIN, HuffmanDecoder, HuffmanEncoder};
use crate::segment::Level;
use crate::wire::{Reader, varint_size, write_varint};
use crate::{Error, Result};

/// Streams below this are not worth a frame: its header and table alone cost about a dozen bytes.
const FRAME_BYTES_MIN: usize = 24;
/// Streams up to this are counted whole; longer ones are probed first.
const PROBE_BYTES_MIN: usize = 16 << 10;
/// Pieces and bytes of a piece of a probe.
const PROBE_PIECES: usize = 8;
const PROBE_PIECE_BYTES: usize = 512;
/// A stream whose probe costs more than this, in 16.16 bits a byte, is stored raw.
const RAW_COST_MIN: u64 = ONE_BIT * 785 / 100;
/// The same for [`Level::Fast`]: a fifth of a stream is worth its time, an eighth of it is not.
const FAST_RAW_COST_MIN: u64 = ONE_BIT * 65 / 10;

/// Streams from this on are tried with our own encoder.
const LITERALS_MIN: usize = FRAME_LITERALS_MIN;
/// Streams from this on are tried with our own decoder, whose tables take long to fill.
const DECODED_LITERALS_MIN: usize = 4 << 10;
/// Below this many tenths of a bit for each byte, a search for matches may pay.
const DOMINATED_TENTHS: u64 = 14;
/// The same for [`Level::Fast`], which gives up a few percent of such a stream for not searching it.
const FAST_DOMINATED_TENTHS: u64 = 11;

/// How the bytes of a stream are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Coding {
    /// One byte that all bytes of the stream equal.
    Constant = 0,
    /// The bytes themselves.
    Raw = 1,
    /// A standard zstd frame.
    Zstd = 2,
}

/// The header of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct StreamHeader {
    /// How it is stored.
    pub(crate) coding: Coding,
    /// Length of its body.
    pub(crate) stored: usize,
}

impl StreamHeader {
    /// Reads a header of a stream of `length` bytes.
    pub(crate) fn read_from(reader: &mut Reader<'_>, length: usize) -> Result<Self> {
        let value = reader.varint()?;
        let coding = match value & 3 {
            0 => Coding::Constant,
            1 => Coding::Raw,
            2 => Coding::Zstd,
            other => return Err(Error::compatibility("coding of a stream", 2, other)),
        };
        let stored = usize::try_from(value >> 2).unwrap_or(usize::MAX);
        let sound = match coding {
            Coding::Constant => stored == 1,
            Coding::Raw => stored == length,
            Coding::Zstd => stored <= reader.remaining(),
        };
        if !sound {
            return Err(Error::corruption(
                format!("stored length of a {coding:?} stream of {length} bytes"),
                "a possible length",
                stored,
            ));
        }
        Ok(Self { coding, stored })
    }

    fn value(self) -> u64 {
        (self.stored as u64) << 2 | self.coding as u64
    }

    /// Appends the header.
    pub(crate) fn write_to(self, out: &mut Vec<u8>) {
        write_varint(self.value(), out);
    }

    /// Bytes that [`StreamHeader::write_to`] appends.
    pub(crate) fn exact_size(self) -> usize {
        varint_size(self.value())
    }
}

/// What a stream holds, as far as it helps to choose its coding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Content {
    /// Planes of floating point values, gaps: no repeated strings to be expected.
    Numbers,
    /// Text, integers, unknown bytes: repeated strings are likely.
    Other,
}

/// The state that coding streams needs, one for each thread.
pub(crate) struct StreamCoder {
    /// All that the level tries, the first for numbers.
    compressors: Vec<CCtx<'static>>,
    level: Level,
    decompressor: DCtx<'static>,
    counter: PairCounter,
    huffman_encoder: HuffmanEncoder,
    huffman_decoder: HuffmanDecoder,
}

impl StreamCoder {
    /// A coder for `level`.
    pub(crate) fn new(level: Level) -> Result<Self> {
        let zstd_levels: &[i32] = match level {
            Level::Fast => &[1],
            Level::Default => &[1, 3],
            // Also what the default tries, so that the result is never larger.
            Level::Max => &[1, 3, 19],
        };
        let compressors = zstd_levels.iter().map(|&level| compressor(level));
        let compressors = compressors.collect::<Result<_>>()?;
        let decompressor = DCtx::try_create().ok_or_else(|| out_of_memory("decompressor"))?;
        Ok(Self {
            compressors,
            level,
            decompressor,
            counter: PairCounter::new(),
            huffman_encoder: HuffmanEncoder::new(),
            huffman_decoder: HuffmanDecoder::new(),
        })
    }

    /// Chooses the coding of `bytes`, which are not empty. The body of a frame is appended to `frames`; the
    /// bodies of the other codings are the caller's to write ([`write_body`]).
    pub(crate) fn encode(
        &mut self,
        bytes: &[u8],
        content: Content,
        frames: &mut Vec<u8>,
    ) -> Result<StreamHeader> {
        let header = |coding, stored| StreamHeader { coding, stored };
        let raw = header(Coding::Raw, bytes.len());
        let is_thorough = self.level == Level::Max;
        let raw_cost = match self.level {
            Level::Fast => FAST_RAW_COST_MIN,
            Level::Default | Level::Max => RAW_COST_MIN,
        };
        let random =
            !is_thorough && content == Content::Numbers && costs_more_than(raw_cost, bytes);
        if random && bytes.len() >= PROBE_BYTES_MIN {
            return Ok(raw);
        }
        if is_constant(bytes) {
            return Ok(header(Coding::Constant, 1));
        }
        if random || bytes.len() < FRAME_BYTES_MIN {
            return Ok(raw);
        }
        let start = frames.len();
        let mut strings_may_pay = true;
        let mut best = bytes.len();
        if bytes.len() >= LITERALS_MIN {
            let (histogram, is_exact) = self.counts(bytes, content);
            let dominated = self.literals(bytes, &histogram, frames);
            best = keep_smaller(start, start, best, frames);
            strings_may_pay = content == Content::Other
                || dominated.unwrap_or_else(|| !is_thorough || !costs_more_than(raw_cost, bytes));
            if is_thorough && !is_exact {
                let at = frames.len();
                let histogram = self.exact_counts(bytes);
                self.literals(bytes, &histogram, frames);
                best = keep_smaller(start, at, best, frames);
            }
        }
        let count = self.compressors.len();
        let tries = match content {
            _ if !strings_may_pay => 0..0,
            // The matches of numbers are chance, and what looks harder for them mostly finds worse ones.
            Content::Numbers => 0..if is_thorough { 2 } else { 1 },
            Content::Other => 1.min(count - 1)..count,
        };
        for index in tries {
            let at = frames.len();
            self.frame(index, bytes, frames)?;
            best = keep_smaller(start, at, best, frames);
        }
        Ok(if best < bytes.len() {
            header(Coding::Zstd, best)
        } else {
            raw
        })
    }

    /// Appends a frame that holds literals only, if our own encoder can write it. Says whether one symbol dominates:
    /// it cannot take less than a bit, so such bytes may be better off with matches.
    fn literals(
        &mut self,
        bytes: &[u8],
        histogram: &Histogram,
        frames: &mut Vec<u8>,
    ) -> Option<bool> {
        let code = Code::of_counts(histogram)?;
        let tenths = match self.level {
            Level::Fast => FAST_DOMINATED_TENTHS,
            Level::Default | Level::Max => DOMINATED_TENTHS,
        };
        self.huffman_encoder
            .write_frame(bytes, &code, frames)
            .then(|| code.cost_bits(histogram) < bytes.len() as u64 * tenths / 10)
    }

    /// Counts of the bytes, and whether they are exact: approximate ones where that saves time, but none is zero for
    /// a byte that occurs.
    fn counts(&mut self, bytes: &[u8], content: Content) -> (Histogram, bool) {
        let may_sample = content == Content::Numbers && bytes.len() >= PairCounter::BYTES_MIN;
        let sampled = may_sample
            .then(|| estimate::sampled_counts(bytes))
            .flatten();
        let is_exact = sampled.is_none();
        (
            sampled.unwrap_or_else(|| self.exact_counts(bytes)),
            is_exact,
        )
    }

    fn exact_counts(&mut self, bytes: &[u8]) -> Histogram {
        let mut histogram: Histogram = [0; 256];
        if bytes.len() < PairCounter::BYTES_MIN {
            estimate::count(bytes, &mut histogram);
        } else {
            self.counter.count(bytes, &mut histogram);
        }
        histogram
    }

    /// Appends one zstd frame of `bytes` by a compressor of this level.
    fn frame(&mut self, compressor: usize, bytes: &[u8], frames: &mut Vec<u8>) -> Result<()> {
        let start = frames.len();
        frames.resize(start + zstd_safe::compress_bound(bytes.len()), 0);
        let stored = self.compressors[compressor]
            .compress2(&mut frames[start..], bytes)
            .map_err(|code| zstd_error("zstd compression", code))?;
        frames.truncate(start + stored);
        Ok(())
    }

    /// Restores a stream into `out`, whose length is the stream's.
    pub(crate) fn decode(
        &mut self,
        header: StreamHeader,
        body: &[u8],
        out: &mut [u8],
    ) -> Result<()> {
        match header.coding {
            Coding::Constant => out.fill(body[0]),
            Coding::Raw => copy::fill(out, body),
            Coding::Zstd => {
                let length = out.len();
                if length >= DECODED_LITERALS_MIN
                    && self.huffman_decoder.decode(body, out).is_some()
                {
                    return Ok(());
                }
                let found = self.decompressor.decompress(out, body).map_err(|code| {
                    Error::corruption(
                        "zstd frame of a stream",
                        "a sound frame",
                        zstd_safe::get_error_name(code),
                    )
                })?;
                if found != length {
                    return Err(Error::corruption("content of a zstd frame", length, found));
                }
            }
        }
        Ok(())
    }
}

/// Appends the body of a stream whose frame, if it has one, is at the front of `frames`; takes it off there.
pub(crate) fn write_body(
    header: StreamHeader,
    bytes: &[u8],
    frames: &mut &[u8],
    out: &mut Vec<u8>,
) {
    match header.coding {
        Coding::Constant => out.push(bytes[0]),
        Coding::Raw => copy::append(out, bytes),
        Coding::Zstd => {
            let (frame, rest) = frames.split_at(header.stored);
            copy::append(out, frame);
            *frames = rest;
        }
    }
}

/// Whether all bytes, of which there is at least one, are equal.
pub(crate) fn is_constant(bytes: &[u8]) -> bool {
    // Most streams differ within the first bytes; the rest is compared a vector at a time.
    let first = bytes[0];
    bytes.chunks(64).all(|chunk| {
        chunk
            .iter()
            .fold(0, |differs, byte| differs | (byte ^ first))
            == 0
    })
}

/// Whether an ideal code would take more than `cost` for a byte, in 16.16 bits, from a few samples.
fn costs_more_than(cost: u64, bytes: &[u8]) -> bool {
    let mut histogram: Histogram = [0; 256];
    let counted = if bytes.len() < PROBE_BYTES_MIN {
        estimate::count(bytes, &mut histogram);
        bytes.len()
    } else {
        let step = (bytes.len() - PROBE_PIECE_BYTES) / (PROBE_PIECES - 1);
        for piece in 0..PROBE_PIECES {
            estimate::count(&bytes[piece * step..][..PROBE_PIECE_BYTES], &mut histogram);
        }
        PROBE_PIECES * PROBE_PIECE_BYTES
    };
    estimate::sampled_entropy(&histogram) > cost * counted as u64
}

/// Of a frame at `start` of `best` bytes, if there is one, and a frame from `at` on, leaves the smaller at `start`;
/// returns its length.
fn keep_smaller(start: usize, at: usize, best: usize, frames: &mut Vec<u8>) -> usize {
    let stored = frames.len() - at;
    if stored == 0 || stored >= best {
        frames.truncate(at);
        return best;
    }
    frames.drain(start..at);
    stored
}

fn compressor(level: i32) -> Result<CCtx<'static>> {
    let mut compressor = CCtx::try_create().ok_or_else(|| out_of_memory("compressor"))?;
    for parameter in [
        CParameter::CompressionLevel(level),
        CParameter::ContentSizeFlag(true),
        CParameter::ChecksumFlag(false),
        CParameter::DictIdFlag(false),
    ] {
        compressor
            .set_parameter(parameter)
            .map_err(|code| zstd_error("zstd parameter", code))?;
    }
    Ok(compressor)
}

fn out_of_memory(what: &str) -> Error {
    Error::io(
        format!("zstd {what}"),
        std::io::Error::from(std::io::ErrorKind::OutOfMemory),
    )
}

fn zstd_error(what: &str, code: usize) -> Error {
    Error::io(what, std::io::Error::other(zstd_safe::get_error_name(code)))
}

#[cfg(test)]
mod tests;
