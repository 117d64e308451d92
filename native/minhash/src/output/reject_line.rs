//! Rows that cannot be used: a line of their list, and how many are too many.

use std::io::{self, Write};

use serde::Serialize;

use crate::error::{Error, Result};
use crate::input::Reject;

#[derive(Serialize)]
struct Line<'a> {
    file: &'a str,
    offset: u64,
    bytes: u64,
    reason: &'a str,
}

/// Writes the line of a row of `file`, with its line feed.
pub(crate) fn write_reject(file: &str, reject: &Reject, out: &mut impl Write) -> io::Result<()> {
    let line = Line {
        file,
        offset: reject.offset,
        bytes: reject.bytes,
        reason: reject.reason.as_str(),
    };
    serde_json::to_writer(&mut *out, &line).map_err(io::Error::from)?;
    out.write_all(b"\n")
}

/// `TooManyBadRows` where `count` rejected lines beside `rows` rows are more than the share allows.
pub(crate) fn judge_share(
    count: usize,
    rows: usize,
    bad_share_max: f64,
    first: Option<(&str, &Reject)>,
) -> Result<()> {
    #[expect(clippy::cast_precision_loss, reason = "a share")]
    let share = count as f64 / (count + rows).max(1) as f64;
    if share <= bad_share_max {
        return Ok(());
    }
    let example = first.map_or(String::new(), |(file, reject)| {
        let (offset, reason) = (reject.offset, reject.reason.as_str());
        format!("; the first is {reason} at byte {offset} of {file}")
    });
    Err(Error::too_many_bad_rows(
        format!("at most {:.2}%", bad_share_max * 100.0),
        format!("{count}, which is {:.2}%{example}", share * 100.0),
    ))
}
