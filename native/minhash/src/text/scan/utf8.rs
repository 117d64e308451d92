//! One code point of UTF-8. The text is a `str`, so it is sound; unsound bytes would give some other
//! code point, never a panic.

/// The first code point of `bytes` and its length, 1 to 4 bytes (1 where there are none).
#[inline]
pub(super) fn decode(bytes: &[u8]) -> (u32, usize) {
    let at = |at: usize| u32::from(bytes.get(at).copied().unwrap_or(0));
    let more = |i: usize| at(i) & 0x3F;
    match at(0) {
        lead @ 0xF0.. => (
            (lead & 0x07) << 18 | more(1) << 12 | more(2) << 6 | more(3),
            4,
        ),
        lead @ 0xE0.. => ((lead & 0x0F) << 12 | more(1) << 6 | more(2), 3),
        lead @ 0xC0.. => ((lead & 0x1F) << 6 | more(1), 2),
        lead => (lead, 1),
    }
}

/// The bytes of a code point and how many they are; a replacement character for what is none.
#[inline]
pub(super) fn encode(code: u32) -> ([u8; 4], usize) {
    let mut bytes = [0; 4];
    let c = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
    let len = c.encode_utf8(&mut bytes).len();
    (bytes, len)
}
