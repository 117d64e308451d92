//! Texts on their way into a part: their sets, keys and ids, in memory.

use std::collections::HashMap;

use xxhash_rust::xxh3::{xxh3_64, xxh3_128};

use super::part::{Header, Source};
use crate::error::Result;
use crate::hasher::{Keyer, Parameters};
use crate::shingle::Shingler;

/// Makes sets and keys; keeps its buffers between texts.
#[derive(Debug)]
pub(super) struct SetHasher {
    shingler: Shingler,
    set: Vec<u64>,
    keyer: Keyer,
}

impl SetHasher {
    pub(super) fn new(parameters: &Parameters) -> Result<Self> {
        Ok(Self {
            shingler: Shingler::new(parameters.ngram, parameters.seed)?,
            set: Vec::new(),
            keyer: Keyer::new(parameters)?,
        })
    }

    /// The shingles of a text, in order and each once, and the keys of its tables: the upper half of
    /// every band's key, then of the set's digest, by which an equal text is found whatever else
    /// shares a band with it. An empty set has no keys that count.
    pub(super) fn hash(&mut self, text: &str) -> (&[u64], impl Iterator<Item = u32> + '_) {
        self.shingler.set(text, &mut self.set);
        self.keyer.hash(&self.set);
        let upper = |key: u64| (key >> 32) as u32;
        let keys = self.keyer.keys.iter().copied().map(upper);
        (&self.set, keys.chain([upper(xxh3_64(&self.keyer.bytes))]))
    }
}

/// Texts that become one part.
#[derive(Debug)]
pub struct Batch {
    settings: u64,
    tables: usize,
    /// Sets by the digest of their shingles.
    known: HashMap<u128, u32>,
    set_ends: Vec<usize>,
    /// Little-endian, as they are written.
    shingles: Vec<[u8; 8]>,
    /// Of one set after the other.
    keys: Vec<u32>,
    /// The set of each row; none where the text has no word.
    set_of: Vec<Option<u32>>,
    id_ends: Vec<usize>,
    ids: String,
}

impl Batch {
    pub(super) fn new(settings: u64, tables: usize) -> Self {
        Self {
            settings,
            tables,
            known: HashMap::new(),
            set_ends: Vec::new(),
            shingles: Vec::new(),
            keys: Vec::new(),
            set_of: Vec::new(),
            id_ends: Vec::new(),
            ids: String::new(),
        }
    }

    /// Texts in it.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.set_of.len()
    }

    /// Memory that it takes, about, in bytes.
    pub(super) fn memory(&self) -> u64 {
        /// What a map takes for an entry that is 7/8 full at best and 7/16 at worst.
        const KNOWN_BYTES: usize = 64;
        let sets = self.set_ends.len();
        let bytes = self.shingles.len() * 8
            + self.keys.len() * 4
            + sets * (8 + KNOWN_BYTES)
            + self.rows() * 16
            + self.ids.len();
        bytes as u64
    }

    pub(super) fn push(&mut self, id: &str, set: &[u64], keys: impl Iterator<Item = u32>) {
        self.ids.push_str(id);
        self.id_ends.push(self.ids.len());
        if set.is_empty() {
            self.set_of.push(None);
            return;
        }
        let from = self.shingles.len();
        self.shingles
            .extend(set.iter().map(|shingle| shingle.to_le_bytes()));
        let added = self.shingles.get(from..).unwrap_or_default();
        let digest = xxh3_128(added.as_flattened());
        let next = u32::try_from(self.set_ends.len()).unwrap_or(u32::MAX);
        let number = *self.known.entry(digest).or_insert(next);
        if number == next {
            self.set_ends.push(self.shingles.len());
            self.keys.extend(keys);
        } else {
            self.shingles.truncate(from);
        }
        self.set_of.push(Some(number));
    }

    /// Adds what comes after all that is here.
    pub(super) fn append(&mut self, later: &Prepared) {
        let (mut set_from, mut key_from, mut id_from) = (0, 0, 0);
        for (set_end, id_end) in &later.ends {
            let set = later.shingles.get(set_from..*set_end).unwrap_or_default();
            let keys = later
                .keys
                .get(key_from..key_from + self.tables)
                .unwrap_or_default();
            let id = later.ids.get(id_from..*id_end).unwrap_or_default();
            self.push(id, set, keys.iter().copied());
            (set_from, id_from) = (*set_end, *id_end);
            key_from += self.tables;
        }
    }

    /// The rows of each set, one set after the other, and where each ends.
    pub(super) fn ready(self) -> Ready {
        let mut ends = vec![0_usize; self.set_ends.len() + 1];
        for set in self.set_of.iter().flatten() {
            ends[*set as usize + 1] += 1;
        }
        for at in 1..ends.len() {
            ends[at] += ends[at - 1];
        }
        let mut next = ends.clone();
        let mut members = vec![0; ends.last().copied().unwrap_or(0)];
        for (row, set) in (0_u32..).zip(&self.set_of) {
            if let Some(set) = set {
                let place = &mut next[*set as usize];
                members[*place] = row;
                *place += 1;
            }
        }
        ends.remove(0);
        Ready {
            batch: self,
            ends,
            members,
        }
    }
}

/// A batch that is complete.
pub(super) struct Ready {
    batch: Batch,
    ends: Vec<usize>,
    members: Vec<u32>,
}

fn piece<'a, T>(items: &'a [T], ends: &[usize], at: usize) -> &'a [T] {
    let start = at.checked_sub(1).map_or(0, |before| ends[before]);
    &items[start..ends[at]]
}

impl Source for Ready {
    fn header(&self) -> Header {
        Header {
            settings: self.batch.settings,
            tables: u32::try_from(self.batch.tables).unwrap_or(u32::MAX),
            rows: self.batch.rows() as u64,
            sets: self.batch.set_ends.len() as u64,
            members: 0,
            shingles: 0,
            id_bytes: 0,
            checksums: Default::default(),
        }
    }

    fn set(&self, set: usize) -> Result<impl AsRef<[[u8; 8]]>> {
        Ok(piece(&self.batch.shingles, &self.batch.set_ends, set))
    }

    fn members(&self, set: usize) -> Result<impl Iterator<Item = u32>> {
        Ok(piece(&self.members, &self.ends, set).iter().copied())
    }

    fn id(&self, row: usize) -> Result<&str> {
        let start = row
            .checked_sub(1)
            .map_or(0, |before| self.batch.id_ends[before]);
        Ok(&self.batch.ids[start..self.batch.id_ends[row]])
    }

    fn keys(&self, table: usize) -> Result<Vec<(u32, u32)>> {
        let of_sets = self
            .batch
            .keys
            .iter()
            .skip(table)
            .step_by(self.batch.tables);
        let mut keys: Vec<(u32, u32)> = of_sets.copied().zip(0..).collect();
        keys.sort_unstable();
        Ok(keys)
    }
}

/// Rows that were hashed by a thread and wait for their turn.
#[derive(Debug, Default)]
pub(super) struct Prepared {
    /// Where the shingles and the id of each row end.
    ends: Vec<(usize, usize)>,
    shingles: Vec<u64>,
    keys: Vec<u32>,
    ids: String,
}

impl Prepared {
    pub(super) fn push(&mut self, hasher: &mut SetHasher, text: &str, id: impl std::fmt::Display) {
        use std::fmt::Write;
        let (set, keys) = hasher.hash(text);
        self.shingles.extend_from_slice(set);
        self.keys.extend(keys);
        let _ = write!(self.ids, "{id}");
        self.ends.push((self.shingles.len(), self.ids.len()));
    }

    pub(super) fn rows(&self) -> usize {
        self.ends.len()
    }
}
