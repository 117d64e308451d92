//! Candidates: pairs of rows that may be duplicates, from their digests and band keys.
//!
//! Rows of one digest are equal and collapse to the smallest of them ([`collapse`]); of the rest,
//! rows that share a key of a band lie in one bucket ([`bucket`]), and a bucket gives pairs
//! ([`pairs`]). Nothing here reads a text.

pub mod bucket;
pub mod collapse;
pub mod pairs;
pub mod pieces;
mod seen;

pub use pairs::Pair;
