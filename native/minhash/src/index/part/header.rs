//! The start of a part: what is in it and where.

use std::ops::Range;

use xxhash_rust::xxh3::xxh3_64;

const MAGIC: [u8; 8] = *b"MITHPART";
/// The version that is written, and the only one that is read.
const VERSION: u32 = 1;
/// Length of the header.
pub(in crate::index) const HEADER_BYTES: usize = 128;
/// Sections, in order.
pub(super) const SECTIONS: usize = 7;
/// Keys that share one place of a band's directory, on average.
const KEYS_PER_PLACE: u64 = 4;

/// Counts, from which all places follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::index) struct Header {
    /// Names the settings: parts of other ones do not mix.
    pub(in crate::index) settings: u64,
    pub(in crate::index) tables: u32,
    pub(in crate::index) rows: u64,
    /// Rows that have a word, hence a set.
    pub(in crate::index) members: u64,
    pub(in crate::index) sets: u64,
    pub(in crate::index) shingles: u64,
    pub(in crate::index) id_bytes: u64,
    /// XXH3 of each section.
    pub(in crate::index) checksums: [u64; SECTIONS],
}

/// Why a header is refused.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    Damaged,
    Newer(u32),
}

impl Header {
    /// Places of the directory of every band.
    pub(super) fn places(&self) -> u64 {
        self.sets.div_ceil(KEYS_PER_PLACE)
    }

    pub(super) fn write_to(self, out: &mut Vec<u8>) {
        out.extend_from_slice(&MAGIC);
        out.extend_from_slice(&VERSION.to_le_bytes());
        out.extend_from_slice(&self.tables.to_le_bytes());
        let Self {
            settings,
            rows,
            members,
            sets,
            shingles,
            id_bytes,
            ..
        } = self;
        for number in [settings, rows, members, sets, shingles, id_bytes] {
            out.extend_from_slice(&number.to_le_bytes());
        }
        for checksum in self.checksums {
            out.extend_from_slice(&checksum.to_le_bytes());
        }
        let checksum = xxh3_64(out);
        out.extend_from_slice(&checksum.to_le_bytes());
    }

    pub(super) fn read_from(bytes: &[u8]) -> Result<Self, Refusal> {
        let (bytes, _) = bytes
            .split_first_chunk::<HEADER_BYTES>()
            .ok_or(Refusal::Damaged)?;
        let (body, checksum) = bytes.split_last_chunk::<8>().ok_or(Refusal::Damaged)?;
        if body.get(..8) != Some(&MAGIC) || xxh3_64(body) != u64::from_le_bytes(*checksum) {
            return Err(Refusal::Damaged);
        }
        let mut rest = body.get(8..).unwrap_or_default();
        let version = u32::from_le_bytes(take(&mut rest)?);
        if version != VERSION {
            return Err(Refusal::Newer(version));
        }
        let tables = u32::from_le_bytes(take(&mut rest)?);
        let mut next = || Ok(u64::from_le_bytes(take(&mut rest)?));
        let header = Self {
            tables,
            settings: next()?,
            rows: next()?,
            members: next()?,
            sets: next()?,
            shingles: next()?,
            id_bytes: next()?,
            checksums: {
                let mut checksums = [0; SECTIONS];
                for checksum in &mut checksums {
                    *checksum = next()?;
                }
                checksums
            },
        };
        if header.is_sound() {
            Ok(header)
        } else {
            Err(Refusal::Damaged)
        }
    }

    /// Bounds under which no place overflows.
    fn is_sound(&self) -> bool {
        let rows_max = u64::from(u32::MAX);
        self.sets <= self.members
            && self.members <= self.rows
            && self.rows <= rows_max
            && self.tables <= 1 << 16
            && self.shingles <= 1 << 48
            && self.id_bytes <= 1 << 48
    }

    /// The place of every section, in order: ends of sets, shingles, ends of members, members, ends
    /// of ids, ids, tables. Each starts at a multiple of 8 bytes.
    pub(super) fn sections(&self) -> [Range<u64>; SECTIONS] {
        let lengths = [
            self.sets * 8,
            self.shingles * 8,
            self.sets * 4,
            self.members * 4,
            self.rows * 8,
            self.id_bytes,
            u64::from(self.tables) * self.table_bytes(),
        ];
        let mut at = HEADER_BYTES as u64;
        lengths.map(|length| {
            let section = at..at + length;
            at = section.end.next_multiple_of(8);
            section
        })
    }

    /// A band's directory and its entries.
    pub(super) fn table_bytes(&self) -> u64 {
        self.directory_bytes() + self.sets * 8
    }

    /// One end a place.
    pub(super) fn directory_bytes(&self) -> u64 {
        (self.places() * 4).next_multiple_of(8)
    }

    /// Length of the whole part.
    pub(in crate::index) fn exact_size(&self) -> u64 {
        self.sections()[SECTIONS - 1].end
    }
}

fn take<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], Refusal> {
    let (taken, after) = rest.split_first_chunk::<N>().ok_or(Refusal::Damaged)?;
    *rest = after;
    Ok(*taken)
}

/// The place of a directory that a key belongs to, below `places`: keys in order have places in
/// order.
pub(super) fn place_of(key: u32, places: u64) -> usize {
    ((u64::from(key) * places) >> 32) as usize
}
