//! Second step: where words begin and end.

use crate::simd::Level;

/// Edges of words of one chunk, alternating begin and end.
#[derive(Debug)]
pub(super) struct Edges {
    places: Vec<u16>,
    len: usize,
}

impl Edges {
    /// Places that may be written behind the last edge of a word of bits.
    const SLACK: usize = 64;

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
    fn find_with(&mut self, bits: &[u64], write: impl Fn(u64, u16, &mut [u16; Self::SLACK])) {
        let mut before = 0;
        for (first, &bits) in (0u16..).step_by(64).zip(bits) {
            let edges = bits ^ (bits << 1 | before);
            before = bits >> 63;
            let room = self
                .places
                .get_mut(self.len..)
                .and_then(<[u16]>::first_chunk_mut);
            if let Some(room) = room {
                write(edges, first, room);
                self.len += edges.count_ones() as usize;
            }
        }
    }
}

/// Writes the place of each set bit, counted from `first`; what lies behind them is undefined.
#[inline]
fn each_bit(mut edges: u64, first: u16, places: &mut [u16; Edges::SLACK]) {
    for group in places.as_chunks_mut::<8>().0 {
        for place in group {
            #[expect(clippy::cast_possible_truncation, reason = "at most 64")]
            let bit = edges.trailing_zeros() as u16;
            *place = first.wrapping_add(bit);
            edges &= edges.wrapping_sub(1);
        }
        if edges == 0 {
            return;
        }
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
    fn compress(edges: u64, first: u16, places: &mut [u16; Edges::SLACK]) {
        let [low, high] = places.as_chunks_mut::<32>().0 else {
            return;
        };
        let found = _mm512_maskz_compress_epi8(edges, load512(&BITS));
        let first = _mm512_set1_epi16(first.cast_signed());
        let half = _mm512_cvtepu8_epi16(_mm512_castsi512_si256(found));
        store512(low, _mm512_add_epi16(half, first));
        if edges.count_ones() > 32 {
            let half = _mm512_cvtepu8_epi16(_mm512_extracti64x4_epi64::<1>(found));
            store512(high, _mm512_add_epi16(half, first));
        }
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
