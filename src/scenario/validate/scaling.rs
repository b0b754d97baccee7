//! What changes the capacity of a stream while it runs.

use super::{Context, or, policy};
use crate::scenario::raw;
use crate::scenario::tree::Node;
use crate::scenario::{CapacityMode, ChildShards, Scaling, ScalingAction, ScheduledAction};
use crate::time::Span;
use crate::units::{ByteRate, GIB, Rate};

/// Highest warm throughput. Source: Kinesis API reference, UpdateStreamWarmThroughput.
const WARM_THROUGHPUT_MAX: u64 = 10 * GIB;

/// Checks the timetable and the policy.
pub(super) fn scaling(
    raw: Option<&raw::Scaling>,
    mode: CapacityMode,
    node: &Node,
    context: &mut Context<'_, '_>,
) -> Scaling {
    let Some(raw) = raw else {
        return Scaling::default();
    };
    let nodes = node.at("schedule");
    let mut schedule: Vec<ScheduledAction> = Vec::new();
    for (index, raw) in raw.schedule.iter().flatten().enumerate() {
        let node = nodes.item(index);
        if raw.at.0 >= context.duration {
            let message = format!("`at` is {}, but the run ends at {}", raw.at.0, context.duration);
            let help = "the call would never be made; move it, or let the run last longer";
            context.error("out-of-range", node.at("at"), message).help(help);
        }
        schedule.extend(action(raw, node, context));
    }
    // A stable sort: calls at the same time are made in the order of the file.
    schedule.sort_by_key(|action| action.at);
    let policy =
        raw.policy.as_ref().and_then(|raw| policy::policy(raw, node.at("policy"), context));
    if policy.is_some() && mode.is_on_demand() {
        let message = "a policy scales a provisioned stream; this one is on-demand";
        let help = "an on-demand stream takes no UpdateShardCount; leave the policy out";
        context.error("conflict", node.at("policy"), message).help(help);
    }
    Scaling { schedule, policy }
}

fn action(
    raw: &raw::ScheduledAction,
    node: &Node,
    context: &mut Context<'_, '_>,
) -> Option<ScheduledAction> {
    let action = if let Some(shards) = raw.update_shard_count {
        ScalingAction::UpdateShardCount(shards)
    } else if let Some(split) = &raw.split {
        let at = split.at_hash_key.as_ref().map(|at| at.0);
        ScalingAction::Split { shard_id: split.shard.clone(), at }
    } else if let Some(merge) = &raw.merge {
        ScalingAction::Merge {
            shard_id: merge.shard.clone(),
            adjacent_shard_id: merge.adjacent_shard.clone(),
        }
    } else if let Some(mode) = raw.mode {
        ScalingAction::Mode(match mode {
            raw::Mode::Provisioned => CapacityMode::Provisioned,
            raw::Mode::OnDemand => CapacityMode::OnDemand,
            raw::Mode::OnDemandAdvantage => {
                CapacityMode::OnDemandAdvantage { warm_throughput: None }
            }
        })
    } else {
        let warm = raw.warm_throughput.as_ref()?.0;
        check_warm_throughput(warm, node.at("warm_throughput"), context);
        ScalingAction::WarmThroughput(warm)
    };
    Some(ScheduledAction { at: raw.at.0, action })
}

/// Reports a warm throughput beyond what the service takes.
pub(super) fn check_warm_throughput(warm: ByteRate, node: &Node, context: &mut Context<'_, '_>) {
    let most = ByteRate(Rate::per_second(WARM_THROUGHPUT_MAX));
    if warm.0.as_per_second() > most.0.as_per_second() {
        let message = format!("`warm_throughput` is {warm}, but at most {most} can be set");
        let help = "a stream scales beyond its warm throughput as any on-demand stream does";
        context.error("out-of-range", node, message).help(help);
    }
}

/// In which order a consumer reads shards that came of others.
pub(super) fn child_shards(
    order: Option<raw::ChildShards>,
    found_every: Option<&super::Written<Span>>,
    node: &Node,
    context: &mut Context<'_, '_>,
) -> ChildShards {
    let default = ChildShards::default();
    let found_every = or(found_every, default.found_every);
    if found_every == Span::ZERO {
        let help = "the KCL looks every 10 s whether parents are finished";
        let message = "`child_shards_found_every` must be more than zero";
        context.error("out-of-range", node.at("child_shards_found_every"), message).help(help);
    }
    let parents_first = !matches!(order, Some(raw::ChildShards::AtOnce));
    ChildShards { parents_first, found_every }
}
