//! What lanes have counted; tallies are added up in any order to the same sums.

use crate::engine::distribution::Distribution;
use crate::metrics::{ConsumerStep, ShardSecond};
use crate::model::billing::BilledRecords;

/// Counts of lanes.
#[derive(Debug)]
pub(super) struct Tally {
    pub(super) producers: Vec<ProducerTally>,
    pub(super) consumers: Vec<ConsumerTally>,
    /// Seconds closed since the last barrier.
    pub(super) rows: Rows,
    /// Resent PutRecords calls since the last barrier, and the number of the attempt. A call over
    /// several lanes stands here once for each.
    pub(super) repeated_calls: Vec<(u64, u32)>,
    /// Records refused since the last barrier whose producers need to hear of it: the call and the
    /// place in it.
    pub(super) refused: Vec<(u64, u32)>,
    /// Attempts since it was last set to zero: a measure of work.
    pub(super) work: u64,
}

/// Counts of one producer.
#[derive(Debug)]
pub(super) struct ProducerTally {
    pub(super) attempts: u64,
    pub(super) accepted: u64,
    pub(super) accepted_bytes: u64,
    pub(super) throttled: u64,
    pub(super) given_up: u64,
    pub(super) waiting: u64,
    /// Records accepted after a later one of their key.
    pub(super) out_of_order: u64,
    /// Records accepted once more, because the answer was lost.
    pub(super) duplicates: u64,
    /// Accepted records and duplicates on a bill.
    pub(super) billed: BilledRecords,
    /// The duplicates alone.
    pub(super) billed_duplicates: BilledRecords,
    /// Records accepted on the way of the first call, which waited for nothing.
    pub(super) prompt: u64,
    /// Distribution of the other accepted records.
    pub(super) put_latency: Distribution,
}

/// Counts of one consumer.
#[derive(Debug)]
pub(super) struct ConsumerTally {
    pub(super) read_records: u64,
    pub(super) read_bytes: u64,
    /// Each record rounded up as an on-demand bill does.
    pub(super) data_out_bytes: u64,
    /// Bytes that were read from long-term retention.
    pub(super) long_term_read_bytes: u64,
    pub(super) processed_records: u64,
    pub(super) expired_records: u64,
    /// Records before the position from which the consumer read.
    pub(super) skipped_records: u64,
    /// Those of them that a replay brought to it after all.
    pub(super) unskipped_records: u64,
    /// Records processed once more.
    pub(super) duplicate_records: u64,
    /// Records given up after failures, or for their age.
    pub(super) discarded_records: u64,
    pub(super) function: FunctionTally,
    pub(super) delivery: DeliveryTally,
    pub(super) backlog_records: u64,
    pub(super) backlog_bytes: u64,
    pub(super) read_calls: u64,
    pub(super) read_throttled_calls: u64,
    pub(super) throttled_by_calls: u64,
    pub(super) iterator_age: Distribution,
    pub(super) iterator_age_cloudwatch: Distribution,
    pub(super) end_to_end_latency: Distribution,
    /// Highest true iterator age of each shard, in nanoseconds, and the index of the shard.
    pub(super) oldest: Vec<(u64, usize)>,
}

impl Tally {
    pub(super) fn new(producers: usize, consumers: usize) -> Self {
        Self {
            producers: (0..producers).map(|_| ProducerTally::new()).collect(),
            consumers: (0..consumers).map(|_| ConsumerTally::new()).collect(),
            rows: Rows::new(consumers),
            repeated_calls: Vec::new(),
            refused: Vec::new(),
            work: 0,
        }
    }

    /// Notes that a PutRecords call is sent for the given time; once is enough.
    #[inline]
    pub(super) fn repeat_call(&mut self, call: u64, attempts: u32) {
        if self.repeated_calls.last() != Some(&(call, attempts)) {
            self.repeated_calls.push((call, attempts));
        }
    }

    /// Adds the counts of another tally.
    pub(super) fn add(&mut self, other: &Self) {
        for (own, more) in self.producers.iter_mut().zip(&other.producers) {
            own.add(more);
        }
        for (own, more) in self.consumers.iter_mut().zip(&other.consumers) {
            own.add(more);
        }
    }
}

impl ProducerTally {
    fn new() -> Self {
        Self {
            attempts: 0,
            accepted: 0,
            accepted_bytes: 0,
            throttled: 0,
            given_up: 0,
            waiting: 0,
            out_of_order: 0,
            duplicates: 0,
            billed: BilledRecords::default(),
            billed_duplicates: BilledRecords::default(),
            prompt: 0,
            put_latency: Distribution::new(),
        }
    }

    fn add(&mut self, other: &Self) {
        self.attempts += other.attempts;
        self.accepted += other.accepted;
        self.accepted_bytes += other.accepted_bytes;
        self.throttled += other.throttled;
        self.given_up += other.given_up;
        self.waiting += other.waiting;
        self.out_of_order += other.out_of_order;
        self.duplicates += other.duplicates;
        self.billed.add(other.billed);
        self.billed_duplicates.add(other.billed_duplicates);
        self.prompt += other.prompt;
        self.put_latency.add(&other.put_latency);
    }
}

impl ConsumerTally {
    fn new() -> Self {
        Self {
            read_records: 0,
            read_bytes: 0,
            data_out_bytes: 0,
            long_term_read_bytes: 0,
            processed_records: 0,
            expired_records: 0,
            skipped_records: 0,
            unskipped_records: 0,
            duplicate_records: 0,
            discarded_records: 0,
            function: FunctionTally::default(),
            delivery: DeliveryTally::default(),
            backlog_records: 0,
            backlog_bytes: 0,
            read_calls: 0,
            read_throttled_calls: 0,
            throttled_by_calls: 0,
            iterator_age: Distribution::new(),
            iterator_age_cloudwatch: Distribution::new(),
            end_to_end_latency: Distribution::new(),
            oldest: Vec::new(),
        }
    }

    fn add(&mut self, other: &Self) {
        self.oldest.extend(&other.oldest);
        self.read_records += other.read_records;
        self.read_bytes += other.read_bytes;
        self.data_out_bytes += other.data_out_bytes;
        self.long_term_read_bytes += other.long_term_read_bytes;
        self.processed_records += other.processed_records;
        self.expired_records += other.expired_records;
        self.skipped_records += other.skipped_records;
        self.unskipped_records += other.unskipped_records;
        self.duplicate_records += other.duplicate_records;
        self.discarded_records += other.discarded_records;
        self.function.add(&other.function);
        self.delivery.add(&other.delivery);
        self.backlog_records += other.backlog_records;
        self.backlog_bytes += other.backlog_bytes;
        self.read_calls += other.read_calls;
        self.read_throttled_calls += other.read_throttled_calls;
        self.throttled_by_calls += other.throttled_by_calls;
        self.iterator_age.add(&other.iterator_age);
        self.iterator_age_cloudwatch.add(&other.iterator_age_cloudwatch);
        self.end_to_end_latency.add(&other.end_to_end_latency);
    }
}

/// Counts of one consumer's function.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct FunctionTally {
    pub(super) invocations: u64,
    pub(super) failed_invocations: u64,
    /// Invocations that had to wait for others to end.
    pub(super) throttled_invocations: u64,
    pub(super) cold_starts: u64,
    /// Batches that were discarded, or parts of them.
    pub(super) given_up_batches: u64,
    /// Records over all invocations.
    pub(super) handed_records: u64,
    pub(super) billed_nanoseconds: u64,
}

impl FunctionTally {
    const fn add(&mut self, other: &Self) {
        self.invocations += other.invocations;
        self.failed_invocations += other.failed_invocations;
        self.throttled_invocations += other.throttled_invocations;
        self.cold_starts += other.cold_starts;
        self.given_up_batches += other.given_up_batches;
        self.handed_records += other.handed_records;
        self.billed_nanoseconds += other.billed_nanoseconds;
    }
}

/// Counts of the objects that one consumer writes.
#[derive(Debug, Default)]
pub(super) struct DeliveryTally {
    pub(super) objects: u64,
    /// Bytes of each object.
    pub(super) object_bytes: Distribution,
    pub(super) written_bytes: u64,
    /// Bytes read, each record rounded up as it is billed.
    pub(super) billed_bytes: u64,
    /// Objects that the destination refused at first.
    pub(super) retried_objects: u64,
}

impl DeliveryTally {
    fn add(&mut self, other: &Self) {
        self.objects += other.objects;
        self.object_bytes.add(&other.object_bytes);
        self.written_bytes += other.written_bytes;
        self.billed_bytes += other.billed_bytes;
        self.retried_objects += other.retried_objects;
    }
}

/// Rows of the stream's series that lanes have closed since the last barrier.
#[derive(Debug)]
pub(super) struct Rows {
    /// The second of the first row.
    pub(super) first: u64,
    pub(super) writes: Vec<WriteRow>,
    /// Row after row, one entry a consumer.
    pub(super) reads: Vec<ConsumerStep>,
    consumers: usize,
}

/// One second of writes over lanes.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct WriteRow {
    pub(super) incoming_records: u64,
    pub(super) incoming_bytes: u64,
    pub(super) write_throttled_records: u64,
    pub(super) shards_throttling: u32,
    pub(super) utilization_max: f32,
}

impl Rows {
    fn new(consumers: usize) -> Self {
        Self { first: 0, writes: Vec::new(), reads: Vec::new(), consumers }
    }

    /// Adds one shard's second.
    pub(super) fn add(&mut self, second: u64, shard: &ShardSecond, utilization: f64) {
        let index = (second - self.first) as usize;
        if self.writes.len() <= index {
            self.writes.resize(index + 1, WriteRow::default());
        }
        let row = &mut self.writes[index];
        row.incoming_records += shard.incoming_records;
        row.incoming_bytes += shard.incoming_bytes;
        row.write_throttled_records += shard.write_throttled_records;
        row.shards_throttling += u32::from(shard.write_throttled_records > 0);
        row.utilization_max = row.utilization_max.max(utilization as f32);
    }

    /// The row of `consumer` in `second`.
    pub(super) fn consumer(&mut self, second: u64, consumer: usize) -> &mut ConsumerStep {
        let index = (second - self.first) as usize;
        if self.reads.len() < (index + 1) * self.consumers {
            self.reads.resize((index + 1) * self.consumers, ConsumerStep::default());
        }
        &mut self.reads[index * self.consumers + consumer]
    }

    /// Forgets all rows before `second`, which have been added to the series of the stream. Reads
    /// of the second that is still open stay.
    pub(super) fn forget_before(&mut self, second: u64) {
        let rows = (second - self.first) as usize;
        self.writes.drain(..rows.min(self.writes.len()));
        self.reads.drain(..(rows * self.consumers).min(self.reads.len()));
        self.first = second;
    }
}
