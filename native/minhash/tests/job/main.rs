//! The stages of the job, one after the other, on objects in memory.

#[path = "../run/workplace.rs"]
#[expect(dead_code, reason = "shared with the tests of the run on one machine")]
mod workplace;

mod damage;
mod machines;
mod same_as_run;
