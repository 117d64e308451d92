//! Files of torch.distributed.checkpoint: blobs of `torch.save` or safetensors, one after the other.
//!
//! `.metadata`, which knows where each blob begins, is another object. So the blobs are walked from the front: a zip
//! of `PyTorch` leaves sizes out of its local headers, but its first member is the pickle that gives the size of the
//! storages behind it, and every other member is short, with a data descriptor at its end. A walk reads a few
//! kilobytes for each blob and jumps over the storages.

use std::collections::HashMap;

use super::container::{Container, ContainerKind, Pairing, Part};
use super::fragments::{Fragments, Parsed, Stop};
use super::pickle::{self, End, PICKLE_BYTES_MAX, Pickle};
use super::zip::{
    DESCRIPTOR_SIGNATURE, END_BYTES, END_SIGNATURE, END64_BYTES, END64_SIGNATURE, ENTRY_BYTES,
    ENTRY_SIGNATURE, LOCAL_BYTES, LOCAL_SIGNATURE, LOCATOR64_BYTES, LOCATOR64_SIGNATURE, number,
};
use super::{ElementKind, TENSOR_COUNT_MAX, safetensors};

/// What is read at once: the end of one blob and the beginning of the next.
const AHEAD_BYTES: u64 = 16 << 10;
/// Longest member, of those that are no storage and no pickle.
const SHORT_BYTES_MAX: usize = 64 << 10;
/// A data descriptor with 4-byte sizes, and with 8-byte ones.
const DESCRIPTOR_BYTES: u64 = 16;
const DESCRIPTOR64_BYTES: u64 = 24;
const PICKLE_NAME: &[u8] = b"/data.pkl";
const STORAGE_FOLDER: &[u8] = b"/data/";
const FLAG_DESCRIPTOR: u64 = 8;

/// A walk over blobs, as far as it has come.
#[derive(Debug)]
pub(super) struct Walk {
    /// Where the next blob begins.
    at: u64,
    /// That blob, if it is a zip in the middle of which bytes were missing.
    zip: Option<ZipWalk>,
    blobs: usize,
    parts: Vec<Part>,
    /// How many storages of one type and shape there were.
    alike: HashMap<String, usize>,
}

impl Walk {
    pub(super) fn new() -> Self {
        Self {
            at: 0,
            zip: None,
            blobs: 0,
            parts: Vec::new(),
            alike: HashMap::new(),
        }
    }

    /// Goes on until bytes are missing or the object ends.
    pub(super) fn advance(&mut self, source: &mut Fragments) -> Parsed<Container> {
        while self.at < source.object_bytes() {
            let blob = self.blob(source)?;
            if self.parts.len() + blob.storages.len() > TENSOR_COUNT_MAX {
                return Err(Stop::refuse("it has too many tensors"));
            }
            for storage in blob.storages {
                let count = self.alike.entry(storage.description.clone()).or_default();
                // By its number among its like: what is added elsewhere does not move it.
                let name = format!("{} {count}", storage.description);
                *count += 1;
                self.parts.push(Part {
                    offset: storage.offset,
                    length: storage.length,
                    kind: storage.kind,
                    pairing: Pairing::Name(name),
                    is_structure: false,
                });
            }
            self.blobs += 1;
            self.at = blob.end;
            source.forget_before(self.at);
        }
        if self.blobs < 2 {
            return Err(Stop::refuse("one blob is not a sequence of blobs"));
        }
        let parts = std::mem::take(&mut self.parts);
        let reason = format!(
            "{} blobs; .metadata beside it names their tensors",
            self.blobs
        );
        Container::of_parts(
            ContainerKind::Distcp,
            source.object_bytes(),
            parts,
            Vec::new(),
        )
        .map(|container| container.with_reason(&reason))
        .ok_or_else(|| Stop::refuse("its blobs overlap"))
    }

    fn blob(&mut self, source: &Fragments) -> Parsed<Blob> {
        let is_zip = source.ahead(self.at, 4, AHEAD_BYTES)? == LOCAL_SIGNATURE;
        if !is_zip {
            return Blob::of_safetensors(source, self.at);
        }
        let zip = self.zip.get_or_insert_with(|| ZipWalk::new(self.at));
        let end = zip.run(source)?;
        let storages = self.zip.take().map_or_else(Vec::new, |zip| zip.storages);
        Ok(Blob { storages, end })
    }
}

#[derive(Debug)]
struct Storage {
    offset: u64,
    length: u64,
    kind: ElementKind,
    /// Element type and shape.
    description: String,
}

struct Blob {
    storages: Vec<Storage>,
    end: u64,
}

impl Blob {
    fn of_safetensors(source: &Fragments, start: u64) -> Parsed<Self> {
        let header = safetensors::parse_at(source, start)?;
        let end = header.end();
        let storages = header.tensors.into_iter().map(|tensor| Storage {
            offset: tensor.offset,
            length: tensor.length,
            kind: tensor.kind,
            description: format!("{} {:?}", tensor.dtype, tensor.shape),
        });
        let storages = storages.collect();
        Ok(Self { storages, end })
    }
}

/// The members of one zip, front to back; where bytes are missing it goes on with the same member.
#[derive(Debug)]
struct ZipWalk {
    at: u64,
    pickle: Pickle,
    /// Shapes of the pickle's tensors by the keys of their storages, the first one of each.
    shapes: HashMap<Vec<u8>, Vec<u64>>,
    storages: Vec<Storage>,
}

impl ZipWalk {
    fn new(at: u64) -> Self {
        Self {
            at,
            pickle: Pickle::default(),
            shapes: HashMap::new(),
            storages: Vec::new(),
        }
    }

    /// Returns where the zip ends.
    fn run(&mut self, source: &Fragments) -> Parsed<u64> {
        loop {
            let signature = source.ahead(self.at, 4, AHEAD_BYTES)?;
            let skipped = if signature == LOCAL_SIGNATURE {
                self.member(source)?;
                continue;
            } else if signature == ENTRY_SIGNATURE {
                let fixed = record(source, self.at, ENTRY_BYTES)?;
                ENTRY_BYTES + number(fixed, 28, 2) + number(fixed, 30, 2) + number(fixed, 32, 2)
            } else if signature == END64_SIGNATURE {
                END64_BYTES
            } else if signature == LOCATOR64_SIGNATURE {
                LOCATOR64_BYTES
            } else if signature == END_SIGNATURE {
                let comment_bytes = number(record(source, self.at, END_BYTES)?, 20, 2);
                return Ok(self.at + END_BYTES + comment_bytes);
            } else {
                return Err(Stop::refuse("a blob ends where a zip does not"));
            };
            self.at += skipped;
        }
    }

    /// Nothing of a member is noted before all of it is known.
    fn member(&mut self, source: &Fragments) -> Parsed<()> {
        let fixed = record(source, self.at, LOCAL_BYTES)?;
        let (name_bytes, extra_bytes) = (number(fixed, 26, 2), number(fixed, 28, 2));
        let has_descriptor = number(fixed, 6, 2) & FLAG_DESCRIPTOR != 0;
        let name = &record(source, self.at, LOCAL_BYTES + name_bytes)?[fixed.len()..];
        let data_at = self.at + LOCAL_BYTES + name_bytes + extra_bytes;
        if !has_descriptor {
            self.at = data_at.saturating_add(number(fixed, 18, 4));
            return Ok(());
        }
        let storage = self.storage(name, data_at);
        let length = match &storage {
            _ if name.ends_with(PICKLE_NAME) => self.read_pickle(source, data_at)?,
            Some(storage) => storage.length,
            None => find_descriptor(source, data_at)?,
        };
        let end = data_at.saturating_add(length);
        self.at = end + descriptor_bytes(source, end, length)?;
        self.storages.extend(storage);
        Ok(())
    }

    /// Reads the pickle at `data_at`; returns its length.
    fn read_pickle(&mut self, source: &Fragments, data_at: u64) -> Parsed<u64> {
        let known = source.known(data_at);
        self.pickle = pickle::read(known);
        let views = self.pickle.tensors.iter().rev();
        let shapes = views.map(|(_, view)| (view.storage.clone(), view.shape.clone()));
        self.shapes = shapes.collect();
        let length = known.len() as u64;
        match self.pickle.end {
            End::Complete(length) => Ok(length as u64),
            End::Short if length < PICKLE_BYTES_MAX => {
                let wanted = AHEAD_BYTES.max(2 * length);
                source.ahead(data_at, length + 1, wanted).map(|_| 0)
            }
            _ => Err(Stop::refuse("a pickle of a blob cannot be read")),
        }
    }

    /// The storage that is the member of this name, if it is one.
    fn storage(&self, name: &[u8], offset: u64) -> Option<Storage> {
        let folder = name.windows(STORAGE_FOLDER.len());
        let key_at = folder.rev().position(|part| part == STORAGE_FOLDER)?;
        let key = &name[name.len() - key_at..];
        let storage = self.pickle.storages.get(key)?;
        let length = storage.bytes?;
        let dtype = storage.dtype.map_or("bytes", |dtype| dtype.name);
        Some(Storage {
            offset,
            length,
            kind: storage.dtype.map_or(ElementKind::Probe, |dtype| dtype.kind),
            description: match self.shapes.get(key) {
                Some(shape) => format!("{dtype} {shape:?}"),
                None => format!("{dtype} {length}"),
            },
        })
    }
}

fn record(source: &Fragments, at: u64, length: u64) -> Parsed<&[u8]> {
    source.ahead(at, length, AHEAD_BYTES)
}

/// The length of a short member: where the first descriptor stands that says so.
fn find_descriptor(source: &Fragments, data_at: u64) -> Parsed<u64> {
    let known = source.known(data_at);
    let found = known.windows(usize::try_from(DESCRIPTOR_BYTES).unwrap_or_default());
    let found = found
        .take(SHORT_BYTES_MAX)
        .enumerate()
        .find(|(length, window)| {
            window.starts_with(&DESCRIPTOR_SIGNATURE) && number(window, 8, 4) == *length as u64
        });
    match found {
        Some((length, _)) => Ok(length as u64),
        None if known.len() < SHORT_BYTES_MAX => {
            let length = known.len() as u64;
            let wanted = length + AHEAD_BYTES;
            source.ahead(data_at, length + 1, wanted).map(|_| 0)
        }
        None => Err(Stop::refuse("a member of a blob has no end")),
    }
}

/// The bytes of the descriptor at `at`, which must say this length.
fn descriptor_bytes(source: &Fragments, at: u64, length: u64) -> Parsed<u64> {
    let fields = record(source, at, DESCRIPTOR_BYTES)?;
    if fields.starts_with(&DESCRIPTOR_SIGNATURE) {
        if number(fields, 8, 4) == length {
            return Ok(DESCRIPTOR_BYTES);
        }
        if number(record(source, at, DESCRIPTOR64_BYTES)?, 8, 8) == length {
            return Ok(DESCRIPTOR64_BYTES);
        }
    }
    Err(Stop::refuse(
        "a member of a blob has another length than its pickle says",
    ))
}
