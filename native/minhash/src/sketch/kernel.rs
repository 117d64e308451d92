//! The loop of MinHash, for each level of vector instructions.
//!
//! On arm64, too, the version written out is more than a safeguard: the compiler puts shingles, not
//! components, into the lanes of the portable loop and keeps the coefficients on the stack. That is
//! 309 instructions a shingle of 128 components, against 126 of the NEON version (counted under
//! emulation, qemu 7.2, rustc 1.95, 2026-11-26).

use super::high;
use crate::simd::Level;

/// For every component `i`: the least of `least[i]` and `a[i] * x + b[i]` over the high halves `x` of
/// the shingles. The three slices are equally long.
pub(super) fn update(level: Level, shingles: &[u64], a: &[u32], b: &[u32], least: &mut [u32]) {
    match level {
        Level::Portable => portable(shingles, a, b, least),
        #[cfg(target_arch = "aarch64")]
        // SAFETY: this level is given only where its features are.
        Level::Neon => unsafe { neon::neon(shingles, a, b, least) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: this level is given only where its features were found.
        Level::Avx2 => unsafe { x86::avx2(shingles, a, b, least) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: this level is given only where its features were found.
        Level::Avx512 => unsafe { x86::avx512(shingles, a, b, least) },
    }
}

/// Components whose minima stay in registers while the shingles pass by.
const GROUP: usize = 32;

fn portable(shingles: &[u64], a: &[u32], b: &[u32], least: &mut [u32]) {
    let (groups_a, rest_a) = a.as_chunks::<GROUP>();
    let (groups_b, rest_b) = b.as_chunks::<GROUP>();
    let (groups, rest) = least.as_chunks_mut::<GROUP>();
    for ((group, a), b) in groups.iter_mut().zip(groups_a).zip(groups_b) {
        let mut minima = *group;
        for &shingle in shingles {
            let x = high(shingle);
            for ((least, a), b) in minima.iter_mut().zip(a).zip(b) {
                *least = (*least).min(a.wrapping_mul(x).wrapping_add(*b));
            }
        }
        *group = minima;
    }
    for ((least, a), b) in rest.iter_mut().zip(rest_a).zip(rest_b) {
        for &shingle in shingles {
            *least = (*least).min(a.wrapping_mul(high(shingle)).wrapping_add(*b));
        }
    }
}

/// Vectors of one component group: as many minima as fit beside their coefficients.
#[cfg(any(target_arch = "aarch64", target_arch = "x86_64"))]
const VECTORS: usize = 8;

/// The loop with the instructions of one level.
#[cfg(any(target_arch = "aarch64", target_arch = "x86_64"))]
macro_rules! version {
    ($name:ident, $group:ident, $features:literal, $lanes:literal,
     $load:ident, $store:ident, $set:ident, $mul:ident, $add:ident, $min:ident) => {
        #[target_feature(enable = $features)]
        pub(super) fn $name(shingles: &[u64], a: &[u32], b: &[u32], least: &mut [u32]) {
            let (vectors_a, rest_a) = a.as_chunks::<$lanes>();
            let (vectors_b, rest_b) = b.as_chunks::<$lanes>();
            let (vectors, rest) = least.as_chunks_mut::<$lanes>();
            let (groups_a, singles_a) = vectors_a.as_chunks::<VECTORS>();
            let (groups_b, singles_b) = vectors_b.as_chunks::<VECTORS>();
            let (groups, singles) = vectors.as_chunks_mut::<VECTORS>();
            for ((group, a), b) in groups.iter_mut().zip(groups_a).zip(groups_b) {
                $group(shingles, a, b, group);
            }
            for ((single, a), b) in singles.iter_mut().zip(singles_a).zip(singles_b) {
                $group(shingles, &[*a], &[*b], std::array::from_mut(single));
            }
            portable(shingles, rest_a, rest_b, rest);
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn $group<const N: usize>(
            shingles: &[u64],
            a: &[[u32; $lanes]; N],
            b: &[[u32; $lanes]; N],
            least: &mut [[u32; $lanes]; N],
        ) {
            let mut minima = [$set(0); N];
            let (mut multipliers, mut summands) = (minima, minima);
            for i in 0..N {
                minima[i] = $load(&least[i]);
                multipliers[i] = $load(&a[i]);
                summands[i] = $load(&b[i]);
            }
            for &shingle in shingles {
                let x = $set(high(shingle).cast_signed());
                for i in 0..N {
                    let value = $add($mul(x, multipliers[i]), summands[i]);
                    minima[i] = $min(minima[i], value);
                }
            }
            for i in 0..N {
                $store(&mut least[i], minima[i]);
            }
        }
    };
}

#[cfg(target_arch = "aarch64")]
mod neon {
    use super::{VECTORS, high, portable};
    use crate::simd::neon::{load_u32x4, store_u32x4};
    use std::arch::aarch64::{uint32x4_t, vaddq_u32, vdupq_n_u32, vminq_u32, vmulq_u32};

    #[inline]
    #[target_feature(enable = "neon")]
    fn splat(number: i32) -> uint32x4_t {
        vdupq_n_u32(number.cast_unsigned())
    }

    version!(
        neon,
        neon_group,
        "neon",
        4,
        load_u32x4,
        store_u32x4,
        splat,
        vmulq_u32,
        vaddq_u32,
        vminq_u32
    );
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::{VECTORS, high, portable};
    use crate::simd::x86::{load256, load512, store256, store512};
    use std::arch::x86_64::{
        _mm256_add_epi32, _mm256_min_epu32, _mm256_mullo_epi32, _mm256_set1_epi32,
        _mm512_add_epi32, _mm512_min_epu32, _mm512_mullo_epi32, _mm512_set1_epi32,
    };

    version!(
        avx2,
        avx2_group,
        "avx2",
        8,
        load256,
        store256,
        _mm256_set1_epi32,
        _mm256_mullo_epi32,
        _mm256_add_epi32,
        _mm256_min_epu32
    );
    version!(
        avx512,
        avx512_group,
        "avx512f",
        16,
        load512,
        store512,
        _mm512_set1_epi32,
        _mm512_mullo_epi32,
        _mm512_add_epi32,
        _mm512_min_epu32
    );
}
