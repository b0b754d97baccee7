//! The control plane of a stream: which calls that change its capacity are taken, and when what
//! they ask for is done.
//!
//! The quotas of UpdateShardCount, the states ACTIVE and UPDATING, the one-by-one splits and merges
//! of an update, changes of the mode. `on_demand` holds what the service decides by itself.
//! Sources: Kinesis API reference UpdateShardCount, SplitShard, MergeShards, UpdateStreamMode,
//! UpdateStreamWarmThroughput. How long things take is not published: see the quotas `reshard_*`.

mod on_demand;
mod rules;

use std::collections::VecDeque;

use crate::model::lineage::{Lineage, Operation, Piece, Refusal, midpoint, uniform_scaling};
use crate::scenario::{CapacityMode, ScalingAction};

pub use on_demand::MinuteLoad;
use on_demand::OnDemand;
pub use rules::CapacityRules;

/// A day, over which calls are counted, in nanoseconds.
const DAY: u64 = 86_400 * 1_000_000_000;

/// Who asked for a change of the capacity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The timetable of the scenario.
    Schedule,
    /// The service itself, on an on-demand stream.
    Service(String),
    /// A policy of the scenario: what it saw.
    Policy(String),
}

/// What became of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The service refused it, for this reason.
    Refused(String),
    /// It was under way when the run ended.
    UnderWay,
    /// It was done at this time, in nanoseconds.
    Done(u64),
}

/// One change of the capacity that was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CapacityChange {
    /// When it was asked for, in nanoseconds.
    pub at: u64,
    /// Who asked.
    pub cause: Cause,
    /// What was asked for.
    pub action: String,
    /// Open shards at that time.
    pub shards_before: usize,
    /// Open shards when it is done.
    pub shards_after: usize,
    /// What became of it.
    pub outcome: Outcome,
}

/// What happened to the shards: indices into [`Lineage::shards`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reshard {
    /// A shard has become two, the lower one first.
    Split {
        /// Closed.
        parent: usize,
        /// Open.
        children: [usize; 2],
    },
    /// Two shards have become one.
    Merge {
        /// Closed, the lower one first.
        parents: [usize; 2],
        /// Open.
        child: usize,
    },
}

/// Operations that are carried out one after another.
#[derive(Debug)]
struct Update {
    /// Which change it is.
    change: usize,
    /// The shards that were open when it began, in the order of their ranges.
    open: Vec<usize>,
    operations: VecDeque<Operation>,
    /// What the operations done so far have made; of a merge, twice the same.
    made: Vec<[usize; 2]>,
    /// When the next one is done, in nanoseconds.
    next: u64,
    /// Nanoseconds from one to the next.
    pace: u64,
}

/// The capacity of one stream in the course of a run.
#[derive(Debug)]
pub struct ControlPlane {
    rules: CapacityRules,
    mode: CapacityMode,
    lineage: Lineage,
    /// What makes the stream UPDATING.
    update: Option<Update>,
    on_demand: OnDemand,
    changes: Vec<CapacityChange>,
    /// When UpdateShardCount was taken, in nanoseconds.
    count_updates: Vec<u64>,
    /// When the mode was changed, in nanoseconds.
    mode_changes: Vec<u64>,
}

impl ControlPlane {
    /// The control plane of a stream that is ACTIVE.
    #[must_use]
    pub fn new(rules: CapacityRules, mode: CapacityMode, lineage: Lineage) -> Self {
        Self {
            rules,
            mode,
            lineage,
            update: None,
            on_demand: OnDemand::default(),
            changes: Vec::new(),
            count_updates: Vec::new(),
            mode_changes: Vec::new(),
        }
    }

    /// The capacity mode now.
    #[must_use]
    pub const fn mode(&self) -> CapacityMode {
        self.mode
    }

    /// All shards so far.
    #[must_use]
    pub const fn lineage(&self) -> &Lineage {
        &self.lineage
    }

    /// Whether the stream is UPDATING, so that it takes no other call.
    #[must_use]
    pub const fn is_updating(&self) -> bool {
        self.update.is_some()
    }

    /// Everything that was asked for so far.
    #[must_use]
    pub fn changes(&self) -> &[CapacityChange] {
        &self.changes
    }

    /// When the shards change next, in nanoseconds; `u64::MAX` when nothing is under way.
    #[must_use]
    pub fn next_change(&self) -> u64 {
        let update = self.update.as_ref().map_or(u64::MAX, |update| update.next);
        update.min(self.on_demand.next_split())
    }

    /// Makes a call at `now`, in nanoseconds; whether it was taken.
    pub fn call(&mut self, now: u64, action: &ScalingAction, cause: Cause) -> bool {
        let before = self.lineage.open_count();
        let change = CapacityChange {
            at: now,
            cause,
            action: describe(action),
            shards_before: before,
            shards_after: before,
            outcome: Outcome::UnderWay,
        };
        self.changes.push(change);
        let index = self.changes.len() - 1;
        let taken = self.take(now, action, index);
        if let Err(reason) = &taken {
            self.changes[index].outcome = Outcome::Refused(reason.clone());
        }
        taken.is_ok()
    }

    fn take(&mut self, now: u64, action: &ScalingAction, change: usize) -> Result<(), String> {
        if let Some(update) = &self.update {
            let other = &self.changes[update.change].action;
            return Err(format!("ResourceInUseException: the stream is UPDATING ({other})"));
        }
        match action {
            ScalingAction::UpdateShardCount(target) => {
                self.update_shard_count(now, *target, change)
            }
            ScalingAction::Split { shard_id, at } => {
                self.check_provisioned()?;
                let shard =
                    self.lineage.open_by_id(shard_id).map_err(|refusal| invalid(&refusal))?;
                let at = at.unwrap_or_else(|| midpoint(self.lineage.shards()[shard].range));
                self.check_account(self.lineage.open_count() + 1)?;
                // Tried on a copy, so that what cannot be is refused at once.
                self.lineage
                    .clone()
                    .split(shard, Some(at), now)
                    .map_err(|refusal| invalid(&refusal))?;
                self.begin(now, vec![Operation::Split(Piece::Open(0), at)], vec![shard], change);
                self.changes[change].shards_after += 1;
                Ok(())
            }
            ScalingAction::Merge { shard_id, adjacent_shard_id } => {
                self.check_provisioned()?;
                let pair = self.pair(shard_id, adjacent_shard_id.as_deref())?;
                let merge = Operation::Merge(Piece::Open(0), Piece::Open(1));
                self.begin(now, vec![merge], pair.to_vec(), change);
                self.changes[change].shards_after -= 1;
                Ok(())
            }
            ScalingAction::Mode(mode) => self.change_mode(now, *mode, change),
            ScalingAction::WarmThroughput(warm) => {
                let CapacityMode::OnDemandAdvantage { .. } = self.mode else {
                    return Err("ValidationException: the stream is not on-demand advantage".into());
                };
                self.mode = CapacityMode::OnDemandAdvantage { warm_throughput: Some(*warm) };
                self.warm_up(now, change);
                Ok(())
            }
        }
    }

    /// Two open neighbours, the lower one first.
    fn pair(&self, shard_id: &str, adjacent: Option<&str>) -> Result<[usize; 2], String> {
        let shard = self.lineage.open_by_id(shard_id).map_err(|refusal| invalid(&refusal))?;
        let other = match adjacent {
            Some(other) => self.lineage.open_by_id(other).map_err(|refusal| invalid(&refusal))?,
            None => self.lineage.neighbour_above(shard).map_err(|refusal| invalid(&refusal))?,
        };
        let start = |index: usize| self.lineage.shards()[index].range.start;
        let pair = if start(shard) < start(other) { [shard, other] } else { [other, shard] };
        self.lineage.clone().merge(pair[0], pair[1], 0).map_err(|refusal| invalid(&refusal))?;
        Ok(pair)
    }

    fn check_provisioned(&self) -> Result<(), String> {
        if self.mode.is_on_demand() {
            return Err("ValidationException: the stream is on-demand".to_owned());
        }
        Ok(())
    }

    fn check_account(&self, shards: usize) -> Result<(), String> {
        let most = self.rules.account_shards;
        if shards > most {
            return Err(format!(
                "LimitExceededException: {shards} open shards, but the account may have {most}"
            ));
        }
        Ok(())
    }

    fn update_shard_count(&mut self, now: u64, target: u32, change: usize) -> Result<(), String> {
        self.check_provisioned()?;
        let limit = |reason: String| Err(format!("LimitExceededException: {reason}"));
        let recent = self.count_updates.iter().filter(|at| now < **at + DAY).count() as u64;
        if recent >= self.rules.update_calls {
            return limit(format!("{recent} updates in the last 24 h"));
        }
        let (open, target) = (self.lineage.open_count(), target as usize);
        if target > 2 * open {
            return limit(format!("{target} is more than double the {open} open shards"));
        }
        if 2 * target < open {
            return limit(format!("{target} is less than half of the {open} open shards"));
        }
        if target > self.rules.update_shards {
            return limit(format!("{target} is more than {} shards", self.rules.update_shards));
        }
        let operations = self.uniform(target as u32);
        if target == open && operations.is_empty() {
            return Err(format!("InvalidArgumentException: {target} shards are open already"));
        }
        self.check_account(most_open(open, &operations))?;
        self.count_updates.push(now);
        self.begin(now, operations, self.lineage.open().collect(), change);
        self.changes[change].shards_after = target;
        Ok(())
    }

    /// What makes the ranges of the open shards uniform.
    fn uniform(&self, target: u32) -> Vec<Operation> {
        let shards = self.lineage.shards();
        let ranges: Vec<_> = self.lineage.open().map(|index| shards[index].range).collect();
        uniform_scaling(&ranges, target)
    }

    fn begin(&mut self, now: u64, operations: Vec<Operation>, open: Vec<usize>, change: usize) {
        let (start, pace) = (self.rules.reshard_start, self.rules.reshard_operation);
        self.begin_at(
            now.saturating_add(start).saturating_add(pace),
            pace,
            operations,
            open,
            change,
        );
    }

    fn begin_at(
        &mut self,
        next: u64,
        pace: u64,
        operations: Vec<Operation>,
        open: Vec<usize>,
        change: usize,
    ) {
        let made = Vec::with_capacity(operations.len());
        self.update =
            Some(Update { change, open, operations: operations.into(), made, next, pace });
    }

    fn change_mode(&mut self, now: u64, mode: CapacityMode, change: usize) -> Result<(), String> {
        if mode.as_str() == self.mode.as_str() {
            return Err(format!("ValidationException: the mode is {} already", mode.as_str()));
        }
        let recent = self.mode_changes.iter().filter(|at| now < **at + DAY).count() as u64;
        if recent >= self.rules.mode_changes {
            return Err(format!(
                "LimitExceededException: {recent} changes of the mode in the last 24 h"
            ));
        }
        if mode == CapacityMode::Provisioned && self.rules.distributes_itself {
            let reason = "the stream distributes its records itself, as only on-demand ones can";
            return Err(format!("ValidationException: {reason}"));
        }
        self.mode_changes.push(now);
        self.mode = mode;
        self.changes[change].outcome = Outcome::Done(now);
        Ok(())
    }

    /// Carries out what is done at `now`, in nanoseconds, in the order in which it is done.
    pub fn advance(&mut self, now: u64) -> Vec<Reshard> {
        let mut reshards = Vec::new();
        while let Some(mut update) = self.update.take() {
            if update.next > now {
                self.update = Some(update);
                break;
            }
            if let Some(operation) = update.operations.pop_front() {
                reshards.extend(self.carry_out(operation, &mut update, now));
            }
            if update.operations.is_empty() {
                self.changes[update.change].outcome = Outcome::Done(now);
                break;
            }
            update.next = update.next.saturating_add(update.pace);
            self.update = Some(update);
        }
        self.split_due(now, &mut reshards);
        reshards
    }

    fn carry_out(
        &mut self,
        operation: Operation,
        update: &mut Update,
        now: u64,
    ) -> Option<Reshard> {
        let find = |piece: Piece| match piece {
            Piece::Open(place) => update.open[place],
            Piece::Lower(number) => update.made[number][0],
            Piece::Upper(number) => update.made[number][1],
        };
        let reshard = match operation {
            Operation::Split(piece, at) => {
                let parent = find(piece);
                let children = self.lineage.split(parent, Some(at), now).ok()?;
                update.made.push(children);
                Reshard::Split { parent, children }
            }
            Operation::Merge(lower, upper) => {
                let parents = [find(lower), find(upper)];
                let child = self.lineage.merge(parents[0], parents[1], now).ok()?;
                update.made.push([child, child]);
                Reshard::Merge { parents, child }
            }
        };
        Some(reshard)
    }
}

/// Most open shards in the course of some operations.
fn most_open(open: usize, operations: &[Operation]) -> usize {
    let mut most = open;
    operations.iter().fold(open, |open, operation| {
        let open = match operation {
            Operation::Split(..) => open + 1,
            Operation::Merge(..) => open - 1,
        };
        most = most.max(open);
        open
    });
    most
}

fn invalid(refusal: &Refusal) -> String {
    format!("InvalidArgumentException: {refusal}")
}

/// A call as a person would say it.
fn describe(action: &ScalingAction) -> String {
    match action {
        ScalingAction::UpdateShardCount(target) => format!("UpdateShardCount to {target}"),
        ScalingAction::Split { shard_id, at: None } => format!("SplitShard {shard_id}"),
        ScalingAction::Split { shard_id, at: Some(at) } => format!("SplitShard {shard_id} at {at}"),
        ScalingAction::Merge { shard_id, adjacent_shard_id: None } => {
            format!("MergeShards {shard_id} with the one above")
        }
        ScalingAction::Merge { shard_id, adjacent_shard_id: Some(other) } => {
            format!("MergeShards {shard_id} and {other}")
        }
        ScalingAction::Mode(mode) => format!("UpdateStreamMode to {}", mode.as_str()),
        ScalingAction::WarmThroughput(warm) => format!("UpdateStreamWarmThroughput to {warm}"),
    }
}

#[cfg(test)]
mod tests;
