//! What is wrong with a scenario, and where it is shown.

use crate::language::{GOOD, check_bad, read};

/// Replaces `from` in the good scenario by `to`, whose part between « and » must be the problem.
fn check_change(from: &str, to: &str, code: &str) {
    assert_eq!(GOOD.matches(from).count(), 1, "{from}");
    let marked = GOOD.replace(from, to);
    let start = marked.find('«').expect("a mark");
    let before = &marked[..start];
    let line = before.matches('\n').count() + 1;
    let column = before[before.rfind('\n').map_or(0, |at| at + 1)..].chars().count() + 1;
    let text = marked.replace(['«', '»'], "");
    check_bad(&text, &[], &[(code, line, column)]);
    let length = marked.find('»').expect("an end") - start - '«'.len_utf8();
    let problems = read(&text, &[]).unwrap_err();
    assert_eq!(problems.all()[0].marked(), &text[start..start + length]);
}

fn help_of(text: &str, overrides: &[&str]) -> String {
    let problems = read(text, overrides).unwrap_err();
    problems.all()[0].help_text().unwrap_or_default().to_owned()
}

#[test]
fn a_problem_of_structure_is_found_where_it_stands() {
    for (from, to, code) in [
        ("seed: 7", "«sed»: 7", "unknown-key"),
        ("seed: 7", "seed: «x»", "wrong-type"),
        ("seed: 7", "seed: «18446744073709551616»", "out-of-range"),
        ("seed: 7", "seed: «-1»", "out-of-range"),
        ("seed: 7", "seed: «1.5»", "wrong-type"),
        ("seed: 7", "seed: «\"7\"»", "wrong-type"),
        ("seed: 7", "«seed»:", "missing-value"),
        ("name: orders", "name: «my orders»", "bad-name"),
        ("name: orders", "name: «7»", "wrong-type"),
        ("region: us-east-1", "region: «US East»", "bad-name"),
        ("version: 1", "version: «2»", "out-of-range"),
        ("replications: 8", "replications: «1001»", "out-of-range"),
        ("duration: 24 h", "duration: «24»", "quantity-unit"),
        ("duration: 24 h", "duration: «5 MiB»", "quantity-unit"),
        ("duration: 24 h", "duration: «400 d»", "quantity-range"),
        ("duration: 24 h", "duration: «0.1 ns»", "quantity-lossy"),
        ("duration: 24 h", "duration: «soon»", "quantity-syntax"),
        ("duration: 24 h", "«duration»: [ 24 h ]", "wrong-type"),
        ("shards: 4", "«shard»: 4", "unknown-key"),
        ("shards: 4", "shards: «20001»", "out-of-range"),
        ("{ provisioned: { shards: 4 } }", "{ «on_deman»: {} }", "unknown-alternative"),
        ("{ put_record: {} }", "«put_record»", "wrong-type"),
        ("{ put_record: {} }", "{ «put_recrd»: {} }", "unknown-alternative"),
        ("{ put_record: {} }", "{ put_record: {}, «put_records»: {} }", "two-alternatives"),
        ("{ put_record: {} }", "{ put_record: { «rate_limit»: 1 } }", "not-modelled"),
        ("arrivals: poisson", "arrivals: «bursty»", "wrong-type"),
        ("arrivals: poisson", "arrivals: «random»", "unknown-word"),
        ("mean: 600 records/s", "mean: «600 B/s»", "quantity-unit"),
        ("mean: 600 records/s", "mean: «-600 records/s»", "quantity-range"),
        ("mean: 600 records/s, ", "", "missing-key"),
        ("peak_to_mean: 2.2", "peak_to_mean: «.inf»", "out-of-range"),
        ("peak_to_mean: 2.2", "peak_to_mean: «0.5»", "out-of-range"),
        ("keys: 50000", "keys: «1e12»", "out-of-range"),
        ("exponent: 1.1", "exponent: «.nan»", "out-of-range"),
        ("median: 600 B, p99", "median: 600 B, «mean»: 1 B, p99", "two-alternatives"),
        ("weight: 2.5", "weight: «0»", "out-of-range"),
        ("key: b", "key: «\"\"»", "key-length"),
        ("explicit_hash_key: random", "explicit_hash_key: «none»", "quantity-syntax"),
        ("at_most: 0.1 %", "at_most: «5»", "quantity-range"),
        ("write_throttled: { at_most: 0.1 % }", "«read_throttled»: {}", "not-modelled"),
        ("partition_key_bytes_count: false", "partition_key_bytes_count: «off»", "wrong-type"),
        ("  retention: 7 d", "  «mode»: provisioned\n  retention: 7 d", "not-modelled"),
    ] {
        if to.contains('«') {
            check_change(from, to, code);
        } else {
            let text = GOOD.replace(from, to);
            assert_eq!(read(&text, &[]).unwrap_err().all()[0].code(), code, "{from} -> {to}");
        }
    }
}

#[test]
fn a_problem_of_meaning_is_found_where_it_stands() {
    for (from, to, code) in [
        ("duration: 24 h", "duration: «0 s»", "out-of-range"),
        ("warm_up: 10 min", "warm_up: «24 h»", "out-of-range"),
        ("retention: 7 d", "retention: «23 h»", "out-of-range"),
        ("max_record_size: 1 MiB", "max_record_size: «11 MiB»", "out-of-range"),
        ("name: batch", "name: «web»", "duplicate-name"),
        ("name: alerts", "name: «web»\n", "duplicate-name"),
        ("linger: 0 s", "batch_size: «501»", "out-of-range"),
        ("linger: 0 s", "batch_bytes: «0 B»", "out-of-range"),
        ("linger: 0 s", "retries: { backoff: { base: «6 s» } }", "out-of-range"),
        ("peak_at: 20 h", "peak_at: «24 h»", "out-of-range"),
        ("{ at: 0 s, rate: 0 }, ", "", "bad-steps"),
        ("at: 1 h", "at: «0 s»", "bad-steps"),
        ("p99: 4 KiB", "p99: «4 B»", "out-of-range"),
        ("constant: 1 KiB", "constant: «3 MiB»", "record-too-large"),
        ("constant: 1 KiB", "constant: «0 B»", "out-of-range"),
        ("format: \"sales-{n}\"", "format: «\"sales\"»", "bad-key-format"),
        ("format: \"sales-{n}\"", "format: «\"{n}-{n}\"»", "bad-key-format"),
        ("key: b", "key: «a»", "duplicate-name"),
        ("interval: 1 s", "interval: «1 us»", "out-of-range"),
        ("max_records: 10000", "max_records: «0»", "out-of-range"),
        ("consumer: alerts", "consumer: «alert»", "unknown-consumer"),
        ("partition_key_bytes_count: false", "shard_read_bytes: «0»", "out-of-range"),
        ("partition_key_bytes_count: false", "put_record_rounding: «3 B»", "out-of-range"),
    ] {
        if to.contains('«') && code != "duplicate-name" {
            check_change(from, to, code);
        } else {
            let text = GOOD.replace(from, &to.replace(['«', '»'], ""));
            assert_eq!(read(&text, &[]).unwrap_err().all()[0].code(), code, "{from} -> {to}");
        }
    }
}

#[test]
fn all_problems_of_a_kind_are_reported_at_once() {
    let text = "version: 2\nname: a b\nduration: 1\nstream:\n  capcity: {}\nproducers: []\n";
    check_bad(
        text,
        &[],
        &[
            ("out-of-range", 1, 10),
            ("bad-name", 2, 7),
            ("quantity-unit", 3, 11),
            ("unknown-key", 5, 3),
            ("too-few", 6, 1),
        ],
    );
    let text = GOOD.replace("warm_up: 10 min", "warm_up: 2 d").replace("7 d", "2 h");
    let text = text.replace("consumer: alerts", "consumer: x");
    check_bad(
        &text,
        &[],
        &[("out-of-range", 6, 10), ("out-of-range", 11, 14), ("unknown-consumer", 32, 33)],
    );
}

#[test]
fn help_names_what_is_meant() {
    let change = |from: &str, to: &str| help_of(&GOOD.replace(from, to), &[]);
    assert_eq!(change("seed: 7", "sede: 7"), "did you mean `seed`?");
    assert_eq!(change("{ put_record: {} }", "{ put_recrd: {} }"), "did you mean `put_record`?");
    assert!(change("duration: 24 h", "duration: 24").contains("`24 s`"));
    assert!(change("duration: 24 h", "duration: 24 hours").contains("did you mean `h`?"));
    assert!(change("keys: 50000", "keys: 1e12").contains("memory"));
    assert!(change("constant: 1 KiB", "constant: 3 MiB").contains("max_record_size"));
    assert!(
        change("{ put_record: {} }", "{ put_record: { rate_limit: 1 } }").contains("`traffic`")
    );
    assert!(change("consumer: alerts", "consumer: lakes").contains("`lake`"));
    assert!(change("at_most: 0.1 %", "at_most: 5").contains("`5 %`"));
}

#[test]
fn a_problem_of_an_override_is_shown_at_its_own_text() {
    for (over, code, column) in [
        ("stream.capacity.provisioned.shard=3", "unknown-key", 29),
        ("stream.capacity.provisioned.shards=x", "wrong-type", 36),
        ("stream.capacity.provisioned.shards=0", "out-of-range", 36),
        ("stream.retention=1 h", "out-of-range", 18),
        ("producers.wbe.arrivals=paced", "unknown-element", 11),
        ("producers.9.arrivals=paced", "unknown-element", 11),
        ("producers.web.traffic.constnt=5 records/s", "unknown-alternative", 23),
        ("producers.web.partition_key.salt=16", "conflict", 34),
        ("stream.retention={", "yaml-syntax", 18),
        ("stream.retention=", "missing-value", 1),
        ("stream..retention=7 d", "bad-override", 1),
        ("name.first=a", "wrong-type", 6),
        ("nonsense", "bad-override", 1),
    ] {
        check_bad(GOOD, &[over], &[(code, 1, column)]);
        let problems = read(GOOD, &[over]).unwrap_err();
        assert_eq!(problems.all()[0].source_name(), "--set");
    }
    let help = help_of(GOOD, &["producers.wbe.arrivals=paced"]);
    assert_eq!(help, "did you mean `web`?");
}

#[test]
fn a_client_that_waits_for_too_long_is_a_slip_of_the_pen() {
    let text =
        GOOD.replace("{ put_record: {} }", "{ put_records: { linger: 16 min, round_trip: 61 s } }");
    let problems = read(&text, &[]).unwrap_err();
    let codes: Vec<&str> =
        problems.all().iter().map(shardplan::scenario::Diagnostic::code).collect();
    assert_eq!(codes, ["out-of-range", "out-of-range"]);
}

#[test]
fn a_fixed_window_needs_a_whole_record_a_second() {
    let limiter = "shard_write_limiter: fixed_window";
    let text = GOOD.replace(limiter, &format!("{limiter}\n  shard_write_records: 30 records/min"));
    let problems = read(&text, &[]).unwrap_err();
    assert_eq!(problems.all()[0].code(), "out-of-range");
    assert!(problems.all()[0].message().contains("fixed window"));
}
