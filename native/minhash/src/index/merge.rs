//! Several parts as one: without removed rows, and with equal sets joined.

use xxhash_rust::xxh3::xxh3_128;

use super::folder::ShownPart;
use super::part::{Header, Source, key_of, set_of};
use crate::error::Result;

/// Where a set or a row was: the part, and the number in it.
type Place = (usize, u32);
/// In place of a number: it is not taken along.
const NONE: u32 = u32::MAX;

/// Parts that are merged. Memory: about 60 bytes a set and 12 a row while it is made.
pub(super) struct Merge<'a> {
    parts: &'a [ShownPart],
    settings: u64,
    tables: u32,
    /// Where the first of each of the new sets was.
    sets: Vec<Place>,
    rows: Vec<Place>,
    member_ends: Vec<usize>,
    members: Vec<u32>,
    /// Of each part, the new number of each set whose keys are taken along.
    numbers: Vec<Vec<u32>>,
}

impl<'a> Merge<'a> {
    pub(super) fn new(parts: &'a [ShownPart], settings: u64, tables: u32) -> Result<Self> {
        let mut rows = Vec::new();
        let mut row_numbers = Vec::new();
        for (at, shown) in parts.iter().enumerate() {
            let mut numbers = Vec::new();
            for row in 0..count(shown.part.header().rows) {
                let is_gone = shown.removed.contains(row);
                numbers.push(if is_gone { NONE } else { number(rows.len()) });
                if !is_gone {
                    rows.push((at, row));
                }
            }
            row_numbers.push(numbers);
        }
        let found = live_sets(parts)?;
        let mut merge = Self {
            parts,
            settings,
            tables,
            sets: Vec::new(),
            rows,
            member_ends: Vec::new(),
            members: Vec::new(),
            numbers: parts
                .iter()
                .map(|it| vec![NONE; count(it.part.header().sets) as usize])
                .collect(),
        };
        let mut groups: Vec<&[(u128, Place)]> = found.chunk_by(|a, b| a.0 == b.0).collect();
        groups.sort_unstable_by_key(|group| group[0].1);
        for group in groups {
            let (at, set) = group[0].1;
            merge.numbers[at][set as usize] = number(merge.sets.len());
            merge.sets.push((at, set));
            for (_, (at, set)) in group {
                let members = parts[*at].part.members(*set)?.iter();
                let of = members.map(|row| row_numbers[*at].get(u32::from_le_bytes(*row) as usize));
                let kept = of.flatten().copied().filter(|row| *row != NONE);
                merge.members.extend(kept);
            }
            merge.member_ends.push(merge.members.len());
        }
        Ok(merge)
    }
}

/// Every set that has a row, by its digest and in order.
fn live_sets(parts: &[ShownPart]) -> Result<Vec<(u128, Place)>> {
    let mut found = Vec::new();
    for (at, shown) in parts.iter().enumerate() {
        for set in 0..count(shown.part.header().sets) {
            let members = shown.part.members(set)?.iter();
            let mut rows = members.map(|row| u32::from_le_bytes(*row));
            if rows.any(|row| !shown.removed.contains(row)) {
                let digest = xxh3_128(shown.part.set(set)?.as_flattened());
                found.push((digest, (at, set)));
            }
        }
    }
    found.sort_unstable();
    Ok(found)
}

/// A count of a header, which is bounded by `u32::MAX`.
fn count(count: u64) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

fn number(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(NONE)
}

impl Source for Merge<'_> {
    fn header(&self) -> Header {
        Header {
            settings: self.settings,
            tables: self.tables,
            rows: self.rows.len() as u64,
            sets: self.sets.len() as u64,
            members: 0,
            shingles: 0,
            id_bytes: 0,
            checksums: Default::default(),
        }
    }

    fn set(&self, set: usize) -> Result<impl AsRef<[[u8; 8]]>> {
        let (part, set) = self.sets[set];
        self.parts[part].part.set(set)
    }

    fn members(&self, set: usize) -> Result<impl Iterator<Item = u32>> {
        let start = set
            .checked_sub(1)
            .map_or(0, |before| self.member_ends[before]);
        Ok(self.members[start..self.member_ends[set]].iter().copied())
    }

    fn id(&self, row: usize) -> Result<&str> {
        let (part, row) = self.rows[row];
        self.parts[part].part.id(row)
    }

    fn keys(&self, table: usize) -> Result<Vec<(u32, u32)>> {
        let mut keys = Vec::with_capacity(self.sets.len());
        for (shown, numbers) in self.parts.iter().zip(&self.numbers) {
            let entries = shown.part.entries(table)?.iter();
            let numbered = entries.filter_map(|entry| {
                let number = *numbers.get(set_of(*entry) as usize)?;
                (number != NONE).then_some((key_of(*entry), number))
            });
            keys.extend(numbered);
        }
        keys.sort_unstable();
        Ok(keys)
    }
}
