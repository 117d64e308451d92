//! What the Node bindings share: failures, numbers, and work off the JavaScript thread.
//!
//! Every error is a JavaScript `Error` whose `code` is the kind of the Rust error, or `Internal` for a panic, which ends
//! the call and not the process.

pub mod outcome;
pub mod work;
