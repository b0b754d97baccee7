//! A reference work as a scenario of shardplan, built by hand.
//!
//! Both the benchmark and the tests that compare shardplan with its peers include this file; each
//! has the peer's module `heap` beside it.

use shardplan::hash_key::{HashKeyRange, shard_id};
use shardplan::quotas::{Quotas, RECORD_SIZE_DEFAULT};
use shardplan::scenario::{
    Arrivals, Backoff, CapacityMode, ChildShards, Client, Consumer, Encryption, Jitter, KeyFormat,
    PartitionKey, Processing, Producer, PutCalls, Reading, RecordDistribution, RecordSize, Retries,
    Scaling, Scenario, ShardDefinition, StartPosition, Stream, Timeouts, Traffic, WarmUpSearch,
    Work as ConsumerWork,
};
use shardplan::time::{Span, Timestamp};
use shardplan::units::{Bytes, Rate, RecordRate, Records};

use super::heap::Work;

/// The same work as a scenario, with every rule switched off that the other programs do not have:
/// rounding of records to a KiB, the bytes of keys, and the delay until a record can be read.
pub(crate) fn scenario_of(work: &Work) -> Scenario {
    let duration = span(work.duration);
    let shards = u32::try_from(work.shards).unwrap_or(u32::MAX);
    let shards = HashKeyRange::created(shards)
        .into_iter()
        .zip(0..)
        .map(|(range, number)| ShardDefinition { shard_id: shard_id(number), range })
        .collect();
    Scenario {
        name: "throughput".to_owned(),
        question: None,
        region: None,
        starts_at: Timestamp::DEFAULT_START,
        duration,
        warm_up: Span::ZERO,
        warm_up_search: WarmUpSearch::Given,
        seed: work.seed,
        replications: 1,
        stream: Stream {
            mode: CapacityMode::Provisioned,
            scaling: Scaling::default(),
            shards,
            imported: false,
            record_distribution: RecordDistribution::UserPartitionKey,
            retention: Span::from_seconds(24 * 3_600),
            max_record_size: RECORD_SIZE_DEFAULT,
            encryption: Encryption::None,
            shard_level_metrics: 0,
        },
        producers: vec![producer_of(work)],
        consumers: vec![Consumer {
            name: "reader".to_owned(),
            reading: Reading::Polling {
                interval: span(work.poll_interval),
                max_records: Records(work.poll_records as u64),
                round_trip: Span::ZERO,
            },
            processing: Processing::default(),
            joins_at: Span::ZERO,
            start: StartPosition::TrimHorizon,
            checkpoint_interval: Span::ZERO,
            work: ConsumerWork::Loop,
            child_shards: ChildShards::default(),
        }],
        incidents: Vec::new(),
        objectives: Vec::new(),
        objective_figures: Vec::new(),
        quotas: Quotas {
            shard_write_records_burst: Records(work.burst_records as u64),
            put_record_rounding: Bytes(1),
            partition_key_bytes_count: false,
            get_records_propagation: Span::ZERO,
            ..Quotas::default()
        },
        quotas_set: Vec::new(),
        digest: String::new(),
    }
}

fn producer_of(work: &Work) -> Producer {
    Producer {
        name: "writer".to_owned(),
        client: Client {
            calls: PutCalls::PutRecord,
            round_trip: Span::ZERO,
            retries: Retries {
                attempts: work.attempts,
                backoff: Backoff {
                    base: span(work.backoff_base),
                    factor: 2.0,
                    max: span(work.backoff_max),
                    jitter: Jitter::Full,
                },
            },
            timeouts: Timeouts { share: 0.0, after: Span::from_seconds(6) },
            sending: None,
        },
        traffic: Traffic::Constant(RecordRate(Rate::per_second(work.rate as u64))),
        arrivals: Arrivals::Poisson,
        record_size: RecordSize::LogNormal {
            mu: work.size_mean.ln() - work.size_sigma * work.size_sigma / 2.0,
            sigma: work.size_sigma,
        },
        partition_key: PartitionKey::Zipf {
            keys: work.keys as u64,
            exponent: work.exponent,
            format: KeyFormat { prefix: "key-".to_owned(), suffix: String::new() },
        },
        explicit_hash_key: None,
    }
}

fn span(seconds: f64) -> Span {
    Span::from_nanoseconds((seconds * 1e9).round() as u64)
}
