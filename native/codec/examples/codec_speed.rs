//! Speed and ratio of the codec, in paired rounds with zstd level 3 and a memory copy on the same buffers.
//!
//! `codec_speed FILE KIND [BASE]`, KIND one of safetensors, probe, byte, f16, f32, f64, i16, i32, i64. BASE is an
//! earlier file of the same layout. The answer is checked bit by bit before a time is reported. Prints JSON: thread
//! CPU time and wall time, medians of `ROUNDS` after `WARM_UP` rounds, one thread.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "lengths of a file in memory, and statistics"
)]

use std::time::{Duration, Instant};
use std::{env, fs, process::ExitCode};

use mithril_checkpoint::layout::{ElementKind, Region, plan_layout, probe_container};
use mithril_checkpoint::segment::{
    BaseView, ByteRange, EncodeOptions, IndexRead, Level, SegmentIndex, decode_window,
    encode_segment,
};

const WARM_UP: usize = 3;
const ROUNDS: usize = 10;
const SEGMENT_BYTES: usize = 16 << 20;
const ZSTD_LEVEL: i32 = 3;

/// CPU time of this thread, where the system tells it; else 0.
fn cpu_time() -> Duration {
    // The file is up to date as of the last tick, some milliseconds ago, or of the last call of the scheduler.
    std::thread::yield_now();
    let text = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanos = text.split(' ').next().and_then(|field| field.parse().ok());
    Duration::from_nanos(nanos.unwrap_or(0))
}

#[derive(Clone, Copy)]
struct Took {
    wall: f64,
    cpu: f64,
}

fn timed(work: impl FnOnce()) -> Took {
    let cpu = cpu_time();
    let wall = Instant::now();
    work();
    let wall = wall.elapsed().as_secs_f64();
    let cpu = cpu_time().saturating_sub(cpu).as_secs_f64();
    Took { wall, cpu }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    f64::midpoint(values[(values.len() - 1) / 2], values[values.len() / 2])
}

struct Codec<'a> {
    raw: &'a [u8],
    base: Option<&'a [u8]>,
    regions: Vec<Region>,
    options: EncodeOptions,
    ends: Vec<usize>,
    stored: Vec<u8>,
}

impl Codec<'_> {
    fn compress(&mut self) {
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

    fn decompress(&self, out: &mut [u8]) {
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
        let probe = |bytes: &[u8]| probe_container(bytes, bytes.len() as u64);
        let base = base.map(|bytes| (probe(bytes), bytes.len() as u64));
        let base = base.as_ref().map(|(probe, length)| (probe, *length));
        return Some(plan_layout(&probe(raw), raw.len() as u64, base));
    }
    Some(vec![Region {
        offset: 0,
        length: raw.len() as u64,
        kind: kind_of(name)?,
        base_offset: base.map(|_| 0),
    }])
}

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let usage = "usage: codec_speed FILE KIND [BASE]";
    let (Some(file), Some(kind)) = (arguments.first(), arguments.get(1)) else {
        eprintln!("{usage}");
        return ExitCode::FAILURE;
    };
    let read = |path: &String| fs::read(path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let raw = read(file);
    let base = arguments.get(2).map(read);
    let threads = env::var("THREADS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(1);
    let rounds = env::var("ROUNDS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(ROUNDS);
    let Some(regions) = regions_of(kind, &raw, base.as_deref()) else {
        eprintln!("{usage}");
        return ExitCode::FAILURE;
    };
    let level = match env::var("LEVEL").as_deref() {
        Ok("fast") => Level::Fast,
        Ok("max") => Level::Max,
        _ => Level::Default,
    };
    let mut codec = Codec {
        raw: &raw,
        base: base.as_deref(),
        regions,
        options: EncodeOptions { level, threads },
        ends: Vec::new(),
        stored: Vec::with_capacity(raw.len() + (1 << 20)),
    };
    let report = measure(&mut codec, rounds);
    println!("{report}");
    ExitCode::SUCCESS
}

/// One round of everything, again and again, so that a busy moment of the machine hits all alike.
fn measure(codec: &mut Codec<'_>, rounds: usize) -> String {
    let raw = codec.raw;
    let mut out = vec![1_u8; raw.len()];
    let mut zstd_out = vec![0_u8; zstd_safe::compress_bound(raw.len())];
    let mut zstd_length = 0;
    let mut compressor = zstd_safe::CCtx::create();
    let mut decompressor = zstd_safe::DCtx::create();
    let mut took: [Vec<Took>; 5] = std::array::from_fn(|_| Vec::new());
    for _ in 0..WARM_UP + rounds {
        took[0].push(timed(|| out.copy_from_slice(raw)));
        took[1].push(timed(|| {
            zstd_length = compressor
                .compress(&mut zstd_out[..], raw, ZSTD_LEVEL)
                .expect("zstd compresses");
        }));
        took[2].push(timed(|| codec.compress()));
        out.fill(1);
        took[3].push(timed(|| {
            decompressor
                .decompress(&mut out[..], &zstd_out[..zstd_length])
                .expect("zstd decompresses");
        }));
        out.fill(1);
        took[4].push(timed(|| codec.decompress(&mut out)));
        assert!(out == raw, "the restored bytes differ");
    }
    let of = |index: usize, pick: fn(&Took) -> f64| {
        median(took[index][WARM_UP..].iter().map(pick).collect())
    };
    let paired = |over: usize, under: usize, pick: fn(&Took) -> f64| {
        let ratios = took[over][WARM_UP..].iter().zip(&took[under][WARM_UP..]);
        median(
            ratios
                .map(|(over, under)| pick(over) / pick(under))
                .collect(),
        )
    };
    let speed = |seconds: f64| raw.len() as f64 / seconds / f64::from(1 << 30);
    let names = [
        "memcpy",
        "zstdCompress",
        "compress",
        "zstdDecompress",
        "decompress",
    ];
    let mut fields = vec![
        format!("\"bytes\":{}", raw.len()),
        format!("\"storedBytes\":{}", codec.stored.len()),
        format!(
            "\"ratio\":{:.4}",
            raw.len() as f64 / codec.stored.len() as f64
        ),
        format!("\"zstdRatio\":{:.4}", raw.len() as f64 / zstd_length as f64),
        format!("\"threads\":{}", codec.options.threads),
        format!(
            "\"compressOverZstdCpu\":{:.3}",
            paired(1, 2, |took| took.cpu)
        ),
        format!(
            "\"compressOverZstdWall\":{:.3}",
            paired(1, 2, |took| took.wall)
        ),
        format!(
            "\"decompressOverZstdCpu\":{:.3}",
            paired(3, 4, |took| took.cpu)
        ),
        format!(
            "\"decompressOverZstdWall\":{:.3}",
            paired(3, 4, |took| took.wall)
        ),
    ];
    for (index, name) in names.iter().enumerate() {
        let (wall, cpu) = (of(index, |took| took.wall), of(index, |took| took.cpu));
        fields.push(format!(
            "\"{name}\":{{\"gibPerSecondWall\":{:.3},\"gibPerSecondCpu\":{:.3}}}",
            speed(wall),
            speed(cpu)
        ));
    }
    format!("{{{}}}", fields.join(","))
}
