//! The threads of workers that hold more shards than they work on at the same time.
//!
//! Source: awslabs/amazon-kinesis-client 3.5.1, 2026: one task of a shard at a time, handed to the
//! executor of the worker, which an application may bound. Who waits longest goes first.

use crate::engine::lane::Context;
use crate::engine::leases;
use crate::scenario::{Kcl, Work};

/// The threads of one application.
#[derive(Debug)]
pub(in crate::engine) struct Threads {
    /// When each thread of each worker is free, in nanoseconds.
    free: Vec<Vec<u64>>,
}

/// A thread of a worker.
#[derive(Clone, Copy, Debug)]
pub(in crate::engine) struct Thread {
    worker: usize,
    number: usize,
}

impl Threads {
    /// Those of the application, where they are bounded.
    pub(super) fn new(work: &Work) -> Option<Self> {
        match work {
            Work::Kcl(Kcl { workers, processing_threads: Some(threads), .. }) => {
                let free = vec![vec![0; *threads as usize]; *workers as usize];
                Some(Self { free })
            }
            _ => None,
        }
    }

    /// The thread that takes what a consumer has read of a shard by `now`, and when it begins.
    pub(in crate::engine) fn next(
        &self,
        (consumer, shard): (usize, u64),
        now: u64,
        context: Context<'_>,
    ) -> (Thread, u64) {
        let worker = leases::owner(consumer, shard as usize, now, context);
        let free = &self.free[worker];
        let first = (0..free.len()).min_by_key(|number| free[*number]);
        let number = first.unwrap_or(0);
        (Thread { worker, number }, now.max(free[number]))
    }

    /// A thread works until `done`.
    pub(in crate::engine) fn work_until(&mut self, thread: Thread, done: u64) {
        self.free[thread.worker][thread.number] = done;
    }
}
