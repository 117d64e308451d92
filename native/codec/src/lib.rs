//! Lossless compression of model checkpoints.
//!
//! A checkpoint (one file, one S3 object version) is cut into aligned *segments* of its original
//! bytes. Each segment is encoded by itself, as *blocks* of up to 128 Ki values, either standalone
//! or against an earlier checkpoint, its *base*. A *manifest* (JSON) names the segments, their
//! digests and the base. Segments and manifest as separate objects are the *split* form; all in one
//! `.mith` file is the *packed* form.
//!
//! The crate is pure: bytes in, bytes out. [`segment`] is the codec, [`layout`] decides what the
//! bytes of an original are, [`checksum`] holds the digests, [`manifest`] the JSON, `packed` the
//! file (generic over `std::io`). `docs/format/checkpoint-v1.md` is the source of truth for every
//! byte written here.

mod block;
pub mod checksum;
mod copy;
mod estimate;
mod huffman;
mod idle;
mod index;
pub mod layout;
pub mod manifest;
pub mod packed;
mod partition;
mod plane;
pub mod segment;
mod sparse;
mod transform;
mod wire;

pub use mithril_error::{self as error, Error, ErrorKind, Result};
