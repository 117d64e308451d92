//! The vector part of the scan: 64 bytes at once.

use super::{Scanned, scan_blocks};
use crate::simd::Level;

/// Bytes of a block: one for each bit of a `u64`.
pub(super) const BLOCK_BYTES: usize = 64;

/// What a block's bytes are, one bit for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Block {
    /// ASCII letters, digits and the underscore.
    pub(super) words: u64,
    /// Bytes of code points beyond ASCII.
    pub(super) beyond_ascii: u64,
}

/// Scans `text` with the level's instructions.
pub(super) fn dispatch(level: Level, scanned: &mut Scanned, text: &[u8]) {
    match level {
        Level::Portable => portable::scan(scanned, text),
        #[cfg(target_arch = "aarch64")]
        // SAFETY: this level is given only where its features are.
        Level::Neon => unsafe { neon::scan_neon(scanned, text) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: this level is given only where its features were found.
        Level::Avx2 => unsafe { x86::scan_avx2(scanned, text) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: this level is given only where its features were found.
        Level::Avx512 => unsafe { x86::scan_avx512(scanned, text) },
    }
}

/// Copies a block with ASCII capitals in lower case, and says what its bytes are: the naive twin of
/// the versions below.
#[cfg(test)]
pub(super) fn naive(from: &[u8; BLOCK_BYTES], to: &mut [u8; BLOCK_BYTES]) -> Block {
    let mut block = Block {
        words: 0,
        beyond_ascii: 0,
    };
    for (i, (from, to)) in from.iter().zip(to).enumerate() {
        *to = from.to_ascii_lowercase();
        block.words |= u64::from(from.is_ascii_alphanumeric() || *from == b'_') << i;
        block.beyond_ascii |= u64::from(!from.is_ascii()) << i;
    }
    block
}

pub(super) mod portable {
    use super::{BLOCK_BYTES, Block, Scanned, scan_blocks};

    /// 8 bytes at once in a `u64`.
    pub(in super::super) fn fold(from: &[u8; BLOCK_BYTES], to: &mut [u8; BLOCK_BYTES]) -> Block {
        let mut block = Block {
            words: 0,
            beyond_ascii: 0,
        };
        let (from, to) = (from.as_chunks::<8>().0, to.as_chunks_mut::<8>().0);
        for (i, (from, to)) in from.iter().zip(to).enumerate() {
            let bytes = u64::from_le_bytes(*from);
            let (high, low) = (bytes & HIGH, bytes & !HIGH);
            let capital = within(low, b'A', b'Z') & !high;
            *to = (bytes | capital >> 2).to_le_bytes();
            let small = within(low, b'a', b'z');
            let digit = within(low, b'0', b'9');
            let underscore = within(low, b'_', b'_');
            let word = (small | digit | underscore) & !high | capital;
            block.words |= gather(word) << (8 * i);
            block.beyond_ascii |= gather(high) << (8 * i);
        }
        block
    }

    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    const HIGH: u64 = ONES << 7;

    /// The high bit of each byte (all below 128) that is `first` to `last`.
    fn within(bytes: u64, first: u8, last: u8) -> u64 {
        let not_below = bytes + ONES * u64::from(128 - first);
        let above = bytes + ONES * u64::from(127 - last);
        not_below & !above & HIGH
    }

    /// The 8 high bits side by side.
    fn gather(high_bits: u64) -> u64 {
        (high_bits >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56
    }

    pub(super) fn scan(scanned: &mut Scanned, text: &[u8]) {
        scan_blocks(scanned, text, fold);
    }
}

#[cfg(target_arch = "aarch64")]
pub(super) mod neon {
    use super::{BLOCK_BYTES, Block, Scanned, scan_blocks};
    use crate::simd::neon::{load_u8x16, store_u8x16};
    use std::arch::aarch64::{
        uint8x16_t, vandq_u8, vceqq_u8, vcltq_u8, vcltzq_s8, vdupq_n_u8, vgetq_lane_u64, vmaxvq_u8,
        vorrq_u8, vpaddq_u8, vreinterpretq_s8_u8, vreinterpretq_u64_u8, vsubq_u8,
    };

    /// What sets a small letter apart from its capital.
    const CASE: u8 = 0x20;
    /// Bytes of a vector.
    const LANES: usize = 16;
    const VECTORS: usize = BLOCK_BYTES / LANES;
    /// For each byte of a vector its bit in a byte of the mask.
    const BITS: [u8; LANES] = [1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128];

    /// Four vectors of bytes 0 or 255 as one bit for each byte. Three times, the bits of neighbours are
    /// added up, so that eight bytes become one.
    #[inline]
    #[target_feature(enable = "neon")]
    fn gather(masks: [uint8x16_t; VECTORS]) -> u64 {
        let bits = load_u8x16(&BITS);
        let [a, b, c, d] = masks.map(|mask| vandq_u8(mask, bits));
        let sums = vpaddq_u8(vpaddq_u8(a, b), vpaddq_u8(c, d));
        vgetq_lane_u64::<0>(vreinterpretq_u64_u8(vpaddq_u8(sums, sums)))
    }

    #[inline]
    #[target_feature(enable = "neon")]
    pub(in super::super) fn fold_neon(
        from: &[u8; BLOCK_BYTES],
        to: &mut [u8; BLOCK_BYTES],
    ) -> Block {
        let mut bytes = [vdupq_n_u8(0); VECTORS];
        let mut words = bytes;
        let (from, to) = (from.as_chunks().0, to.as_chunks_mut().0);
        for (i, (from, to)) in from.iter().zip(to).enumerate() {
            bytes[i] = load_u8x16(from);
            let lower = vorrq_u8(bytes[i], vdupq_n_u8(CASE));
            let letters = vcltq_u8(vsubq_u8(lower, vdupq_n_u8(b'a')), vdupq_n_u8(26));
            let digits = vcltq_u8(vsubq_u8(bytes[i], vdupq_n_u8(b'0')), vdupq_n_u8(10));
            let underscores = vceqq_u8(bytes[i], vdupq_n_u8(b'_'));
            store_u8x16(to, vorrq_u8(bytes[i], vandq_u8(letters, vdupq_n_u8(CASE))));
            words[i] = vorrq_u8(letters, vorrq_u8(digits, underscores));
        }
        Block {
            words: gather(words),
            beyond_ascii: beyond_ascii(bytes),
        }
    }

    /// Most texts have none in most blocks, which costs less to see than to say where they are.
    #[inline]
    #[target_feature(enable = "neon")]
    fn beyond_ascii([a, b, c, d]: [uint8x16_t; VECTORS]) -> u64 {
        if vmaxvq_u8(vorrq_u8(vorrq_u8(a, b), vorrq_u8(c, d))).is_ascii() {
            return 0;
        }
        gather([a, b, c, d].map(|bytes| vcltzq_s8(vreinterpretq_s8_u8(bytes))))
    }

    #[target_feature(enable = "neon")]
    pub(super) fn scan_neon(scanned: &mut Scanned, text: &[u8]) {
        scan_blocks(scanned, text, |from, to| fold_neon(from, to));
    }
}

#[cfg(target_arch = "x86_64")]
pub(super) mod x86 {
    use super::{BLOCK_BYTES, Block, Scanned, scan_blocks};
    use crate::simd::x86::{load256, load512, store256, store512};
    use std::arch::x86_64::{
        _mm256_and_si256, _mm256_cmpeq_epi8, _mm256_min_epu8, _mm256_movemask_epi8,
        _mm256_or_si256, _mm256_set1_epi8, _mm256_sub_epi8, _mm512_cmpeq_epi8_mask,
        _mm512_cmplt_epu8_mask, _mm512_mask_mov_epi8, _mm512_movepi8_mask, _mm512_or_si512,
        _mm512_set1_epi8, _mm512_sub_epi8,
    };

    /// What sets a small letter apart from its capital.
    const CASE: i8 = 0x20;

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    pub(in super::super) fn fold_avx512(
        from: &[u8; BLOCK_BYTES],
        to: &mut [u8; BLOCK_BYTES],
    ) -> Block {
        let all = |byte: u8| _mm512_set1_epi8(byte.cast_signed());
        let bytes = load512(from);
        let lower = _mm512_or_si512(bytes, _mm512_set1_epi8(CASE));
        let letters = _mm512_cmplt_epu8_mask(_mm512_sub_epi8(lower, all(b'a')), all(26));
        let digits = _mm512_cmplt_epu8_mask(_mm512_sub_epi8(bytes, all(b'0')), all(10));
        let underscores = _mm512_cmpeq_epi8_mask(bytes, all(b'_'));
        store512(to, _mm512_mask_mov_epi8(bytes, letters, lower));
        Block {
            words: letters | digits | underscores,
            beyond_ascii: _mm512_movepi8_mask(bytes),
        }
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    pub(in super::super) fn fold_avx2(
        from: &[u8; BLOCK_BYTES],
        to: &mut [u8; BLOCK_BYTES],
    ) -> Block {
        let all = |byte: u8| _mm256_set1_epi8(byte.cast_signed());
        let bits = |vector| u64::from(_mm256_movemask_epi8(vector).cast_unsigned());
        let mut block = Block {
            words: 0,
            beyond_ascii: 0,
        };
        let (from, to) = (from.as_chunks::<32>().0, to.as_chunks_mut::<32>().0);
        for (i, (from, to)) in from.iter().zip(to).enumerate() {
            let bytes = load256(from);
            let lower = _mm256_or_si256(bytes, _mm256_set1_epi8(CASE));
            let letter = _mm256_sub_epi8(lower, all(b'a'));
            let letters = _mm256_cmpeq_epi8(letter, _mm256_min_epu8(letter, all(25)));
            let digit = _mm256_sub_epi8(bytes, all(b'0'));
            let digits = _mm256_cmpeq_epi8(digit, _mm256_min_epu8(digit, all(9)));
            let underscores = _mm256_cmpeq_epi8(bytes, all(b'_'));
            let case = _mm256_and_si256(letters, _mm256_set1_epi8(CASE));
            store256(to, _mm256_or_si256(bytes, case));
            let words = _mm256_or_si256(letters, _mm256_or_si256(digits, underscores));
            block.words |= bits(words) << (32 * i);
            block.beyond_ascii |= bits(bytes) << (32 * i);
        }
        block
    }

    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,bmi1,bmi2,popcnt")]
    pub(super) fn scan_avx512(scanned: &mut Scanned, text: &[u8]) {
        scan_blocks(scanned, text, |from, to| fold_avx512(from, to));
    }

    #[target_feature(enable = "avx2,bmi1,bmi2,popcnt")]
    pub(super) fn scan_avx2(scanned: &mut Scanned, text: &[u8]) {
        scan_blocks(scanned, text, |from, to| fold_avx2(from, to));
    }
}
