//! The configuration file of awslabs/amazon-kinesis-scaling-utils, as it is.
//!
//! An array of monitors, one for each stream. Names, defaults and rules are those of the program:
//! `checkInterval` 45 s, `refreshShardsNumberAfterMin` 10, no cool-off, both operations. A key that
//! stands twice has its last value, as its reader has it. Source: README and
//! AutoscalingConfiguration.java of the project.

use serde::Deserialize;
use serde_json::Value;

use super::Context;
use crate::scenario::raw;
use crate::scenario::tree::{Node, shorten};
use crate::scenario::{Policy, PolicyKind, ScalingUtils, UtilsStep};
use crate::time::Span;

/// Seconds between two checks where the file gives none.
const CHECK_SECONDS: u64 = 45;
/// Minutes after which the number of shards is looked up where the file gives none.
const REFRESH_MINUTES: u64 = 10;
/// Most shards where the file gives none.
const SHARDS_MAX: u32 = 10_000;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Monitor {
    stream_name: String,
    #[serde(rename = "region")]
    _region: Option<String>,
    #[serde(default, alias = "scaleOnOperations")]
    scale_on_operation: Vec<Operation>,
    min_shards: Option<u32>,
    max_shards: Option<u32>,
    refresh_shards_number_after_min: Option<u64>,
    check_interval: Option<u64>,
    scale_up: Option<Scale>,
    scale_down: Option<Scale>,
}

#[derive(Clone, Copy, Deserialize, PartialEq)]
#[serde(rename_all = "UPPERCASE")]
enum Operation {
    Put,
    Get,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Scale {
    scale_threshold_pct: u32,
    scale_after_mins: u32,
    scale_count: Option<u32>,
    scale_pct: Option<u32>,
    cool_off_mins: Option<u64>,
    #[serde(rename = "notificationARN", alias = "notificationArn")]
    _notification_arn: Option<String>,
}

impl Scale {
    fn step(&self) -> UtilsStep {
        UtilsStep {
            threshold: f64::from(self.scale_threshold_pct) / 100.0,
            after_minutes: self.scale_after_mins,
            count: self.scale_count,
            percent: self.scale_pct,
            cool_off: minutes(self.cool_off_mins.unwrap_or(0)),
        }
    }
}

const fn minutes(count: u64) -> Span {
    // A year of minutes is more than any run.
    Span::from_seconds(if count > 527_040 { 527_040 } else { count } * 60)
}

/// The policy of the monitor that is wanted; nothing where the file has a problem.
pub(super) fn read(
    raw: &raw::ScalingUtils,
    node: &Node,
    context: &mut Context<'_, '_>,
) -> Option<Policy> {
    let bytes = context.read_file(&raw.file, node.at("file"))?;
    match monitor(&bytes, raw.stream_name.as_deref()).and_then(|monitor| policy(&monitor)) {
        Ok(policy) => Some(policy),
        Err(problem) => {
            let message = format!("`{}`: {problem}", raw.file);
            let help = "it is the configuration of awslabs/amazon-kinesis-scaling-utils, an array \
                        of monitors as in its README";
            context.error("bad-policy-file", node.at("file"), message).help(help);
            None
        }
    }
}

fn monitor(bytes: &[u8], wanted: Option<&str>) -> Result<Monitor, String> {
    // By way of a value, in which the last of several equal keys wins.
    let value: Value = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    let list = match value {
        Value::Array(list) => list,
        one @ Value::Object(_) => vec![one],
        _ => return Err("it is no array of monitors".to_owned()),
    };
    let monitors: Vec<Monitor> = list
        .into_iter()
        .map(serde_json::from_value)
        .collect::<Result<_, _>>()
        .map_err(|error| error.to_string())?;
    let names: Vec<String> =
        monitors.iter().map(|monitor| shorten(&monitor.stream_name).to_string()).collect();
    let mut fitting = monitors
        .into_iter()
        .filter(|monitor| wanted.is_none_or(|wanted| monitor.stream_name == wanted));
    match (fitting.next(), fitting.next(), wanted) {
        (Some(monitor), None, _) => Ok(monitor),
        (Some(_), Some(_), _) => Err(format!(
            "it monitors several streams; name one with `stream_name`: {}",
            names.join(", ")
        )),
        (None, _, Some(wanted)) => {
            Err(format!("it has no monitor of `{wanted}`, but of {}", names.join(", ")))
        }
        (None, ..) => Err("it has no monitor".to_owned()),
    }
}

fn policy(monitor: &Monitor) -> Result<Policy, String> {
    if monitor.scale_up.is_none() && monitor.scale_down.is_none() {
        return Err("it has neither `scaleUp` nor `scaleDown`".to_owned());
    }
    for (name, scale) in [("scaleUp", &monitor.scale_up), ("scaleDown", &monitor.scale_down)] {
        if scale.as_ref().is_some_and(|one| one.scale_count.is_none() && one.scale_pct.is_none()) {
            return Err(format!("`{name}` has neither `scaleCount` nor `scalePct`"));
        }
    }
    let on = |operation| {
        monitor.scale_on_operation.is_empty() || monitor.scale_on_operation.contains(&operation)
    };
    Ok(Policy {
        min_shards: monitor.min_shards.unwrap_or(1).max(1),
        max_shards: monitor.max_shards.unwrap_or(SHARDS_MAX).max(1),
        check_every: Span::from_seconds(
            monitor.check_interval.unwrap_or(CHECK_SECONDS).clamp(1, 31_536_000),
        ),
        kind: PolicyKind::ScalingUtils(ScalingUtils {
            on_put: on(Operation::Put),
            on_get: on(Operation::Get),
            refresh_every: minutes(
                monitor.refresh_shards_number_after_min.unwrap_or(REFRESH_MINUTES),
            ),
            up: monitor.scale_up.as_ref().map(Scale::step),
            down: monitor.scale_down.as_ref().map(Scale::step),
        }),
    })
}
