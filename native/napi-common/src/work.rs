//! Work for the libuv pool.

use napi::bindgen_prelude::*;

use crate::outcome::{Outcome, guard};

/// A call that runs off the JavaScript thread and resolves to `T`.
///
/// The closure owns the buffers it reads. It is dropped with the task, on the JavaScript thread, as
/// references to JavaScript values must be.
pub struct Work<T>(Box<dyn FnMut() -> Outcome<T> + Send>);

impl<T: Send + 'static> Work<T> {
    /// The task of this call.
    pub fn of(work: impl FnMut() -> Outcome<T> + Send + 'static) -> AsyncTask<Self>
    where
        T: ToNapiValue + TypeName,
    {
        AsyncTask::new(Self(Box::new(work)))
    }
}

impl<T: Send + ToNapiValue + TypeName + 'static> Task for Work<T> {
    type Output = Outcome<T>;
    type JsValue = T;

    fn compute(&mut self) -> napi::Result<Self::Output> {
        Ok(guard(&mut self.0))
    }

    fn resolve(&mut self, env: Env, output: Self::Output) -> napi::Result<T> {
        output.map_err(|failure| failure.into_error(env))
    }
}
