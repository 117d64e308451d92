//! The payload of a block (format section 2.3): streams and their headers, dense or sparse.

use super::choose::Plan;
use super::{BlockCoder, Form, WIDTH_MAX};
use crate::copy;
use crate::index::{Method, Shape};
use crate::plane::{self, Content, StreamCoder, StreamHeader};
use crate::sparse;
use crate::transform::{self, Transform};
use crate::wire::{Reader, write_varint};
use crate::{Error, Result};

impl Shape {
    fn content(self) -> Content {
        if self.float {
            Content::Numbers
        } else {
            Content::Other
        }
    }
}

impl BlockCoder {
    /// Appends the payload of a block. Where the plan is sparse, `self.positions` are those of the differences.
    pub(super) fn write_payload(
        &mut self,
        plan: Plan,
        raw: &[u8],
        base: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<()> {
        let form = Form {
            map: Transform::of(plan.method, plan.shape.float),
            width: plan.shape.width(),
        };
        let content = plan.shape.content();
        if plan.method == Method::Grouped {
            self.write_grouped(form, (raw, base), out)
        } else if plan.sparse {
            self.write_sparse(form, content, (raw, base), out)
        } else {
            self.write_dense(form, content, (raw, base), out)
        }
    }

    /// Appends the planes of all values.
    pub(super) fn write_dense(
        &mut self,
        Form { map, width }: Form,
        content: Content,
        (raw, base): (&[u8], &[u8]),
        out: &mut Vec<u8>,
    ) -> Result<()> {
        self.frames.clear();
        self.planes.resize(raw.len(), 0);
        transform::split(map, width, raw, base, &mut self.planes);
        let length = raw.len() / width;
        let mut headers = Headers::default();
        for plane in self.planes.chunks_exact(length) {
            headers.push(self.streams.encode(plane, content, &mut self.frames)?);
        }
        headers.write_to(out);
        let mut frames = &self.frames[..];
        for (header, plane) in headers.iter().zip(self.planes.chunks_exact(length)) {
            plane::write_body(header, plane, &mut frames, out);
        }
        Ok(())
    }

    /// Appends places and planes of the values at `self.positions`.
    pub(super) fn write_sparse(
        &mut self,
        Form { map, width }: Form,
        content: Content,
        pair: (&[u8], &[u8]),
        out: &mut Vec<u8>,
    ) -> Result<()> {
        self.frames.clear();
        let nonzero = self.positions.len();
        transform::gather(map, width, pair, &self.positions, &mut self.planes);
        let low_bits = sparse::choose_low_bits(nonzero, pair.0.len() / width);
        sparse::split_positions(&self.positions, low_bits, &mut self.high, &mut self.low);
        let mut headers = Headers::default();
        headers.push(
            self.streams
                .encode(&self.high, Content::Numbers, &mut self.frames)?,
        );
        for plane in self.planes.chunks_exact(nonzero) {
            headers.push(self.streams.encode(plane, content, &mut self.frames)?);
        }
        write_varint(nonzero as u64, out);
        out.push(low_bits as u8);
        write_varint(self.high.len() as u64, out);
        headers.write_to(out);
        let (mut frames, mut headers) = (&self.frames[..], headers.iter());
        if let Some(high) = headers.next() {
            plane::write_body(high, &self.high, &mut frames, out);
        }
        copy::append(out, &self.low);
        for (header, plane) in headers.zip(self.planes.chunks_exact(nonzero)) {
            plane::write_body(header, plane, &mut frames, out);
        }
        Ok(())
    }

    /// Restores a block that is not sparse.
    pub(super) fn read_dense(
        &mut self,
        Form { map, width }: Form,
        payload: &[u8],
        base: Option<&[u8]>,
        out: &mut [u8],
    ) -> Result<()> {
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
        transform::join(map, width, &planes[..width], base, out);
        Ok(())
    }

    /// Restores a sparse block.
    pub(super) fn read_sparse(
        &mut self,
        Form { map, width }: Form,
        payload: &[u8],
        base: &[u8],
        out: &mut [u8],
    ) -> Result<()> {
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
        copy::fill(out, base);
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

pub(super) fn within(value: u64, least: usize, most: usize, what: &str) -> Result<usize> {
    usize::try_from(value)
        .ok()
        .filter(|value| (least..=most).contains(value))
        .ok_or_else(|| Error::corruption(what, format!("{least} to {most}"), value))
}
