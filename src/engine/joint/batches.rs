//! The micro-batches of one job over all shards: when they start, and how long they take.
//!
//! Source: Apache Spark 3.5, `ProcessingTimeExecutor`: triggers stand at the multiples of the trigger
//! interval; a batch that takes longer is followed at once by the next, and where nothing new is
//! there no batch is started. A batch ends with the last of its tasks.

use crate::engine::lane::{Context, Lane};
use crate::engine::tally::Tally;
use crate::metrics::BatchObservation;
use crate::scenario::{MicroBatch, Work};
use crate::time::Span;

/// The batches of one job.
#[derive(Debug)]
pub(in crate::engine) struct Batches {
    trigger: u64,
    /// When the batch ends that runs.
    end: Option<u64>,
    /// When the next may start at the earliest.
    free: u64,
    /// When it can have its first records, as far as is known; `u64::MAX` if there are none.
    available: u64,
    seen: BatchObservation,
}

impl Batches {
    pub(super) fn new(job: &MicroBatch) -> Self {
        Self {
            trigger: job.trigger.nanoseconds(),
            end: None,
            free: 0,
            available: u64::MAX,
            seen: BatchObservation::default(),
        }
    }

    /// What the batches came to.
    pub(super) const fn observation(&self) -> BatchObservation {
        self.seen
    }

    /// When the batch ends that runs, or the next one starts.
    pub(super) fn due(&self) -> u64 {
        match self.end {
            Some(end) => end,
            None if self.available == u64::MAX => u64::MAX,
            None if self.available <= self.free || self.trigger == 0 => {
                self.free.max(self.available)
            }
            None => self.available.next_multiple_of(self.trigger),
        }
    }

    /// A batch can have records from `available` on.
    pub(super) fn has_fetched(&mut self, available: u64) {
        self.available = self.available.min(available);
    }

    /// The batch that runs is killed at `now`.
    pub(super) fn kill(&mut self, now: u64) {
        if self.end.take().is_some() {
            self.free = now;
        }
    }

    /// Ends the batch that runs, or starts the next, at `now`.
    pub(super) fn act(
        &mut self,
        (consumer, now): (usize, u64),
        lanes: &mut [&mut Lane],
        context: Context<'_>,
        tally: &mut Tally,
    ) {
        if self.end.take().is_some() {
            for lane in lanes.iter_mut() {
                lane.end_batch((consumer, now), context, tally);
            }
            return;
        }
        let plan = &context.plan.consumers[consumer];
        let Work::MicroBatch(job) = &plan.work else {
            return;
        };
        let records: Vec<u64> =
            lanes.iter().map(|lane| lane.readers.batch_records(consumer, now)).collect();
        let next_trigger = (now + 1).next_multiple_of(self.trigger.max(1));
        self.free = if self.trigger == 0 { now } else { next_trigger };
        if records.iter().any(|records| *records > 0) {
            let lasting = |span: Span| plan.timetable.lasting(span.nanoseconds(), now);
            let per_record = lasting(plan.processing.per_record);
            let start = now + lasting(plan.processing.per_batch);
            let (begins, end) = schedule(&records, (start, per_record), job);
            for (lane, from) in lanes.iter_mut().zip(begins) {
                lane.start_batch((consumer, now), (from, per_record));
            }
            self.end = Some(end);
            self.note((now, end), records.iter().sum(), context);
            self.free = self.free.max(end);
        }
        let available = lanes.iter().map(|lane| lane.readers.batch_available(consumer));
        self.available = available.min().unwrap_or(u64::MAX);
    }

    fn note(&mut self, (start, end): (u64, u64), records: u64, context: Context<'_>) {
        if start < context.plan.warm_up {
            return;
        }
        let lasts = Span::from_nanoseconds(end - start);
        self.seen.batches += 1;
        self.seen.late_batches += u64::from(self.trigger > 0 && end > self.free);
        self.seen.handed_records += records;
        self.seen.lasting_total = self.seen.lasting_total + lasts;
        self.seen.lasting_max = self.seen.lasting_max.max(lasts);
    }
}

/// When the work on each shard begins, and when the last task ends: tasks go in the order of their
/// shards to whoever is free first.
fn schedule(records: &[u64], (start, per_record): (u64, u64), job: &MicroBatch) -> (Vec<u64>, u64) {
    let per_task = job.shards_per_task.max(1) as usize;
    let tasks = records.len().div_ceil(per_task);
    let at_once = job.tasks_at_once.map_or(tasks, |most| most as usize).clamp(1, tasks.max(1));
    let mut free = vec![start; at_once];
    let mut begins = Vec::with_capacity(records.len());
    for task in records.chunks(per_task) {
        let Some(first) = free.iter_mut().min() else {
            break;
        };
        for records in task {
            begins.push(*first);
            *first += records * per_record;
        }
    }
    (begins, free.into_iter().max().unwrap_or(start))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::Records;

    fn job(shards_per_task: u32, tasks_at_once: Option<u32>) -> MicroBatch {
        MicroBatch {
            trigger: Span::SECOND,
            fetch_rate: None,
            fetch_duration: Span::ZERO,
            max_records_per_batch: Records(1),
            shards_per_task,
            tasks_at_once,
        }
    }

    #[test]
    fn a_batch_ends_with_its_longest_task() {
        let (begins, end) = schedule(&[3, 4, 5], (100, 10), &job(2, None));
        assert_eq!((begins, end), (vec![100, 130, 100], 170));
    }

    #[test]
    fn tasks_wait_for_whoever_is_free_first() {
        let (begins, end) = schedule(&[3, 1, 1, 1], (0, 10), &job(1, Some(2)));
        assert_eq!((begins, end), (vec![0, 0, 10, 20], 30));
    }

    #[test]
    fn a_late_batch_is_followed_at_once_and_an_early_one_at_the_next_trigger() {
        let mut batches = Batches::new(&job(1, None));
        let second = 1_000_000_000;
        assert_eq!(batches.due(), u64::MAX);
        batches.has_fetched(second / 2);
        assert_eq!(batches.due(), second);
        batches.free = 3 * second + 1;
        assert_eq!(batches.due(), 3 * second + 1);
    }
}
