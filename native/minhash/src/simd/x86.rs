//! Loads and stores of whole arrays: the only vector operations that need `unsafe`.

use std::arch::x86_64::{
    __m256i, __m512i, _mm256_loadu_si256, _mm256_storeu_si256, _mm512_loadu_si512,
    _mm512_storeu_si512,
};

/// Plain integers of which any bits are a value.
pub(crate) trait Integer: Copy {}
impl Integer for u8 {}
impl Integer for u16 {}
impl Integer for u32 {}
impl Integer for u64 {}

/// The 64 bytes of an array.
#[inline]
#[target_feature(enable = "avx512f")]
pub(crate) fn load512<T: Integer, const N: usize>(from: &[T; N]) -> __m512i {
    const { assert!(size_of::<[T; N]>() == 64) };
    // SAFETY: the reference is to 64 initialised bytes, and this load asks for no alignment.
    unsafe { _mm512_loadu_si512(from.as_ptr().cast()) }
}

/// Fills an array of 64 bytes.
#[inline]
#[target_feature(enable = "avx512f")]
pub(crate) fn store512<T: Integer, const N: usize>(to: &mut [T; N], vector: __m512i) {
    const { assert!(size_of::<[T; N]>() == 64) };
    // SAFETY: the reference is to 64 bytes that are ours to write, any bits are an `Integer`, and
    // this store asks for no alignment.
    unsafe { _mm512_storeu_si512(to.as_mut_ptr().cast(), vector) };
}

/// The 32 bytes of an array.
#[inline]
#[target_feature(enable = "avx2")]
pub(crate) fn load256<T: Integer, const N: usize>(from: &[T; N]) -> __m256i {
    const { assert!(size_of::<[T; N]>() == 32) };
    // SAFETY: the reference is to 32 initialised bytes, and this load asks for no alignment.
    unsafe { _mm256_loadu_si256(from.as_ptr().cast()) }
}

/// Fills an array of 32 bytes.
#[inline]
#[target_feature(enable = "avx2")]
pub(crate) fn store256<T: Integer, const N: usize>(to: &mut [T; N], vector: __m256i) {
    const { assert!(size_of::<[T; N]>() == 32) };
    // SAFETY: the reference is to 32 bytes that are ours to write, any bits are an `Integer`, and
    // this store asks for no alignment.
    unsafe { _mm256_storeu_si256(to.as_mut_ptr().cast(), vector) };
}
