//! The base of a delta: a plain file, or a packed file with bases of its own.

use super::reader::Packed;
use super::source::{ReadSeek, Source};
use super::{Progress, Step};
use crate::error::{Error, ErrorKind, Result};
use crate::layout::{Container, probe_container};
use crate::manifest::{BaseReference, DEPTH_MAX};
use crate::segment::ByteRange;

/// Opens the base that a reference names: by the caller's list, a folder, a catalogue.
///
/// What it returns is checked against the reference, so it may guess.
pub type Resolver<'a> = dyn FnMut(&BaseReference) -> Result<Box<dyn ReadSeek>> + 'a;

/// An opened base.
pub struct Base {
    content: Content,
    reference: BaseReference,
}

enum Content {
    Plain(Source),
    Packed(Box<Packed>),
}

impl Base {
    /// Opens the file that a new checkpoint is to be compared with.
    ///
    /// A plain file is read once for its checksums, during which `progress` hears of 0 bytes done.
    ///
    /// # Errors
    ///
    /// `Corruption` or `Compatibility` if it is a packed file that cannot be used; what
    /// [`Packed::open_bases`] returns; `Io`.
    pub fn open(
        source: Box<dyn ReadSeek>,
        threads: usize,
        resolver: &mut Resolver<'_>,
        progress: &mut Progress<'_>,
    ) -> Result<Self> {
        let mut source = Source::new(source, "the base")?;
        if Packed::is_packed(&mut source)? {
            let mut packed = Packed::from_source(source, threads)?;
            packed.open_bases(resolver)?;
            return Ok(Self::of_packed(packed));
        }
        let sums = source.checksums(&mut Step::new(progress))?;
        let reference = BaseReference {
            manifest: None,
            bytes: sums.bytes,
            crc32: sums.crc32,
            crc64nvme: sums.crc64nvme,
            depth: 0,
        };
        Ok(Self {
            content: Content::Plain(source),
            reference,
        })
    }

    /// Opens the base that a manifest names. `levels` bounds the chain.
    pub(super) fn open_referenced(
        wanted: &BaseReference,
        levels: u32,
        threads: usize,
        resolver: &mut Resolver<'_>,
    ) -> Result<Self> {
        let source = resolver(wanted)?;
        let mut source = Source::new(source, "the base")?;
        if Packed::is_packed(&mut source)? {
            let mut packed = Packed::from_source(source, threads)?;
            if wanted.is_content(&packed.manifest().original) {
                packed.open_bases_within(levels, resolver)?;
                return Ok(Self::of_packed(packed));
            }
            source = packed.into_source();
        }
        if source.bytes() == wanted.bytes {
            return Ok(Self {
                content: Content::Plain(source),
                reference: *wanted,
            });
        }
        Err(Error::invalid_argument(
            "the base is another file: its size",
            wanted.bytes,
            source.bytes(),
        ))
    }

    fn of_packed(packed: Packed) -> Self {
        let manifest = packed.manifest();
        let reference = BaseReference {
            manifest: Some(packed.manifest_sha256()),
            bytes: manifest.original.bytes,
            crc32: manifest.original.crc32,
            crc64nvme: manifest.original.crc64nvme,
            depth: manifest.depth(),
        };
        Self {
            content: Content::Packed(Box::new(packed)),
            reference,
        }
    }

    /// How a manifest names this base.
    #[must_use]
    pub fn reference(&self) -> &BaseReference {
        &self.reference
    }

    /// Whether another delta may be put on top of this base.
    #[must_use]
    pub fn has_room(&self) -> bool {
        self.reference.depth < DEPTH_MAX
    }

    /// The base's container.
    pub(super) fn probe(&mut self) -> Result<Container> {
        probe_container(self.reference.bytes, |ranges| {
            let mut bytes = Vec::new();
            self.read_ranges(ranges, &mut bytes)?;
            Ok(bytes)
        })
    }

    /// Makes `out` the concatenation of these ranges of the base's original.
    pub(super) fn read_ranges(&mut self, ranges: &[ByteRange], out: &mut Vec<u8>) -> Result<()> {
        let total = ranges.iter().try_fold(0u64, |sum, range| {
            let end = range.offset.checked_add(range.length)?;
            if end <= self.reference.bytes {
                sum.checked_add(range.length)
            } else {
                None
            }
        });
        let Some(total) = total.filter(|&total| total <= self.reference.bytes) else {
            let limit = format!("within the {} bytes of the base", self.reference.bytes);
            return Err(Error::corruption("references to the base", limit, "beyond"));
        };
        out.clear();
        out.resize(super::source::bounded(total)?, 0);
        let mut rest = out.as_mut_slice();
        for range in ranges {
            let (part, after) = rest.split_at_mut(super::source::bounded(range.length)?);
            rest = after;
            match &mut self.content {
                Content::Plain(source) => source.read_at(range.offset, part)?,
                Content::Packed(packed) => packed.read(range.offset, part)?,
            }
        }
        Ok(())
    }

    /// Says of an error met while decoding whether the base was to blame: damage to a plain base
    /// is found only now. See the module's page.
    pub(super) fn explain(&mut self, error: Error) -> Error {
        if error.kind() != ErrorKind::Corruption {
            return error;
        }
        match &mut self.content {
            Content::Packed(packed) => packed.explain(error),
            Content::Plain(source) => match source.checksums(&mut Step::new(&mut |_: u64| true)) {
                Ok(sums) if !self.reference.is_content(&sums) => Error::invalid_argument(
                    "the base is another file or was changed: its CRC64NVME",
                    format!("{:016x}", self.reference.crc64nvme),
                    format!("{:016x}", sums.crc64nvme),
                ),
                _ => error,
            },
        }
    }
}
