//! One lane of a mapping: the batches of some partition keys, one after another.

use std::collections::VecDeque;

use super::{Held, Place};
use crate::engine::lane::Context;
use crate::engine::tally::ConsumerTally;
use crate::scenario::Lambda;
use crate::time::Span;

/// Bytes of an invocation's event for a record beside its data in base64: names, times, numbers.
const ENVELOPE_BYTES: u64 = 532;
/// A wait before a retry is so many halves of the one before.
const GROWTH_HALVES: u64 = 3;
/// What AWS bills an invocation by.
const BILLED_STEP: u64 = 1_000_000;

/// What a lane is doing.
#[derive(Clone, Copy, Debug, Default)]
pub(super) enum State {
    /// It has no batch; the next one is ready at this time.
    #[default]
    Empty,
    Gathering {
        ready: u64,
    },
    /// The function works on the last batch.
    Running {
        until: u64,
        /// When the work on the first record begins, and how long each user record takes.
        from: u64,
        per_record: u64,
        /// The record that fails.
        fails: Option<usize>,
    },
    /// The last batch goes on at this time.
    Pausing {
        until: u64,
    },
    /// The last batch waits until another invocation ends.
    Queued,
}

/// Records that are handed to the function together.
#[derive(Debug)]
pub(super) struct Batch {
    pub(super) records: Vec<Held>,
    /// So many of them, from the first, have been worked on, in attempts that failed.
    executed: usize,
    /// Attempts that failed.
    attempts: u32,
}

/// One lane of a mapping.
#[derive(Debug, Default)]
pub(super) struct MappingLane {
    /// Read and in no batch.
    pub(super) queue: VecDeque<Held>,
    /// Bytes of the event that they would make.
    payload: u64,
    /// When the batching window began, in nanoseconds.
    since: u64,
    /// Batches that are under way; the last is worked on.
    pub(super) batches: Vec<Batch>,
    pub(super) state: State,
    /// An invocation has been set aside for it.
    pub(super) has_slot: bool,
    /// Places of records on which the function fails, and until when.
    pub(super) poisoned: Vec<(u64, u64)>,
    /// The tumbling window of the last batch.
    tumbling: Option<u64>,
}

fn payload_of(held: &Held) -> u64 {
    ENVELOPE_BYTES + u64::from(held.record.size()).div_ceil(3) * 4
}

impl MappingLane {
    /// When something happens next.
    pub(super) fn due(&self, has_stopped: bool) -> u64 {
        match self.state {
            State::Running { until, .. } => until,
            State::Gathering { ready: until } | State::Pausing { until } if !has_stopped => until,
            _ => u64::MAX,
        }
    }

    /// Place of the first record in hand.
    pub(super) fn first_place(&self) -> Option<u64> {
        let of_batches = self.batches.iter().filter_map(|batch| batch.records.first());
        of_batches.chain(self.queue.front()).map(|held| held.place).min()
    }

    /// All that is in hand; nothing is, afterwards.
    pub(super) fn drain(&mut self) -> Vec<Held> {
        self.payload = 0;
        self.state = State::Empty;
        let batches = self.batches.drain(..).rev().flat_map(|batch| batch.records);
        batches.chain(self.queue.drain(..)).collect()
    }

    /// Takes a record that has been read.
    pub(super) fn receive(&mut self, held: Held, now: u64, lambda: &Lambda, context: Context<'_>) {
        if self.queue.is_empty() && matches!(self.state, State::Empty) {
            self.since = now;
        }
        self.payload += payload_of(&held);
        self.queue.push_back(held);
        if matches!(self.state, State::Empty | State::Gathering { .. }) {
            self.schedule(now, lambda, context);
        }
    }

    /// Decides what comes next, when no invocation runs.
    pub(super) fn schedule(&mut self, now: u64, lambda: &Lambda, context: Context<'_>) {
        if !self.batches.is_empty() {
            if !matches!(self.state, State::Pausing { .. }) {
                self.state = State::Pausing { until: now };
            }
            return;
        }
        if self.queue.is_empty() {
            self.state = State::Empty;
            return;
        }
        let full = self.queue.len() as u64 >= lambda.batch_size.0
            || self.payload >= context.plan.quotas.lambda_payload_bytes.0
            || window(self.queue.front(), lambda) != window(self.queue.back(), lambda);
        let waits = self.since + lambda.batching_window.nanoseconds();
        self.state = State::Gathering { ready: if full { now } else { waits.max(now) } };
    }

    /// Nothing happens before `now`.
    pub(super) fn not_before(&mut self, now: u64) {
        match &mut self.state {
            State::Gathering { ready: until } | State::Pausing { until } => {
                *until = (*until).max(now);
            }
            _ => {}
        }
    }

    /// Makes a batch if there is none, and takes out of it what has become too old.
    pub(super) fn prepare(
        &mut self,
        now: u64,
        lambda: &Lambda,
        context: Context<'_>,
        tally: &mut ConsumerTally,
    ) {
        if self.batches.is_empty() {
            let records = self.next_records(lambda, context);
            self.batches.push(Batch { records, executed: 0, attempts: 0 });
        }
        let (retention, warm_up) = (context.plan.retention, context.plan.warm_up);
        let Some(batch) = self.batches.last_mut() else {
            return;
        };
        let age = |held: &Held| now - held.record.accepted;
        let most = lambda.maximum_record_age.map_or(u64::MAX, Span::nanoseconds);
        let is_old = |held: &Held| age(held) >= retention || age(held) > most;
        if batch.records.first().is_some_and(is_old) {
            let mut aged = 0;
            for held in batch.records.iter().filter(|held| is_old(held)) {
                let counted = u64::from(held.record.created >= warm_up && !held.again);
                if age(held) >= retention {
                    tally.expired_records += counted;
                } else {
                    tally.discarded_records += counted;
                    aged += counted;
                }
            }
            tally.function.given_up_batches += u64::from(aged > 0);
            let before = batch.records.len();
            batch.records.retain(|held| !is_old(held));
            batch.executed = batch.executed.saturating_sub(before - batch.records.len());
        }
        if batch.records.is_empty() {
            self.batches.pop();
            self.state = State::Empty;
        }
    }

    /// The records of the next batch.
    fn next_records(&mut self, lambda: &Lambda, context: Context<'_>) -> Vec<Held> {
        let first_window = window(self.queue.front(), lambda);
        let mut payload = 0;
        let mut count = 0;
        for held in self.queue.iter().take(lambda.batch_size.0 as usize) {
            let more = payload_of(held);
            let too_much = payload + more > context.plan.quotas.lambda_payload_bytes.0;
            if (too_much && count > 0) || window(Some(held), lambda) != first_window {
                break;
            }
            payload += more;
            count += 1;
        }
        self.payload -= payload;
        self.queue.drain(..count).collect()
    }

    /// Hands the last batch to the function at `now`; `draw` numbers the invocation and says
    /// whether its execution environment is new.
    pub(super) fn start(
        &mut self,
        (now, at): (u64, Place),
        (number, is_cold): (u64, bool),
        lambda: &Lambda,
        context: Context<'_>,
        tally: &mut ConsumerTally,
    ) {
        self.has_slot = false;
        let Some(batch) = self.batches.last() else {
            return;
        };
        let plan = &context.plan.consumers[at.consumer];
        let per_batch = plan.timetable.lasting(plan.processing.per_batch.nanoseconds(), now);
        let per_record = plan.timetable.lasting(plan.processing.per_record.nanoseconds(), now);
        let mut before = per_batch;
        if is_cold {
            before += lambda.cold_start.nanoseconds();
        }
        let own_window = window(batch.records.first(), lambda);
        if own_window != self.tumbling {
            // The window before is closed by an invocation of its own.
            before += if self.tumbling.is_some() { per_batch } else { 0 };
            tally.function.invocations +=
                u64::from(self.tumbling.is_some() && now >= context.plan.warm_up);
            self.tumbling = own_window;
        }
        let is_poisoned = |held: &Held| {
            self.poisoned.iter().any(|(place, until)| *place == held.place && now < *until)
        };
        let poisoned = match self.poisoned.is_empty() {
            true => None,
            false => batch.records.iter().position(is_poisoned),
        };
        let fails = fails_at(batch, number, at, lambda, context);
        let fails = poisoned.into_iter().chain(fails).min();
        let worked_on = fails.map_or(batch.records.len(), |index| index + 1);
        let duration = before + per_record * user_records(&batch.records[..worked_on]);
        if now >= context.plan.warm_up {
            let function = &mut tally.function;
            function.invocations += 1;
            function.failed_invocations += u64::from(fails.is_some());
            function.cold_starts += u64::from(is_cold);
            function.handed_records += batch.records.len() as u64;
            function.billed_nanoseconds += duration.max(1).next_multiple_of(BILLED_STEP);
        }
        let from = now + before;
        self.state = State::Running { until: now + duration, from, per_record, fails };
    }

    /// The invocation is over; gives the age of the last record if all are done.
    pub(super) fn complete(
        &mut self,
        now: u64,
        lambda: &Lambda,
        context: Context<'_>,
        tally: &mut ConsumerTally,
    ) -> Option<u64> {
        let State::Running { from, per_record, fails, .. } = self.state else {
            return None;
        };
        let mut batch = self.batches.pop()?;
        self.since = now;
        let Some(fails) = fails else {
            commit(&batch, batch.records.len(), (from, per_record), context, tally);
            self.state = State::Empty;
            return batch.records.last().map(|held| now - held.record.accepted);
        };
        let mut delay = lambda.retry_delay.nanoseconds();
        if lambda.report_item_failures && fails > 0 {
            commit(&batch, fails, (from, per_record), context, tally);
            batch.records.drain(..fails);
            batch.executed = batch.executed.saturating_sub(fails);
            batch.attempts = 0;
        } else {
            execute(&mut batch, fails, context, tally);
        }
        if lambda.bisect_on_error && batch.records.len() > 1 {
            self.split(batch);
        } else {
            batch.attempts += 1;
            for _ in 1..batch.attempts.min(64) {
                delay = (delay * GROWTH_HALVES / 2).min(lambda.retry_delay_max.nanoseconds());
            }
            if lambda.retry_attempts.is_some_and(|most| batch.attempts > most) {
                let warm_up = context.plan.warm_up;
                let discarded = batch
                    .records
                    .iter()
                    .filter(|held| held.record.created >= warm_up && !held.again);
                let discarded = discarded.count() as u64;
                tally.discarded_records += discarded;
                tally.function.given_up_batches += u64::from(discarded > 0);
                delay = 0;
            } else {
                self.batches.push(batch);
            }
        }
        let until = now + delay;
        self.state = if self.batches.is_empty() { State::Empty } else { State::Pausing { until } };
        None
    }

    fn split(&mut self, mut batch: Batch) {
        let half = batch.records.len() / 2;
        let records = batch.records.split_off(half);
        let executed = batch.executed.saturating_sub(half);
        batch.executed = batch.executed.min(half);
        self.batches.push(Batch { records, executed, attempts: batch.attempts });
        self.batches.push(batch);
    }

    /// The function is killed at `now`; true when it ran.
    pub(super) fn break_off(
        &mut self,
        now: u64,
        context: Context<'_>,
        tally: &mut ConsumerTally,
    ) -> bool {
        let State::Running { from, per_record, fails, .. } = self.state else {
            return false;
        };
        if let Some(batch) = self.batches.last_mut() {
            let most = fails.unwrap_or(batch.records.len());
            let mut done = from;
            let executed = batch.records[..most]
                .iter()
                .take_while(|held| {
                    done += per_record * u64::from(held.record.user_records());
                    done < now
                })
                .count();
            execute(batch, executed, context, tally);
        }
        self.state = State::Pausing { until: now };
        true
    }
}

/// Records of the application in `records`: each is work.
fn user_records(records: &[Held]) -> u64 {
    records.iter().map(|held| u64::from(held.record.user_records())).sum()
}

/// The tumbling window that a record belongs to.
fn window(held: Option<&Held>, lambda: &Lambda) -> Option<u64> {
    let length = lambda.tumbling_window?.nanoseconds();
    held.map(|held| held.record.accepted / length)
}

/// The first record on which the function fails: a poison one, or any by chance.
fn fails_at(
    batch: &Batch,
    number: u64,
    at: Place,
    lambda: &Lambda,
    context: Context<'_>,
) -> Option<usize> {
    let failures = context.replication.failures[at.consumer];
    let shard = at.shard as u64;
    let is_below = |bits: u64, share: f64| ((bits >> 11) as f64) < share * (1_u64 << 53) as f64;
    let is_poison = |held: &Held| {
        is_below(
            failures.bits(shard << 40 | held.place & ((1 << 40) - 1), 0),
            lambda.poison_records,
        )
    };
    let poison = match lambda.poison_records > 0.0 {
        true => batch.records.iter().position(is_poison),
        false => None,
    };
    let invocation = shard << 40 | number & ((1 << 40) - 1);
    let by_chance =
        lambda.error_rate > 0.0 && is_below(failures.bits(invocation, 1), lambda.error_rate);
    let chance =
        by_chance.then(|| failures.below(invocation, 2, batch.records.len() as u64) as usize);
    match (poison, chance) {
        (Some(poison), Some(chance)) => Some(poison.min(chance)),
        (poison, chance) => poison.or(chance),
    }
}

/// The first `count` records of a batch have been worked on in vain: those worked on before are
/// duplicates.
fn execute(batch: &mut Batch, count: usize, context: Context<'_>, tally: &mut ConsumerTally) {
    let executed = batch.executed;
    let repeated = batch.records[..count].iter().enumerate().filter(|(index, held)| {
        held.record.created >= context.plan.warm_up && (held.again || *index < executed)
    });
    tally.duplicate_records += repeated.count() as u64;
    batch.executed = executed.max(count);
}

/// The first `count` records of a batch are done.
fn commit(
    batch: &Batch,
    count: usize,
    (from, per_record): (u64, u64),
    context: Context<'_>,
    tally: &mut ConsumerTally,
) {
    let mut done = from;
    for (index, held) in batch.records[..count].iter().enumerate() {
        done += per_record * u64::from(held.record.user_records());
        if held.record.created < context.plan.warm_up {
            continue;
        }
        if held.again {
            tally.duplicate_records += 1;
            continue;
        }
        tally.duplicate_records += u64::from(index < batch.executed);
        tally.processed_records += 1;
        tally.end_to_end_latency.record(done - held.record.created);
    }
}
