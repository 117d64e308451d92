//! Digests of bytes, and how the digests of parts combine to the digest of the whole.
//!
//! The three CRCs are the ones S3 knows (CRC-32/ISO-HDLC, CRC-32C, CRC-64/NVME): they are linear, so the
//! checksums of the segments give the checksum of the original without reading it again. SHA-256 names
//! stored bytes and cannot be combined.
//!
//! Cost: the CRCs run at memory speed (SSE/AVX-512 or NEON carry-less multiplication, chosen at run time), and
//! all three together read the bytes once; SHA-256 uses the processor's own instructions
//! (x86 SHA extensions, Armv8) where it has them. A combination costs about a microsecond whatever the lengths.

use std::fmt;
use std::str::FromStr;

use crc_fast::{CrcAlgorithm, Digest};
use sha2::Digest as _;

use crate::error::{Error, Result};

/// The three CRCs are computed piece by piece so that each piece is read from memory once.
const PIECE_BYTES: usize = 64 * 1024;

/// The length and CRCs of a run of bytes.
///
/// ```
/// use mithril_checkpoint::checksum::Checksums;
/// let whole = Checksums::of(b"123456789");
/// assert_eq!(whole.crc32, 0xcbf4_3926);
/// assert_eq!(Checksums::of(b"1234").then(Checksums::of(b"56789")), whole);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Checksums {
    /// Number of bytes.
    pub bytes: u64,
    /// CRC-32/ISO-HDLC, the one of zlib.
    pub crc32: u32,
    /// CRC-32C (Castagnoli).
    pub crc32c: u32,
    /// CRC-64/NVME.
    pub crc64nvme: u64,
}

impl Checksums {
    /// The checksums of no bytes.
    pub const EMPTY: Self = Self {
        bytes: 0,
        crc32: 0,
        crc32c: 0,
        crc64nvme: 0,
    };

    /// The checksums of `bytes`.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        let mut crc32 = Digest::new(CrcAlgorithm::Crc32IsoHdlc);
        let mut crc32c = Digest::new(CrcAlgorithm::Crc32Iscsi);
        let mut crc64nvme = Digest::new(CrcAlgorithm::Crc64Nvme);
        for piece in bytes.chunks(PIECE_BYTES) {
            crc32.update(piece);
            crc32c.update(piece);
            crc64nvme.update(piece);
        }
        Self {
            bytes: bytes.len() as u64,
            crc32: low32(crc32.finalize()),
            crc32c: low32(crc32c.finalize()),
            crc64nvme: crc64nvme.finalize(),
        }
    }

    /// The checksums of these bytes followed by the bytes of `next`.
    #[must_use]
    pub fn then(self, next: Self) -> Self {
        Self {
            bytes: self.bytes.saturating_add(next.bytes),
            crc32: low32(CRC32.combine(self.crc32.into(), next.crc32.into(), next.bytes)),
            crc32c: low32(CRC32C.combine(self.crc32c.into(), next.crc32c.into(), next.bytes)),
            crc64nvme: CRC64NVME.combine(self.crc64nvme, next.crc64nvme, next.bytes),
        }
    }
}

fn low32(value: u64) -> u32 {
    u32::try_from(value & 0xffff_ffff).unwrap_or(0)
}

/// A reflected CRC polynomial. Combining is arithmetic of polynomials over GF(2) modulo this one: appending n
/// bytes multiplies the first CRC by x^(8n).
struct Polynomial {
    reflected: u64,
    /// The bit that stands for x^0.
    one: u64,
}

const CRC32: Polynomial = Polynomial {
    reflected: 0xedb8_8320,
    one: 1 << 31,
};
const CRC32C: Polynomial = Polynomial {
    reflected: 0x82f6_3b78,
    one: 1 << 31,
};
const CRC64NVME: Polynomial = Polynomial {
    reflected: 0x9a6c_9329_ac4b_c9b5,
    one: 1 << 63,
};

impl Polynomial {
    /// `a * b` modulo the polynomial.
    const fn multiply(&self, a: u64, mut b: u64) -> u64 {
        let mut bit = self.one;
        let mut product = 0;
        while bit != 0 {
            if a & bit != 0 {
                product ^= b;
            }
            b = if b & 1 == 1 {
                (b >> 1) ^ self.reflected
            } else {
                b >> 1
            };
            bit >>= 1;
        }
        product
    }

    /// The CRC of a first part followed by a second part of `second_bytes` bytes.
    const fn combine(&self, first: u64, second: u64, second_bytes: u64) -> u64 {
        if first == 0 {
            return second;
        }
        let mut power = self.one >> 8; // x^8: one byte
        let mut shift = self.one;
        let mut bytes = second_bytes;
        while bytes != 0 {
            if bytes & 1 == 1 {
                shift = self.multiply(power, shift);
            }
            power = self.multiply(power, power);
            bytes >>= 1;
        }
        self.multiply(shift, first) ^ second
    }
}

/// A SHA-256 digest, written as 64 lower-case hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Sha256(pub [u8; 32]);

impl Sha256 {
    /// The digest of `bytes`.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(sha2::Sha256::digest(bytes).into())
    }
}

impl fmt::Display for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl FromStr for Sha256 {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let wrong = || Error::corruption("SHA-256", "64 lower-case hexadecimal digits", text);
        let mut digest = [0; 32];
        if text.len() != 64 {
            return Err(wrong());
        }
        for (byte, digits) in digest.iter_mut().zip(text.as_bytes().chunks(2)) {
            *byte = digits
                .iter()
                .try_fold(0u8, |value, &digit| Some(value << 4 | hex_value(digit)?))
                .ok_or_else(wrong)?;
        }
        Ok(Self(digest))
    }
}

/// Parses exactly `digits` lower-case hexadecimal digits.
///
/// # Errors
///
/// `Corruption` if `text` is anything else.
pub fn parse_hex(what: &str, text: &str, digits: usize) -> Result<u64> {
    let wrong = || {
        Error::corruption(
            what,
            format_args!("{digits} lower-case hexadecimal digits"),
            text,
        )
    };
    if text.len() != digits || digits > 16 {
        return Err(wrong());
    }
    text.bytes()
        .try_fold(0u64, |value, digit| {
            Some(value << 4 | u64::from(hex_value(digit)?))
        })
        .ok_or_else(wrong)
}

const fn hex_value(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

/// SHA-256 of bytes that arrive in pieces.
#[derive(Debug, Clone, Default)]
pub struct Sha256Stream(sha2::Sha256);

impl Sha256Stream {
    /// Adds `bytes`.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The digest of everything added.
    #[must_use]
    pub fn finish(self) -> Sha256 {
        Sha256(self.0.finalize().into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_check_values_of_the_catalogue_hold() {
        let check = Checksums::of(b"123456789");
        assert_eq!(check.crc32, 0xcbf4_3926);
        assert_eq!(check.crc32c, 0xe306_9283);
        assert_eq!(check.crc64nvme, 0xae8b_1486_0a79_9888);
        assert_eq!(Checksums::of(b""), Checksums::EMPTY);
    }

    #[test]
    fn sha256_of_the_empty_string_is_the_published_one() {
        let text = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(Sha256::of(b"").to_string(), text);
        assert_eq!(text.parse::<Sha256>().unwrap(), Sha256::of(b""));
    }

    #[test]
    fn digests_that_are_not_lower_case_hex_of_the_right_length_are_refused() {
        for text in ["", "e3", &"G".repeat(64), &"A".repeat(64), &"é".repeat(32)] {
            assert!(text.parse::<Sha256>().is_err(), "{text}");
        }
        for text in [
            "",
            "0123456",
            "012345678",
            "0123456G",
            "ABCDEF01",
            "+1234567",
        ] {
            assert!(parse_hex("crc32", text, 8).is_err(), "{text}");
        }
        assert_eq!(parse_hex("crc32", "0a1b2c3d", 8).unwrap(), 0x0a1b_2c3d);
    }

    proptest! {
        #[test]
        fn parts_combine_to_the_whole(bytes in proptest::collection::vec(any::<u8>(), 0..300_000), cut: prop::sample::Index) {
            let (first, second) = bytes.split_at(cut.index(bytes.len() + 1));
            let combined = Checksums::of(first).then(Checksums::of(second));
            prop_assert_eq!(combined, Checksums::of(&bytes));
        }

        #[test]
        fn combining_agrees_with_the_library_at_any_length(first: u32, second: u32, first64: u64, second64: u64, bytes in 0u64..(1 << 53)) {
            let reference = |algorithm, a: u64, b: u64| crc_fast::checksum_combine(algorithm, a, b, bytes);
            let (a, b) = (u64::from(first), u64::from(second));
            prop_assert_eq!(CRC32.combine(a, b, bytes), reference(CrcAlgorithm::Crc32IsoHdlc, a, b));
            prop_assert_eq!(CRC32C.combine(a, b, bytes), reference(CrcAlgorithm::Crc32Iscsi, a, b));
            prop_assert_eq!(CRC64NVME.combine(first64, second64, bytes), reference(CrcAlgorithm::Crc64Nvme, first64, second64));
        }
    }
}
