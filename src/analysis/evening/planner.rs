//! The steps from the shards as they are to ones that share the load evenly.

use super::pieces::Pieces;
use crate::hash_key::{HashKey, HashKeyRange};
use crate::model::lineage::Lineage;

/// Most steps; a plan of more is no plan.
const STEPS_MAX: usize = 1_000;

/// Finds the steps.
#[derive(Debug)]
pub(super) struct Planner<'a> {
    pieces: &'a Pieces,
    lineage: Lineage,
    /// Most open shards at the end.
    most: usize,
    /// The utilization of the hottest shard that is aimed at.
    target: f64,
    /// Open shards in the order of their hash keys.
    open: Vec<Part>,
}

/// An open shard: its index in the lineage, and its pieces.
#[derive(Clone, Copy, Debug)]
struct Part {
    shard: usize,
    from: usize,
    to: usize,
}

/// A split or a merge.
#[derive(Clone, Debug)]
pub(super) enum Step {
    Split { shard: String, at: HashKey, load: f64, children: [(String, f64); 2] },
    Merge { shards: [(String, f64); 2], child: String, load: f64 },
}

/// What a planner found.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) steps: Vec<Step>,
    /// Open shards at the end: identifier, range, load.
    pub(super) shards: Vec<(String, HashKeyRange, f64)>,
    /// Most open shards at any time.
    pub(super) open_max: usize,
    /// A shard that stays above the target, and cannot be split because one hash key has its load.
    pub(super) stuck: Option<(String, f64)>,
}

impl Plan {
    /// A shard as a stream has it.
    pub(super) fn shard(
        (shard_id, range, _): &(String, HashKeyRange, f64),
    ) -> (String, HashKeyRange) {
        (shard_id.clone(), *range)
    }
}

impl<'a> Planner<'a> {
    pub(super) fn new(pieces: &'a Pieces, lineage: Lineage, most: usize, target: f64) -> Self {
        let mut open: Vec<Part> = lineage
            .open()
            .map(|shard| {
                let range = lineage.shards()[shard].range;
                Part { shard, from: pieces.piece_of(range.start), to: pieces.end_of(range) }
            })
            .collect();
        open.sort_unstable_by_key(|part| part.from);
        Self { pieces, lineage, most, target, open }
    }

    pub(super) fn plan(mut self) -> Plan {
        let mut steps = Vec::new();
        let mut open_max = self.open.len();
        let mut stuck = None;
        while self.open.len() > self.most && steps.len() < STEPS_MAX {
            let Some(place) = self.coldest_pair(f64::INFINITY, None) else { break };
            steps.extend(self.merge(place));
        }
        while steps.len() < STEPS_MAX {
            let mut hot: Vec<usize> =
                (0..self.open.len()).filter(|place| self.load(*place) > self.target).collect();
            hot.sort_by(|one, other| self.load(*other).total_cmp(&self.load(*one)));
            let cut = |place: usize| self.pieces.cut(self.open[place].from, self.open[place].to);
            let Some(place) = hot.iter().copied().find(|place| cut(*place).is_some()) else {
                break;
            };
            if self.open.len() < self.most {
                steps.extend(self.split(place));
            } else {
                // Room is made by neighbours that together are cooler than what is split.
                let bound = self.load(place).min(self.target.max(0.9 * self.load(place)));
                let Some(pair) = self.coldest_pair(bound, Some(place)) else { break };
                let moved = if pair < place { place - 1 } else { place };
                steps.extend(self.merge(pair));
                steps.extend(self.split(moved));
            }
            open_max = open_max.max(self.open.len());
        }
        let hottest =
            (0..self.open.len()).max_by(|one, other| self.load(*one).total_cmp(&self.load(*other)));
        if let Some(place) = hottest {
            let part = self.open[place];
            if self.load(place) > self.target && self.pieces.cut(part.from, part.to).is_none() {
                stuck = Some((self.id(part.shard), self.load(place)));
            }
        }
        let shards = self.open.iter().map(|part| {
            let shard = &self.lineage.shards()[part.shard];
            (shard.shard_id.clone(), shard.range, self.pieces.load(part.from, part.to))
        });
        Plan { shards: shards.collect(), steps, open_max, stuck }
    }

    fn load(&self, place: usize) -> f64 {
        self.pieces.load(self.open[place].from, self.open[place].to)
    }

    fn id(&self, shard: usize) -> String {
        self.lineage.shards()[shard].shard_id.clone()
    }

    /// The lower one of the two neighbours with least load together, at most `most`; `spared` is in
    /// neither.
    fn coldest_pair(&self, most: f64, spared: Option<usize>) -> Option<usize> {
        let load = |place: usize| self.pieces.load(self.open[place].from, self.open[place + 1].to);
        (0..self.open.len().saturating_sub(1))
            .filter(|place| spared.is_none_or(|spared| spared != *place && spared != place + 1))
            .filter(|place| load(*place) <= most)
            .min_by(|one, other| load(*one).total_cmp(&load(*other)))
    }

    fn split(&mut self, place: usize) -> Option<Step> {
        let part = self.open[place];
        let at = self.pieces.cut(part.from, part.to)?;
        let load = self.load(place);
        let children = self.lineage.split(part.shard, Some(self.pieces.start(at)), 0).ok()?;
        let lower = Part { shard: children[0], from: part.from, to: at };
        let upper = Part { shard: children[1], from: at, to: part.to };
        self.open.splice(place..=place, [lower, upper]);
        Some(Step::Split {
            shard: self.id(part.shard),
            at: self.pieces.start(at),
            load,
            children: [
                (self.id(lower.shard), self.load(place)),
                (self.id(upper.shard), self.load(place + 1)),
            ],
        })
    }

    fn merge(&mut self, place: usize) -> Option<Step> {
        let (lower, upper) = (self.open[place], self.open[place + 1]);
        let loads = [self.load(place), self.load(place + 1)];
        let child = self.lineage.merge(lower.shard, upper.shard, 0).ok()?;
        self.open
            .splice(place..=place + 1, [Part { shard: child, from: lower.from, to: upper.to }]);
        Some(Step::Merge {
            shards: [(self.id(lower.shard), loads[0]), (self.id(upper.shard), loads[1])],
            child: self.id(child),
            load: self.load(place),
        })
    }
}
