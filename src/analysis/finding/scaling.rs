//! Findings on what changed the shards.

use super::finding;
use crate::analysis::number::{count, of, percent};
use crate::analysis::result::{Finding, ScalingOutcome, ScalingResult, Severity};
use crate::analysis::scaling::scaling;
use crate::metrics::Observation;
use crate::scenario::Scenario;

/// An overshoot of this part of what is needed is worth a finding.
const OVERSHOOT: f64 = 0.25;
/// So many changes back and forth are flapping.
const FLAPPING: u64 = 2;

pub(super) fn find(scenario: &Scenario, seen: &Observation, findings: &mut Vec<Finding>) {
    let Some(result) = scaling(scenario, seen) else { return };
    findings.extend(overshoot(&result));
    findings.extend(flapping(&result));
    findings.extend(refused(&result));
}

/// A policy that adds more than it needs.
fn overshoot(result: &ScalingResult) -> Option<Finding> {
    let worst = result.actions.iter().max_by_key(|action| action.overshoot_shards)?;
    let more = worst.overshoot_shards?;
    let needed = worst.shards_after - more;
    if (more as f64) < OVERSHOOT * needed.max(1) as f64 || more < 1 {
        return None;
    }
    Some(finding(
        "policy-overshoots",
        Severity::Warning,
        "stream",
        format!(
            "The policy went up to {}; {} would have met what it aims at over the hour: {} too many.",
            of(worst.shards_after, "shard"),
            count(needed),
            count(more),
        ),
        &[("shards", worst.shards_after as f64), ("needed_shards", needed as f64)],
        "It looks again before its last change shows in the metrics. Wait for longer after a change \
         than the reshard and the minutes that it evaluates take together, or step by the measured \
         load instead of a fixed factor."
            .to_owned(),
    ))
}

fn flapping(result: &ScalingResult) -> Option<Finding> {
    (result.reversals >= FLAPPING).then(|| {
        finding(
            "capacity-flaps",
            Severity::Warning,
            "stream",
            format!(
                "Shards were added and taken away again, or the other way round, within an hour: {}.",
                of(result.reversals, "time"),
            ),
            &[("reversals", result.reversals as f64)],
            "Leave more room between the utilization at which shards are added and the one at which \
             they are taken away, and wait longer before taking away. UpdateShardCount has ten calls \
             a day."
                .to_owned(),
        )
    })
}

/// Calls that the service refused.
fn refused(result: &ScalingResult) -> Option<Finding> {
    let is_refused = |outcome| outcome == ScalingOutcome::Refused;
    let first = result.actions.iter().find(|action| is_refused(action.outcome))?;
    let share = result.refused as f64 / result.actions.len() as f64;
    Some(finding(
        "capacity-change-refused",
        Severity::Warning,
        "stream",
        format!(
            "The service refused {} of {} ({}); the first, {}: {}.",
            count(result.refused),
            of(result.actions.len() as u64, "call"),
            percent(share),
            first.action,
            first.reason.as_deref().unwrap_or("no reason"),
        ),
        &[("refused", result.refused as f64)],
        "Keep within the quotas of resharding, and wait until the stream is ACTIVE.".to_owned(),
    ))
}
