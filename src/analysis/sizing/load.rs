//! The load of a scenario as a fluid: what each producer offers in each stretch of time, and where
//! it goes. No chance but where the names of keys fall.

use super::packing::{InStream, Packing, sends_most};
use crate::hash_key::HashKeyRange;
use crate::model::partition_key::{KeySpace, TimeBins};
use crate::model::record_size::SizeSampler;
use crate::model::traffic::RateProfile;
use crate::random::{Purpose, Randomness};
use crate::scenario::{ExplicitHashKey, PartitionKey, Producer, RecordDistribution, Scenario};
use crate::time::NANOSECONDS_PER_SECOND;

/// Most stretches of a run.
const STRETCHES_MAX: u64 = 1_440;
/// Shortest stretch, in nanoseconds.
const STRETCH_LEAST: u64 = 10 * NANOSECONDS_PER_SECOND;
/// Sizes that are drawn for the mean of a producer.
const SIZES_DRAWN: usize = 65_536;

/// What all producers offer over time.
#[derive(Clone, Debug)]
pub(in crate::analysis) struct Load {
    /// Length of each stretch in seconds.
    pub(in crate::analysis) seconds: Vec<f64>,
    /// Whether a stretch counts: after the warm-up.
    pub(in crate::analysis) counted: Vec<bool>,
    pub(in crate::analysis) producers: Vec<ProducerLoad>,
}

/// What one producer offers.
#[derive(Clone, Debug)]
pub(in crate::analysis) struct ProducerLoad {
    /// Records a second in each stretch.
    pub(in crate::analysis) records_per_second: Vec<f64>,
    /// Kinesis records that a record comes to, on average: one, or less where the client packs
    /// several into one.
    pub(in crate::analysis) put_records: f64,
    /// Bytes that the byte limit counts for a record, on average; rounding of calls of several
    /// records left out.
    pub(in crate::analysis) charged_bytes: f64,
    /// Bytes of a record, key included, on average.
    pub(in crate::analysis) record_bytes: f64,
    /// How many times what a shard takes it sends there at most; infinite for most clients, zero
    /// for those that wait for answers.
    pub(in crate::analysis) sends_most: f64,
}

impl Load {
    /// The load of `scenario`.
    pub(in crate::analysis) fn of(scenario: &Scenario) -> Self {
        let bounds = bounds(scenario);
        let warm_up = scenario.warm_up.nanoseconds();
        let seconds: Vec<f64> = bounds
            .windows(2)
            .map(|pair| (pair[1] - pair[0]) as f64 / NANOSECONDS_PER_SECOND as f64)
            .collect();
        let producers = scenario
            .producers
            .iter()
            .map(|producer| {
                let profile = RateProfile::new(&producer.traffic, scenario.duration);
                let records = profile.expected_between(&bounds);
                let (in_stream, record_bytes) = mean_bytes(scenario, producer);
                ProducerLoad {
                    records_per_second: records.iter().zip(&seconds).map(|(n, s)| n / s).collect(),
                    put_records: in_stream.put_records,
                    charged_bytes: in_stream.charged_bytes,
                    record_bytes,
                    sends_most: sends_most(producer, scenario),
                }
            })
            .collect();
        let counted = bounds.windows(2).map(|pair| pair[0] >= warm_up).collect();
        Self { seconds, counted, producers }
    }

    /// Records offered in the stretches that count.
    pub(in crate::analysis) fn counted_records(&self) -> f64 {
        self.producers.iter().map(|producer| self.counted_of(producer)).sum()
    }

    /// The same in Kinesis records.
    pub(in crate::analysis) fn counted_put_records(&self) -> f64 {
        self.producers.iter().map(|each| self.counted_of(each) * each.put_records).sum()
    }

    fn counted_of(&self, producer: &ProducerLoad) -> f64 {
        let rates = producer.records_per_second.iter().zip(&self.seconds);
        rates.zip(&self.counted).filter(|(_, c)| **c).map(|((rate, s), _)| rate * s).sum()
    }

    /// Index of the stretch with most records of all producers, by a weight each.
    pub(in crate::analysis) fn busiest(&self, weights: &[f64]) -> usize {
        let at = |stretch: usize| -> f64 {
            let loads = self.producers.iter().zip(weights);
            loads.map(|(load, weight)| load.records_per_second[stretch] * weight).sum()
        };
        (0..self.seconds.len())
            .reduce(|best, next| if at(next) > at(best) { next } else { best })
            .unwrap_or(0)
    }
}

/// The borders of the stretches, in nanoseconds, the end of the warm-up among them.
fn bounds(scenario: &Scenario) -> Vec<u64> {
    let end = scenario.duration.nanoseconds();
    let step = end.div_ceil(STRETCHES_MAX).max(STRETCH_LEAST.min(end));
    let mut bounds: Vec<u64> = (0..end).step_by(step as usize).collect();
    bounds.push(end);
    bounds.push(scenario.warm_up.nanoseconds());
    bounds.sort_unstable();
    bounds.dedup();
    bounds
}

/// What a record comes to in the stream on average, and its bytes as the application made it.
fn mean_bytes(scenario: &Scenario, producer: &Producer) -> (InStream, f64) {
    let mut sizes = vec![0; SIZES_DRAWN];
    let randomness = Randomness::new(scenario.seed, 0);
    let mut draws = randomness.stream(&producer.name, Purpose::RecordSize);
    SizeSampler::new(&producer.record_size).fill(&mut draws, &mut sizes);
    let key = key_bytes(&producer.partition_key);
    let counted_key = if scenario.quotas.partition_key_bytes_count { key } else { 0.0 };
    let packing = Packing::of(producer, scenario);
    let largest = scenario.stream.max_record_size.0;
    let admissible = sizes.iter().map(|size| u64::from(*size)).filter(|size| *size <= largest);
    let (mut sum, mut bytes, mut count) = (InStream::default(), 0.0, 0.0);
    for size in admissible {
        let in_stream = packing.in_stream(size, counted_key);
        sum.put_records += in_stream.put_records;
        sum.charged_bytes += in_stream.charged_bytes;
        bytes += size as f64 + key;
        count += 1.0;
    }
    if count <= 0.0 {
        return (InStream { put_records: 1.0, charged_bytes: 0.0 }, 0.0);
    }
    let (put_records, charged_bytes) = (sum.put_records / count, sum.charged_bytes / count);
    (InStream { put_records, charged_bytes }, bytes / count)
}

/// Bytes of a key, about.
fn key_bytes(keys: &PartitionKey) -> f64 {
    match keys {
        PartitionKey::Uniform { keys, format }
        | PartitionKey::Zipf { keys, format, .. }
        | PartitionKey::HotSet { keys, format, .. } => {
            (format.prefix.len() + format.suffix.len() + digits(keys / 2)) as f64
        }
        PartitionKey::Weighted { keys, .. } => {
            let total: f64 = keys.iter().map(|key| key.weight).sum();
            keys.iter().map(|key| key.weight * key.key.len() as f64).sum::<f64>() / total
        }
        PartitionKey::Random { key_bytes } => key_bytes.0 as f64,
        PartitionKey::Absent => 0.0,
        PartitionKey::Composed(composition) => {
            use crate::scenario::KeyPiece;
            let pieces = composition.pieces.iter().map(|piece| match piece {
                KeyPiece::Text(text) => text.len() as f64,
                KeyPiece::Part(part) => key_bytes(&composition.parts[*part].values),
                KeyPiece::Time(unit) => unit.characters() as f64,
            });
            pieces.sum()
        }
    }
}

fn digits(number: u64) -> usize {
    number.checked_ilog10().unwrap_or(0) as usize + 1
}

/// The share of each producer's records that each shard of `scenario` is to expect.
pub(in crate::analysis) fn shares(scenario: &Scenario) -> Vec<Vec<f64>> {
    let ranges: Vec<HashKeyRange> =
        scenario.stream.shards.iter().map(|shard| shard.range).collect();
    let is_auto = scenario.stream.record_distribution == RecordDistribution::Auto;
    scenario
        .producers
        .iter()
        .map(|producer| {
            let explicit =
                if is_auto { Some(ExplicitHashKey::Random) } else { producer.explicit_hash_key };
            let bins = time_bins(producer, scenario);
            KeySpace::new(&producer.partition_key, explicit, bins, &ranges).2
        })
        .collect()
}

/// The times that a producer's keys tell, weighed by the records that are counted.
fn time_bins(producer: &Producer, scenario: &Scenario) -> Option<TimeBins> {
    let PartitionKey::Composed(keys) = &producer.partition_key else {
        return None;
    };
    let profile = RateProfile::new(&producer.traffic, scenario.duration);
    let bins = TimeBins::new(keys.time_unit()?, scenario.starts_at, scenario.duration);
    Some(bins.weighted(scenario.warm_up, |bounds| profile.expected_between(bounds)))
}
