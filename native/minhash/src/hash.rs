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
use crate::spill::{Span, Spill};

/// Digest of a row without a single word: it has no shingles, and is never compared.
pub const NO_WORDS: u128 = 0;

/// Hashes rows; keeps its buffers between them.
pub struct RowHasher {
    shingler: Shingler,
    shingles: Vec<u64>,
    keyer: Keyer,
    is_exact: bool,
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
    let mut spill = Spill::default();
    let mut room = String::new();
    let is_clean = simdutf8::basic::from_utf8(&lines.bytes).is_ok()
        && memchr::memchr(0, &lines.bytes).is_none();
    lines.visit(
        |offset, line| match text_of_row(line, text_key, is_clean, &mut room) {
            Ok(text) => {
                let (digest, keys) = hasher.hash(text);
                spill.spans.push(Span::new(offset, line.len()));
                spill.digests.push(digest);
                spill.keys.extend_from_slice(keys);
            }
            Err(reason) => spill.rejects.push(Reject {
                offset,
                bytes: line.len() as u64,
                reason,
            }),
        },
    );
    if let Some((offset, bytes)) = lines.too_long {
        spill.rejects.push(Reject {
            offset,
            bytes,
            reason: Reason::LineTooLong,
        });
    }
    spill.group_keys_by_band(hasher.bands());
    spill
}

/// The text of a line that is not too long, however much of it was read at once.
fn text_of_row<'a>(
    line: &'a [u8],
    text_key: &str,
    is_clean: bool,
    room: &'a mut String,
) -> Result<&'a str, Reason> {
    if line.len() > LINE_BYTES_MAX {
        return Err(Reason::LineTooLong);
    }
    text_of_line(line, text_key, is_clean, room)
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
