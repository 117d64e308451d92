//! The whole work once, as a tool of a comparison: `dedup_once INPUT OUTPUT`, JSON lines with `text`.
//!
//! One thread, threshold 0.8, the default parameters. Prints rows and removed rows as JSON.

use std::path::PathBuf;
use std::{env, process::ExitCode};

use mithril_dedup::run::{InputFile, Job, Mode, Progress, run};
use mithril_dedup::settings::Settings;
use mithril_dedup::survivor::Keep;
use mithril_dedup::{Parameters, Result};

const MEMORY: u64 = 1 << 30;

fn once(input: PathBuf, output: PathBuf) -> Result<()> {
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
        memory: MEMORY,
        split_bytes: Job::split_bytes_for(bytes, MEMORY, 1),
    };
    let total = run(&job, &Progress::default())?.total(0);
    println!("{{\"rows\":{},\"removed\":{}}}", total.rows, total.dropped);
    Ok(())
}

fn main() -> ExitCode {
    let mut paths = env::args_os().skip(1).map(PathBuf::from);
    let (Some(input), Some(output)) = (paths.next(), paths.next()) else {
        eprintln!("usage: dedup_once INPUT OUTPUT");
        return ExitCode::FAILURE;
    };
    match once(input, output) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
