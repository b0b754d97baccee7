//! The scenario language: YAML in, a scenario or (code, line, column) out.

use shardplan::quotas::WriteLimiter;
use shardplan::scenario::{
    self, Arrivals, Backoff, Client, Diagnostics, ExplicitHashKey, Jitter, Objective, Override,
    PartitionKey, PutCalls, Reading, RecordSize, Retries, Scenario, Source, Timeouts, Traffic,
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
pub(crate) const DOCUMENTATION: &str = include_str!("../../docs/scenario.md");

/// Files that scenarios of the tests may name.
fn open(path: &str) -> Result<Vec<u8>, String> {
    let text = match path {
        "semicolons.csv" => "key;count\na;1\nb;2\n",
        "bars.txt" => "a|1\nb|2\n",
        "keys.csv" => "user,region,events\nann,eu,5\n\"bob, jr\",us,2.5\nann,us,1\neve,eu,0\n",
        "plain.csv" => "a\nb\na\n",
        "keys.tsv" => "key\tcount\na b\t3\nc,d\t4\n",
        "semicolon.csv" => "a;1\nb;2\n",
        "bad.csv" => "a,1\n\nb,many\nc\n",
        "sizes.csv" => "bytes,records\n600,70\n4 KiB,29\n600,5\n9000,0\n",
        "size-per-record.txt" => "size\n100\n100\n2.5 kB\n",
        "size-columns.csv" => "route,size,n\n/a,512,3\n/b,1024,1\n",
        "bad-sizes.csv" => "600,1\n0,1\n12 parsecs,1\n",
        "zero.csv" => "a,0\n",
        "trace.csv.gz" => "time,key,size\n0,a,100\n1.5,b,200\n",
        "trace.log" => "{\"at\":1767225600000,\"user\":\"a\"}\n",
        "shards.json" => include_str!("shards.json"),
        "gap.json" => {
            r#"{"Shards":[{"ShardId":"s-1","HashKeyRange":{"StartingHashKey":"0",
            "EndingHashKey":"9"}},{"ShardId":"s-2","HashKeyRange":{"StartingHashKey":"20",
            "EndingHashKey":"340282366920938463463374607431768211455"}}]}"#
        }
        "twice.json" => {
            r#"{"Shards":[{"ShardId":"s-1","HashKeyRange":{"StartingHashKey":"0",
            "EndingHashKey":"9"}},{"ShardId":"s-1","HashKeyRange":{"StartingHashKey":"10",
            "EndingHashKey":"340282366920938463463374607431768211455"}}]}"#
        }
        "escape.json" => {
            r#"{"Shards":[{"ShardId":"\u001b[31m","HashKeyRange":{"StartingHashKey":"0",
            "EndingHashKey":"340282366920938463463374607431768211455"}}]}"#
        }
        "broken.json" => "{\n  \"Shards\": [ { \"ShardId\": 7 } ]\n}",
        "latin1.csv" => return Ok(b"a,1\ncaf\xe9,2\n".to_vec()),
        _ => return Err("no such file".to_owned()),
    };
    Ok(text.as_bytes().to_vec())
}

pub(crate) fn read(text: &str, overrides: &[&str]) -> Result<Scenario, Diagnostics> {
    let overrides: Vec<_> =
        overrides.iter().map(|over| Override::parse(over)).collect::<Result<_, _>>()?;
    let source = Source { name: "test.yaml".to_owned(), text: text.to_owned() };
    scenario::read(&source, &overrides, &mut |path| open(path))
}

pub(crate) fn check_good(text: &str, overrides: &[&str]) -> Scenario {
    read(text, overrides).unwrap_or_else(|problems| panic!("{}", problems.render(false)))
}

/// Reads a text that must have exactly the given problems: code, line, column.
pub(crate) fn check_bad(text: &str, overrides: &[&str], expected: &[(&str, usize, usize)]) {
    let problems = read(text, overrides).expect_err(text);
    let rendered = problems.render(false);
    let found: Vec<_> =
        problems.all().iter().map(|each| (each.code(), each.line(), each.column())).collect();
    assert_eq!(found, expected, "\n{rendered}");
    for problem in problems.all() {
        let row = format!("| `{}` |", problem.code());
        assert!(DOCUMENTATION.contains(&row), "{} is not documented", problem.code());
    }
    assert!(problems.render(true).len() > rendered.len());
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
    assert_eq!(web.traffic, Traffic::Diurnal { mean, peak_to_mean: 2.2, peak_at });
    assert_eq!(web.explicit_hash_key, Some(ExplicitHashKey::Random));
    let RecordSize::LogNormal { mu, sigma } = web.record_size else { panic!("log-normal") };
    assert!((mu.exp() - 600.0).abs() < 1e-9);
    assert!(((mu + 2.326_347_874_040_841 * sigma).exp() - 4096.0).abs() < 1e-6);
    let PartitionKey::Zipf { keys: 50_000, format, .. } = &web.partition_key else {
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
    let age = Objective::IteratorAgeP99 { consumer: Some(1), at_most: Span::from_seconds(30) };
    assert_eq!(scenario.objectives, [age, Objective::WriteThrottled(Ratio(0.001))]);
    assert_eq!(scenario.quotas.shard_write_limiter, WriteLimiter::FixedWindow);
    assert_eq!(scenario.quotas_set, ["shard_write_limiter", "partition_key_bytes_count"]);
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
    assert_eq!((scenario.warm_up, scenario.seed, scenario.replications), (Span::ZERO, 1, 1));
    assert_eq!(scenario.stream.retention, Span::from_seconds(86_400));
    assert_eq!(scenario.stream.max_record_size, Bytes(1 << 20));
    let retries = |attempts, base, max| {
        let (base, max) = (Span::from_milliseconds(base), Span::from_milliseconds(max));
        Retries { attempts, backoff: Backoff { base, factor: 2.0, max, jitter: Jitter::Full } }
    };
    let round_trip = Span::from_milliseconds(10);
    let timeouts = Timeouts { share: 0.0, after: Span::from_seconds(6) };
    let direct = Client {
        calls: PutCalls::PutRecord,
        round_trip,
        retries: retries(3, 1_000, 20_000),
        timeouts,
        sending: None,
    };
    assert_eq!(scenario.producers[0].client, direct);
    assert_eq!(scenario.producers[0].arrivals, Arrivals::Poisson);
    let random = PartitionKey::Random { key_bytes: Bytes(36) };
    assert_eq!(scenario.producers[0].partition_key, random);
    let calls = PutCalls::PutRecords {
        batch_size: Records(500),
        batch_bytes: Bytes(10 << 20),
        linger: Span::from_milliseconds(100),
    };
    let batched =
        Client { calls, round_trip, retries: retries(8, 100, 5_000), timeouts, sending: None };
    assert_eq!(scenario.producers[1].client, batched);
    let RecordSize::LogNormal { mu, sigma } = scenario.producers[1].record_size else {
        panic!("log-normal")
    };
    assert!(((mu + sigma * sigma / 2.0).exp() - 700.0).abs() < 1e-9);
    let PartitionKey::Uniform { format, .. } = &scenario.producers[1].partition_key else {
        panic!("uniform")
    };
    assert_eq!(format.key(3), "key-3");
    let reading =
        Reading::Polling { interval: Span::SECOND, max_records: Records(10_000), round_trip };
    assert_eq!(scenario.consumers[0].reading, reading);
}

#[test]
fn an_override_changes_one_value() {
    let shards = |overrides: &[&str]| check_good(GOOD, overrides).stream.shards.len();
    assert_eq!(shards(&["stream.capacity.provisioned.shards=32"]), 32);
    assert_eq!(shards(&["stream.capacity={ provisioned: { shards: 2 } }"]), 2);
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
    assert!(matches!(scenario.producers[1].client.calls, PutCalls::PutRecords { .. }));
    assert!(matches!(scenario.consumers[0].reading, Reading::EnhancedFanOut { .. }));
    assert_eq!(scenario.consumers[1].name, "fraud");
    assert_eq!(scenario.region, None);
    let dotted = GOOD.replace("name: batch", "name: web.v2");
    let scenario = check_good(&dotted, &["producers.web.v2.record_size.constant=7 B"]);
    assert_eq!(scenario.producers[1].record_size, RecordSize::Constant(Bytes(7)));
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
        digest(GOOD, &[&format!("producers.web.partition_key={{ file: {{ path: {path} }} }}")])
    };
    assert_ne!(file("plain.csv"), file("keys.tsv"));
}
