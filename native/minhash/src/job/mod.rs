//! The job of many machines, stage by stage.
//!
//! A stage is a function from bytes to bytes. It reads pieces of numbered sources and writes
//! numbered outputs through a [`Host`]; objects, keys and retries are the host's matter. Together
//! the stages give the bytes that [`crate::run`] gives, because both use the same functions:
//!
//! | stage | reads | writes |
//! |---|---|---|
//! | [`hash`] | one task's part of an input | a spill: places and rejects of its rows, and band keys by partition |
//! | [`gather`] | the heads of all spills | the index: numbers of the rows, place of every partition in every spill |
//! | [`bucket`] | some partitions of every spill | candidate pairs |
//! | [`stitch`] | all candidate pairs | components, packed into bins; which rows are wanted of every task |
//! | [`shingle`] | one task's part of an input again | the wanted rows' shingle sets, bin by bin |
//! | [`verify`] | one bin of all those | what happens to its rows, task by task |
//! | [`filter`] | an input a last time | what is kept, the report, the rejects |
//!
//! Rows of one digest have the same key in every band, so they meet in one bucket and collapse
//! there: no stage of its own is needed for them. A key's record carries the keys of the next bands,
//! by which a large bucket is divided without looking anywhere else.

mod bucket;
mod call;
mod decision;
mod filter;
mod gather;
mod hash;
mod host;
mod index;
mod reader;
mod sealed;
mod shelf;
mod shingle;
mod spec;
mod spill;
mod stitch;
mod verify;

pub use bucket::{BucketSummary, bucket};
pub use call::{Call, call};
pub use filter::{FilterSummary, filter};
pub use gather::{GatherSummary, gather};
pub use hash::{HashSummary, hash};
pub use host::{Host, Piece};
pub use shingle::{ShingleSummary, shingle};
pub use spec::{Spec, SpecText, TaskSpec};
pub use stitch::{StitchLimits, StitchSummary, stitch};
pub use verify::{VerifySummary, verify};
