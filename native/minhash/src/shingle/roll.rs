//! From hashes of units to hashes of n-grams.
//!
//! AVX2 and NEON have no product of 64-bit lanes, so that the portable loop serves them as well.

use crate::mix::finalise;
use crate::simd::Level;

/// The base of the polynomial: odd, its bits as good as random.
const BASE: u64 = 0x9E37_79B9_7F4A_7C15;

/// Appends the hash of every run of `n` units: the finalised sum of `unit * BASE^(units behind it)`
/// modulo 2^64. `n` is 1 or more; fewer units give nothing.
pub(super) fn roll(level: Level, units: &[u64], n: usize, out: &mut Vec<u64>) {
    match level {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: this level is given only where its features were found.
        Level::Avx512 if n <= x86::N_MAX => unsafe { x86::roll_avx512(units, n, out) },
        _ => portable(units, n, out),
    }
}

fn portable(units: &[u64], n: usize, out: &mut Vec<u64>) {
    let power = (0..n).fold(1u64, |power, _| power.wrapping_mul(BASE));
    let next = |sum: u64, unit: u64| sum.wrapping_mul(BASE).wrapping_add(unit);
    let Some((first, behind)) = units.split_at_checked(n) else {
        return;
    };
    let mut sum = first.iter().copied().fold(0, next);
    out.push(finalise(sum));
    out.extend(behind.iter().zip(units).map(|(&new, &old)| {
        sum = next(sum, new.wrapping_sub(old.wrapping_mul(power)));
        finalise(sum)
    }));
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::{BASE, portable};
    use crate::mix::{FINALISE_1, FINALISE_2};
    use crate::simd::x86::{load512, store512};
    use std::arch::x86_64::{
        __m512i, _mm512_add_epi64, _mm512_mullo_epi64, _mm512_set1_epi64, _mm512_srli_epi64,
        _mm512_xor_si512,
    };

    /// Up to here the polynomial anew for 8 runs at once is quicker than rolling it on.
    pub(super) const N_MAX: usize = 24;
    const LANES: usize = 8;

    #[inline]
    #[target_feature(enable = "avx512f,avx512dq")]
    fn times(a: __m512i, b: u64) -> __m512i {
        _mm512_mullo_epi64(a, _mm512_set1_epi64(b.cast_signed()))
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512dq")]
    fn finalise(x: __m512i) -> __m512i {
        let x = times(_mm512_xor_si512(x, _mm512_srli_epi64::<30>(x)), FINALISE_1);
        let x = times(_mm512_xor_si512(x, _mm512_srli_epi64::<27>(x)), FINALISE_2);
        _mm512_xor_si512(x, _mm512_srli_epi64::<31>(x))
    }

    #[target_feature(enable = "avx512f,avx512dq")]
    pub(super) fn roll_avx512(units: &[u64], n: usize, out: &mut Vec<u64>) {
        let mut rest = units;
        while let Some(runs) = rest.get(..LANES + n - 1) {
            let mut sum = _mm512_set1_epi64(0);
            for at in 0..n {
                if let Some(units) = runs.get(at..).and_then(<[u64]>::first_chunk::<LANES>) {
                    sum = _mm512_add_epi64(times(sum, BASE), load512(units));
                }
            }
            let mut hashes = [0; LANES];
            store512(&mut hashes, finalise(sum));
            out.extend_from_slice(&hashes);
            rest = rest.get(LANES..).unwrap_or_default();
        }
        portable(rest, n, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;

    fn naive(units: &[u64], n: usize) -> Vec<u64> {
        let whole = |run: &[u64]| {
            run.iter()
                .fold(0u64, |sum, unit| sum.wrapping_mul(BASE).wrapping_add(*unit))
        };
        units.windows(n).map(|run| finalise(whole(run))).collect()
    }

    proptest! {
        #[test]
        fn every_level_rolls_as_the_naive_twin(units in vec(any::<u64>(), 0..70), n in 1usize..40) {
            for level in Level::available() {
                let mut found = vec![1];
                roll(level, &units, n, &mut found);
                prop_assert_eq!(&found[1..], &naive(&units, n));
            }
        }
    }
}
