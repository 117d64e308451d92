//! Segments through the public interface: what goes in comes out, and damage is noticed.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::unwrap_used,
    reason = "small numbers of a test, and what a test expects to work"
)]

mod case;
mod damage;
mod random;
mod round_trip;
