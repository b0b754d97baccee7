//! What changed the shards of a stream, and what came of it.

use super::result::{ScalingActionResult, ScalingOutcome, ScalingResult};
use crate::metrics::{Observation, ObservedChange};
use crate::model::capacity::{CapacityChange, Cause, Outcome};
use crate::time::Span;

/// Two changes in opposite directions so near to each other are a reversal, in nanoseconds.
const REVERSAL: u64 = 3_600 * 1_000_000_000;

/// What changed the shards; nothing where nothing could.
pub(super) fn scaling(seen: &Observation) -> Option<ScalingResult> {
    let scaling = seen.scaling.as_ref()?;
    let changes = || scaling.changes.iter().map(|seen| &seen.change);
    let count = |of: fn(&Outcome) -> bool| changes().filter(|one| of(&one.outcome)).count() as u64;
    Some(ScalingResult {
        mode_end: scaling.mode_end.as_str().to_owned(),
        shards_max: most_open(seen),
        done: count(|outcome| matches!(outcome, Outcome::Done(_))),
        refused: count(|outcome| matches!(outcome, Outcome::Refused(_))),
        reversals: reversals(changes()),
        actions: scaling.changes.iter().map(action).collect(),
    })
}

fn action(seen: &ObservedChange) -> ScalingActionResult {
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
    }
}

/// Most shards that were open at the same time.
fn most_open(seen: &Observation) -> u64 {
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
