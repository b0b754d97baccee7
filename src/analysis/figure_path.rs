//! Any figure of the result by its path: `stream.truth.hottest_shard_utilization_peak_1s`,
//! `shards.shardId-000000000003.utilization.mean`, `consumers.lake.iterator_age_ms.p90`.
//!
//! Elements of a list go by their `name`, their `shard_id` or their index from 0. A figure is read
//! of each replication on its own, from the same types that make the result.

use serde_json::Value;

use super::result::{ConsumerResult, ProducerResult, ShardResult, StreamResult, Unit};
use super::summary;
use crate::metrics::Observation;
use crate::scenario::Scenario;

/// The number at a path, in one replication; none where there is none.
pub(super) fn value(scenario: &Scenario, observation: &Observation, path: &str) -> Option<f64> {
    let (part, rest) = path.split_once('.')?;
    let part = match part {
        "stream" => serde_json::to_value(summary::stream(scenario, observation)),
        "producers" => serde_json::to_value(summary::producers(scenario, observation)),
        "shards" => serde_json::to_value(summary::shards(scenario, observation)),
        "consumers" => serde_json::to_value(summary::consumers(scenario, observation)),
        _ => return None,
    };
    number_at(&part.ok()?, rest)
}

fn number_at(value: &Value, path: &str) -> Option<f64> {
    let (first, rest) = path.split_once('.').map_or((path, None), |(a, b)| (a, Some(b)));
    let below = match value {
        Value::Object(fields) => fields.get(first)?,
        Value::Array(items) => element(items, first)?,
        _ => return None,
    };
    match rest {
        Some(rest) => number_at(below, rest),
        None => below.as_f64(),
    }
}

fn element<'a>(items: &'a [Value], key: &str) -> Option<&'a Value> {
    let named = |item: &&Value| {
        ["name", "shard_id"].iter().any(|field| item.get(field).is_some_and(|name| name == key))
    };
    items.iter().find(named).or_else(|| items.get(key.parse::<usize>().ok()?))
}

/// Whether a path can have a number in the result of `scenario`; what is wrong with it otherwise.
pub(super) fn check(scenario: &Scenario, path: &str) -> Result<(), String> {
    let (part, rest) = path.split_once('.').ok_or_else(|| unknown_part(path))?;
    let shards: Vec<&str> =
        scenario.stream.shards.iter().map(|shard| shard.shard_id.as_str()).collect();
    let producers: Vec<&str> = scenario.producers.iter().map(|each| each.name.as_str()).collect();
    let consumers: Vec<&str> = scenario.consumers.iter().map(|each| each.name.as_str()).collect();
    match part {
        "stream" => field(&schema::<StreamResult>(), rest),
        "producers" => in_list(&producers, rest, &schema::<ProducerResult>()),
        "shards" => in_list(&shards, rest, &schema::<ShardResult>()),
        "consumers" => in_list(&consumers, rest, &schema::<ConsumerResult>()),
        _ => Err(unknown_part(part)),
    }
}

fn unknown_part(part: &str) -> String {
    format!(
        "`{part}` is no part of the result: write `stream.`, `producers.`, `shards.` or `consumers.`"
    )
}

fn schema<T: schemars::JsonSchema>() -> Value {
    schemars::schema_for!(T).to_value()
}

fn in_list(names: &[&str], path: &str, schema: &Value) -> Result<(), String> {
    let (name, rest) = path.split_once('.').ok_or_else(|| format!("`{path}` names no figure"))?;
    let is_index = name.parse::<usize>().is_ok_and(|index| index < names.len());
    if !is_index && !names.contains(&name) {
        return Err(format!("there is no `{name}`"));
    }
    field(schema, rest)
}

/// Whether the path leads to a number by the schema of the result.
fn field(root: &Value, path: &str) -> Result<(), String> {
    let mut below = root;
    for key in path.split('.') {
        below = below
            .get("properties")
            .and_then(|fields| fields.get(key))
            .ok_or_else(|| format!("the result has no figure `{key}` there"))?;
        let options = below.get("anyOf").and_then(Value::as_array).into_iter().flatten();
        let reference = options.chain([below]).find_map(|option| option.get("$ref")?.as_str());
        if let Some(target) = reference.and_then(|it| root.pointer(it.trim_start_matches('#'))) {
            below = target;
        }
    }
    let types: Vec<&str> = match below.get("type") {
        Some(Value::Array(types)) => types.iter().filter_map(Value::as_str).collect(),
        Some(Value::String(one)) => vec![one],
        _ => Vec::new(),
    };
    let is_number = types.iter().any(|name| matches!(*name, "number" | "integer"));
    if is_number { Ok(()) } else { Err("the path does not lead to a number".to_owned()) }
}

/// The unit of a figure, as its name says.
pub(super) fn unit(path: &str) -> Unit {
    let is_ratio = |word: &str| path.contains(word);
    if path.contains("_ms") {
        Unit::Ms
    } else if ["ratio", "utilization", "share"].into_iter().any(is_ratio) {
        Unit::Ratio
    } else if path.ends_with("over_mean") {
        Unit::Multiple
    } else {
        Unit::Records
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::testing;

    #[test]
    fn any_number_of_the_result_has_a_path() {
        let (scenario, seen) = (testing::scenario(), testing::observation());
        for (path, expected) in [
            ("stream.shards_start", 4.0),
            ("shards.shardId-000000000000.write_throttled_records", 60_000.0),
            ("shards.0.write_throttled_records", 60_000.0),
            ("stream.truth.seconds_with_throttling_ratio", 1.0),
        ] {
            assert_eq!(check(&scenario, path), Ok(()), "{path}");
            let value = value(&scenario, &seen, path).unwrap();
            assert!((value - expected).abs() < 1e-9, "{path}: {value}");
        }
        assert_eq!(check(&scenario, "consumers.lake.iterator_age_ms.p99"), Ok(()));
        assert!(value(&scenario, &seen, "consumers.lake.iterator_age_ms.p99").is_some());
    }

    #[test]
    fn a_path_to_nothing_is_refused_before_the_run() {
        let scenario = testing::scenario();
        for path in [
            "throttled",
            "streams.shards_start",
            "stream.nothing",
            "stream.mode",
            "shards.shardId-9.incoming_records",
            "shards.4.incoming_records",
            "consumers.nobody.backlog_records",
            "shards.0.hottest_keys",
        ] {
            assert!(check(&scenario, path).is_err(), "{path}");
        }
    }
}
