//! The whole work, files in and files out.

mod against;
mod modes;
mod real;
mod resume;
mod same_bytes;
mod workplace;
