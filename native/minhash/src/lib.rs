//! Deduplication of text datasets.
//!
//! A text becomes words ([`text`]), the words become a set of hashed n-grams ([`shingle`]), the set
//! a short signature ([`sketch`]) and the signature band keys ([`lsh`]). Rows that share a key are
//! candidates; only the exact overlap of their sets ([`jaccard`]) decides. The same text and
//! parameters give the same bits on every processor.
//!
//! The crate is pure: no network, no Node, no Python.

pub mod bits;
pub mod bloom;
pub mod candidate;
mod columns;
mod group;
pub mod hash;
mod hasher;
pub mod in_memory;
pub mod index;
pub mod input;
pub mod jaccard;
pub mod job;
pub mod lsh;
mod mix;
mod output;
pub mod run;
pub mod settings;
pub mod shingle;
mod simd;
pub mod sketch;
pub mod spill;
pub mod survivor;
pub mod text;
pub mod union_find;
pub mod verify;

pub use hasher::{Hasher, Parameters};
pub use mithril_error::{self as error, Error, ErrorKind, Result};
