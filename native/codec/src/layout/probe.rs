//! Finding out what an object is, by reading as little of it as possible.

use super::container::Container;
use super::fragments::{Fragments, Parsed, Stop};
use super::{distcp, gguf, numpy, safetensors, torch, zip};
use crate::error::{Error, Result};
use crate::segment::ByteRange;

/// Most bytes that a probe reads.
pub const PROBE_BYTES_MAX: u64 = 256 << 20;
/// Most ranges that a probe reads.
pub const PROBE_RANGES_MAX: usize = 65_536;
/// Most times that a probe asks.
pub const PROBE_STEPS_MAX: usize = 4096;
/// The first bytes of an object that are read: most headers fit.
const HEAD_BYTES: u64 = 256 << 10;
/// Ranges with a smaller gap are read together.
const GAP_BYTES_MAX: u64 = 16 << 10;
/// A `torch.save` of before `PyTorch` 1.6: a pickle of its magic number.
const LEGACY_TORCH: [u8; 15] = *b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.";

/// What a [`Probe`] says next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProbeStep {
    /// Read these ranges, which are ordered and do not overlap, and [`Probe::give`] their bytes.
    Read(Vec<ByteRange>),
    /// What the object is.
    Known(Container),
}

/// Recognises the container of an object: it says which ranges it needs, the caller reads them.
///
/// Never fails for what the object holds: what is not a sound container is opaque and says why. Reads at most
/// [`PROBE_BYTES_MAX`] in [`PROBE_RANGES_MAX`] ranges and asks [`PROBE_STEPS_MAX`] times.
#[derive(Debug)]
pub struct Probe {
    known: Fragments,
    /// Once the object as a whole is nothing known: what it was refused for, and the walk over its blobs.
    walk: Option<(String, distcp::Walk)>,
    wanted: Vec<ByteRange>,
    bytes: u64,
    ranges: usize,
    steps: usize,
}

impl Probe {
    /// Begins with an object of this size.
    #[must_use]
    pub fn new(object_bytes: u64) -> Self {
        Self {
            known: Fragments::new(object_bytes),
            walk: None,
            wanted: Vec::new(),
            bytes: 0,
            ranges: 0,
            steps: 0,
        }
    }

    /// What is to be done next.
    pub fn step(&mut self) -> ProbeStep {
        let object_bytes = self.known.object_bytes();
        match self.recognise() {
            Ok(container) => ProbeStep::Known(container),
            Err(Stop::Refuse(reason)) => ProbeStep::Known(Container::opaque(&reason, object_bytes)),
            Err(Stop::Need(ranges)) => {
                let ranges = join_near(ranges);
                self.steps += 1;
                self.ranges += ranges.len();
                self.bytes += ranges.iter().map(|range| range.length).sum::<u64>();
                if self.steps > PROBE_STEPS_MAX
                    || self.ranges > PROBE_RANGES_MAX
                    || self.bytes > PROBE_BYTES_MAX
                {
                    let reason = "its structure is too large to be read before the rest";
                    return ProbeStep::Known(Container::opaque(reason, object_bytes));
                }
                self.wanted.clone_from(&ranges);
                ProbeStep::Read(ranges)
            }
        }
    }

    fn recognise(&mut self) -> Parsed<Container> {
        if self.walk.is_none() {
            match recognise(&self.known) {
                Err(Stop::Refuse(reason)) if may_be_blobs(&self.known) => {
                    self.walk = Some((reason, distcp::Walk::new()));
                }
                settled => return settled,
            }
        }
        match &mut self.walk {
            Some((reason, walk)) => walk.advance(&mut self.known).map_err(|stop| match stop {
                Stop::Refuse(_) => Stop::Refuse(reason.clone()),
                need @ Stop::Need(_) => need,
            }),
            None => Err(Stop::refuse("nothing is known of it")),
        }
    }

    /// Takes the bytes that the last step asked for, one range after the other.
    ///
    /// # Errors
    ///
    /// `InvalidArgument` if they are not as many.
    pub fn give(&mut self, bytes: &[u8]) -> Result<()> {
        let expected: u64 = self.wanted.iter().map(|range| range.length).sum();
        if bytes.len() as u64 != expected {
            return Err(Error::invalid_argument(
                "bytes given to the probe",
                expected,
                bytes.len(),
            ));
        }
        let mut rest = bytes;
        for range in std::mem::take(&mut self.wanted) {
            let length = usize::try_from(range.length).unwrap_or(usize::MAX);
            let (piece, after) = rest.split_at(length.min(rest.len()));
            self.known.insert(range.offset, piece);
            rest = after;
        }
        Ok(())
    }
}

/// Recognises the container of an object that `read` reads from: it returns the concatenation of the ranges.
///
/// # Errors
///
/// Those of `read`; `InvalidArgument` if it returns another number of bytes.
pub fn probe_container(
    object_bytes: u64,
    mut read: impl FnMut(&[ByteRange]) -> Result<Vec<u8>>,
) -> Result<Container> {
    let mut probe = Probe::new(object_bytes);
    loop {
        match probe.step() {
            ProbeStep::Known(container) => return Ok(container),
            ProbeStep::Read(ranges) => probe.give(&read(&ranges)?)?,
        }
    }
}

/// Recognises the container of an object that is in memory.
#[must_use]
pub fn probe_bytes(object: &[u8]) -> Container {
    let read = |ranges: &[ByteRange]| {
        let slices = ranges.iter().map(|range| {
            let start = usize::try_from(range.offset).unwrap_or(usize::MAX);
            let end = usize::try_from(range.end()).unwrap_or(usize::MAX);
            object.get(start..end).unwrap_or_default()
        });
        Ok(slices.collect::<Vec<_>>().concat())
    };
    let object_bytes = object.len() as u64;
    probe_container(object_bytes, read)
        .unwrap_or_else(|error| Container::opaque(&error.to_string(), object_bytes))
}

fn recognise(source: &Fragments) -> Parsed<Container> {
    let object_bytes = source.object_bytes();
    let head_bytes = object_bytes.min(safetensors::LENGTH_BYTES);
    let head = source.ahead(0, head_bytes, HEAD_BYTES)?;
    if head_bytes < safetensors::LENGTH_BYTES {
        return Err(Stop::refuse(
            "the object is shorter than the 8 bytes every container starts with",
        ));
    }
    if head.starts_with(&zip::LOCAL_SIGNATURE) {
        return recognise_zip(source);
    }
    if head.starts_with(&numpy::MAGIC) {
        return numpy::parse_file(source);
    }
    if head.starts_with(&gguf::MAGIC) {
        return gguf::parse_file(source);
    }
    if let Some(reason) = known_magic(source.known(0), object_bytes) {
        return Err(Stop::refuse(reason));
    }
    safetensors::parse_file(source)
}

fn recognise_zip(source: &Fragments) -> Parsed<Container> {
    let members = zip::members(source)?;
    if let Some(root) = torch::root(&members) {
        return torch::parse(source, &members, &root);
    }
    if members
        .iter()
        .any(|member| member.name.ends_with(numpy::SUFFIX.as_bytes()))
    {
        return numpy::parse_zip(source, &members);
    }
    zip::container_of(&members, source.object_bytes())
}

/// Whether the first blob of a walk may begin the object.
fn may_be_blobs(source: &Fragments) -> bool {
    let head = source.known(0);
    head.starts_with(&zip::LOCAL_SIGNATURE) || head.get(8) == Some(&b'{')
}

/// What is known by its first bytes, and stays opaque; a sentence.
fn known_magic(head: &[u8], object_bytes: u64) -> Option<&'static str> {
    let starts = |magic: &[u8]| head.starts_with(magic);
    // Blosc's header: version, codec version, flags, type size, then the sizes of values, block and whole.
    let is_blosc = starts(&[2, 1]) && zip::number(head, 12, 4) == object_bytes;
    Some(match () {
        () if starts(&LEGACY_TORCH) => {
            "torch.save in the format of before PyTorch 1.6, without a zip around it"
        }
        () if starts(&[0x28, 0xb5, 0x2f, 0xfd]) => "already compressed by zstd: it passes through",
        () if starts(&[0x1f, 0x8b, 8]) => "already compressed by gzip: it passes through",
        () if starts(&[4, 0x22, 0x4d, 0x18]) => "already compressed by lz4: it passes through",
        () if is_blosc => "already compressed by blosc: it passes through",
        () if starts(b"\xfd7zXZ\0") => "already compressed by xz: it passes through",
        () if starts(b"\x89HDF\r\n\x1a\n") => "an HDF5 file: its datasets are not looked for",
        // Magic of OCDBT's manifest and nodes, big-endian, as Orbax writes them.
        () if starts(&[0x0c, 0xdb, 0x3a, 0x2a]) => "a manifest of OCDBT (Orbax)",
        () if starts(&[0x0c, 0xdb, 0x20, 0xde]) => "a B-tree node of OCDBT (Orbax)",
        () if starts(&[0x0c, 0xdb, 0x12, 0x34]) => "a version node of OCDBT (Orbax)",
        () => return None,
    })
}

/// Sorts ranges and joins those that are near each other.
fn join_near(mut ranges: Vec<ByteRange>) -> Vec<ByteRange> {
    ranges.sort_unstable_by_key(|range| range.offset);
    let mut joined: Vec<ByteRange> = Vec::new();
    for range in ranges {
        match joined.last_mut() {
            Some(last) if range.offset <= last.end().saturating_add(GAP_BYTES_MAX) => {
                last.length = last.end().max(range.end()) - last.offset;
            }
            _ => joined.push(range),
        }
    }
    joined
}
