//! Loads and stores of whole arrays: the only vector operations that need `unsafe`.

use std::arch::aarch64::{
    uint8x8_t, uint8x16_t, uint16x8_t, uint32x4_t, vld1_u8, vld1q_u8, vld1q_u32, vst1q_u8,
    vst1q_u16, vst1q_u32,
};

/// A load and a store of 16 bytes as the integers that they hold.
macro_rules! whole_array {
    ($element:ty, $lanes:literal, $vector:ty, $load:ident, $load_raw:ident) => {
        /// The vector of an array.
        #[inline]
        #[target_feature(enable = "neon")]
        pub(crate) fn $load(from: &[$element; $lanes]) -> $vector {
            const { assert!(size_of::<$vector>() == size_of::<[$element; $lanes]>()) };
            // SAFETY: the reference is to as many initialised bytes as the vector has, and this load
            // asks for no more alignment than the element's.
            unsafe { $load_raw(from.as_ptr()) }
        }
    };
    ($element:ty, $lanes:literal, $vector:ty, to $store:ident, $store_raw:ident) => {
        /// Fills an array.
        #[inline]
        #[target_feature(enable = "neon")]
        pub(crate) fn $store(to: &mut [$element; $lanes], vector: $vector) {
            const { assert!(size_of::<$vector>() == size_of::<[$element; $lanes]>()) };
            // SAFETY: the reference is to as many bytes as the vector has, all of them ours to write,
            // and this store asks for no more alignment than the element's.
            unsafe { $store_raw(to.as_mut_ptr(), vector) };
        }
    };
}
whole_array!(u8, 8, uint8x8_t, load_u8x8, vld1_u8);
whole_array!(u8, 16, uint8x16_t, load_u8x16, vld1q_u8);
whole_array!(u8, 16, uint8x16_t, to store_u8x16, vst1q_u8);
whole_array!(u16, 8, uint16x8_t, to store_u16x8, vst1q_u16);
whole_array!(u32, 4, uint32x4_t, load_u32x4, vld1q_u32);
whole_array!(u32, 4, uint32x4_t, to store_u32x4, vst1q_u32);
