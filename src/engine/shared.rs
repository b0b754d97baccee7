//! What lies between two barriers, shared by the threads that have time.
//!
//! Tasks are taken the longest first, each by the thread that comes free: so the threads end at much
//! the same time, since what is taken last is short.

use std::cmp::Reverse;
use std::sync::{Mutex, PoisonError};

use rayon::prelude::*;

/// A task and how long it takes, as far as is known: in nanoseconds of a machine of 2026.
pub(super) struct Task<'a> {
    length: u64,
    run: Box<dyn FnOnce() + Send + 'a>,
}

impl<'a> Task<'a> {
    pub(super) fn new(length: u64, run: impl FnOnce() + Send + 'a) -> Self {
        Self { length, run: Box::new(run) }
    }
}

/// Runs all tasks, in whatever order.
pub(super) fn run_all(mut tasks: Vec<Task<'_>>) {
    tasks.sort_by_key(|task| Reverse(task.length));
    let threads = rayon::current_num_threads().min(tasks.len());
    let tasks = Mutex::new(tasks.into_iter());
    let next = || tasks.lock().unwrap_or_else(PoisonError::into_inner).next();
    (0..threads).into_par_iter().with_max_len(1).for_each(|_| {
        while let Some(task) = next() {
            (task.run)();
        }
    });
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    fn pool(threads: usize) -> rayon::ThreadPool {
        rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap()
    }

    #[test]
    fn one_thread_takes_the_longest_first() {
        let order = Mutex::new(Vec::new());
        let run = &|length: u64| order.lock().unwrap().push(length);
        let tasks = [3, 9, 1, 7, 9, 0].map(|length| Task::new(length, move || run(length)));
        pool(1).install(|| run_all(tasks.into()));
        assert_eq!(*order.lock().unwrap(), [9, 9, 7, 3, 1, 0]);
    }

    #[test]
    fn several_threads_run_each_task_once() {
        let counts: Vec<AtomicU64> = (0..200).map(|_| AtomicU64::new(0)).collect();
        let count = &|index: usize| counts[index].fetch_add(1, Ordering::Relaxed);
        let tasks = (0..counts.len()).map(|index| {
            Task::new(index as u64 % 7, move || {
                // A task can itself be shared.
                rayon::join(|| count(index), || ());
            })
        });
        pool(3).install(|| run_all(tasks.collect()));
        assert!(counts.iter().all(|count| count.load(Ordering::Relaxed) == 1));
        pool(2).install(|| run_all(Vec::new()));
    }
}
