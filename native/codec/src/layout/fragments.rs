//! The parts of an object that are known so far, and what a parser still wants.

use crate::segment::ByteRange;

/// Why a parser did not come to an end.
#[derive(Debug)]
pub(super) enum Stop {
    /// It goes on when it has these ranges.
    Need(Vec<ByteRange>),
    /// The object is not a sound container of this kind; a sentence for the user.
    Refuse(String),
}

impl Stop {
    pub(super) fn refuse(reason: impl Into<String>) -> Self {
        Self::Refuse(reason.into())
    }
}

/// What a parser found, or why it stopped.
pub(super) type Parsed<T> = Result<T, Stop>;

/// Pieces of one object: ordered, without overlaps.
#[derive(Debug, Default)]
pub(super) struct Fragments {
    object_bytes: u64,
    pieces: Vec<(u64, Vec<u8>)>,
}

impl Fragments {
    pub(super) fn new(object_bytes: u64) -> Self {
        let pieces = Vec::new();
        Self {
            object_bytes,
            pieces,
        }
    }

    pub(super) fn object_bytes(&self) -> u64 {
        self.object_bytes
    }

    /// The bytes from `offset` on. A range beyond the end of the object is refused.
    pub(super) fn get(&self, offset: u64, length: u64) -> Parsed<&[u8]> {
        self.ahead(offset, length, length)
    }

    /// The same; where bytes are missing, `wanted` of them are asked for instead, as far as the object goes.
    pub(super) fn ahead(&self, offset: u64, length: u64, wanted: u64) -> Parsed<&[u8]> {
        let end = offset
            .checked_add(length)
            .filter(|&end| end <= self.object_bytes)
            .ok_or_else(|| Stop::refuse("its structure points beyond the end of the object"))?;
        let known = self.known(offset);
        let needed = usize::try_from(length).ok();
        if let Some(found) = needed.and_then(|needed| known.get(..needed)) {
            return Ok(found);
        }
        let from = offset + known.len() as u64;
        let until = offset
            .saturating_add(wanted)
            .max(end)
            .min(self.object_bytes);
        Err(Stop::Need(vec![ByteRange {
            offset: from,
            length: until - from,
        }]))
    }

    /// All that is known without a gap from `offset` on.
    pub(super) fn known(&self, offset: u64) -> &[u8] {
        let after = self.pieces.partition_point(|(start, _)| *start <= offset);
        let found = after.checked_sub(1).and_then(|at| self.pieces.get(at));
        found
            .and_then(|(start, bytes)| bytes.get(usize::try_from(offset - start).ok()?..))
            .unwrap_or_default()
    }

    /// Adds what was read at `offset`.
    pub(super) fn insert(&mut self, offset: u64, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        let end = offset.saturating_add(bytes.len() as u64);
        let first = self
            .pieces
            .partition_point(|(start, piece)| start + (piece.len() as u64) < offset);
        let last = self.pieces.partition_point(|(start, _)| *start < end);
        if first >= last {
            self.pieces.insert(first, (offset, bytes.to_vec()));
            return;
        }
        // It touches or overlaps `first .. last`: the first of them grows, the others go.
        let mut rest = self.pieces.drain(first + 1..last).collect::<Vec<_>>();
        let tail = rest.pop();
        let (start, piece) = &mut self.pieces[first];
        if offset < *start {
            let old = std::mem::replace(piece, bytes.to_vec());
            let old_start = std::mem::replace(start, offset);
            append(piece, offset, old_start, &old);
        } else {
            append(piece, *start, offset, bytes);
        }
        if let Some((tail_start, tail)) = tail {
            append(piece, *start, tail_start, &tail);
        }
    }

    /// Lets go of everything in front of `offset`.
    pub(super) fn forget_before(&mut self, offset: u64) {
        self.pieces
            .retain(|(start, piece)| start + piece.len() as u64 > offset);
    }
}

/// Adds to `piece`, which begins at `start`, the bytes it has not of those that begin at `offset`.
fn append(piece: &mut Vec<u8>, start: u64, offset: u64, bytes: &[u8]) {
    let overlap = (start + piece.len() as u64).saturating_sub(offset);
    let new = usize::try_from(overlap).ok();
    piece.extend_from_slice(new.and_then(|new| bytes.get(new..)).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_missing_is_asked_for_once() {
        let mut known = Fragments::new(100);
        known.insert(10, &[1; 10]);
        assert_eq!(known.get(12, 8).unwrap(), [1; 8]);
        let Err(Stop::Need(ranges)) = known.ahead(15, 10, 90) else {
            panic!("nothing is wanted")
        };
        let (offset, length) = (20, 80);
        assert_eq!(ranges, [ByteRange { offset, length }]);
        assert!(matches!(known.get(95, 6), Err(Stop::Refuse(_))));
        assert!(matches!(known.get(u64::MAX, 2), Err(Stop::Refuse(_))));
    }

    proptest! {
        #[test]
        fn pieces_in_any_order_are_the_object(cuts in proptest::collection::vec((0usize..300, 0usize..80), 1..30)) {
            let object: Vec<u8> = (0..300u16).map(|value| (value % 251) as u8).collect();
            let mut known = Fragments::new(300);
            let mut is_known = [false; 300];
            for (start, length) in cuts {
                let end = (start + length).min(300);
                known.insert(start as u64, &object[start..end]);
                is_known[start..end].fill(true);
            }
            for at in 0..300 {
                let run = is_known[at..].iter().take_while(|known| **known).count();
                let found = known.known(at as u64);
                prop_assert!(found.len() <= run);
                prop_assert_eq!(found.is_empty(), run == 0);
                prop_assert_eq!(found, &object[at..at + found.len()]);
            }
            prop_assert!(known.pieces.windows(2).all(|pair| pair[0].0 + pair[0].1.len() as u64 <= pair[1].0));
        }
    }
}
