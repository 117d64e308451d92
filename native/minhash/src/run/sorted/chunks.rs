//! A table in pieces that fit the memory.

use super::{Reader, Record};
use crate::error::Result;
use crate::spill::Row;

/// Takes records from their table, whole groups while these are not too large.
pub(in crate::run) struct Chunks<'a, T> {
    reader: Reader<'a, T>,
    group_of: fn(&T) -> Row,
    wanted: usize,
    most: usize,
    /// The first record of the next chunk.
    next: Option<T>,
    pub(in crate::run) records: Vec<T>,
    pub(in crate::run) cut: Cut,
}

/// The groups of which only a part is in a chunk.
#[derive(Debug, Default, Clone, Copy)]
pub(in crate::run) struct Cut {
    start: Option<Row>,
    end: Option<Row>,
}

impl Cut {
    pub(in crate::run) fn is_of(self, group: Row) -> bool {
        [self.start, self.end].contains(&Some(group))
    }

    /// The group that goes on in the next chunk.
    pub(in crate::run) fn end(self) -> Option<Row> {
        self.end
    }
}

impl<'a, T: Record> Chunks<'a, T> {
    /// Chunks of about `wanted` bytes, and at most `most`.
    pub(in crate::run) fn of(
        reader: Reader<'a, T>,
        group_of: fn(&T) -> Row,
        (wanted, most): (u64, u64),
    ) -> Self {
        let records = |bytes| usize::try_from(bytes).unwrap_or(usize::MAX) / size_of::<T>();
        Self {
            reader,
            group_of,
            wanted: records(wanted).max(1),
            most: records(most).max(2),
            next: None,
            records: Vec::new(),
            cut: Cut::default(),
        }
    }

    /// Goes on to the next chunk, if there is one.
    pub(in crate::run) fn next(&mut self) -> Result<bool> {
        self.records.clear();
        self.records.extend(self.next.take());
        self.cut = Cut {
            start: self.cut.end,
            end: None,
        };
        while let Some(next) = self.reader.next()? {
            let last = self.records.last().map(self.group_of);
            let is_same = last == Some((self.group_of)(&next));
            let count = self.records.len();
            if count >= self.wanted && !is_same || count >= self.most {
                self.cut.end = last.filter(|_| is_same);
                self.next = Some(next);
                break;
            }
            self.records.push(next);
        }
        Ok(!self.records.is_empty())
    }
}
