//! Plans with a known answer.

use super::*;
use crate::engine::Control;
use crate::hash_key::HashKey;
use crate::scenario::{self, Override, Source};

const SKEWED: &str = "
version: 1
name: skewed
duration: 60 s
stream: { capacity: { provisioned: { shards: 4 } } }
producers:
  - name: app
    client: { put_record: {} }
    traffic: { constant: 2000 records/s }
    record_size: { constant: 100 B }
    partition_key: { random: {} }
";

fn read(overrides: &[&str]) -> Scenario {
    let overrides: Vec<_> = overrides.iter().map(|over| Override::parse(over).unwrap()).collect();
    let source = Source { name: "test.yaml".to_owned(), text: SKEWED.to_owned() };
    let read = scenario::read(&source, &overrides, &mut |_| Err(String::new()));
    read.unwrap_or_else(|problems| panic!("{}", problems.render(false)))
}

fn planned(overrides: &[&str], shards: Option<u32>, utilization: Option<f64>) -> EveningDocument {
    let options = EveningOptions { shards, utilization };
    even_out(&read(overrides), &options, &|_| Control::Continue).unwrap()
}

/// Four even shards of random keys: 500 of 1,000 records/s each.
#[test]
fn an_even_stream_needs_no_steps() {
    let document = planned(&[], None, None);
    assert_eq!(document.outcome, Outcome::NothingToDo);
    assert!(document.steps.is_empty());
    assert!((document.before.hottest_utilization - 0.5).abs() < 1e-9);
    assert!((document.evenest_utilization - 0.5).abs() < 1e-2);
}

/// From four even shards to eight: each is split in the middle, as the service does by default.
#[test]
fn an_even_stream_is_split_in_the_middle() {
    let document = planned(&[], Some(8), Some(0.26));
    assert_eq!(document.steps.len(), 4);
    for step in &document.steps {
        assert_eq!(step.kind, StepKind::Split);
        let at: u128 = step.new_starting_hash_key.as_ref().unwrap().parse().unwrap();
        assert_eq!(at % (1 << 125), 0, "an eighth of the hash keys");
        assert!(step.children_utilization.iter().all(|load| (load - 0.25).abs() < 1e-3));
    }
    assert_eq!(document.outcome, Outcome::Reached);
}

/// Two keys of 900 records/s each that share a shard come apart, and neighbours are merged to make
/// room; an even cut of as many shards leaves them together.
#[test]
fn two_hot_keys_of_one_shard_come_apart() {
    // The least pair of names whose hash keys lie in the same thirty-second.
    let place = |name: &str| HashKey::of(name.as_bytes()).0 >> 123;
    let names: Vec<String> = (0..40).map(|number| format!("key-{number}")).collect();
    let second =
        |first: &String| names.iter().find(|name| *name > first && place(name) == place(first));
    let (one, other) = names.iter().find_map(|first| Some((first, second(first)?))).unwrap();
    let keys = format!(
        "producers.app.partition_key={{ weighted: [ {{ key: {one}, weight: 9 }}, {{ key: {other}, \
         weight: 9 }}, {{ key: a, weight: 1 }}, {{ key: b, weight: 1 }} ] }}"
    );
    let document = planned(&[&keys], None, None);
    assert_eq!(document.outcome, Outcome::Reached);
    assert!((document.before.hottest_utilization - 1.8).abs() < 0.11);
    assert!(document.after.hottest_utilization < 1.0);
    assert!(document.uniform.hottest_utilization > 1.7);
    assert_eq!(document.after.shards, 4);
    assert!(document.after.throttled_ratio < 0.01 && document.before.throttled_ratio > 0.2);
    assert!(document.steps.iter().any(|step| step.kind == StepKind::Merge));
}

/// No border divides a key.
#[test]
fn one_hot_key_cannot_be_divided() {
    let keys = "producers.app.partition_key={ weighted: [ { key: hot, weight: 9 }, { key: b, weight: 1 } ] }";
    let document = planned(&[keys], Some(16), Some(0.8));
    assert_eq!(document.outcome, Outcome::OneKey);
    assert!((document.evenest_utilization - 1.8).abs() < 1e-6);
    assert!(document.stuck_shard_id.is_some());
}

/// The open shards always own every hash key once, and their loads add up.
#[test]
fn what_a_plan_leaves_owns_every_hash_key_once() {
    for shards in [2, 4, 7, 12] {
        let keys = "producers.app.partition_key={ zipf: { keys: 5000, exponent: 0.9 } }";
        let document = planned(&[keys], Some(shards), None);
        let mut next = 0_u128;
        for (number, shard) in (1..).zip(&document.shards) {
            assert_eq!(shard.starting_hash_key, next.to_string());
            let end: u128 = shard.ending_hash_key.parse().unwrap();
            assert!(end > next);
            next = end.wrapping_add(1);
            assert_eq!(next == 0, number == document.shards.len());
        }
        assert!(document.shards.len() <= shards as usize);
        let hottest = document.after.hottest_utilization;
        assert!(hottest <= document.uniform.hottest_utilization * 1.001, "{shards}");
        let planned =
            document.shards.iter().fold(0.0_f64, |most, shard| most.max(shard.utilization));
        assert!((planned - hottest).abs() < 1e-6, "{planned} {hottest}");
    }
}
