//! What a run prints, held against the schema that is published: every field is described, every
//! described field that must be there is, and each is of the type that it is said to be.

use std::process::Command;

use serde_json::Value;

/// Something of every part of the document: throttling, two kinds of consumers, replications.
const SCENARIO: &str = "\
version: 1
name: everything
question: Is every field described?
region: us-east-1
duration: 30 s
warm_up: 2 s
replications: 3
stream:
  capacity: { provisioned: { shards: 3 } }
producers:
  - name: web
    client: { put_records: {} }
    traffic: { constant: 2500 records/s }
    record_size: { constant: 200 B }
    partition_key: { zipf: { keys: 1000, exponent: 1.2 } }
consumers:
  - { name: archive, polling: { interval: 1 s } }
  - { name: alerts, enhanced_fan_out: { processing: { per_record: 5 ms } } }
objectives:
  write_throttled: { at_most: 0.1 % }
  iterator_age_p99: { at_most: 5 s }
  end_to_end_latency_p99: { consumer: alerts, at_most: 5 s }
";

fn printed(arguments: &[&str]) -> Value {
    let output =
        Command::new(env!("CARGO_BIN_EXE_shardplan")).args(arguments).output().unwrap().stdout;
    serde_json::from_slice(&output).unwrap()
}

/// The part of JSON Schema that the published one uses; answers with the first contradiction.
fn check(root: &Value, schema: &Value, value: &Value, path: &str) -> Result<(), String> {
    if let Some(reference) = schema["$ref"].as_str() {
        let target = root.pointer(reference.trim_start_matches('#')).unwrap();
        return check(root, target, value, path);
    }
    if let Some(options) = schema["anyOf"].as_array().or(schema["oneOf"].as_array()) {
        let fits = options.iter().any(|option| check(root, option, value, path).is_ok());
        return if fits { Ok(()) } else { Err(format!("{path} fits no alternative")) };
    }
    if schema.get("const").is_some_and(|only| only != value)
        || schema["enum"].as_array().is_some_and(|words| !words.contains(value))
    {
        return Err(format!("{path} is {value}"));
    }
    let types = match &schema["type"] {
        Value::Array(types) => types.iter().filter_map(Value::as_str).collect(),
        Value::String(one) => vec![one.as_str()],
        _ => return Ok(()),
    };
    let fits = |name: &&str| match *name {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        "integer" => value.is_u64(),
        "number" => value.is_number(),
        other => panic!("{path}: unknown type {other}"),
    };
    if !types.iter().any(fits) {
        return Err(format!("{path} is {value}, not {types:?}"));
    }
    for item in value.as_array().into_iter().flatten() {
        check(root, &schema["items"], item, &format!("{path}[]"))?;
    }
    let Some(fields) = value.as_object() else { return Ok(()) };
    for name in schema["required"].as_array().into_iter().flatten() {
        if !fields.contains_key(name.as_str().unwrap()) {
            return Err(format!("{path} has no {name}"));
        }
    }
    for (name, below) in fields {
        let Some(property) = schema["properties"].get(name) else {
            return Err(format!("{path}.{name} is not described"));
        };
        check(root, property, below, &format!("{path}.{name}"))?;
    }
    Ok(())
}

#[test]
fn what_a_run_prints_is_what_its_schema_describes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("everything.yaml");
    std::fs::write(&path, SCENARIO).unwrap();
    let schema = printed(&["schema", "--result"]);
    let mut document = printed(&["run", path.to_str().unwrap(), "--format", "json"]);
    assert_eq!(check(&schema, &schema, &document, "result"), Ok(()));
    for part in ["findings", "assumptions", "objectives", "series", "replication_intervals"] {
        assert!(!document[part].as_array().unwrap().is_empty(), "{part}");
    }
    document["seed"] = "seven".into();
    assert!(check(&schema, &schema, &document, "result").unwrap_err().contains("result.seed"));
}

/// Every row of the modes, and one that is not simulated.
#[test]
fn what_cost_prints_is_what_its_schema_describes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("everything.yaml");
    std::fs::write(&path, SCENARIO).unwrap();
    let schema = printed(&["schema", "--cost"]);
    let path = path.to_str().unwrap();
    let bounded = "producers.web.client={ put_records: { in_flight: 4 } }";
    for set in ["seed=7", bounded, "stream.capacity={ on_demand: {} }"] {
        let mut document = printed(&["cost", path, "--format", "json", "--set", set]);
        assert_eq!(check(&schema, &schema, &document, "cost"), Ok(()), "{set}");
        assert!(document["cost"]["replications"]["monthly_usd_ci95"].is_array(), "{set}");
        document["modes"][0]["is_safe"] = "yes".into();
        assert!(check(&schema, &schema, &document, "cost").is_err());
    }
}
