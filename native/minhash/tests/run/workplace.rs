//! Folders, jobs and made-up documents for the tests.

#[path = "../../examples/shared/random.rs"]
mod random;

use std::fs;
use std::path::{Path, PathBuf};

use mithril_dedup::Parameters;
use mithril_dedup::run::{InputFile, Job, Mode, Progress, Summary, run};
use mithril_dedup::settings::Settings;
use mithril_dedup::survivor::Keep;

pub(crate) use random::Random;

/// A folder that is gone after the test that made it.
pub(crate) struct Workplace {
    folder: PathBuf,
    _made: Option<tempfile::TempDir>,
}

impl Workplace {
    pub(crate) fn new() -> Self {
        let made = tempfile::tempdir().expect("a folder");
        Self {
            folder: made.path().to_owned(),
            _made: Some(made),
        }
    }

    pub(crate) fn existing(folder: PathBuf) -> Self {
        Self {
            folder,
            _made: None,
        }
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> InputFile {
        fs::write(self.path(name), bytes).expect("writes");
        self.input(name)
    }

    pub(crate) fn input(&self, name: &str) -> InputFile {
        InputFile::at(self.path(name), name.to_owned()).expect("a file of a known kind")
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    pub(crate) fn lines(&self, name: &str) -> Vec<String> {
        let text = String::from_utf8(self.read(name)).expect("text");
        text.lines().map(ToOwned::to_owned).collect()
    }

    pub(crate) fn json(&self, name: &str) -> Vec<serde_json::Value> {
        let parse = |line: String| serde_json::from_str(&line).expect("JSON");
        self.lines(name).into_iter().map(parse).collect()
    }

    /// Names of all that is in the folder, in order.
    pub(crate) fn names(&self) -> Vec<String> {
        self.names_in(".")
    }

    pub(crate) fn names_in(&self, folder: &str) -> Vec<String> {
        let entries = fs::read_dir(self.path(folder)).expect("a folder");
        let name = |entry: std::io::Result<fs::DirEntry>| {
            entry
                .expect("an entry")
                .file_name()
                .to_string_lossy()
                .into_owned()
        };
        let mut names: Vec<String> = entries.map(name).collect();
        names.sort();
        names
    }

    /// A job from `inputs` to files of the names `out-NAME`, with everything else by default.
    pub(crate) fn job(&self, inputs: Vec<InputFile>) -> Job {
        let threshold = "0.8".parse().expect("a threshold");
        Job {
            outputs: inputs
                .iter()
                .map(|it| self.path(&format!("out-{}", it.name)))
                .collect(),
            inputs,
            references: 0,
            is_forced: false,
            settings: Settings::new(Parameters::default(), threshold, "text".into())
                .expect("sound"),
            keep: Keep::First,
            mode: Mode::Drop,
            report: None,
            id_key: None,
            rejects: Some(self.path("rejected.jsonl")),
            bad_share_max: 0.0,
            scratch: self.path("scratch"),
            threads: 2,
            memory: 1 << 30,
            split_bytes: 1 << 20,
        }
    }
}

pub(crate) fn done(job: &Job) -> Summary {
    run(job, &Progress::default()).expect("runs")
}

impl Random {
    /// Words that hardly repeat.
    pub(crate) fn words(&mut self, count: usize) -> Vec<String> {
        (0..count)
            .map(|_| format!("w{}", self.below(1 << 40)))
            .collect()
    }
}

/// Lines of `count` documents of 50 words; about one in three differs from an earlier one in its
/// last word (similarity 45/47), and some equal one in all but the punctuation.
pub(crate) fn documents(seed: u64, count: usize) -> Vec<String> {
    let mut random = Random(seed);
    let mut texts: Vec<Vec<String>> = Vec::new();
    for _ in 0..count {
        let text = match (texts.len() as u64, random.below(6)) {
            (made, 0 | 1) if made > 0 => {
                let at = usize::try_from(random.below(made)).expect("few");
                let mut text = texts[at].clone();
                text.pop();
                text.extend(random.words(1));
                text
            }
            (made, 2) if made > 0 => {
                let at = usize::try_from(random.below(made)).expect("few");
                texts[at]
                    .iter()
                    .map(|word| format!("{}!", word.trim_end_matches('!')))
                    .collect()
            }
            _ => random.words(50),
        };
        texts.push(text);
    }
    let line = |(id, text): (usize, &Vec<String>)| {
        format!(
            "{{\"id\":{id},\"text\":\"{}\",\"n\":{}}}",
            text.join(" "),
            id * 7 % 11
        )
    };
    texts.iter().enumerate().map(line).collect()
}

pub(crate) fn joined(lines: &[String]) -> Vec<u8> {
    lines
        .iter()
        .flat_map(|line| [line.as_bytes(), b"\n"].concat())
        .collect()
}

pub(crate) fn sample(name: &str) -> Option<Vec<u8>> {
    let folder = std::env::var_os("MITHRIL_DEDUP_DATA").map(PathBuf::from)?;
    let path: &Path = &folder.join(name);
    let bytes = fs::read(path).ok()?;
    Some(zstd::decode_all(&bytes[..]).expect("zstd"))
}
