//! Each finding where its numbers call for it, and not where they do not.

use super::*;
use crate::analysis::testing;
use crate::metrics::ShardSeries;
use crate::scenario::{ExplicitHashKey, PartitionKey};
use crate::time::Span;

fn codes(findings: &[Finding]) -> Vec<&str> {
    findings.iter().map(|finding| finding.code.as_str()).collect()
}

fn find_one(scenario: &Scenario, observation: &Observation, code: &str) -> Option<Finding> {
    find(scenario, observation).into_iter().find(|finding| finding.code == code)
}

/// The run of the other tests with nothing wrong in it.
fn healthy() -> Observation {
    let mut observation = testing::observation();
    for shard in &mut observation.shards {
        shard.generated_records = 500 * testing::SECONDS;
        shard.write_throttled_records = 0;
        shard.throttled_by_records = 0;
        shard.hottest_keys.clear();
        shard.series = ShardSeries::new(Span::SECOND);
    }
    let producer = &mut observation.producers[0];
    (producer.throttled, producer.given_up) = (0, 0);
    testing::change_seconds(&mut observation, |_, second| {
        second.write_throttled_records = 0;
        second.consumers[1] = second.consumers[0];
    });
    observation
}

#[test]
fn a_healthy_run_has_no_findings() {
    let findings = find(&testing::scenario(), &healthy());
    assert!(findings.is_empty(), "{findings:#?}");
}

#[test]
fn findings_come_most_severe_first() {
    let findings = find(&testing::scenario(), &testing::observation());
    assert_eq!(
        codes(&findings),
        [
            "records-given-up",
            "write-throttled",
            "consumer-falls-behind",
            "minute-metric-hides-it",
            "hot-shard"
        ]
    );
}

#[test]
fn records_that_were_overtaken_are_said_with_their_share() {
    let (scenario, mut observation) = (testing::scenario(), testing::observation());
    observation.producers[0].out_of_order_records = Some(5_400);
    let finding = find_one(&scenario, &observation, "records-out-of-order").unwrap();
    let share = 5_400.0 / observation.producers[0].accepted as f64;
    assert!((finding.evidence[2].value - share).abs() < 1e-12);
    assert!(finding.message.starts_with("5,400 of "), "{}", finding.message);
}

#[test]
fn throttling_names_the_limit_that_binds_and_the_cure() {
    let (scenario, mut observation) = (testing::scenario(), testing::observation());
    let finding = find_one(&scenario, &observation, "write-throttled").unwrap();
    assert_eq!(
        finding.message,
        "1 of 4 shards refused 60,000 of 600,000 attempts (10 %); the limit of 1,000 records/s a \
         shard binds."
    );
    assert!(finding.advice.contains("shardId-000000000000 gets 2.40 times"), "{}", finding.advice);
    for shard in &mut observation.shards {
        shard.generated_records = 500 * testing::SECONDS;
    }
    testing::change_seconds(&mut observation, |index, second| {
        second.generated_records = if index == 9 { 5_500 } else { 2_000 };
    });
    let advice = find_one(&scenario, &observation, "write-throttled").unwrap().advice;
    assert!(advice.contains("fills 6 shards"), "{advice}");
}

#[test]
fn a_minute_below_the_limit_hides_throttling_and_a_full_one_does_not() {
    let (scenario, mut observation) = (testing::scenario(), testing::observation());
    let hidden = find_one(&scenario, &observation, "minute-metric-hides-it").unwrap();
    assert!(hidden.message.contains("shows 90 % utilization"), "{}", hidden.message);
    observation.shards[0].utilization_peak_1min = 1.0;
    assert!(find_one(&scenario, &observation, "minute-metric-hides-it").is_none());
}

#[test]
fn a_key_above_the_limit_of_a_shard_is_beyond_any_shard_count() {
    let (mut scenario, mut observation) = (testing::scenario(), testing::observation());
    assert!(find_one(&scenario, &observation, "hot-key").is_none(), "600 records/s fit");
    observation.shards[0].hottest_keys[0].generated_records = 1_150 * testing::SECONDS;
    let finding = find_one(&scenario, &observation, "hot-key").unwrap();
    assert_eq!(finding.severity, Severity::Critical);
    assert!(finding.message.contains("offers 1,150 records/s"), "{}", finding.message);
    assert!(finding.advice.contains("at least 2 buckets"), "{}", finding.advice);
    scenario.producers[0].explicit_hash_key = Some(ExplicitHashKey::Random);
    assert!(find_one(&scenario, &observation, "hot-key").is_none(), "the key does not route");
}

#[test]
fn a_key_above_the_limit_at_the_peak_only_is_a_warning() {
    let (scenario, mut observation) = (testing::scenario(), testing::observation());
    testing::change_seconds(&mut observation, |index, second| {
        second.generated_records = if (60..120).contains(&index) { 6_000 } else { 2_000 };
    });
    let finding = find_one(&scenario, &observation, "hot-key").unwrap();
    assert_eq!(finding.severity, Severity::Warning);
    assert!(finding.message.contains("in the busiest minute"), "{}", finding.message);
}

#[test]
fn shards_without_a_record_are_named_with_the_number_of_keys() {
    let (mut scenario, mut observation) = (testing::scenario(), healthy());
    observation.shards[2].generated_records = 0;
    if let PartitionKey::Zipf { keys, .. } = &mut scenario.producers[0].partition_key {
        *keys = 3;
    }
    let message = find_one(&scenario, &observation, "idle-shards").unwrap().message;
    assert_eq!(message, "1 of 4 shards got no record: 3 partition keys cannot fill 4 shards.");
}

#[test]
fn a_growing_backlog_names_the_bottleneck() {
    let finding =
        find_one(&testing::scenario(), &testing::observation(), "consumer-falls-behind").unwrap();
    assert_eq!(finding.subject, "alerts");
    assert_eq!(
        finding.message,
        "alerts reads 1,700 of 1,800 accepted records/s: its backlog grows by 100 records/s and \
         ends at 30,000 records, 15 s behind."
    );
    assert!(finding.advice.starts_with("Processing is the bottleneck: 1.1 ms a record is at"));
}

#[test]
fn a_consumer_that_is_refused_is_behind_for_that_reason() {
    let mut observation = testing::observation();
    let consumer = &mut observation.consumers[1];
    (consumer.read_throttled_calls, consumer.throttled_by_calls) = (600, 600);
    let advice =
        find_one(&testing::scenario(), &observation, "consumer-falls-behind").unwrap().advice;
    assert!(advice.starts_with("Throttled reads are the bottleneck: 50 %"), "{advice}");
}

#[test]
fn a_backlog_that_was_worked_off_does_not_grow() {
    let mut observation = healthy();
    testing::change_seconds(&mut observation, |index, second| {
        second.consumers[0].backlog_records = if index < 100 { 900_000 } else { 500 };
    });
    assert!(find_one(&testing::scenario(), &observation, "consumer-falls-behind").is_none());
}

#[test]
fn refused_reads_name_the_limit_and_the_interval_that_would_do() {
    let mut observation = healthy();
    let consumer = &mut observation.consumers[0];
    (consumer.read_calls, consumer.read_throttled_calls, consumer.throttled_by_calls) =
        (1_000, 100, 90);
    let finding = find_one(&testing::scenario(), &observation, "read-throttled").unwrap();
    assert!(finding.message.contains("(10 %), most by the limit of 5 calls/s a shard"));
    assert!(finding.advice.contains("at least 200 ms"), "{}", finding.advice);
}

#[test]
fn lost_and_oversized_records_are_critical() {
    let mut observation = healthy();
    observation.consumers[0].expired_records = 5;
    observation.producers[0].rejected = 3;
    let findings = find(&testing::scenario(), &observation);
    assert_eq!(codes(&findings), ["records-rejected", "records-expired"]);
    assert!(findings.iter().all(|finding| finding.severity == Severity::Critical));
}

#[test]
fn a_shard_that_is_offered_too_much_on_average_is_not_called_a_burst() {
    let (scenario, mut observation) = (testing::scenario(), testing::observation());
    for (shard, rate) in observation.shards.iter_mut().zip([1_020, 660, 660, 660]) {
        shard.generated_records = rate * testing::SECONDS;
    }
    let advice = find_one(&scenario, &observation, "write-throttled").unwrap().advice;
    assert!(
        advice.starts_with(
            "The stream as a whole has room, shardId-000000000000 has not: on average it is \
             offered 102 % of what it takes."
        ),
        "{advice}"
    );
    observation.shards[0].generated_records = 900 * testing::SECONDS;
    observation.shards[0].utilization_mean = 0.9;
    let advice = find_one(&scenario, &observation, "write-throttled").unwrap().advice;
    assert!(advice.starts_with("The mean fits on every shard"), "{advice}");
}

#[test]
fn rounding_that_fills_a_shard_is_named_as_the_cause() {
    let (mut scenario, mut observation) = (testing::scenario(), testing::observation());
    scenario.producers[0].client.calls = crate::scenario::PutCalls::PutRecord;
    let shard = &mut observation.shards[0];
    (shard.throttled_by_records, shard.throttled_by_bytes) = (0, 60_000);
    shard.series = ShardSeries::new(Span::SECOND);
    shard.series.push(crate::metrics::ShardSecond {
        incoming_records: 500,
        incoming_bytes: 550_000,
        charged_bytes: 1_024_000,
        write_throttled_records: 90,
    });
    let hidden = find_one(&scenario, &observation, "minute-metric-hides-it").unwrap();
    assert!(hidden.advice.contains("count 1.86 times the bytes"), "{}", hidden.advice);
    assert!(hidden.advice.contains("PutRecord rounds up each to 1 KiB"), "{}", hidden.advice);
}

#[test]
fn a_time_behind_is_found_although_the_backlog_was_worked_off() {
    let mut observation = healthy();
    testing::change_seconds(&mut observation, |index, second| {
        let behind = (100..150).contains(&index);
        second.consumers[0].iterator_age_ms_max = if behind { 90_000 } else { 900 };
    });
    let finding = find_one(&testing::scenario(), &observation, "consumer-was-behind").unwrap();
    assert_eq!(
        finding.message,
        "lake was up to 90 s behind, 100 s into the run; at half of all times it was 900 ms \
         behind or less, at the end 900 ms."
    );
    testing::change_seconds(&mut observation, |_, second| {
        second.consumers[0].iterator_age_ms_max = 90_000;
    });
    assert!(
        find_one(&testing::scenario(), &observation, "consumer-was-behind").is_none(),
        "a consumer that polls seldom is meant to be that late"
    );
}
