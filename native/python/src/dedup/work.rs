//! Long work without the GIL, which Ctrl-C ends.

use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::time::Duration;

use mithril_dedup::Result;
use mithril_dedup::run::Progress;
use pyo3::prelude::*;

use crate::call::{bug, failure};

/// How often Python is asked whether Ctrl-C was pressed.
const LOOK_INTERVAL: Duration = Duration::from_millis(50);

/// Does `work` on another thread, while this one waits without the GIL and looks for Ctrl-C.
pub(crate) fn watched<T: Send>(
    py: Python<'_>,
    work: impl FnOnce(&Progress) -> Result<T> + Send,
) -> PyResult<T> {
    let progress = Progress::default();
    let (joined, interrupted) = py.detach(|| {
        let (done, outcome) = sync_channel(1);
        let progress = &progress;
        std::thread::scope(|scope| {
            let worker = scope.spawn(move || {
                let result = work(progress);
                // Nobody waits any more only where this thread has panicked.
                let _ = done.send(());
                result
            });
            let mut interrupted = None;
            while outcome.recv_timeout(LOOK_INTERVAL) == Err(RecvTimeoutError::Timeout)
                && !worker.is_finished()
            {
                let look = |py: Python<'_>| py.check_signals().inspect_err(|_| progress.cancel());
                if let Err(raised) = Python::attach(look) {
                    interrupted = Some(raised);
                    break;
                }
            }
            (worker.join(), interrupted)
        })
    });
    if let Some(raised) = interrupted {
        return Err(raised);
    }
    match joined {
        Ok(result) => result.map_err(|error| failure(py, &error)),
        Err(panic) => Err(bug(py, "dedup", &*panic)),
    }
}
