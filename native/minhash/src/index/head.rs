//! The head of an index: its settings and the parts that belong to it.
//!
//! One line of JSON, and a second one with its XXH3 in hexadecimal.

use std::path::Path;

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use super::damaged;
use crate::error::{Error, Result};
use crate::hasher::Parameters;
use crate::jaccard::Threshold;
use crate::lsh::Banding;
use crate::shingle::{Ngram, Unit};

/// The version that is written, and the only one that is read.
const VERSION: u32 = 1;
/// A longer head is not ours.
const HEAD_BYTES_MAX: u64 = 1 << 20;
/// The name of the head in the folder.
pub(super) const HEAD_NAME: &str = "head";

/// What the texts of an index are compared by; fixed when it is built.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IndexSettings {
    /// Least similarity of a neighbour unless a query asks for another, as a decimal number; the
    /// bands were chosen for it.
    pub threshold: String,
    /// `word` or `char`.
    pub unit: String,
    /// Units of a shingle.
    pub n: usize,
    /// Components of a signature.
    pub permutations: usize,
    /// Bands.
    pub bands: usize,
    /// Components of a band.
    pub rows: usize,
    /// Picks the hash functions.
    pub seed: u64,
}

impl IndexSettings {
    /// The settings of an index.
    #[must_use]
    pub fn new(parameters: &Parameters, threshold: Threshold) -> Self {
        let unit = match parameters.ngram.unit {
            Unit::Word => "word",
            Unit::Char => "char",
        };
        Self {
            threshold: threshold.to_string(),
            unit: unit.to_owned(),
            n: parameters.ngram.n,
            permutations: parameters.permutations,
            bands: parameters.banding.bands(),
            rows: parameters.banding.rows(),
            seed: parameters.seed,
        }
    }

    /// How signatures and band keys are made.
    ///
    /// # Errors
    ///
    /// `InvalidArgument` for settings out of range, which those of an open index are not.
    pub fn parameters(&self) -> Result<Parameters> {
        let unit = match self.unit.as_str() {
            "word" => Unit::Word,
            "char" => Unit::Char,
            other => return Err(Error::invalid_argument("unit", "word or char", other)),
        };
        Ok(Parameters {
            ngram: Ngram { unit, n: self.n },
            permutations: self.permutations,
            banding: Banding::new(self.bands, self.rows, self.permutations)?,
            seed: self.seed,
        })
    }

    /// Least similarity of a neighbour.
    ///
    /// # Errors
    ///
    /// As [`parameters`](Self::parameters).
    pub fn threshold(&self) -> Result<Threshold> {
        self.threshold.parse()
    }

    /// Tables of a part: one a band, and one by which equal texts are found.
    pub(super) fn tables(&self) -> usize {
        self.bands + 1
    }

    /// Names the settings that parts depend on.
    pub(super) fn digest(&self) -> u64 {
        let Self {
            unit,
            n,
            permutations,
            bands,
            rows,
            seed,
            ..
        } = self;
        xxh3_64(format!("{unit} {n} {permutations} {bands} {rows} {seed}").as_bytes())
    }

    fn check(&self) -> Result<()> {
        self.threshold()?;
        crate::Hasher::new(&self.parameters()?).map(drop)
    }
}

/// A part as the head names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HeadPart {
    /// Its file is named by this number.
    pub(super) number: u64,
    pub(super) rows: u64,
    pub(super) bytes: u64,
    /// The generation by which the file of its removed rows is named; 0 for none.
    pub(super) removed: u64,
    pub(super) removed_rows: u64,
}

impl HeadPart {
    pub(super) fn file_name(&self) -> String {
        format!("{:06}.part", self.number)
    }

    pub(super) fn removed_name(&self) -> Option<String> {
        (self.removed > 0).then(|| format!("{:06}-{:06}.removed", self.number, self.removed))
    }
}

/// What is in the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Head {
    pub(super) version: u32,
    /// Counts what was published.
    pub(super) generation: u64,
    /// The number of the next part.
    pub(super) next: u64,
    pub(super) settings: IndexSettings,
    /// Older ones first.
    pub(super) parts: Vec<HeadPart>,
}

/// Read first: a newer head may have any other fields.
#[derive(Deserialize)]
struct Version {
    version: u32,
}

impl Head {
    pub(super) fn new(settings: IndexSettings) -> Result<Self> {
        settings.check()?;
        Ok(Self {
            version: VERSION,
            generation: 0,
            next: 1,
            settings,
            parts: Vec::new(),
        })
    }

    /// Reads the head of the index in a folder; nothing where there is none.
    pub(super) fn read(folder: &Path) -> Result<Option<Self>> {
        let path = folder.join(HEAD_NAME);
        let bytes = match std::fs::metadata(&path) {
            Ok(found) if found.len() > HEAD_BYTES_MAX => {
                return Err(damaged(&path, "at most 1 MiB"));
            }
            Ok(_) => std::fs::read(&path),
            Err(error) => Err(error),
        };
        match bytes {
            Ok(bytes) => Self::from_bytes(&bytes, &path).map(Some),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) if error.kind() == std::io::ErrorKind::NotADirectory => Ok(None),
            Err(error) => Err(Error::io_at("read", &path, error)),
        }
    }

    fn from_bytes(bytes: &[u8], path: &Path) -> Result<Self> {
        let text = std::str::from_utf8(bytes).map_err(|_| damaged(path, "text"))?;
        let lines = text
            .strip_suffix('\n')
            .and_then(|text| text.split_once('\n'));
        let (line, sum) = lines.ok_or_else(|| damaged(path, "two lines"))?;
        if sum != checksum(line) {
            return Err(damaged(path, "its checksum"));
        }
        let broken = |error: serde_json::Error| damaged(path, &format!("a head ({error})"));
        let Version { version } = serde_json::from_str(line).map_err(broken)?;
        if version != VERSION {
            let what = format!("the index file {}", path.display());
            return Err(Error::compatibility(
                what,
                format!("version {VERSION}"),
                version,
            ));
        }
        let head: Self = serde_json::from_str(line).map_err(broken)?;
        head.settings
            .check()
            .map_err(|error| damaged(path, &error.to_string()))?;
        let is_sound = head
            .parts
            .iter()
            .all(|it| it.number < head.next && it.removed_rows <= it.rows);
        if is_sound {
            Ok(head)
        } else {
            Err(damaged(path, "parts of its own"))
        }
    }

    pub(super) fn to_bytes(&self) -> Result<Vec<u8>> {
        let line = serde_json::to_string(self)
            .map_err(|error| Error::invalid_argument("the head", "numbers and names", error))?;
        let sum = checksum(&line);
        Ok(format!("{line}\n{sum}\n").into_bytes())
    }
}

fn checksum(line: &str) -> String {
    format!("{:016x}", xxh3_64(line.as_bytes()))
}
