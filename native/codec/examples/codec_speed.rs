//! Speed and ratio of the codec, in paired rounds with zstd level 3 and a memory copy on the same buffers.
//!
//! `codec_speed FILE KIND [BASE]`, KIND one of safetensors, probe, byte, f16, f32, f64, i16, i32, i64. BASE is an
//! earlier file of the same layout. The answer is checked bit by bit before a time is reported. Prints JSON: thread
//! CPU time and wall time, medians of `ROUNDS` after `WARM_UP` rounds, one thread.

#![expect(
    clippy::cast_precision_loss,
    reason = "statistics of lengths of a file in memory"
)]

mod whole_file;

use std::{env, process::ExitCode};

use whole_file::{Codec, Took, number_of_environment, read, timed};

const WARM_UP: usize = 3;
const ROUNDS: usize = 10;
const ZSTD_LEVEL: i32 = 3;

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    f64::midpoint(values[(values.len() - 1) / 2], values[values.len() / 2])
}

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let usage = "usage: codec_speed FILE KIND [BASE]";
    let (Some(file), Some(kind)) = (arguments.first(), arguments.get(1)) else {
        eprintln!("{usage}");
        return ExitCode::FAILURE;
    };
    let raw = read(file);
    let base = arguments.get(2).map(read);
    let Some(mut codec) = Codec::new(&raw, kind, base.as_deref()) else {
        eprintln!("{usage}");
        return ExitCode::FAILURE;
    };
    let rounds = number_of_environment("ROUNDS", ROUNDS);
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
