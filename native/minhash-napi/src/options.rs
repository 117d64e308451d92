//! What JavaScript asks for, as the crate wants it.

use std::path::PathBuf;

use mithril_dedup::bloom::Plan;
use mithril_dedup::jaccard::Threshold;
use mithril_dedup::lsh::Banding;
use mithril_dedup::run::{InputFile, Job, Mode};
use mithril_dedup::settings::{Method, Settings, banding_of};
use mithril_dedup::shingle::{Ngram, Unit};
use mithril_dedup::{Error, Parameters};
use napi_derive::napi;

use mithril_napi_common::outcome::{Outcome, length, whole};

/// What duplicates are.
#[napi(object, object_to_js = false)]
pub struct SettingsOptions {
    pub text_key: String,
    /// A decimal number, as it was written.
    pub threshold: String,
    /// `word` or `char`.
    pub unit: String,
    pub n: f64,
    pub permutations: f64,
    /// Both or neither; without them the bands suit the threshold.
    pub bands: Option<f64>,
    pub rows: Option<f64>,
    pub seed: f64,
    /// `verified`, which is the default, `exact` or `lshbloom`.
    pub method: Option<String>,
    /// Documents that the filters of `lshbloom` are made for, and their error after so many.
    pub bloom_documents: Option<f64>,
    pub bloom_error: Option<f64>,
}

#[napi(object, object_to_js = false)]
pub struct NamedFile {
    pub path: String,
    /// What it is called in reports.
    pub name: String,
}

#[napi(object, object_to_js = false)]
pub struct JobOptions {
    pub references: Vec<NamedFile>,
    pub inputs: Vec<NamedFile>,
    /// One for each of the inputs.
    pub outputs: Vec<String>,
    pub is_forced: bool,
    pub settings: SettingsOptions,
    /// `first`, `last`, `longest` or `max:FIELD`.
    pub keep: String,
    /// `drop`, `drop-all` or `annotate`.
    pub mode: String,
    pub report: Option<String>,
    pub id_key: Option<String>,
    pub rejects: Option<String>,
    /// 0 to 1.
    pub bad_share_max: f64,
    pub scratch: String,
    /// 0 for all processors.
    pub threads: f64,
    /// In bytes.
    pub memory: f64,
}

impl SettingsOptions {
    pub fn threshold(&self) -> Outcome<Threshold> {
        Ok(self.threshold.parse()?)
    }

    pub fn parameters(&self) -> Outcome<Parameters> {
        let permutations = length("permutations", self.permutations)?;
        let chosen = match (self.bands, self.rows) {
            (Some(bands), Some(rows)) => Some((length("bands", bands)?, length("rows", rows)?)),
            (None, None) => None,
            _ => {
                let expected = "both or neither";
                return Err(Error::invalid_argument("bands and rows", expected, "one").into());
            }
        };
        let unit = match self.unit.as_str() {
            "word" => Unit::Word,
            "char" => Unit::Char,
            other => return Err(Error::invalid_argument("unit", "word or char", other).into()),
        };
        let n = length("n-gram size", self.n)?;
        Ok(Parameters {
            ngram: Ngram { unit, n },
            permutations,
            banding: self.banding(chosen, permutations)?,
            seed: whole("seed", self.seed)?,
        })
    }

    fn method(&self) -> Outcome<Method> {
        match self.method.as_deref() {
            None | Some("verified") => Ok(Method::Verified),
            Some("exact") => Ok(Method::Exact),
            Some("lshbloom") => {
                let documents = whole("documents", self.bloom_documents.unwrap_or(1.0))?;
                let bands = self.parameters()?.banding.bands();
                let error = self.bloom_error.unwrap_or(0.0);
                Ok(Method::LshBloom(Plan::for_error(documents, bands, error)?))
            }
            Some(other) => {
                let expected = "verified, exact or lshbloom";
                Err(Error::invalid_argument("method", expected, other).into())
            }
        }
    }

    fn settings(&self) -> Outcome<Settings> {
        let key = self.text_key.clone();
        Ok(Settings {
            method: self.method()?,
            ..Settings::new(self.parameters()?, self.threshold()?, key)?
        })
    }

    fn banding(&self, chosen: Option<(usize, usize)>, permutations: usize) -> Outcome<Banding> {
        Ok(banding_of(chosen, self.threshold()?, permutations)?)
    }
}

impl JobOptions {
    pub fn job(&self) -> Outcome<Job> {
        let mode = match self.mode.as_str() {
            "drop" => Mode::Drop,
            "drop-all" => Mode::DropAll,
            "annotate" => Mode::Annotate,
            other => {
                let expected = "drop, drop-all or annotate";
                return Err(Error::invalid_argument("mode", expected, other).into());
            }
        };
        let files = self.references.iter().chain(&self.inputs);
        let open = |file: &NamedFile| InputFile::at(file.path.clone().into(), file.name.clone());
        let inputs = files.map(open).collect::<Result<Vec<_>, _>>()?;
        let threads = match length("threads", self.threads)? {
            0 => std::thread::available_parallelism().map_or(1, usize::from),
            threads => threads,
        };
        let memory = whole("memory", self.memory)?;
        let bytes = inputs.iter().map(|input| input.bytes).sum();
        let path = |text: &Option<String>| text.as_ref().map(PathBuf::from);
        Ok(Job {
            split_bytes: Job::split_bytes_for(bytes, memory, threads),
            inputs,
            references: self.references.len(),
            outputs: self.outputs.iter().map(PathBuf::from).collect(),
            is_forced: self.is_forced,
            settings: self.settings.settings()?,
            keep: self.keep.parse()?,
            mode,
            report: path(&self.report),
            id_key: self.id_key.clone(),
            rejects: path(&self.rejects),
            bad_share_max: self.bad_share_max,
            scratch: PathBuf::from(&self.scratch),
            threads,
            memory,
        })
    }
}
