//! Reading rows: files, compressed or not, cut into splits of whole lines.

pub mod json;
pub mod reject;
pub mod split;

pub use reject::{Reason, Reject};
