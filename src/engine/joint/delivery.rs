//! The buffers of a Firehose stream: records of all shards, gathered until they hold enough bytes
//! or the first of them has waited long enough, then written as one object.

use std::collections::BTreeSet;

use crate::engine::lane::Context;
use crate::engine::mapping::{Held, count_left};
use crate::engine::tally::{ConsumerTally, Tally};
use crate::scenario::Firehose;

/// The buffers of one Firehose stream.
#[derive(Debug)]
pub(in crate::engine) struct Delivery {
    /// Bytes of a full buffer.
    size: u64,
    /// How long the first record waits, in nanoseconds.
    interval: u64,
    /// How long writing an object takes, in nanoseconds.
    takes: u64,
    output_ratio: f64,
    parts: Vec<Part>,
    /// When the buffers end that hold something, by part.
    ends: BTreeSet<(u64, usize)>,
    /// Until when nothing is read, because objects wait for the destination.
    pub(in crate::engine) blocked_until: u64,
}

/// One buffer.
#[derive(Debug, Default)]
struct Part {
    bytes: u64,
    end: u64,
    records: Vec<Held>,
}

impl Delivery {
    pub(super) fn new(firehose: &Firehose) -> Self {
        let parts = firehose.partitions.unwrap_or(1);
        Self {
            size: firehose.buffer_size.0,
            interval: firehose.buffer_interval.nanoseconds(),
            takes: firehose.delivery.nanoseconds(),
            output_ratio: firehose.output_ratio,
            parts: (0..parts).map(|_| Part::default()).collect(),
            ends: BTreeSet::new(),
            blocked_until: 0,
        }
    }

    /// When the next buffer has waited long enough.
    pub(super) fn due(&self) -> u64 {
        self.ends.first().map_or(u64::MAX, |(end, _)| *end)
    }

    /// Takes records that come at `now`.
    pub(super) fn gather(
        &mut self,
        consumer: usize,
        records: &mut Vec<Held>,
        now: u64,
        context: Context<'_>,
        tally: &mut Tally,
    ) {
        for held in records.drain(..) {
            let index = held.record.key() as usize % self.parts.len();
            let part = &mut self.parts[index];
            if part.records.is_empty() {
                part.end = now + self.interval;
                self.ends.insert((part.end, index));
            }
            part.bytes += u64::from(held.record.size());
            part.records.push(held);
            if part.bytes >= self.size {
                self.write(index, consumer, now, context, &mut tally.consumers[consumer]);
            }
        }
    }

    /// The buffer that ends first has waited long enough.
    pub(super) fn end_interval(
        &mut self,
        consumer: usize,
        now: u64,
        context: Context<'_>,
        tally: &mut Tally,
    ) {
        if let Some((_, index)) = self.ends.first().copied() {
            self.write(index, consumer, now, context, &mut tally.consumers[consumer]);
        }
    }

    /// Writes a buffer as an object.
    fn write(
        &mut self,
        index: usize,
        consumer: usize,
        now: u64,
        context: Context<'_>,
        tally: &mut ConsumerTally,
    ) {
        let part = &mut self.parts[index];
        self.ends.remove(&(part.end, index));
        let timetable = &context.plan.consumers[consumer].timetable;
        let tried = timetable.throttled_until(now);
        self.blocked_until = self.blocked_until.max(tried);
        let done = tried.max(now) + self.takes;
        let bytes = std::mem::take(&mut part.bytes);
        let (warm_up, horizon) = (context.plan.warm_up, context.plan.horizon);
        if done >= horizon {
            for held in part.records.drain(..) {
                count_left(&held, context, tally);
            }
            return;
        }
        if now >= warm_up {
            tally.delivery.objects += 1;
            tally.delivery.object_bytes.record((bytes as f64 * self.output_ratio) as u64);
            tally.delivery.written_bytes += (bytes as f64 * self.output_ratio) as u64;
            tally.delivery.retried_objects += u64::from(tried > now);
        }
        for held in part.records.drain(..) {
            if held.record.created < warm_up {
                continue;
            }
            tally.delivery.billed_bytes +=
                u64::from(held.record.size()).next_multiple_of(5 * crate::units::KIB);
            if held.again {
                tally.duplicate_records += 1;
            } else {
                tally.processed_records += 1;
                tally.end_to_end_latency.record(done - held.record.created);
            }
        }
    }

    pub(super) fn finish(&mut self, context: Context<'_>, tally: &mut ConsumerTally) {
        for held in self.parts.iter_mut().flat_map(|part| part.records.drain(..)) {
            count_left(&held, context, tally);
        }
    }
}
