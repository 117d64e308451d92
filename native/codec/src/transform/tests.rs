use super::*;
use proptest::prelude::*;

const TRANSFORMS: [Transform; 6] = [
    Transform::Plain,
    Transform::Rotate,
    Transform::Xor,
    Transform::XorRotate,
    Transform::Subtract,
    Transform::SubtractOrdered,
];

/// The arithmetic of the format's section 2.4, a value at a time, in 128-bit integers.
fn naive(transform: Transform, width: usize, value: &[u8], base: &[u8]) -> Vec<u8> {
    let bits = width as u32 * 8;
    let (mask, top) = ((1_u128 << bits) - 1, 1_u128 << (bits - 1));
    let number = |bytes: &[u8]| {
        let mut array = [0; 16];
        array[..width].copy_from_slice(bytes);
        u128::from_le_bytes(array)
    };
    let (v, b) = (number(value), number(base));
    let rotate = |v: u128| (v << 1 | v >> (bits - 1)) & mask;
    let order = |v: u128| if v & top != 0 { !v & mask } else { v | top };
    let fold = |d: u128| {
        let d = d & mask;
        if d & top != 0 {
            (!(d << 1)) & mask
        } else {
            d << 1
        }
    };
    let result = match transform {
        Transform::Plain => v,
        Transform::Rotate => rotate(v),
        Transform::Xor => v ^ b,
        Transform::XorRotate => rotate(v ^ b),
        Transform::Subtract => fold(v.wrapping_sub(b)),
        Transform::SubtractOrdered => fold(order(v).wrapping_sub(order(b))),
    };
    result.to_le_bytes()[..width].to_vec()
}

fn check(raw: &[u8], base: &[u8], width: usize, transform: Transform) {
    let length = raw.len() / width * width;
    let (raw, base) = (&raw[..length], &base[..length]);
    let count = length / width;
    let mut planes = vec![0xaa; length];
    split(transform, width, raw, base, &mut planes);
    for index in 0..count {
        let place = index * width..(index + 1) * width;
        let expected = naive(transform, width, &raw[place.clone()], &base[place]);
        let found: Vec<u8> = (0..width)
            .map(|plane| planes[plane * count + index])
            .collect();
        assert_eq!(found, expected, "{transform:?} {width} at {index}");
    }
    let views: Vec<&[u8]> = if count == 0 {
        vec![&[]; width]
    } else {
        planes.chunks_exact(count).collect()
    };
    let mut out = vec![0x55; length];
    join(transform, width, &views, Some(base), &mut out);
    assert!(out == raw, "{transform:?} {width}");
    if matches!(transform, Transform::Plain | Transform::Rotate) {
        out.fill(0x55);
        join(transform, width, &views, None, &mut out);
        assert!(out == raw, "{transform:?} {width} without a base");
    }
    // The sparse way gives the same values.
    let positions: Vec<u32> = (0..count as u32).filter(|place| place % 3 == 1).collect();
    let mut gathered = Vec::new();
    gather(transform, width, (raw, base), &positions, &mut gathered);
    let picked = positions.len().max(1);
    let views: Vec<&[u8]> = if positions.is_empty() {
        vec![&[]; width]
    } else {
        gathered.chunks_exact(picked).collect()
    };
    let mut out = base.to_vec();
    scatter(transform, width, &views, &positions, &mut out);
    for index in 0..count {
        let place = index * width..(index + 1) * width;
        let from = if index % 3 == 1 { raw } else { base };
        assert_eq!(out[place.clone()], from[place]);
    }
}

proptest! {
    #[test]
    fn every_transform_is_the_naive_one_and_comes_back(
        raw in prop::collection::vec(any::<u8>(), 0..600),
        seed in any::<u8>(),
    ) {
        let base: Vec<u8> = raw.iter().enumerate()
            .map(|(place, byte)| if place % 5 == 0 { byte.wrapping_mul(seed) } else { *byte })
            .collect();
        for width in [1, 2, 4, 8] {
            for transform in TRANSFORMS {
                check(&raw, &base, width, transform);
            }
        }
    }

    #[test]
    fn differences_are_where_values_differ(
        raw in prop::collection::vec(0_u8..3, 0..600),
        base in prop::collection::vec(0_u8..3, 600),
    ) {
        let mut found = Vec::new();
        for width in [1, 2, 4, 8] {
            let length = raw.len() / width * width;
            let (raw, base) = (&raw[..length], &base[..length]);
            differences(width, raw, base, &mut found);
            let values = raw.chunks(width).zip(base.chunks(width));
            let expected: Vec<u32> =
                (0..).zip(values).filter(|(_, (a, b))| a != b).map(|(place, _)| place).collect();
            prop_assert_eq!(&found, &expected);
        }
    }
}

#[cfg(target_arch = "aarch64")]
mod shuffles {
    use super::super::neon::{self, STRIP_BYTES};
    use super::*;

    /// Both directions by the shuffles and by the plain loops.
    fn compare<W: Word, M: Map, const N: usize>(raw: &[u8], base: &[u8]) {
        let length = raw.len() / N * N;
        let (raw, base) = (&raw[..length], &base[..length]);
        let (mut planes, mut found) = (vec![0xaa; length], vec![0x55; length]);
        split_loop::<W, M, N>(raw, base, &mut planes);
        // SAFETY: every arm64 processor has NEON.
        unsafe { neon::split::<W, M, N>(raw, base, &mut found) };
        assert!(found == planes, "split of {length} bytes by {N}");

        let planes = cut::<N>(&mut planes).map(|plane| &*plane);
        for base in [Some(base), None] {
            let mut expected = vec![0xaa; length];
            join_loop::<W, M, N>(&planes, base, &mut expected);
            // SAFETY: as above.
            unsafe { neon::join::<W, M, N>(&planes, base, &mut found) };
            assert!(found == expected, "join of {length} bytes by {N}");
        }
    }

    proptest! {
        #[test]
        fn they_do_what_the_plain_loops_do(
            raw in prop::collection::vec(any::<u8>(), 0..3 * STRIP_BYTES),
            base in prop::array::uniform32(any::<u8>()),
        ) {
            let base: Vec<u8> = base.into_iter().cycle().take(raw.len()).collect();
            for transform in TRANSFORMS {
                for width in [1, 2, 4, 8] {
                    dispatch!(transform, width, compare(&raw, &base));
                }
            }
        }
    }
}
