//! How much load lies where among the hash keys.

use crate::analysis::sizing::load::{Load, shares};
use crate::hash_key::{HashKey, HashKeyRange};
use crate::scenario::{Scenario, ShardDefinition};

/// Most ranges that are looked at in one go; routes have 16 bits.
const RANGES_MAX: usize = 32_768;
/// Passes, each of which looks closer at the heaviest pieces.
const PASSES: usize = 3;
/// Parts of a piece that is looked at closer.
const PARTS: u128 = 256;

/// Load of a range at the busiest moment, as shares of what a shard takes.
#[derive(Clone, Copy, Debug, Default)]
struct Weight {
    records: f64,
    bytes: f64,
}

impl Weight {
    fn utilization(self) -> f64 {
        self.records.max(self.bytes)
    }
}

/// The hash keys in pieces, each small or holding one key, with the load before each.
#[derive(Debug)]
pub(super) struct Pieces {
    /// What all producers offer over time.
    load: Load,
    /// Where each begins; the borders of the shards among them.
    starts: Vec<u128>,
    /// Load of all pieces before each, and of all.
    before: Vec<Weight>,
}

impl Pieces {
    pub(super) fn of(scenario: &Scenario) -> Self {
        let load = Load::of(scenario);
        let mut starts: Vec<u128> =
            scenario.stream.shards.iter().map(|shard| shard.range.start.0).collect();
        starts.sort_unstable();
        let parts = (RANGES_MAX / 4 / starts.len().max(1)).clamp(2, 4_096) as u128;
        starts = refined(&starts, parts, |_| true);
        for _ in 0..PASSES {
            let weights = weights(scenario, &load, &ranges(&starts));
            let total: f64 = weights.iter().map(|weight| weight.utilization()).sum();
            // The heaviest, as many as there is room for.
            let mut order: Vec<usize> = (0..weights.len()).collect();
            let own = |index: &usize| weights[*index].utilization();
            order.sort_by(|one, other| own(other).total_cmp(&own(one)));
            let room = (RANGES_MAX - starts.len().min(RANGES_MAX)) / PARTS as usize;
            order.truncate(room.min(64));
            let mean = total / weights.len() as f64;
            order.retain(|index| own(index) > 2.0 * mean);
            if order.is_empty() {
                break;
            }
            starts = refined(&starts, PARTS, |index| order.contains(&index));
        }
        let mut sum = Weight::default();
        let mut before = vec![sum];
        for weight in weights(scenario, &load, &ranges(&starts)) {
            sum.records += weight.records;
            sum.bytes += weight.bytes;
            before.push(sum);
        }
        Self { load, starts, before }
    }

    /// Utilization of the hottest of `ranges`, which cover all hash keys, at the busiest moment.
    pub(super) fn hottest(&self, scenario: &Scenario, ranges: &[HashKeyRange]) -> f64 {
        let weights = weights(scenario, &self.load, ranges).into_iter();
        weights.map(Weight::utilization).fold(0.0, f64::max)
    }

    /// Load of the pieces from `from` to `to`, as a share of what a shard takes.
    pub(super) fn load(&self, from: usize, to: usize) -> f64 {
        let (from, to) = (self.before[from], self.before[to]);
        Weight { records: to.records - from.records, bytes: to.bytes - from.bytes }.utilization()
    }

    /// Load of everything.
    pub(super) fn total(&self) -> f64 {
        self.load(0, self.starts.len())
    }

    /// The piece that begins with a hash key, or holds it.
    pub(super) fn piece_of(&self, key: HashKey) -> usize {
        self.starts.partition_point(|start| *start <= key.0) - 1
    }

    /// The place after the last piece of a range.
    pub(super) fn end_of(&self, range: HashKeyRange) -> usize {
        self.starts.partition_point(|start| *start <= range.end.0)
    }

    pub(super) fn start(&self, piece: usize) -> HashKey {
        HashKey(self.starts[piece])
    }

    /// Where to cut the pieces from `from` to `to` so that the heavier half is as light as can be;
    /// none where it is no lighter than the whole.
    pub(super) fn cut(&self, from: usize, to: usize) -> Option<usize> {
        let heavier = |at: usize| self.load(from, at).max(self.load(at, to));
        // The load up to a cut grows with it, so the best one is where the halves change places.
        let (mut low, mut high) = (from, to);
        while high - low > 1 {
            let middle = low + (high - low) / 2;
            if self.load(from, middle) <= self.load(middle, to) {
                low = middle;
            } else {
                high = middle;
            }
        }
        let candidates = [low, low + 1].into_iter().filter(|at| *at > from && *at < to);
        let best = candidates.min_by(|one, other| heavier(*one).total_cmp(&heavier(*other)))?;
        (heavier(best) < 0.999 * self.load(from, to)).then_some(best)
    }

    /// The lowest utilization of the hottest of `shards` ranges that any borders give.
    pub(super) fn evenest(&self, shards: usize) -> f64 {
        let heaviest = (0..self.starts.len()).map(|piece| self.load(piece, piece + 1));
        let mut low = heaviest.fold(self.total() / shards as f64, f64::max);
        let mut high = self.total();
        for _ in 0..40 {
            let middle = f64::midpoint(low, high);
            if self.ranges_below(middle) <= shards { high = middle } else { low = middle }
        }
        high
    }

    /// How many ranges it takes to keep each at `most` or below.
    fn ranges_below(&self, most: f64) -> usize {
        let (mut from, mut count) = (0, 0);
        while from < self.starts.len() {
            let (mut low, mut high) = (from + 1, self.starts.len() + 1);
            while high - low > 1 {
                let middle = low + (high - low) / 2;
                if self.load(from, middle) <= most { low = middle } else { high = middle }
            }
            from = low;
            count += 1;
        }
        count
    }
}

/// The same borders and new ones, which cut those of index `which` into parts.
fn refined(starts: &[u128], parts: u128, which: impl Fn(usize) -> bool) -> Vec<u128> {
    let mut all = Vec::with_capacity(starts.len());
    for (index, start) in starts.iter().enumerate() {
        all.push(*start);
        let width = match starts.get(index + 1) {
            Some(next) => next - start,
            // To the end of all hash keys, of which the last is `u128::MAX`.
            None => (u128::MAX - start).saturating_add(1),
        };
        if which(index) && width >= parts {
            all.extend((1..parts).map(|part| start + width / parts * part));
        }
    }
    all
}

fn ranges(starts: &[u128]) -> Vec<HashKeyRange> {
    let ends = starts.iter().skip(1).map(|next| next - 1).chain([u128::MAX]);
    let range =
        |(start, end): (&u128, u128)| HashKeyRange { start: HashKey(*start), end: HashKey(end) };
    starts.iter().zip(ends).map(range).collect()
}

fn weights(scenario: &Scenario, load: &Load, ranges: &[HashKeyRange]) -> Vec<Weight> {
    let definition =
        |range: &HashKeyRange| ShardDefinition { shard_id: String::new(), range: *range };
    let cut = scenario.with_open_shards(ranges.iter().map(definition).collect());
    let records_limit = scenario.quotas.shard_write_records.0.as_per_second();
    let bytes_limit = scenario.quotas.shard_write_bytes.0.as_per_second();
    let busiest = load.busiest(&vec![1.0; load.producers.len()]);
    let mut weights = vec![Weight::default(); ranges.len()];
    for (producer, shares) in load.producers.iter().zip(shares(&cut)) {
        let rate = producer.records_per_second[busiest];
        for (weight, share) in weights.iter_mut().zip(shares) {
            weight.records += rate * share * producer.put_records / records_limit;
            weight.bytes += rate * share * producer.charged_bytes / bytes_limit;
        }
    }
    weights
}
