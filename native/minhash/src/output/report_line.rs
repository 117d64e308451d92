//! A line of the report: one JSON object for a row that has a duplicate and does not survive.
//!
//! `{"id":7,"file":"a.jsonl","offset":812,"survivor":{"id":3,"file":"a.jsonl","offset":0},
//! "similarity":0.92,"intersection":46,"union":50,"cluster":{"file":"a.jsonl","offset":0},
//! "link":{"file":"a.jsonl","offset":0,"similarity":0.92}}`

use std::io::{self, Write};

use serde::Serialize;
use serde_json::value::RawValue;

use crate::hash::checked;
use crate::input::json::{Value, find_field};
use crate::jaccard::Overlap;

/// Where a row lies.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Place<'a> {
    pub(crate) file: &'a str,
    pub(crate) offset: u64,
}

impl std::fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.file, self.offset)
    }
}

/// A row with the user's own id.
#[derive(Serialize)]
pub(crate) struct Identified<'a> {
    pub(crate) id: &'a RawValue,
    #[serde(flatten)]
    pub(crate) place: Place<'a>,
}

/// What is said of a removed row.
pub(crate) struct ReportLine<'a> {
    pub(crate) row: Identified<'a>,
    pub(crate) survivor: Identified<'a>,
    /// What the two have in common.
    pub(crate) overlap: Overlap,
    pub(crate) cluster: Place<'a>,
    /// The next row on the way to the survivor; nothing is known of equal ones but that they are.
    pub(crate) link: (Place<'a>, Option<Overlap>),
}

#[derive(Serialize)]
struct Line<'a> {
    #[serde(flatten)]
    row: Identified<'a>,
    survivor: Identified<'a>,
    similarity: f64,
    intersection: u64,
    union: u64,
    cluster: Place<'a>,
    link: Linked<'a>,
}

#[derive(Serialize)]
struct Linked<'a> {
    #[serde(flatten)]
    place: Place<'a>,
    similarity: f64,
}

impl ReportLine<'_> {
    /// Writes the line with its line feed.
    pub(crate) fn write_to(self, out: &mut impl Write) -> io::Result<()> {
        let (place, overlap) = self.link;
        let line = Line {
            row: self.row,
            survivor: self.survivor,
            similarity: self.overlap.similarity(),
            intersection: self.overlap.intersection,
            union: self.overlap.union,
            cluster: self.cluster,
            link: Linked {
                place,
                similarity: overlap.map_or(1.0, Overlap::similarity),
            },
        };
        serde_json::to_writer(&mut *out, &line).map_err(io::Error::from)?;
        out.write_all(b"\n")
    }
}

/// The value of a line's field `key`, as it stands there; `null` where there is none.
pub(crate) fn id_of(line: &[u8], key: &str) -> Box<RawValue> {
    let found = checked(line, true).and_then(|line| find_field(line, key));
    raw(match found {
        Ok(Some(Value::String(text, _))) => format!("\"{text}\""),
        Ok(Some(Value::Other(value))) => value.to_owned(),
        _ => "null".to_owned(),
    })
}

/// A JSON value that has been checked already.
pub(crate) fn raw(value: String) -> Box<RawValue> {
    RawValue::from_string(value).unwrap_or_default()
}
