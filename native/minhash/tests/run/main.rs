//! The whole work, files in and files out.

mod against;
mod memory;
mod modes;
mod real;
mod resume;
mod same_bytes;
mod workplace;
