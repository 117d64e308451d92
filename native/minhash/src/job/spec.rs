//! What a job does, as its host says it.

use std::path::Path;

use serde::Deserialize;

use crate::error::{Error, Result};
use crate::hasher::Parameters;
use crate::run::{Compression, Container, Mode};
use crate::settings::{Settings, banding_of};
use crate::shingle::{Ngram, Unit};
use crate::spill::Row;
use crate::survivor::Keep;

/// The job in JSON.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SpecText {
    settings: SettingsText,
    keep: String,
    mode: String,
    #[serde(default)]
    id_key: Option<String>,
    bad_share_max: f64,
    inputs: Vec<InputText>,
    tasks: Vec<TaskSpec>,
    parts: u32,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct SettingsText {
    text_key: String,
    threshold: String,
    unit: String,
    n: usize,
    permutations: usize,
    #[serde(default)]
    bands: Option<usize>,
    #[serde(default)]
    rows: Option<usize>,
    seed: u64,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct InputText {
    name: String,
    bytes: u64,
}

/// A part of an input: the lines that start in a range of a plain file, or all of a compressed one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TaskSpec {
    /// Number of the input.
    pub file: usize,
    /// First byte of the range.
    pub start: u64,
    /// First byte behind it.
    pub end: u64,
}

/// An input of the job.
#[derive(Debug, Clone)]
pub(super) struct Input {
    /// What it is called in reports.
    pub(super) name: String,
    /// Its length, as it is stored.
    pub(super) bytes: u64,
    /// How it is stored.
    pub(super) compression: Compression,
}

/// The job, checked.
#[derive(Debug, Clone)]
pub struct Spec {
    pub(super) settings: Settings,
    pub(super) keep: Keep,
    pub(super) mode: Mode,
    pub(super) id_key: Option<String>,
    pub(super) bad_share_max: f64,
    pub(super) inputs: Vec<Input>,
    pub(super) tasks: Vec<TaskSpec>,
    /// Partitions of every band.
    pub(super) parts: u32,
}

impl Spec {
    /// Reads a job.
    ///
    /// # Errors
    ///
    /// `InvalidArgument` for what cannot be done.
    pub fn new(text: SpecText) -> Result<Self> {
        let threshold = text.settings.threshold.parse()?;
        let parameters = parameters_of(&text.settings, threshold)?;
        let inputs = text.inputs.into_iter().map(input_of);
        let spec = Self {
            settings: Settings::new(parameters, threshold, text.settings.text_key)?,
            keep: text.keep.parse()?,
            mode: mode_of(&text.mode)?,
            id_key: text.id_key,
            bad_share_max: text.bad_share_max,
            inputs: inputs.collect::<Result<_>>()?,
            tasks: text.tasks,
            parts: text.parts,
        };
        spec.check()?;
        Ok(spec)
    }

    fn check(&self) -> Result<()> {
        let wrong =
            |expected: &str, found: &str| Err(Error::invalid_argument("job", expected, found));
        if !(1..=1 << 20).contains(&self.parts) {
            return wrong("1 to 2^20 parts of a band", &self.parts.to_string());
        }
        let mut expected = (0, 0);
        for task in &self.tasks {
            let input = self.inputs.get(task.file);
            let is_next =
                (task.file, task.start) == expected || (task.file > expected.0 && task.start == 0);
            let fits = input.is_some_and(|input| {
                task.start <= task.end
                    && task.end <= input.bytes
                    && (input.compression == Compression::None
                        || (task.start, task.end) == (0, input.bytes))
            });
            if !(is_next && fits) {
                return wrong(
                    "tasks that cover the inputs, in order",
                    &format!("{task:?}"),
                );
            }
            expected = (task.file, task.end);
        }
        Ok(())
    }

    pub(super) fn bands(&self) -> usize {
        self.settings.parameters.banding.bands()
    }

    /// Partitions of a spill.
    pub(super) fn partitions(&self) -> usize {
        self.bands() * self.parts as usize
    }

    pub(super) fn task(&self, task: usize) -> Result<(TaskSpec, &Input)> {
        let found = self.tasks.get(task);
        let found = found.and_then(|it| Some((*it, self.inputs.get(it.file)?)));
        found.ok_or_else(|| Error::invalid_argument("task", "one of the job", task))
    }
}

fn input_of(text: InputText) -> Result<Input> {
    let Container::Lines(compression) = Container::of_name(Path::new(&text.name))? else {
        let what = format!("the kind of {}", text.name);
        return Err(Error::invalid_argument(what, "lines of JSON", "Parquet"));
    };
    Ok(Input {
        name: text.name,
        bytes: text.bytes,
        compression,
    })
}

fn mode_of(text: &str) -> Result<Mode> {
    match text {
        "drop" => Ok(Mode::Drop),
        "drop-all" => Ok(Mode::DropAll),
        "annotate" => Ok(Mode::Annotate),
        other => {
            let expected = "drop, drop-all or annotate";
            Err(Error::invalid_argument("mode", expected, other))
        }
    }
}

fn parameters_of(text: &SettingsText, threshold: crate::jaccard::Threshold) -> Result<Parameters> {
    let chosen = match (text.bands, text.rows) {
        (None, None) => None,
        (Some(bands), Some(rows)) => Some((bands, rows)),
        _ => {
            let expected = "both or neither";
            return Err(Error::invalid_argument("bands and rows", expected, "one"));
        }
    };
    let unit = match text.unit.as_str() {
        "word" => Unit::Word,
        "char" => Unit::Char,
        other => return Err(Error::invalid_argument("unit", "word or char", other)),
    };
    Ok(Parameters {
        ngram: Ngram { unit, n: text.n },
        permutations: text.permutations,
        banding: banding_of(chosen, threshold, text.permutations)?,
        seed: text.seed,
    })
}

/// A row's number; the gather stage refuses more rows than there are numbers.
pub(super) fn row(number: usize) -> Row {
    Row::try_from(number).unwrap_or(Row::MAX)
}
