//! The codec on a whole file in memory, segment by segment, and what its work takes: shared by the examples.

#![expect(
    clippy::cast_possible_truncation,
    reason = "lengths of a file in memory"
)]

use std::time::{Duration, Instant};
use std::{env, fs};

use mithril_checkpoint::layout::{ElementKind, Region, plan_layout, probe_bytes};
use mithril_checkpoint::segment::{
    BaseView, ByteRange, EncodeOptions, IndexRead, Level, SegmentIndex, decode_window,
    encode_segment,
};

const SEGMENT_BYTES: usize = 16 << 20;

/// CPU time of this thread, where the system tells it; else 0.
fn cpu_time() -> Duration {
    // The file is up to date as of the last tick, some milliseconds ago, or of the last call of the scheduler.
    std::thread::yield_now();
    let text = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanos = text.split(' ').next().and_then(|field| field.parse().ok());
    Duration::from_nanos(nanos.unwrap_or(0))
}

#[derive(Clone, Copy)]
pub(crate) struct Took {
    /// Seconds.
    pub(crate) wall: f64,
    /// Seconds of this thread.
    pub(crate) cpu: f64,
}

/// What `work` takes.
pub(crate) fn timed(work: impl FnOnce()) -> Took {
    let cpu = cpu_time();
    let wall = Instant::now();
    work();
    let wall = wall.elapsed().as_secs_f64();
    let cpu = cpu_time().saturating_sub(cpu).as_secs_f64();
    Took { wall, cpu }
}

/// The codec with its input, and what it made of it last.
pub(crate) struct Codec<'a> {
    pub(crate) raw: &'a [u8],
    base: Option<&'a [u8]>,
    regions: Vec<Region>,
    pub(crate) options: EncodeOptions,
    ends: Vec<usize>,
    pub(crate) stored: Vec<u8>,
}

impl<'a> Codec<'a> {
    /// For a file of a kind that [`kind_of`] knows or of `safetensors`; `None` for another kind. `THREADS` and `LEVEL`
    /// of the environment are heeded.
    pub(crate) fn new(raw: &'a [u8], kind: &str, base: Option<&'a [u8]>) -> Option<Self> {
        Some(Self {
            raw,
            base,
            regions: regions_of(kind, raw, base)?,
            options: options_of_environment(),
            ends: Vec::new(),
            stored: Vec::new(),
        })
    }

    /// Makes `stored` of `raw`.
    pub(crate) fn compress(&mut self) {
        self.stored.clear();
        self.ends.clear();
        let mut at = 0;
        for raw in self.raw.chunks(SEGMENT_BYTES) {
            let range = [ByteRange {
                offset: 0,
                length: self.base.map_or(0, |base| base.len() as u64),
            }];
            let view = self.base.map_or(BaseView::default(), |bytes| BaseView {
                ranges: &range,
                bytes,
            });
            encode_segment(
                raw,
                at,
                &self.regions,
                view,
                &self.options,
                &mut self.stored,
            )
            .expect("the call is right");
            self.ends.push(self.stored.len());
            at += raw.len() as u64;
        }
    }

    /// Makes `out`, as long as `raw`, of `stored`.
    pub(crate) fn decompress(&self, out: &mut [u8]) {
        let mut start = 0;
        for &end in &self.ends {
            let segment = &self.stored[start..end];
            start = end;
            let IndexRead::Index(index) =
                SegmentIndex::read_from(segment, segment.len() as u64).expect("a sound segment")
            else {
                unreachable!("the whole segment was given");
            };
            let (from, to) = (index.raw_offset(), index.raw_offset() + index.raw_length());
            let window = index
                .window(from, to, u64::MAX)
                .expect("a range of the segment");
            let range = [ByteRange {
                offset: 0,
                length: self.base.map_or(0, |base| base.len() as u64),
            }];
            let view = self.base.map_or(BaseView::default(), |bytes| BaseView {
                ranges: &range,
                bytes,
            });
            let out = &mut out[from as usize..to as usize];
            let stored = &segment[..window.stored.length as usize];
            decode_window(&index, &window, stored, view, self.options.threads, out)
                .expect("a sound segment");
        }
    }
}

fn kind_of(name: &str) -> Option<ElementKind> {
    Some(match name {
        "probe" => ElementKind::Probe,
        "byte" => ElementKind::Byte,
        "f16" => ElementKind::Float16,
        "f32" => ElementKind::Float32,
        "f64" => ElementKind::Float64,
        "i16" => ElementKind::Int16,
        "i32" => ElementKind::Int32,
        "i64" => ElementKind::Int64,
        _ => return None,
    })
}

fn regions_of(name: &str, raw: &[u8], base: Option<&[u8]>) -> Option<Vec<Region>> {
    if name == "safetensors" {
        let base = base.map(probe_bytes);
        return Some(plan_layout(&probe_bytes(raw), base.as_ref()));
    }
    Some(vec![Region {
        offset: 0,
        length: raw.len() as u64,
        kind: kind_of(name)?,
        base_offset: base.map(|_| 0),
    }])
}

fn options_of_environment() -> EncodeOptions {
    let level = match env::var("LEVEL").as_deref() {
        Ok("fast") => Level::Fast,
        Ok("max") => Level::Max,
        _ => Level::Default,
    };
    EncodeOptions {
        level,
        threads: number_of_environment("THREADS", 1),
    }
}

/// The number that a variable holds, else `default`.
pub(crate) fn number_of_environment(name: &str, default: usize) -> usize {
    let text = env::var(name).ok();
    text.and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// The bytes of a file that a person named.
pub(crate) fn read(path: &String) -> Vec<u8> {
    fs::read(path).unwrap_or_else(|error| panic!("{path}: {error}"))
}
