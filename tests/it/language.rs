//! The scenario language: YAML in, a scenario or (code, line, column) out.

use shardplan::hash_key::{HashKey, HashKeyRange};
use shardplan::quotas::WriteLimiter;
use shardplan::scenario::{
    self, Arrivals, Backoff, Client, Diagnostics, ExplicitHashKey, Jitter, Objective, Override,
    PartitionKey, PutCalls, Reading, RecordSize, Retries, Scenario, Source, Traffic,
};
use shardplan::time::{Instant, Span};
use shardplan::units::{Bytes, Rate, Ratio, RecordRate, Records};

/// A scenario that uses most of the language.
pub(crate) const GOOD: &str = r#"version: 1
name: orders
question: Do four shards do?
region: us-east-1
duration: 24 h
warm_up: 10 min
seed: 7
replications: 8
stream:
  capacity: { provisioned: { shards: 4 } }
  retention: 7 d
  max_record_size: 1 MiB
producers:
  - name: web
    client: { put_records: { linger: 0 s } }
    traffic: { diurnal: { mean: 600 records/s, peak_to_mean: 2.2, peak_at: 20 h } }
    arrivals: poisson
    record_size: { log_normal: { median: 600 B, p99: 4 KiB } }
    partition_key: { zipf: { keys: 50000, exponent: 1.1, format: "sales-{n}" } }
    explicit_hash_key: random
  - name: batch
    client: { put_record: {} }
    traffic: { steps: [ { at: 0 s, rate: 0 }, { at: 1 h, rate: 50 records/min } ] }
    record_size: { constant: 1 KiB }
    partition_key: { weighted: [ { key: a, weight: 1 }, { key: b, weight: 2.5 } ] }
consumers:
  - name: lake
    polling: { interval: 1 s, max_records: 10000 }
  - name: alerts
    enhanced_fan_out: { processing: { per_batch: 20 ms } }
objectives:
  iterator_age_p99: { consumer: alerts, at_most: 30 s }
  write_throttled: { at_most: 0.1 % }
quotas:
  shard_write_limiter: fixed_window
  partition_key_bytes_count: false
"#;

/// The documentation of the language.
const DOCUMENTATION: &str = include_str!("../../docs/scenario.md");

/// Files that scenarios of the tests may name.
fn open(path: &str) -> Result<Vec<u8>, String> {
    let text = match path {
        "keys.csv" => "user,region,events\nann,eu,5\n\"bob, jr\",us,2.5\nann,us,1\neve,eu,0\n",
        "plain.csv" => "a\nb\na\n",
        "keys.tsv" => "key\tcount\na b\t3\nc,d\t4\n",
        "semicolon.csv" => "a;1\nb;2\n",
        "bad.csv" => "a,1\n\nb,many\nc\n",
        "zero.csv" => "a,0\n",
        "shards.json" => include_str!("shards.json"),
        "gap.json" => {
            r#"{"Shards":[{"ShardId":"s-1","HashKeyRange":{"StartingHashKey":"0",
            "EndingHashKey":"9"}},{"ShardId":"s-2","HashKeyRange":{"StartingHashKey":"20",
            "EndingHashKey":"340282366920938463463374607431768211455"}}]}"#
        }
        "broken.json" => "{\n  \"Shards\": [ { \"ShardId\": 7 } ]\n}",
        "latin1.csv" => return Ok(b"a,1\ncaf\xe9,2\n".to_vec()),
        _ => return Err("no such file".to_owned()),
    };
    Ok(text.as_bytes().to_vec())
}

pub(crate) fn read(text: &str, overrides: &[&str]) -> Result<Scenario, Diagnostics> {
    let overrides: Vec<_> = overrides
        .iter()
        .map(|over| Override::parse(over))
        .collect::<Result<_, _>>()?;
    let source = Source {
        name: "test.yaml".to_owned(),
        text: text.to_owned(),
    };
    scenario::read(&source, &overrides, &mut |path| open(path))
}

fn check_good(text: &str, overrides: &[&str]) -> Scenario {
    read(text, overrides).unwrap_or_else(|problems| panic!("{}", problems.render(false)))
}

/// Reads a text that must have exactly the given problems: code, line, column.
pub(crate) fn check_bad(text: &str, overrides: &[&str], expected: &[(&str, usize, usize)]) {
    let problems = read(text, overrides).expect_err(text);
    let rendered = problems.render(false);
    let found: Vec<_> = problems
        .all()
        .iter()
        .map(|each| (each.code(), each.line(), each.column()))
        .collect();
    assert_eq!(found, expected, "\n{rendered}");
    for problem in problems.all() {
        let row = format!("| `{}` |", problem.code());
        assert!(
            DOCUMENTATION.contains(&row),
            "{} is not documented",
            problem.code()
        );
    }
    assert!(problems.render(true).len() > rendered.len());
}

/// Replaces `from` in the good scenario by `to`, whose part between « and » must be the problem.
fn check_change(from: &str, to: &str, code: &str) {
    assert_eq!(GOOD.matches(from).count(), 1, "{from}");
    let marked = GOOD.replace(from, to);
    let start = marked.find('«').expect("a mark");
    let before = &marked[..start];
    let line = before.matches('\n').count() + 1;
    let column = before[before.rfind('\n').map_or(0, |at| at + 1)..]
        .chars()
        .count()
        + 1;
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
fn a_good_scenario_is_read_as_it_is_written() {
    let scenario = check_good(GOOD, &[]);
    assert_eq!(scenario.name, "orders");
    assert_eq!(scenario.region.as_deref(), Some("us-east-1"));
    assert_eq!(scenario.duration, Span::from_seconds(86_400));
    assert_eq!(scenario.warm_up, Span::from_seconds(600));
    assert_eq!((scenario.seed, scenario.replications), (7, 8));
    assert_eq!(scenario.stream.retention, Span::from_seconds(7 * 86_400));
    assert_eq!(scenario.stream.shards.len(), 4);
    assert_eq!(scenario.stream.shards[3].shard_id, "shardId-000000000003");
    let web = &scenario.producers[0];
    let mean = RecordRate(Rate::per_second(600));
    let peak_at = Span::from_seconds(72_000);
    assert_eq!(
        web.traffic,
        Traffic::Diurnal {
            mean,
            peak_to_mean: 2.2,
            peak_at
        }
    );
    assert_eq!(web.explicit_hash_key, Some(ExplicitHashKey::Random));
    let RecordSize::LogNormal { mu, sigma } = web.record_size else {
        panic!("log-normal")
    };
    assert!((mu.exp() - 600.0).abs() < 1e-9);
    assert!(((mu + 2.326_347_874_040_841 * sigma).exp() - 4096.0).abs() < 1e-6);
    let PartitionKey::Zipf {
        keys: 50_000,
        format,
        ..
    } = &web.partition_key
    else {
        panic!("zipf")
    };
    assert_eq!(format.key(7), "sales-7");
    let batch = &scenario.producers[1];
    let steps = vec![
        (Instant::START, RecordRate(Rate::per_second(0))),
        (Instant::START + Span::from_seconds(3_600), {
            RecordRate(Rate::new(50, Span::from_seconds(60)))
        }),
    ];
    assert_eq!(batch.traffic, Traffic::Steps(steps));
    let age = Objective::IteratorAgeP99 {
        consumer: Some(1),
        at_most: Span::from_seconds(30),
    };
    assert_eq!(
        scenario.objectives,
        [age, Objective::WriteThrottled(Ratio(0.001))]
    );
    assert_eq!(
        scenario.quotas.shard_write_limiter,
        WriteLimiter::FixedWindow
    );
    assert_eq!(
        scenario.quotas_set,
        ["shard_write_limiter", "partition_key_bytes_count"]
    );
}

#[test]
fn what_is_left_out_has_the_documented_defaults() {
    let text = "version: 1\nname: least\nduration: 1 min\nstream: { capacity: { provisioned: \
        { shards: 1 } } }\nproducers:\n  - name: a\n    client: { put_record: {} }\n    traffic: \
        { constant: 1 records/s }\n    record_size: { constant: 1 B }\n    partition_key: \
        { random: {} }\n  - name: b\n    client: { put_records: {} }\n    traffic: { constant: 0 \
        }\n    record_size: { log_normal: { mean: 700 B, sigma: 0.6 } }\n    partition_key: \
        { uniform: { keys: 10 } }\nconsumers: [ { name: c, polling: {} } ]\n";
    let scenario = check_good(text, &[]);
    assert_eq!(
        (scenario.warm_up, scenario.seed, scenario.replications),
        (Span::ZERO, 1, 1)
    );
    assert_eq!(scenario.stream.retention, Span::from_seconds(86_400));
    assert_eq!(scenario.stream.max_record_size, Bytes(1 << 20));
    let retries = |attempts, base, max| {
        let (base, max) = (Span::from_milliseconds(base), Span::from_milliseconds(max));
        Retries {
            attempts,
            backoff: Backoff {
                base,
                factor: 2.0,
                max,
                jitter: Jitter::Full,
            },
        }
    };
    let round_trip = Span::from_milliseconds(10);
    let direct = Client {
        calls: PutCalls::PutRecord,
        round_trip,
        retries: retries(3, 1_000, 20_000),
    };
    assert_eq!(scenario.producers[0].client, direct);
    assert_eq!(scenario.producers[0].arrivals, Arrivals::Poisson);
    let random = PartitionKey::Random {
        key_bytes: Bytes(36),
    };
    assert_eq!(scenario.producers[0].partition_key, random);
    let calls = PutCalls::PutRecords {
        batch_size: Records(500),
        batch_bytes: Bytes(10 << 20),
        linger: Span::from_milliseconds(100),
    };
    let batched = Client {
        calls,
        round_trip,
        retries: retries(8, 100, 5_000),
    };
    assert_eq!(scenario.producers[1].client, batched);
    let RecordSize::LogNormal { mu, sigma } = scenario.producers[1].record_size else {
        panic!("log-normal")
    };
    assert!(((mu + sigma * sigma / 2.0).exp() - 700.0).abs() < 1e-9);
    let PartitionKey::Uniform { format, .. } = &scenario.producers[1].partition_key else {
        panic!("uniform")
    };
    assert_eq!(format.key(3), "key-3");
    let reading = Reading::Polling {
        interval: Span::SECOND,
        max_records: Records(10_000),
        round_trip,
    };
    assert_eq!(scenario.consumers[0].reading, reading);
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
        (
            "{ provisioned: { shards: 4 } }",
            "{ «on_demand»: {} }",
            "not-modelled",
        ),
        ("{ put_record: {} }", "«put_record»", "wrong-type"),
        (
            "{ put_record: {} }",
            "{ «put_recrd»: {} }",
            "unknown-alternative",
        ),
        (
            "{ put_record: {} }",
            "{ put_record: {}, «put_records»: {} }",
            "two-alternatives",
        ),
        ("{ put_record: {} }", "{ «kpl»: {} }", "not-modelled"),
        ("arrivals: poisson", "arrivals: «bursty»", "not-modelled"),
        ("arrivals: poisson", "arrivals: «random»", "unknown-word"),
        ("mean: 600 records/s", "mean: «600 B/s»", "quantity-unit"),
        (
            "mean: 600 records/s",
            "mean: «-600 records/s»",
            "quantity-range",
        ),
        ("mean: 600 records/s, ", "", "missing-key"),
        ("peak_to_mean: 2.2", "peak_to_mean: «.inf»", "out-of-range"),
        ("peak_to_mean: 2.2", "peak_to_mean: «0.5»", "out-of-range"),
        ("keys: 50000", "keys: «1e12»", "out-of-range"),
        ("exponent: 1.1", "exponent: «.nan»", "out-of-range"),
        (
            "median: 600 B, p99",
            "median: 600 B, «mean»: 1 B, p99",
            "two-alternatives",
        ),
        ("weight: 2.5", "weight: «0»", "out-of-range"),
        ("key: b", "key: «\"\"»", "key-length"),
        (
            "explicit_hash_key: random",
            "explicit_hash_key: «none»",
            "quantity-syntax",
        ),
        ("at_most: 0.1 %", "at_most: «5»", "quantity-range"),
        (
            "write_throttled: { at_most: 0.1 % }",
            "«cost_per_month»: {}",
            "not-modelled",
        ),
        (
            "partition_key_bytes_count: false",
            "partition_key_bytes_count: «off»",
            "wrong-type",
        ),
        ("quotas:", "«variants»: []\nquotas:", "not-modelled"),
    ] {
        if to.contains('«') {
            check_change(from, to, code);
        } else {
            let text = GOOD.replace(from, to);
            assert_eq!(
                read(&text, &[]).unwrap_err().all()[0].code(),
                code,
                "{from} -> {to}"
            );
        }
    }
}

#[test]
fn a_problem_of_meaning_is_found_where_it_stands() {
    for (from, to, code) in [
        ("duration: 24 h", "duration: «0 s»", "out-of-range"),
        ("warm_up: 10 min", "warm_up: «24 h»", "out-of-range"),
        ("retention: 7 d", "retention: «23 h»", "out-of-range"),
        (
            "max_record_size: 1 MiB",
            "max_record_size: «11 MiB»",
            "out-of-range",
        ),
        ("name: batch", "name: «web»", "duplicate-name"),
        ("name: alerts", "name: «web»\n", "duplicate-name"),
        ("linger: 0 s", "batch_size: «501»", "out-of-range"),
        ("linger: 0 s", "batch_bytes: «0 B»", "out-of-range"),
        (
            "linger: 0 s",
            "retries: { backoff: { base: «6 s» } }",
            "out-of-range",
        ),
        ("peak_at: 20 h", "peak_at: «24 h»", "out-of-range"),
        ("{ at: 0 s, rate: 0 }, ", "", "bad-steps"),
        ("at: 1 h", "at: «0 s»", "bad-steps"),
        ("p99: 4 KiB", "p99: «4 B»", "out-of-range"),
        ("constant: 1 KiB", "constant: «3 MiB»", "record-too-large"),
        ("constant: 1 KiB", "constant: «0 B»", "out-of-range"),
        (
            "format: \"sales-{n}\"",
            "format: «\"sales\"»",
            "bad-key-format",
        ),
        (
            "format: \"sales-{n}\"",
            "format: «\"{n}-{n}\"»",
            "bad-key-format",
        ),
        ("key: b", "key: «a»", "duplicate-name"),
        ("interval: 1 s", "interval: «1 us»", "out-of-range"),
        ("max_records: 10000", "max_records: «0»", "out-of-range"),
        ("consumer: alerts", "consumer: «alert»", "unknown-consumer"),
        (
            "partition_key_bytes_count: false",
            "shard_read_bytes: «0»",
            "out-of-range",
        ),
        (
            "partition_key_bytes_count: false",
            "put_record_rounding: «3 B»",
            "out-of-range",
        ),
    ] {
        if to.contains('«') && code != "duplicate-name" {
            check_change(from, to, code);
        } else {
            let text = GOOD.replace(from, &to.replace(['«', '»'], ""));
            assert_eq!(
                read(&text, &[]).unwrap_err().all()[0].code(),
                code,
                "{from} -> {to}"
            );
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
    let text = GOOD
        .replace("warm_up: 10 min", "warm_up: 2 d")
        .replace("7 d", "2 h");
    let text = text.replace("consumer: alerts", "consumer: x");
    check_bad(
        &text,
        &[],
        &[
            ("out-of-range", 6, 10),
            ("out-of-range", 11, 14),
            ("unknown-consumer", 32, 33),
        ],
    );
}

#[test]
fn help_names_what_is_meant() {
    let change = |from: &str, to: &str| help_of(&GOOD.replace(from, to), &[]);
    assert_eq!(change("seed: 7", "sede: 7"), "did you mean `seed`?");
    assert_eq!(
        change("{ put_record: {} }", "{ put_recrd: {} }"),
        "did you mean `put_record`?"
    );
    assert!(change("duration: 24 h", "duration: 24").contains("`24 s`"));
    assert!(change("duration: 24 h", "duration: 24 hours").contains("did you mean `h`?"));
    assert!(change("keys: 50000", "keys: 1e12").contains("memory"));
    assert!(change("constant: 1 KiB", "constant: 3 MiB").contains("max_record_size"));
    assert!(change("{ put_record: {} }", "{ dms: {} }").contains("`put_records`"));
    assert!(change("consumer: alerts", "consumer: lakes").contains("`lake`"));
    assert!(change("at_most: 0.1 %", "at_most: 5").contains("`5 %`"));
}

#[test]
fn an_override_changes_one_value() {
    let shards = |overrides: &[&str]| check_good(GOOD, overrides).stream.shards.len();
    assert_eq!(shards(&["stream.capacity.provisioned.shards=32"]), 32);
    assert_eq!(
        shards(&["stream.capacity={ provisioned: { shards: 2 } }"]),
        2
    );
    let scenario = check_good(
        GOOD,
        &[
            "producers.web.traffic.constant=500 records/s",
            "producers.1.client.put_records.linger=5 ms",
            "consumers.lake.enhanced_fan_out={}",
            "consumers.alerts.name=fraud",
            "objectives.iterator_age_p99.consumer=fraud",
            "producers.web.record_size.log_normal={ mean: 1 KiB, sigma: 1 }",
            "region=null",
        ],
    );
    let rate = RecordRate(Rate::per_second(500));
    assert_eq!(scenario.producers[0].traffic, Traffic::Constant(rate));
    assert!(matches!(
        scenario.producers[1].client.calls,
        PutCalls::PutRecords { .. }
    ));
    assert!(matches!(
        scenario.consumers[0].reading,
        Reading::EnhancedFanOut { .. }
    ));
    assert_eq!(scenario.consumers[1].name, "fraud");
    assert_eq!(scenario.region, None);
    let dotted = GOOD.replace("name: batch", "name: web.v2");
    let scenario = check_good(&dotted, &["producers.web.v2.record_size.constant=7 B"]);
    assert_eq!(
        scenario.producers[1].record_size,
        RecordSize::Constant(Bytes(7))
    );
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
        (
            "producers.web.traffic.constnt=5 records/s",
            "unknown-alternative",
            23,
        ),
        ("producers.web.partition_key.salt=16", "not-modelled", 29),
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
fn keys_come_from_a_file_with_their_counts() {
    let keys = |file: &str| {
        let over = format!("producers.web.partition_key.file={file}");
        let scenario = check_good(GOOD, &[&over]);
        let PartitionKey::Weighted { keys, file } = scenario.producers[0].partition_key.clone()
        else {
            panic!("weighted")
        };
        assert!(file.is_some());
        keys.into_iter()
            .map(|key| (key.key, key.weight))
            .collect::<Vec<_>>()
    };
    let pairs = |all: &[(&str, f64)]| {
        all.iter()
            .map(|(key, weight)| ((*key).to_owned(), *weight))
            .collect::<Vec<_>>()
    };
    let named = keys("{ path: keys.csv, key_column: user, count_column: events }");
    assert_eq!(named, pairs(&[("ann", 6.0), ("bob, jr", 2.5)]));
    assert_eq!(
        keys("{ path: plain.csv }"),
        pairs(&[("a", 2.0), ("b", 1.0)])
    );
    assert_eq!(
        keys("{ path: keys.tsv }"),
        pairs(&[("a b", 3.0), ("c,d", 4.0)])
    );
    let semicolon = keys("{ path: semicolon.csv, delimiter: ';' }");
    assert_eq!(semicolon, pairs(&[("a", 1.0), ("b", 2.0)]));
}

#[test]
fn a_bad_row_is_shown_with_its_file_and_line() {
    let problems = |file: &str| {
        let over = format!("producers.web.partition_key.file={file}");
        let problems = read(GOOD, &[&over]).unwrap_err();
        let name = |each: &scenario::Diagnostic| each.source_name().to_owned();
        problems
            .all()
            .iter()
            .map(|each| (name(each), each.line()))
            .collect::<Vec<_>>()
    };
    let at = |name: &str, line| (name.to_owned(), line);
    assert_eq!(
        problems("{ path: bad.csv }"),
        [at("bad.csv", 3), at("bad.csv", 4)]
    );
    assert_eq!(problems("{ path: latin1.csv }"), [at("latin1.csv", 2)]);
    assert_eq!(
        problems("{ path: keys.csv, key_column: usr }"),
        [at("keys.csv", 1)]
    );
    assert_eq!(problems("{ path: zero.csv }"), [at("--set", 1)]);
    assert_eq!(problems("{ path: none.csv }"), [at("--set", 1)]);
    assert_eq!(
        problems("{ path: keys.csv, delimiter: é }"),
        [at("--set", 1)]
    );
}

#[test]
fn shards_come_from_an_export_of_a_real_stream() {
    let import = [
        "stream.capacity=null",
        "stream.hash_ranges.list_shards=shards.json",
    ];
    let scenario = check_good(GOOD, &import);
    let third = HashKey(113_427_455_640_312_821_154_458_202_477_256_070_485);
    assert!(scenario.stream.imported);
    let ids: Vec<_> = scenario
        .stream
        .shards
        .iter()
        .map(|shard| shard.shard_id.as_str())
        .collect();
    assert_eq!(
        ids,
        [
            "shardId-000000000006",
            "shardId-000000000009",
            "shardId-000000000010"
        ]
    );
    assert_eq!(scenario.stream.shards[1].range.start, third);
    let ranges: Vec<_> = scenario
        .stream
        .shards
        .iter()
        .map(|shard| shard.range)
        .collect();
    assert_eq!(ranges, HashKeyRange::created(3));
    check_bad(GOOD, &[import[1]], &[("shards-differ", 10, 38)]);
    for (file, wanted) in [
        ("gap.json", "gap from 10 to 19"),
        ("broken.json", "list-shards"),
    ] {
        let over = format!("stream.hash_ranges.list_shards={file}");
        let problems = read(GOOD, &[import[0], &over]).unwrap_err();
        let problem = &problems.all()[0];
        assert_eq!(problem.code(), "bad-shard-file");
        assert!(problem.message().contains(wanted), "{}", problem.message());
    }
}

#[test]
fn the_digest_depends_on_values_and_files_alone() {
    let digest = |text: &str, overrides: &[&str]| check_good(text, overrides).digest;
    let good = digest(GOOD, &[]);
    assert_eq!(good.len(), 32);
    let commented = GOOD.replace("seed: 7\n", "# a comment\nseed:    7\n\n");
    assert_eq!(digest(&commented, &[]), good);
    assert_eq!(digest(GOOD, &["seed=7"]), good);
    assert_ne!(digest(GOOD, &["seed=8"]), good);
    let file = |path: &str| {
        digest(
            GOOD,
            &[&format!(
                "producers.web.partition_key={{ file: {{ path: {path} }} }}"
            )],
        )
    };
    assert_ne!(file("plain.csv"), file("keys.tsv"));
}

#[test]
fn every_example_of_the_documentation_is_a_good_scenario() {
    let defaults = [
        ("version", "version: 1\n"),
        ("name", "name: example\n"),
        ("duration", "duration: 1 h\n"),
        (
            "stream",
            "stream: { capacity: { provisioned: { shards: 4 } } }\n",
        ),
        (
            "producers",
            "producers: [ { name: p, client: { put_record: {} }, traffic: { constant: 1 records/s \
             }, record_size: { constant: 1 KiB }, partition_key: { single: k } } ]\n",
        ),
    ];
    let mut examples = 0;
    for fence in DOCUMENTATION.split("```yaml\n").skip(1) {
        let mut text = fence.split("```").next().unwrap().to_owned();
        for (key, default) in defaults {
            if !text
                .lines()
                .any(|line| line.starts_with(&format!("{key}:")))
            {
                text.push_str(default);
            }
        }
        check_good(&text, &[]);
        examples += 1;
    }
    assert!(examples >= 8, "{examples}");
}

#[test]
fn the_documentation_names_every_quota_with_its_default() {
    for fact in shardplan::quotas::Quotas::default().facts() {
        let row = format!("| `{}` | `{}` |", fact.name, fact.value);
        assert!(DOCUMENTATION.contains(&row), "{row}");
    }
}

#[test]
fn the_published_schema_is_the_one_of_the_code() {
    let published = include_str!("../../docs/scenario.schema.json");
    let generated = serde_json::to_string_pretty(&scenario::schema()).unwrap();
    assert_eq!(
        published.trim_end(),
        generated,
        "write `shardplan schema` to docs/"
    );
}

#[test]
fn every_default_of_a_quota_can_be_written() {
    for fact in shardplan::quotas::Quotas::default().facts() {
        let over = format!("quotas.{}={}", fact.name, fact.value);
        let scenario = check_good(GOOD, &[&over]);
        assert!(
            scenario.quotas_set.contains(&fact.name.to_owned()),
            "{over}"
        );
    }
}

#[test]
fn every_shipped_scenario_is_good() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path
            .extension()
            .is_some_and(|extension| extension == "yaml")
        {
            let folder = path.parent().unwrap();
            let source = Source::from_bytes("shipped", std::fs::read(&path).unwrap()).unwrap();
            let read = scenario::read(&source, &[], &mut |name| {
                std::fs::read(folder.join(name)).map_err(|error| error.to_string())
            });
            read.unwrap_or_else(|problems| panic!("{}", problems.render(false)));
        }
    }
}
