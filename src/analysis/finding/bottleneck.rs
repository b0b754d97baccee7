//! What keeps a consumer from keeping up, where the scenario's own numbers show it.

use crate::analysis::binding::FullBatches;
use crate::analysis::figures::{busiest_minute_over_mean, counted_seconds, ratio};
use crate::analysis::number::{self, milliseconds, of, percent, plain};
use crate::metrics::Observation;
use crate::scenario::{Kcl, Reading, Scenario, Work};
use crate::units::MIB;

/// A consumer that has more of its calls refused is behind for that reason.
const REFUSED_MUCH: f64 = 0.05;

/// What the busiest shard takes in the time that counts.
#[derive(Clone, Copy)]
struct Load {
    records_per_second: f64,
    bytes_per_second: f64,
    /// When that is: nothing, or ` in the busiest minute`.
    when: &'static str,
}

impl Load {
    /// The load of the busiest shard on average, or in the busiest minute of the stream.
    fn of(scenario: &Scenario, seen: &Observation, at_peak: bool) -> Self {
        let (factor, when) = match busiest_minute_over_mean(seen, seen.counted.incoming) {
            Some(factor) if at_peak => (factor, " in the busiest minute"),
            _ => (1.0, ""),
        };
        let seconds = counted_seconds(scenario, seen);
        let records = seen.shards.iter().map(|shard| shard.incoming_records).max().unwrap_or(0);
        let bytes = seen.shards.iter().map(|shard| shard.incoming_bytes).max().unwrap_or(0);
        Self {
            records_per_second: records as f64 / seconds * factor,
            bytes_per_second: bytes as f64 / seconds * factor,
            when,
        }
    }
}

/// Names the bottleneck of a consumer that is behind all the time, or at the peak only.
pub(super) fn advice(
    scenario: &Scenario,
    seen: &Observation,
    index: usize,
    at_peak: bool,
) -> String {
    let load = Load::of(scenario, seen, at_peak);
    refused(scenario, seen, index)
        .or_else(|| function(scenario, seen, index, load))
        .or_else(|| batches(scenario, seen, index))
        .or_else(|| threads(scenario, seen, index))
        .or_else(|| processing(scenario, index, load))
        .or_else(|| shared_limit(scenario, index, load))
        .or_else(|| polling(scenario, index, load))
        .or_else(|| incident(scenario, index))
        .unwrap_or_else(|| {
            "Batches take longer than they last: shorten processing, read larger batches, or use \
             more shards, which are worked on side by side."
                .to_owned()
        })
}

/// What the timetable of the scenario did to the consumer, where nothing else explains its age.
fn incident(scenario: &Scenario, index: usize) -> Option<String> {
    let own = scenario.incidents.iter().filter(|incident| incident.consumer == index);
    let mut words: Vec<&str> = own.map(|incident| incident.kind.as_str()).collect();
    words.dedup();
    (!words.is_empty()).then(|| {
        format!(
            "Its incidents explain that ({}); the table of incidents says how long each took to be \
             made up. More room to read and to process shortens it.",
            words.join(", ")
        )
    })
}

fn refused(scenario: &Scenario, seen: &Observation, index: usize) -> Option<String> {
    let of_consumer = &seen.consumers[index];
    let refused = ratio(of_consumer.read_throttled_calls, of_consumer.read_calls);
    let others = polling_consumers(scenario).saturating_sub(1);
    (refused > REFUSED_MUCH).then(|| {
        format!(
            "Throttled reads are the bottleneck: {} of its GetRecords calls are refused; it shares \
             the limits of each shard with {}.",
            percent(refused),
            of(others, "other polling consumer"),
        )
    })
}

/// A function finishes factor x batch / duration on a shard, and no more than may run at once.
fn function(scenario: &Scenario, seen: &Observation, index: usize, load: Load) -> Option<String> {
    let consumer = &scenario.consumers[index];
    let Work::Lambda(lambda) = &consumer.work else {
        return None;
    };
    let calls = seen.consumers[index].function?;
    let waited = ratio(calls.throttled_invocations, calls.invocations);
    if waited > REFUSED_MUCH {
        return Some(format!(
            "Concurrency is the bottleneck: {} of its invocations had to wait while {} ran, which \
             is all that may. Reserve more, or take larger batches.",
            percent(waited),
            of(calls.concurrent_max, "other"),
        ));
    }
    let failed = ratio(calls.failed_invocations, calls.invocations);
    // Without a limit one failing record is tried until it expires, and blocks those behind it.
    let has_limit = lambda.retry_attempts.is_some() || lambda.maximum_record_age.is_some();
    if failed > REFUSED_MUCH || (calls.failed_invocations > 0 && !has_limit) {
        return Some(format!(
            "Failures are the bottleneck: {} of its invocations fail and block their records until \
             they are given up. Bound `retry_attempts`, and write `bisect_on_error: true`.",
            percent(failed),
        ));
    }
    let mean_bytes = load.bytes_per_second / load.records_per_second.max(f64::MIN_POSITIVE);
    let full = FullBatches::of(scenario, consumer, lambda, mean_bytes);
    let most = full.records_per_second.filter(|most| *most < load.records_per_second)?;
    Some(format!(
        "The function is the bottleneck: {} at a time of {} records in {} are at most {} records/s \
         on a shard, and the busiest shard gets {}{}. Raise the factor or the batch size, or use \
         more shards.",
        lambda.parallelization_factor,
        plain(full.records),
        number::seconds(full.seconds),
        plain(most),
        plain(load.records_per_second),
        load.when,
    ))
}

/// A micro-batch lasts as long as its longest task, and then delays the next.
fn batches(scenario: &Scenario, seen: &Observation, index: usize) -> Option<String> {
    let Work::MicroBatch(job) = &scenario.consumers[index].work else {
        return None;
    };
    let batches = seen.consumers[index].batches?;
    let late = ratio(batches.late_batches, batches.batches);
    (late > REFUSED_MUCH).then(|| {
        format!(
            "The batches are the bottleneck: {} of them take longer than until the next trigger, up \
             to {}. Let a task work on fewer than {}, give the job more cores, or shorten its work.",
            percent(late),
            number::seconds(batches.lasting_max.as_seconds()),
            of(u64::from(job.shards_per_task), "shard"),
        )
    })
}

/// Shards of a worker share its threads.
fn threads(scenario: &Scenario, seen: &Observation, index: usize) -> Option<String> {
    let consumer = &scenario.consumers[index];
    let Work::Kcl(Kcl { workers, processing_threads: Some(threads), .. }) = &consumer.work else {
        return None;
    };
    let per_record = consumer.processing.per_record.as_seconds();
    let records: u64 = seen.shards.iter().map(|shard| shard.incoming_records).sum();
    let per_second = records as f64 / counted_seconds(scenario, seen);
    let most = f64::from(*workers) * f64::from(*threads) / per_record;
    (per_record > 0.0 && most < per_second).then(|| {
        format!(
            "Threads are the bottleneck: {} with {} each are at most {} records/s at {} a record, and \
             {} come in. Use more of them.",
            of(u64::from(*workers), "worker"),
            of(u64::from(*threads), "thread"),
            plain(most),
            number::seconds(per_record),
            plain(per_second),
        )
    })
}

fn processing(scenario: &Scenario, index: usize, load: Load) -> Option<String> {
    let per_record = scenario.consumers[index].processing.per_record.as_seconds();
    let busiest = load.records_per_second;
    (per_record * busiest > 1.0).then(|| {
        format!(
            "Processing is the bottleneck: {} a record is at most {} records/s on a shard, and the \
             busiest shard gets {}{}. Shorten it below {}, or use more shards.",
            number::seconds(per_record),
            plain(1.0 / per_record),
            plain(busiest),
            load.when,
            milliseconds(1_000.0 / busiest),
        )
    })
}

fn shared_limit(scenario: &Scenario, index: usize, load: Load) -> Option<String> {
    let readers = polling_consumers(scenario);
    let wanted = load.bytes_per_second * readers as f64;
    let shared = scenario.quotas.shard_read_bytes;
    let polling = matches!(scenario.consumers[index].reading, Reading::Polling { .. });
    (polling && wanted > shared.0.as_per_second()).then(|| {
        format!(
            "The shared read limit is the bottleneck: {} want {} MiB/s of the busiest shard{}, \
             which gives {shared}. Move one to enhanced fan-out, or use more shards.",
            of(readers, "polling consumer"),
            plain(wanted / MIB as f64),
            load.when,
        )
    })
}

fn polling(scenario: &Scenario, index: usize, load: Load) -> Option<String> {
    let Reading::Polling { interval, max_records, round_trip } = scenario.consumers[index].reading
    else {
        return None;
    };
    let cycle = interval.max(round_trip).as_seconds();
    (cycle > 0.0 && max_records.0 as f64 / cycle < load.records_per_second).then(|| {
        format!(
            "Polling is the bottleneck: {max_records} every {interval} is {} records/s a shard, \
             and the busiest shard gets {}{}. Ask for more at once, or more often.",
            plain(max_records.0 as f64 / cycle),
            plain(load.records_per_second),
            load.when,
        )
    })
}

/// Consumers that share the read limits of a shard.
pub(super) fn polling_consumers(scenario: &Scenario) -> u64 {
    let readings = scenario.consumers.iter().map(|consumer| &consumer.reading);
    readings.filter(|reading| matches!(reading, Reading::Polling { .. })).count() as u64
}
