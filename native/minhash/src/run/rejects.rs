//! The rows that cannot be used: listed in a file of their own, and too many of them end the run.

use super::Job;
use super::spills::Spills;
use super::whole_file::WholeFile;
use crate::error::Result;
use crate::output::reject_line::{judge_share, write_reject};

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
                    write_reject(file, reject, out)?;
                }
            }
            Ok(())
        })?;
    }
    let first = lists
        .first()
        .and_then(|(file, rejects)| Some((file.as_str(), rejects.first()?)));
    judge_share(count, spills.rows(), job.bad_share_max, first)
}
