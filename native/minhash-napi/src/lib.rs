//! Node binding of `mithril-dedup`: it converts, and nothing else.
//!
//! The work runs on the libuv pool as an `AsyncTask`, so the event loop goes on. Every error is a
//! JavaScript `Error` whose `code` is the kind of the Rust error, or `Internal` for a panic, which
//! ends the call and not the process. `index.d.ts` beside this crate describes the exports.

#![expect(
    unreachable_pub,
    reason = "the exports are JavaScript's, described in index.d.ts; nothing in Rust uses this crate"
)]
#![expect(clippy::needless_pass_by_value, reason = "napi hands values over")]

mod index;
mod job;
mod options;
mod stage;
