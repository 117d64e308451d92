//! Which keys were seen, and which of them again.

/// Bits of each table for a key, at least: of the keys that occur once about one in forty is taken
/// for one that occurs again.
const BITS_PER_KEY: usize = 8;

/// Two bits a key for "seen", two for "seen again", in words that are side by side in memory.
pub(super) struct Table {
    words: Vec<[u64; 2]>,
    shift: u32,
}

impl Table {
    /// Tables for so many keys.
    pub(super) fn new(keys: usize) -> Self {
        let words = (keys * BITS_PER_KEY / 64).next_power_of_two().max(2);
        Self {
            words: vec![[0; 2]; words],
            shift: 64 - words.trailing_zeros(),
        }
    }

    /// The word of a key, and its bits there. Mixed by a multiplication: keys of a table have the
    /// same first bits.
    #[inline]
    fn place(&self, key: u64) -> (usize, u64) {
        let mixed = key.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let bits = 1 << (mixed >> 16 & 63) | 1 << (mixed >> 22 & 63);
        #[expect(clippy::cast_possible_truncation, reason = "below the number of words")]
        let word = (mixed >> self.shift) as usize;
        (word, bits)
    }

    #[inline]
    pub(super) fn note(&mut self, key: u64) {
        let (word, bits) = self.place(key);
        let [once, again] = &mut self.words[word];
        // Without a branch, whose outcome nobody could foresee.
        let is_again = u64::from(*once & bits == bits).wrapping_neg();
        *again |= bits & is_again;
        *once |= bits;
    }

    /// Whether the key was noted more than once; of a few others it says so, too.
    #[inline]
    pub(super) fn is_repeated(&self, key: u64) -> bool {
        let (word, bits) = self.place(key);
        self.words[word][1] & bits == bits
    }
}
