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
