//! Which resource binds a consumer: what it would have to get more of to be faster.
//!
//! What was refused says it at once; otherwise what the busiest shard takes is held against what
//! the consumer can take, by the closed forms of each kind.

use super::figures::{counted_seconds, ratio};
use crate::metrics::{BatchObservation, Observation};
use crate::scenario::{Consumer, Kcl, Lambda, Reading, Scenario, Work};

/// A share of refusals from which on they bind.
const REFUSED_MUCH: f64 = 0.05;
/// Bytes of an invocation's event for a record beside its data.
const ENVELOPE_BYTES: f64 = 532.0;

/// Batches of a mapping at full load.
#[derive(Clone, Copy, Debug)]
pub(super) struct FullBatches {
    /// Records of a full batch.
    pub(super) records: f64,
    /// How long it takes, in seconds.
    pub(super) seconds: f64,
    /// Records a second that a shard's lanes finish; nothing where they take no time.
    pub(super) records_per_second: Option<f64>,
    /// The payload of an invocation, and not the batch size, bounds it.
    pub(super) by_payload: bool,
}

impl FullBatches {
    /// factor x batch / duration, where records have `mean_bytes`.
    pub(super) fn of(
        scenario: &Scenario,
        consumer: &Consumer,
        lambda: &Lambda,
        mean_bytes: f64,
    ) -> Self {
        let payload = scenario.quotas.lambda_payload_bytes.0 as f64;
        let by_payload = (payload / (ENVELOPE_BYTES + mean_bytes * 4.0 / 3.0)).floor().max(1.0);
        let by_size = lambda.batch_size.0 as f64;
        let records = by_size.min(by_payload);
        let processing = consumer.processing;
        let seconds =
            processing.per_batch.as_seconds() + records * processing.per_record.as_seconds();
        let factor = f64::from(lambda.parallelization_factor);
        Self {
            records,
            seconds,
            records_per_second: (seconds > 0.0).then(|| factor * records / seconds),
            by_payload: by_payload < by_size,
        }
    }
}

/// Records that all shards take together.
fn all_records_per_second(seen: &Observation, seconds: f64) -> f64 {
    let all: u64 = seen.shards.iter().map(|shard| shard.incoming_records).sum();
    all as f64 / seconds
}

/// Whether batches often take longer than until the next trigger.
fn are_late(seen: Option<BatchObservation>) -> bool {
    seen.is_some_and(|seen| ratio(seen.late_batches, seen.batches) > REFUSED_MUCH)
}

/// The resource that binds the consumer, as a word of the result document.
pub(super) fn resource(
    scenario: &Scenario,
    seen: &Observation,
    index: usize,
) -> Option<&'static str> {
    let (consumer, of_consumer) = (&scenario.consumers[index], &seen.consumers[index]);
    let refused = ratio(of_consumer.read_throttled_calls, of_consumer.read_calls);
    if refused > REFUSED_MUCH {
        let by_calls = of_consumer.throttled_by_calls;
        let most_by_calls = by_calls >= of_consumer.read_throttled_calls - by_calls;
        return Some(if most_by_calls { "call_limit" } else { "read_bytes" });
    }
    let waited = |function: crate::metrics::FunctionObservation| {
        ratio(function.throttled_invocations, function.invocations) > REFUSED_MUCH
    };
    if of_consumer.function.is_some_and(waited) {
        return Some("concurrency");
    }
    let seconds = counted_seconds(scenario, seen);
    let busiest = seen.shards.iter().max_by_key(|shard| shard.incoming_records)?;
    if busiest.incoming_records == 0 || seconds <= 0.0 {
        return None;
    }
    let records_per_second = busiest.incoming_records as f64 / seconds;
    let bytes_per_second = busiest.incoming_bytes as f64 / seconds;
    let mean_bytes = busiest.incoming_bytes as f64 / busiest.incoming_records as f64;
    if let Work::Lambda(lambda) = &consumer.work {
        let full = FullBatches::of(scenario, consumer, lambda, mean_bytes);
        if full.records_per_second.is_some_and(|most| most < records_per_second) {
            return Some(if full.by_payload { "payload" } else { "processing" });
        }
    } else if let Work::Kcl(Kcl { workers, processing_threads: Some(threads), .. }) = &consumer.work
        && consumer.processing.per_record.as_seconds() * all_records_per_second(seen, seconds)
            > f64::from(*workers) * f64::from(*threads)
    {
        return Some("processing");
    } else if let Work::MicroBatch(job) = &consumer.work {
        // A batch ends with its longest task, and what a trigger brings must be done by the next.
        let per_shard = consumer.processing.per_record.as_seconds() * records_per_second;
        if are_late(of_consumer.batches) || per_shard * f64::from(job.shards_per_task) > 1.0 {
            return Some("processing");
        }
        if job.fetch_rate.is_some_and(|rate| rate.as_per_second() < bytes_per_second) {
            return Some("polling");
        }
    } else if consumer.processing.per_record.as_seconds() * records_per_second > 1.0 {
        return Some("processing");
    }
    match consumer.reading {
        Reading::Polling { interval, max_records, round_trip } => {
            let cycle = interval.max(round_trip).as_seconds();
            (max_records.0 as f64 / cycle < records_per_second).then_some("polling")
        }
        Reading::EnhancedFanOut { .. } => {
            let most = scenario.quotas.enhanced_fan_out_bytes.0.as_per_second();
            (bytes_per_second > most).then_some("read_bytes")
        }
    }
}
