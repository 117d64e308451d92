//! What an original is made of: regions of every kind with bytes of every law, and how they follow from a base.

use arbitrary::{Arbitrary, Unstructured};
use mithril_checkpoint::layout::{ElementKind, Region};
use mithril_checkpoint::segment::{EncodeOptions, Level};

use super::samples::{self, Law, Random};

/// Most regions.
const PARTS_MAX: usize = 8;
/// Most bytes of a short region.
const SHORT_BYTES: usize = 3000;
/// Most bytes of a long region: some blocks of the widest values.
const LONG_BYTES: usize = 140_000;

/// Most bytes that are encoded at the highest level, which takes a hundred times as long as the others.
const MAX_LEVEL_BYTES: usize = 20_000;

/// An original and how to encode it.
#[derive(Arbitrary, Debug)]
pub struct Recipe {
    #[arbitrary(with = |input: &mut Unstructured| samples::some(input, PARTS_MAX))]
    parts: Vec<Part>,
    raw_offset: u16,
    level: u8,
    threads: u8,
    window: u16,
    /// Bytes of the original in each segment of a packed file.
    pub segment_bytes: u16,
}

/// One region.
#[derive(Arbitrary, Debug)]
struct Part {
    kind: u8,
    length: u16,
    is_long: bool,
    source: Source,
}

/// Where the bytes of a region come from.
#[derive(Arbitrary, Debug)]
enum Source {
    /// There is no counterpart.
    New(Law),
    /// There is one, with other bytes.
    Unlike { law: Law, place: u32 },
    /// There is one, and some values changed: `every` so many, by `law`.
    Changed {
        place: u32,
        every: u16,
        seed: u16,
        by: u8,
    },
}

impl Part {
    fn kind(&self) -> ElementKind {
        ElementKind::from_u8(self.kind % 8).expect("there are eight")
    }

    fn length(&self) -> usize {
        let limit = if self.is_long {
            LONG_BYTES
        } else {
            SHORT_BYTES
        };
        1 + usize::from(self.length) * 3 % limit
    }

    /// Where the counterpart begins in a base of `bytes` bytes; it must fit.
    fn place(&self, bytes: usize) -> Option<usize> {
        match &self.source {
            Source::New(_) => None,
            Source::Unlike { place, .. } | Source::Changed { place, .. } => {
                Some(*place as usize % (bytes - self.length() + 1))
            }
        }
    }

    /// The bytes; `old` are those of the counterpart.
    fn bytes(&self, old: &[u8]) -> Vec<u8> {
        let (length, width) = (self.length(), self.kind().width() as usize);
        match &self.source {
            Source::New(law) | Source::Unlike { law, .. } => law.bytes(length, width),
            Source::Changed {
                every, seed, by, ..
            } => {
                let mut bytes = old.to_vec();
                let mut random = Random::new((*seed).into());
                let mut place = usize::from(*seed) % length;
                while *every > 0 && place < length {
                    bytes[place] ^= by.max(&1);
                    place += 1 + (random.next_u64() % u64::from(*every)) as usize * 2;
                }
                bytes
            }
        }
    }
}

/// An original as a range of regions of a base that is given.
pub struct Range {
    /// The bytes.
    pub raw: Vec<u8>,
    /// Where they begin in their original.
    pub raw_offset: u64,
    /// What they are; counterparts lie in [`samples::base`].
    pub regions: Vec<Region>,
}

/// A file, and the file before it.
pub struct Files {
    /// The new file.
    pub file: Vec<u8>,
    /// The old one; tensors have the same names, and lie elsewhere.
    pub base: Vec<u8>,
}

impl Recipe {
    /// How to encode, on one thread or on several.
    pub fn options(&self, is_threaded: bool) -> EncodeOptions {
        let bytes: usize = self.parts.iter().map(Part::length).sum();
        let level = match self.level {
            0..=119 => Level::Fast,
            180.. if bytes <= MAX_LEVEL_BYTES => Level::Max,
            _ => Level::Default,
        };
        let threads = if is_threaded {
            2 + usize::from(self.threads % 3)
        } else {
            1
        };
        EncodeOptions { level, threads }
    }

    /// Bytes that are restored at once.
    pub fn window_bytes(&self) -> u64 {
        1 + u64::from(self.window) * 64
    }

    /// The range of an original that a segment is to be made of.
    pub fn range(&self) -> Range {
        let raw_offset = self.raw_offset.into();
        let mut range = Range {
            raw: Vec::new(),
            raw_offset,
            regions: Vec::new(),
        };
        let base = samples::base();
        for part in &self.parts {
            let place = part.place(base.len());
            let old = place.map_or(&[][..], |place| &base[place..place + part.length()]);
            range.regions.push(Region {
                offset: raw_offset + range.raw.len() as u64,
                length: part.length() as u64,
                kind: part.kind(),
                base_offset: place.map(|place| place as u64),
            });
            range.raw.extend(part.bytes(old));
        }
        range
    }

    /// Two files: safetensors if the kinds allow it, opaque otherwise. The tensors of the old one lie in the
    /// opposite order, so that every counterpart has moved.
    pub fn files(&self) -> Files {
        let base = samples::base();
        let (mut new, mut old) = (Vec::new(), Vec::new());
        for (number, part) in self.parts.iter().enumerate() {
            let width = part.kind().width() as usize;
            let whole = part.length() / width * width;
            let place = part.place(base.len());
            let before = &base[place.unwrap_or(0)..][..part.length()];
            let tensor = |bytes: &[u8]| Tensor {
                name: format!("part.{number}"),
                dtype: dtype(part.kind()),
                count: whole / width,
                bytes: bytes[..whole].to_vec(),
            };
            new.push(tensor(&part.bytes(before)));
            old.extend(place.map(|_| tensor(before)));
        }
        old.reverse();
        if self.threads.is_multiple_of(4) {
            let opaque = |tensors: Vec<Tensor>| tensors.into_iter().flat_map(|one| one.bytes);
            let (file, base) = (opaque(new).collect(), opaque(old).collect());
            return Files { file, base };
        }
        // Any number of spaces may follow the JSON, so tensors lie at any remainder of their width.
        let padding = usize::from(self.raw_offset % 9);
        Files {
            file: safetensors(&new, padding),
            base: safetensors(&old, 0),
        }
    }
}

struct Tensor {
    name: String,
    dtype: &'static str,
    count: usize,
    bytes: Vec<u8>,
}

fn dtype(kind: ElementKind) -> &'static str {
    match kind {
        ElementKind::Probe | ElementKind::Byte => "U8",
        ElementKind::Float16 => "BF16",
        ElementKind::Float32 => "F32",
        ElementKind::Float64 => "F64",
        ElementKind::Int16 => "I16",
        ElementKind::Int32 => "I32",
        ElementKind::Int64 => "I64",
    }
}

fn safetensors(tensors: &[Tensor], padding: usize) -> Vec<u8> {
    let mut end = 0;
    let members: Vec<String> = tensors
        .iter()
        .map(|Tensor { name, dtype, count, bytes }| {
            let start = end;
            end += bytes.len();
            format!(r#""{name}":{{"dtype":"{dtype}","shape":[{count}],"data_offsets":[{start},{end}]}}"#)
        })
        .collect();
    let json = format!("{{{}}}{}", members.join(","), " ".repeat(padding));
    let mut file = (json.len() as u64).to_le_bytes().to_vec();
    file.extend_from_slice(json.as_bytes());
    file.extend(tensors.iter().flat_map(|tensor| &tensor.bytes));
    file
}
