//! Speed of the whole work, JSONL in to JSONL out with every candidate verified.
//!
//! `dedup_speed FILE [THREADS]` prints JSON: rows, removed rows, XXH3 of the output, and medians of `ROUNDS` after
//! `WARM_UP` rounds, in seconds of CPU time (of the first thread, so for one thread only) and of
//! wall time, and the wall time of every stage. Every round must give the same bytes.

#![expect(clippy::cast_precision_loss, reason = "statistics")]

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use std::{env, fs, process::ExitCode};

use mithril_dedup::Parameters;
use mithril_dedup::run::{InputFile, Job, Mode, Progress, Summary, run};
use mithril_dedup::settings::Settings;
use mithril_dedup::survivor::Keep;
use xxhash_rust::xxh3::xxh3_64;

const WARM_UP: usize = 3;
const ROUNDS: usize = 10;
const MEMORY: u64 = 4 << 30;

/// CPU time of this thread, where the system tells it; else 0.
fn cpu_time() -> Duration {
    // The file is up to date as of the last tick, some milliseconds ago, or of the last call of the scheduler.
    std::thread::yield_now();
    let text = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanos = text.split(' ').next().and_then(|field| field.parse().ok());
    Duration::from_nanos(nanos.unwrap_or(0))
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    f64::midpoint(values[(values.len() - 1) / 2], values[values.len() / 2])
}

fn job(input: &Path, output: PathBuf, threads: usize) -> mithril_dedup::Result<Job> {
    let name = input.display().to_string();
    let threshold = "0.8".parse()?;
    let bytes = fs::metadata(input).map_or(0, |found| found.len());
    Ok(Job {
        inputs: vec![InputFile::at(input.to_owned(), name)?],
        references: 0,
        scratch: output.with_extension("scratch"),
        outputs: vec![output],
        is_forced: true,
        settings: Settings::new(Parameters::default(), threshold, "text".into())?,
        keep: Keep::First,
        mode: Mode::Drop,
        report: None,
        id_key: None,
        rejects: None,
        bad_share_max: 0.0,
        threads,
        memory: MEMORY,
        split_bytes: Job::split_bytes_for(bytes, MEMORY, threads),
    })
}

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let Some(input) = arguments.first() else {
        eprintln!("usage: dedup_speed FILE [THREADS]");
        return ExitCode::FAILURE;
    };
    let threads = arguments
        .get(1)
        .and_then(|text| text.parse().ok())
        .unwrap_or(1);
    match measure(Path::new(input), threads) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn measure(input: &Path, threads: usize) -> mithril_dedup::Result<()> {
    let output = env::temp_dir().join(format!("dedup-speed-{}.jsonl", std::process::id()));
    let job = job(input, output.clone(), threads)?;
    let (mut cpu, mut wall, mut stages) = (Vec::new(), Vec::new(), Vec::new());
    let mut expected = None;
    let mut last = Summary::default();
    for round in 0..WARM_UP + ROUNDS {
        let _ = fs::remove_file(&output); // Else its pages would be freed while the clock runs.
        let (cpu_before, clock) = (cpu_time(), Instant::now());
        last = run(&job, &Progress::default())?;
        let took = (cpu_time().saturating_sub(cpu_before), clock.elapsed());
        let bytes = fs::read(&output).unwrap_or_default();
        assert_eq!(
            expected.get_or_insert_with(|| bytes.clone()),
            &bytes,
            "other bytes"
        );
        if round >= WARM_UP {
            cpu.push(took.0.as_secs_f64());
            wall.push(took.1.as_secs_f64());
            stages.push(last.stages.iter().map(|it| it.seconds).collect::<Vec<_>>());
        }
    }
    let _ = fs::remove_file(output);
    let digest = xxh3_64(&expected.unwrap_or_default());
    let total = last.total(0);
    let (cpu, wall) = (median(cpu), median(wall));
    println!(
        "{{\"file\":\"{}\",\"threads\":{threads},\"rows\":{},\"removed\":{},\"xxh3\":\"{digest:016x}\",\"candidates\":{},\"compared\":{},\
         \"cpuSeconds\":{cpu:.4},\"wallSeconds\":{wall:.4},\"rowsPerCpuSecond\":{:.0},\"rowsPerWallSecond\":{:.0},",
        input.display(),
        total.rows,
        total.dropped,
        last.candidates,
        last.compared,
        total.rows as f64 / cpu,
        total.rows as f64 / wall,
    );
    let of_stage = |at: usize| median(stages.iter().map(|round| round[at]).collect());
    let words = last.stages.iter().enumerate();
    let words: Vec<String> = words
        .map(|(at, it)| format!("\"{}\":{:.4}", it.stage.as_str(), of_stage(at)))
        .collect();
    println!(" \"stageSeconds\":{{{}}}}}", words.join(","));
    Ok(())
}
