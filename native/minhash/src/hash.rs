//! From lines to band keys: the stage that reads every row once.
//!
//! [`hash_lines`] is a pure function from the lines of a split to a [`Spill`], which holds all that
//! the later stages need to find candidates.

use xxhash_rust::xxh3::xxh3_128;

use crate::hasher::{Keyer, Parameters};
use crate::input::json::text_of;
use crate::input::split::{LINE_BYTES_MAX, Lines};
use crate::input::{Reason, Reject};
use crate::settings::{Method, Settings};
use crate::shingle::Shingler;
use crate::spill::{Growing, Span, Spill};

/// Digest of a row without a single word: it has no shingles, and is never compared.
pub const NO_WORDS: u128 = 0;

/// Hashes rows; keeps its buffers between them.
pub struct RowHasher {
    shingler: Shingler,
    shingles: Vec<u64>,
    keyer: Keyer,
    is_exact: bool,
    growing: Growing,
}

impl RowHasher {
    /// A hasher with these settings.
    ///
    /// # Errors
    ///
    /// `InvalidArgument` for settings out of range.
    pub fn new(settings: &Settings) -> crate::Result<Self> {
        let mut hasher = Self::with(&settings.parameters)?;
        hasher.keyer.keys = vec![0; settings.bands()];
        hasher.is_exact = settings.method == Method::Exact;
        Ok(hasher)
    }

    /// A hasher of near-duplicates with these parameters.
    ///
    /// # Errors
    ///
    /// `InvalidArgument` for parameters out of range.
    pub fn with(parameters: &Parameters) -> crate::Result<Self> {
        Ok(Self {
            shingler: Shingler::new(parameters.ngram, parameters.seed)?,
            shingles: Vec::new(),
            keyer: Keyer::new(parameters)?,
            is_exact: false,
            growing: Growing::default(),
        })
    }

    /// Keys of a row.
    #[must_use]
    pub fn bands(&self) -> usize {
        self.keyer.keys.len()
    }

    /// The digest of the row's shingles, in the order of the text, and its band keys.
    ///
    /// Rows of one digest have the same shingles, hence similarity 1 (two texts that differ have
    /// the same digest with probability 2^-128).
    ///
    /// With [`Method::Exact`] the digest is that of the text, and there are no keys.
    pub fn hash(&mut self, text: &str) -> (u128, &[u64]) {
        if self.is_exact {
            return (
                xxh3_128(text.as_bytes()).max(NO_WORDS + 1),
                &self.keyer.keys,
            );
        }
        self.shingler.shingles(text, &mut self.shingles);
        if self.shingles.is_empty() {
            self.keyer.keys.fill(0);
            return (NO_WORDS, &self.keyer.keys);
        }
        self.keyer.hash(&self.shingles);
        let digest = xxh3_128(&self.keyer.bytes).max(NO_WORDS + 1);
        (digest, &self.keyer.keys)
    }
}

/// Hashes the rows of a split.
pub fn hash_lines(lines: &Lines, text_key: &str, hasher: &mut RowHasher) -> Spill {
    let mut rows = std::mem::take(&mut hasher.growing);
    let mut room = String::new();
    // Most splits are clean as a whole: then no line is looked at by itself.
    let clean = simdutf8::basic::from_utf8(&lines.bytes).ok();
    let clean = clean.filter(|_| memchr::memchr(0, &lines.bytes).is_none());
    lines.visit(|offset, line| {
        let known = clean.and_then(|clean| {
            let from = usize::try_from(offset - lines.offset).ok()?;
            clean.get(from..from + line.len())
        });
        match text_of_row(line, known, text_key, &mut room) {
            Ok(text) => rows.push(Span::new(offset, line.len()), hasher.hash(text)),
            Err(reason) => rows.rejects.push(Reject {
                offset,
                bytes: line.len() as u64,
                reason,
            }),
        }
    });
    if let Some((offset, bytes)) = lines.too_long {
        rows.rejects.push(Reject {
            offset,
            bytes,
            reason: Reason::LineTooLong,
        });
    }
    let spill = rows.finish(hasher.bands());
    hasher.growing = rows;
    spill
}

/// The text of a line that is not too long, however much of it was read at once. `known`: the line,
/// where it is known to be UTF-8 without zero bytes.
fn text_of_row<'a>(
    line: &'a [u8],
    known: Option<&'a str>,
    text_key: &str,
    room: &'a mut String,
) -> Result<&'a str, Reason> {
    if line.len() > LINE_BYTES_MAX {
        return Err(Reason::LineTooLong);
    }
    let line = known.map_or_else(|| checked(line, false), Ok)?;
    text_of(line, text_key, room)
}

/// The text of a line. `is_clean`: all of it is known to be UTF-8 without zero bytes.
///
/// # Errors
///
/// The reason for which the row cannot be used.
pub fn text_of_line<'a>(
    line: &'a [u8],
    text_key: &str,
    is_clean: bool,
    room: &'a mut String,
) -> Result<&'a str, Reason> {
    text_of(checked(line, is_clean)?, text_key, room)
}

/// A line as UTF-8 without zero bytes.
///
/// # Errors
///
/// [`Reason::InvalidUtf8`] or [`Reason::NulByte`].
pub fn checked(line: &[u8], is_clean: bool) -> Result<&str, Reason> {
    let text = simdutf8::basic::from_utf8(line).map_err(|_| Reason::InvalidUtf8)?;
    if !is_clean && memchr::memchr(0, line).is_some() {
        return Err(Reason::NulByte);
    }
    Ok(text)
}
