use super::*;
use proptest::prelude::*;

/// The block function of a level.
fn fold(level: Level, from: &[u8; 64], to: &mut [u8; 64]) -> Block {
    match level {
        Level::Portable => block::portable::fold(from, to),
        // SAFETY: the levels come from `available`.
        #[cfg(target_arch = "aarch64")]
        Level::Neon => unsafe { block::neon::fold_neon(from, to) },
        // SAFETY: as above.
        #[cfg(target_arch = "x86_64")]
        Level::Avx2 => unsafe { block::x86::fold_avx2(from, to) },
        // SAFETY: as above.
        #[cfg(target_arch = "x86_64")]
        Level::Avx512 => unsafe { block::x86::fold_avx512(from, to) },
    }
}

proptest! {
    #[test]
    fn every_level_folds_a_block_as_the_naive_twin(from in any::<[u8; 64]>(), shift in any::<u8>()) {
        for from in [from, std::array::from_fn(|i| shift.wrapping_add(u8::try_from(i).expect("below 64")))] {
            let (mut expected, mut found) = ([0; 64], [0; 64]);
            let block = block::naive(&from, &mut expected);
            for level in Level::available() {
                prop_assert_eq!(fold(level, &from, &mut found), block);
                prop_assert_eq!(found, expected);
            }
        }
    }
}

#[test]
fn every_code_point_is_decoded_and_encoded_as_by_the_standard_library() {
    for c in '\0'..=char::MAX {
        let mut buffer = [0; 4];
        let bytes = c.encode_utf8(&mut buffer).as_bytes();
        assert_eq!(utf8::decode(bytes), (u32::from(c), c.len_utf8()));
        let (encoded, len) = utf8::encode(u32::from(c));
        assert_eq!(&encoded[..len], bytes);
    }
    assert_eq!(utf8::decode(&[]), (0, 1));
    assert_eq!(utf8::decode(&[0xE2, 0x82]), (0x2080, 3));
}
