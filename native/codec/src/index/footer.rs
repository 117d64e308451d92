//! The footer (format section 2.1).

use super::{FOOTER_BYTES, SEGMENT_BLOCKS_MAX, SEGMENT_BYTES_MAX, SEGMENT_VERSION, checksum_of};
use crate::wire::Reader;
use crate::{Error, Result};

const MAGIC: [u8; 8] = *b"MITHSEG1";
/// Bytes of the footer that its CRC32 covers.
pub(super) const FOOTER_COVERED: usize = 52;
const RESERVED: [u8; 12] = [0; 12];

/// CRC32 of the index and the covered part of the footer.
pub(super) fn checksum_of_index(index: &[u8], footer: &[u8]) -> u32 {
    checksum_of(&[index, footer])
}

/// The fixed end of a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Footer {
    pub(crate) raw_offset: u64,
    pub(crate) raw_length: u64,
    pub(crate) payload_length: u64,
    pub(crate) index_length: u32,
    pub(crate) entry_count: u32,
    pub(crate) block_count: u32,
}

impl Footer {
    /// Reads and checks the footer of a segment of `stored_bytes`; returns the CRC32 that index and footer
    /// must have.
    pub(crate) fn read_from(bytes: &[u8], stored_bytes: u64) -> Result<(Self, u32)> {
        let mut reader = Reader::new(bytes, "segment footer");
        let footer = Self {
            raw_offset: reader.u64()?,
            raw_length: reader.u64()?,
            payload_length: reader.u64()?,
            index_length: reader.u32()?,
            entry_count: reader.u32()?,
            block_count: reader.u32()?,
        };
        let (version, flags) = (reader.u16()?, reader.u16()?);
        let reserved = reader.bytes(RESERVED.len())?;
        let crc32 = reader.u32()?;
        let magic = reader.bytes(MAGIC.len())?;
        reader.finish()?;
        if magic != MAGIC {
            let found = format!("{magic:02x?}");
            return Err(Error::corruption("segment magic", "MITHSEG1", found));
        }
        if version != SEGMENT_VERSION {
            return Err(Error::compatibility(
                "segment version",
                SEGMENT_VERSION,
                version,
            ));
        }
        if flags != 0 {
            return Err(Error::compatibility("segment flags", 0, flags));
        }
        if reserved != RESERVED {
            return Err(Error::corruption(
                "reserved bytes of the footer",
                "zeros",
                "others",
            ));
        }
        footer.check(stored_bytes)?;
        Ok((footer, crc32))
    }

    fn check(&self, stored_bytes: u64) -> Result<()> {
        let wrong = |what: &str, limit: u64, found: u64| {
            Err(Error::corruption(what, format!("at most {limit}"), found))
        };
        if self.raw_length > SEGMENT_BYTES_MAX {
            return wrong(
                "raw length of a segment",
                SEGMENT_BYTES_MAX,
                self.raw_length,
            );
        }
        if self.raw_offset.checked_add(self.raw_length).is_none() {
            return wrong(
                "raw offset of a segment",
                u64::MAX - self.raw_length,
                self.raw_offset,
            );
        }
        if self.block_count > SEGMENT_BLOCKS_MAX {
            let limit = u64::from(SEGMENT_BLOCKS_MAX);
            return wrong("blocks of a segment", limit, u64::from(self.block_count));
        }
        let total = u64::from(self.index_length)
            .checked_add(self.payload_length)
            .and_then(|sum| sum.checked_add(FOOTER_BYTES as u64));
        if total != Some(stored_bytes) {
            let found = total.map_or("overflow".into(), |total| total.to_string());
            return Err(Error::corruption(
                "stored length of a segment",
                stored_bytes,
                found,
            ));
        }
        Ok(())
    }

    /// Appends the footer of the index `index`.
    pub(crate) fn write_to(&self, index: &[u8], out: &mut Vec<u8>) {
        let start = out.len();
        out.extend_from_slice(&self.raw_offset.to_le_bytes());
        out.extend_from_slice(&self.raw_length.to_le_bytes());
        out.extend_from_slice(&self.payload_length.to_le_bytes());
        out.extend_from_slice(&self.index_length.to_le_bytes());
        out.extend_from_slice(&self.entry_count.to_le_bytes());
        out.extend_from_slice(&self.block_count.to_le_bytes());
        out.extend_from_slice(&SEGMENT_VERSION.to_le_bytes());
        out.extend_from_slice(&0_u16.to_le_bytes());
        out.extend_from_slice(&RESERVED);
        let crc32 = checksum_of_index(index, &out[start..start + FOOTER_COVERED]);
        out.extend_from_slice(&crc32.to_le_bytes());
        out.extend_from_slice(&MAGIC);
    }
}
