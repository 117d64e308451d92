//! Which row of a group of duplicates is kept.

use crate::error::{Error, Result};
use crate::hash::{checked, text_of_line};
use crate::input::json::{Value, find_field};
use crate::spill::Row;

/// The rule by which the survivor is chosen; of rows that are equal by it the first one survives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Keep {
    /// The first row, in the order of files and places.
    First,
    /// The last row.
    Last,
    /// The row with the longest text, in bytes.
    Longest,
    /// The row with the largest number in this field; one without a number comes last.
    Max(String),
}

impl std::str::FromStr for Keep {
    type Err = Error;

    /// `first`, `last`, `longest` or `max:FIELD`.
    fn from_str(text: &str) -> Result<Self> {
        match text.split_once(':') {
            None if text == "first" => Ok(Self::First),
            None if text == "last" => Ok(Self::Last),
            None if text == "longest" => Ok(Self::Longest),
            Some(("max", field)) if !field.is_empty() => Ok(Self::Max(field.to_owned())),
            _ => {
                let expected = "first, last, longest or max:FIELD";
                Err(Error::invalid_argument("keep", expected, text))
            }
        }
    }
}

/// The survivor among rows (in order) by their values: the first one of the largest value.
#[must_use]
pub fn of_values(rows: &[(Row, f64)]) -> Option<Row> {
    let mut best: Option<(Row, f64)> = None;
    for (row, value) in rows {
        if best.is_none_or(|(_, most)| *value > most) {
            best = Some((*row, *value));
        }
    }
    best.map(|(row, _)| row)
}

/// The length of a line's text in bytes.
#[expect(
    clippy::cast_precision_loss,
    reason = "lines are far shorter than 2^52 bytes"
)]
pub(crate) fn length_of(line: &[u8], text_key: &str, room: &mut String) -> f64 {
    text_of_line(line, text_key, true, room).map_or(0.0, |text| text.len() as f64)
}

/// The number in a line's field; the least of all where there is none.
pub(crate) fn number_of(line: &[u8], field: &str) -> f64 {
    let found = checked(line, true).and_then(|line| find_field(line, field));
    match found {
        Ok(Some(Value::Other(number))) => number.parse().unwrap_or(f64::NEG_INFINITY),
        _ => f64::NEG_INFINITY,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_read() {
        assert_eq!(
            "max:score".parse::<Keep>().expect("a rule"),
            Keep::Max("score".into())
        );
        assert_eq!("longest".parse::<Keep>().expect("a rule"), Keep::Longest);
        for wrong in ["", "max", "max:", "first:x", "best"] {
            assert!(wrong.parse::<Keep>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_first_of_the_largest_survives() {
        assert_eq!(of_values(&[(3, 1.0), (5, 2.0), (9, 2.0)]), Some(5));
        assert_eq!(
            of_values(&[(3, f64::NEG_INFINITY), (5, f64::NEG_INFINITY)]),
            Some(3)
        );
        assert_eq!(of_values(&[]), None);
    }
}
