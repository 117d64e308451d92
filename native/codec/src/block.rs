//! One block: which method and shape are cheapest, its payload, and the way back (format section 2.3).

#![expect(
    clippy::cast_possible_truncation,
    reason = "lengths of a block are at most 1 MiB"
)]

use crate::estimate::{self, Histogram};
use crate::index::{Block, Method, Shape, checksum_of_block};
use crate::layout::ElementKind;
use crate::plane::{self, Content, StreamCoder, StreamHeader};
use crate::segment::Level;
use crate::sparse;
use crate::transform::{self, Transform};
use crate::wire::{Reader, write_varint};
use crate::{Error, Result};

/// Widest value, in bytes.
const WIDTH_MAX: usize = 8;
/// Bytes of one sampled strip: a multiple of every width.
const STRIP_BYTES: usize = 1 << 10;
/// Strips of a sample.
const STRIPS: usize = 16;
/// Sparse coding is tried up to this share of nonzero values.
const SPARSE_SHARE: usize = 2;
/// From this share of changed bytes on, differences to the base help to find the width of opaque values.
const DENSE_SHARE: usize = 4;
/// A shape must be cheaper than those before it by this share.
const SHAPE_MARGIN: u64 = 32;
/// Shapes of opaque bytes in the order of preference.
const PROBED_SHAPES: [Shape; 7] = [
    Shape::BYTES,
    shape(2, true),
    shape(1, true),
    shape(3, true),
    shape(2, false),
    shape(1, false),
    shape(3, false),
];

const fn shape(width_log2: u8, float: bool) -> Shape {
    Shape { width_log2, float }
}

impl Shape {
    /// The shape that a kind fixes; `None` where it has to be probed.
    fn of_kind(kind: ElementKind) -> Option<Self> {
        Some(match kind {
            ElementKind::Probe => return None,
            ElementKind::Byte => Self::BYTES,
            ElementKind::Float16 => shape(1, true),
            ElementKind::Float32 => shape(2, true),
            ElementKind::Float64 => shape(3, true),
            ElementKind::Int16 => shape(1, false),
            ElementKind::Int32 => shape(2, false),
            ElementKind::Int64 => shape(3, false),
        })
    }

    fn content(self) -> Content {
        if self.float {
            Content::Float
        } else {
            Content::Other
        }
    }
}

impl Transform {
    /// The transform of a method that has planes.
    fn of(method: Method, float: bool) -> Self {
        match (method, float) {
            (Method::Subtract, true) => Self::SubtractOrdered,
            (Method::Subtract, false) => Self::Subtract,
            (Method::Xor, true) => Self::XorRotate,
            (Method::Xor, false) => Self::Xor,
            (_, true) => Self::Rotate,
            (_, false) => Self::Plain,
        }
    }
}

/// What the encoder decided for a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Plan {
    method: Method,
    shape: Shape,
    sparse: bool,
}

/// An encoded block, without its place in the segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Encoded {
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
    streams: StreamCoder,
    planes: Vec<u8>,
    frames: Vec<u8>,
    positions: Vec<u32>,
    high: Vec<u8>,
    low: Vec<u8>,
    sample: (Vec<u8>, Vec<u8>),
}

impl BlockCoder {
    /// A coder for `level`.
    pub(crate) fn new(level: Level) -> Result<Self> {
        Ok(Self {
            streams: StreamCoder::new(level)?,
            planes: Vec::new(),
            frames: Vec::new(),
            positions: Vec::new(),
            high: Vec::new(),
            low: Vec::new(),
            sample: (Vec::new(), Vec::new()),
        })
    }

    /// Encodes `raw`, 1 byte to 1 MiB, and appends its payload to `out`. `base`, if there is one, is as long.
    pub(crate) fn encode(
        &mut self,
        raw: &[u8],
        base: Option<&[u8]>,
        kind: ElementKind,
        out: &mut Vec<u8>,
    ) -> Result<Encoded> {
        let crc32 = checksum_of_block(raw);
        let encoded = |method, shape, sparse, stored_length| Encoded {
            method,
            shape,
            sparse,
            stored_length,
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
            out.extend_from_slice(raw);
            return Ok(encoded(Method::Raw, Shape::BYTES, false, raw.len() as u32));
        };
        Ok(encoded(method, shape, sparse, (out.len() - start) as u32))
    }

    /// The plans worth trying: the first by estimate, the second where estimates say too little.
    fn plans(&mut self, raw: &[u8], base: Option<&[u8]>, kind: ElementKind) -> [Option<Plan>; 2] {
        let shape = Shape::of_kind(kind).unwrap_or_else(|| self.probe_shape(raw, base));
        let standalone = Plan {
            method: Method::Standalone,
            shape,
            sparse: false,
        };
        let as_bytes = Plan {
            shape: Shape::BYTES,
            ..standalone
        };
        let Some(base) = base else {
            let whole = !shape.float && shape.width_log2 > 0;
            return [Some(standalone), whole.then_some(as_bytes)];
        };
        let best = self.best_delta(raw, base, shape);
        if shape.float {
            return [Some(best), None];
        }
        // Strings that repeat make the estimate of bytes and integers a guess: try them.
        [Some(best), (best != as_bytes).then_some(as_bytes)]
    }

    /// The cheapest of all methods with this shape, by estimate.
    fn best_delta(&mut self, raw: &[u8], base: &[u8], shape: Shape) -> Plan {
        let values = raw.len() / shape.width();
        transform::differences(shape.width(), raw, base, &mut self.positions);
        let nonzero = self.positions.len();
        let methods = [Method::Subtract, Method::Xor, Method::Standalone];
        let mut best = (u64::MAX, methods[2], false);
        if nonzero <= values / SPARSE_SHARE {
            let places = estimate::positions(values as u64, nonzero as u64);
            for method in [Method::Subtract, Method::Xor] {
                let map = Transform::of(method, shape.float);
                let pair = (raw, base);
                transform::gather(map, shape.width(), pair, &self.positions, &mut self.planes);
                let cost = places + plane_costs(&self.planes, shape.width());
                if cost < best.0 {
                    best = (cost, method, true);
                }
            }
        }
        self.take_sample(raw, Some(base));
        let scale = (raw.len() as u64).div_ceil(self.sample.0.len() as u64);
        for method in methods {
            let cost = scale.saturating_mul(self.sample_cost(method, shape));
            if cost < best.0 {
                best = (cost, method, false);
            }
        }
        Plan {
            method: best.1,
            shape,
            sparse: best.2,
        }
    }

    /// The width and kind of opaque bytes that a sample compresses best with.
    fn probe_shape(&mut self, raw: &[u8], base: Option<&[u8]>) -> Shape {
        self.take_sample(raw, base);
        // A few changed values say little about their width, the values themselves a lot.
        let changed = self
            .sample
            .0
            .iter()
            .zip(&self.sample.1)
            .filter(|(raw, base)| raw != base);
        let dense_delta = changed.count() > self.sample.0.len() / DENSE_SHARE;
        let mut best = (u64::MAX, Shape::BYTES);
        for shape in PROBED_SHAPES {
            if !raw.len().is_multiple_of(shape.width())
                || !self.sample.0.len().is_multiple_of(shape.width())
            {
                continue;
            }
            let mut cost = self.sample_cost(Method::Standalone, shape);
            if dense_delta {
                let delta =
                    [Method::Subtract, Method::Xor].map(|method| self.sample_cost(method, shape));
                cost = cost.min(delta[0]).min(delta[1]);
            }
            if cost.saturating_add(cost / SHAPE_MARGIN) < best.0 {
                best = (cost, shape);
            }
        }
        best.1
    }

    /// Strips from all over the block.
    fn take_sample(&mut self, raw: &[u8], base: Option<&[u8]>) {
        let (sample, base_sample) = (&mut self.sample.0, &mut self.sample.1);
        sample.clear();
        base_sample.clear();
        let base = base.unwrap_or(raw);
        if raw.len() <= STRIPS * STRIP_BYTES {
            sample.extend_from_slice(raw);
            base_sample.extend_from_slice(base);
            return;
        }
        let step = (raw.len() - STRIP_BYTES) / (STRIPS - 1) / WIDTH_MAX * WIDTH_MAX;
        for strip in 0..STRIPS {
            sample.extend_from_slice(&raw[strip * step..][..STRIP_BYTES]);
            base_sample.extend_from_slice(&base[strip * step..][..STRIP_BYTES]);
        }
    }

    fn sample_cost(&mut self, method: Method, shape: Shape) -> u64 {
        let (sample, base) = (&self.sample.0, &self.sample.1);
        self.planes.resize(sample.len(), 0);
        let map = Transform::of(method, shape.float);
        transform::split(map, shape.width(), sample, base, &mut self.planes);
        plane_costs(&self.planes, shape.width())
    }

    fn write_payload(
        &mut self,
        plan: Plan,
        raw: &[u8],
        base: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<()> {
        let Shape { float, .. } = plan.shape;
        let (map, width) = (Transform::of(plan.method, float), plan.shape.width());
        self.frames.clear();
        if plan.sparse {
            return self.write_sparse(map, plan.shape, (raw, base), out);
        }
        self.planes.resize(raw.len(), 0);
        transform::split(map, width, raw, base, &mut self.planes);
        let length = raw.len() / width;
        let mut headers = Headers::default();
        for plane in self.planes.chunks_exact(length) {
            headers.push(
                self.streams
                    .encode(plane, plan.shape.content(), &mut self.frames)?,
            );
        }
        headers.write_to(out);
        let mut frames = &self.frames[..];
        for (header, plane) in headers.iter().zip(self.planes.chunks_exact(length)) {
            plane::write_body(header, plane, &mut frames, out);
        }
        Ok(())
    }

    fn write_sparse(
        &mut self,
        map: Transform,
        shape: Shape,
        pair: (&[u8], &[u8]),
        out: &mut Vec<u8>,
    ) -> Result<()> {
        let width = shape.width();
        // The positions are those that `best_delta` found, which chose this plan.
        let nonzero = self.positions.len();
        transform::gather(map, width, pair, &self.positions, &mut self.planes);
        let low_bits = sparse::choose_low_bits(nonzero, pair.0.len() / width);
        sparse::split_positions(&self.positions, low_bits, &mut self.high, &mut self.low);
        let mut headers = Headers::default();
        headers.push(
            self.streams
                .encode(&self.high, Content::Other, &mut self.frames)?,
        );
        for plane in self.planes.chunks_exact(nonzero) {
            headers.push(
                self.streams
                    .encode(plane, shape.content(), &mut self.frames)?,
            );
        }
        write_varint(nonzero as u64, out);
        out.push(low_bits as u8);
        write_varint(self.high.len() as u64, out);
        headers.write_to(out);
        let (mut frames, mut headers) = (&self.frames[..], headers.iter());
        if let Some(high) = headers.next() {
            plane::write_body(high, &self.high, &mut frames, out);
        }
        out.extend_from_slice(&self.low);
        for (header, plane) in headers.zip(self.planes.chunks_exact(nonzero)) {
            plane::write_body(header, plane, &mut frames, out);
        }
        Ok(())
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
        match (block.method, base) {
            (Method::Raw, _) => out.copy_from_slice(payload),
            (Method::Identical, Some(base)) => out.copy_from_slice(base),
            (Method::Standalone, _) => self.read_dense(block, payload, None, out)?,
            (Method::Subtract | Method::Xor, Some(base)) if block.sparse => {
                self.read_sparse(block, payload, base, out)?;
            }
            (Method::Subtract | Method::Xor, Some(base)) => {
                self.read_dense(block, payload, Some(base), out)?;
            }
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

    fn read_dense(
        &mut self,
        block: &Block,
        payload: &[u8],
        base: Option<&[u8]>,
        out: &mut [u8],
    ) -> Result<()> {
        let width = block.shape.width();
        let length = out.len() / width;
        let mut reader = Reader::new(payload, "block payload");
        let headers = Headers::read_from(&mut reader, &[length; WIDTH_MAX][..width])?;
        self.planes.resize(out.len(), 0);
        let planes = read_planes(
            &mut self.streams,
            headers.iter(),
            &mut reader,
            &mut self.planes,
            length,
        )?;
        reader.finish()?;
        let map = Transform::of(block.method, block.shape.float);
        transform::join(map, width, &planes[..width], base, out);
        Ok(())
    }

    fn read_sparse(
        &mut self,
        block: &Block,
        payload: &[u8],
        base: &[u8],
        out: &mut [u8],
    ) -> Result<()> {
        let width = block.shape.width();
        let values = out.len() / width;
        let mut reader = Reader::new(payload, "block payload");
        let nonzero = within(reader.varint()?, 1, values, "nonzero values")?;
        let low_bits = u32::from(reader.u8()?);
        within(
            low_bits.into(),
            0,
            sparse::LOW_BITS_MAX as usize,
            "low bits of a gap",
        )?;
        let high = within(reader.varint()?, nonzero, nonzero + values, "bytes of high")?;
        let mut lengths = [nonzero; WIDTH_MAX + 1];
        lengths[0] = high;
        let headers = Headers::read_from(&mut reader, &lengths[..=width])?;
        let mut headers = headers.iter();
        self.high.resize(high, 0);
        if let Some(header) = headers.next() {
            let body = reader.bytes(header.stored)?;
            self.streams.decode(header, body, &mut self.high)?;
        }
        let low = reader.bytes(sparse::low_size(nonzero, low_bits))?;
        let gaps = (&self.high[..], low);
        sparse::join_positions(gaps, low_bits, nonzero, values, &mut self.positions)?;
        self.planes.resize(nonzero * width, 0);
        let planes = read_planes(
            &mut self.streams,
            headers,
            &mut reader,
            &mut self.planes,
            nonzero,
        )?;
        reader.finish()?;
        out.copy_from_slice(base);
        let map = Transform::of(block.method, block.shape.float);
        transform::scatter(map, width, &planes[..width], &self.positions, out);
        Ok(())
    }
}

/// Restores planes of `length` bytes; raw ones are used where they lie.
fn read_planes<'a>(
    streams: &mut StreamCoder,
    headers: impl Iterator<Item = StreamHeader>,
    reader: &mut Reader<'a>,
    buffer: &'a mut [u8],
    length: usize,
) -> Result<[&'a [u8]; WIDTH_MAX]> {
    let mut planes: [&[u8]; WIDTH_MAX] = [&[]; WIDTH_MAX];
    for ((header, slot), plane) in headers
        .zip(buffer.chunks_exact_mut(length))
        .zip(&mut planes)
    {
        let body = reader.bytes(header.stored)?;
        *plane = if header.coding == plane::Coding::Raw {
            body
        } else {
            streams.decode(header, body, slot)?;
            slot
        };
    }
    Ok(planes)
}

/// The headers of the streams of a block.
#[derive(Debug, Default)]
struct Headers {
    headers: [Option<StreamHeader>; WIDTH_MAX + 1],
    count: usize,
}

impl Headers {
    fn push(&mut self, header: StreamHeader) {
        self.headers[self.count] = Some(header);
        self.count += 1;
    }

    fn iter(&self) -> impl Iterator<Item = StreamHeader> {
        self.headers.into_iter().flatten()
    }

    fn read_from(reader: &mut Reader<'_>, lengths: &[usize]) -> Result<Self> {
        let mut headers = Self::default();
        for &length in lengths {
            headers.push(StreamHeader::read_from(reader, length)?);
        }
        Ok(headers)
    }

    fn write_to(&self, out: &mut Vec<u8>) {
        out.reserve(self.iter().map(StreamHeader::exact_size).sum());
        for header in self.iter() {
            header.write_to(out);
        }
    }
}

/// What planes that lie one after the other would cost, each with its own code.
fn plane_costs(planes: &[u8], width: usize) -> u64 {
    let length = (planes.len() / width).max(1);
    planes
        .chunks_exact(length)
        .map(|plane| {
            let mut histogram: Histogram = [0; 256];
            estimate::count(plane, &mut histogram);
            let raw = plane.len() as u64 * 8 * estimate::ONE_BIT;
            estimate::sampled_entropy(&histogram).min(raw)
        })
        .sum()
}

fn within(value: u64, least: usize, most: usize, what: &str) -> Result<usize> {
    usize::try_from(value)
        .ok()
        .filter(|value| (least..=most).contains(value))
        .ok_or_else(|| Error::corruption(what, format!("{least} to {most}"), value))
}
