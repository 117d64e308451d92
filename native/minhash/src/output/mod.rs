//! What is written: kept rows, the report, the list of rejected rows. Used by the run on one machine
//! and by the job, so that both write the same bytes.

pub(crate) mod annotation;
pub(crate) mod reject_line;
pub(crate) mod report_line;
pub(crate) mod sink;
