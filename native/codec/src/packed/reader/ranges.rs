//! A range of the original, or one tensor: only the blocks they are in are decoded.

use super::super::WINDOW_BYTES;
use super::super::source::{bounded, concatenated, zeroed};
use super::{Packed, check_place, decode};
use crate::error::{Error, Result};
use crate::layout::{ContainerKind, Order, Tensor, probe_container};
use crate::segment::{IndexRead, SegmentIndex};

/// Bytes from the end of a segment that hold its index nearly always.
const INDEX_TAIL_BYTES: u64 = 64 * 1024;

impl Packed {
    /// The tensors, in order of offset; none if the original has no names for them.
    ///
    /// # Errors
    ///
    /// Those of [`Packed::read`]; `Corruption` if the original is not of the kind that its manifest says.
    pub fn tensors(&mut self) -> Result<Vec<Tensor>> {
        let wanted = self.manifest.container.kind;
        if wanted == ContainerKind::Opaque {
            return Ok(Vec::new());
        }
        // The manifest only says what the container is; what is in it is looked at again.
        let bytes = self.manifest.original.bytes;
        let found = probe_container(bytes, |ranges| {
            concatenated(ranges, |offset, out| self.read(offset, out))
        })?;
        if found.kind == wanted {
            return Ok(found.tensors);
        }
        Err(Error::corruption(
            "container of the original",
            wanted,
            found.kind,
        ))
    }

    /// The bytes of one tensor.
    ///
    /// # Errors
    ///
    /// `InvalidArgument` if there is no tensor of this name; those of [`Packed::read`].
    pub fn read_tensor(&mut self, name: &str) -> Result<(Tensor, Vec<u8>)> {
        let found = self
            .tensors()?
            .into_iter()
            .find(|tensor| tensor.name == name);
        let Some(tensor) = found else {
            return Err(Error::invalid_argument(
                "tensor",
                "a name in the checkpoint",
                name,
            ));
        };
        if tensor.order == Order::Strided {
            return Err(Error::invalid_argument(
                format!("order of the elements of tensor {name:?}"),
                "one after the other",
                "a view with gaps or overlaps in its storage",
            ));
        }
        let mut bytes = zeroed(tensor.length)?;
        self.read(tensor.offset, &mut bytes)?;
        Ok((tensor, bytes))
    }

    /// Fills `out` with the original's bytes from `offset` on; decodes only the blocks they are in.
    ///
    /// # Errors
    ///
    /// `InvalidArgument` if the range is not within the original, or if a base is needed that is
    /// not open or is another one; `Corruption`; `Io`.
    pub fn read(&mut self, offset: u64, out: &mut [u8]) -> Result<()> {
        let end = offset.checked_add(out.len() as u64);
        let Some(end) = end.filter(|&end| end <= self.manifest.original.bytes) else {
            let limit = format!("within {} bytes", self.manifest.original.bytes);
            let found = format!("{} bytes at {offset}", out.len());
            return Err(Error::invalid_argument(
                "range of the original",
                limit,
                found,
            ));
        };
        let mut at = offset;
        let mut rest = out;
        while at < end {
            let done = self.read_some(at, end, rest)?;
            rest = rest.split_at_mut(done).1;
            at += done as u64;
        }
        Ok(())
    }

    /// Fills the front of `out`, which stands for `at .. end`; returns how much of it.
    fn read_some(&mut self, at: u64, end: u64, out: &mut [u8]) -> Result<usize> {
        if let Some(done) = self.copy_cached(at, out) {
            return Ok(done);
        }
        let segment = bounded(at / self.manifest.segment_bytes)?;
        self.load_index(segment)?;
        let Some((_, index)) = &self.index else {
            return Ok(0);
        };
        let stop = end.min(index.raw_offset() + index.raw_length());
        let window = index.window(at, stop, WINDOW_BYTES)?;
        let (start, length) = (self.starts[segment], bounded(window.raw.length)?);
        self.source.read_into(
            start + window.stored.offset,
            window.stored.length,
            &mut self.stored,
        )?;
        let stored = &self.stored;
        let whole = window.raw.offset == at;
        if let Some(part) = out.get_mut(..length).filter(|_| whole) {
            let base = (&mut self.base, &mut self.base_bytes);
            decode(base, index, &window, stored, self.threads, part)
                .map_err(|error| error.within(format_args!("segment {segment}")))?;
            return Ok(length);
        }
        let mut buffer = self
            .cached
            .take()
            .map(|(_, buffer)| buffer)
            .unwrap_or_default();
        buffer.clear();
        buffer.resize(length, 0);
        let base = (&mut self.base, &mut self.base_bytes);
        decode(base, index, &window, stored, self.threads, &mut buffer)
            .map_err(|error| error.within(format_args!("segment {segment}")))?;
        self.cached = Some((window.raw, buffer));
        self.copy_cached(at, out)
            .ok_or_else(|| Error::corruption("window", "to overlap its range", "elsewhere"))
    }

    fn copy_cached(&self, at: u64, out: &mut [u8]) -> Option<usize> {
        let (range, bytes) = self.cached.as_ref()?;
        let skip = usize::try_from(at.checked_sub(range.offset)?).ok()?;
        let from = bytes.get(skip..).filter(|from| !from.is_empty())?;
        let length = from.len().min(out.len());
        out[..length].copy_from_slice(&from[..length]);
        Some(length)
    }

    fn load_index(&mut self, segment: usize) -> Result<()> {
        if self
            .index
            .as_ref()
            .is_some_and(|(loaded, _)| *loaded == segment)
        {
            return Ok(());
        }
        let (start, stop) = (self.starts[segment], self.starts[segment + 1]);
        let mut wanted = INDEX_TAIL_BYTES.min(stop - start);
        loop {
            self.source
                .read_into(stop - wanted, wanted, &mut self.stored)?;
            match SegmentIndex::read_from(&self.stored, stop - start)? {
                IndexRead::Index(index) => {
                    check_place(&self.manifest, segment, &index)?;
                    self.index = Some((segment, index));
                    return Ok(());
                }
                IndexRead::NeedMore(more) if more > wanted && more <= stop - start => wanted = more,
                IndexRead::NeedMore(more) => {
                    let limit = format!("at most {}", stop - start);
                    return Err(Error::corruption(
                        "length of the segment index",
                        limit,
                        more,
                    ));
                }
            }
        }
    }
}
