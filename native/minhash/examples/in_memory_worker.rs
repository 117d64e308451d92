//! The engine's own rate on texts in memory, as one side of a comparison.
//!
//! `in_memory_worker FILE` reads JSON lines with `text`, then for each line of standard input finds
//! the duplicates once, on this thread, and prints seconds of its CPU time and rows removed as JSON.

use std::io::{BufRead, Write, stdin, stdout};
use std::time::Duration;
use std::{env, fs, process::ExitCode};

use mithril_dedup::Parameters;
use mithril_dedup::in_memory::{Keep, Options, dedup};
use mithril_dedup::run::Progress;

/// CPU time of this thread, where the system tells it; else 0.
fn cpu_time() -> Duration {
    // The file is up to date as of the last tick, some milliseconds ago, or of the last call of the scheduler.
    std::thread::yield_now();
    let text = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanos = text.split(' ').next().and_then(|field| field.parse().ok());
    Duration::from_nanos(nanos.unwrap_or(0))
}

fn texts(file: &str) -> Option<Vec<String>> {
    let lines = fs::read_to_string(file).ok()?;
    let text = |line: &str| {
        let row: serde_json::Value = serde_json::from_str(line).ok()?;
        row.get("text")?.as_str().map(str::to_owned)
    };
    lines.lines().map(text).collect()
}

fn main() -> ExitCode {
    let file = env::args().nth(1).unwrap_or_default();
    let (Some(texts), Ok(threshold)) = (texts(&file), "0.8".parse()) else {
        eprintln!("usage: in_memory_worker FILE, a file of JSON lines with \"text\"");
        return ExitCode::FAILURE;
    };
    let options = Options {
        parameters: Parameters::default(),
        threshold,
        keep: Keep::First,
        threads: 1,
    };
    for line in stdin().lock().lines() {
        let before = cpu_time();
        let found = dedup(&texts[..], &options, &Progress::default());
        let took = cpu_time().saturating_sub(before).as_secs_f64();
        let (Ok(found), Ok(_)) = (found, line) else {
            return ExitCode::FAILURE;
        };
        let removed = found.removals.len();
        println!("{{\"cpu\":{took},\"removed\":{removed}}}");
        if stdout().flush().is_err() {
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}
