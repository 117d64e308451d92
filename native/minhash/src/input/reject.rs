//! Rows that cannot be used, and why.

/// Why a row is not part of the work. It is counted, listed and left out of the output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Reason {
    /// The line is not one JSON value and nothing else.
    BrokenJson = 1,
    /// The line is JSON, but not an object.
    NotAnObject = 2,
    /// The object has no such field, or it is null.
    MissingField = 3,
    /// The field is not a string.
    NotAString = 4,
    /// The line is not UTF-8, or the text holds half of a surrogate pair.
    InvalidUtf8 = 5,
    /// The line holds a zero byte.
    NulByte = 6,
    /// The line is longer than [`LINE_BYTES_MAX`](super::split::LINE_BYTES_MAX).
    LineTooLong = 7,
}

impl Reason {
    /// Every reason, in the order of their codes.
    pub const ALL: [Self; 7] = [
        Self::BrokenJson,
        Self::NotAnObject,
        Self::MissingField,
        Self::NotAString,
        Self::InvalidUtf8,
        Self::NulByte,
        Self::LineTooLong,
    ];

    /// The stable word for reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BrokenJson => "broken_json",
            Self::NotAnObject => "not_an_object",
            Self::MissingField => "missing_field",
            Self::NotAString => "not_a_string",
            Self::InvalidUtf8 => "invalid_utf8",
            Self::NulByte => "nul_byte",
            Self::LineTooLong => "line_too_long",
        }
    }

    /// The reason with this code.
    #[must_use]
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|it| *it as u8 == code)
    }
}

/// A row that cannot be used: where it lies and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reject {
    /// First byte of the line in the (decompressed) file, or the number of the row.
    pub offset: u64,
    /// Length of the line in bytes, without its line feed.
    pub bytes: u64,
    /// Why.
    pub reason: Reason,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_find_their_reasons() {
        for reason in Reason::ALL {
            assert_eq!(Reason::from_code(reason as u8), Some(reason));
        }
        assert_eq!(Reason::from_code(0), None);
    }
}
