//! The error of the Rust crates: kinds are named by what the caller can do about them.

use std::fmt;
use std::path::Path;

/// What a caller can do about an [`Error`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The bytes are damaged: fetch them again, or restore from another copy.
    Corruption,
    /// The bytes are sound but newer than this version of Mithril: upgrade.
    Compatibility,
    /// More bytes are needed than were given.
    InsufficientData,
    /// The call itself is wrong: a setting out of range, a base that was not given, a wrong base.
    InvalidArgument,
    /// Too many rows of the input cannot be read: see the file of rejected rows.
    TooManyBadRows,
    /// Reading or writing failed; the message carries the operating system's reason.
    Io,
    /// The caller asked to stop.
    Cancelled,
}

impl ErrorKind {
    /// The kind as the stable word used by the Node and Python bindings.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Corruption => "Corruption",
            Self::Compatibility => "Compatibility",
            Self::InsufficientData => "InsufficientData",
            Self::InvalidArgument => "InvalidArgument",
            Self::TooManyBadRows => "TooManyBadRows",
            Self::Io => "Io",
            Self::Cancelled => "Cancelled",
        }
    }
}

/// An error with its kind, the thing it is about, and what was expected and found where that is known.
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    what: String,
    expected: Option<String>,
    found: Option<String>,
    source: Option<std::io::Error>,
}

/// The result of every fallible function of these crates.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    fn new(kind: ErrorKind, what: impl Into<String>) -> Self {
        Self {
            kind,
            what: what.into(),
            expected: None,
            found: None,
            source: None,
        }
    }

    fn with(mut self, expected: &dyn fmt::Display, found: &dyn fmt::Display) -> Self {
        self.expected = Some(expected.to_string());
        self.found = Some(found.to_string());
        self
    }

    /// The bytes are damaged: `what` should be `expected` but is `found`.
    #[must_use]
    pub fn corruption(
        what: impl Into<String>,
        expected: impl fmt::Display,
        found: impl fmt::Display,
    ) -> Self {
        Self::new(ErrorKind::Corruption, what).with(&expected, &found)
    }

    /// The bytes are newer than this version: `what` is at most `expected` here but is `found`.
    #[must_use]
    pub fn compatibility(
        what: impl Into<String>,
        expected: impl fmt::Display,
        found: impl fmt::Display,
    ) -> Self {
        Self::new(ErrorKind::Compatibility, what).with(&expected, &found)
    }

    /// `what` needs `expected` bytes, but only `found` were given.
    #[must_use]
    pub fn insufficient_data(
        what: impl Into<String>,
        expected: impl fmt::Display,
        found: impl fmt::Display,
    ) -> Self {
        Self::new(ErrorKind::InsufficientData, what).with(&expected, &found)
    }

    /// The call is wrong: `what` should be `expected` but is `found`.
    #[must_use]
    pub fn invalid_argument(
        what: impl Into<String>,
        expected: impl fmt::Display,
        found: impl fmt::Display,
    ) -> Self {
        Self::new(ErrorKind::InvalidArgument, what).with(&expected, &found)
    }

    /// More rows than allowed cannot be read.
    #[must_use]
    pub fn too_many_bad_rows(expected: impl fmt::Display, found: impl fmt::Display) -> Self {
        Self::new(ErrorKind::TooManyBadRows, "rows that cannot be read").with(&expected, &found)
    }

    /// Reading or writing `what` failed.
    #[must_use]
    pub fn io(what: impl Into<String>, source: std::io::Error) -> Self {
        Self {
            source: Some(source),
            ..Self::new(ErrorKind::Io, what)
        }
    }

    /// Doing `what` to the file at `path` failed.
    #[must_use]
    pub fn io_at(what: &str, path: &Path, source: std::io::Error) -> Self {
        Self::io(format!("{what} {}", path.display()), source)
    }

    /// The caller stopped `what`.
    #[must_use]
    pub fn cancelled(what: impl Into<String>) -> Self {
        Self::new(ErrorKind::Cancelled, what)
    }

    /// What a caller can do about it.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The thing the error is about.
    #[must_use]
    pub fn what(&self) -> &str {
        &self.what
    }

    /// The same error, with the place put in front of what it is about (`segment 3: block 7`).
    #[must_use]
    pub fn within(mut self, place: impl fmt::Display) -> Self {
        self.what = format!("{place}: {}", self.what);
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)?;
        if let (Some(expected), Some(found)) = (&self.expected, &self.found) {
            write!(f, ": expected {expected}, found {found}")?;
        }
        if let Some(source) = &self.source {
            write!(f, ": {source}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_ref().map(|source| source as _)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_says_what_was_expected_and_found() {
        let error = Error::corruption("footer magic", "MSEG", "XXXX").within("segment 2");
        assert_eq!(error.kind(), ErrorKind::Corruption);
        assert_eq!(
            error.to_string(),
            "segment 2: footer magic: expected MSEG, found XXXX"
        );
    }

    #[test]
    fn an_io_error_keeps_its_source() {
        let error = Error::io_at("open", Path::new("a.mith"), std::io::Error::other("gone"));
        assert_eq!(error.to_string(), "open a.mith: gone");
        assert!(std::error::Error::source(&error).is_some());
    }
}
