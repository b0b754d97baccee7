//! What a run needs to know of the scenario, worked out once and shared by all lanes.

use rayon::prelude::*;

use crate::hash_key::HashKeyRange;
use crate::model::autoscaling::ShardLimits;
use crate::model::backoff::Waits;
use crate::model::capacity::CapacityRules;
use crate::model::partition_key::{KeyIndex, KeySpace, Routes, TimeBins};
use crate::model::record_size::SizeSampler;
use crate::model::traffic::RateProfile;
use crate::quotas::Quotas;
use crate::random::{IdentityDraws, Purpose, Randomness};
use crate::scenario::{
    Arrivals, CapacityMode, ChildShards, ExplicitHashKey, PartitionKey, Processing, Producer,
    PutCalls, Reading, RecordDistribution, RecordOrdering, Scaling, Scenario, ShardDefinition,
};
use crate::time::Span;

/// One producer, the same in every replication.
#[derive(Debug)]
pub(super) struct ProducerPlan {
    pub(super) name: String,
    pub(super) profile: RateProfile,
    pub(super) arrivals: Arrivals,
    pub(super) sizes: SizeSampler,
    pub(super) keys: KeySpace,
    pub(super) routes: Routes,
    pub(super) calls: PutCalls,
    /// Nanoseconds from sending a call to its arrival at the service.
    pub(super) one_way: u64,
    /// Nanoseconds from sending a call to having its answer.
    pub(super) round_trip: u64,
    /// Step to which the byte limit rounds up, in bytes; a power of two.
    pub(super) rounding: u64,
    /// Records to expect over the run.
    pub(super) expected_records: f64,
    /// Whether its records of one key go to one shard, so that they have an order there.
    pub(super) is_ordered: bool,
    /// Share of this producer's records that each shard is to expect.
    pub(super) shares: Vec<f64>,
    /// For changing routes, where shards split and merge.
    pub(super) key_index: Option<KeyIndex>,
}

/// One consumer, the same in every replication.
#[derive(Clone, Debug)]
pub(super) struct ConsumerPlan {
    pub(super) name: String,
    pub(super) reading: Reading,
    pub(super) processing: Processing,
    pub(super) child_shards: ChildShards,
}

/// A scenario made ready to run.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) producers: Vec<ProducerPlan>,
    pub(super) consumers: Vec<ConsumerPlan>,
    pub(super) quotas: Quotas,
    pub(super) shards: usize,
    pub(super) shards_at_start: Vec<ShardDefinition>,
    pub(super) max_record_size: crate::units::Bytes,
    /// Nanoseconds for which a record stays readable.
    pub(super) retention: u64,
    /// Nanoseconds; records created before are not counted.
    pub(super) warm_up: u64,
    /// End of the run in nanoseconds.
    pub(super) horizon: u64,
    /// Share of all records that each shard is to expect.
    pub(super) expected_shares: Vec<f64>,
    /// What changes the shards during the run, where anything does.
    pub(super) reshards: Option<ReshardPlan>,
}

/// What a run whose shards change needs to know beside.
#[derive(Debug)]
pub(super) struct ReshardPlan {
    pub(super) rules: CapacityRules,
    pub(super) mode: CapacityMode,
    pub(super) scaling: Scaling,
    pub(super) limits: ShardLimits,
    /// From the end of a minute until its metrics can be read.
    pub(super) cloudwatch_delay: Span,
}

/// What depends on the replication: the draws by identity, and what is kept of it.
#[derive(Debug)]
pub(super) struct ReplicationPlan {
    /// Back-off of each producer.
    pub(super) waits: Vec<Waits>,
    /// First calls of each consumer.
    pub(super) phases: Vec<IdentityDraws>,
    /// When each consumer finds shards that came of others.
    pub(super) finds: Vec<IdentityDraws>,
    /// Which replication, from zero.
    pub(super) replication: u32,
    /// Width of one row of the series.
    pub(super) series_step: Span,
    /// Whether rows of the series are kept: of the first replication, which reports show.
    pub(super) keeps_series: bool,
}

impl Plan {
    pub(super) fn new(scenario: &Scenario) -> Self {
        let ranges: Vec<HashKeyRange> =
            scenario.stream.shards.iter().map(|shard| shard.range).collect();
        let producers: Vec<ProducerPlan> = scenario
            .producers
            .par_iter()
            .map(|producer| ProducerPlan::new(producer, scenario, &ranges))
            .collect();
        let expected: f64 = producers.iter().map(|producer| producer.expected_records).sum();
        let mut expected_shares = vec![0.0; ranges.len()];
        for producer in &producers {
            for (total, share) in expected_shares.iter_mut().zip(&producer.shares) {
                *total += share * producer.expected_records / expected.max(f64::MIN_POSITIVE);
            }
        }
        Self {
            producers,
            consumers: scenario
                .consumers
                .iter()
                .map(|consumer| ConsumerPlan {
                    name: consumer.name.clone(),
                    reading: consumer.reading.clone(),
                    processing: consumer.processing,
                    child_shards: consumer.child_shards,
                })
                .collect(),
            quotas: scenario.quotas.clone(),
            shards: ranges.len(),
            max_record_size: scenario.stream.max_record_size,
            retention: scenario.stream.retention.nanoseconds(),
            warm_up: scenario.warm_up.nanoseconds(),
            horizon: scenario.duration.nanoseconds(),
            expected_shares,
            shards_at_start: scenario.stream.shards.clone(),
            reshards: scenario.stream.reshards().then(|| ReshardPlan {
                rules: CapacityRules::new(scenario),
                mode: scenario.stream.mode,
                scaling: scenario.stream.scaling.clone(),
                limits: ShardLimits {
                    write_records: scenario.quotas.shard_write_records.0.as_per_second() * 60.0,
                    write_bytes: scenario.quotas.shard_write_bytes.0.as_per_second() * 60.0,
                    read_bytes: scenario.quotas.shard_read_bytes.0.as_per_second() * 60.0,
                },
                cloudwatch_delay: scenario.quotas.cloudwatch_delay,
            }),
        }
    }

    /// Records to expect over the run.
    pub(super) fn expected_records(&self) -> f64 {
        self.producers.iter().map(|producer| producer.expected_records).sum()
    }

    /// The end of a window of `length` nanoseconds from `start`: earlier where a producer is to come
    /// up with more than `records` before, at its peak or in a burst.
    pub(super) fn window_end(&self, start: u64, length: u64, records: f64) -> u64 {
        let end = start.saturating_add(length).min(self.horizon);
        self.producers.iter().fold(end, |end, producer| {
            let factor = match producer.arrivals {
                Arrivals::Bursty(bursts) => bursts.factor,
                Arrivals::Paced | Arrivals::Poisson => 1.0,
            };
            producer.profile.when_expected(start, end, records / factor).max(start + 1)
        })
    }

    pub(super) fn replication(
        &self,
        scenario: &Scenario,
        randomness: Randomness,
        replication: u32,
        series_step: Span,
    ) -> ReplicationPlan {
        let waits = scenario
            .producers
            .iter()
            .map(|producer| {
                let draws = randomness.identity_draws(&producer.name, Purpose::RetryJitter);
                let lost = randomness.identity_draws(&producer.name, Purpose::LostAnswer);
                Waits::new(&producer.client, draws, lost)
            })
            .collect();
        let phases = self
            .consumers
            .iter()
            .map(|consumer| randomness.identity_draws(&consumer.name, Purpose::PollPhase))
            .collect();
        let finds = self
            .consumers
            .iter()
            .map(|consumer| randomness.identity_draws(&consumer.name, Purpose::ChildShard))
            .collect();
        let keeps_series = replication == 0;
        ReplicationPlan { waits, phases, finds, replication, series_step, keeps_series }
    }
}

impl ProducerPlan {
    /// Nanoseconds from the decision at the service to the answer at the producer.
    #[inline]
    pub(super) const fn answer(&self) -> u64 {
        self.round_trip - self.one_way
    }

    fn new(producer: &Producer, scenario: &Scenario, ranges: &[HashKeyRange]) -> Self {
        let profile = RateProfile::new(&producer.traffic, scenario.duration);
        let explicit = match scenario.stream.record_distribution {
            RecordDistribution::UserPartitionKey => producer.explicit_hash_key,
            // The service places each record as it likes: evenly, whatever the key.
            RecordDistribution::Auto => Some(ExplicitHashKey::Random),
        };
        let bins = time_bins(producer, scenario, &profile);
        let (keys, routes, shares) = KeySpace::new(&producer.partition_key, explicit, bins, ranges);
        let round_trip = producer.client.round_trip.nanoseconds();
        let rounding = match producer.client.calls {
            PutCalls::PutRecord => scenario.quotas.put_record_rounding,
            PutCalls::PutRecords { .. } => scenario.quotas.put_records_rounding,
        };
        Self {
            name: producer.name.clone(),
            expected_records: profile.expected_records(),
            profile,
            arrivals: producer.arrivals,
            sizes: SizeSampler::new(&producer.record_size),
            routes,
            calls: producer.client.calls,
            one_way: producer.client.round_trip.half().nanoseconds(),
            round_trip,
            rounding: rounding.0,
            is_ordered: producer.ordering(&scenario.stream) != RecordOrdering::None,
            shares,
            key_index: scenario.stream.reshards().then(|| keys.key_index(explicit)),
            keys,
        }
    }
}

/// The times that a producer's keys tell, weighed by the records that are counted.
fn time_bins(producer: &Producer, scenario: &Scenario, profile: &RateProfile) -> Option<TimeBins> {
    let PartitionKey::Composed(keys) = &producer.partition_key else {
        return None;
    };
    let bins = TimeBins::new(keys.time_unit()?, scenario.starts_at, scenario.duration);
    Some(bins.weighted(scenario.warm_up, |bounds| profile.expected_between(bounds)))
}
