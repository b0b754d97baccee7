//! How records come from a shard to a consumer: one GetRecords call, or one event of a
//! subscription. What the consumer does with them is its own matter.

use crate::engine::lane::Context;
use crate::engine::log::{Log, LogRecord};
use crate::engine::position::Position;
use crate::engine::tally::Tally;
use crate::model::read_limit::{ReadAdmission, ReadLimits};
use crate::quotas::EXTENDED_RETENTION;
use crate::time::Span;

/// An answer that was given.
#[derive(Clone, Copy, Debug)]
pub(super) struct Answer<'log> {
    pub(super) records: &'log [LogRecord],
    /// Nothing more could have been returned.
    pub(super) at_tip: bool,
}

/// A batch in the hands of a consumer.
#[derive(Clone, Copy, Debug, Default)]
struct Batch {
    records: usize,
    bytes: u64,
    /// It held as many bytes as an answer can.
    full: bool,
}

/// One GetRecords call at `now`; nothing when the shard refuses it. The position stays.
#[inline]
pub(super) fn get_records<'log>(
    position: &mut Position,
    (now, max_records): (u64, u64),
    limits: &mut ReadLimits,
    (log, scratch): (&'log Log, &'log mut Vec<LogRecord>),
    context: Context<'_>,
    tally: &mut Tally,
) -> Option<Answer<'log>> {
    position.look_back(now, log, context, tally);
    let counted = u64::from(now >= context.plan.warm_up);
    let consumer = &mut tally.consumers[position.consumer];
    consumer.read_calls += counted;
    let admission = limits.admit(now);
    if admission != ReadAdmission::Answered {
        consumer.read_throttled_calls += counted;
        consumer.throttled_by_calls += counted * u64::from(admission == ReadAdmission::CallLimit);
        position.row(now, &mut tally.rows).read_throttled_calls += 1;
        return None;
    }
    position.expire(now, log, context, consumer);
    let quotas = &context.plan.quotas;
    let visible = now.checked_sub(context.plan.polling_propagation);
    let most_records = max_records.min(quotas.get_records_max_records.0) as usize;
    let most_bytes = quotas.get_records_max_bytes.0;
    let rest = log.view(position.next_place(), now, (most_records, most_bytes), scratch);
    let batch = gather(rest, visible, most_records, most_bytes);
    limits.book(batch.bytes, batch.full);
    let records = &rest[..batch.records];
    consumer.long_term_read_bytes += long_term_bytes(records, now, context.plan.warm_up);
    let at_tip = rest.get(batch.records).is_none_or(|next| Some(next.accepted) > visible);
    let age = match records.last() {
        Some(last) if !at_tip => now - last.accepted,
        _ => 0,
    };
    position.report_read(age, now, context, tally);
    position.row(now, &mut tally.rows).read_records += batch.records as u64;
    Some(Answer { records, at_tip })
}

/// When a client calls next that has called at `now`, calls once in `interval` and competes for
/// calls; the last argument has the indices of the consumer and the shard, and a number for the draw.
///
/// Clients whose calls came at the same even distance would keep their order for ever, and it would
/// be those of the same one that are refused. In truth they back off with jitter and their clocks
/// drift: here the next call comes after half an interval to one and a half, so that the mean stays
/// and each gets its share, and only where calls are refused.
pub(super) fn drifting(
    now: u64,
    interval: Span,
    (consumer, shard, number): (usize, u64, u64),
    context: Context<'_>,
) -> u64 {
    let draws = context.replication.phases[consumer];
    let interval = interval.nanoseconds();
    now + interval / 2 + draws.below(shard, number, interval)
}

/// When the next event of a subscription comes that was free from `free` on; nothing while there
/// is no record. `offset` is added to the time to find the place within a subscription, and
/// `gap` is how long each takes to be renewed, in nanoseconds.
pub(super) fn next_event(
    place: u64,
    (free, offset, gap): (u64, u64, u64),
    log: &Log,
    context: Context<'_>,
) -> Option<u64> {
    let accepted = log.accepted(place, free)?;
    let quotas = &context.plan.quotas;
    let mut now = free.max(accepted + quotas.enhanced_fan_out_propagation.nanoseconds());
    // While the subscription is renewed nothing comes.
    let lasts = quotas.subscription_duration.nanoseconds();
    let into_subscription = (now + offset) % lasts;
    if into_subscription < gap {
        now += gap - into_subscription;
    }
    Some(now)
}

/// Takes the event of a subscription that comes at `now`: its records, none when all that was to
/// come has expired, and when the next event can come at the earliest. The position stays.
pub(super) fn take_event<'log>(
    position: &mut Position,
    now: u64,
    (log, scratch): (&'log Log, &'log mut Vec<LogRecord>),
    context: Context<'_>,
    tally: &mut Tally,
) -> (&'log [LogRecord], u64) {
    let quotas = &context.plan.quotas;
    position.look_back(now, log, context, tally);
    position.expire(now, log, context, &mut tally.consumers[position.consumer]);
    let most_records = quotas.enhanced_fan_out_event_records.0 as usize;
    let most_bytes = quotas.enhanced_fan_out_event_bytes.0;
    let rest = log.view(position.next_place(), now, (most_records, most_bytes), scratch);
    let visible = now.checked_sub(quotas.enhanced_fan_out_propagation.nanoseconds());
    let batch = gather(rest, visible, most_records, most_bytes);
    let records = &rest[..batch.records];
    let Some(last) = records.last() else {
        return (records, now);
    };
    tally.consumers[position.consumer].read_calls += u64::from(now >= context.plan.warm_up);
    position.report_read(now - last.accepted, now, context, tally);
    position.row(now, &mut tally.rows).read_records += batch.records as u64;
    let rate = quotas.enhanced_fan_out_bytes.0;
    let paced =
        u128::from(batch.bytes) * u128::from(rate.per_nanoseconds()) / u128::from(rate.amount());
    (records, now.saturating_add(paced as u64))
}

/// The records that an answer holds: those taken up to `visible`, within both bounds.
fn gather(rest: &[LogRecord], visible: Option<u64>, most_records: usize, most_bytes: u64) -> Batch {
    let Some(visible) = visible else {
        return Batch::default();
    };
    let candidates = &rest[..rest.len().min(most_records)];
    let records = candidates.partition_point(|record| record.accepted <= visible);
    let bytes = candidates[..records].iter().map(|record| u64::from(record.size())).sum();
    if bytes < most_bytes {
        return Batch { records, bytes, full: false };
    }
    let mut batch = Batch { full: true, ..Batch::default() };
    for record in &candidates[..records] {
        let bytes = batch.bytes + u64::from(record.size());
        if bytes > most_bytes && batch.records > 0 {
            break;
        }
        batch.bytes = bytes;
        batch.records += 1;
    }
    batch
}

/// Bytes of `records` that have been in the stream for longer than its extended retention at `now`.
fn long_term_bytes(records: &[LogRecord], now: u64, warm_up: u64) -> u64 {
    let Some(before) = now.checked_sub(EXTENDED_RETENTION.nanoseconds()) else {
        return 0;
    };
    // In the order of acceptance: of a consumer that keeps up, not even the first is so old.
    records
        .iter()
        .take_while(|record| record.accepted < before)
        .filter(|record| record.created >= warm_up)
        .map(|record| u64::from(record.size()))
        .sum()
}
