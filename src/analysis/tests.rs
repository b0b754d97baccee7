//! The document as a whole.

use super::*;

fn document() -> ResultDocument {
    analyse(&testing::scenario(), &[testing::observation()], &Options::default())
}

#[test]
fn the_promised_field_names_stand() {
    let document = serde_json::to_value(document()).unwrap();
    let paths = [
        "/tool_version",
        "/scenario/name",
        "/scenario/digest",
        "/seed",
        "/replications",
        "/simulated_seconds",
        "/verdict",
        "/objectives/0/name",
        "/objectives/0/target",
        "/objectives/0/value",
        "/objectives/0/ci95",
        "/objectives/0/verdict",
        "/stream/mode",
        "/stream/shards_start",
        "/stream/shards_end",
        "/stream/incoming_records",
        "/stream/incoming_bytes",
        "/stream/write_throttled_records",
        "/stream/write_throttled_ratio",
        "/producers/0/generated_records",
        "/producers/0/put_latency_ms/p99",
        "/shards/0/shard_id",
        "/shards/0/starting_hash_key",
        "/shards/0/utilization/mean",
        "/shards/0/utilization/peak_1s",
        "/shards/0/hottest_keys/0/share",
        "/consumers/0/kind",
        "/consumers/0/iterator_age_ms/p50",
        "/consumers/0/end_to_end_latency_ms/max",
        "/cost/region",
        "/cost/currency",
        "/cost/price_date",
        "/cost/monthly_usd",
        "/cost/lines/0/item",
        "/cost/lines/0/quantity",
        "/cost/lines/0/unit",
        "/cost/lines/0/price_usd",
        "/cost/lines/0/monthly_usd",
        "/findings/0/evidence",
        "/findings/0/advice",
        "/assumptions/0/provenance",
        "/series/0/start_seconds",
    ];
    for path in paths {
        assert!(document.pointer(path).is_some(), "{path}");
    }
    assert_eq!(document["verdict"], "fail");
    assert_eq!(document["shards"][3]["ending_hash_key"], u128::MAX.to_string());
}

#[test]
fn the_schema_names_every_field_of_the_document() {
    let (document, schema) = (serde_json::to_value(document()).unwrap(), result_schema());
    for name in document.as_object().unwrap().keys() {
        let property = &schema["properties"][name];
        assert!(property["description"].is_string() || property["$ref"].is_string(), "{name}");
    }
}

#[test]
fn what_was_not_observed_is_null() {
    let mut observation = testing::observation();
    observation.consumers[0].iterator_age_ms.reset();
    let document = analyse(&testing::scenario(), &[observation], &Options::default());
    assert_eq!(document.consumers[0].iterator_age_ms, None);
}

#[test]
fn the_cloudwatch_view_begins_with_the_end_of_the_warm_up() {
    let (mut scenario, mut observation) = (testing::scenario(), testing::observation());
    scenario.warm_up = Span::from_seconds(90);
    testing::count_after(scenario.warm_up, &mut observation);
    let stream = analyse(&scenario, &[observation], &Options::default()).stream;
    assert_eq!(stream.cloudwatch.write_provisioned_throughput_exceeded_sum, 200 * 210);
    assert_eq!(stream.cloudwatch.minutes_with_throttling, 4);
    assert_eq!(stream.cloudwatch.incoming_records_max_per_minute, 1_800 * 60);
    assert_eq!(stream.truth.seconds_with_throttling, 210);
}

#[test]
fn counts_are_those_of_the_first_replication() {
    let observations = testing::replications(&[100, 9_000]);
    let document = analyse(&testing::scenario(), &observations, &Options::default());
    assert_eq!(document.stream.write_throttled_records, 100);
}

#[test]
fn a_sum_of_a_later_replication_is_shown_when_it_does_not_hold() {
    let mut observations = testing::replications(&[200, 200]);
    let sums = |observations: &[Observation]| {
        analyse(&testing::scenario(), observations, &Options::default()).accounting
    };
    assert!(sums(&observations).iter().all(|row| row.holds));
    observations[1].producers[0].accepted += 1;
    let broken: Vec<_> = sums(&observations).into_iter().filter(|row| !row.holds).collect();
    assert_eq!(broken[0].subject, "checkout (replication 1)");
}
