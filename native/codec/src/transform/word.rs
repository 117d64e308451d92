//! The unsigned integers that values are read as.

use std::ops::{BitOr, BitXor, Shl, Shr};

/// An unsigned integer that a value of the block is read as.
pub(crate) trait Word:
    Copy
    + Eq
    + BitXor<Output = Self>
    + BitOr<Output = Self>
    + Shl<u32, Output = Self>
    + Shr<u32, Output = Self>
{
    /// Bytes of the value.
    const BYTES: usize;
    /// Only the top bit set.
    const TOP: Self;
    /// Zero.
    const ZERO: Self;
    /// Reads the value at the front of `bytes`, which are at least [`Word::BYTES`] long.
    fn load(bytes: &[u8]) -> Self;
    /// Writes the value to `bytes`, which are exactly [`Word::BYTES`] long.
    fn store(self, bytes: &mut [u8]);
    /// The lowest byte.
    fn low_byte(self) -> u8;
    /// A value from its lowest byte.
    fn from_byte(byte: u8) -> Self;
    /// Rotates by one bit to the left.
    fn rotate_up(self) -> Self;
    /// Rotates by one bit to the right.
    fn rotate_down(self) -> Self;
    /// Sum modulo the width.
    fn plus(self, other: Self) -> Self;
    /// Difference modulo the width.
    fn minus(self, other: Self) -> Self;
    /// All bits set if the top bit is, else zero.
    fn top_mask(self) -> Self;
    /// All bits set if the lowest bit is, else zero.
    fn low_mask(self) -> Self;
    /// All bits inverted.
    fn inverted(self) -> Self;
}

macro_rules! word {
    ($word:ty, $signed:ty) => {
        impl Word for $word {
            const BYTES: usize = size_of::<$word>();
            const TOP: Self = 1 << (<$word>::BITS - 1);
            const ZERO: Self = 0;
            #[inline(always)]
            fn load(bytes: &[u8]) -> Self {
                let mut array = [0; Self::BYTES];
                array.copy_from_slice(&bytes[..Self::BYTES]);
                Self::from_le_bytes(array)
            }
            #[inline(always)]
            fn store(self, bytes: &mut [u8]) {
                bytes.copy_from_slice(&self.to_le_bytes());
            }
            #[inline(always)]
            fn low_byte(self) -> u8 {
                self.to_le_bytes()[0]
            }
            #[inline(always)]
            fn from_byte(byte: u8) -> Self {
                Self::from(byte)
            }
            #[inline(always)]
            fn rotate_up(self) -> Self {
                self.rotate_left(1)
            }
            #[inline(always)]
            fn rotate_down(self) -> Self {
                self.rotate_right(1)
            }
            #[inline(always)]
            fn plus(self, other: Self) -> Self {
                self.wrapping_add(other)
            }
            #[inline(always)]
            fn minus(self, other: Self) -> Self {
                self.wrapping_sub(other)
            }
            #[inline(always)]
            fn top_mask(self) -> Self {
                (self.cast_signed() >> (<$word>::BITS - 1)).cast_unsigned()
            }
            #[inline(always)]
            fn low_mask(self) -> Self {
                Self::ZERO.wrapping_sub(self & 1)
            }
            #[inline(always)]
            fn inverted(self) -> Self {
                !self
            }
        }
    };
}
word!(u8, i8);
word!(u16, i16);
word!(u32, i32);
word!(u64, i64);
