//! What someone who knows Kinesis would say of a scenario before any simulation.
//!
//! Each is a likely oversight, none an error: the scenario runs. Numbers are those of the fluid
//! account of `sizing`, so they hold on average over a stretch of time and know nothing of chance.

use super::finding::keys_of;
use super::number::{bytes, count, milliseconds, of, plain};
use super::sizing::{LoadAccount, hottest_key_alone};
use crate::scenario::{Arrivals, PutCalls, Reading, Scenario};

/// From this many records a second on, the limits of a shard matter.
const NOT_IDLE: f64 = 100.0;

/// A likely oversight.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lint {
    /// Stable name of the kind, in kebab-case.
    pub code: &'static str,
    /// What is likely not meant, with its numbers.
    pub message: String,
    /// What to do about it.
    pub help: String,
}

/// Everything that is likely not meant.
#[must_use]
pub fn lint(scenario: &Scenario) -> Vec<Lint> {
    let account = LoadAccount::of(scenario);
    let found = [
        records_bind_first(scenario, &account),
        shared_calls(scenario),
        shared_bytes(scenario, &account),
        fewer_keys(scenario),
        key_alone(scenario),
        short_retention(scenario, &account),
        silent_alarm(scenario, &account),
    ];
    found.into_iter().flatten().collect()
}

/// 1,000 records/s bind before 1 MiB/s where records are smaller than their quotient.
fn records_bind_first(scenario: &Scenario, account: &LoadAccount) -> Option<Lint> {
    let (records, size) = (account.peak_records_per_second, account.mean_charged_bytes);
    let limit = scenario.quotas.shard_write_records.0.as_per_second();
    let border = scenario.quotas.shard_write_bytes.0.as_per_second() / limit;
    let shards = scenario.stream.shards.len() as f64;
    let is_batching = |each: &PutCalls| matches!(each, PutCalls::PutRecords { .. });
    let batches = scenario.producers.iter().any(|each| is_batching(&each.client.calls));
    (size < border / 2.0 && records / shards > limit / 2.0).then(|| Lint {
        code: "records-bind-first",
        message: format!(
            "records of {} meet the limit of {} records/s a shard when they fill {} of its {}/s: \
             bytes are not what binds",
            bytes(size),
            plain(limit),
            bytes(size * limit),
            bytes(border * limit),
        ),
        help: format!(
            "several of them in one Kinesis record (aggregation) would carry up to {} times as \
             many{}",
            plain((border / size).floor()),
            if batches { "; PutRecords alone does not change what a shard counts" } else { "" },
        ),
    })
}

/// Polling consumers share five GetRecords calls a second of each shard.
fn shared_calls(scenario: &Scenario) -> Option<Lint> {
    let calls: Vec<f64> = scenario
        .consumers
        .iter()
        .filter_map(|consumer| match consumer.reading {
            Reading::Polling { interval, round_trip, .. } => {
                Some(1.0 / interval.max(round_trip).as_seconds().max(1e-9))
            }
            Reading::EnhancedFanOut { .. } => None,
        })
        .collect();
    let limit = scenario.quotas.get_records_calls.0.as_per_second();
    let wanted: f64 = calls.iter().sum();
    (wanted > limit * 1.001).then(|| Lint {
        code: "shared-read-calls",
        message: format!(
            "{} want {} GetRecords calls/s of each shard, and a shard answers {}: the rest is \
             refused, however many shards there are",
            of(calls.len() as u64, "polling consumer"),
            plain(wanted),
            plain(limit),
        ),
        help: format!(
            "call every {} or less often, or move some to enhanced fan-out",
            milliseconds(1_000.0 * calls.len() as f64 / limit)
        ),
    })
}

/// Polling consumers share 2 MiB/s of each shard.
fn shared_bytes(scenario: &Scenario, account: &LoadAccount) -> Option<Lint> {
    let is_polling = |reading: &Reading| matches!(reading, Reading::Polling { .. });
    let readers = scenario.consumers.iter().filter(|each| is_polling(&each.reading)).count();
    let wanted = account.busiest_shard_mean_bytes_per_second * readers as f64;
    let limit = scenario.quotas.shard_read_bytes.0.as_per_second();
    (wanted > limit).then(|| Lint {
        code: "shared-read-bytes",
        message: format!(
            "{} want {}/s of the busiest shard on average, and they share {}/s",
            of(readers as u64, "polling consumer"),
            bytes(wanted),
            bytes(limit),
        ),
        help: "move some to enhanced fan-out, or use more shards".to_owned(),
    })
}

fn fewer_keys(scenario: &Scenario) -> Option<Lint> {
    let shards = scenario.stream.shards.len() as u64;
    let keys: Option<u64> = scenario.producers.iter().map(|each| keys_of(scenario, each)).sum();
    let keys = keys.filter(|keys| *keys < shards)?;
    Some(Lint {
        code: "fewer-keys-than-shards",
        message: format!(
            "{} cannot fill {}: at least {} will be idle",
            of(keys, "partition key"),
            of(shards, "shard"),
            count(shards - keys),
        ),
        help: "use a key with many more values than shards, or fewer shards".to_owned(),
    })
}

fn key_alone(scenario: &Scenario) -> Option<Lint> {
    let (key, producer, times) = hottest_key_alone(scenario)?;
    let key: String = key.chars().take(60).flat_map(char::escape_debug).collect();
    Some(Lint {
        code: "key-beyond-a-shard",
        message: format!(
            "key \"{key}\" of {producer} alone offers {} times what a shard takes at its peak: no \
             shard count will help",
            plain(times),
        ),
        help: "salt the key; `shardplan size` finds the smallest salt that works".to_owned(),
    })
}

/// A consumer that falls behind by more than the retention loses records.
fn short_retention(scenario: &Scenario, account: &LoadAccount) -> Option<Lint> {
    let retention = scenario.stream.retention;
    let all = scenario.consumers.iter().zip(&account.worst_age_ms);
    let (consumer, age) = all.reduce(|a, b| if b.1 > a.1 { b } else { a })?;
    (*age > retention.as_milliseconds()).then(|| Lint {
        code: "retention-too-short",
        message: format!(
            "{} falls {} behind on the busiest shard, and records are kept for {retention}",
            consumer.name,
            milliseconds(*age),
        ),
        help: "make the retention longer than the worst drain, or the consumer quicker".to_owned(),
    })
}

/// Bursts of seconds that throttle while the minute looks half empty.
fn silent_alarm(scenario: &Scenario, account: &LoadAccount) -> Option<Lint> {
    const MINUTE_SECONDS: f64 = 60.0;
    let peak = account.peak_utilization;
    let worst = scenario
        .producers
        .iter()
        .filter_map(|producer| match producer.arrivals {
            Arrivals::Bursty(bursts) if bursts.mean_length.as_seconds() < MINUTE_SECONDS => {
                Some((producer, bursts))
            }
            _ => None,
        })
        .reduce(|a, b| if b.1.factor > a.1.factor { b } else { a })?;
    let (producer, bursts) = worst;
    let in_burst = peak * bursts.factor;
    let is_busy = account.peak_records_per_second > NOT_IDLE;
    (is_busy && peak < 0.8 && in_burst > 1.0).then(|| Lint {
        code: "minute-average-hides-bursts",
        message: format!(
            "{} bursts to {} times its rate for {}: the busiest shard is then offered {} times its \
             limit, while its minute shows about {} %, and an alarm on minute averages stays silent",
            producer.name,
            plain(bursts.factor),
            bursts.mean_length,
            plain(in_burst),
            plain(100.0 * peak),
        ),
        help: "alarm on WriteProvisionedThroughputExceeded instead, and see the report's peak of a \
               second"
            .to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::testing;
    use crate::scenario::{Bursts, PartitionKey, WeightedKey};
    use crate::time::Span;
    use crate::units::{Ratio, Records};

    fn codes(scenario: &Scenario) -> Vec<&'static str> {
        lint(scenario).into_iter().map(|lint| lint.code).collect()
    }

    #[test]
    fn six_consumers_of_one_call_a_second_share_five() {
        let mut scenario = testing::scenario();
        let reading = Reading::Polling {
            interval: Span::SECOND,
            max_records: Records(10_000),
            round_trip: Span::from_milliseconds(10),
        };
        let consumer = crate::scenario::Consumer { reading, ..scenario.consumers[0].clone() };
        scenario.consumers = vec![consumer.clone(); 5];
        assert!(!codes(&scenario).contains(&"shared-read-calls"));
        scenario.consumers.push(consumer);
        assert!(codes(&scenario).contains(&"shared-read-calls"));
    }

    #[test]
    fn one_key_cannot_fill_four_shards_and_is_too_much_for_one() {
        let mut scenario = testing::scenario();
        let key = WeightedKey { key: "acme".into(), weight: 1.0, explicit_hash_key: None };
        scenario.producers[0].partition_key =
            PartitionKey::Weighted { keys: vec![key], file: None };
        let codes = codes(&scenario);
        assert!(codes.contains(&"fewer-keys-than-shards"), "{codes:?}");
        assert!(codes.contains(&"key-beyond-a-shard"), "{codes:?}");
    }

    #[test]
    fn short_bursts_hide_in_the_minute() {
        let mut scenario = testing::scenario().with_shards(8);
        assert!(!codes(&scenario).contains(&"minute-average-hides-bursts"));
        scenario.producers[0].arrivals = Arrivals::Bursty(Bursts {
            factor: 10.0,
            mean_length: Span::from_seconds(2),
            share_of_time: Ratio(0.05),
        });
        assert!(codes(&scenario).contains(&"minute-average-hides-bursts"));
    }
}
