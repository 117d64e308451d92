//! Failures on their way to JavaScript, and numbers on their way from it.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use mithril_error::Error;
use napi::bindgen_prelude::*;

/// What a call ends with when it does not succeed.
#[derive(Clone)]
pub struct Failure {
    code: &'static str,
    message: String,
}

/// What a call ends with.
pub type Outcome<T> = std::result::Result<T, Failure>;

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self {
            code: error.kind().as_str(),
            message: error.to_string(),
        }
    }
}

impl Failure {
    fn of_panic(panic: &(dyn Any + Send)) -> Self {
        let text = panic
            .downcast_ref::<&str>()
            .copied()
            .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
            .unwrap_or("no message");
        Self {
            code: "Internal",
            message: format!("a bug in Mithril: {text}"),
        }
    }

    /// The JavaScript error, with `code` as its own property.
    #[must_use]
    pub fn into_error(self, env: Env) -> napi::Error {
        let made = env
            .create_error(napi::Error::new(
                Status::GenericFailure,
                self.message.clone(),
            ))
            .and_then(|mut error| {
                error.set_named_property("code", self.code)?;
                Ok(napi::Error::from(error.to_unknown()))
            });
        made.unwrap_or_else(|_| napi::Error::new(Status::GenericFailure, self.message))
    }
}

/// Runs `work`; a panic becomes a failure.
///
/// # Errors
///
/// Those of `work`; a panic as `Internal`.
pub fn guard<T>(work: impl FnOnce() -> Outcome<T>) -> Outcome<T> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| Err(Failure::of_panic(&*panic)))
}

/// Runs short work on the JavaScript thread.
///
/// # Errors
///
/// Those of [`guard`], as JavaScript errors.
pub fn at_once<T>(env: Env, work: impl FnOnce() -> Outcome<T>) -> napi::Result<T> {
    guard(work).map_err(|failure| failure.into_error(env))
}

/// A JavaScript number that must be a whole number from 0 to 2^53 - 1.
///
/// # Errors
///
/// `InvalidArgument`.
pub fn whole(what: &str, number: f64) -> Outcome<u64> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the range and the fraction are checked"
    )]
    if (0.0..9_007_199_254_740_992.0).contains(&number) && number.fract() == 0.0 {
        return Ok(number as u64);
    }
    Err(Error::invalid_argument(what, "a whole number from 0 to 2^53 - 1", number).into())
}

/// A length in memory.
///
/// # Errors
///
/// `InvalidArgument`.
pub fn length(what: &str, number: f64) -> Outcome<usize> {
    usize::try_from(whole(what, number)?)
        .map_err(|_| Error::invalid_argument(what, "a length in memory", number).into())
}

/// A number for JavaScript. Sizes of files are below 2^53.
#[expect(clippy::cast_precision_loss, reason = "sizes are below 2^53")]
#[must_use]
pub fn number(value: u64) -> f64 {
    value as f64
}
