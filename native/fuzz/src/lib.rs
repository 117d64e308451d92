//! What the fuzz targets check, without libFuzzer, so that ordinary tests can run the same code on a stable
//! compiler: `native/codec/tests/fuzz.rs` includes this file as a module.
//!
//! Each target is a function of bytes that returns if all is well and panics if not. `docs/fuzzing.md` says what
//! each one proves and how to run it.

pub mod archive;
pub mod containers;
pub mod decode;
pub mod entries;
pub mod pack;
pub mod recipe;
pub mod reference;
pub mod round_trip;
pub mod safetensors_header;
pub mod samples;

/// A target: its name, and the check that it runs on every input.
pub type Target = (&'static str, fn(&[u8]));

/// All targets by name, which is also the name of their folder of regressions.
pub const TARGETS: [Target; 4] = [
    ("safetensors", safetensors_header::check),
    ("containers", containers::check),
    ("decode", decode::check),
    ("round_trip", round_trip::check),
];
