//! What the service decides by itself on an on-demand stream, minute by minute.
//!
//! A shard whose minute brings more than half of what it takes is split at the middle of its range,
//! and its children are there within 15 minutes. Where the minute brings several times as much, the
//! range is halved several times over, as far as the stream as a whole is promised room: for twice
//! its highest minute, 15 minutes later. The halves are even, whatever the keys, so a
//! hot key is never alone. Load that more than doubles within those 15 minutes is throttled until
//! then. Sources: Kinesis developer guide, on-demand mode; Kinesis FAQ. How a standard stream
//! becomes smaller is not published: here it keeps room for twice the highest minute of its memory
//! (30 days), looked at once a day; advantage streams do so when their warm throughput is lowered,
//! by the highest minute of the last hour. Source: Kinesis developer guide, update a stream.

use std::collections::VecDeque;

use super::{CapacityChange, Cause, ControlPlane, DAY, Outcome, Reshard};
use crate::hash_key::{HashKey, HashKeyRange};
use crate::model::lineage::midpoint;
use crate::scenario::CapacityMode;

/// An hour in nanoseconds.
const HOUR: u64 = 3_600 * 1_000_000_000;
/// Most generations of halves that one minute asks for.
const GENERATIONS_MAX: u32 = 8;

/// What producers sent to one shard in one minute, before any retry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MinuteLoad {
    /// Records.
    pub records: u64,
    /// Bytes.
    pub bytes: u64,
}

/// Splits under way, and what the stream remembers of its load.
#[derive(Debug, Default)]
pub(super) struct OnDemand {
    /// In the order in which they are done. One range may stand here several times, where its load
    /// went on growing.
    splits: VecDeque<Split>,
    /// The highest minute of each hour, in shards that it fills; latest last.
    peaks: VecDeque<(u64, f64)>,
}

#[derive(Debug)]
struct Split {
    due: u64,
    /// What the shard owned, whose load asked for it.
    range: HashKeyRange,
    /// How often every shard of the range is halved.
    generations: u32,
    change: usize,
}

impl OnDemand {
    pub(super) fn next_split(&self) -> u64 {
        self.splits.front().map_or(u64::MAX, |split| split.due)
    }

    /// How often the shards that begin at `starts`, in ascending order, will be halved by what is
    /// under way.
    fn generations_under_way(&self, starts: impl Iterator<Item = HashKey>) -> Vec<u32> {
        let mut edges: Vec<(u128, i64)> = Vec::with_capacity(2 * self.splits.len());
        for split in &self.splits {
            edges.push((split.range.start.0, i64::from(split.generations)));
            edges.extend(
                split.range.end.0.checked_add(1).map(|end| (end, -i64::from(split.generations))),
            );
        }
        edges.sort_unstable();
        let (mut next, mut sum) = (0, 0i64);
        starts
            .map(|start| {
                while let Some((_, step)) = edges.get(next).filter(|(edge, _)| *edge <= start.0) {
                    sum += step;
                    next += 1;
                }
                u32::try_from(sum).unwrap_or(0)
            })
            .collect()
    }

    /// Shards that the highest minute since `from` filled.
    fn highest_since(&self, from: u64) -> f64 {
        let recent = self.peaks.iter().filter(|(hour, _)| hour + HOUR > from);
        recent.map(|(_, filled)| *filled).fold(0.0, f64::max)
    }
}

impl ControlPlane {
    /// Looks at the minute that ends at `now`, in nanoseconds; `load` is that of an open shard.
    pub fn look_at_minute(&mut self, now: u64, load: impl Fn(usize) -> MinuteLoad) {
        let open: Vec<usize> = self.lineage.open().collect();
        let filled = |load: MinuteLoad| {
            let records = load.records as f64 / self.rules.shard_records_per_minute;
            records.max(load.bytes as f64 / self.rules.shard_bytes_per_minute)
        };
        let loads: Vec<f64> = open.iter().map(|shard| filled(load(*shard))).collect();
        self.remember(now, loads.iter().sum());
        if !self.mode.is_on_demand() {
            return;
        }
        if now.is_multiple_of(DAY) {
            self.scale_down(now);
        }
        if self.update.is_some() {
            return;
        }
        let shards = self.lineage.shards();
        let starts = open.iter().map(|shard| shards[*shard].range.start);
        let under_way = self.on_demand.generations_under_way(starts);
        let wanted = self.generations_wanted(&loads, &under_way);
        let mut splits = Vec::new();
        for ((shard, under_way), wanted) in open.into_iter().zip(under_way).zip(wanted) {
            if wanted > under_way {
                let more = (1 << wanted) - (1 << under_way);
                splits.push((shards[shard].range, wanted - under_way, more));
            }
        }
        self.begin_splits(now, splits);
    }

    /// How often each shard is to be halved for its load, with what is under way: once where it gets
    /// more than half, and further as far as the stream as a whole is promised room, all shards in
    /// step.
    fn generations_wanted(&self, loads: &[f64], under_way: &[u32]) -> Vec<u32> {
        let split_load = self.rules.split_load;
        let most = self.rules.on_demand_shards_max.min(self.rules.account_shards);
        let promised = ((loads.iter().sum::<f64>() / split_load).ceil() as usize).min(most);
        let mut planned: usize = under_way.iter().map(|generations| 1 << generations).sum();
        let mut wanted = under_way.to_vec();
        for step in 1..=GENERATIONS_MAX {
            for ((wanted, load), under_way) in wanted.iter_mut().zip(loads).zip(under_way) {
                let room = if step == 1 && *under_way == 0 { most } else { promised };
                let is_in_step = *wanted + 1 == under_way + step && *wanted < GENERATIONS_MAX;
                let is_above = *load > split_load * f64::from(1u32 << *wanted);
                if is_in_step && is_above && planned + (1 << *wanted) <= room {
                    planned += 1 << *wanted;
                    *wanted += 1;
                }
            }
        }
        wanted
    }

    fn begin_splits(&mut self, now: u64, splits: Vec<(HashKeyRange, u32, usize)>) {
        if splits.is_empty() {
            return;
        }
        let before = self.lineage.open_count();
        let more: usize = splits.iter().map(|(_, _, more)| more).sum();
        let load = self.rules.split_load * 100.0;
        self.changes.push(CapacityChange {
            at: now,
            cause: Cause::Service(format!("a minute above {load} % of a shard")),
            action: format!("split {} of {before} shards", splits.len()),
            shards_before: before,
            shards_after: before + more,
            outcome: Outcome::UnderWay,
        });
        let (change, due) = (self.changes.len() - 1, now.saturating_add(self.rules.split_time));
        let begun = splits.into_iter();
        self.on_demand.splits.extend(begun.map(|(range, generations, _)| Split {
            due,
            range,
            generations,
            change,
        }));
    }

    /// Carries out the splits that are done at `now`.
    pub(super) fn split_due(&mut self, now: u64, reshards: &mut Vec<Reshard>) {
        while self.on_demand.next_split() <= now {
            let Some(split) = self.on_demand.splits.pop_front() else { break };
            self.changes[split.change].outcome = Outcome::Done(now);
            let mut parents: Vec<usize> = self.lineage.open_within(split.range).collect();
            for _ in 0..split.generations {
                let mut next = Vec::with_capacity(2 * parents.len());
                for parent in parents {
                    let at = midpoint(self.lineage.shards()[parent].range);
                    // A range of one hash key cannot be halved; a shard may be merged away.
                    if let Ok(children) = self.lineage.split(parent, Some(at), now) {
                        reshards.push(Reshard::Split { parent, children });
                        next.extend(children);
                    }
                }
                parents = next;
            }
        }
    }

    /// Keeps the highest minute of each hour, for as long as the memory reaches.
    fn remember(&mut self, now: u64, filled: f64) {
        let hour = now.saturating_sub(1) / HOUR * HOUR;
        match self.on_demand.peaks.back_mut() {
            Some((last, highest)) if *last == hour => *highest = highest.max(filled),
            _ => self.on_demand.peaks.push_back((hour, filled)),
        }
        let memory = self.rules.memory;
        while self.on_demand.peaks.front().is_some_and(|(hour, _)| hour + HOUR + memory < now) {
            self.on_demand.peaks.pop_front();
        }
    }

    /// Shards that a stream keeps for a load that filled some of them: room for twice as much.
    fn shards_for(&self, filled: f64) -> usize {
        let warm = match self.mode {
            CapacityMode::OnDemandAdvantage { warm_throughput: Some(warm) } => {
                warm.0.as_per_second() * 60.0 / self.rules.shard_bytes_per_minute
            }
            _ => 0.0,
        };
        let wanted = (filled / self.rules.split_load).max(warm).ceil() as usize;
        wanted.max(self.rules.on_demand_shards_min).min(self.rules.on_demand_shards_max.max(1))
    }

    fn scale_down(&mut self, now: u64) {
        let is_remembered = now < self.rules.memory;
        if is_remembered || !self.rules.scale_down || self.update.is_some() {
            return;
        }
        let wanted = self.shards_for(self.on_demand.highest_since(now - self.rules.memory));
        let before = self.lineage.open_count();
        if wanted < before && self.on_demand.splits.is_empty() {
            let reason = "no minute of the memory asks for so many".to_owned();
            self.changes.push(CapacityChange {
                at: now,
                cause: Cause::Service(reason),
                action: format!("merge down to {wanted}"),
                shards_before: before,
                shards_after: wanted,
                outcome: Outcome::UnderWay,
            });
            self.go_to(now, wanted, self.changes.len() - 1);
        }
    }

    /// The warm throughput was changed at `now`: up at once, down to what the last hour asks for.
    pub(super) fn warm_up(&mut self, now: u64, change: usize) {
        let last_hour = self.on_demand.highest_since(now.saturating_sub(HOUR));
        self.on_demand.splits.clear();
        let wanted = self.shards_for(last_hour);
        self.changes[change].shards_after = wanted;
        self.go_to(now, wanted, change);
    }

    /// Makes the stream one of `shards` even shards, all at one time.
    fn go_to(&mut self, now: u64, shards: usize, change: usize) {
        let operations = self.uniform(shards as u32);
        if operations.is_empty() {
            self.changes[change].outcome = Outcome::Done(now);
            return;
        }
        let due = now.saturating_add(self.rules.split_time);
        self.begin_at(due, 0, operations, self.lineage.open().collect(), change);
    }
}
