//! Reading an original, whether it lies there plain or packed: ranges of it, on many threads.
//!
//! Every thread opens the original for itself and takes one segment after the other, so that no
//! block is decoded twice and no thread waits for another. What is read goes straight to where the
//! caller wants it.

use std::sync::{Mutex, PoisonError};

use super::base::Resolver;
use super::reader::Packed;
use super::source::{ReadSeek, Source, bounded, concatenated};
use super::{PACKED_SEGMENT_BYTES, Progress, Step};
use crate::error::{Error, Result};
use crate::layout::{Container, probe_container};
use crate::manifest::BaseReference;

/// Opens something to read, as often as it is asked.
pub type Opener<'a> = dyn Fn() -> Result<Box<dyn ReadSeek>> + Sync + 'a;

/// An opened original.
pub struct Original {
    content: Content,
}

enum Content {
    Plain(Source),
    Packed(Box<Packed>),
}

/// A range of the original, and where its bytes go.
pub struct Part<'a> {
    /// First byte in the original.
    pub offset: u64,
    /// Filled with the bytes from there on.
    pub out: &'a mut [u8],
}

impl Original {
    /// Opens a packed file with its bases, or any other file as the original itself.
    ///
    /// # Errors
    ///
    /// Those of [`Packed::open`] and [`Packed::open_bases`].
    pub fn open(
        source: Box<dyn ReadSeek>,
        threads: usize,
        resolver: &mut Resolver<'_>,
    ) -> Result<Self> {
        let mut source = Source::new(source, "the checkpoint")?;
        if !Packed::is_packed(&mut source)? {
            let content = Content::Plain(source);
            return Ok(Self { content });
        }
        let mut packed = Packed::from_source(source, threads)?;
        packed.open_bases(resolver)?;
        let content = Content::Packed(Box::new(packed));
        Ok(Self { content })
    }

    /// Size of the original.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        match &self.content {
            Content::Plain(source) => source.bytes(),
            Content::Packed(packed) => packed.manifest().original.bytes,
        }
    }

    /// Where the original may be cut without reading anything twice.
    fn segment_bytes(&self) -> u64 {
        match &self.content {
            Content::Plain(_) => PACKED_SEGMENT_BYTES,
            Content::Packed(packed) => packed.manifest().segment_bytes,
        }
    }

    /// What it is.
    ///
    /// # Errors
    ///
    /// Those of [`Original::read`].
    pub fn probe(&mut self) -> Result<Container> {
        probe_container(self.bytes(), |ranges| {
            concatenated(ranges, |offset, out| self.read(offset, out))
        })
    }

    /// Fills `out` with the bytes from `offset` on.
    ///
    /// # Errors
    ///
    /// Those of [`Packed::read`]; a plain file that is too short is `Corruption`.
    pub fn read(&mut self, offset: u64, out: &mut [u8]) -> Result<()> {
        match &mut self.content {
            Content::Plain(source) => source.read_at(offset, out),
            Content::Packed(packed) => packed
                .read(offset, out)
                .map_err(|error| packed.explain(error)),
        }
    }
}

/// Fills all `parts` on up to `threads` threads, each of which calls `open` once.
///
/// `progress` hears on the calling thread how many bytes are done. The caller's thread works too.
///
/// # Errors
///
/// The first error that a thread met; the others stop soon after. What the parts hold then is not
/// to be used. `Cancelled` if `progress` said so.
pub fn read_parts(
    open: &(dyn Fn() -> Result<Original> + Sync),
    parts: Vec<Part<'_>>,
    threads: usize,
    progress: &mut Progress<'_>,
) -> Result<()> {
    let mut own = open()?;
    let groups = by_segment(parts, own.segment_bytes())?;
    let threads = threads.clamp(1, groups.len().max(1));
    let work = Work {
        groups: Mutex::new(groups.into_iter()),
        failed: Mutex::new(None),
        done: Mutex::new(0),
    };
    let mut step = Step::new(progress);
    std::thread::scope(|scope| {
        for _ in 1..threads {
            scope.spawn(|| match open() {
                Ok(mut original) => work.run(&mut original, &mut |_: u64| Ok(())),
                Err(error) => work.fail(error),
            });
        }
        let mut heard = 0;
        work.run(&mut own, &mut |done| {
            let news = done - heard;
            heard = done;
            step.heed(news)
        });
    });
    match work
        .failed
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner)
    {
        Some(error) => Err(error),
        None => step.heed(0),
    }
}

struct Work<'a> {
    groups: Mutex<std::vec::IntoIter<Vec<Part<'a>>>>,
    failed: Mutex<Option<Error>>,
    done: Mutex<u64>,
}

impl Work<'_> {
    fn run(&self, original: &mut Original, heed: &mut dyn FnMut(u64) -> Result<()>) {
        while let Some(group) = self.next() {
            let outcome = self.fill(original, group).and_then(&mut *heed);
            if let Err(error) = outcome {
                self.fail(error);
            }
        }
    }

    /// Fills one group; returns how many bytes are done in all.
    fn fill(&self, original: &mut Original, group: Vec<Part<'_>>) -> Result<u64> {
        let mut bytes = 0;
        for part in group {
            bytes += part.out.len() as u64;
            original.read(part.offset, part.out)?;
        }
        let mut done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
        *done += bytes;
        Ok(*done)
    }

    fn next(&self) -> Option<Vec<Part<'_>>> {
        let failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        if failed.is_some() {
            return None;
        }
        drop(failed);
        let mut groups = self.groups.lock().unwrap_or_else(PoisonError::into_inner);
        groups.next()
    }

    fn fail(&self, error: Error) {
        let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        failed.get_or_insert(error);
    }
}

/// Cuts the parts at the borders of segments, and gathers those of one segment in order.
fn by_segment(mut parts: Vec<Part<'_>>, segment_bytes: u64) -> Result<Vec<Vec<Part<'_>>>> {
    parts.sort_by_key(|part| part.offset);
    let mut groups: Vec<(u64, Vec<Part<'_>>)> = Vec::new();
    for Part {
        mut offset,
        mut out,
    } in parts
    {
        while !out.is_empty() {
            let segment = offset / segment_bytes;
            let room = segment_bytes - offset % segment_bytes;
            let length = bounded(room.min(out.len() as u64))?;
            let (head, rest) = out.split_at_mut(length);
            match groups.last_mut() {
                Some((last, group)) if *last == segment => group.push(Part { offset, out: head }),
                _ => groups.push((segment, vec![Part { offset, out: head }])),
            }
            out = rest;
            offset = offset
                .checked_add(length as u64)
                .ok_or_else(|| Error::invalid_argument("end of a range", "below 2^64", "beyond"))?;
        }
    }
    Ok(groups.into_iter().map(|(_, group)| group).collect())
}

/// Opens the one of `candidates` that restores what is wanted: a packed file says so itself; a
/// plain file of the right size is read for its checksums, unless it is the only one.
///
/// # Errors
///
/// `InvalidArgument` if there is none; what opening one returns.
pub fn resolve_among(
    candidates: &[Box<Opener<'_>>],
    wanted: &BaseReference,
) -> Result<Box<dyn ReadSeek>> {
    let mut plain = Vec::new();
    for open in candidates {
        let mut source = Source::new(open()?, "a base")?;
        if Packed::is_packed(&mut source)? {
            let packed = Packed::from_source(source, 1)?;
            if wanted.is_content(&packed.manifest().original) {
                return open();
            }
        } else if source.bytes() == wanted.bytes {
            plain.push((open, source));
        }
    }
    let is_only_one = plain.len() == 1;
    for (open, mut source) in plain {
        if is_only_one || wanted.is_content(&source.checksums(&mut Step::new(&mut |_: u64| true))?)
        {
            return open();
        }
    }
    let expected = format!(
        "{} bytes with CRC64NVME {:016x}",
        wanted.bytes, wanted.crc64nvme
    );
    Err(Error::invalid_argument(
        "the base of the checkpoint",
        expected,
        "no such file among those named",
    ))
}

#[cfg(test)]
mod tests;
