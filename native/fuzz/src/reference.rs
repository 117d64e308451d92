//! A second decoder of segments: written after `docs/format/checkpoint-v1.md`, plain and slow, with libzstd for
//! every frame. It takes nothing from the codec.
//!
//! It does not compare checksums but says what they should be. So a fuzzer can put right those of a segment that it
//! has changed ([`mend`]), and get past them into the decoders of blocks.

use mithril_checkpoint::checksum::Checksums;

/// Bytes of the footer.
pub const FOOTER_BYTES: usize = 64;
/// Most bytes of a block.
const BLOCK_BYTES_MAX: u64 = 1 << 20;
/// Most bytes of a segment.
const SEGMENT_BYTES_MAX: u64 = 256 << 20;
/// No block refers beyond this in the base.
const BASE_END_MAX: u64 = 1 << 63;

const RAW: u8 = 0;
const STANDALONE: u8 = 1;
const SUBTRACT: u8 = 2;
const XOR: u8 = 3;
const IDENTICAL: u8 = 4;
/// A method that the samples build blocks of.
pub const GROUPED: u8 = 5;

/// Takes fields off the front of bytes.
pub struct Reader<'a>(pub &'a [u8]);

impl<'a> Reader<'a> {
    /// The next `count` bytes.
    pub fn take(&mut self, count: u64) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(usize::try_from(count).ok()?)?;
        self.0 = rest;
        Some(taken)
    }

    fn u8(&mut self) -> Option<u8> {
        self.take(1).map(|byte| byte[0])
    }

    fn u32(&mut self) -> Option<u32> {
        Some(u32::from_le_bytes(self.take(4)?.try_into().ok()?))
    }

    fn u64(&mut self) -> Option<u64> {
        Some(u64::from_le_bytes(self.take(8)?.try_into().ok()?))
    }

    /// A LEB128 integer of 64 bits in its shortest form.
    pub fn varint(&mut self) -> Option<u64> {
        let mut value = 0_u128;
        for group in 0..10 {
            let byte = self.u8()?;
            value |= u128::from(byte & 127) << (7 * group);
            if byte < 128 {
                let is_shortest = byte > 0 || group == 0;
                return u64::try_from(value).ok().filter(|_| is_shortest);
            }
        }
        None
    }
}

/// Appends an integer as the format does.
pub fn write_varint(mut value: u64, out: &mut Vec<u8>) {
    while value > 127 {
        out.push(value as u8 | 128);
        value >>= 7;
    }
    out.push(value as u8);
}

/// What a segment restores.
#[derive(Debug)]
pub struct Restored {
    /// Where it begins in the original.
    pub raw_offset: u64,
    /// The bytes.
    pub raw: Vec<u8>,
    /// Where the CRC32 of each block is in the segment, and what it should be.
    pub checksums: Vec<(usize, u32)>,
    /// What the CRC32 in the footer should be.
    pub index_checksum: u32,
}

impl Restored {
    /// Whether all checksums are as they should be.
    pub fn is_sound(&self, stored: &[u8]) -> bool {
        let at = |place: usize| stored.get(place..place + 4);
        let footer = stored.len() - FOOTER_BYTES;
        self.checksums
            .iter()
            .chain([&(footer + 52, self.index_checksum)])
            .all(|(place, crc32)| at(*place) == Some(&crc32.to_le_bytes()))
    }
}

/// Restores a segment, whatever its checksums say; `None` if it breaks a rule of the format or refers beyond `base`.
pub fn decode(stored: &[u8], base: &[u8]) -> Option<Restored> {
    let (rest, footer) = stored.split_last_chunk::<FOOTER_BYTES>()?;
    let mut reader = Reader(footer);
    let (raw_offset, raw_length) = (reader.u64()?, reader.u64()?);
    let (payload_length, index_length) = (reader.u64()?, u64::from(reader.u32()?));
    let (entries, blocks) = (reader.u32()?, reader.u32()?);
    let version_flags_reserved = reader.take(16)?;
    let fixed = version_flags_reserved[0] == 1 && version_flags_reserved[1..] == [0; 15];
    reader.u32()?;
    let magic = reader.0 == b"MITHSEG1";
    raw_offset.checked_add(raw_length)?;
    let lengths = payload_length.checked_add(index_length)? == rest.len() as u64;
    if !(fixed && magic && lengths && raw_length <= SEGMENT_BYTES_MAX && blocks <= 1 << 20) {
        return None;
    }
    let (payload, index) = rest.split_at(usize::try_from(payload_length).ok()?);
    let mut state = Decoder {
        index: Reader(index),
        index_end: stored.len() - FOOTER_BYTES,
        payload: Reader(payload),
        base,
        shift: 0,
        limit: raw_length,
        restored: Restored {
            raw_offset,
            raw: Vec::new(),
            checksums: Vec::new(),
            index_checksum: crc32(&[index, &footer[..52]].concat()),
        },
    };
    for _ in 0..entries {
        state.entry()?;
    }
    let restored = state.restored;
    let complete = state.index.0.is_empty()
        && state.payload.0.is_empty()
        && restored.raw.len() as u64 == raw_length
        && restored.checksums.len() == blocks as usize;
    complete.then_some(restored)
}

/// Puts right the lengths, constants and checksums of the footer, and the checksums of all blocks if they can be
/// restored.
pub fn mend(stored: &mut [u8], base: &[u8]) {
    let Some(footer) = stored.len().checked_sub(FOOTER_BYTES) else {
        return;
    };
    let index_length = u32::from_le_bytes(stored[footer + 24..][..4].try_into().unwrap());
    let payload_length = (footer as u64).saturating_sub(index_length.into());
    stored[footer + 16..][..8].copy_from_slice(&payload_length.to_le_bytes());
    stored[footer + 36..][..16].copy_from_slice(&[1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    stored[footer + 56..].copy_from_slice(b"MITHSEG1");
    if let Some(restored) = decode(stored, base) {
        for (place, crc32) in restored.checksums {
            stored[place..][..4].copy_from_slice(&crc32.to_le_bytes());
        }
    }
    let covered = usize::try_from(payload_length).unwrap_or(0)..footer + 52;
    let sum = crc32(&stored[covered]);
    stored[footer + 52..][..4].copy_from_slice(&sum.to_le_bytes());
}

fn crc32(bytes: &[u8]) -> u32 {
    Checksums::of(bytes).crc32
}

struct Decoder<'a> {
    index: Reader<'a>,
    index_end: usize,
    payload: Reader<'a>,
    base: &'a [u8],
    shift: i64,
    limit: u64,
    restored: Restored,
}

impl<'a> Decoder<'a> {
    /// Section 2.2.
    fn entry(&mut self) -> Option<()> {
        let tag = self.index.u8()?;
        let (method, width_log2) = (tag & 7, tag >> 3 & 3);
        let (float, sparse, moved) = (tag & 32 > 0, tag & 64 > 0, tag & 128 > 0);
        let has_planes = matches!(method, STANDALONE | SUBTRACT | XOR | GROUPED);
        let has_base = matches!(method, SUBTRACT | XOR | IDENTICAL | GROUPED);
        let is_bytes = width_log2 == 0 && !float;
        let allowed = method <= GROUPED
            && (float || method != GROUPED)
            && (has_planes || is_bytes)
            && (width_log2 > 0 || is_bytes)
            && (!sparse || matches!(method, SUBTRACT | XOR))
            && (!moved || has_base);
        let values = self.index.varint()?;
        if !allowed || values == 0 || values > BLOCK_BYTES_MAX >> width_log2 {
            return None;
        }
        let length = values << width_log2;
        if moved {
            let zigzag = self.index.varint()?;
            let by = (zigzag >> 1).cast_signed() ^ -(zigzag & 1).cast_signed();
            self.shift = self.shift.checked_add(by).filter(|_| by != 0)?;
        }
        let count = if method == IDENTICAL {
            self.index.varint()?
        } else {
            1
        };
        let stored = match method {
            RAW => length,
            IDENTICAL => 0,
            _ => self.index.varint().filter(|&stored| stored < length)?,
        };
        for _ in 0..(count > 0).then_some(count)? {
            let place = self.index_end - self.index.0.len();
            self.index.u32()?;
            if self.restored.raw.len() as u64 + length > self.limit {
                return None;
            }
            let old = if has_base { self.old(length)? } else { &[][..] };
            let payload = self.payload.take(stored)?;
            let raw = match method {
                RAW => payload.to_vec(),
                IDENTICAL => old.to_vec(),
                _ => {
                    let width = 1 << width_log2;
                    let values = if method == GROUPED {
                        grouped(payload, old, width)?
                    } else {
                        transformed(payload, values, width, sparse)?
                    };
                    restore(&values, method, float, width, old)
                }
            };
            self.restored.checksums.push((place, crc32(&raw)));
            self.restored.raw.extend_from_slice(&raw);
        }
        Some(())
    }

    /// The `length` bytes of the base that belong to the next block.
    fn old(&self, length: u64) -> Option<&'a [u8]> {
        let own = self.restored.raw_offset + self.restored.raw.len() as u64;
        let begin = own.checked_add_signed(self.shift)?;
        let end = begin
            .checked_add(length)
            .filter(|&end| end <= BASE_END_MAX)?;
        self.base
            .get(usize::try_from(begin).ok()?..usize::try_from(end).ok()?)
    }
}

/// Section 2.3: the transformed values of a block with planes.
fn transformed(payload: &[u8], values: u64, width: usize, sparse: bool) -> Option<Vec<u64>> {
    let mut reader = Reader(payload);
    if !sparse {
        let planes = streams(&mut reader, &vec![values; width], None)?;
        return reader.0.is_empty().then(|| joined(&planes));
    }
    let nonzero = reader.varint().filter(|m| (1..=values).contains(m))?;
    let low_bits = reader.u8().filter(|&bits| bits <= 16)?;
    let high = reader
        .varint()
        .filter(|h| (nonzero..=nonzero + values).contains(h))?;
    let mut lengths = vec![nonzero; width + 1];
    lengths[0] = high;
    let low = (nonzero * u64::from(low_bits)).div_ceil(8);
    let mut parts = streams(&mut reader, &lengths, Some(low))?;
    let planes = parts.split_off(2);
    let changed = joined(&planes);
    let at = positions(&parts[0], &parts[1], low_bits)?;
    let sound = reader.0.is_empty() && at.len() == changed.len();
    if !sound || at.last().is_none_or(|&last| last >= values) {
        return None;
    }
    let mut all = vec![0; usize::try_from(values).ok()?];
    for (place, value) in at.into_iter().zip(changed) {
        all[usize::try_from(place).ok()?] = value;
    }
    Some(all)
}

/// Section 2.3, *grouped*: the transformed values of a block in the order of its base.
fn grouped(payload: &[u8], old: &[u8], width: usize) -> Option<Vec<u64>> {
    let mut reader = Reader(payload);
    let count = reader.u8().filter(|count| (1..=64).contains(count))?;
    let lasts = reader.take(count.into())?;
    let rises = lasts.windows(2).all(|pair| pair[0] < pair[1]);
    if !rises || lasts.last() != Some(&255) {
        return None;
    }
    let headers: Option<Vec<u64>> = lasts.iter().map(|_| reader.varint()).collect();
    let classes = old
        .chunks(width)
        .map(|value| value[width - 1] << 1 | value[width - 2] >> 7);
    let classes: Vec<u8> = classes.collect();
    let mut values = vec![0; classes.len()];
    let mut first = 0_u16;
    for (header, &last) in headers?.into_iter().zip(lasts) {
        let range = first..=u16::from(last);
        first = u16::from(last) + 1;
        let members = (0..classes.len()).filter(|&at| range.contains(&classes[at].into()));
        let members: Vec<usize> = members.collect();
        let body = reader.take(header >> 2)?;
        let own = match header & 3 {
            0 if body.is_empty() => vec![0; members.len()],
            coding @ 1..=2 if !members.is_empty() => {
                transformed(body, members.len() as u64, width, coding == 2)?
            }
            _ => return None,
        };
        for (at, value) in members.into_iter().zip(own) {
            values[at] = value;
        }
    }
    reader.0.is_empty().then_some(values)
}

/// Headers, then bodies; `low` bytes without a header follow the first body.
fn streams(reader: &mut Reader<'_>, lengths: &[u64], low: Option<u64>) -> Option<Vec<Vec<u8>>> {
    let headers: Option<Vec<u64>> = lengths.iter().map(|_| reader.varint()).collect();
    let mut found = Vec::new();
    for (header, &length) in headers?.into_iter().zip(lengths) {
        let (stored, length) = (header >> 2, usize::try_from(length).ok()?);
        found.push(match header & 3 {
            0 if stored == 1 => vec![reader.u8()?; length],
            1 if stored == length as u64 => reader.take(stored)?.to_vec(),
            2 => {
                let mut out = vec![0; length];
                let found = zstd_safe::decompress(&mut out[..], reader.take(stored)?);
                found.ok().filter(|&found| found == length).map(|_| out)?
            }
            _ => return None,
        });
        if let (Some(low), 1) = (low, found.len()) {
            found.push(reader.take(low)?.to_vec());
        }
    }
    Some(found)
}

/// The numbers whose bytes, lowest first, are in these planes.
fn joined(planes: &[Vec<u8>]) -> Vec<u64> {
    let value = |place: usize| {
        let bytes = planes.iter().rev().map(|plane| u64::from(plane[place]));
        bytes.fold(0, |value, byte| value << 8 | byte)
    };
    (0..planes[0].len()).map(value).collect()
}

/// The positions of a sparse block, counted from their gaps; the bits that are left over must be zero.
fn positions(high: &[u8], low: &[u8], low_bits: u8) -> Option<Vec<u64>> {
    let bit = |place: usize| {
        low.get(place / 8)
            .map(|byte| u64::from(byte >> (place % 8) & 1))
    };
    let (mut positions, mut next, mut gap, mut taken) = (Vec::new(), 0, 0, 0);
    for &byte in high {
        gap += u64::from(byte);
        if byte == 255 {
            continue;
        }
        let mut low_part = 0;
        for place in 0..usize::from(low_bits) {
            low_part |= bit(taken + place)? << place;
        }
        taken += usize::from(low_bits);
        let position = next + (gap << low_bits) + low_part;
        positions.push(position);
        (next, gap) = (position + 1, 0);
    }
    let rest_is_zero = (taken..low.len() * 8).all(|place| bit(place) == Some(0));
    (rest_is_zero && high.last() != Some(&255)).then_some(positions)
}

/// Section 2.4: the raw bytes of a block from its transformed values and the bytes of the base.
fn restore(values: &[u64], method: u8, float: bool, width: usize, old: &[u8]) -> Vec<u8> {
    let bits = 8 * width as u32;
    let mask = u64::MAX >> (64 - bits);
    let top = 1 << (bits - 1);
    let order = |b: u64| if b & top > 0 { !b & mask } else { b | top };
    let unorder = |o: u64| if o & top > 0 { o & !top } else { !o & mask };
    let mut raw = Vec::with_capacity(values.len() * width);
    for (place, &value) in values.iter().enumerate() {
        let mut bytes = [0; 8];
        if let Some(old) = old.get(place * width..(place + 1) * width) {
            bytes[..width].copy_from_slice(old);
        }
        let b = u64::from_le_bytes(bytes);
        let difference = value >> 1 ^ (value & 1).wrapping_neg() & mask;
        let turned = value >> 1 | (value & 1) << (bits - 1);
        let v = match (method, float) {
            (SUBTRACT | GROUPED, true) => unorder(order(b).wrapping_add(difference) & mask),
            (SUBTRACT, false) => b.wrapping_add(difference),
            (_, true) => turned ^ b,
            (_, false) => value ^ b,
        };
        raw.extend_from_slice(&v.to_le_bytes()[..width]);
    }
    raw
}
