//! What a run needs to know of the scenario, worked out once and shared by all lanes.

use std::sync::Arc;

use rayon::prelude::*;

use crate::engine::Options;
use crate::engine::foreseen::MANY_REFUSALS;
use crate::engine::leases;
use crate::engine::sender::Keys;
use crate::engine::timetable::Timetable;
use crate::hash_key::{HashKey, HashKeyRange, Router};
use crate::model::autoscaling::ShardLimits;
use crate::model::backoff::Waits;
use crate::model::billing::BillingSteps;
use crate::model::capacity::CapacityRules;
use crate::model::partition_key::{KeyIndex, KeySpace, Routes, TimeBins};
use crate::model::record_size::SizeSampler;
use crate::model::traffic::RateProfile;
use crate::quotas::Quotas;
use crate::random::{IdentityDraws, Purpose, Randomness};
use crate::scenario::{
    Arrivals, CapacityMode, ChildShards, Consumer, ExplicitHashKey, Method, PartitionKey,
    Processing, Producer, PutCalls, Reading, RecordDistribution, RecordOrdering, Scaling, Scenario,
    Sending, ShardDefinition, Trace, Traffic, Work,
};
use crate::time::Span;

/// One producer, the same in every replication.
#[derive(Debug)]
pub(super) struct ProducerPlan {
    pub(super) name: String,
    pub(super) profile: RateProfile,
    /// What is replayed in place of draws.
    pub(super) recorded: Option<RecordedPlan>,
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
    /// How its records count on a bill.
    pub(super) billing: BillingSteps,
    /// Records to expect over the run.
    pub(super) expected_records: f64,
    /// Whether every record has a key of its own.
    pub(super) has_fresh_keys: bool,
    /// Whether shards watch the order of its records; one that hears of every answer does itself.
    pub(super) is_ordered: bool,
    /// Whether its records of one key go to one shard, so that they have an order there.
    pub(super) orders_keys: bool,
    /// How the client goes on, where it needs to hear of every answer.
    pub(super) sending: Option<Sending>,
    /// How its keys stand in aggregated records.
    pub(super) packed_keys: Keys,
    /// Nanoseconds from sending a call until it is taken to have failed.
    pub(super) time_out: u64,
    /// Share of this producer's records that each shard is to expect.
    pub(super) shares: Vec<f64>,
    /// For changing routes, where shards split and merge.
    pub(super) key_index: Option<KeyIndex>,
}

/// Recorded traffic, the same in every replication.
#[derive(Debug)]
pub(super) struct RecordedPlan {
    pub(super) trace: Arc<Trace>,
    /// Where keys land that are not told apart.
    router: Router,
    /// Where all of them land, where the scenario says so.
    fixed: Option<HashKey>,
}

/// One consumer, the same in every replication.
#[derive(Clone, Debug)]
pub(super) struct ConsumerPlan {
    pub(super) name: String,
    pub(super) reading: Reading,
    pub(super) processing: Processing,
    /// A checkpoint is written after the first batch that ends so many nanoseconds after the last.
    pub(super) checkpoint_interval: u64,
    pub(super) timetable: Timetable,
    pub(super) work: Work,
    /// The worker that holds the lease of each shard, where there are workers.
    pub(super) owners: Vec<u32>,
    /// When workers are lost, in nanoseconds, and how many.
    pub(super) losses: Vec<(u64, u32)>,
    /// It couples shards, or shares read limits with a consumer that does: see `joint`.
    pub(super) is_joint: bool,
    pub(super) child_shards: ChildShards,
}

/// A scenario made ready to run.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) producers: Vec<ProducerPlan>,
    pub(super) consumers: Vec<ConsumerPlan>,
    pub(super) quotas: Quotas,
    /// How records count on a bill.
    pub(super) billing: BillingSteps,
    pub(super) shards: usize,
    pub(super) shards_at_start: Vec<ShardDefinition>,
    pub(super) max_record_size: crate::units::Bytes,
    /// Nanoseconds for which a record stays readable.
    pub(super) retention: u64,
    /// Nanoseconds; records created before are not counted.
    pub(super) warm_up: u64,
    /// End of the run in nanoseconds.
    pub(super) horizon: u64,
    /// How often the run is played.
    pub(super) replications: u32,
    /// Share of all records that each shard is to expect.
    pub(super) expected_shares: Vec<f64>,
    /// Nanoseconds from a record's acceptance until GetRecords can return it to a consumer.
    pub(super) polling_propagation: u64,
    /// Whether some consumer looks at the keys of records.
    pub(super) keeps_keys: bool,
    /// Whether some consumer couples shards.
    pub(super) has_joint_reads: bool,
    /// Consumer, begin and length of each incident.
    pub(super) incidents: Vec<(usize, Span, Span)>,
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
    /// Invocations and records of each consumer that fail.
    pub(super) failures: Vec<IdentityDraws>,
    /// When each consumer finds shards that came of others.
    pub(super) finds: Vec<IdentityDraws>,
    /// Which replication, from zero.
    pub(super) replication: u32,
    /// Width of one row of the series.
    pub(super) series_step: Span,
    /// Whether rows of the series are kept: of the first replication, which reports show.
    pub(super) keeps_series: bool,
    /// Refusals of a shard in a second from which on its attempts are foreseen.
    pub(super) many_refusals: u64,
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
                .enumerate()
                .map(|(index, consumer)| ConsumerPlan {
                    name: consumer.name.clone(),
                    reading: consumer.reading.clone(),
                    processing: consumer.processing,
                    checkpoint_interval: consumer.checkpoint_interval.nanoseconds(),
                    timetable: Timetable::new(index, consumer, &scenario.incidents),
                    work: consumer.work.clone(),
                    owners: leases::spread(consumer, &expected_shares),
                    losses: leases::losses(index, &scenario.incidents),
                    is_joint: is_joint(consumer, scenario),
                    child_shards: consumer.child_shards,
                })
                .collect(),
            quotas: scenario.quotas.clone(),
            billing: BillingSteps::new(&scenario.quotas),
            shards: ranges.len(),
            max_record_size: scenario.stream.max_record_size,
            retention: scenario.stream.retention.nanoseconds(),
            warm_up: scenario.warm_up.nanoseconds(),
            horizon: scenario.duration.nanoseconds(),
            replications: scenario.replications,
            expected_shares,
            polling_propagation: polling_propagation(scenario),
            keeps_keys: scenario.consumers.iter().any(Consumer::looks_at_keys),
            has_joint_reads: scenario
                .consumers
                .iter()
                .any(|consumer| consumer.work.couples_shards()),
            incidents: scenario
                .incidents
                .iter()
                .map(|incident| (incident.consumer, incident.at, incident.lasts))
                .collect(),
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

    /// Shortest round trip of a client that needs to hear of every answer, in nanoseconds.
    pub(super) fn shortest_report(&self) -> Option<u64> {
        let reporting = self.producers.iter().filter(|producer| producer.sending.is_some());
        reporting.map(|producer| producer.round_trip).min()
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
                Arrivals::Paced | Arrivals::Poisson | Arrivals::Recorded => 1.0,
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
        options: &Options,
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
        let failures = self
            .consumers
            .iter()
            .map(|consumer| randomness.identity_draws(&consumer.name, Purpose::Failure))
            .collect();
        let finds = self
            .consumers
            .iter()
            .map(|consumer| randomness.identity_draws(&consumer.name, Purpose::ChildShard))
            .collect();
        let keeps_series = replication == 0;
        let many_refusals = options.many_refusals.unwrap_or(MANY_REFUSALS);
        ReplicationPlan {
            waits,
            phases,
            failures,
            finds,
            replication,
            series_step,
            keeps_series,
            many_refusals,
        }
    }
}

impl ProducerPlan {
    /// Whether the client makes Kinesis records of its own.
    pub(super) fn aggregates(&self) -> bool {
        self.sending.as_ref().is_some_and(|sending| sending.method.aggregates())
    }

    /// Most bytes of data that the client takes in a record; `u32::MAX` where it takes any.
    pub(super) fn max_data(&self) -> u32 {
        match self.sending.as_ref().map(|sending| &sending.method) {
            Some(Method::Kpl(kpl)) => kpl.user_record_bytes_max.0 as u32,
            _ => u32::MAX,
        }
    }

    /// Before when a record is sent that reaches the service before `until`.
    #[inline]
    pub(super) const fn sent_before(&self, until: u64) -> u64 {
        until.saturating_sub(self.one_way)
    }

    /// Nanoseconds from the decision at the service to the answer at the producer.
    #[inline]
    pub(super) const fn answer(&self) -> u64 {
        self.round_trip - self.one_way
    }

    /// What a record's key for the log takes from the number of its key, and from its creation.
    #[inline]
    pub(super) const fn key_masks(&self) -> (u32, u32) {
        if self.has_fresh_keys { (0, u32::MAX) } else { (u32::MAX, 0) }
    }

    fn new(producer: &Producer, scenario: &Scenario, ranges: &[HashKeyRange]) -> Self {
        let profile = RateProfile::new(&producer.traffic, scenario.duration);
        let explicit = match scenario.stream.record_distribution {
            RecordDistribution::UserPartitionKey => producer.explicit_hash_key,
            // The service places each record as it likes: evenly, whatever the key.
            RecordDistribution::Auto => Some(ExplicitHashKey::Random),
        };
        let bins = time_bins(producer, scenario, &profile);
        let (keys, routes, mut shares) =
            KeySpace::new(&producer.partition_key, explicit, bins, ranges);
        let recorded = RecordedPlan::new(producer, explicit, ranges);
        if let Some(recorded) = &recorded
            && explicit.is_none()
        {
            recorded.add_other_keys(&mut shares);
        }
        let orders_keys = producer.ordering(&scenario.stream) != RecordOrdering::None;
        let packed_keys = Keys {
            are_fresh: keys.are_fresh(),
            explicit: explicit_bytes(producer.explicit_hash_key),
        };
        let round_trip = producer.client.round_trip.nanoseconds();
        let rounding = match producer.client.calls {
            PutCalls::PutRecord => scenario.quotas.put_record_rounding,
            PutCalls::PutRecords { .. } => scenario.quotas.put_records_rounding,
        };
        Self {
            name: producer.name.clone(),
            expected_records: profile.expected_records(),
            profile,
            recorded,
            arrivals: producer.arrivals,
            sizes: SizeSampler::new(&producer.record_size),
            routes,
            calls: producer.client.calls,
            one_way: producer.client.round_trip.half().nanoseconds(),
            round_trip,
            rounding: rounding.0,
            billing: BillingSteps::new(&scenario.quotas),
            is_ordered: orders_keys && producer.client.sending.is_none(),
            orders_keys,
            sending: producer.client.sending.clone(),
            packed_keys,
            time_out: producer.client.timeouts.after.nanoseconds(),
            has_fresh_keys: matches!(
                producer.partition_key,
                PartitionKey::Random { .. } | PartitionKey::Absent
            ),
            shares,
            key_index: scenario.stream.reshards().then(|| keys.key_index(explicit)),
            keys,
        }
    }
}

/// Bytes of the text of the explicit hash keys that a producer writes, and whether all are the
/// same. Nine in ten numbers below 2^128 have 39 digits.
fn explicit_bytes(explicit: Option<ExplicitHashKey>) -> Option<(u64, bool)> {
    match explicit? {
        ExplicitHashKey::Fixed(hash_key) => Some((hash_key.0.to_string().len() as u64, true)),
        ExplicitHashKey::Random => Some((39, false)),
    }
}

impl RecordedPlan {
    fn new(
        producer: &Producer,
        explicit: Option<ExplicitHashKey>,
        ranges: &[HashKeyRange],
    ) -> Option<Self> {
        let Traffic::Trace(trace) = &producer.traffic else {
            return None;
        };
        let fixed = match explicit {
            Some(ExplicitHashKey::Fixed(hash_key)) => Some(hash_key),
            Some(ExplicitHashKey::Random) | None => None,
        };
        Some(Self { trace: Arc::clone(trace), router: Router::new(ranges), fixed })
    }

    /// Adds the records of the keys that the trace does not tell apart to the shares of the others.
    fn add_other_keys(&self, shares: &mut [f64]) {
        let others = self.trace.other_keys_by_shard();
        let all = self.trace.records as f64;
        let told_apart = all - others.iter().sum::<u64>() as f64;
        for (share, others) in shares.iter_mut().zip(others) {
            *share = (*share * told_apart + *others as f64) / all;
        }
    }

    /// Where all records land, where the scenario says so.
    pub(super) const fn fixed(&self) -> Option<HashKey> {
        self.fixed
    }

    /// The shard of a record whose key is not told apart, by `router` where the shards have changed.
    pub(super) fn shard_of(&self, hash_key: HashKey, router: Option<&Router>) -> usize {
        router.unwrap_or(&self.router).shard_of(self.fixed.unwrap_or(hash_key))
    }
}

/// Whether a consumer couples shards, or shares read limits with one that does.
fn is_joint(consumer: &Consumer, scenario: &Scenario) -> bool {
    let couples = |consumer: &Consumer| consumer.work.couples_shards();
    let polls = |consumer: &Consumer| matches!(consumer.reading, Reading::Polling { .. });
    let shares = |other: &Consumer| couples(other) && polls(other) && polls(consumer);
    couples(consumer) || scenario.consumers.iter().any(shares)
}

/// Each polling consumer after the first makes all of them wait longer.
fn polling_propagation(scenario: &Scenario) -> u64 {
    let polls = |consumer: &&Consumer| matches!(consumer.reading, Reading::Polling { .. });
    let others = scenario.consumers.iter().filter(polls).count().saturating_sub(1) as u64;
    let quotas = &scenario.quotas;
    let more = quotas.get_records_propagation_each_more.nanoseconds();
    quotas.get_records_propagation.nanoseconds() + others * more
}

/// The times that a producer's keys tell, weighed by the records that are counted.
fn time_bins(producer: &Producer, scenario: &Scenario, profile: &RateProfile) -> Option<TimeBins> {
    let PartitionKey::Composed(keys) = &producer.partition_key else {
        return None;
    };
    let bins = TimeBins::new(keys.time_unit()?, scenario.starts_at, scenario.duration);
    Some(bins.weighted(scenario.warm_up, |bounds| profile.expected_between(bounds)))
}
