//! Policies that scale a provisioned stream.

use super::{Context, or, scaling_utils};
use crate::scenario::raw;
use crate::scenario::tree::Node;
use crate::scenario::{AlarmCondition, Policy, PolicyKind, StepAlarm, StepChange};
use crate::time::Span;

/// Most shards where a policy names none. Source: Kinesis API reference, UpdateShardCount.
const SHARDS_MAX: u32 = 10_000;
const MINUTE: Span = Span::from_seconds(60);
const COOL_OFF: Span = Span::from_seconds(300);

/// Checks a policy; nothing where its file has a problem.
pub(super) fn policy(
    raw: &raw::Policy,
    node: &Node,
    context: &mut Context<'_, '_>,
) -> Option<Policy> {
    let policy = match raw {
        raw::Policy::TargetUtilization(raw) => {
            let node = node.at("target_utilization");
            if raw.target.0.0 <= 0.0 {
                let message = "`target` must be more than zero";
                context.error("out-of-range", node.at("target"), message);
            }
            let kind = PolicyKind::TargetUtilization {
                target: raw.target.0,
                up_after: raw.up_after_minutes.unwrap_or(3),
                down_after: raw.down_after_minutes.unwrap_or(15),
                cool_off: or(raw.cool_off.as_ref(), COOL_OFF),
            };
            let bounds = (raw.min_shards, raw.max_shards, raw.check_every.as_ref());
            bounded(bounds, kind, node, context)
        }
        raw::Policy::StepAlarms(raw) => {
            let node = node.at("step_alarms");
            let alarms = raw.alarms.iter().enumerate();
            let alarms = alarms
                .filter_map(|(index, raw)| alarm(raw, node.at("alarms").item(index), context))
                .collect();
            let bounds = (raw.min_shards, raw.max_shards, raw.check_every.as_ref());
            bounded(bounds, PolicyKind::StepAlarms(alarms), node, context)
        }
        raw::Policy::ScalingUtils(raw) => {
            scaling_utils::read(raw, node.at("scaling_utils"), context)?
        }
    };
    if policy.max_shards < policy.min_shards {
        let (least, most) = (policy.min_shards, policy.max_shards);
        let message = format!("at most {most} shards cannot be at least {least}");
        context.error("conflict", node, message);
    }
    Some(policy)
}

fn bounded(
    (least, most, check_every): (Option<u32>, Option<u32>, Option<&super::Written<Span>>),
    kind: PolicyKind,
    node: &Node,
    context: &mut Context<'_, '_>,
) -> Policy {
    let check_every = or(check_every, MINUTE);
    if check_every < Span::SECOND {
        let message = format!("`check_every` must be at least 1 s, but it is {check_every}");
        let help = "metrics come once a minute";
        context.error("out-of-range", node.at("check_every"), message).help(help);
    }
    Policy {
        min_shards: least.unwrap_or(1),
        max_shards: most.unwrap_or(SHARDS_MAX),
        check_every,
        kind,
    }
}

/// Words of an alarm of which exactly one is written.
const CONDITIONS: [&str; 5] = [
    "utilization_above",
    "utilization_below",
    "throttled_above",
    "iterator_age_above",
    "iterator_age_below",
];
const STEPS: [&str; 3] = ["add_shards", "remove_shards", "multiply_by"];

/// Reports when not exactly one of some words is written.
fn exactly_one(words: &[&str], node: &Node, context: &mut Context<'_, '_>) {
    let written: Vec<&str> = node.keys().filter(|key| words.contains(key)).collect();
    let help = format!("write exactly one of {}", words.join(", "));
    match written[..] {
        [_] => {}
        [] => {
            let message = "this alarm lacks a condition or a step";
            context.error("missing-alternative", node, message).help(help);
        }
        [_, second, ..] => {
            let message = format!("`{second}` is one too many");
            context.error("two-alternatives", node.at(second), message).help(help);
        }
    }
}

fn alarm(raw: &raw::StepAlarm, node: &Node, context: &mut Context<'_, '_>) -> Option<StepAlarm> {
    exactly_one(&CONDITIONS, node, context);
    exactly_one(&STEPS, node, context);
    let condition = if let Some(above) = &raw.utilization_above {
        AlarmCondition::UtilizationAbove(above.0)
    } else if let Some(below) = &raw.utilization_below {
        AlarmCondition::UtilizationBelow(below.0)
    } else if let Some(above) = &raw.throttled_above {
        AlarmCondition::ThrottledAbove(above.0)
    } else if let Some(above) = &raw.iterator_age_above {
        AlarmCondition::IteratorAgeAbove(above.0)
    } else {
        AlarmCondition::IteratorAgeBelow(raw.iterator_age_below.as_ref()?.0)
    };
    let step = match (raw.add_shards, raw.remove_shards, raw.multiply_by) {
        (Some(shards), _, _) => StepChange::Add(shards),
        (_, Some(shards), _) => StepChange::Remove(shards),
        (_, _, factor) => StepChange::MultiplyBy(factor?),
    };
    let evaluation_minutes = raw.evaluation_minutes.unwrap_or(3);
    let breaching_minutes = raw.breaching_minutes.unwrap_or(evaluation_minutes);
    if breaching_minutes > evaluation_minutes {
        let message = format!(
            "{breaching_minutes} breaching minutes of {evaluation_minutes} looked at can never be"
        );
        context.error("conflict", node.at("breaching_minutes"), message);
    }
    let cool_off = or(raw.cool_off.as_ref(), COOL_OFF);
    Some(StepAlarm { condition, evaluation_minutes, breaching_minutes, step, cool_off })
}
