//! Segments built entry by entry: lengths and checksums are right, so that what is wrong gets as far as it can.

use arbitrary::{Arbitrary, Unstructured};
use mithril_checkpoint::layout::{ElementKind, Region};
use mithril_checkpoint::segment::{BaseView, EncodeOptions, encode_segment};

use super::reference::{self, GROUPED, Reader, write_varint};
use super::samples::{self, Law};

/// Most entries of a segment.
const ENTRIES_MAX: usize = 6;

/// A segment.
#[derive(Arbitrary, Debug)]
pub struct Segment {
    raw_offset: u16,
    #[arbitrary(with = |input: &mut Unstructured| samples::some(input, ENTRIES_MAX))]
    entries: Vec<Entry>,
}

/// An entry of the index, and its payload.
#[derive(Arbitrary, Debug)]
struct Entry {
    tag: u8,
    values: Count,
    base_move: i32,
    run: u8,
    streams: [Stream; 3],
    sparse: Gaps,
    /// Bytes of the finished payload that are changed.
    patches: Vec<Patch>,
}

/// A number of values: few, enough for our own frames of literals, or enough for several blocks of them.
#[derive(Arbitrary, Debug, Clone, Copy)]
enum Count {
    Few(u8),
    Frame(u16),
    Blocks(u16),
}

impl Count {
    fn of(self) -> usize {
        match self {
            Self::Few(count) => usize::from(count) + 1,
            Self::Frame(count) => 4000 + usize::from(count) % 9000,
            Self::Blocks(count) => (128 << 10) - 300 + usize::from(count) * 3,
        }
    }
}

/// A byte at `place`, counted from either end, is changed by `by`.
#[derive(Arbitrary, Debug, Clone, Copy)]
struct Patch {
    place: i16,
    by: u8,
}

impl Patch {
    fn all(patches: &[Self], bytes: &mut [u8]) {
        for patch in patches.iter().take(8) {
            let length = bytes.len().max(1).cast_signed();
            let place = isize::from(patch.place).rem_euclid(length);
            if let Some(byte) = bytes.get_mut(place as usize) {
                *byte ^= patch.by;
            }
        }
    }
}

/// How a stream is stored.
#[derive(Arbitrary, Debug, Clone)]
enum Stream {
    Constant(u8),
    Raw(Law),
    Frame {
        law: Law,
        writer: Writer,
        patches: Vec<Patch>,
    },
    Broken {
        header: u16,
        body: Vec<u8>,
    },
}

/// Who writes a frame.
#[derive(Arbitrary, Debug, Clone, Copy)]
enum Writer {
    Codec,
    Libzstd(i8),
}

impl Stream {
    /// The header and the body of a stream of `length` bytes.
    fn write(&self, length: usize) -> (u64, Vec<u8>) {
        match self {
            Self::Constant(byte) => (1 << 2, vec![*byte]),
            Self::Raw(law) => ((length as u64) << 2 | 1, law.bytes(length, 1)),
            Self::Frame {
                law,
                writer,
                patches,
            } => {
                let bytes = law.bytes(length, 1);
                let mut frame = match writer {
                    Writer::Codec => frame_of_codec(&bytes),
                    Writer::Libzstd(level) => frame_of_libzstd(&bytes, *level),
                };
                Patch::all(patches, &mut frame);
                ((frame.len() as u64) << 2 | 2, frame)
            }
            Self::Broken { header, body } => ((*header).into(), body.clone()),
        }
    }
}

/// The frame that the codec writes for a plane of exponents; one of libzstd if it stores the plane otherwise.
fn frame_of_codec(bytes: &[u8]) -> Vec<u8> {
    // Values whose rotation has these bytes in the upper plane and zeros in the lower one.
    let raw: Vec<u8> = bytes
        .iter()
        .flat_map(|&byte| (u16::from(byte) << 8).rotate_right(1).to_le_bytes())
        .collect();
    let length = raw.len() as u64;
    let region = Region {
        offset: 0,
        length,
        kind: ElementKind::Float16,
        base_offset: None,
    };
    let mut stored = Vec::new();
    let options = EncodeOptions::default();
    encode_segment(
        &raw,
        0,
        &[region],
        BaseView::default(),
        &options,
        &mut stored,
    )
    .expect("a sound call");
    let mut reader = Reader(&stored);
    let headers = [reader.varint(), reader.varint()];
    match headers {
        [Some(4), Some(header)] if header & 3 == 2 => {
            let _lower = reader.take(1);
            reader.take(header >> 2).expect("a whole frame").to_vec()
        }
        _ => frame_of_libzstd(bytes, 1),
    }
}

fn frame_of_libzstd(bytes: &[u8], level: i8) -> Vec<u8> {
    let mut frame = Vec::with_capacity(zstd_safe::compress_bound(bytes.len()));
    let level = i32::from(level).rem_euclid(20);
    zstd_safe::compress(&mut frame, bytes, level).expect("room for a frame");
    frame
}

/// The places of a sparse block.
#[derive(Arbitrary, Debug)]
struct Gaps {
    low_bits: u8,
    first: Vec<u16>,
    others: u16,
    count: u16,
}

impl Gaps {
    /// The gaps of at most `values` places.
    fn gaps(&self, values: usize) -> Vec<u64> {
        let others = std::iter::repeat_n(self.others % 64, usize::from(self.count));
        let mut end = 0;
        let fits = |gap: &u64| {
            end += gap + 1;
            end <= values as u64
        };
        let all = self.first.iter().copied().chain(others).map(u64::from);
        all.take_while(fits).collect()
    }

    /// The two parts of the gaps, as the format has them.
    fn parts(&self, gaps: &[u64]) -> (Vec<u8>, Vec<u8>) {
        let bits = usize::from(self.low_bits);
        let mut low = vec![0; (gaps.len() * bits).div_ceil(8)];
        let mut high = Vec::new();
        for (place, gap) in gaps.iter().enumerate() {
            for bit in (0..bits).filter(|bit| gap >> bit & 1 > 0) {
                low[(place * bits + bit) / 8] |= 1 << ((place * bits + bit) % 8);
            }
            let above = gap >> bits;
            high.extend(std::iter::repeat_n(255, (above / 255) as usize));
            high.push((above % 255) as u8);
        }
        (high, low)
    }
}

impl Entry {
    fn payload(&self, values: usize, width: usize, is_sparse: bool) -> Vec<u8> {
        let mut payload = Vec::new();
        let mut streams = Vec::new();
        let mut length = values;
        if is_sparse {
            let gaps = self.sparse.gaps(values);
            length = gaps.len();
            let bounded = Gaps {
                low_bits: self.sparse.low_bits % 17,
                first: Vec::new(),
                ..self.sparse
            };
            let (high, low) = bounded.parts(&gaps);
            write_varint(length as u64, &mut payload);
            payload.push(self.sparse.low_bits);
            write_varint(high.len() as u64, &mut payload);
            let frame = frame_of_libzstd(&high, 1);
            let (header, body) = if frame.len() < high.len() {
                (frame.len() << 2 | 2, frame)
            } else {
                (high.len() << 2 | 1, high)
            };
            streams.push((header as u64, [body, low].concat()));
        }
        let planes = self.streams.iter().cycle().take(width);
        streams.extend(planes.map(|stream| stream.write(length)));
        for (header, _) in &streams {
            write_varint(*header, &mut payload);
        }
        payload.extend(streams.into_iter().flat_map(|(_, body)| body));
        payload
    }

    /// A grouped block whose only group has all values.
    fn one_group(&self, values: usize, width: usize) -> Vec<u8> {
        let is_sparse = self.run & 1 > 0;
        let own = self.payload(values, width, is_sparse);
        let mut payload = vec![1, u8::MAX];
        write_varint(
            (own.len() as u64) << 2 | (1 + u64::from(is_sparse)),
            &mut payload,
        );
        payload.extend(own);
        payload
    }

    fn write(&self, blocks: &mut u32, payload: &mut Vec<u8>, index: &mut Vec<u8>) -> u64 {
        let method = self.tag & 7;
        let width = 1 << (self.tag >> 3 & 3);
        let values = self.values.of();
        index.push(self.tag);
        write_varint(values as u64, index);
        if self.tag & 128 > 0 {
            let by = i64::from(self.base_move);
            write_varint((by << 1 ^ by >> 63) as u64, index);
        }
        let mut count = 1;
        match method {
            0 => payload.extend(self.streams[0].write(values).1.iter().cycle().take(values)),
            4 => {
                count = u32::from(self.run % 5);
                write_varint(count.into(), index);
            }
            _ => {
                let mut own = if method == GROUPED {
                    self.one_group(values, width)
                } else {
                    self.payload(values, width, self.tag & 64 > 0)
                };
                Patch::all(&self.patches, &mut own);
                write_varint(own.len() as u64, index);
                payload.extend(own);
            }
        }
        index.extend(std::iter::repeat_n(0, 4 * count as usize));
        *blocks += count;
        (values * width) as u64 * u64::from(count)
    }
}

impl Segment {
    /// The stored form.
    pub fn assemble(&self) -> Vec<u8> {
        self.assemble_at(self.raw_offset.into())
    }

    /// The stored form of a range that begins there in the original.
    pub fn assemble_at(&self, raw_offset: u64) -> Vec<u8> {
        let (mut stored, mut index) = (Vec::new(), Vec::new());
        let (mut blocks, mut raw_length) = (0, 0);
        for entry in &self.entries {
            raw_length += entry.write(&mut blocks, &mut stored, &mut index);
        }
        stored.extend_from_slice(&index);
        stored.extend_from_slice(&raw_offset.to_le_bytes());
        stored.extend_from_slice(&raw_length.to_le_bytes());
        stored.extend_from_slice(&[0; 8]);
        stored.extend_from_slice(&(index.len() as u32).to_le_bytes());
        stored.extend_from_slice(&(self.entries.len() as u32).to_le_bytes());
        stored.extend_from_slice(&blocks.to_le_bytes());
        stored.extend_from_slice(&[0; 28]);
        reference::mend(&mut stored, samples::base());
        stored
    }
}
