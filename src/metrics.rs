//! What was observed: counts, latency distributions and series of one replication.
//!
//! Plain data, filled by the engine, read by analysis and report. Counts follow the records that
//! were *generated after the warm-up*, through their whole life, so that the identities of
//! [`Identity`] hold exactly; series show all of simulated time, the warm-up included, in steps
//! that fit its length, and [`CountedSeconds`] what its single seconds came to.

mod age_counts;
mod consumer;
mod counted;
mod incidents;
mod key_counts;
mod mode_mark;
mod series;

use hdrhistogram::Histogram;

pub use age_counts::AgeCounts;
pub use consumer::{BatchObservation, DeliveryObservation, FunctionObservation};
pub use counted::{CountedConsumer, CountedSeconds, RecordsByMinute};
pub use incidents::{IncidentObservation, IncidentWatch};
pub use key_counts::KeyCounts;
pub use mode_mark::{ModeMark, ReadSoFar, UsedSoFar};
pub use series::{
    ConsumerStep, ShardSecond, ShardSeries, ShardStep, StreamSeries, StreamStep, series_step,
};

use crate::hash_key::HashKeyRange;
use crate::model::billing::BilledRecords;
use crate::model::capacity::CapacityChange;
use crate::scenario::CapacityMode;
use crate::time::Span;

/// Everything observed in one replication.
#[derive(Clone, Debug)]
pub struct Observation {
    /// Which replication, from zero.
    pub replication: u32,
    /// Simulated time.
    pub simulated: Span,
    /// Producers in the order of the scenario.
    pub producers: Vec<ProducerObservation>,
    /// Shards in the order in which they opened, those at the start in the order of their ranges.
    pub shards: Vec<ShardObservation>,
    /// Consumers in the order of the scenario.
    pub consumers: Vec<ConsumerObservation>,
    /// Incidents in the order of the scenario.
    pub incidents: Vec<IncidentObservation>,
    /// Figures of the seconds after the warm-up.
    pub counted: CountedSeconds,
    /// One row a step; empty but in the first replication, which is the one that reports show.
    pub series: StreamSeries,
    /// Partition keys by their records; empty but in the first replication.
    pub key_counts: KeyCounts,
    /// What changed the shards; nothing where nothing could.
    pub scaling: Option<ScalingObservation>,
}

/// What changed the shards of a stream.
#[derive(Clone, Debug)]
pub struct ScalingObservation {
    /// The capacity mode at the end.
    pub mode_end: CapacityMode,
    /// Everything that was asked for, in the order of time.
    pub changes: Vec<ObservedChange>,
    /// One mark for each change of the capacity mode, in the order of time.
    pub mode_marks: Vec<ModeMark>,
}

/// One change of the capacity that was asked for.
#[derive(Clone, Debug)]
pub struct ObservedChange {
    /// What was asked for, and what became of it.
    pub change: CapacityChange,
    /// Attempts that shard limits refused between the call and its end.
    pub throttled_before_done: u64,
}

/// What became of one producer's records.
#[derive(Clone, Debug)]
pub struct ProducerObservation {
    /// Records that the producer came up with.
    pub generated_records: u64,
    /// Bytes of those records as the stream counts them.
    pub generated_bytes: u64,
    /// Times that a record reached the service.
    pub attempts: u64,
    /// Records that the stream took.
    pub accepted: u64,
    /// Bytes that the stream took, duplicates included.
    pub accepted_bytes: u64,
    /// Attempts that a shard limit refused.
    pub throttled: u64,
    /// Records whose last attempt failed.
    pub given_up: u64,
    /// Records that are larger than the stream allows; never attempted.
    pub rejected: u64,
    /// Records for which a bounded client had no room.
    pub dropped: u64,
    /// User records that came to another shard than their own within an aggregated record, because
    /// the client did not know of a split; they were sent again.
    pub wrong_shard_records: u64,
    /// Records that were still on their way, in a batch or in a back-off when the run ended.
    pub waiting: u64,
    /// Kinesis records that were made of the records: one each, but for those rejected; fewer where
    /// the client aggregates, and more where it makes new ones of those that were refused.
    pub put_records: u64,
    /// Kinesis records that the stream took, duplicates included.
    pub incoming_records: u64,
    /// Records that the stream took once more, because the answer to the first time was lost.
    pub duplicate_records: u64,
    /// Everything that the stream took, duplicates included, as a bill counts it.
    pub billed: BilledRecords,
    /// The duplicates alone, as a bill counts them.
    pub billed_duplicates: BilledRecords,
    /// Records that the stream took after a later one of the same key; nothing where the records
    /// of a key go to several shards.
    pub out_of_order_records: Option<u64>,
    /// PutRecord or PutRecords calls.
    pub put_calls: u64,
    /// From generation to the answer that accepts the record, in microseconds.
    pub put_latency_us: Histogram<u64>,
}

/// What one shard met.
#[derive(Clone, Debug)]
pub struct ShardObservation {
    /// Identifier.
    pub shard_id: String,
    /// The hash keys that it owned.
    pub range: HashKeyRange,
    /// Identifiers of the shards that it came of: one after a split, two after a merge.
    pub parents: Vec<String>,
    /// When it opened, from the start of the run.
    pub opened: Span,
    /// When it closed; nothing where it was open at the end.
    pub closed: Option<Span>,
    /// The share of all records that the partition keys' weights send here.
    pub expected_share: f64,
    /// Records generated for this shard.
    pub generated_records: u64,
    /// Records that it took.
    pub incoming_records: u64,
    /// Bytes that it took.
    pub incoming_bytes: u64,
    /// Attempts that it refused.
    pub write_throttled_records: u64,
    /// Those of them for which the record limit had no room.
    pub throttled_by_records: u64,
    /// Those of them for which the record limit had room and the byte limit had none.
    pub throttled_by_bytes: u64,
    /// The keys with most generated records here, most first.
    pub hottest_keys: Vec<HotKey>,
    /// Mean over time after the warm-up of the scarcer of the two write limits, as a ratio.
    pub utilization_mean: f64,
    /// Its highest whole second after the warm-up; above one while burst credit is used.
    pub utilization_peak_1s: f64,
    /// Its highest whole minute after the warm-up, as CloudWatch would show it.
    pub utilization_peak_1min: f64,
    /// One row a step; empty but in the first replication.
    pub series: ShardSeries,
}

/// A partition key and how much of a shard's traffic it is.
#[derive(Clone, Debug, PartialEq)]
pub struct HotKey {
    /// The partition key.
    pub key: String,
    /// Index of the producer that uses it.
    pub producer: usize,
    /// Records generated with it.
    pub generated_records: u64,
}

/// What one consumer did.
#[derive(Clone, Debug)]
pub struct ConsumerObservation {
    /// Records handed to the consumer.
    pub read_records: u64,
    /// Bytes handed to the consumer.
    pub read_bytes: u64,
    /// Bytes handed to the consumer, each record rounded up as an on-demand bill does.
    pub data_out_bytes: u64,
    /// Bytes that were older than seven days when the consumer read them, which a provisioned
    /// stream bills.
    pub long_term_read_bytes: u64,
    /// Records whose processing ended within the run.
    pub processed_records: u64,
    /// Records that left the stream by retention before the consumer read them.
    pub expired_records: u64,
    /// Records that lay before the position from which the consumer began to read.
    pub skipped_records: u64,
    /// Records processed once more, because the consumer read them again.
    pub duplicate_records: u64,
    /// Records given up after failures, or for their age.
    pub discarded_records: u64,
    /// What its function did, where it has one.
    pub function: Option<FunctionObservation>,
    /// What it wrote, where it writes objects.
    pub delivery: Option<DeliveryObservation>,
    /// What its micro-batches came to, where it has any.
    pub batches: Option<BatchObservation>,
    /// The five shards on which it was furthest behind, the worst first: index, and highest true
    /// iterator age after the warm-up in milliseconds.
    pub slowest_shards: Vec<(usize, u64)>,
    /// Records processed after a later one of the same key, which had gone to another shard; nothing
    /// where no shard could split or merge.
    pub out_of_order_records: Option<u64>,
    /// Accepted records that were not processed when the run ended.
    pub backlog_records: u64,
    /// Bytes of those records.
    pub backlog_bytes: u64,
    /// GetRecords calls, or events of subscriptions.
    pub read_calls: u64,
    /// GetRecords calls that a shard limit refused.
    pub read_throttled_calls: u64,
    /// Those of them that the call limit refused; the others met the byte limit.
    pub throttled_by_calls: u64,
    /// Age of the oldest record that the consumer has yet to read, in milliseconds; zero when there
    /// is none. One sample a simulated second and shard.
    pub iterator_age_ms: Histogram<u64>,
    /// What CloudWatch would show: one sample a successful call, the age of the last record
    /// returned, zero when the call reached the tip; nothing while the consumer does not call.
    pub iterator_age_cloudwatch_ms: Histogram<u64>,
    /// From generation of a record to the end of its processing, in microseconds.
    pub end_to_end_latency_us: Histogram<u64>,
}

/// One of the sums that must come out even.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Who it is about.
    pub subject: String,
    /// The sum in words.
    pub statement: &'static str,
    /// Left side.
    pub left: u64,
    /// Right side.
    pub right: u64,
}

impl Identity {
    /// Whether both sides are equal.
    #[must_use]
    pub const fn holds(&self) -> bool {
        self.left == self.right
    }
}

impl Observation {
    /// The identities of the run: what is generated, attempted and accepted, accounted for.
    ///
    /// `producer_names` and `consumer_names` are in the order of the scenario.
    #[must_use]
    pub fn identities(&self, producer_names: &[&str], consumer_names: &[&str]) -> Vec<Identity> {
        let mut identities = Vec::new();
        for (producer, name) in self.producers.iter().zip(producer_names) {
            identities.push(Identity {
                subject: (*name).to_owned(),
                statement: "generated = accepted + given up + rejected + dropped + waiting",
                left: producer.generated_records,
                right: producer.accepted
                    + producer.given_up
                    + producer.rejected
                    + producer.dropped
                    + producer.waiting,
            });
            identities.push(Identity {
                subject: (*name).to_owned(),
                statement: "attempts = accepted + duplicates + wrong shard + throttled",
                left: producer.attempts,
                right: producer.accepted
                    + producer.duplicate_records
                    + producer.wrong_shard_records
                    + producer.throttled,
            });
        }
        let incoming: u64 = self.producers.iter().map(|producer| producer.incoming_records).sum();
        identities.push(Identity {
            subject: "stream".to_owned(),
            statement: "incoming of producers = incoming of shards",
            left: incoming,
            right: self.shards.iter().map(|shard| shard.incoming_records).sum(),
        });
        for (consumer, name) in self.consumers.iter().zip(consumer_names) {
            identities.push(Identity {
                subject: (*name).to_owned(),
                statement: "incoming = processed + discarded + expired + skipped + backlog",
                left: incoming,
                right: consumer.processed_records
                    + consumer.discarded_records
                    + consumer.expired_records
                    + consumer.skipped_records
                    + consumer.backlog_records,
            });
        }
        identities
    }
}
