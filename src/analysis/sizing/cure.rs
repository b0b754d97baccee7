//! The least change of shards and salts after which a run has room, for the advice of findings.
//!
//! The fluid account is raised to the peaks that a run has shown, so that bursts count, and a
//! change must leave room for the chance within a second. Nothing is simulated here.

use std::cell::Cell;

use super::forecast::Forecast;
use super::load::{Load, shares};
use super::lottery::keys_of;
use super::one_key::{generalized_harmonic, hottest_keys, load_of_key};
use crate::analysis::figures::ratio;
use crate::metrics::Observation;
use crate::quotas::SHARDS_LIMIT;
use crate::scenario::{CapacityMode, Objective, PartitionKey, Producer, Scenario, WeightedKey};
use crate::time::{NANOSECONDS_PER_SECOND, Span, Timestamp};

/// What the busiest shard may be offered, over its limit, at the peak: chance needs the rest.
const ROOM: f64 = 0.85;
/// What the busiest shard may give a consumer, over what that takes.
const ROOM_OF_CONSUMER: f64 = 0.8;
/// A hot shard has 1.5 times the mean; below this it is safely none.
const EVEN: f64 = 1.4;
/// A shard that is to expect so many records will get one.
const RECORDS_LEAST: f64 = 50.0;
/// Heaviest keys whose places are looked at one by one.
const KEYS_TOLD_APART: u64 = 1_024;
/// Keys that are hashed before the search is given up.
const HASHES_MAX: u64 = 40_000_000;
/// Moments of keys that tell the time at which the spread is looked at.
const MOMENTS_MAX: u64 = 24;
/// Salts that are tried to even out, in turn.
const SALTS: [u32; 20] =
    [2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 20, 24, 32, 40, 48, 64, 96, 128, 256];
/// Multiples of the load of a hot key that are tried as its salt, in turn.
const SALT_FACTORS: [f64; 10] = [1.2, 1.6, 2.0, 2.5, 3.2, 4.0, 6.0, 9.0, 14.0, 24.0];

/// A change of shards and salts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::analysis) struct Cure {
    /// Shards of a fresh stream; the stream stays as it is if none.
    pub(in crate::analysis) shards: Option<u32>,
    /// Index of a producer, and the buckets into which its keys are divided.
    pub(in crate::analysis) salts: Vec<(usize, u32)>,
}

/// What a run was offered, peaks included, and what a search may still cost.
pub(in crate::analysis) struct Account<'a> {
    scenario: &'a Scenario,
    /// The same with the heaviest keys alone, where there are many: the rest spreads evenly.
    light: Scenario,
    /// Share of each producer's records whose keys are left out so.
    rest: Vec<f64>,
    load: Load,
    peak: Load,
    hashes: Cell<u64>,
}

impl<'a> Account<'a> {
    /// The account of `scenario`, of which a run has shown `seen`.
    pub(in crate::analysis) fn of(scenario: &'a Scenario, seen: &Observation) -> Self {
        let load = Load::of(scenario);
        let peak = raised(&load, seen);
        let mut light = scenario.clone();
        let rest = light.producers.iter_mut().map(|each| leave_out(&mut each.partition_key));
        let rest = rest.collect();
        Self { scenario, light, rest, load, peak, hashes: Cell::new(HASHES_MAX) }
    }

    /// The least change after which no shard throttles; `uneven` where the spread is at fault, so
    /// that a salt comes before more shards.
    pub(in crate::analysis) fn against_throttling(&self, uneven: bool) -> Option<Cure> {
        let scenario = self.scenario;
        let can_add =
            scenario.stream.mode == CapacityMode::Provisioned && scenario.stream.scaling.is_empty();
        let alone = self.keys_alone(scenario);
        let hot: Vec<(usize, f64)> = alone.iter().copied().filter(|key| key.1 > ROOM).collect();
        if hot.iter().any(|(producer, _)| !is_saltable(&scenario.producers[*producer])) {
            return None;
        }
        let more_shards = |base: &Scenario, salts: Vec<(usize, u32)>| {
            let shards = self.more_shards(base)?;
            Some(Cure { shards: Some(shards), salts })
        };
        if hot.is_empty()
            && !uneven
            && can_add
            && let Some(cure) = more_shards(&self.light, Vec::new())
        {
            return Some(cure);
        }
        let hottest = alone.iter().copied().filter(|(at, _)| is_saltable(&scenario.producers[*at]));
        let hottest = hottest.reduce(|best, next| if next.1 > best.1 { next } else { best });
        let salted: Vec<(usize, f64)> =
            if hot.is_empty() { hottest.into_iter().collect() } else { hot };
        if !salted.is_empty() {
            let salts = |factor: f64| -> Vec<(usize, u32)> {
                let buckets = |load: f64| (load * factor).ceil().max(2.0) as u32;
                salted.iter().map(|(at, load)| (*at, buckets(*load))).collect()
            };
            let mut tried: Vec<Vec<(usize, u32)>> = SALT_FACTORS.into_iter().map(salts).collect();
            tried.dedup();
            for salts in &tried {
                if self.fullest(&with_salts(&self.light, salts))? <= ROOM {
                    return Some(Cure { shards: None, salts: salts.clone() });
                }
            }
            for salts in tried.iter().skip(1).step_by(2).filter(|_| can_add) {
                if let Some(cure) = more_shards(&with_salts(&self.light, salts), salts.clone()) {
                    return Some(cure);
                }
            }
        }
        if can_add && uneven { more_shards(&self.light, Vec::new()) } else { None }
    }

    /// The smallest salt after which no shard is hot; the keys of `producer` first, then of all.
    pub(in crate::analysis) fn against_hot_shard(&self, producer: usize) -> Option<Cure> {
        self.salt(producer, |salted| {
            Forecast::of(salted, &self.load, &self.spread(salted)).hottest_over_mean <= EVEN
        })
    }

    /// Whether no shard is hot after a change.
    pub(in crate::analysis) fn is_even_after(&self, cure: &Cure) -> bool {
        let changed = self.changed(cure);
        Forecast::of(&changed, &self.load, &self.spread(&changed)).hottest_over_mean <= EVEN
    }

    /// The smallest salt after which every shard gets records.
    pub(in crate::analysis) fn against_idle_shards(&self) -> Option<Cure> {
        let records = |producer: &usize| -> f64 {
            self.load.producers[*producer].records_per_second.iter().sum()
        };
        let producers = 0..self.scenario.producers.len();
        let most = producers.filter(|at| is_saltable(&self.scenario.producers[*at]));
        let most =
            most.reduce(|best, next| if records(&next) > records(&best) { next } else { best })?;
        self.salt(most, |salted| self.least_expected(salted) >= RECORDS_LEAST)
    }

    /// Whether every shard gets records after a change.
    pub(in crate::analysis) fn is_filled_after(&self, cure: &Cure) -> bool {
        self.least_expected(&self.changed(cure)) >= RECORDS_LEAST
    }

    /// The least number of shards on which a consumer keeps up with the busiest.
    pub(in crate::analysis) fn against_backlog(&self, consumer: usize) -> Option<Cure> {
        let stream = &self.scenario.stream;
        if stream.mode != CapacityMode::Provisioned || !stream.scaling.is_empty() {
            return None;
        }
        let now = stream.shards.len() as u32;
        let shards = self.first_count(now + 1, |shards| {
            let mut candidate = self.light.with_shards(shards);
            // Consumers are only looked at for those who ask.
            candidate.objectives =
                vec![Objective::IteratorAgeP99 { consumer: None, at_most: Span::ZERO }];
            let forecast = Forecast::of(&candidate, &self.load, &self.shares(&candidate)?);
            let of = forecast.consumers.get(consumer)?;
            Some(of.peak_records_per_second <= ROOM_OF_CONSUMER * of.capacity)
        })?;
        Some(Cure { shards: Some(shards), salts: Vec::new() })
    }

    fn changed(&self, cure: &Cure) -> Scenario {
        let salted = with_salts(&self.light, &cure.salts);
        cure.shards.map_or_else(|| salted.clone(), |shards| salted.with_shards(shards))
    }

    /// The first salt that does, of one producer and then of all.
    fn salt(&self, producer: usize, does: impl Fn(&Scenario) -> bool) -> Option<Cure> {
        let all: Vec<usize> = (0..self.scenario.producers.len())
            .filter(|at| is_saltable(&self.scenario.producers[*at]))
            .collect();
        let one = all.iter().copied().filter(|at| *at == producer).collect::<Vec<usize>>();
        let several = if all.len() > 1 { all } else { Vec::new() };
        for producers in [one, several].iter().filter(|producers| !producers.is_empty()) {
            for buckets in SALTS {
                let salts: Vec<(usize, u32)> = producers.iter().map(|at| (*at, buckets)).collect();
                let salted = with_salts(&self.light, &salts);
                self.spend(&salted)?;
                if does(&salted) {
                    return Some(Cure { shards: None, salts });
                }
            }
        }
        None
    }

    /// Records that the shard that is to expect fewest is to expect.
    fn least_expected(&self, scenario: &Scenario) -> f64 {
        let shares = self.spread(scenario);
        let records: Vec<f64> = self
            .load
            .producers
            .iter()
            .map(|each| {
                let counted = each.records_per_second.iter().zip(&self.load.seconds);
                counted.map(|(rate, seconds)| rate * seconds).sum()
            })
            .collect();
        (0..scenario.stream.shards.len())
            .map(|shard| records.iter().zip(&shares).map(|(n, of)| n * of[shard]).sum::<f64>())
            .fold(f64::INFINITY, f64::min)
    }

    /// The least count above that of the stream on which the busiest shard has room.
    fn more_shards(&self, base: &Scenario) -> Option<u32> {
        let stream = &self.scenario.stream;
        let now = stream.shards.len() as u32 + u32::from(!stream.imported);
        self.first_count(now.max(self.evenly_needed()), |shards| {
            Some(self.fullest(&base.with_shards(shards))? <= ROOM)
        })
    }

    /// The first count that does, in steps that grow; none where the search costs too much.
    fn first_count(&self, from: u32, does: impl Fn(u32) -> Option<bool>) -> Option<u32> {
        let most = (4 * from).max(from + 64).min(SHARDS_LIMIT);
        let mut shards = from;
        while shards <= most {
            if does(shards)? {
                return Some(shards);
            }
            shards += (shards / 16).max(1);
        }
        None
    }

    /// Shards that the peak needs if it spreads evenly.
    fn evenly_needed(&self) -> u32 {
        let one = self.scenario.with_shards(1);
        let even = vec![vec![1.0]; self.scenario.producers.len()];
        let all = Forecast::of(&unasked(&one), &self.peak, &even).peak_utilization;
        ((all / ROOM).ceil() as u32).max(1)
    }

    /// What the hottest key of each producer alone asks of a shard, over its limit, at the peak.
    fn keys_alone(&self, scenario: &Scenario) -> Vec<(usize, f64)> {
        let one = unasked(&scenario.with_shards(1));
        let even = vec![vec![1.0]; scenario.producers.len()];
        hottest_keys(scenario)
            .into_iter()
            .map(|key| {
                let own = load_of_key(&self.peak, &key);
                (key.producer, Forecast::of(&one, &own, &even).peak_utilization)
            })
            .collect()
    }

    /// Load of the busiest shard over its limit at the peak; where keys tell the time, at the worst
    /// of its moments. None when too much was hashed.
    fn fullest(&self, candidate: &Scenario) -> Option<f64> {
        let asked = unasked(candidate);
        let mut fullest: f64 = 0.0;
        for moment in moments(candidate) {
            let shares = self.shares(&moment)?;
            fullest = fullest.max(Forecast::of(&asked, &self.peak, &shares).peak_utilization);
        }
        Some(fullest)
    }

    fn shares(&self, scenario: &Scenario) -> Option<Vec<Vec<f64>>> {
        self.spend(scenario)?;
        Some(self.spread(scenario))
    }

    /// The share of each producer's records that each shard is to expect.
    fn spread(&self, scenario: &Scenario) -> Vec<Vec<f64>> {
        let mut all = shares(scenario);
        for (own, rest) in all.iter_mut().zip(&self.rest).filter(|(_, rest)| **rest > 0.0) {
            for (share, shard) in own.iter_mut().zip(&scenario.stream.shards) {
                *share = *share * (1.0 - rest) + rest * shard.range.share();
            }
        }
        all
    }

    fn spend(&self, scenario: &Scenario) -> Option<()> {
        let keys = scenario.producers.iter().map(|each| keys_of(&each.partition_key));
        let keys = keys.fold(0, u64::saturating_add);
        self.hashes.set(self.hashes.get().checked_sub(keys)?);
        Some(())
    }
}

/// Leaves all but the heaviest keys of many out; gives the share of the records that those have.
fn leave_out(keys: &mut PartitionKey) -> f64 {
    let (format, count, weight): (_, _, &dyn Fn(u64) -> f64) = match &*keys {
        PartitionKey::Zipf { keys, exponent, format } if *keys > KEYS_TOLD_APART => {
            let total = generalized_harmonic(*keys, *exponent);
            (format, KEYS_TOLD_APART, &move |key| libm::pow(key as f64 + 1.0, -exponent) / total)
        }
        PartitionKey::Uniform { keys, format } if *keys > KEYS_TOLD_APART => {
            (format, KEYS_TOLD_APART, &move |_| 1.0 / *keys as f64)
        }
        _ => return 0.0,
    };
    let heaviest: Vec<WeightedKey> = (0..count)
        .map(|key| WeightedKey {
            key: format.key(key),
            weight: weight(key),
            explicit_hash_key: None,
        })
        .collect();
    let told_apart: f64 = heaviest.iter().map(|key| key.weight).sum();
    *keys = PartitionKey::Weighted { keys: heaviest, file: None };
    1.0 - told_apart
}

/// The load at the height of the busiest second that was seen, in Kinesis records.
fn raised(load: &Load, seen: &Observation) -> Load {
    let busiest = |weight: fn(&super::load::ProducerLoad) -> f64| {
        let at = |stretch: usize| -> f64 {
            load.producers.iter().map(|p| p.records_per_second[stretch] * weight(p)).sum()
        };
        let stretches = (0..load.seconds.len()).filter(|at| load.counted[*at]);
        stretches.map(at).fold(0.0, f64::max)
    };
    let over = |seen: u64, forecast: f64| {
        if forecast > 0.0 { (seen as f64 / forecast).max(1.0) } else { 1.0 }
    };
    let records = over(seen.counted.generated_records_1s_max, busiest(|_| 1.0));
    let bytes = over(seen.counted.generated_bytes_1s_max, busiest(|p| p.record_bytes));
    let mut raised = load.clone();
    for (producer, seen) in raised.producers.iter_mut().zip(&seen.producers) {
        // A client that aggregates sends fewer and larger ones.
        let made = match ratio(seen.put_records, seen.generated_records) {
            ratio if ratio > 0.0 && ratio < 1.0 => ratio,
            _ => 1.0,
        };
        producer.records_per_second.iter_mut().for_each(|rate| *rate *= records * made);
        producer.charged_bytes *= bytes / records / made;
        producer.put_records = 1.0;
    }
    raised
}

/// Whether a salt can be written for a producer.
pub(in crate::analysis) fn is_saltable(producer: &Producer) -> bool {
    let has_keys = match &producer.partition_key {
        PartitionKey::Weighted { keys, .. } => {
            keys.iter().all(|key| key.explicit_hash_key.is_none())
        }
        keys => !keys.is_fresh(),
    };
    has_keys && producer.explicit_hash_key.is_none() && producer.traffic.trace().is_none()
}

fn with_salts(scenario: &Scenario, salts: &[(usize, u32)]) -> Scenario {
    let salted =
        |base: Scenario, (producer, buckets): &(usize, u32)| base.with_salt(*producer, *buckets);
    salts.iter().fold(scenario.clone(), salted)
}

/// The same without objectives, so that no time is spent on them.
fn unasked(scenario: &Scenario) -> Scenario {
    let mut asked = scenario.clone();
    asked.objectives.clear();
    asked
}

/// The scenario itself, or as it is in each unit of time that its keys tell.
fn moments(scenario: &Scenario) -> Vec<Scenario> {
    let units = scenario.producers.iter().filter_map(|producer| match &producer.partition_key {
        PartitionKey::Composed(composition) => composition.time_unit(),
        _ => None,
    });
    let Some(seconds) = units.map(crate::scenario::TimeUnit::seconds).min() else {
        return vec![scenario.clone()];
    };
    let start = scenario.starts_at.unix_seconds();
    let end = start + scenario.duration.nanoseconds().div_ceil(NANOSECONDS_PER_SECOND);
    let first = start / seconds;
    (first..end.div_ceil(seconds))
        .take(MOMENTS_MAX as usize)
        .map(|unit| {
            let mut moment = scenario.clone();
            moment.starts_at = Timestamp::from_unix_seconds(unit * seconds);
            moment.duration = Span::from_seconds(seconds);
            moment.warm_up = Span::ZERO;
            moment
        })
        .collect()
}
