use proptest::prelude::*;

use super::*;

fn seen(lines: &Lines) -> Vec<(u64, Vec<u8>)> {
    let mut seen = Vec::new();
    lines.visit(|offset, line| seen.push((offset, line.to_vec())));
    seen
}

/// The lines of a file, one after the other.
fn naive(file: &[u8]) -> Vec<(u64, Vec<u8>)> {
    let mut offset = 0;
    let mut lines = Vec::new();
    for line in file.split(|byte| *byte == b'\n') {
        if !is_blank(line) {
            lines.push((offset, line.to_vec()));
        }
        offset += line.len() as u64 + 1;
    }
    lines
}

fn by_ranges(file: &[u8], length: u64) -> Vec<(u64, Vec<u8>)> {
    let size = file.len() as u64;
    let mut lines = Vec::new();
    for start in (0..size).step_by(usize::try_from(length).expect("short")) {
        let from = usize::try_from(start.saturating_sub(1)).expect("short");
        let end = (start + length).min(size);
        lines.extend(seen(
            &read_range(&file[from..], start, end, Vec::new()).expect("reads"),
        ));
    }
    lines
}

fn by_stream(file: &[u8], length: u64) -> Vec<(u64, Vec<u8>)> {
    let mut stream = LineStream::new(file, 0);
    let mut lines = Vec::new();
    let mut end = length;
    while !stream.is_done().expect("reads") {
        lines.extend(seen(&stream.lines_before(end, Vec::new()).expect("reads")));
        end += length;
    }
    lines
}

proptest! {
    #[test]
    fn every_line_is_in_exactly_one_split(
        file in prop::collection::vec(prop_oneof![Just(b'\n'), Just(b'a'), Just(b' '), Just(b'b')], 0..200),
        length in 1_u64..40,
    ) {
        let expected = naive(&file);
        prop_assert_eq!(&by_ranges(&file, length), &expected);
        prop_assert_eq!(&by_stream(&file, length), &expected);
    }
}

#[test]
fn a_line_over_the_bound_is_reported_and_its_neighbours_are_read() {
    let mut file = b"before\n".to_vec();
    file.resize(7 + LINE_BYTES_MAX + STEP_BYTES + 5, b'x');
    let length = (file.len() - 7) as u64;
    file.extend_from_slice(b"\nafter\n");
    let mut stream = LineStream::new(&file[..], 0);
    let first = stream.lines_before(1 << 20, Vec::new()).expect("reads");
    assert_eq!(seen(&first), [(0, b"before".to_vec())]);
    assert_eq!(first.too_long, Some((7, length)));
    assert!(first.bytes.capacity() < LINE_BYTES_MAX + 2 * (1 << 20));
    let second = stream.lines_before(u64::MAX, Vec::new()).expect("reads");
    assert_eq!(seen(&second), [(7 + length + 1, b"after".to_vec())]);
    assert!(stream.is_done().expect("reads"));

    let start = 7 + length;
    let from = usize::try_from(start - 1).expect("in memory");
    let last = read_range(&file[from..], start, file.len() as u64, Vec::new()).expect("reads");
    assert_eq!(seen(&last), [(start + 1, b"after".to_vec())]);
}

#[test]
fn a_line_over_the_bound_may_be_the_last_one() {
    let file = vec![b'x'; LINE_BYTES_MAX + 2 * STEP_BYTES];
    let mut stream = LineStream::new(&file[..], 0);
    let lines = stream.lines_before(1 << 20, Vec::new()).expect("reads");
    assert_eq!(lines.too_long, Some((0, file.len() as u64)));
    assert!(stream.is_done().expect("reads"));
}
