//! The whole work once, as a tool of a comparison: `dedup_once INPUT OUTPUT`, JSON lines with `text`.
//!
//! One thread, threshold 0.8, the default parameters. Prints rows, removed rows and
//! the wall time of every stage as JSON. `dedup_once INPUT OUTPUT MEMORY` takes bytes of memory.

use std::path::PathBuf;
use std::{env, process::ExitCode};

use mithril_dedup::run::{InputFile, Job, Mode, Progress, run};
use mithril_dedup::settings::Settings;
use mithril_dedup::survivor::Keep;
use mithril_dedup::{Parameters, Result};

const MEMORY: u64 = 1 << 30;

fn once(input: PathBuf, output: PathBuf, memory: u64) -> Result<()> {
    let name = input.display().to_string();
    let bytes = std::fs::metadata(&input).map_or(0, |found| found.len());
    let job = Job {
        inputs: vec![InputFile::at(input, name)?],
        references: 0,
        scratch: output.with_extension("scratch"),
        outputs: vec![output],
        is_forced: true,
        settings: Settings::new(Parameters::default(), "0.8".parse()?, "text".into())?,
        keep: Keep::First,
        mode: Mode::Drop,
        report: None,
        id_key: None,
        rejects: None,
        bad_share_max: 0.0,
        threads: 1,
        memory,
        split_bytes: Job::split_bytes_for(bytes, memory, 1),
    };
    let summary = run(&job, &Progress::default())?;
    let total = summary.total(0);
    let stages = summary.stages.iter();
    let stages = stages.map(|it| format!("\"{}\":{:.4}", it.stage.as_str(), it.seconds));
    println!(
        "{{\"rows\":{},\"removed\":{},\"stageSeconds\":{{{}}}}}",
        total.rows,
        total.dropped,
        stages.collect::<Vec<_>>().join(",")
    );
    Ok(())
}

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [input, output, rest @ ..] = arguments.as_slice() else {
        eprintln!("usage: dedup_once INPUT OUTPUT [MEMORY]");
        return ExitCode::FAILURE;
    };
    let memory = rest.first().and_then(|text| text.parse().ok());
    match once(input.into(), output.into(), memory.unwrap_or(MEMORY)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
