//! Many keys, put into pieces whose table fits the processor's cache.

use super::bucket::{Key, Keys, Part};
use super::seen::Table;
use crate::bits::Bits;
use crate::spill::Row;

/// Keys of a piece, more or less.
const PIECE_KEYS: usize = 1 << 14;
/// Most pieces: more could not be written side by side without misses.
const PIECES_MAX: usize = 1 << 10;

/// The keys of a part, counted.
pub struct Counted<'a> {
    part: Part,
    skipped: &'a Bits,
    /// Keys of each piece.
    pieces: Vec<usize>,
}

impl<'a> Counted<'a> {
    /// Counts the keys of a part, without those of the rows in `skipped`. `visit` hands over all
    /// keys; `rows`: how many there are.
    ///
    /// # Errors
    ///
    /// Those of `visit`.
    pub fn of<K: Key, E>(
        rows: usize,
        part: Part,
        skipped: &'a Bits,
        visit: impl FnOnce(&mut dyn FnMut(Keys<'_, K>)) -> Result<(), E>,
    ) -> Result<Self, E> {
        let pieces = rows / part.count as usize / PIECE_KEYS;
        let mut counted = Self {
            part,
            skipped,
            pieces: vec![0; pieces.clamp(1, PIECES_MAX)],
        };
        let mut pieces = std::mem::take(&mut counted.pieces);
        let count = pieces.len();
        visit(&mut |keys| counted.each(keys, count, |piece, _, _| pieces[piece] += 1))?;
        counted.pieces = pieces;
        Ok(counted)
    }

    /// How many there are.
    #[must_use]
    pub fn keys(&self) -> usize {
        self.pieces.iter().sum()
    }

    /// Gives every key with its piece and its row.
    #[inline]
    fn each<K: Key>(
        &self,
        (first, keys): Keys<'_, K>,
        pieces: usize,
        mut each: impl FnMut(usize, K, Row),
    ) {
        for (row, key) in (first..).zip(keys) {
            if let Some(piece) = self.part.piece(key.high(), pieces)
                && !self.skipped.contains(row as usize)
            {
                each(piece, *key, row);
            }
        }
    }

    /// Gives every key with its row, in the order of the rows.
    ///
    /// # Errors
    ///
    /// Those of `visit` and `each`.
    pub fn visit_all<K: Key, E>(
        &self,
        visit: impl FnOnce(&mut dyn FnMut(Keys<'_, K>)) -> Result<(), E>,
        mut each: impl FnMut(K, Row) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut given = Ok(());
        visit(&mut |keys| {
            self.each(keys, 1, |_, key, row| {
                if given.is_ok() {
                    given = each(key, row);
                }
            });
        })?;
        given
    }

    /// Gives the keys that may occur more than once, each with its row, in order: all that do, and
    /// a few of the others. `room` holds all keys, and is used again.
    ///
    /// # Errors
    ///
    /// Those of `visit` and `each`.
    pub fn visit_repeated<K: Key + Default, E>(
        &self,
        room: &mut Vec<(K, Row)>,
        visit: impl FnOnce(&mut dyn FnMut(Keys<'_, K>)) -> Result<(), E>,
        mut each: impl FnMut(K, Row) -> Result<(), E>,
    ) -> Result<(), E> {
        room.resize(self.keys(), Default::default());
        let mut next: Vec<usize> = Vec::with_capacity(self.pieces.len());
        let mut end = 0;
        for count in &self.pieces {
            next.push(end);
            end += count;
        }
        visit(&mut |keys| {
            self.each(keys, self.pieces.len(), |piece, key, row| {
                room[next[piece]] = (key, row);
                next[piece] += 1;
            });
        })?;
        let mut rest = room.as_mut_slice();
        for count in &self.pieces {
            let piece;
            (piece, rest) = rest.split_at_mut(*count);
            let kept = keep_seen_again(piece);
            kept.sort_unstable();
            kept.iter().try_for_each(|(key, row)| each(*key, *row))?;
        }
        Ok(())
    }
}

/// Moves the keys that may occur more than once to the front.
fn keep_seen_again<K: Key>(piece: &mut [(K, Row)]) -> &mut [(K, Row)] {
    let mut table = Table::new(piece.len());
    for (key, _) in piece.iter() {
        table.note(key.high());
    }
    let mut kept = 0;
    for at in 0..piece.len() {
        let record = piece[at];
        piece[kept] = record;
        kept += usize::from(table.is_repeated(record.0.high()));
    }
    &mut piece[..kept]
}
