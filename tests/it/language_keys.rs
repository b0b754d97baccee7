//! Partition keys of the language: what is read, and what is refused with which help.

use shardplan::scenario::{
    KeyComposition, KeyPiece, PartitionKey, RecordDistribution, Scenario, TimeUnit, Traffic,
};
use shardplan::time::Span;

use crate::language::{GOOD, check_good, read};

/// The second producer of the good scenario with the given partition key.
fn key_of(key: &str) -> PartitionKey {
    let over = format!("producers.batch.partition_key={key}");
    check_good(GOOD, &[&over]).producers[1].partition_key.clone()
}

fn composition_of(key: &str) -> KeyComposition {
    let PartitionKey::Composed(composition) = key_of(key) else {
        panic!("{key} has one part");
    };
    composition
}

/// The code and, in part, the help of the one problem that a partition key has.
#[track_caller]
fn check_key(key: &str, code: &str, help: &str) {
    let over = format!("producers.batch.partition_key={key}");
    check_problem(&[&over], code, help);
}

#[track_caller]
fn check_problem(overrides: &[&str], code: &str, help: &str) {
    let problems = read(GOOD, overrides).expect_err(overrides[0]);
    let [problem] = problems.all() else {
        panic!("{overrides:?}: {}", problems.render(false));
    };
    assert_eq!(problem.code(), code, "{overrides:?}");
    let found = problem.help_text().unwrap_or_default();
    assert!(found.contains(help), "{overrides:?}: {found}");
    assert_eq!(problem.source_name(), "--set");
}

#[test]
fn a_template_is_read_from_left_to_right() {
    let keys = composition_of(
        "{ template: { format: 'v1/{tenant}-{device}@{hour}', parts: { device: { uniform: { keys: \
         9 } }, tenant: { zipf: { keys: 5, exponent: 1, format: 't{n}' } } } } }",
    );
    let text = |text: &str| KeyPiece::Text(text.to_owned());
    let expected = [
        text("v1/"),
        KeyPiece::Part(1),
        text("-"),
        KeyPiece::Part(0),
        text("@"),
        KeyPiece::Time(TimeUnit::Hour),
    ];
    assert_eq!(keys.pieces, expected);
    let PartitionKey::Uniform { keys: 9, format } = &keys.parts[0].values else {
        panic!("parts stand in the order of their names");
    };
    assert_eq!(format.key(7), "7", "values of a part are bare numbers");
    let PartitionKey::Zipf { format, .. } = &keys.parts[1].values else {
        panic!("the second part is the tenant");
    };
    assert_eq!((format.key(4), keys.salted), ("t4".to_owned(), false));
}

#[test]
fn a_salt_stands_behind_any_key_or_where_its_format_says() {
    let keys = composition_of("{ single: a, salt: 3 }");
    let hash = KeyPiece::Text("#".to_owned());
    assert_eq!(keys.pieces, [KeyPiece::Part(0), hash.clone(), KeyPiece::Part(1)]);
    assert!(keys.salted);
    let keys =
        composition_of("{ time: { format: '{date}' }, salt: 3, salt_format: '{bucket}#{key}' }");
    assert_eq!(keys.pieces, [KeyPiece::Part(0), hash, KeyPiece::Time(TimeUnit::Date)]);
    assert_eq!(keys.time_unit(), Some(TimeUnit::Date));
}

#[test]
fn an_override_of_the_kind_leaves_the_salt() {
    let sets = ["producers.batch.partition_key.salt=4", "producers.batch.partition_key.single=a"];
    let scenario = check_good(GOOD, &sets);
    let PartitionKey::Composed(keys) = &scenario.producers[1].partition_key else {
        panic!("the key is salted");
    };
    assert!(matches!(keys.parts[0].values, PartitionKey::Weighted { .. }) && keys.salted);
}

#[test]
fn a_run_that_starts_in_the_afternoon_peaks_so_much_earlier() {
    let peak = |scenario: &Scenario| match scenario.producers[0].traffic {
        Traffic::Diurnal { peak_at, .. } => peak_at,
        _ => panic!("the traffic is a wave"),
    };
    let hours = |hours: u64| Span::from_seconds(hours * 3_600);
    assert_eq!(peak(&check_good(GOOD, &[])), hours(20));
    assert_eq!(peak(&check_good(GOOD, &["starts_at=2026-07-01"])), hours(20));
    assert_eq!(peak(&check_good(GOOD, &["starts_at=2026-07-01T15:00:00Z"])), hours(5));
    assert_eq!(peak(&check_good(GOOD, &["starts_at=2026-07-01T21:00:00Z"])), hours(23));
    let scenario = check_good(GOOD, &["starts_at=2026-07-01T15:00:00Z"]);
    assert_eq!(scenario.starts_at.to_string(), "2026-07-01T15:00:00Z");
}

#[test]
fn what_a_key_cannot_be_is_said_with_what_to_write_instead() {
    for (key, code, help) in [
        ("{ hot_set: { keys: 5, hot: 5, share: 90 % } }", "out-of-range", "`uniform`"),
        ("{ hot_set: { keys: 10, hot: 5, share: 50 % } }", "out-of-range", "raise `share`"),
        ("{ hot_set: { keys: 5, hot: 1 } }", "missing-key", "80 %"),
        ("{ time: { format: daily } }", "bad-key-format", "`{date}`"),
        ("{ time: { format: '{day}' } }", "bad-key-format", "`{hour}`"),
        ("{ time: { format: '{hours}' } }", "bad-key-format", "did you mean `{hour}`?"),
        ("{ template: { format: abc } }", "bad-key-format", "`single`"),
        ("{ template: { format: '{tenant}' } }", "bad-key-format", "`template`"),
        ("{ zipf: { keys: 3, exponent: 1, salt: 4 } }", "unknown-key", "beside the kind"),
        ("{ random: {}, salt: 4 }", "conflict", "leave the salt out"),
        ("{ single: a, salt: 1 }", "out-of-range", "collect"),
        ("{ single: a, salt_format: '{key}{bucket}' }", "missing-key", "salt: 16"),
        ("{ single: a, salt: 4, salt_format: '{key}' }", "bad-key-format", "`{bucket}`"),
        ("{ single: a, salt: 4, salt_format: '{key}{bucket}{date}' }", "bad-key-format", "once"),
        ("{ none: {} }", "conflict", "record_distribution"),
        ("{ weighted: [ { key: a, weight: 1, explicit_hash_key: 5 } ], salt: 4 }", "conflict", ""),
        ("zipf", "wrong-type", "`template`"),
        ("{ single: a, random: {} }", "two-alternatives", "exactly one"),
        ("{}", "missing-alternative", "exactly one"),
    ] {
        check_key(key, code, help);
    }
    let long = "x".repeat(250);
    check_key(
        &format!("{{ single: {long}, salt: 9999, salt_format: '{{key}}###{{bucket}}' }}"),
        "key-length",
        "256",
    );
    check_problem(&["starts_at=2026-02-29"], "quantity-syntax", "2026-01-01T00:00:00Z");
    check_problem(&["starts_at=2026-01-01T24:00:00Z"], "quantity-syntax", "");
    check_problem(&["starts_at=2026-01-01 00:00"], "quantity-syntax", "");
    check_problem(&["stream.record_distribution=auto"], "conflict", "hash_ranges");
    check_problem(&["producers.web.partition_key.salt=16"], "conflict", "keep one");
}

#[test]
fn all_problems_of_a_template_are_reported_at_once() {
    let key = "producers.batch.partition_key={ template: { format: '{tenant}{devise}', parts: { \
               tenant: { hot_set: { keys: 2, hot: 2, share: 1 } }, device: { weighted: [ { key: a, \
               weight: 1, explicit_hash_key: 7 } ] }, date: { single: x } } } }";
    let problems = read(GOOD, &[key]).unwrap_err();
    let codes: Vec<&str> =
        problems.all().iter().map(shardplan::scenario::Diagnostic::code).collect();
    let expected =
        ["bad-key-format", "bad-key-format", "conflict", "out-of-range", "bad-key-format"];
    let mut sorted = (codes.clone(), expected.to_vec());
    sorted.0.sort_unstable();
    sorted.1.sort_unstable();
    assert_eq!(sorted.0, sorted.1, "{}", problems.render(false));
}

#[test]
fn a_stream_without_a_capacity_may_distribute_its_records_itself() {
    let sets = [
        "stream={ hash_ranges: { list_shards: shards.json }, record_distribution: auto }",
        "producers.batch.partition_key={ none: {} }",
    ];
    let scenario = check_good(GOOD, &sets);
    assert_eq!(scenario.stream.record_distribution, RecordDistribution::Auto);
    assert_eq!(scenario.producers[1].partition_key, PartitionKey::Absent);
}
