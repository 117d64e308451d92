//! Deduplication of text datasets.
//!
//! A text becomes words ([`text`]), the words become a set of hashed n-grams ([`shingle`]), the set
//! a short signature ([`sketch`]) and the signature band keys ([`lsh`]). Rows that share a key are
//! candidates; only the exact overlap of their sets ([`jaccard`]) decides. The same text and
//! parameters give the same bits on every processor.
//!
//! The crate is pure: no network, no Node, no Python.

pub mod error;
mod hasher;
pub mod jaccard;
pub mod lsh;
mod mix;
pub mod shingle;
pub mod sketch;
pub mod text;

pub use error::{Error, ErrorKind, Result};
pub use hasher::{Hasher, Parameters};
