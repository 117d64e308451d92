//! Records of a fixed length, as bytes.

use crate::candidate::Pair;
use crate::spill::Row;

/// A value that is sorted and kept in files: its numbers, little-endian, one after the other.
pub(in crate::run) trait Record: Copy + Ord + Send + Sync {
    /// Length in bytes.
    const BYTES: usize;

    fn append_to(self, out: &mut Vec<u8>);

    /// Takes a record from the front of `bytes`; nothing where they are too few.
    fn take_from(bytes: &mut &[u8]) -> Option<Self>;
}

macro_rules! number {
    ($($number:ty),*) => {$(
        impl Record for $number {
            const BYTES: usize = size_of::<$number>();

            fn append_to(self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.to_le_bytes());
            }

            fn take_from(bytes: &mut &[u8]) -> Option<Self> {
                let (taken, rest) = bytes.split_first_chunk()?;
                *bytes = rest;
                Some(Self::from_le_bytes(*taken))
            }
        }
    )*};
}

number!(u32, u64, u128);

impl<A: Record, B: Record> Record for (A, B) {
    const BYTES: usize = A::BYTES + B::BYTES;

    fn append_to(self, out: &mut Vec<u8>) {
        self.0.append_to(out);
        self.1.append_to(out);
    }

    fn take_from(bytes: &mut &[u8]) -> Option<Self> {
        Some((A::take_from(bytes)?, B::take_from(bytes)?))
    }
}

impl Record for Pair {
    const BYTES: usize = 2 * Row::BYTES;

    fn append_to(self, out: &mut Vec<u8>) {
        (self.a, self.b).append_to(out);
    }

    fn take_from(bytes: &mut &[u8]) -> Option<Self> {
        let (a, b) = Record::take_from(bytes)?;
        Some(Self { a, b })
    }
}
