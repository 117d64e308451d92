//! Speed of the kernels on the texts of a shared data set: `kernel_speed NAME`, such as `agnews_test`.
//!
//! Prints nanoseconds of CPU time for a document, the median of `ROUNDS` after `WARM_UP` rounds, one
//! thread. The answer is checked first: words, shingles, signature and keys of every document
//! against a plain computation from `text::words`, so that a fast wrong kernel has no figure.

#![expect(clippy::cast_precision_loss, reason = "statistics")]

#[path = "../tests/common/mod.rs"]
mod common;
#[path = "../tests/common/plain.rs"]
mod plain;

use mithril_dedup::lsh::Banding;
use mithril_dedup::shingle::{Ngram, Shingler};
use mithril_dedup::sketch::Sketcher;
use mithril_dedup::{Hasher, Parameters};
use std::hint::black_box;
use std::time::Duration;
use std::{env, fs, process::ExitCode};

const WARM_UP: usize = 3;
const ROUNDS: usize = 10;
const PERMUTATIONS: usize = Sketcher::PERMUTATIONS_DEFAULT;

/// CPU time of this thread, where the system tells it; else 0.
fn cpu_time() -> Duration {
    std::thread::yield_now(); // Else the figure is as of the last tick.
    let text = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanos = text.split(' ').next().and_then(|field| field.parse().ok());
    Duration::from_nanos(nanos.unwrap_or(0))
}

/// Nanoseconds for one of `count` documents.
fn time(name: &str, count: usize, mut work: impl FnMut()) -> f64 {
    let mut rounds: Vec<f64> = (0..WARM_UP + ROUNDS)
        .map(|_| {
            let start = cpu_time();
            work();
            cpu_time().saturating_sub(start).as_nanos() as f64 / count as f64
        })
        .skip(WARM_UP)
        .collect();
    rounds.sort_by(f64::total_cmp);
    let median = f64::midpoint(rounds[(ROUNDS - 1) / 2], rounds[ROUNDS / 2]);
    println!("{name:24} {median:8.1} ns/doc {:10.0} docs/s", 1e9 / median);
    median
}

fn main() -> ExitCode {
    let name = env::args().nth(1).unwrap_or_default();
    let Some(texts) = common::texts(&name) else {
        return ExitCode::FAILURE;
    };
    let mut hasher = Hasher::new(&Parameters::default()).expect("the defaults are sound");
    if let Some(text) = texts
        .iter()
        .find(|text| !plain::is_right(&mut hasher, text))
    {
        eprintln!("wrong signature of {text:?}");
        return ExitCode::FAILURE;
    }
    let bytes: usize = texts.iter().map(String::len).sum();
    println!(
        "{name}: {} documents of {} bytes",
        texts.len(),
        bytes / texts.len()
    );
    report(&texts, hasher);
    ExitCode::SUCCESS
}

fn report(texts: &[String], mut hasher: Hasher) {
    let count = texts.len();
    let mut out = Vec::new();
    let mut words = Shingler::new(
        Ngram {
            n: 1,
            ..Ngram::default()
        },
        0,
    )
    .expect("in range");
    time("words", count, || {
        for text in texts {
            words.visit(text, |hashes| {
                black_box(hashes);
            });
        }
    });
    let mut shingler = Shingler::new(Ngram::default(), 0).expect("in range");
    time("words and 5-grams", count, || {
        for text in texts {
            shingler.visit(text, |hashes| {
                black_box(hashes);
            });
        }
    });
    let sets: Vec<Vec<u64>> = texts
        .iter()
        .map(|text| {
            shingler.shingles(text, &mut out);
            out.clone()
        })
        .collect();
    let sketcher = Sketcher::new(PERMUTATIONS, 0).expect("in range");
    let (mut signature, mut keys) = ([0; PERMUTATIONS], [0; 20]);
    let sketch = time("sketch", count, || {
        for set in &sets {
            sketcher.sketch(set, &mut signature);
            black_box(&signature);
        }
    });
    let total: usize = sets.iter().map(Vec::len).sum();
    println!(
        "{:24} {:8.2} ns/shingle",
        "",
        sketch * count as f64 / total as f64
    );
    time("band keys", count, || {
        for _ in texts {
            Banding::default().keys(black_box(&signature), &mut keys);
            black_box(&keys);
        }
    });
    time("text to signature, keys", count, || {
        for text in texts {
            black_box(hasher.hash(text, &mut signature, &mut keys));
        }
    });
    time("sorted set", count, || {
        for text in texts {
            shingler.set(text, &mut out);
            black_box(&out);
        }
    });
}
