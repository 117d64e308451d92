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
    blobs: usize,
    parts: Vec<Part>,
    /// How many storages of one type and shape there were.
    alike: HashMap<String, usize>,
}

impl Walk {
    pub(super) fn new() -> Self {
        Self {
            at: 0,
            blobs: 0,
            parts: Vec::new(),
            alike: HashMap::new(),
        }
    }

    /// Goes on until bytes are missing or the object ends.
    pub(super) fn advance(&mut self, source: &mut Fragments) -> Parsed<Container> {
        while self.at < source.object_bytes() {
            let blob = Blob::parse(source, self.at)?;
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
}

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
    fn parse(source: &Fragments, start: u64) -> Parsed<Self> {
        if source.ahead(start, 4, AHEAD_BYTES)? == LOCAL_SIGNATURE {
            return ZipWalk::new(source, start).run();
        }
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

/// The members of one zip, front to back.
struct ZipWalk<'a> {
    source: &'a Fragments,
    at: u64,
    pickle: Pickle,
    storages: Vec<Storage>,
}

impl<'a> ZipWalk<'a> {
    fn new(source: &'a Fragments, at: u64) -> Self {
        Self {
            source,
            at,
            pickle: Pickle::default(),
            storages: Vec::new(),
        }
    }

    fn run(mut self) -> Parsed<Blob> {
        loop {
            let signature = self.source.ahead(self.at, 4, AHEAD_BYTES)?;
            let skipped = if signature == LOCAL_SIGNATURE {
                self.member()?;
                continue;
            } else if signature == ENTRY_SIGNATURE {
                let fixed = self.record(ENTRY_BYTES)?;
                ENTRY_BYTES + number(fixed, 28, 2) + number(fixed, 30, 2) + number(fixed, 32, 2)
            } else if signature == END64_SIGNATURE {
                END64_BYTES
            } else if signature == LOCATOR64_SIGNATURE {
                LOCATOR64_BYTES
            } else if signature == END_SIGNATURE {
                let end = self.at + END_BYTES + number(self.record(END_BYTES)?, 20, 2);
                let storages = self.storages;
                return Ok(Blob { storages, end });
            } else {
                return Err(Stop::refuse("a blob ends where a zip does not"));
            };
            self.at += skipped;
        }
    }

    fn record(&self, length: u64) -> Parsed<&'a [u8]> {
        self.source.ahead(self.at, length, AHEAD_BYTES)
    }

    fn member(&mut self) -> Parsed<()> {
        let fixed = self.record(LOCAL_BYTES)?;
        let (name_bytes, extra_bytes) = (number(fixed, 26, 2), number(fixed, 28, 2));
        let has_descriptor = number(fixed, 6, 2) & FLAG_DESCRIPTOR != 0;
        let said = number(fixed, 18, 4);
        let name = &self.record(LOCAL_BYTES + name_bytes)?[fixed.len()..];
        let data_at = self.at + LOCAL_BYTES + name_bytes + extra_bytes;
        let length = match name {
            _ if !has_descriptor => said,
            name if name.ends_with(PICKLE_NAME) => self.read_pickle(data_at)?,
            name => match self.storage(name, data_at) {
                Some(length) => length,
                None => self.find_descriptor(data_at)?,
            },
        };
        self.at = data_at.saturating_add(length);
        if has_descriptor {
            self.skip_descriptor(length)?;
        }
        Ok(())
    }

    /// Reads the pickle at `data_at`; returns its length.
    fn read_pickle(&mut self, data_at: u64) -> Parsed<u64> {
        let known = self.source.known(data_at);
        self.pickle = pickle::read(known);
        let length = known.len() as u64;
        match self.pickle.end {
            End::Complete(length) => Ok(length as u64),
            End::Short if length < PICKLE_BYTES_MAX => {
                let wanted = AHEAD_BYTES.max(2 * length);
                self.source.ahead(data_at, length + 1, wanted).map(|_| 0)
            }
            _ => Err(Stop::refuse("a pickle of a blob cannot be read")),
        }
    }

    /// Notes the storage of this member, if it is one; returns its length.
    fn storage(&mut self, name: &[u8], offset: u64) -> Option<u64> {
        let folder = name.windows(STORAGE_FOLDER.len());
        let key_at = folder.rev().position(|part| part == STORAGE_FOLDER)?;
        let key = &name[name.len() - key_at..];
        let storage = self.pickle.storages.get(key)?;
        let length = storage.bytes?;
        let mut views = self.pickle.tensors.iter().map(|(_, view)| view);
        let view = views.find(|view| view.storage == key);
        let dtype = storage.dtype.map_or("bytes", |dtype| dtype.name);
        self.storages.push(Storage {
            offset,
            length,
            kind: storage.dtype.map_or(ElementKind::Probe, |dtype| dtype.kind),
            description: match view {
                Some(view) => format!("{dtype} {:?}", view.shape),
                None => format!("{dtype} {length}"),
            },
        });
        Some(length)
    }

    /// The length of a short member: where the first descriptor stands that says so.
    fn find_descriptor(&self, data_at: u64) -> Parsed<u64> {
        let known = self.source.known(data_at);
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
                self.source
                    .ahead(data_at, length + 1, length + AHEAD_BYTES)
                    .map(|_| 0)
            }
            None => Err(Stop::refuse("a member of a blob has no end")),
        }
    }

    fn skip_descriptor(&mut self, length: u64) -> Parsed<()> {
        let fields = self.record(DESCRIPTOR_BYTES)?;
        if fields.starts_with(&DESCRIPTOR_SIGNATURE) {
            if number(fields, 8, 4) == length {
                self.at += DESCRIPTOR_BYTES;
                return Ok(());
            }
            if number(self.record(DESCRIPTOR64_BYTES)?, 8, 8) == length {
                self.at += DESCRIPTOR64_BYTES;
                return Ok(());
            }
        }
        Err(Stop::refuse(
            "a member of a blob has another length than its pickle says",
        ))
    }
}
