//! Where a consumer stands on a shard: what it has read, what it would read again after a crash,
//! and what became of every record before.
//!
//! Each counted record of the shard ends as exactly one of processed, expired, skipped and backlog,
//! however often it is read; what is processed once more is a duplicate.

use crate::engine::lane::Context;
use crate::engine::leases;
use crate::engine::log::{Log, LogRecord};
use crate::engine::mapping::Held;
use crate::engine::plan::Plan;
use crate::engine::tally::{ConsumerTally, Rows, Tally};
use crate::engine::timetable::{Stop, StopKind, needs_from};
use crate::scenario::{StartPosition, Work};
use crate::time::{NANOSECONDS_PER_SECOND, Span};

/// One consumer on one shard.
#[derive(Debug)]
pub(super) struct Position {
    /// Index of the consumer in the scenario.
    pub(super) consumer: usize,
    /// Place of the next record to read.
    pub(super) place: u64,
    /// Place of the next record to fetch, where a consumer reads ahead of what it has done.
    pub(super) fetched: u64,
    /// Whether CloudWatch hears of the age when records are read, and not when they are done.
    reports_reads: bool,
    /// Place from which the consumer reads on after a crash.
    pub(super) checkpoint: u64,
    /// When the checkpoint was written, in nanoseconds.
    checkpoint_at: u64,
    /// Every record before this place has been processed, has expired or was skipped.
    pub(super) settled: u64,
    /// Records before `settled` that were skipped and never processed, by place.
    skipped: Vec<(u64, u64)>,
    /// Index of the shard, and the highest age of its oldest unread record, in nanoseconds.
    pub(super) shard: usize,
    oldest: u64,
    /// What is worked on, where that is done as it is read.
    hand: Hand,
    /// The next second whose end has not been looked at.
    second: u64,
    /// When it had worked on everything of a closed shard, in nanoseconds; `u64::MAX` before.
    pub(super) finished: u64,
    /// When the consumer does not work on this shard.
    stops: Box<[Stop]>,
    /// Index of the next stop.
    stop: usize,
    /// When it begins, or, if the consumer has stopped, ends; in nanoseconds.
    pub(super) stop_at: u64,
    has_stopped: bool,
    /// The consumer has not begun to read.
    absent: Option<StartPosition>,
    /// What a shard holds that is seen for a moment: old records of a batch.
    pub(super) scratch: Vec<LogRecord>,
}

/// A batch in hand: from when until when it is worked on, and when its first and its last record
/// were accepted, in nanoseconds.
#[derive(Clone, Copy, Debug, Default)]
struct Hand {
    from: u64,
    until: u64,
    accepted: (u64, u64),
}

impl Hand {
    /// Age at `now` of the record that is worked on, if the work is evenly spread; zero when all is
    /// done.
    fn age(&self, now: u64) -> u64 {
        if now >= self.until {
            return 0;
        }
        let (first, last) = self.accepted;
        let done = u128::from(now.saturating_sub(self.from)) * u128::from(last - first);
        let passed = done / u128::from((self.until - self.from).max(1));
        now.saturating_sub(first + passed as u64)
    }
}

impl Position {
    /// The position of a consumer on a shard that opens at `opened`.
    pub(super) fn new(consumer: usize, shard: usize, opened: u64, context: Context<'_>) -> Self {
        let plan = &context.plan.consumers[consumer];
        let mut stops = plan.timetable.stops.clone();
        stops.extend(leases::lost(consumer, shard, context));
        stops.retain(|stop| stop.until > opened);
        stops.sort_by_key(|stop| stop.from);
        let mut own = Self {
            consumer,
            place: 0,
            fetched: 0,
            reports_reads: !matches!(plan.work, Work::Lambda(_)),
            checkpoint: 0,
            checkpoint_at: 0,
            settled: 0,
            skipped: Vec::new(),
            shard,
            oldest: 0,
            hand: Hand::default(),
            second: opened / NANOSECONDS_PER_SECOND,
            finished: u64::MAX,
            stop: 0,
            stop_at: stops.first().map_or(u64::MAX, |stop| stop.from),
            has_stopped: false,
            absent: None,
            scratch: Vec::new(),
            stops: stops.into_boxed_slice(),
        };
        if let Some(Stop { from: 0, until, kind: StopKind::Absent(start) }) = own.stops.first() {
            (own.absent, own.stop_at, own.has_stopped) = (Some(*start), *until, true);
        }
        own
    }

    /// It has worked on everything of a closed shard at `now`, and does not come back.
    pub(super) fn finish_shard(&mut self, now: u64) {
        self.finished = now;
        self.stops = Box::default();
        (self.stop, self.stop_at) = (0, u64::MAX);
    }

    pub(super) const fn has_stopped(&self) -> bool {
        self.has_stopped
    }

    /// The consumer is killed at this moment if it has not stopped by then; what it has in hand
    /// and has not done before is lost to it.
    #[inline]
    pub(super) fn killed_at(&self) -> u64 {
        match self.stops.get(self.stop) {
            Some(stop) if stop.kind != StopKind::InOrder && !self.has_stopped => stop.from,
            _ => u64::MAX,
        }
    }

    /// Place of the next record to read.
    #[inline]
    pub(super) const fn next_place(&self) -> u64 {
        if self.fetched > self.place { self.fetched } else { self.place }
    }

    /// The stop that comes next or lasts.
    pub(super) fn stop_kind(&self) -> Option<StopKind> {
        self.stops.get(self.stop).map(|stop| stop.kind)
    }

    /// Stops, or ends the stop, at `stop_at`; true when the consumer works again.
    pub(super) fn turn(&mut self, log: &Log, context: Context<'_>, tally: &mut Tally) -> bool {
        let now = self.stop_at;
        self.look_back(now, log, context, tally);
        let stop = self.stops[self.stop];
        if !self.has_stopped {
            if stop.kind == StopKind::Killed {
                self.place = self.checkpoint;
            }
            if stop.kind != StopKind::InOrder {
                self.hand = Hand::default();
            }
            (self.has_stopped, self.stop_at) = (true, stop.until);
            return false;
        }
        let tally = &mut tally.consumers[self.consumer];
        match stop.kind {
            StopKind::Absent(start) => {
                self.pass(start, now, log, context, tally);
                self.absent = None;
                self.skipped.push((0, self.place));
            }
            StopKind::Moved(position) => self.move_to(position, now, log, context, tally),
            StopKind::Killed | StopKind::InOrder => {}
        }
        self.checkpoint = self.place;
        self.checkpoint_at = now;
        self.has_stopped = false;
        self.stop += 1;
        self.stop_at = self.stops.get(self.stop).map_or(u64::MAX, |stop| stop.from);
        true
    }

    /// Goes over the records before `position`, which are not for this consumer.
    fn pass(
        &mut self,
        position: StartPosition,
        now: u64,
        log: &Log,
        context: Context<'_>,
        tally: &mut ConsumerTally,
    ) {
        let bound = before(position, now, context);
        let (place, counted) = log.pass(self.place, now, bound, self.settled);
        tally.skipped_records += counted;
        self.place = place;
        self.settled = self.settled.max(place);
    }

    fn move_to(
        &mut self,
        position: StartPosition,
        now: u64,
        log: &Log,
        context: Context<'_>,
        tally: &mut ConsumerTally,
    ) {
        self.expire(now, log, context, tally);
        let bound = before(position, now, context);
        let from = self.place.max(self.settled);
        let (place, _) = log.pass(log.start(), now, bound, 0);
        if place > from {
            self.pass(position, now, log, context, tally);
            self.skipped.push((from, self.place));
        }
        self.place = place;
    }

    /// Skips records that have left the stream.
    #[inline]
    pub(super) fn expire(
        &mut self,
        now: u64,
        log: &Log,
        context: Context<'_>,
        tally: &mut ConsumerTally,
    ) {
        if now < context.plan.retention {
            return;
        }
        let bound = now - context.plan.retention + 1;
        if log.accepted(self.place, now).is_some_and(|accepted| accepted < bound) {
            let (place, counted) = log.pass(self.place, now, bound, self.settled);
            tally.expired_records += counted;
            self.place = place;
            self.settled = self.settled.max(place);
        }
    }

    /// Looks how far this consumer was behind at the end of each second up to `now`.
    #[inline]
    pub(super) fn look_back(
        &mut self,
        now: u64,
        log: &Log,
        context: Context<'_>,
        tally: &mut Tally,
    ) {
        while let Some(end_place) = log.mark_of(self.second) {
            let end = ((self.second + 1) * NANOSECONDS_PER_SECOND).min(context.plan.horizon);
            if end > now {
                break;
            }
            if let Some(start) = self.absent {
                self.pass(start, end, log, context, &mut tally.consumers[self.consumer]);
                self.second += 1;
                continue;
            }
            self.expire(end, log, context, &mut tally.consumers[self.consumer]);
            let behind = end_place.saturating_sub(self.place);
            let oldest = if behind == 0 { None } else { log.accepted(self.place, end) };
            let age = oldest.map_or(0, |accepted| end - accepted);
            if end > context.plan.warm_up && end <= self.finished {
                tally.consumers[self.consumer].iterator_age.record(age);
                self.oldest = self.oldest.max(age);
            }
            let row = tally.rows.consumer(self.second, self.consumer);
            row.backlog_records += behind;
            row.iterator_age_ms_max = row.iterator_age_ms_max.max(age / 1_000_000);
            row.in_hand_age_ms_max = row.in_hand_age_ms_max.max(self.hand.age(end) / 1_000_000);
            self.second += 1;
        }
    }

    /// Counts what is left when the run ends.
    pub(super) fn finish(&mut self, log: &Log, context: Context<'_>, tally: &mut Tally) {
        self.look_back(u64::MAX, log, context, tally);
        let horizon = context.plan.horizon;
        let tally = &mut tally.consumers[self.consumer];
        self.expire(horizon, log, context, tally);
        let (records, bytes) = log.counted_from(self.place.max(self.settled), horizon);
        tally.backlog_records += records;
        tally.backlog_bytes += bytes;
        tally.oldest.push((self.oldest, self.shard));
    }

    /// The place from which, and the time from which the log must be kept for this consumer.
    pub(super) fn needs(&self, context: Context<'_>) -> (u64, u64) {
        let Some(stops) = self.stops.get(self.stop..).filter(|stops| !stops.is_empty()) else {
            return (self.place, u64::MAX);
        };
        let may_crash = stops.iter().any(|stop| stop.kind == StopKind::Killed);
        let place = if may_crash { self.place.min(self.checkpoint) } else { self.place };
        (place, needs_from(stops, context.plan.retention))
    }

    /// When the work on the first record of a batch begins that is read at `start`, and how long a
    /// record takes, in nanoseconds.
    #[inline]
    pub(super) fn pace(&self, start: u64, context: Context<'_>) -> (u64, u64) {
        let plan = &context.plan.consumers[self.consumer];
        let lasting = |span: Span| plan.timetable.lasting(span.nanoseconds(), start);
        (start + lasting(plan.processing.per_batch), lasting(plan.processing.per_record))
    }

    /// Lets the consumer work on `records`, which begin at its place, from `start` on; gives the
    /// time when it is done.
    #[inline]
    pub(super) fn work(
        &mut self,
        records: &[LogRecord],
        start: u64,
        (log, context): (&Log, Context<'_>),
        tally: &mut ConsumerTally,
    ) -> u64 {
        if records.is_empty() {
            return start;
        }
        let plan = &context.plan.consumers[self.consumer];
        let horizon = context.plan.horizon;
        let (first, per_record) = self.pace(start, context);
        let billing = context.plan.billing;
        // Of an aggregated record, each user record is work.
        let user_records = |record: &LogRecord| u64::from(record.user_records());
        let lasts = match per_record {
            0 => 0,
            _ => per_record * records.iter().map(user_records).sum::<u64>(),
        };
        let last = first + lasts;
        let accepted = (records[0].accepted, records[records.len() - 1].accepted);
        self.hand = Hand { from: start, until: last, accepted };
        let killed_at = self.killed_at();
        let are_new = log.all_counted_from(self.place) && self.place >= self.settled;
        if are_new && last < horizon.min(killed_at) {
            tally.read_records += records.len() as u64;
            tally.processed_records += records.len() as u64;
            let (mut bytes, mut billed_bytes) = (0, 0);
            let mut add = |record: &LogRecord| {
                let size = u64::from(record.size());
                bytes += size;
                billed_bytes += billing.data_out_bytes(size);
            };
            if per_record == 0 {
                tally.end_to_end_latency.record_all(records.iter().map(|record| {
                    add(record);
                    first - record.created
                }));
            } else {
                let mut done = first;
                tally.end_to_end_latency.record_all(records.iter().map(|record| {
                    add(record);
                    done += per_record * user_records(record);
                    done - record.created
                }));
            }
            tally.read_bytes += bytes;
            tally.data_out_bytes += billed_bytes;
            self.settled = self.place + records.len() as u64;
        } else {
            let end = horizon.min(killed_at);
            self.work_on(records, (first, per_record), (end, horizon), context.plan, tally);
        }
        self.place += records.len() as u64;
        if last < killed_at && last.saturating_sub(self.checkpoint_at) >= plan.checkpoint_interval {
            self.checkpoint = self.place;
            self.checkpoint_at = last;
        }
        last
    }

    /// Work that ends early, or on records that are not counted or were processed before.
    fn work_on(
        &mut self,
        records: &[LogRecord],
        (first, per_record): (u64, u64),
        (end, horizon): (u64, u64),
        plan: &Plan,
        tally: &mut ConsumerTally,
    ) {
        let mut done = first;
        let settled = self.settled;
        for (record, place) in records.iter().zip(self.place..) {
            done += per_record * u64::from(record.user_records());
            let size = u64::from(record.size());
            if record.created >= plan.warm_up {
                tally.read_records += 1;
                tally.read_bytes += size;
                tally.data_out_bytes += plan.billing.data_out_bytes(size);
                if done < end {
                    self.process(place, settled, tally, |tally| {
                        tally.end_to_end_latency.record(done - record.created);
                    });
                } else if end == horizon && place >= settled {
                    tally.backlog_records += 1;
                    tally.backlog_bytes += size;
                }
            }
            if done < end || end == horizon {
                self.settled = self.settled.max(place + 1);
            }
        }
    }

    /// Counts that the record at `place` has been processed, for the first time or once more.
    pub(super) fn process(
        &mut self,
        place: u64,
        settled: u64,
        tally: &mut ConsumerTally,
        first_time: impl FnOnce(&mut ConsumerTally),
    ) {
        if place < settled && !self.was_skipped(place) {
            tally.duplicate_records += 1;
            return;
        }
        tally.unskipped_records += u64::from(place < settled);
        tally.processed_records += 1;
        first_time(tally);
    }

    /// Whether the record at `place` was skipped; it no longer is.
    fn was_skipped(&mut self, place: u64) -> bool {
        let Some(index) = self.skipped.iter().position(|(from, to)| (*from..*to).contains(&place))
        else {
            return false;
        };
        let (from, to) = self.skipped.swap_remove(index);
        let rest = [(from, place), (place + 1, to)];
        self.skipped.extend(rest.into_iter().filter(|(from, to)| from < to));
        true
    }

    /// Takes records that begin at the next place to fetch into the hands of the consumer.
    pub(super) fn take(
        &mut self,
        records: &[LogRecord],
        context: Context<'_>,
        tally: &mut ConsumerTally,
    ) -> Vec<Held> {
        let from = self.next_place();
        let settled = self.settled;
        let mut taken = Vec::with_capacity(records.len());
        for (record, place) in records.iter().zip(from..) {
            let counted = u64::from(record.created >= context.plan.warm_up);
            tally.read_records += counted;
            let size = u64::from(record.size());
            tally.read_bytes += counted * size;
            tally.data_out_bytes += counted * context.plan.billing.data_out_bytes(size);
            let mut again = place < settled;
            if again && self.was_skipped(place) {
                tally.unskipped_records += counted;
                again = false;
            }
            taken.push(Held { place, record: *record, again });
        }
        self.fetched = from + records.len() as u64;
        self.settled = settled.max(self.fetched);
        taken
    }

    /// Gives back the records that were taken last and not worked on: they are read again, unless
    /// they have expired.
    pub(super) fn give_back(
        &mut self,
        held: &[Held],
        context: Context<'_>,
        tally: &mut ConsumerTally,
    ) {
        let Some(first) = held.first() else {
            return;
        };
        let worked_on = held.iter().rev().find(|held| held.again).map(|held| held.place + 1);
        let settled = worked_on.unwrap_or(first.place);
        for held in held.iter().filter(|held| !held.again) {
            if held.place < self.place {
                let counted = held.record.created >= context.plan.warm_up;
                tally.expired_records += u64::from(counted);
            } else if held.place < settled {
                self.skip(std::iter::once(*held), context, tally);
            }
        }
        self.settled = settled.max(self.place);
        self.fetched = first.place;
    }

    /// Gives up records in hand: unless they are replayed, they are never processed.
    pub(super) fn skip(
        &mut self,
        held: impl Iterator<Item = Held>,
        context: Context<'_>,
        tally: &mut ConsumerTally,
    ) {
        for held in held.filter(|held| !held.again) {
            let counted = u64::from(held.record.created >= context.plan.warm_up);
            tally.skipped_records += counted;
            match self.skipped.last_mut() {
                Some((_, to)) if *to == held.place => *to += 1,
                _ => self.skipped.push((held.place, held.place + 1)),
            }
        }
    }

    #[inline]
    pub(super) fn row<'rows>(
        &self,
        now: u64,
        rows: &'rows mut Rows,
    ) -> &'rows mut crate::metrics::ConsumerStep {
        rows.consumer(now / NANOSECONDS_PER_SECOND, self.consumer)
    }

    /// Books the iterator age of records that are read at `now`.
    #[inline]
    pub(super) fn report_read(&self, age: u64, now: u64, context: Context<'_>, tally: &mut Tally) {
        if self.reports_reads {
            self.report_age(age, now, context, tally);
        }
    }

    /// Books the iterator age that CloudWatch hears of at `now`.
    #[inline]
    pub(super) fn report_age(&self, age: u64, now: u64, context: Context<'_>, tally: &mut Tally) {
        if now >= context.plan.warm_up {
            tally.consumers[self.consumer].iterator_age_cloudwatch.record(age);
        }
        let row = self.row(now, &mut tally.rows);
        let age_ms = Some(age / 1_000_000);
        row.iterator_age_cloudwatch_ms_max = row.iterator_age_cloudwatch_ms_max.max(age_ms);
    }
}

/// The moment before which all records lie before `position`, seen at `now`, in nanoseconds.
fn before(position: StartPosition, now: u64, context: Context<'_>) -> u64 {
    match position {
        StartPosition::TrimHorizon => (now + 1).saturating_sub(context.plan.retention),
        StartPosition::Latest => now + 1,
        StartPosition::At(at) => {
            at.nanoseconds().max((now + 1).saturating_sub(context.plan.retention))
        }
    }
}
