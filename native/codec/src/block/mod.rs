//! One block: which method and shape are cheapest, its payload, and the way back (format section 2.3).

#![expect(
    clippy::cast_possible_truncation,
    reason = "lengths of a block are at most 1 MiB"
)]

mod choose;
mod grouped;
mod payload;

use choose::Plan;
use grouped::{Groups, Sorted};

use crate::copy;
use crate::index::{Block, Method, Shape, checksum_of_block};
use crate::layout::ElementKind;
use crate::partition;
use crate::plane::{StreamCoder, is_constant};
use crate::segment::Level;
use crate::transform::{self, Transform};
use crate::{Error, Result};

/// Widest value, in bytes.
const WIDTH_MAX: usize = 8;
/// Up to this share of changed values a block is as large as the format allows: its streams are short, and what
/// comes with each of them counts.
const LARGE_BLOCK_SHARE: usize = 16;
/// Smallest part of a block that [`Level::Max`] tries to code by itself.
const PART_BYTES_MIN: usize = 16 << 10;
/// What an index entry takes, rounded up.
const ENTRY_BYTES: usize = 16;

impl ElementKind {
    fn is_float(self) -> bool {
        matches!(self, Self::Float16 | Self::Float32 | Self::Float64)
    }
}

impl Transform {
    /// The transform of a method that has planes.
    fn of(method: Method, float: bool) -> Self {
        match (method, float) {
            (Method::Subtract | Method::Grouped, true) => Self::SubtractOrdered,
            (Method::Subtract | Method::Grouped, false) => Self::Subtract,
            (Method::Xor, true) => Self::XorRotate,
            (Method::Xor, false) => Self::Xor,
            (_, true) => Self::Rotate,
            (_, false) => Self::Plain,
        }
    }
}

/// How the values of a block become planes.
#[derive(Debug, Clone, Copy)]
struct Form {
    map: Transform,
    /// Bytes of a value.
    width: usize,
}

/// An encoded block, without its place in the segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Encoded {
    pub(crate) raw_length: u32,
    pub(crate) method: Method,
    pub(crate) shape: Shape,
    pub(crate) sparse: bool,
    pub(crate) stored_length: u32,
    pub(crate) crc32: u32,
}

impl Encoded {
    /// A block that is stored as it is.
    pub(crate) fn raw(raw: &[u8]) -> Self {
        Self {
            raw_length: raw.len() as u32,
            method: Method::Raw,
            shape: Shape::BYTES,
            sparse: false,
            stored_length: raw.len() as u32,
            crc32: checksum_of_block(raw),
        }
    }
}

/// Codes blocks; holds the buffers, which are reused. One for each thread.
pub(crate) struct BlockCoder {
    level: Level,
    streams: StreamCoder,
    planes: Vec<u8>,
    frames: Vec<u8>,
    /// Places of the values that differ from the base.
    positions: Vec<u32>,
    high: Vec<u8>,
    low: Vec<u8>,
    sample: (Vec<u8>, Vec<u8>),
    /// Of the piece that is encoded, if they pay.
    groups: Option<Groups>,
    /// Values of a grouped block, group by group, and those of its base.
    sorted: Sorted,
}

impl BlockCoder {
    /// A coder for `level`.
    pub(crate) fn new(level: Level) -> Result<Self> {
        Ok(Self {
            level,
            streams: StreamCoder::new(level)?,
            planes: Vec::new(),
            frames: Vec::new(),
            positions: Vec::new(),
            high: Vec::new(),
            low: Vec::new(),
            sample: (Vec::new(), Vec::new()),
            groups: None,
            sorted: Sorted::default(),
        })
    }

    /// Encodes `raw`, 1 byte to 1 MiB, as one block or several: appends their payloads to `out`. `base`, if there is
    /// one, is as long.
    pub(crate) fn encode(
        &mut self,
        raw: &[u8],
        base: Option<&[u8]>,
        kind: ElementKind,
        out: &mut Vec<u8>,
        blocks: &mut Vec<Encoded>,
    ) -> Result<()> {
        let mut usual = raw.len().min(partition::block_bytes(kind) as usize);
        let is_constant = is_constant(raw);
        self.groups = match base {
            Some(base) if !is_constant => self.find_groups((raw, base), kind),
            _ => None,
        };
        if is_constant || self.groups.is_some() {
            usual = raw.len();
        } else if let Some(base) = base.filter(|_| usual < raw.len())
            && self.few_differences((raw, base), kind, usual)
        {
            usual = raw.len();
        }
        let (start, first) = (out.len(), blocks.len());
        self.encode_in(usual, (raw, base), kind, out, blocks)?;
        if self.level != Level::Max || !kind.is_float() || base == Some(raw) || is_constant {
            return Ok(());
        }
        // Other tables for each part may be worth what they take. Strings are found over longer distances.
        for part in [usual / 4, usual / 16] {
            let part = part / WIDTH_MAX * WIDTH_MAX;
            if part < PART_BYTES_MIN {
                break;
            }
            let (at, own_first) = (out.len(), blocks.len());
            self.encode_in(part, (raw, base), kind, out, blocks)?;
            let best = at - start + (own_first - first) * ENTRY_BYTES;
            if out.len() - at + (blocks.len() - own_first) * ENTRY_BYTES < best {
                out.drain(start..at);
                blocks.drain(first..own_first);
            } else {
                out.truncate(at);
                blocks.truncate(own_first);
            }
        }
        Ok(())
    }

    /// Encodes `raw` in blocks of at most `length` bytes.
    fn encode_in(
        &mut self,
        length: usize,
        (raw, base): (&[u8], Option<&[u8]>),
        kind: ElementKind,
        out: &mut Vec<u8>,
        blocks: &mut Vec<Encoded>,
    ) -> Result<()> {
        for (index, raw) in raw.chunks(length).enumerate() {
            let base = base.map(|base| &base[index * length..][..raw.len()]);
            blocks.push(self.encode_block(raw, base, kind, out)?);
        }
        Ok(())
    }

    /// Whether so few values differ that one large block is best; the first block of usual size mostly tells.
    fn few_differences(
        &mut self,
        (raw, base): (&[u8], &[u8]),
        kind: ElementKind,
        usual: usize,
    ) -> bool {
        let width = kind.width() as usize;
        [usual, raw.len()].into_iter().all(|length| {
            let (raw, base) = (&raw[..length], &base[..length]);
            transform::differences(width, raw, base, &mut self.positions);
            self.positions.len() <= length / width / LARGE_BLOCK_SHARE
        })
    }

    fn encode_block(
        &mut self,
        raw: &[u8],
        base: Option<&[u8]>,
        kind: ElementKind,
        out: &mut Vec<u8>,
    ) -> Result<Encoded> {
        // First, because it brings the bytes into the cache faster than the loops after it would.
        let crc32 = checksum_of_block(raw);
        let encoded = |method, shape, sparse, stored_length: usize| Encoded {
            raw_length: raw.len() as u32,
            method,
            shape,
            sparse,
            stored_length: stored_length as u32,
            crc32,
        };
        if base.is_some_and(|base| base == raw) {
            return Ok(encoded(Method::Identical, Shape::BYTES, false, 0));
        }
        let start = out.len();
        let mut best: Option<Plan> = None;
        for plan in self.plans(raw, base, kind).into_iter().flatten() {
            let (at, limit) = (
                out.len(),
                if best.is_some() {
                    out.len() - start
                } else {
                    raw.len()
                },
            );
            self.write_payload(plan, raw, base.unwrap_or(raw), out)?;
            if out.len() - at >= limit {
                out.truncate(at);
            } else {
                out.drain(start..at);
                best = Some(plan);
            }
        }
        let Some(Plan {
            method,
            shape,
            sparse,
        }) = best
        else {
            copy::append(out, raw);
            return Ok(encoded(Method::Raw, Shape::BYTES, false, raw.len()));
        };
        Ok(encoded(method, shape, sparse, out.len() - start))
    }

    /// Restores a block into `out`, which is as long as its raw bytes, and checks their CRC32. `base` is as
    /// long where the method uses one.
    pub(crate) fn decode(
        &mut self,
        block: &Block,
        payload: &[u8],
        base: Option<&[u8]>,
        out: &mut [u8],
    ) -> Result<()> {
        let form = Form {
            map: Transform::of(block.method, block.shape.float),
            width: block.shape.width(),
        };
        match (block.method, base) {
            (Method::Raw, _) => copy::fill(out, payload),
            (Method::Identical, Some(base)) => copy::fill(out, base),
            (Method::Standalone, _) => self.read_dense(form, payload, None, out)?,
            (Method::Subtract | Method::Xor, Some(base)) if block.sparse => {
                self.read_sparse(form, payload, base, out)?;
            }
            (Method::Subtract | Method::Xor, Some(base)) => {
                self.read_dense(form, payload, Some(base), out)?;
            }
            (Method::Grouped, Some(base)) => self.read_grouped(form, payload, base, out)?,
            (_, None) => {
                return Err(Error::invalid_argument(
                    "base of a block",
                    "its bytes",
                    "none",
                ));
            }
        }
        let found = checksum_of_block(out);
        if found != block.crc32 {
            return Err(Error::corruption(
                "CRC32 of a block (damaged, or the wrong base)",
                format!("{:08x}", block.crc32),
                format!("{found:08x}"),
            ));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
