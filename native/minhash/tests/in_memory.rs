//! Texts in memory and the same texts in files: the same rows are removed, whatever the settings.

use std::fs;

use mithril_dedup::in_memory::{self, Options, dedup};
use mithril_dedup::run::{InputFile, Job, Mode, Progress, run};
use mithril_dedup::settings::{Settings, banding_of};
use mithril_dedup::survivor::Keep;
use mithril_dedup::{Parameters, Result};

const THRESHOLD: &str = "0.7";
const ROWS: u64 = 4000;

/// Words from a small set, so that many texts are alike at every similarity.
fn texts() -> Vec<String> {
    let mut state = 7_u64;
    let mut below = |bound: u64| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 33) % bound
    };
    let text = |row: u64| {
        let base = below(ROWS / 8);
        let words = 10 + base % 30;
        let edits = below(4);
        let word = |at: u64| format!("w{}", base * 40 + at);
        let mut words: Vec<String> = (0..words).map(word).collect();
        for _ in 0..edits {
            let at = usize::try_from(below(words.len() as u64)).unwrap_or(0);
            words[at] = format!("e{}", row % 5);
        }
        words.join(" ")
    };
    (0..ROWS).map(text).collect()
}

fn kept_of_files(texts: &[String], settings: &Settings, keep: Keep) -> Result<Vec<String>> {
    let folder = tempfile::tempdir().expect("a folder");
    let (input, output) = (
        folder.path().join("in.jsonl"),
        folder.path().join("out.jsonl"),
    );
    let line = |text: &String| serde_json::json!({ "text": text }).to_string() + "\n";
    fs::write(&input, texts.iter().map(line).collect::<String>()).expect("writes");
    let job = Job {
        inputs: vec![InputFile::at(input, "in.jsonl".into())?],
        references: 0,
        outputs: vec![output.clone()],
        is_forced: false,
        settings: settings.clone(),
        keep,
        mode: Mode::Drop,
        report: None,
        id_key: None,
        rejects: None,
        bad_share_max: 0.0,
        scratch: folder.path().join("scratch"),
        threads: 2,
        memory: 1 << 26,
        split_bytes: 1 << 16,
    };
    run(&job, &Progress::default())?;
    let text = |line: &str| {
        let row: serde_json::Value = serde_json::from_str(line).expect("a row");
        row["text"].as_str().expect("a text").to_owned()
    };
    let written = fs::read_to_string(output).expect("an output");
    Ok(written.lines().map(text).collect())
}

#[test]
fn the_rows_that_are_kept_are_those_of_a_run_on_files() -> Result<()> {
    let texts = texts();
    let threshold = THRESHOLD.parse()?;
    for (file_keep, keep) in [
        (Keep::First, in_memory::Keep::First),
        (Keep::Last, in_memory::Keep::Last),
        (Keep::Longest, in_memory::Keep::Longest),
    ] {
        let parameters = Parameters {
            banding: banding_of(None, threshold, 128)?,
            ..Parameters::default()
        };
        let settings = Settings::new(parameters, threshold, "text".into())?;
        let options = Options {
            parameters,
            threshold,
            keep,
            threads: 3,
        };
        let found = dedup(&texts[..], &options, &Progress::default())?;
        assert!(
            found.removals.len() > 500,
            "{} removed",
            found.removals.len()
        );
        let removed: Vec<usize> = found.removals.iter().map(|it| it.row as usize).collect();
        let is_kept = |(row, _): &(usize, &String)| removed.binary_search(row).is_err();
        let kept = texts
            .iter()
            .enumerate()
            .filter(is_kept)
            .map(|(_, text)| text.clone());
        assert_eq!(
            kept.collect::<Vec<_>>(),
            kept_of_files(&texts, &settings, file_keep)?
        );
    }
    Ok(())
}
