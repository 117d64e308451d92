//! The last 64 bytes of a packed file.

use crate::checksum::{Checksums, Sha256};
use crate::error::{Error, Result};
use crate::manifest::MANIFEST_BYTES_MAX;

const MAGIC: [u8; 8] = *b"MITHPAK1";
const VERSION: u16 = 1;
/// Bytes in front of the CRC32, and covered by it.
const COVERED_BYTES: usize = 52;

/// Where the manifest of a packed file is. Section 4 of the format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Trailer {
    /// First byte of the manifest: the segments end there.
    pub(super) offset: u64,
    pub(super) length: u32,
    pub(super) sha256: Sha256,
}

impl Trailer {
    pub(super) const BYTES: usize = 64;

    /// Whether these last bytes of a file say that it is a packed file.
    pub(super) fn has_magic(tail: &[u8]) -> bool {
        tail.ends_with(&MAGIC)
    }

    /// Size of the whole file.
    pub(super) fn file_bytes(&self) -> Option<u64> {
        self.offset
            .checked_add(self.length.into())?
            .checked_add(Self::BYTES as u64)
    }

    /// Reads the trailer of a file of `file_bytes`.
    pub(super) fn read_from(bytes: &[u8; Self::BYTES], file_bytes: u64) -> Result<Self> {
        if !Self::has_magic(bytes) {
            let found = bytes[56..].escape_ascii().to_string();
            return Err(Error::corruption(
                "the end of the file (it is cut off, or no .mith file)",
                "MITHPAK1",
                found,
            ));
        }
        let mut fields = Fields(bytes);
        let trailer = Self {
            offset: u64::from_le_bytes(fields.take()),
            length: u32::from_le_bytes(fields.take()),
            sha256: Sha256([0; 32]),
        };
        let version = u16::from_le_bytes(fields.take());
        let flags = u16::from_le_bytes(fields.take());
        let trailer = Self {
            sha256: Sha256(fields.take()),
            ..trailer
        };
        let reserved = u32::from_le_bytes(fields.take());
        let crc32 = u32::from_le_bytes(fields.take());
        if version != VERSION {
            return Err(Error::compatibility(
                "version of the packed file",
                VERSION,
                version,
            ));
        }
        let found = Checksums::of(&bytes[..COVERED_BYTES]).crc32;
        if crc32 != found {
            let expected = format!("{crc32:08x}");
            return Err(Error::corruption(
                "CRC32 of the trailer",
                expected,
                format!("{found:08x}"),
            ));
        }
        if flags != 0 || reserved != 0 {
            let found = format!("flags {flags:#x}, reserved {reserved:#x}");
            return Err(Error::compatibility("flags of the packed file", 0, found));
        }
        if u64::from(trailer.length) > MANIFEST_BYTES_MAX {
            let limit = format!("at most {MANIFEST_BYTES_MAX}");
            return Err(Error::corruption(
                "length of the manifest",
                limit,
                trailer.length,
            ));
        }
        if trailer.file_bytes() != Some(file_bytes) {
            let expected = trailer
                .file_bytes()
                .map_or("beyond 2^64".into(), |n| n.to_string());
            return Err(Error::corruption(
                "size of the packed file",
                expected,
                file_bytes,
            ));
        }
        Ok(trailer)
    }

    /// The trailer's bytes.
    pub(super) fn write_to(&self, out: &mut Vec<u8>) {
        let start = out.len();
        out.extend_from_slice(&self.offset.to_le_bytes());
        out.extend_from_slice(&self.length.to_le_bytes());
        out.extend_from_slice(&VERSION.to_le_bytes());
        out.extend_from_slice(&0u16.to_le_bytes());
        out.extend_from_slice(&self.sha256.0);
        out.extend_from_slice(&0u32.to_le_bytes());
        let crc32 = Checksums::of(&out[start..]).crc32;
        out.extend_from_slice(&crc32.to_le_bytes());
        out.extend_from_slice(&MAGIC);
    }
}

/// Takes fixed fields off the front of the trailer, which is long enough for all of them.
struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn take<const N: usize>(&mut self) -> [u8; N] {
        match self.0.split_first_chunk() {
            Some((field, rest)) => {
                self.0 = rest;
                *field
            }
            None => [0; N],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    fn example() -> [u8; Trailer::BYTES] {
        let trailer = Trailer {
            offset: 1000,
            length: 300,
            sha256: Sha256::of(b"manifest"),
        };
        let mut bytes = Vec::new();
        trailer.write_to(&mut bytes);
        bytes.try_into().unwrap()
    }

    #[test]
    fn a_trailer_reads_back() {
        let trailer = Trailer::read_from(&example(), 1364).unwrap();
        assert_eq!((trailer.offset, trailer.length), (1000, 300));
        assert_eq!(trailer.sha256, Sha256::of(b"manifest"));
    }

    #[test]
    fn a_flipped_bit_anywhere_is_refused() {
        for bit in 0..Trailer::BYTES * 8 {
            let mut bytes = example();
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert!(Trailer::read_from(&bytes, 1364).is_err(), "bit {bit}");
        }
    }

    #[test]
    fn another_version_is_newer_and_another_size_is_damage() {
        let mut newer = example();
        newer[12] = 2;
        let kind = |bytes, size| Trailer::read_from(bytes, size).unwrap_err().kind();
        assert_eq!(kind(&newer, 1364), ErrorKind::Compatibility);
        assert_eq!(kind(&example(), 1363), ErrorKind::Corruption);
    }
}
