//! What a consumer can take of one shard at most, by closed forms.

use super::load::Load;
use crate::analysis::binding::FullBatches;
use crate::scenario::{Consumer, IncidentKind, Lambda, Reading, Scenario, StartPosition, Work};

/// Records a second that a consumer takes of one shard at most, and why not more.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Capacity {
    /// Records as the producers made them.
    pub(super) records_per_second: f64,
    /// What binds, as a word of the answer.
    pub(super) limit: &'static str,
}

impl Capacity {
    const UNBOUNDED: Self = Self { records_per_second: f64::INFINITY, limit: "nothing" };

    fn bound(&mut self, records_per_second: f64, limit: &'static str) {
        if records_per_second < self.records_per_second {
            *self = Self { records_per_second, limit };
        }
    }
}

/// Records of a scenario, on average over all producers.
#[derive(Clone, Copy, Debug)]
struct Mean {
    /// Kinesis records that one comes to.
    put_records: f64,
    /// Bytes of it in the stream.
    bytes: f64,
}

impl Mean {
    fn of(load: &Load) -> Self {
        let (mut records, mut put_records, mut bytes) = (0.0, 0.0, 0.0);
        for producer in &load.producers {
            let sum: f64 = producer.records_per_second.iter().sum();
            // What is packed is as large as the limit counts it; a call's rounding is not read.
            let own = producer.charged_bytes.min(producer.record_bytes);
            let size = if producer.put_records < 1.0 { own } else { producer.record_bytes };
            records += sum;
            put_records += sum * producer.put_records;
            bytes += sum * size;
        }
        let records = records.max(f64::MIN_POSITIVE);
        Self { put_records: put_records / records, bytes: (bytes / records).max(1e-3) }
    }

    /// Bytes of a Kinesis record.
    fn put_bytes(self) -> f64 {
        self.bytes / self.put_records.max(f64::MIN_POSITIVE)
    }
}

/// What `consumer` can take of one shard, at most.
pub(super) fn capacity(scenario: &Scenario, load: &Load, consumer: &Consumer) -> Capacity {
    let mean = Mean::of(load);
    let mut least = Capacity::UNBOUNDED;
    if passes_over_records(scenario, consumer) {
        return least;
    }
    least = own_pace(scenario, mean, consumer);
    let quotas = &scenario.quotas;
    match consumer.reading {
        Reading::Polling { max_records, .. } => {
            let batch = batch(scenario, mean, max_records.0);
            let calls = quotas.get_records_calls.0.as_per_second();
            least.bound(calls * batch / mean.put_records, "read-calls");
            least.bound(share_of_bytes(scenario, mean, consumer), "shared-read-bytes");
        }
        Reading::EnhancedFanOut { .. } => {
            let bytes = quotas.enhanced_fan_out_bytes.0.as_per_second();
            least.bound(bytes / mean.bytes, "enhanced-fan-out-bytes");
        }
    }
    least
}

/// Whether it may leave records out, so that a backlog says nothing of its age.
fn passes_over_records(scenario: &Scenario, consumer: &Consumer) -> bool {
    let replays = scenario.incidents.iter().any(|incident| {
        matches!(incident.kind, IncidentKind::Replay(_))
            && scenario.consumers[incident.consumer].name == consumer.name
    });
    let discards = match &consumer.work {
        Work::Lambda(lambda) => {
            let fails = lambda.error_rate > 0.0 || lambda.poison_records > 0.0;
            lambda.maximum_record_age.is_some() || fails && lambda.retry_attempts.is_some()
        }
        _ => false,
    };
    replays || discards || consumer.start != StartPosition::TrimHorizon
}

/// By its own calls and its own work, others left out.
fn own_pace(scenario: &Scenario, mean: Mean, consumer: &Consumer) -> Capacity {
    let mut least = Capacity::UNBOUNDED;
    let largest_batch = match consumer.reading {
        Reading::Polling { interval, max_records, round_trip } => {
            let batch = batch(scenario, mean, max_records.0);
            // Lambda goes on at once while records wait.
            let between = match consumer.work {
                Work::Lambda(_) => scenario.quotas.lambda_poll_least,
                _ => interval,
            };
            let calls = 1.0 / between.max(round_trip).as_seconds().max(1e-9);
            least.bound(calls * batch / mean.put_records, "polling");
            batch
        }
        Reading::EnhancedFanOut { .. } => scenario.quotas.enhanced_fan_out_event_records.0 as f64,
    };
    let processing = consumer.processing;
    let per_batch = processing.per_batch.as_seconds();
    let seconds = match &consumer.work {
        Work::Lambda(lambda) => of_function(scenario, consumer, lambda, mean),
        work => {
            let largest = match work {
                Work::MicroBatch(job) => job.max_records_per_batch.0 as f64,
                _ => largest_batch,
            };
            let records = largest / mean.put_records;
            processing.per_record.as_seconds() + per_batch / records.max(1.0)
        }
    };
    if seconds > 0.0 {
        least.bound(1.0 / seconds, "processing");
    }
    least
}

/// Most Kinesis records of an answer.
fn batch(scenario: &Scenario, mean: Mean, max_records: u64) -> f64 {
    let by_bytes = scenario.quotas.get_records_max_bytes.0 as f64 / mean.put_bytes();
    (max_records as f64).min(by_bytes.max(1.0))
}

/// Seconds that a function takes for a record in full batches on all its lanes.
fn of_function(scenario: &Scenario, consumer: &Consumer, lambda: &Lambda, mean: Mean) -> f64 {
    let full = FullBatches::of(scenario, consumer, lambda, mean.put_bytes());
    let records = (full.records / mean.put_records).max(1.0);
    let per_record = consumer.processing.per_record.as_seconds();
    let batch = consumer.processing.per_batch.as_seconds() + records * per_record;
    batch / records / f64::from(lambda.parallelization_factor)
}

/// Its part of the bytes that all polling consumers share, where each that wants more than its part
/// gets as much as the others.
fn share_of_bytes(scenario: &Scenario, mean: Mean, consumer: &Consumer) -> f64 {
    let is_other = |other: &&Consumer| {
        matches!(other.reading, Reading::Polling { .. }) && other.name != consumer.name
    };
    let mut wanted: Vec<f64> = scenario
        .consumers
        .iter()
        .filter(is_other)
        .map(|other| own_pace(scenario, mean, other).records_per_second)
        .collect();
    wanted.sort_unstable_by(f64::total_cmp);
    let mut left = scenario.quotas.shard_read_bytes.0.as_per_second() / mean.bytes;
    let mut sharing = wanted.len() as f64 + 1.0;
    for wanted in wanted {
        if wanted >= left / sharing {
            break;
        }
        left -= wanted;
        sharing -= 1.0;
    }
    left / sharing
}
