//! What changed the shards of a stream, and what came of it.

use super::result::{ScalingActionResult, ScalingOutcome, ScalingResult};
use crate::metrics::{Observation, ObservedChange};
use crate::model::capacity::{CapacityChange, Cause, Outcome};
use crate::scenario::{AlarmCondition, Policy, PolicyKind, Scenario};
use crate::time::{NANOSECONDS_PER_SECOND, Span};

/// Two changes in opposite directions so near to each other are a reversal, in nanoseconds.
const REVERSAL: u64 = 3_600 * 1_000_000_000;
/// A minute in nanoseconds.
const MINUTE: u64 = 60 * 1_000_000_000;
/// Minutes over which a change is to be of use.
const MINUTES_IN_HOUR: usize = 61;

/// What changed the shards; nothing where nothing could.
pub(super) fn scaling(scenario: &Scenario, seen: &Observation) -> Option<ScalingResult> {
    let scaling = seen.scaling.as_ref()?;
    let changes = || scaling.changes.iter().map(|seen| &seen.change);
    let count = |of: fn(&Outcome) -> bool| changes().filter(|one| of(&one.outcome)).count() as u64;
    Some(ScalingResult {
        mode_end: scaling.mode_end.as_str().to_owned(),
        shards_max: most_open(seen),
        done: count(|outcome| matches!(outcome, Outcome::Done(_))),
        refused: count(|outcome| matches!(outcome, Outcome::Refused(_))),
        reversals: reversals(changes()),
        overshoot_shards_max: overshoots(scenario, seen).into_iter().flatten().max(),
        actions: scaling
            .changes
            .iter()
            .zip(overshoots(scenario, seen))
            .map(|(change, overshoot)| action(change, overshoot))
            .collect(),
    })
}

/// The utilization that a policy aims at, or the one above which it adds shards.
fn aim(policy: &Policy) -> f64 {
    match &policy.kind {
        PolicyKind::TargetUtilization { target, .. } => target.0,
        PolicyKind::StepAlarms(alarms) => {
            let above = alarms.iter().filter_map(|alarm| match alarm.condition {
                AlarmCondition::UtilizationAbove(ratio) => Some(ratio.0),
                _ => None,
            });
            above.fold(1.0, f64::min)
        }
        PolicyKind::ScalingUtils(utils) => utils.up.map_or(1.0, |step| step.threshold.min(1.0)),
    }
}

/// Of each change by a policy that added shards, how many more than it aims at the busiest minute
/// of the hour after the call needed; nothing for other changes.
fn overshoots(scenario: &Scenario, seen: &Observation) -> Vec<Option<u64>> {
    let (Some(scaling), Some(policy)) = (&seen.scaling, &scenario.stream.scaling.policy) else {
        return vec![None; seen.scaling.as_ref().map_or(0, |scaling| scaling.changes.len())];
    };
    let filled = filled_by_minute(scenario, seen);
    let aim = aim(policy).max(f64::MIN_POSITIVE);
    let of = |seen: &ObservedChange| {
        let change = &seen.change;
        let is_done = matches!(change.outcome, Outcome::Done(_));
        let is_up = change.shards_after > change.shards_before;
        if !is_done || !is_up || !matches!(change.cause, Cause::Policy(_)) {
            return None;
        }
        let first = (change.at / MINUTE) as usize;
        let hour = filled.iter().skip(first.saturating_sub(1)).take(MINUTES_IN_HOUR);
        let busiest = hour.copied().fold(0.0, f64::max);
        let needed = ((busiest / aim).ceil() as u64).max(u64::from(policy.min_shards));
        Some((change.shards_after as u64).saturating_sub(needed))
    };
    scaling.changes.iter().map(of).collect()
}

/// Shards that each minute's new records would fill if they spread evenly.
fn filled_by_minute(scenario: &Scenario, seen: &Observation) -> Vec<f64> {
    let step = (seen.series.step().nanoseconds() / NANOSECONDS_PER_SECOND).max(1) as usize;
    let records = scenario.quotas.shard_write_records.0.as_per_second() * 60.0;
    let bytes = scenario.quotas.shard_write_bytes.0.as_per_second() * 60.0;
    let rows: Vec<(u64, u64)> =
        seen.series.rows().map(|row| (row.generated_records, row.generated_bytes)).collect();
    let minutes = rows.chunks((60 / step).max(1));
    minutes
        .map(|rows| {
            let sum = |of: fn(&(u64, u64)) -> u64| rows.iter().map(of).sum::<u64>() as f64;
            (sum(|row| row.0) / records).max(sum(|row| row.1) / bytes)
        })
        .collect()
}

fn action(seen: &ObservedChange, overshoot_shards: Option<u64>) -> ScalingActionResult {
    let change = &seen.change;
    let seconds = |at: u64| Span::from_nanoseconds(at).as_seconds();
    let (outcome, reason, landed) = match &change.outcome {
        Outcome::Done(at) => (ScalingOutcome::Done, None, Some(seconds(*at))),
        Outcome::Refused(reason) => (ScalingOutcome::Refused, Some(reason.clone()), None),
        Outcome::UnderWay => (ScalingOutcome::UnderWay, None, None),
    };
    ScalingActionResult {
        at_seconds: seconds(change.at),
        cause: match &change.cause {
            Cause::Schedule => "schedule".to_owned(),
            Cause::Service(reason) => format!("service: {reason}"),
            Cause::Policy(reason) => format!("policy: {reason}"),
        },
        action: change.action.clone(),
        shards_before: change.shards_before as u64,
        shards_after: change.shards_after as u64,
        outcome,
        reason,
        landed_at_seconds: landed,
        throttled_before_landing: seen.throttled_before_done,
        overshoot_shards,
    }
}

/// Most shards that were open at the same time.
pub(super) fn most_open(seen: &Observation) -> u64 {
    let mut steps: Vec<(Span, i64)> = Vec::new();
    for shard in &seen.shards {
        steps.push((shard.opened, 1));
        steps.extend(shard.closed.map(|closed| (closed, -1)));
    }
    // At the same time shards close before others open.
    steps.sort_unstable();
    let (mut open, mut most) = (0i64, 0);
    for (_, step) in steps {
        open += step;
        most = most.max(open);
    }
    most.unsigned_abs()
}

/// Done changes that go the other way than the one before, within an hour of it.
fn reversals<'a>(changes: impl Iterator<Item = &'a CapacityChange>) -> u64 {
    let done = |change: &&CapacityChange| {
        matches!(change.outcome, Outcome::Done(_)) && change.shards_before != change.shards_after
    };
    let steps: Vec<(u64, bool)> =
        changes.filter(done).map(|one| (one.at, one.shards_after > one.shards_before)).collect();
    let reverses =
        |pair: &&[(u64, bool)]| pair[0].1 != pair[1].1 && pair[1].0 - pair[0].0 <= REVERSAL;
    steps.windows(2).filter(reverses).count() as u64
}
