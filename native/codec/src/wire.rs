//! Bounds-checked reading and writing of the integers that the format is made of.

use crate::{Error, Result};

/// Longest LEB128 form of a 64-bit integer, in bytes.
const VARINT_BYTES_MAX: usize = 10;

/// A cursor over bytes that are not trusted: every read checks what is left.
#[derive(Debug, Clone)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
    what: &'static str,
}

impl<'a> Reader<'a> {
    /// Reads from `bytes`; `what` names them in errors.
    pub(crate) fn new(bytes: &'a [u8], what: &'static str) -> Self {
        Self { rest: bytes, what }
    }

    /// Bytes not read yet.
    pub(crate) fn remaining(&self) -> usize {
        self.rest.len()
    }

    /// The next `length` bytes.
    pub(crate) fn bytes(&mut self, length: usize) -> Result<&'a [u8]> {
        let Some((head, rest)) = self.rest.split_at_checked(length) else {
            return Err(Error::corruption(
                format!("length of {}", self.what),
                format!("at least {length} more bytes"),
                self.rest.len(),
            ));
        };
        self.rest = rest;
        Ok(head)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let mut array = [0; N];
        array.copy_from_slice(self.bytes(N)?);
        Ok(array)
    }

    /// One byte.
    pub(crate) fn u8(&mut self) -> Result<u8> {
        self.array().map(u8::from_le_bytes)
    }

    /// Two bytes, little-endian.
    pub(crate) fn u16(&mut self) -> Result<u16> {
        self.array().map(u16::from_le_bytes)
    }

    /// Four bytes, little-endian.
    pub(crate) fn u32(&mut self) -> Result<u32> {
        self.array().map(u32::from_le_bytes)
    }

    /// Eight bytes, little-endian.
    pub(crate) fn u64(&mut self) -> Result<u64> {
        self.array().map(u64::from_le_bytes)
    }

    /// One LEB128 integer in its shortest form.
    pub(crate) fn varint(&mut self) -> Result<u64> {
        let mut value = 0_u64;
        for position in 0..VARINT_BYTES_MAX {
            let byte = self.u8()?;
            let group = u64::from(byte & 0x7f);
            let shifted = group << (7 * position);
            if shifted >> (7 * position) != group || (byte == 0 && position > 0) {
                break;
            }
            value |= shifted;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(Error::corruption(
            format!("integer in {}", self.what),
            "the shortest LEB128 form of 64 bits",
            "another form",
        ))
    }

    /// Fails unless everything was read.
    pub(crate) fn finish(&self) -> Result<()> {
        if self.rest.is_empty() {
            return Ok(());
        }
        Err(Error::corruption(
            format!("bytes after {}", self.what),
            0,
            self.rest.len(),
        ))
    }
}

/// Appends `value` in the shortest LEB128 form.
pub(crate) fn write_varint(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push((value & 0x7f) as u8);
}

/// Bytes of `value` in the shortest LEB128 form.
pub(crate) fn varint_size(value: u64) -> usize {
    let bits = 64 - (value | 1).leading_zeros() as usize;
    bits.div_ceil(7)
}

/// Maps small signed numbers to small unsigned ones.
pub(crate) fn zigzag(value: i64) -> u64 {
    (value << 1).cast_unsigned() ^ (value >> 63).cast_unsigned()
}

/// The inverse of [`zigzag`].
pub(crate) fn unzigzag(value: u64) -> i64 {
    (value >> 1).cast_signed() ^ -(value & 1).cast_signed()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_come_back_and_their_size_is_known() {
        for value in (0..64).flat_map(|bit| [(1_u64 << bit) - 1, 1 << bit, u64::MAX >> bit]) {
            let mut out = Vec::new();
            write_varint(value, &mut out);
            assert_eq!(out.len(), varint_size(value));
            let mut reader = Reader::new(&out, "test");
            assert_eq!(reader.varint().unwrap(), value);
            reader.finish().unwrap();
        }
        for value in [0, -1, 1, i64::MIN, i64::MAX, -77] {
            assert_eq!(unzigzag(zigzag(value)), value);
        }
    }

    #[test]
    fn long_forms_overflow_and_truncation_are_refused() {
        for bytes in [&[0x80, 0x00][..], &[0xff; 11], &[0x80], &[]] {
            assert!(Reader::new(bytes, "test").varint().is_err());
        }
        assert!(Reader::new(&[1, 2, 3], "test").u32().is_err());
        assert!(Reader::new(&[1], "test").finish().is_err());
    }
}
