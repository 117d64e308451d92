//! Instructions of the codec for each byte of the original, counted by valgrind: unlike times, they repeat.
//!
//! `codec_instructions` prints a JSON line for each kernel. It runs itself under `valgrind --tool=callgrind` with one
//! and with three repetitions, so that the start counts for nothing. Valgrind knows AVX2, not AVX-512: that is the
//! path that is counted.

#![expect(clippy::cast_precision_loss, reason = "counts to a ratio")]

#[path = "../benches/weights/mod.rs"]
mod weights;

use std::process::{Command, ExitCode};
use std::{env, error, iter};

use mithril_checkpoint::layout::{ElementKind, Region};
use mithril_checkpoint::segment::{
    BaseView, ByteRange, EncodeOptions, IndexRead, SegmentIndex, decode_window, encode_segment,
};
use weights::{Random, bfloat16};

const KERNELS: [&str; 6] = [
    "compress-fp32",
    "decompress-fp32",
    "compress-bf16",
    "decompress-bf16",
    "compress-bf16-delta",
    "decompress-bf16-delta",
];
const BYTES: usize = 4 << 20;
const REPEATS: [u64; 2] = [1, 3];

/// The original and, for a delta, its base: 1% of the values are one step away.
fn inputs(kernel: &str) -> (Vec<u8>, Option<Vec<u8>>, ElementKind) {
    let mut random = Random::new();
    if kernel.ends_with("fp32") {
        let values = iter::repeat_with(|| random.weight().to_le_bytes());
        return (
            values.take(BYTES / 4).flatten().collect(),
            None,
            ElementKind::Float32,
        );
    }
    let values: Vec<u16> = iter::repeat_with(|| bfloat16(random.weight()))
        .take(BYTES / 2)
        .collect();
    let bytes = |values: &[u16]| {
        values
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect()
    };
    if !kernel.ends_with("delta") {
        return (bytes(&values), None, ElementKind::Float16);
    }
    let step = |value: &u16| value ^ u16::from(random.unit() < 0.01);
    let changed: Vec<u16> = values.iter().map(step).collect();
    (bytes(&changed), Some(bytes(&values)), ElementKind::Float16)
}

fn run(kernel: &str, repeats: u64) -> mithril_checkpoint::Result<()> {
    let (raw, base, kind) = inputs(kernel);
    let region = Region {
        offset: 0,
        length: raw.len() as u64,
        kind,
        base_offset: base.as_ref().map(|_| 0),
    };
    let range = [ByteRange {
        offset: 0,
        length: raw.len() as u64,
    }];
    let view = base.as_ref().map_or(BaseView::default(), |bytes| BaseView {
        ranges: &range,
        bytes,
    });
    let options = EncodeOptions::default();
    let is_compression = kernel.starts_with("compress");
    let (mut stored, mut out) = (Vec::new(), vec![0; raw.len()]);
    for _ in 0..if is_compression { repeats } else { 1 } {
        stored.clear();
        encode_segment(&raw, 0, &[region], view, &options, &mut stored)?;
    }
    for _ in 0..if is_compression { 1 } else { repeats } {
        let IndexRead::Index(index) = SegmentIndex::read_from(&stored, stored.len() as u64)? else {
            unreachable!("the whole segment was given");
        };
        let window = index.window(0, raw.len() as u64, u64::MAX)?;
        let payload = &stored[..stored
            .len()
            .min(usize::try_from(window.stored.length).unwrap_or(0))];
        decode_window(&index, &window, payload, view, 1, &mut out)?;
    }
    assert!(out == raw, "the restored bytes differ");
    Ok(())
}

/// Instructions of a run under valgrind.
fn count(kernel: &str, repeats: u64) -> Result<u64, Box<dyn error::Error>> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(env::current_exe()?)
        .args([kernel, &repeats.to_string()])
        .output()?;
    let text = String::from_utf8_lossy(&output.stderr);
    let collected = text
        .lines()
        .find_map(|line| line.split("Collected :").nth(1));
    match collected {
        Some(number) if output.status.success() => Ok(number.trim().parse()?),
        _ => Err(format!("valgrind: {text}").into()),
    }
}

fn main() -> Result<ExitCode, Box<dyn error::Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    if let [kernel, repeats] = &arguments[..] {
        run(kernel, repeats.parse()?)?;
        return Ok(ExitCode::SUCCESS);
    }
    for kernel in KERNELS {
        let counts = REPEATS.map(|repeats| count(kernel, repeats));
        let [few, many] = counts;
        let more = (many? - few?) as f64 / (REPEATS[1] - REPEATS[0]) as f64;
        println!(
            "{{\"kernel\":\"{kernel}\",\"instructionsPerByte\":{:.3}}}",
            more / BYTES as f64
        );
    }
    Ok(ExitCode::SUCCESS)
}
