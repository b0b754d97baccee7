//! The consumers of one shard: polling ones, which share its read limits, and subscribed ones.
//!
//! Each consumer works on one batch at a time on each shard. At the end of every second the lane
//! asks how far each is behind; that moment comes before anything that happens at the same time.

use crate::engine::child_order::{Handled, NO_ORDER};
use crate::engine::lane::Context;
use crate::engine::log::{Log, LogRecord};
use crate::engine::plan::ConsumerPlan;
use crate::engine::tally::{ConsumerTally, Rows, Tally};
use crate::model::read_limit::{ReadAdmission, ReadLimits};
use crate::scenario::Reading;
use crate::time::NANOSECONDS_PER_SECOND;

/// All readers of one shard.
#[derive(Debug)]
pub(super) struct Readers {
    /// Shared by the polling ones.
    limits: ReadLimits,
    readers: Vec<Reader>,
    /// When the shard closed, in nanoseconds; `u64::MAX` while it is open.
    closed: u64,
    /// Records whose order over shards is watched, since the last barrier.
    pub(super) handled: Vec<Handled>,
    /// Whether that is so: the shard is closed, or a shard that it came of is not read to its end.
    pub(super) is_watched: bool,
}

/// One consumer on one shard.
#[derive(Debug)]
struct Reader {
    /// Index of the consumer in the scenario.
    consumer: usize,
    /// Index of the shard.
    shard: u64,
    /// Place of the next record to read.
    place: u64,
    /// The next second whose end has not been looked at.
    second: u64,
    /// When it calls next (polling), or can take the next event (subscribed), in nanoseconds.
    next: u64,
    /// Subscribed: added to the time to find the place within a subscription.
    offset: u64,
    /// Polling: calls that were refused.
    refused: u64,
    /// Polling: when the work on the last answer is done, in nanoseconds.
    busy: u64,
    /// It begins when the parents of the shard are finished, and they are not.
    waits: bool,
    /// When it had worked on everything of a closed shard, in nanoseconds; `u64::MAX` before.
    finished: u64,
    /// What it works on beyond the end of the window, where that is watched.
    in_hand: Vec<Handled>,
}

/// Where a reader notes what is watched.
struct Watch<'a> {
    /// End of the window in nanoseconds.
    until: u64,
    /// Whether all that is handled is noted.
    is_on: bool,
    handled: &'a mut Vec<Handled>,
}

/// When a consumer finds a shard that it may begin with from `from` on: at its next look.
fn found_at(from: u64, shard: usize, consumer: usize, context: Context<'_>) -> u64 {
    let every = context.plan.consumers[consumer].child_shards.found_every.nanoseconds();
    from.saturating_add(context.replication.finds[consumer].below(shard as u64, 0, every))
}

/// A batch in the hands of a consumer.
#[derive(Clone, Copy, Debug, Default)]
struct Batch {
    records: usize,
    bytes: u64,
    /// It held as many bytes as an answer can.
    full: bool,
}

impl Readers {
    /// The readers of a shard that opens at `opened`. Of a child, each looks for it in its own time,
    /// or waits for the parents.
    pub(super) fn new(shard: usize, opened: u64, is_child: bool, context: Context<'_>) -> Self {
        let readers = context.plan.consumers.iter().enumerate().map(|(consumer, plan)| {
            let draws = context.replication.phases[consumer];
            let (next, offset) = match plan.reading {
                Reading::Polling { interval, .. } => {
                    (draws.below(shard as u64, 0, interval.nanoseconds()), 0)
                }
                Reading::EnhancedFanOut { round_trip } => {
                    let lasts = context.plan.quotas.subscription_duration.nanoseconds();
                    let gap = round_trip.nanoseconds().min(lasts);
                    (0, gap + draws.below(shard as u64, 0, lasts - gap))
                }
            };
            let waits = is_child && plan.child_shards.parents_first;
            let next = match is_child {
                true if waits => u64::MAX,
                true => found_at(opened, shard, consumer, context),
                false => next,
            };
            Reader {
                consumer,
                shard: shard as u64,
                place: 0,
                second: opened / NANOSECONDS_PER_SECOND,
                next,
                offset,
                refused: 0,
                busy: 0,
                waits,
                finished: u64::MAX,
                in_hand: Vec::new(),
            }
        });
        Self {
            limits: ReadLimits::new(&context.plan.quotas),
            readers: readers.collect(),
            closed: u64::MAX,
            handled: Vec::new(),
            is_watched: is_child,
        }
    }

    /// The shard closes at `now`, up to which everything has been read.
    pub(super) fn close_shard(&mut self, now: u64) {
        self.closed = now;
        let was_watched = std::mem::replace(&mut self.is_watched, true);
        for reader in &mut self.readers {
            let in_hand = std::mem::take(&mut reader.in_hand);
            if !was_watched {
                self.handled.extend(in_hand.into_iter().filter(|handled| handled.done > now));
            }
        }
    }

    /// Whether a reader waits for the parents of the shard.
    pub(super) fn wait_for_parents(&self) -> bool {
        self.readers.iter().any(|reader| reader.waits)
    }

    /// When each consumer finished the shard, in nanoseconds; `u64::MAX` where it has not.
    pub(super) fn finished(&self) -> impl Iterator<Item = u64> + '_ {
        self.readers.iter().map(|reader| reader.finished)
    }

    /// Whether everyone has read everything of a closed shard before `now`.
    pub(super) fn are_finished(&self, now: u64) -> bool {
        self.closed != u64::MAX && self.finished().all(|finished| finished <= now)
    }

    /// Lets those readers begin whose consumer has finished the parents: `parents` gives when.
    pub(super) fn begin_after(&mut self, parents: impl Fn(usize) -> u64, context: Context<'_>) {
        for reader in self.readers.iter_mut().filter(|reader| reader.waits) {
            let finished = parents(reader.consumer);
            if finished != u64::MAX {
                reader.waits = false;
                let shard = reader.shard as usize;
                reader.next = found_at(finished, shard, reader.consumer, context);
            }
        }
    }

    /// Plays all reads before `until`; gives the place before which everyone has read.
    pub(super) fn advance(
        &mut self,
        until: u64,
        log: &Log,
        context: Context<'_>,
        tally: &mut Tally,
    ) -> u64 {
        self.poll_before(until, log, context, tally);
        let mut watch = Watch { until, is_on: self.is_watched, handled: &mut self.handled };
        for reader in &mut self.readers {
            let plan = &context.plan.consumers[reader.consumer];
            if let Reading::EnhancedFanOut { .. } = plan.reading {
                while reader.receive(until, log, context, tally, &mut watch) {}
                let is_read = reader.place == log.end() && reader.finished == u64::MAX;
                if self.closed < until && is_read && !reader.waits {
                    // The last event of a subscription says that the shard is closed.
                    let told = context.plan.quotas.enhanced_fan_out_propagation.nanoseconds();
                    reader.finished = reader.next.max(self.closed + told);
                }
            }
            reader.look_back(until, log, context, tally);
        }
        self.readers.iter().map(|reader| reader.place).min().unwrap_or(log.end())
    }

    /// Lets the polling consumers call in the order of time, the first in the scenario first.
    fn poll_before(&mut self, until: u64, log: &Log, context: Context<'_>, tally: &mut Tally) {
        loop {
            let polls = |reader: &&mut Reader| {
                let plan = &context.plan.consumers[reader.consumer];
                matches!(plan.reading, Reading::Polling { .. }) && reader.next < until
            };
            let next = self.readers.iter_mut().filter(polls).min_by_key(|r| (r.next, r.consumer));
            let Some(reader) = next else {
                return;
            };
            let mut watch = Watch { until, is_on: self.is_watched, handled: &mut self.handled };
            let now = reader.next;
            let answered = reader.poll(&mut self.limits, log, context, tally, &mut watch);
            if answered && now >= self.closed && reader.place == log.end() {
                // The answer has no next iterator: the shard is at its end.
                reader.finished = now.max(reader.busy);
                reader.next = u64::MAX;
            }
        }
    }

    /// Counts what each consumer has left when the run ends.
    pub(super) fn finish(&mut self, log: &Log, context: Context<'_>, tally: &mut Tally) {
        let plan = context.plan;
        for reader in &mut self.readers {
            reader.look_back(u64::MAX, log, context, tally);
            let tally = &mut tally.consumers[reader.consumer];
            for record in log.from(reader.place) {
                if record.created < plan.warm_up {
                    continue;
                }
                if record.accepted.saturating_add(plan.retention) <= plan.horizon {
                    tally.expired_records += 1;
                } else {
                    tally.backlog_records += 1;
                    tally.backlog_bytes += u64::from(record.size);
                }
            }
        }
    }
}

impl Reader {
    /// One GetRecords call; whether it was answered.
    fn poll(
        &mut self,
        limits: &mut ReadLimits,
        log: &Log,
        context: Context<'_>,
        tally: &mut Tally,
        watch: &mut Watch<'_>,
    ) -> bool {
        let now = self.next;
        let plan = &context.plan.consumers[self.consumer];
        let Reading::Polling { interval, max_records, round_trip } = plan.reading else {
            return false;
        };
        self.look_back(now, log, context, tally);
        let counted = u64::from(now >= context.plan.warm_up);
        let consumer = &mut tally.consumers[self.consumer];
        consumer.read_calls += counted;
        let admission = limits.admit(now);
        self.next = now + interval.nanoseconds();
        if admission != ReadAdmission::Answered {
            // Clients whose calls come at the same even distance would otherwise keep their order
            // for ever, and the same one would be refused each time. In truth they drift: here by
            // up to a twentieth either way, so that the mean stays.
            self.refused += 1;
            let draws = context.replication.phases[self.consumer];
            let tenth = interval.nanoseconds() / 10;
            self.next += draws.below(self.shard, self.refused, tenth);
            self.next -= tenth / 2;
            consumer.read_throttled_calls += counted;
            consumer.throttled_by_calls +=
                counted * u64::from(admission == ReadAdmission::CallLimit);
            self.row(now, &mut tally.rows).read_throttled_calls += 1;
            return false;
        }
        self.expire(now, log, context, consumer);
        let quotas = &context.plan.quotas;
        let visible = now.checked_sub(quotas.get_records_propagation.nanoseconds());
        let most_records = max_records.0.min(quotas.get_records_max_records.0) as usize;
        let rest = log.from(self.place);
        let batch = gather(rest, visible, most_records, quotas.get_records_max_bytes.0);
        limits.book(batch.bytes, batch.full);
        let records = &rest[..batch.records];
        let at_tip = rest.get(batch.records).is_none_or(|next| Some(next.accepted) > visible);
        if counted == 1 {
            let age = match records.last() {
                Some(last) if !at_tip => now - last.accepted,
                _ => 0,
            };
            consumer.iterator_age_cloudwatch.record(age);
        }
        let start = now + round_trip.nanoseconds();
        let done = work(records, start, plan, context, consumer);
        if log.keeps_keys() {
            self.note(records, start, log, plan, watch);
        }
        self.row(now, &mut tally.rows).read_records += batch.records as u64;
        self.place += batch.records as u64;
        self.busy = done;
        self.next = self.next.max(done);
        true
    }

    /// Notes records of which the order over shards is watched, or may be when the shard closes.
    fn note(
        &mut self,
        records: &[LogRecord],
        start: u64,
        log: &Log,
        plan: &ConsumerPlan,
        watch: &mut Watch<'_>,
    ) {
        let per_record = plan.processing.per_record.nanoseconds();
        let mut done = start + plan.processing.per_batch.nanoseconds();
        let (shard, consumer) = (self.shard as usize, self.consumer);
        self.in_hand.clear();
        if !watch.is_on && done + per_record * records.len() as u64 <= watch.until {
            return;
        }
        for (record, key) in records.iter().zip(log.keys_from(self.place)) {
            done += per_record;
            if *key == NO_ORDER || (!watch.is_on && done <= watch.until) {
                continue;
            }
            let handled = Handled { shard, consumer, key: *key, done, created: record.created };
            if watch.is_on { watch.handled.push(handled) } else { self.in_hand.push(handled) }
        }
    }

    /// Takes the next event of a subscription if it comes before `until`; false if none does.
    fn receive(
        &mut self,
        until: u64,
        log: &Log,
        context: Context<'_>,
        tally: &mut Tally,
        watch: &mut Watch<'_>,
    ) -> bool {
        let quotas = &context.plan.quotas;
        let plan = &context.plan.consumers[self.consumer];
        let Reading::EnhancedFanOut { round_trip } = plan.reading else {
            return false;
        };
        let Some(first) = log.from(self.place).first() else {
            return false;
        };
        if self.waits {
            return false;
        }
        let propagation = quotas.enhanced_fan_out_propagation.nanoseconds();
        let mut now = self.next.max(first.accepted + propagation);
        // While the subscription is renewed nothing comes.
        let lasts = quotas.subscription_duration.nanoseconds();
        let into_subscription = (now + self.offset) % lasts;
        if into_subscription < round_trip.nanoseconds() {
            now += round_trip.nanoseconds() - into_subscription;
        }
        if now >= until {
            return false;
        }
        self.look_back(now, log, context, tally);
        let consumer = &mut tally.consumers[self.consumer];
        self.expire(now, log, context, consumer);
        let rest = log.from(self.place);
        let most_records = quotas.enhanced_fan_out_event_records.0 as usize;
        let most_bytes = quotas.enhanced_fan_out_event_bytes.0;
        let batch = gather(rest, now.checked_sub(propagation), most_records, most_bytes);
        if batch.records == 0 {
            // What was to come has expired.
            self.next = now;
            return true;
        }
        if now >= context.plan.warm_up {
            consumer.read_calls += 1;
            let last = &rest[batch.records - 1];
            consumer.iterator_age_cloudwatch.record(now - last.accepted);
        }
        let done = work(&rest[..batch.records], now, plan, context, consumer);
        if log.keeps_keys() {
            self.note(&rest[..batch.records], now, log, plan, watch);
        }
        self.row(now, &mut tally.rows).read_records += batch.records as u64;
        self.place += batch.records as u64;
        let rate = quotas.enhanced_fan_out_bytes.0;
        let paced = u128::from(batch.bytes) * u128::from(rate.per_nanoseconds())
            / u128::from(rate.amount());
        self.next = done.max(now.saturating_add(paced as u64));
        true
    }

    /// Skips records that have left the stream.
    fn expire(&mut self, now: u64, log: &Log, context: Context<'_>, tally: &mut ConsumerTally) {
        if now < context.plan.retention {
            return;
        }
        let kept_from = now - context.plan.retention;
        for record in log.from(self.place) {
            if record.accepted > kept_from {
                break;
            }
            tally.expired_records += u64::from(record.created >= context.plan.warm_up);
            self.place += 1;
        }
    }

    /// Looks how far this consumer was behind at the end of each second up to `now`.
    #[inline]
    fn look_back(&mut self, now: u64, log: &Log, context: Context<'_>, tally: &mut Tally) {
        let closed = log.marks();
        let first = tally.rows.first;
        while let Some(end_place) = closed.get((self.second - first) as usize) {
            let end = ((self.second + 1) * NANOSECONDS_PER_SECOND).min(context.plan.horizon);
            if end > now {
                break;
            }
            self.expire(end, log, context, &mut tally.consumers[self.consumer]);
            let behind = end_place.saturating_sub(self.place);
            let age = if behind == 0 { 0 } else { end - log.from(self.place)[0].accepted };
            if end > context.plan.warm_up && end <= self.finished {
                tally.consumers[self.consumer].iterator_age.record(age);
            }
            let row = tally.rows.consumer(self.second, self.consumer);
            row.backlog_records += behind;
            row.iterator_age_ms_max = row.iterator_age_ms_max.max(age / 1_000_000);
            self.second += 1;
        }
    }

    fn row<'rows>(
        &self,
        now: u64,
        rows: &'rows mut Rows,
    ) -> &'rows mut crate::metrics::ConsumerStep {
        rows.consumer(now / NANOSECONDS_PER_SECOND, self.consumer)
    }
}

/// The records that an answer holds: those taken up to `visible`, within both bounds.
fn gather(rest: &[LogRecord], visible: Option<u64>, most_records: usize, most_bytes: u64) -> Batch {
    let Some(visible) = visible else {
        return Batch::default();
    };
    let candidates = &rest[..rest.len().min(most_records)];
    let records = candidates.partition_point(|record| record.accepted <= visible);
    let bytes = candidates[..records].iter().map(|record| u64::from(record.size)).sum();
    if bytes < most_bytes {
        return Batch { records, bytes, full: false };
    }
    let mut batch = Batch { full: true, ..Batch::default() };
    for record in &candidates[..records] {
        let bytes = batch.bytes + u64::from(record.size);
        if bytes > most_bytes && batch.records > 0 {
            break;
        }
        batch.bytes = bytes;
        batch.records += 1;
    }
    batch
}

/// Lets the consumer work on `records` from `start` on; gives the time when it is done.
fn work(
    records: &[LogRecord],
    start: u64,
    plan: &ConsumerPlan,
    context: Context<'_>,
    tally: &mut ConsumerTally,
) -> u64 {
    if records.is_empty() {
        return start;
    }
    let (warm_up, horizon) = (context.plan.warm_up, context.plan.horizon);
    let per_record = plan.processing.per_record.nanoseconds();
    let first = start + plan.processing.per_batch.nanoseconds() + per_record;
    let last = first + per_record * (records.len() as u64 - 1);
    let all_counted = records.iter().all(|record| record.created >= warm_up);
    if all_counted && last < horizon {
        tally.read_records += records.len() as u64;
        tally.processed_records += records.len() as u64;
        tally.read_bytes += records.iter().map(|record| u64::from(record.size)).sum::<u64>();
        let mut done = first;
        for record in records {
            tally.end_to_end_latency.record(done - record.created);
            done += per_record;
        }
        return last;
    }
    let mut done = first;
    for record in records {
        let size = u64::from(record.size);
        if record.created >= warm_up {
            tally.read_records += 1;
            tally.read_bytes += size;
            if done < horizon {
                tally.processed_records += 1;
                tally.end_to_end_latency.record(done - record.created);
            } else {
                tally.backlog_records += 1;
                tally.backlog_bytes += size;
            }
        }
        done += per_record;
    }
    last
}
