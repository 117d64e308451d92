//! Node binding of `mithril-checkpoint`: it converts, and nothing else.
//!
//! Work that grows with the data runs on the libuv pool as an `AsyncTask`, so the event loop goes
//! on; what stays on the JavaScript thread takes microseconds. Input buffers are referenced, not
//! copied, until the promise settles: the caller must not write to them before. Output buffers own
//! the memory that the codec wrote.
//!
//! Every error is a JavaScript `Error` whose `code` is the kind of the Rust error, or `Internal`
//! for a panic, which ends the call and not the process. `index.d.ts` beside this crate describes
//! the exports.

#![expect(
    unreachable_pub,
    reason = "the exports are JavaScript's, described in index.d.ts; nothing in Rust uses this crate"
)]
#![expect(clippy::needless_pass_by_value, reason = "napi hands values over")]

mod container;
mod manifest;
mod packed;
mod segment;
