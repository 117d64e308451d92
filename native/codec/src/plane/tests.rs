#![expect(clippy::cast_possible_truncation, reason = "small numbers of a test")]

use super::*;
use proptest::prelude::*;

fn check(bytes: &[u8], level: Level) {
    for content in [Content::Numbers, Content::Other] {
        let mut coder = StreamCoder::new(level).unwrap();
        let mut frames = vec![1, 2, 3];
        let header = coder.encode(bytes, content, &mut frames).unwrap();
        let mut written = Vec::new();
        header.write_to(&mut written);
        assert_eq!(written.len(), header.exact_size());
        let mut body = Vec::new();
        write_body(header, bytes, &mut &frames[3..], &mut body);
        assert_eq!(body.len(), header.stored);
        assert!(body.len() <= bytes.len());
        written.extend_from_slice(&body);
        if header.coding == Coding::Zstd {
            let stock = zstd::bulk::decompress(&body, bytes.len()).unwrap();
            assert!(stock == bytes, "stock zstd restores other bytes");
        } else {
            assert_eq!(frames.len(), 3);
        }
        let mut reader = Reader::new(&written, "test");
        assert_eq!(
            StreamHeader::read_from(&mut reader, bytes.len()).unwrap(),
            header
        );
        let mut out = vec![0xaa; bytes.len()];
        coder
            .decode(header, reader.bytes(header.stored).unwrap(), &mut out)
            .unwrap();
        assert!(out == bytes);
    }
}

#[test]
fn every_frame_is_read_by_stock_zstd() {
    let mut state = 1_u64;
    for length in [
        1, 2, 23, 24, 25, 300, 4095, 4096, 5000, 70_000, 131_072, 262_144, 300_000,
    ] {
        for symbols in [1, 2, 3, 20, 130, 256] {
            let bytes: Vec<u8> = (0..length)
                .map(|_| {
                    state = state
                        .wrapping_mul(6_364_136_223_846_793_005)
                        .wrapping_add(1);
                    let wide = (state >> 33) % symbols;
                    ((state >> 13) % (wide + 1)) as u8
                })
                .collect();
            check(&bytes, Level::Default);
        }
        check(
            &b"to be or not to be, ".repeat(length / 20 + 1)[..length],
            Level::Fast,
        );
    }
    check(&b"to be or not to be, ".repeat(500), Level::Max);
}

#[test]
fn headers_that_cannot_be_are_refused() {
    for (value, length) in [(3, 5), (4 << 2, 5), (2 << 2 | 1, 5), (100 << 2 | 2, 5)] {
        let mut bytes = Vec::new();
        write_varint(value, &mut bytes);
        assert!(StreamHeader::read_from(&mut Reader::new(&bytes, "test"), length).is_err());
    }
}

proptest! {
    #[test]
    fn any_stream_comes_back(bytes in prop::collection::vec(any::<u8>(), 1..500)) {
        check(&bytes, Level::Fast);
        check(&bytes.iter().map(|byte| byte & 3).collect::<Vec<_>>(), Level::Fast);
    }

    #[test]
    fn hostile_frames_do_not_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let mut coder = StreamCoder::new(Level::Fast).unwrap();
        let header = StreamHeader { coding: Coding::Zstd, stored: bytes.len() };
        let _ = coder.decode(header, &bytes, &mut [0; 5000]);
    }
}
