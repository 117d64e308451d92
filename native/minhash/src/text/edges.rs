//! Second step: where words begin and end.
//!
//! NEON has no instruction that moves the set lanes together, as AVX-512 has. A table that is looked
//! up once a byte of bits still takes less than half of the instructions of a loop over the bits (the
//! counts are in `docs/dedup.md`).

use crate::simd::Level;

/// Edges of words of one chunk, alternating begin and end.
#[derive(Debug)]
pub(super) struct Edges {
    places: Vec<u16>,
    len: usize,
}

impl Edges {
    /// Places that may be written from the first edge of a word of bits on: one for each bit, and
    /// what a vector holds behind its last edge.
    const SLACK: usize = 64 + 8;

    /// Room for the edges of a chunk of `chunk_bytes`, at most 65,536.
    pub(super) fn with_room(chunk_bytes: usize) -> Self {
        let places = vec![0; chunk_bytes.min(1 << 16) + 2 + Self::SLACK];
        Self { places, len: 0 }
    }

    /// Begin and end of each word.
    pub(super) fn words(&self) -> &[[u16; 2]] {
        self.places
            .get(..self.len)
            .unwrap_or_default()
            .as_chunks()
            .0
    }

    /// Finds the edges in word bits, of which the last one is 0.
    pub(super) fn find(&mut self, level: Level, bits: &[u64]) {
        self.len = 0;
        match level {
            Level::Portable => self.find_with(bits, each_bit),
            #[cfg(target_arch = "aarch64")]
            // SAFETY: this level is given only where its features are.
            Level::Neon => unsafe { neon::find_neon(self, bits) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: this level is given only where its features were found.
            Level::Avx2 => unsafe { x86::find_avx2(self, bits) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: this level is given only where its features were found.
            Level::Avx512 => unsafe { x86::find_avx512(self, bits) },
        }
    }

    #[inline(always)]
    #[expect(
        clippy::inline_always,
        reason = "each version is compiled for its level"
    )]
    fn find_with(
        &mut self,
        bits: &[u64],
        write: impl Fn(u64, u16, &mut [u16; Self::SLACK]) -> usize,
    ) {
        let mut before = 0;
        for (first, &bits) in (0u16..).step_by(64).zip(bits) {
            let edges = bits ^ (bits << 1 | before);
            before = bits >> 63;
            let room = self
                .places
                .get_mut(self.len..)
                .and_then(<[u16]>::first_chunk_mut);
            if let Some(room) = room {
                self.len += write(edges, first, room);
            }
        }
    }
}

/// Writes the place of each set bit, counted from `first`, and returns how many there are; what lies
/// behind them is undefined.
#[inline]
fn each_bit(mut edges: u64, first: u16, places: &mut [u16; Edges::SLACK]) -> usize {
    let count = edges.count_ones() as usize;
    // A place for each bit: what a vector may need behind them is not for this loop.
    for group in places.as_chunks_mut::<8>().0.iter_mut().take(64 / 8) {
        for place in group {
            #[expect(clippy::cast_possible_truncation, reason = "at most 64")]
            let bit = edges.trailing_zeros() as u16;
            *place = first.wrapping_add(bit);
            edges &= edges.wrapping_sub(1);
        }
        if edges == 0 {
            break;
        }
    }
    count
}

#[cfg(target_arch = "aarch64")]
mod neon {
    use super::Edges;
    use crate::simd::neon::{load_u8x8, store_u16x8};
    use std::arch::aarch64::{
        vaddq_u16, vaddw_u8, vcnt_u8, vcreate_u8, vdupq_n_u16, vget_lane_u64, vreinterpret_u64_u8,
    };

    /// For each byte the numbers of its set bits, from the lowest on, and zeros behind them.
    const BITS: [[u8; 8]; 256] = {
        let mut bits = [[0; 8]; 256];
        let mut byte = 0;
        while byte < 256 {
            let (mut bit, mut count) = (0, 0);
            while bit < 8 {
                if byte >> bit & 1 == 1 {
                    bits[byte][count] = bit;
                    count += 1;
                }
                bit += 1;
            }
            byte += 1;
        }
        bits
    };

    /// [`each_bit`](super::each_bit), eight bits at a time: their places come out of a table, and where
    /// they go is the number of bits set before them.
    #[inline]
    #[target_feature(enable = "neon")]
    fn each_byte(edges: u64, first: u16, places: &mut [u16; Edges::SLACK]) -> usize {
        if edges == 0 {
            return 0;
        }
        let counts = vget_lane_u64::<0>(vreinterpret_u64_u8(vcnt_u8(vcreate_u8(edges))));
        // In each byte the sum of all counts up to its own, at most 64.
        let ends = counts.wrapping_mul(u64::from_ne_bytes([1; 8]));
        let starts = (ends << 8).to_le_bytes();
        let mut first = vdupq_n_u16(first);
        for (byte, start) in edges.to_le_bytes().into_iter().zip(starts) {
            let start = usize::from(start & 63);
            if let Some(to) = places[start..].first_chunk_mut() {
                store_u16x8(to, vaddw_u8(first, load_u8x8(&BITS[usize::from(byte)])));
            }
            first = vaddq_u16(first, vdupq_n_u16(8));
        }
        usize::from(ends.to_be_bytes()[0])
    }

    #[target_feature(enable = "neon")]
    pub(super) fn find_neon(edges: &mut Edges, bits: &[u64]) {
        edges.find_with(bits, |edges, first, places| each_byte(edges, first, places));
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::{Edges, each_bit};
    use crate::simd::x86::{load512, store512};
    use std::arch::x86_64::{
        _mm512_add_epi16, _mm512_castsi512_si256, _mm512_cvtepu8_epi16, _mm512_extracti64x4_epi64,
        _mm512_maskz_compress_epi8, _mm512_set1_epi16,
    };

    /// The numbers 0 to 63.
    const BITS: [u8; 64] = {
        let mut bits = [0; 64];
        let mut i = 0;
        while i < 64 {
            #[expect(clippy::cast_possible_truncation, reason = "below 64")]
            let bit = i as u8;
            bits[i] = bit;
            i += 1;
        }
        bits
    };

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi2")]
    fn compress(edges: u64, first: u16, places: &mut [u16; Edges::SLACK]) -> usize {
        let count = edges.count_ones() as usize;
        let [low, high] = places.as_chunks_mut::<32>().0 else {
            return count;
        };
        let found = _mm512_maskz_compress_epi8(edges, load512(&BITS));
        let first = _mm512_set1_epi16(first.cast_signed());
        let half = _mm512_cvtepu8_epi16(_mm512_castsi512_si256(found));
        store512(low, _mm512_add_epi16(half, first));
        if count > 32 {
            let half = _mm512_cvtepu8_epi16(_mm512_extracti64x4_epi64::<1>(found));
            store512(high, _mm512_add_epi16(half, first));
        }
        count
    }

    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi2,bmi1,bmi2,popcnt")]
    pub(super) fn find_avx512(edges: &mut Edges, bits: &[u64]) {
        edges.find_with(bits, |edges, first, places| compress(edges, first, places));
    }

    #[target_feature(enable = "avx2,bmi1,bmi2,popcnt")]
    pub(super) fn find_avx2(edges: &mut Edges, bits: &[u64]) {
        edges.find_with(bits, each_bit);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;

    /// Begin and end of every run of ones.
    fn naive(bits: &[u64]) -> Vec<[u16; 2]> {
        let is_word = |at: u16| bits[usize::from(at / 64)] >> (at % 64) & 1 == 1;
        let mut words: Vec<[u16; 2]> = Vec::new();
        for at in (0..=u16::MAX)
            .take(bits.len() * 64)
            .filter(|&at| is_word(at))
        {
            match words.last_mut() {
                Some([_, end]) if *end == at => *end += 1,
                _ => words.push([at, at + 1]),
            }
        }
        words
    }

    proptest! {
        #[test]
        fn every_level_finds_the_edges(
            bits in vec(prop_oneof![any::<u64>(), Just(0), Just(u64::MAX), Just(0x5555_5555_5555_5555)], 0..9)
        ) {
            let bits = [bits, vec![0]].concat();
            let expected = naive(&bits);
            for level in Level::available() {
                let mut edges = Edges::with_room(bits.len() * 64);
                edges.find(level, &bits);
                prop_assert_eq!(edges.words(), &expected);
            }
        }
    }
}
