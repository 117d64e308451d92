//! Chains of deltas: every step comes back bit by bit, and a base that is damaged or another one is noticed.

#![expect(
    clippy::cast_possible_truncation,
    clippy::unwrap_used,
    reason = "small numbers of a test, and what a test expects to work"
)]

use std::io::Cursor;

use mithril_checkpoint::layout::{ElementKind, Region};
use mithril_checkpoint::packed::{Base, CompressOptions, Packed, ReadSeek, compress};
use mithril_checkpoint::segment::{
    BaseView, ByteRange, EncodeOptions, IndexRead, SegmentIndex, decode_window, encode_segment,
};
use mithril_checkpoint::{ErrorKind, Result};

/// Steps of a training run, each with a base.
const STEPS: usize = 10;
const VALUES: usize = 300_000;

/// Numbers of a fixed law (xorshift64), so that failures repeat.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// Floats of one magnitude, as weights are, with a NaN payload and a negative zero now and then.
    fn weights(&mut self) -> Vec<u8> {
        let value = |place: usize| match place % 5003 {
            0 => 0x7fc0_dead_u32,
            1 => 0x8000_0000,
            _ => 0x3c00_0000 | self.next() as u32 & 0x81ff_ffff,
        };
        (0..VALUES).map(value).flat_map(u32::to_le_bytes).collect()
    }

    /// The next step: an update of the low bits of every `every`th value.
    fn step(&mut self, before: &[u8], every: usize) -> Vec<u8> {
        let mut after = before.to_vec();
        for value in after.chunks_exact_mut(4).step_by(every) {
            value[0] ^= (self.next() & 0x1f) as u8;
            value[1] ^= (self.next() & 1) as u8;
        }
        after
    }
}

fn steps() -> Vec<Vec<u8>> {
    let mut random = Random(0x2545_f491_4f6c_dd1d);
    let mut steps = vec![random.weights()];
    for step in 1..=STEPS {
        // Dense and sparse updates in turn; some steps leave whole blocks as they were.
        let every = [1, 40, 3, 1 << 20][step % 4];
        let next = random.step(&steps[step - 1], every);
        steps.push(next);
    }
    steps
}

fn whole(bytes: &[u8]) -> [ByteRange; 1] {
    [ByteRange {
        offset: 0,
        length: bytes.len() as u64,
    }]
}

fn encode(raw: &[u8], base: &[u8]) -> Vec<u8> {
    let region = Region {
        offset: 0,
        length: raw.len() as u64,
        kind: ElementKind::Float32,
        base_offset: Some(0),
    };
    let view = BaseView {
        ranges: &whole(base),
        bytes: base,
    };
    let mut stored = Vec::new();
    let stats = encode_segment(
        raw,
        0,
        &[region],
        view,
        &EncodeOptions::default(),
        &mut stored,
    );
    let stats = stats.unwrap();
    assert_eq!(
        stats.identical + stats.delta,
        raw.len() as u64,
        "every block has a base"
    );
    stored
}

fn restore(stored: &[u8], base: &[u8]) -> Result<Vec<u8>> {
    let IndexRead::Index(index) = SegmentIndex::read_from(stored, stored.len() as u64)? else {
        panic!("the whole segment was given");
    };
    let window = index.window(0, index.raw_length(), index.raw_length())?;
    let kept = &stored[window.stored.offset as usize..window.stored.end() as usize];
    let view = BaseView {
        ranges: &whole(base),
        bytes: base,
    };
    let mut out = vec![0; window.raw.length as usize];
    decode_window(&index, &window, kept, view, 2, &mut out)?;
    Ok(out)
}

/// The format ends chains of files after eight deltas; the codec itself knows no limit.
#[test]
fn ten_deltas_in_a_row_come_back_bit_by_bit() {
    let steps = steps();
    let deltas: Vec<_> = steps
        .windows(2)
        .map(|pair| encode(&pair[1], &pair[0]))
        .collect();
    let mut restored = steps[0].clone();
    for (step, delta) in deltas.iter().enumerate() {
        assert!(
            delta.len() < steps[0].len() / 2,
            "step {step} takes {}",
            delta.len()
        );
        restored = restore(delta, &restored).unwrap();
        assert!(restored == steps[step + 1], "step {step} differs");
    }
}

#[test]
fn any_changed_bit_of_the_base_is_noticed() {
    let steps = steps();
    let delta = encode(&steps[1], &steps[0]);
    for place in (0..steps[0].len()).step_by(30_011) {
        let mut changed = steps[0].clone();
        changed[place] ^= 1 << (place % 8);
        let error = restore(&delta, &changed).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Corruption, "byte {place}: {error}");
    }
}

fn boxed(bytes: &[u8]) -> Box<dyn ReadSeek> {
    Box::new(Cursor::new(bytes.to_vec()))
}

fn pack(raw: &[u8], base: Option<&[u8]>) -> Vec<u8> {
    let open = |base| Base::open(boxed(base), 1, &mut |_| panic!("one level"), &mut |_| true);
    let base = base.map(|base| open(base).unwrap());
    let options = CompressOptions {
        segment_bytes: 1 << 20,
        ..CompressOptions::default()
    };
    let mut out = Vec::new();
    compress(boxed(raw), base, &mut out, &options, &mut |_| true).unwrap();
    out
}

fn unpack(delta: &[u8], base: &[u8]) -> Result<Vec<u8>> {
    let mut packed = Packed::open(boxed(delta), 1)?;
    packed.open_bases(&mut |_| Ok(boxed(base)))?;
    let mut out = Vec::new();
    packed.decompress(&mut out, &mut |_| true)?;
    Ok(out)
}

#[test]
fn a_damaged_packed_base_never_gives_other_bytes() {
    let steps = steps();
    let base = pack(&steps[0], None);
    let delta = pack(&steps[2], Some(&base));
    assert!(unpack(&delta, &base).unwrap() == steps[2]);
    for place in (0..base.len()).step_by(base.len() / 60) {
        let mut damaged = base.clone();
        damaged[place] ^= 1 << (place % 8);
        assert!(
            unpack(&delta, &damaged).is_err(),
            "byte {place} of the base"
        );
    }
}

#[test]
fn another_packed_file_is_refused_as_a_base() {
    let steps = steps();
    let (base, other) = (pack(&steps[0], None), pack(&steps[1], None));
    let delta = pack(&steps[2], Some(&base));
    let error = unpack(&delta, &other).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{error}");
}
