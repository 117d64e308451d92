//! Sets of records larger than the memory: sorted in parts, which lie in the scratch folder, and
//! merged. What fits is sorted in memory, and no file is made.

mod chunks;
mod record;
mod sorter;
mod table;

pub(super) use chunks::{Chunks, Cut};
pub(super) use record::Record;
pub(super) use sorter::Sorter;
pub(super) use table::{Reader, Table};

#[cfg(test)]
mod tests;
