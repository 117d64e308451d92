//! Values to planes and back: the arithmetic of a block (format section 2.4).
//!
//! The loops are plain Rust over fixed-width integers, which the compiler vectorises; on x86-64 they are
//! compiled a second and third time for AVX2 and AVX-512 and picked at run time. On arm64 NEON is the baseline:
//! the compiler makes good use of it where values are narrow, and `neon` has the shuffles for wide ones.
//! All of it is integer arithmetic, so every version gives the same bytes. Cost: about that of a memory copy.

#![expect(
    clippy::inline_always,
    reason = "each version of a loop must be compiled whole for its instruction set"
)]
#![expect(
    clippy::cast_possible_truncation,
    reason = "positions in a block are below 1 Mi"
)]

mod map;
#[cfg(target_arch = "aarch64")]
mod neon;
mod word;

use map::{Map, Plain, Rotate, Subtract, SubtractOrdered, Xor, XorRotate};
use word::Word;

/// What is done to a value before it is cut into planes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Transform {
    /// The value itself.
    Plain,
    /// Sign bit to the low end.
    Rotate,
    /// Exclusive or with the base.
    Xor,
    /// Exclusive or with the base, then sign bit to the low end.
    XorRotate,
    /// Difference to the base, sign folded into the low bit.
    Subtract,
    /// Difference in the order of floating point values, sign folded into the low bit.
    SubtractOrdered,
}

/// Runs `$call` with the type of the transform and of the word.
macro_rules! dispatch {
    ($transform:expr, $width:expr, $call:ident ( $($argument:expr),* )) => {{
        macro_rules! with_map {
            ($map:ty) => {
                match $width {
                    1 => $call::<u8, $map, 1>($($argument),*),
                    2 => $call::<u16, $map, 2>($($argument),*),
                    4 => $call::<u32, $map, 4>($($argument),*),
                    _ => $call::<u64, $map, 8>($($argument),*),
                }
            };
        }
        match $transform {
            Transform::Plain => with_map!(Plain),
            Transform::Rotate => with_map!(Rotate),
            Transform::Xor => with_map!(Xor),
            Transform::XorRotate => with_map!(XorRotate),
            Transform::Subtract => with_map!(Subtract),
            Transform::SubtractOrdered => with_map!(SubtractOrdered),
        }
    }};
}

/// Cuts the values of `raw`, transformed against `base`, into `width` planes that lie one after the other in
/// `planes`, each `raw.len() / width` bytes long. Without a base pass `raw` itself.
///
/// `raw`, `base` and `planes` have the same length, a multiple of `width`, which is 1, 2, 4 or 8.
pub(crate) fn split(
    transform: Transform,
    width: usize,
    raw: &[u8],
    base: &[u8],
    planes: &mut [u8],
) {
    assert!(raw.len() == base.len() && raw.len() == planes.len());
    dispatch!(transform, width, split_dispatch(raw, base, planes));
}

/// The inverse of [`split`]: `out` is filled from the planes, and `base` if the transform uses one.
pub(crate) fn join(
    transform: Transform,
    width: usize,
    planes: &[&[u8]],
    base: Option<&[u8]>,
    out: &mut [u8],
) {
    assert!(planes.len() == width && planes.iter().all(|plane| plane.len() * width == out.len()));
    if let Some(base) = base {
        assert!(base.len() == out.len());
    }
    dispatch!(transform, width, join_dispatch(planes, base, out));
}

/// Positions of the values that differ from the base, in order.
pub(crate) fn differences(width: usize, raw: &[u8], base: &[u8], positions: &mut Vec<u32>) {
    positions.clear();
    match width {
        1 => differences_of::<u8>(raw, base, positions),
        2 => differences_of::<u16>(raw, base, positions),
        4 => differences_of::<u32>(raw, base, positions),
        _ => differences_of::<u64>(raw, base, positions),
    }
}

fn differences_of<W: Word>(raw: &[u8], base: &[u8], positions: &mut Vec<u32>) {
    const STRIDE: usize = 64;
    let mut first = 0_u32;
    for (raw, base) in raw.chunks(STRIDE).zip(base.chunks(STRIDE)) {
        if raw != base {
            let values = raw.chunks_exact(W::BYTES).zip(base.chunks_exact(W::BYTES));
            // Each place is written and counts if it differs: which one does cannot be predicted.
            let (mut found, mut count) = ([0; STRIDE], 0);
            for (place, (value, base)) in (first..).zip(values) {
                found[count % STRIDE] = place;
                count += usize::from(W::load(value) != W::load(base));
            }
            positions.extend_from_slice(&found[..count]);
        }
        first += (STRIDE / W::BYTES) as u32;
    }
}

/// The transformed values at `positions`, as planes one after the other.
pub(crate) fn gather(
    transform: Transform,
    width: usize,
    (raw, base): (&[u8], &[u8]),
    positions: &[u32],
    planes: &mut Vec<u8>,
) {
    planes.clear();
    planes.resize(positions.len() * width, 0);
    dispatch!(transform, width, gather_as(raw, base, positions, planes));
}

fn gather_as<W: Word, M: Map, const N: usize>(
    raw: &[u8],
    base: &[u8],
    positions: &[u32],
    planes: &mut [u8],
) {
    let count = positions.len();
    for (index, &position) in positions.iter().enumerate() {
        let at = position as usize * N;
        let mut value = M::forward(W::load(&raw[at..]), W::load(&base[at..]));
        for plane in 0..N {
            planes[plane * count + index] = value.low_byte();
            value = shift_byte_down(value);
        }
    }
}

/// Restores the values at `positions` of `out`, which holds the base, from their transformed planes.
///
/// # Panics
///
/// If a position is outside of `out`: the caller has checked them.
pub(crate) fn scatter(
    transform: Transform,
    width: usize,
    planes: &[&[u8]],
    positions: &[u32],
    out: &mut [u8],
) {
    dispatch!(transform, width, scatter_as(planes, positions, out));
}

fn scatter_as<W: Word, M: Map, const N: usize>(
    planes: &[&[u8]],
    positions: &[u32],
    out: &mut [u8],
) {
    for (index, &position) in positions.iter().enumerate() {
        let slot = &mut out[position as usize * N..][..N];
        let mut transformed = W::ZERO;
        for (plane, shift) in planes.iter().zip((0..).step_by(8)) {
            transformed = transformed | (W::from_byte(plane[index]) << shift);
        }
        M::inverse(transformed, W::load(slot)).store(slot);
    }
}

/// The next byte of a value in the lowest place; two steps, for a shift by all bits of a byte is an overflow.
#[inline(always)]
fn shift_byte_down<W: Word>(value: W) -> W {
    (value >> 4) >> 4
}

#[inline(always)]
fn split_loop<W: Word, M: Map, const N: usize>(raw: &[u8], base: &[u8], planes: &mut [u8]) {
    split_values::<W, M, N>(raw, base, cut(planes));
}

/// Planes that lie one after the other.
#[inline(always)]
fn cut<const N: usize>(planes: &mut [u8]) -> [&mut [u8]; N] {
    let count = planes.len() / N;
    let mut rest = planes;
    std::array::from_fn(|_| {
        let (plane, after) = std::mem::take(&mut rest).split_at_mut(count);
        rest = after;
        plane
    })
}

#[inline(always)]
fn split_values<W: Word, M: Map, const N: usize>(raw: &[u8], base: &[u8], outputs: [&mut [u8]; N]) {
    let count = raw.len() / N;
    let mut outputs = outputs.map(|output| &mut output[..count]);
    let (raw, base) = (&raw[..count * N], &base[..count * N]);
    for index in 0..count {
        let mut value = M::forward(W::load(&raw[index * N..]), W::load(&base[index * N..]));
        for output in &mut outputs {
            output[index] = value.low_byte();
            value = shift_byte_down(value);
        }
    }
}

#[inline(always)]
fn join_loop<W: Word, M: Map, const N: usize>(
    planes: &[&[u8]],
    base: Option<&[u8]>,
    out: &mut [u8],
) {
    let count = out.len() / N;
    let inputs: [&[u8]; N] = std::array::from_fn(|plane| &planes[plane][..count]);
    let gather = |index: usize| {
        let mut value = W::ZERO;
        for (input, shift) in inputs.iter().zip((0..).step_by(8)) {
            value = value | (W::from_byte(input[index]) << shift);
        }
        value
    };
    if let Some(base) = base {
        let base = &base[..count * N];
        for (index, slot) in out.chunks_exact_mut(N).enumerate() {
            M::inverse(gather(index), W::load(&base[index * N..])).store(slot);
        }
    } else {
        for (index, slot) in out.chunks_exact_mut(N).enumerate() {
            M::inverse(gather(index), W::ZERO).store(slot);
        }
    }
}

/// A loop in as many versions as the processors need: the compiler vectorises each for its instruction set, and for
/// values of some bytes on there is one for NEON written out.
macro_rules! versions {
    ($dispatch:ident, $loop:ident, $neon:ident from $bytes:literal, ($($name:ident: $type:ty),*)) => {
        fn $dispatch<W: Word, M: Map, const N: usize>($($name: $type),*) {
            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi,avx512dq")]
                fn avx512<W: Word, M: Map, const N: usize>($($name: $type),*) {
                    $loop::<W, M, N>($($name),*);
                }
                #[target_feature(enable = "avx2")]
                fn avx2<W: Word, M: Map, const N: usize>($($name: $type),*) {
                    $loop::<W, M, N>($($name),*);
                }
                if is_x86_feature_detected!("avx512vbmi")
                    && is_x86_feature_detected!("avx512bw")
                    && is_x86_feature_detected!("avx512vl")
                    && is_x86_feature_detected!("avx512dq")
                {
                    // SAFETY: all features that the function is compiled for were found just now; avx512f comes
                    // with any of them.
                    return unsafe { avx512::<W, M, N>($($name),*) };
                }
                if is_x86_feature_detected!("avx2") {
                    // SAFETY: the feature was found just now.
                    return unsafe { avx2::<W, M, N>($($name),*) };
                }
            }
            #[cfg(target_arch = "aarch64")]
            if N >= $bytes {
                // SAFETY: every arm64 processor has NEON.
                return unsafe { neon::$neon::<W, M, N>($($name),*) };
            }
            $loop::<W, M, N>($($name),*);
        }
    };
}
versions!(split_dispatch, split_loop, split from 8, (raw: &[u8], base: &[u8], planes: &mut [u8]));
versions!(join_dispatch, join_loop, join from 4, (planes: &[&[u8]], base: Option<&[u8]>, out: &mut [u8]));

#[cfg(test)]
mod tests;
