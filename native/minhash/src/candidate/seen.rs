//! Which keys were seen, and which of them again.

use memmap2::MmapMut;

use super::bucket::{Key, Part};

/// Bits of each table for a key, at least: of the keys that occur once about one in forty is kept by
/// mistake.
const BITS_PER_KEY: usize = 8;
/// Bytes that the tables take for a key, at most.
pub const BYTES_PER_KEY_SEEN: usize = 2 * BITS_PER_KEY / 8 * 2;
/// Keys that are looked up at a time: one for each bit of a `u64`.
pub(super) const BLOCK_KEYS: usize = 64;
/// From here on a table is worth large pages: with small ones most look-ups would also miss the
/// processor's list of pages.
const LARGE_BYTES: usize = 4 << 20;

/// Two bits a key for "seen", two for "seen again", in words that are side by side in memory.
pub(super) struct Table {
    room: Room,
    shift: u32,
}

/// A word of either table.
type Words = [[u8; size_of::<u64>()]; 2];

enum Room {
    Small(Vec<u8>),
    Large(MmapMut),
}

impl Room {
    fn new(bytes: usize) -> Self {
        let large = (bytes >= LARGE_BYTES).then(|| MmapMut::map_anon(bytes));
        let Some(Ok(room)) = large else {
            return Self::Small(vec![0; bytes]);
        };
        // Without large pages it is only slower.
        #[cfg(target_os = "linux")]
        let _ = room.advise(memmap2::Advice::HugePage);
        Self::Large(room)
    }

    fn words(&self) -> &[Words] {
        let bytes: &[u8] = match self {
            Self::Small(bytes) => bytes,
            Self::Large(bytes) => bytes,
        };
        bytes.as_chunks().0.as_chunks().0
    }

    fn words_mut(&mut self) -> &mut [Words] {
        let bytes: &mut [u8] = match self {
            Self::Small(bytes) => bytes,
            Self::Large(bytes) => bytes,
        };
        bytes.as_chunks_mut().0.as_chunks_mut().0
    }
}

impl Table {
    /// Tables for so many keys.
    pub(super) fn new(keys: usize) -> Self {
        let words = (keys * BITS_PER_KEY / 64).next_power_of_two().max(2);
        Self {
            room: Room::new(words * size_of::<Words>()),
            shift: 64 - words.trailing_zeros(),
        }
    }

    /// Notes those of some keys that are in a part.
    pub(super) fn note<K: Key>(&mut self, keys: &[K], part: Part) {
        let shift = self.shift;
        let words = self.room.words_mut();
        for key in keys.iter().map(|key| key.high()) {
            if part.contains(key) {
                let (word, bits) = place(key, shift);
                let [once, again] = &mut words[word];
                let seen = u64::from_le_bytes(*once);
                // Without a branch: its outcome would have to wait for the memory.
                let is_again = u64::from(seen & bits == bits).wrapping_neg();
                *again = (u64::from_le_bytes(*again) | bits & is_again).to_le_bytes();
                *once = (seen | bits).to_le_bytes();
            }
        }
    }

    /// One bit for each of up to [`BLOCK_KEYS`] keys: is it in the part, and was it noted more than
    /// once? Also of a few others that were noted once it says so.
    pub(super) fn repeated<K: Key>(&self, keys: &[K], part: Part) -> u64 {
        let words = self.room.words();
        let mut found = 0;
        for (at, key) in keys.iter().map(|key| key.high()).enumerate() {
            let (word, bits) = place(key, self.shift);
            let [_, again] = words[word];
            let is_repeated = u64::from_le_bytes(again) & bits == bits;
            found |= u64::from(part.contains(key) & is_repeated) << at;
        }
        found
    }
}

/// The word of a key, and its bits there. Mixed by a multiplication, so that a part of the keys
/// still fills the whole table.
#[inline]
fn place(key: u64, shift: u32) -> (usize, u64) {
    let mixed = key.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let bits = 1 << (mixed >> 16 & 63) | 1 << (mixed >> 22 & 63);
    #[expect(clippy::cast_possible_truncation, reason = "below the number of words")]
    let word = (mixed >> shift) as usize;
    (word, bits)
}
