//! Damage to a packed file, and input that is not what it says.

use super::*;

/// Claims a longer end than it can read, as a file does that is cut short meanwhile.
struct Shrinking(Cursor<Vec<u8>>);

impl Read for Shrinking {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        self.0.read(out)
    }
}

impl Seek for Shrinking {
    fn seek(&mut self, to: SeekFrom) -> std::io::Result<u64> {
        let at = self.0.seek(to)?;
        Ok(if matches!(to, SeekFrom::End(_)) {
            at + 10
        } else {
            at
        })
    }
}

#[test]
fn an_input_that_shrinks_while_it_is_read_is_an_error() {
    let input = Box::new(Shrinking(Cursor::new(noise(1, 5000))));
    let failed = compress(input, None, &mut Vec::new(), &options(1 << 20), &mut go_on);
    assert_eq!(failed.unwrap_err().kind(), ErrorKind::InsufficientData);
}

#[test]
fn segment_sizes_out_of_range_are_refused() {
    for segment_bytes in [0, (256 << 20) + 1] {
        let failed = compress(
            boxed(&[1]),
            None,
            &mut Vec::new(),
            &options(segment_bytes),
            &mut go_on,
        );
        assert_eq!(failed.unwrap_err().kind(), ErrorKind::InvalidArgument);
    }
}

/// Every damage to a packed file is an error, or harms nothing.
fn is_safe(damaged: &[u8], bases: &[&[u8]], original: &[u8]) -> ControlFlow<String> {
    match unpack(damaged, bases) {
        Ok(restored) if restored != original => ControlFlow::Break("wrong bytes".into()),
        _ => ControlFlow::Continue(()),
    }
}

#[test]
fn a_file_cut_anywhere_or_with_a_flipped_bit_never_gives_wrong_bytes() {
    let (old, mut new) = (floats(1, 300), floats(1, 300));
    new[40] ^= 9;
    new.extend_from_slice(b"tail");
    let (old, new) = (
        safetensors(&[("w", "F32", &old)]),
        safetensors(&[("w", "F32", &new[..1200]), ("t", "U8", b"tail")]),
    );
    let (delta, _) = pack(&new, Some((&old, &[])), &options(700));
    for length in 0..delta.len() {
        assert!(
            unpack(&delta[..length], &[&old]).is_err(),
            "cut at {length}"
        );
    }
    for bit in 0..delta.len() * 8 {
        let mut damaged = delta.clone();
        damaged[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(
            is_safe(&damaged, &[&old], &new),
            ControlFlow::Continue(()),
            "bit {bit}"
        );
    }
}
