//! The rows that cannot be used: listed in a file of their own, and too many of them end the run.

use std::io::{self, Write};

use serde::Serialize;

use super::Job;
use super::spills::Spills;
use super::whole_file::WholeFile;
use crate::error::{Error, Result};

#[derive(Serialize)]
struct Line<'a> {
    file: &'a str,
    offset: u64,
    bytes: u64,
    reason: &'a str,
}

/// Writes the list where there is anything to list, and judges the share of bad rows.
pub(super) fn judge(job: &Job, spills: &Spills) -> Result<()> {
    let mut lists = Vec::new();
    for (at, entry) in spills.entries().iter().enumerate() {
        let rejects = spills.rejects(at)?;
        if !rejects.is_empty() {
            lists.push((&job.inputs[entry.file].name, rejects));
        }
    }
    let count: usize = lists.iter().map(|(_, rejects)| rejects.len()).sum();
    if count == 0 {
        return Ok(());
    }
    if let Some(path) = &job.rejects {
        WholeFile::write(path, |out| {
            for (file, rejects) in &lists {
                for reject in rejects.iter() {
                    let line = Line {
                        file,
                        offset: reject.offset,
                        bytes: reject.bytes,
                        reason: reject.reason.as_str(),
                    };
                    serde_json::to_writer(&mut *out, &line).map_err(io::Error::from)?;
                    out.write_all(b"\n")?;
                }
            }
            Ok(())
        })?;
    }
    #[expect(clippy::cast_precision_loss, reason = "a share")]
    let share = count as f64 / (count + spills.rows()) as f64;
    if share > job.bad_share_max {
        let first = lists
            .first()
            .and_then(|(file, rejects)| Some((file, rejects.first()?)));
        let example = first.map_or(String::new(), |(file, reject)| {
            let (offset, reason) = (reject.offset, reject.reason.as_str());
            format!("; the first is {reason} at byte {offset} of {file}")
        });
        return Err(Error::too_many_bad_rows(
            format!("at most {:.2}%", job.bad_share_max * 100.0),
            format!("{count}, which is {:.2}%{example}", share * 100.0),
        ));
    }
    Ok(())
}
