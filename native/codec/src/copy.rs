//! Copies of long byte strings.
//!
//! From some KiB on, `memcpy` of glibc takes `rep movsb`. On the AMD EPYC that we measured it then copies half as fast
//! as with vectors, and a quarter as fast while two threads of a process do so. So copies are cut into pieces.

/// Shorter than any length from which glibc takes `rep movsb` (2 KiB with vectors of 16 bytes, more with longer ones).
const PIECE_BYTES: usize = (2 << 10) - 64;

/// What is appended to an output of this length or more goes past the caches. A write that stays in the cache first
/// reads the line that it replaces; of a long output neither the old nor the new content is still there when it is
/// looked at next.
#[cfg(target_arch = "x86_64")]
const STREAMED_FROM: usize = 4 << 20;

/// Appends `bytes` to `out`.
pub(crate) fn append(out: &mut Vec<u8>, bytes: &[u8]) {
    out.reserve(bytes.len());
    #[cfg(target_arch = "x86_64")]
    if out.len() >= STREAMED_FROM {
        streamed::append(out, bytes);
        return;
    }
    for piece in bytes.chunks(PIECE_BYTES) {
        out.extend_from_slice(piece);
    }
}

/// Copies `bytes` to `out`, which is as long.
pub(crate) fn fill(out: &mut [u8], bytes: &[u8]) {
    assert_eq!(out.len(), bytes.len(), "lengths of a copy");
    for (out, piece) in out.chunks_mut(PIECE_BYTES).zip(bytes.chunks(PIECE_BYTES)) {
        out.copy_from_slice(piece);
    }
}

#[cfg(target_arch = "x86_64")]
mod streamed {
    use std::arch::x86_64::{__m128i, _mm_sfence, _mm_stream_si128};
    use std::mem::{MaybeUninit, transmute};

    const LINE_BYTES: usize = 64;
    const VECTORS: usize = LINE_BYTES / size_of::<__m128i>();

    /// A line of the cache: what is written as a whole need not be read before.
    #[repr(align(64))]
    struct Line(#[expect(dead_code, reason = "only its place counts")] [u8; LINE_BYTES]);

    /// Appends `bytes` to `out`, which has room for them, past the caches. The ends, where `out` shares a line with
    /// what lies beside, are written as ever.
    pub(super) fn append(out: &mut Vec<u8>, bytes: &[u8]) {
        // SAFETY: any bytes may become a line that is not initialised.
        let (before, _, _) =
            unsafe { out.spare_capacity_mut().align_to_mut::<MaybeUninit<Line>>() };
        let (head, rest) = bytes.split_at(before.len().min(bytes.len()));
        out.extend_from_slice(head);
        let (lines, tail) = rest.as_chunks::<LINE_BYTES>();
        // SAFETY: as above.
        let (before, places, _) =
            unsafe { out.spare_capacity_mut().align_to_mut::<MaybeUninit<Line>>() };
        assert!(
            lines.is_empty() || (before.is_empty() && places.len() >= lines.len()),
            "the next line begins where the head ended"
        );
        for (place, line) in places.iter_mut().zip(lines) {
            // SAFETY: vectors may hold any bits.
            let vectors = unsafe { transmute::<[u8; LINE_BYTES], [__m128i; VECTORS]>(*line) };
            let first = place.as_mut_ptr().cast::<__m128i>();
            for (at, vector) in vectors.into_iter().enumerate() {
                // SAFETY: so many vectors lie in the line at `place`, which is aligned.
                unsafe { _mm_stream_si128(first.wrapping_add(at), vector) };
            }
        }
        // Streamed writes may be seen later than others; what hands `out` to another thread comes after them.
        // SAFETY: every x86-64 processor has SSE.
        unsafe { _mm_sfence() };
        // SAFETY: these bytes have just been written.
        unsafe { out.set_len(out.len() + lines.as_flattened().len()) };
        out.extend_from_slice(tail);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_any_length() {
        let starts = [3, (4 << 20) - 1, 4 << 20, (4 << 20) + 37];
        for start in starts {
            for length in [0, 1, 63, 64, 65, 200, 2046, 2047, 2048, 2049, 5000, 100_000] {
                let bytes: Vec<u8> = (0..=250).cycle().take(length).collect();
                let mut out = vec![7; start];
                append(&mut out, &bytes);
                assert!(out[..start].iter().all(|&byte| byte == 7));
                assert_eq!(out[start..], bytes);
                out[start..].fill(0);
                fill(&mut out[start..], &bytes);
                assert_eq!(out[start..], bytes);
            }
        }
    }
}
