//! A scenario and an observation made by hand, for the tests of analysis, report and cli.
//!
//! Four shards, one producer of 2,000 records/s of 500 B for 300 s. Shard 0 is offered 1,200 of
//! them a second, takes 1,000 and refuses 200, which the producer gives up. A polling consumer
//! keeps up, an enhanced fan-out consumer falls behind by 100 records/s.

use hdrhistogram::Histogram;

use crate::hash_key::{HashKeyRange, shard_id};
use crate::metrics::{
    ConsumerObservation, ConsumerStep, CountedSeconds, HotKey, KeyCounts, Observation,
    ProducerObservation, ShardObservation, ShardSecond, ShardSeries, StreamSeries, StreamStep,
};
use crate::model::billing::BilledRecords;
use crate::quotas::{Quotas, RECORD_SIZE_DEFAULT, RETENTION_MINIMUM};
use crate::scenario::{
    Arrivals, Backoff, CapacityMode, ChildShards, Client, Consumer, Encryption, Jitter, KeyFormat,
    Objective, PartitionKey, Processing, Producer, PutCalls, Reading, RecordDistribution,
    RecordSize, Retries, Scaling, Scenario, ShardDefinition, StartPosition, Stream, Timeouts,
    Traffic, WarmUpSearch, Work,
};
use crate::time::{Span, Timestamp};
use crate::units::{Bytes, Rate, Ratio, RecordRate, Records};

/// Simulated seconds.
pub(crate) const SECONDS: u64 = 300;
const RECORD_BYTES: u64 = 500;
/// A record rounded up to whole kilobytes.
const BILLED_BYTES: u64 = 1_024;
const OFFERED: [u64; 4] = [1_200, 300, 300, 200];

pub(crate) fn scenario() -> Scenario {
    Scenario {
        name: "orders".to_owned(),
        question: Some("Do four shards carry the orders of a busy evening?".to_owned()),
        region: Some("us-east-1".to_owned()),
        starts_at: Timestamp::DEFAULT_START,
        duration: Span::from_seconds(SECONDS),
        warm_up: Span::ZERO,
        warm_up_search: WarmUpSearch::Given,
        seed: 7,
        replications: 1,
        stream: Stream {
            mode: CapacityMode::Provisioned,
            scaling: Scaling::default(),
            shards: HashKeyRange::created(4)
                .into_iter()
                .enumerate()
                .map(|(index, range)| ShardDefinition { shard_id: shard_id(index as u64), range })
                .collect(),
            imported: false,
            record_distribution: RecordDistribution::UserPartitionKey,
            retention: RETENTION_MINIMUM,
            max_record_size: RECORD_SIZE_DEFAULT,
            encryption: Encryption::None,
            shard_level_metrics: 0,
        },
        producers: vec![producer()],
        consumers: consumers(),
        incidents: Vec::new(),
        objectives: vec![
            Objective::WriteThrottled(Ratio(0.001)),
            Objective::IteratorAgeP99 { consumer: Some(0), at_most: Span::from_seconds(30) },
        ],
        objective_figures: Vec::new(),
        quotas: Quotas::default(),
        quotas_set: Vec::new(),
        digest: "0123456789abcdef0123456789abcdef".to_owned(),
    }
}

fn producer() -> Producer {
    Producer {
        name: "checkout".to_owned(),
        client: Client {
            calls: PutCalls::PutRecords {
                batch_size: Records(500),
                batch_bytes: Bytes(5 << 20),
                linger: Span::from_milliseconds(100),
            },
            round_trip: Span::from_milliseconds(10),
            retries: Retries {
                attempts: 1,
                backoff: Backoff {
                    base: Span::from_milliseconds(100),
                    factor: 2.0,
                    max: Span::from_seconds(20),
                    jitter: Jitter::Full,
                },
            },
            timeouts: Timeouts { share: 0.0, after: Span::from_seconds(6) },
            sending: None,
        },
        traffic: Traffic::Constant(RecordRate(Rate::per_second(2_000))),
        arrivals: Arrivals::Poisson,
        record_size: RecordSize::Constant(Bytes(RECORD_BYTES)),
        partition_key: PartitionKey::Zipf {
            keys: 1_000,
            exponent: 1.0,
            format: KeyFormat { prefix: "order-".to_owned(), suffix: String::new() },
        },
        explicit_hash_key: None,
    }
}

fn consumers() -> Vec<Consumer> {
    vec![
        Consumer {
            name: "lake".to_owned(),
            reading: Reading::Polling {
                interval: Span::from_seconds(1),
                max_records: Records(10_000),
                round_trip: Span::from_milliseconds(20),
            },
            processing: Processing::default(),
            joins_at: Span::ZERO,
            start: StartPosition::TrimHorizon,
            checkpoint_interval: Span::ZERO,
            work: Work::Loop,
            child_shards: ChildShards::default(),
        },
        Consumer {
            name: "alerts".to_owned(),
            reading: Reading::EnhancedFanOut { round_trip: Span::from_milliseconds(20) },
            processing: Processing {
                per_batch: Span::ZERO,
                per_record: Span::from_nanoseconds(1_100_000),
            },
            joins_at: Span::ZERO,
            start: StartPosition::TrimHorizon,
            checkpoint_interval: Span::ZERO,
            work: Work::Loop,
            child_shards: ChildShards::default(),
        },
    ]
}

/// A histogram of `1 ..= 100` times `scale`.
pub(crate) fn histogram(scale: u64) -> Histogram<u64> {
    let mut histogram = Histogram::new(3).unwrap();
    for value in 1..=100 {
        histogram.record(value * scale).unwrap();
    }
    histogram
}

pub(crate) fn observation() -> Observation {
    let accepted = 1_800 * SECONDS;
    let seconds: Vec<StreamStep> = (0..SECONDS).map(second).collect();
    let (counted, series) = counted_and_series(&seconds, Span::ZERO);
    Observation {
        incidents: Vec::new(),
        replication: 0,
        simulated: Span::from_seconds(SECONDS),
        producers: vec![ProducerObservation {
            generated_records: 2_000 * SECONDS,
            generated_bytes: 2_000 * SECONDS * RECORD_BYTES,
            attempts: 2_000 * SECONDS,
            accepted,
            accepted_bytes: accepted * RECORD_BYTES,
            throttled: 200 * SECONDS,
            given_up: 200 * SECONDS,
            rejected: 0,
            dropped: 0,
            wrong_shard_records: 0,
            waiting: 0,
            incoming_records: accepted,
            put_calls: 4 * SECONDS,
            put_records: 0,
            duplicate_records: 0,
            billed: BilledRecords {
                put_payload_units: accepted,
                data_in_bytes: accepted * BILLED_BYTES,
            },
            billed_duplicates: BilledRecords::default(),
            out_of_order_records: Some(0),
            put_latency_us: histogram(1_000),
        }],
        shards: OFFERED.into_iter().enumerate().map(|(index, rate)| shard(index, rate)).collect(),
        consumers: vec![
            consumer_seen(accepted, accepted, 0),
            consumer_seen(accepted, accepted - 100 * SECONDS, 3_000),
        ],
        counted,
        series,
        key_counts: key_counts(),
        scaling: None,
    }
}

/// One key on each shard has half of its records, a hundred others share the rest.
fn key_counts() -> KeyCounts {
    let mut counts = KeyCounts::default();
    for offered in OFFERED {
        counts.add(offered * SECONDS / 2);
        (0..100).for_each(|_| counts.add(offered * SECONDS / 200));
    }
    counts
}

/// What a run makes of its seconds.
fn counted_and_series(seconds: &[StreamStep], warm_up: Span) -> (CountedSeconds, StreamSeries) {
    let simulated = Span::from_seconds(seconds.len() as u64);
    let mut counted = CountedSeconds::new(warm_up, simulated, 2);
    let mut series = StreamSeries::new(Span::SECOND);
    for second in seconds {
        counted.push(second);
        series.push(second);
    }
    (counted, series)
}

/// Changes the seconds of an observation, numbered from zero.
pub(crate) fn change_seconds(
    observation: &mut Observation,
    change: impl Fn(usize, &mut StreamStep),
) {
    let mut seconds: Vec<StreamStep> = observation.series.rows().collect();
    seconds.iter_mut().enumerate().for_each(|(index, second)| change(index, second));
    (observation.counted, observation.series) = counted_and_series(&seconds, Span::ZERO);
}

/// The same seconds, of which those after a warm-up count.
pub(crate) fn count_after(warm_up: Span, observation: &mut Observation) {
    let seconds: Vec<StreamStep> = observation.series.rows().collect();
    (observation.counted, observation.series) = counted_and_series(&seconds, warm_up);
}

fn shard(index: usize, offered: u64) -> ShardObservation {
    let taken = offered.min(1_000);
    let mut series = ShardSeries::new(Span::SECOND);
    for _ in 0..SECONDS {
        series.push(ShardSecond {
            incoming_records: taken,
            incoming_bytes: taken * RECORD_BYTES,
            charged_bytes: taken * RECORD_BYTES,
            write_throttled_records: offered - taken,
        });
    }
    ShardObservation {
        shard_id: shard_id(index as u64),
        range: HashKeyRange::created(4)[index],
        parents: Vec::new(),
        opened: Span::ZERO,
        closed: None,
        expected_share: offered as f64 / 2_000.0,
        generated_records: offered * SECONDS,
        incoming_records: taken * SECONDS,
        incoming_bytes: taken * SECONDS * RECORD_BYTES,
        write_throttled_records: (offered - taken) * SECONDS,
        throttled_by_records: (offered - taken) * SECONDS,
        throttled_by_bytes: 0,
        hottest_keys: vec![
            HotKey {
                key: format!("order-{index}"),
                producer: 0,
                generated_records: offered * SECONDS / 2,
            },
            HotKey { key: format!("order-{}", index + 10), producer: 0, generated_records: 900 },
        ],
        utilization_mean: taken as f64 / 1_000.0,
        utilization_peak_1s: taken as f64 / 1_000.0,
        utilization_peak_1min: taken as f64 / 1_000.0 * 0.9,
        series,
    }
}

fn consumer_seen(accepted: u64, processed: u64, age_ms: u64) -> ConsumerObservation {
    ConsumerObservation {
        discarded_records: 0,
        function: None,
        delivery: None,
        batches: None,
        slowest_shards: vec![(0, age_ms)],
        read_records: processed,
        read_bytes: processed * RECORD_BYTES,
        data_out_bytes: processed * BILLED_BYTES,
        long_term_read_bytes: 0,
        processed_records: processed,
        expired_records: 0,
        skipped_records: 0,
        duplicate_records: 0,
        out_of_order_records: None,
        backlog_records: accepted - processed,
        backlog_bytes: (accepted - processed) * RECORD_BYTES,
        read_calls: 4 * SECONDS,
        read_throttled_calls: 0,
        throttled_by_calls: 0,
        iterator_age_ms: histogram(10 + age_ms / 10),
        iterator_age_cloudwatch_ms: histogram(5 + age_ms / 10),
        end_to_end_latency_us: histogram(5_000 + age_ms * 100),
    }
}

fn second(second: u64) -> StreamStep {
    StreamStep {
        generated_records: 2_000,
        generated_bytes: 2_000 * RECORD_BYTES,
        incoming_records: 1_800,
        incoming_bytes: 1_800 * RECORD_BYTES,
        write_throttled_records: 200,
        shards_throttling_max: 1,
        open_shards: 4,
        utilization_1s_max: 1.0,
        consumers: vec![
            ConsumerStep {
                read_records: 1_800,
                read_throttled_calls: 0,
                backlog_records: 500,
                iterator_age_ms_max: 900,
                iterator_age_cloudwatch_ms_max: Some(800),
                in_hand_age_ms_max: 0,
            },
            ConsumerStep {
                read_records: 1_700,
                read_throttled_calls: 0,
                backlog_records: 100 * (second + 1),
                iterator_age_ms_max: 50 * (second + 1),
                iterator_age_cloudwatch_ms_max: None,
                in_hand_age_ms_max: 0,
            },
        ],
    }
}

/// One observation a given number of throttled attempts, all else equal.
pub(crate) fn replications(throttled: &[u64]) -> Vec<Observation> {
    throttled
        .iter()
        .enumerate()
        .map(|(index, throttled)| {
            let mut observation = observation();
            observation.replication = index as u32;
            let producer = &mut observation.producers[0];
            producer.throttled = *throttled;
            producer.attempts = producer.accepted + throttled;
            observation.shards[0].write_throttled_records = *throttled;
            observation
        })
        .collect()
}
