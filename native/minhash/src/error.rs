//! The error of this crate: kinds are named by what the caller can do about them.

use std::fmt;

/// What a caller can do about an [`Error`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The call itself is wrong: a setting out of range.
    InvalidArgument,
}

impl ErrorKind {
    /// The kind as the stable word that the bindings use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidArgument => "InvalidArgument",
        }
    }
}

/// An error with its kind, the thing it is about, what was expected and what was found.
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    what: String,
    expected: String,
    found: String,
}

/// The result of every fallible function of this crate.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// The call is wrong: `what` should be `expected` but is `found`.
    #[must_use]
    pub fn invalid_argument(
        what: impl Into<String>,
        expected: impl fmt::Display,
        found: impl fmt::Display,
    ) -> Self {
        Self {
            kind: ErrorKind::InvalidArgument,
            what: what.into(),
            expected: expected.to_string(),
            found: found.to_string(),
        }
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
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            what,
            expected,
            found,
            ..
        } = self;
        write!(f, "{what}: expected {expected}, found {found}")
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_says_what_was_expected_and_found() {
        let error = Error::invalid_argument("rows", "at least 1", 0);
        assert_eq!(error.kind().as_str(), "InvalidArgument");
        assert_eq!(error.to_string(), "rows: expected at least 1, found 0");
    }
}
