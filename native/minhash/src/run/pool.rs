//! Threads that share a list of tasks.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::error::Result;

/// Locks; a thread that panicked meanwhile ends the run where threads are joined, not here.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What the mutex held.
pub(crate) fn unlocked<T>(mutex: Mutex<T>) -> T {
    mutex.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// Runs `work` once on each of `threads` threads, this one included, and returns the first error.
pub(crate) fn on_threads(threads: usize, work: impl Fn() -> Result<()> + Sync) -> Result<()> {
    let failure = Mutex::new(None);
    let guarded = || {
        if let Err(error) = work() {
            let mut failure = lock(&failure);
            failure.get_or_insert(error);
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..threads {
            scope.spawn(guarded);
        }
        guarded();
    });
    let failure = unlocked(failure);
    failure.map_or(Ok(()), Err)
}

/// Does `tasks` tasks on `threads` threads; the results are in the order of the tasks. `state` is
/// made once a thread.
pub(crate) fn map_tasks<S, T: Send>(
    threads: usize,
    tasks: usize,
    state: impl Fn() -> Result<S> + Sync,
    work: impl Fn(&mut S, usize) -> Result<T> + Sync,
) -> Result<Vec<T>> {
    let next = AtomicUsize::new(0);
    let results = Mutex::new(Vec::with_capacity(tasks));
    on_threads(threads.clamp(1, tasks.max(1)), || {
        let mut state = state()?;
        loop {
            let task = next.fetch_add(1, Ordering::Relaxed);
            if task >= tasks {
                return Ok(());
            }
            match work(&mut state, task) {
                Ok(result) => {
                    let mut results = lock(&results);
                    results.push((task, result));
                }
                Err(error) => {
                    next.store(tasks, Ordering::Relaxed);
                    return Err(error);
                }
            }
        }
    })?;
    let mut results = unlocked(results);
    results.sort_unstable_by_key(|(task, _)| *task);
    Ok(results.into_iter().map(|(_, result)| result).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;

    #[test]
    fn results_are_in_the_order_of_the_tasks() {
        for threads in [1, 3] {
            let squares = map_tasks(threads, 100, || Ok(()), |(), task| Ok(task * task));
            let expected: Vec<usize> = (0..100).map(|task| task * task).collect();
            assert_eq!(squares.expect("works"), expected);
        }
    }

    #[test]
    fn the_first_error_ends_the_work() {
        let result = map_tasks(
            2,
            1_000,
            || Ok(()),
            |(), task| match task {
                7 => Err(Error::cancelled("stopped")),
                task => Ok(task),
            },
        );
        assert!(result.is_err());
    }
}
