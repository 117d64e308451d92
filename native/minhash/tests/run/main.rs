//! The whole work, files in and files out.

mod against;
mod memory;
mod methods;
mod modes;
mod parquet;
mod real;
mod resume;
mod same_bytes;
mod workplace;
