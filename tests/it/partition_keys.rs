//! Partition-key strategies: the published skew of equal and of Zipf keys, and what templates,
//! times, salts and hot sets do to a run.
//!
//! The skew figures are medians over families of names, because one family deals its own luck. They
//! are worked out without a simulation: the shares that the shards of a created stream are to
//! expect.

use shardplan::hash_key::{HashKey, HashKeyRange, Router};
use shardplan::metrics::{HotKey, Observation};
use shardplan::model::partition_key::KeySpace;
use shardplan::scenario::{KeyFormat, PartitionKey};

use crate::support::{check_close, observe, result_of, simulate_text};

/// Two producers of 500 records/s on eight shards, neither near a limit.
const TWO_WRITERS: &str = "
version: 1
name: two-writers
duration: 100 s
stream: { capacity: { provisioned: { shards: 8 } } }
producers:
  - name: writer
    client: { put_record: { round_trip: 0 s } }
    traffic: { constant: 500 records/s }
    arrivals: paced
    record_size: { constant: 100 B }
    partition_key: { zipf: { keys: 200, exponent: 1 } }
  - name: other
    client: { put_record: {} }
    traffic: { constant: 500 records/s }
    record_size: { constant: 100 B }
    partition_key: { uniform: { keys: 1000 } }
";

fn names(prefix: String) -> KeyFormat {
    KeyFormat { prefix, suffix: String::new() }
}

/// The expected share of the hottest of fifty shards over the mean, the median over 25 families of
/// names.
fn median_of_hottest(keys: impl Fn(KeyFormat) -> PartitionKey) -> f64 {
    let ranges = HashKeyRange::created(50);
    let mut found: Vec<f64> = (0..25)
        .map(|family| {
            let keys = keys(names(format!("device-{family}-")));
            let (_, _, shares) = KeySpace::new(&keys, None, None, &ranges);
            shares.iter().copied().fold(0.0, f64::max) * 50.0
        })
        .collect();
    found.sort_by(f64::total_cmp);
    found[12]
}

fn shard_of(key: &str, shards: u32) -> usize {
    Router::new(&HashKeyRange::created(shards)).shard_of(HashKey::of(key.as_bytes()))
}

/// Every counted key of a run with its shard.
fn counted_keys(run: &Observation) -> impl Iterator<Item = (usize, &HotKey)> {
    let shards = run.shards.iter().enumerate();
    shards.flat_map(|(index, shard)| shard.hottest_keys.iter().map(move |key| (index, key)))
}

/// Balls into bins: the fullest of 50 shards has 1.55 times the mean of 1,000 equal keys, and 1.16
/// times that of 10,000.
#[test]
fn equal_keys_do_not_fill_shards_evenly() {
    let uniform = |keys| move |format| PartitionKey::Uniform { keys, format };
    check_close("1,000 keys", median_of_hottest(uniform(1_000)), 1.55, 0.06);
    check_close("10,000 keys", median_of_hottest(uniform(10_000)), 1.16, 0.02);
}

/// The first of 10,000 Zipf(1) keys has 1 / H(10,000) = 10.2 % of all records, and with the others
/// of its shard makes it 5.8 times the mean of fifty.
#[test]
fn zipf_keys_make_one_shard_hot() {
    let zipf = |format| PartitionKey::Zipf { keys: 10_000, exponent: 1.0, format };
    check_close("Zipf", median_of_hottest(zipf), 5.8, 0.25);
}

/// occupied = N (1 - (1 - 1/N)^K): ten service names use 7.5 of 15 shards in the mean.
#[test]
fn ten_service_names_occupy_half_of_fifteen_shards() {
    let families = 400;
    let occupied: usize = (0..families)
        .map(|family| {
            let mut taken = [false; 15];
            for service in 0..10 {
                taken[shard_of(&format!("team-{family}.service-{service}"), 15)] = true;
            }
            taken.iter().filter(|taken| **taken).count()
        })
        .sum();
    let expected = 15.0 * (1.0 - (14.0 / 15.0f64).powi(10));
    check_close("expected", expected, 7.48, 0.01);
    // Standard deviation of one family 1.1, of the mean 0.055.
    check_close("occupied", occupied as f64 / f64::from(families), expected, 0.25);
    let text = include_str!("../../scenarios/is-the-service-name-a-good-partition-key.yaml");
    let run = observe(text, &["duration=20 s", "warm_up=0 s", "replications=1"]);
    let used = run.shards.iter().filter(|shard| shard.generated_records > 0).count();
    assert_eq!(used, 7, "what the scenario says");
}

/// Two keys with 80 % of the load throttle two of eight shards, and no other.
#[test]
fn two_regions_throttle_exactly_two_shards() {
    let text = include_str!("../../scenarios/why-do-two-of-eight-shards-throttle.yaml");
    let run = observe(text, &["duration=30 s", "warm_up=0 s", "replications=1"]);
    for (index, shard) in run.shards.iter().enumerate() {
        let hot = index == shard_of("us-east-1", 8) || index == shard_of("us-west-2", 8);
        assert_eq!(shard.write_throttled_records > 0, hot, "shard {index}");
        assert!(hot || shard.utilization_mean < 0.5, "shard {index}");
    }
}

/// A salt changes the key and nothing else: the same times and sizes, the other producer as it was;
/// records of a key are divided among its buckets and go where each salted name hashes.
#[test]
fn a_salt_divides_every_key_into_buckets() {
    let plain = observe(TWO_WRITERS, &[]);
    let salted = observe(TWO_WRITERS, &["producers.writer.partition_key.salt=4"]);
    let (before, after) = (&plain.producers[0], &salted.producers[0]);
    assert_eq!(before.generated_records, after.generated_records);
    assert_eq!(before.generated_bytes + 2 * before.generated_records, after.generated_bytes);
    assert_eq!(plain.producers[1].generated_bytes, salted.producers[1].generated_bytes);
    let of_key = |run: &Observation, key: &str| -> u64 {
        let found = counted_keys(run).filter(|(_, hot)| hot.producer == 0);
        found.filter(|(_, hot)| hot.key == key).map(|(_, hot)| hot.generated_records).sum()
    };
    let whole = of_key(&plain, "key-0");
    let buckets: Vec<u64> = (0..4).map(|b| of_key(&salted, &format!("key-0#{b}"))).collect();
    assert_eq!(buckets.iter().sum::<u64>(), whole, "the same draws of keys");
    let deviation = (whole as f64 * 0.25 * 0.75).sqrt();
    for (bucket, records) in buckets.iter().enumerate() {
        check_close("bucket", *records as f64, whole as f64 / 4.0, 5.0 * deviation);
        let shard = shard_of(&format!("key-0#{bucket}"), 8);
        assert!(
            counted_keys(&salted)
                .any(|(at, hot)| at == shard && hot.key.ends_with(&bucket.to_string()))
        );
    }
    for (at, hot) in counted_keys(&salted) {
        assert_eq!(at, shard_of(&hot.key, 8), "{}", hot.key);
    }
}

/// Expected shares are those of the records, whether combinations are counted or hashed one by one:
/// |generated - n share| < 5 sqrt(n share).
#[test]
fn templates_of_any_size_give_the_shares_that_they_generate() {
    let template = |devices: u32| {
        format!(
            "producers.writer.partition_key={{ template: {{ format: '{{tenant}}-{{device}}', \
             parts: {{ tenant: {{ zipf: {{ keys: 50, exponent: 1.2 }} }}, device: {{ hot_set: {{ \
             keys: {devices}, hot: 1, share: 40 % }} }} }} }} }}"
        )
    };
    for devices in [3, 3_000, 3_000_000] {
        let run = observe(TWO_WRITERS, &[&template(devices), "producers.other.traffic.constant=0"]);
        let total = run.producers[0].generated_records as f64;
        assert!(total > 49_000.0);
        for shard in &run.shards {
            let expected = shard.expected_share * total;
            let error = 5.0 * expected.sqrt();
            check_close("records", shard.generated_records as f64, expected, error);
        }
        let hottest = counted_keys(&run).max_by_key(|(_, hot)| hot.generated_records).unwrap();
        assert_eq!(hottest.1.key, "0-0", "of {devices} devices");
        assert_eq!(hottest.0, shard_of("0-0", 8));
    }
}

/// With `{minute}` all records of a minute go to the one shard that its text hashes to.
#[test]
fn a_time_as_the_key_sends_everything_to_one_shard_at_a_time() {
    let sets = [
        "starts_at=2026-12-31T23:59:30Z",
        "producers.writer.partition_key.time={ format: 'at {minute}' }",
        "producers.other.traffic.constant=0",
    ];
    let run = observe(TWO_WRITERS, &sets);
    let mut expected = [0; 8];
    // 500 records/s, paced: 30 s of the old year, then 60 s, then 10 s.
    for (minute, seconds) in
        [("2026-12-31T23:59", 30), ("2027-01-01T00:00", 60), ("2027-01-01T00:01", 10)]
    {
        expected[shard_of(&format!("at {minute}"), 8)] += 500 * seconds;
    }
    for (shard, expected) in run.shards.iter().zip(expected) {
        check_close("records", shard.generated_records as f64, f64::from(expected), 3.0);
        check_close("share", shard.expected_share, f64::from(expected) / 50_000.0, 1e-9);
    }
}

/// The same bytes on one thread and on two, with drawn parts, a time and a salt in one key.
#[test]
fn composed_keys_are_drawn_alike_on_any_number_of_threads() {
    let key = "producers.writer.partition_key={ template: { format: '{t}/{d}/{minute}', parts: { t: \
               { zipf: { keys: 3000, exponent: 0.8 } }, d: { uniform: { keys: 5000 } } } }, salt: 3 }";
    let arguments = ["--set", key];
    let one = crate::support::printed_result(TWO_WRITERS, &arguments, 1);
    assert_eq!(one, crate::support::printed_result(TWO_WRITERS, &arguments, 2));
}

/// Which order each strategy keeps, as the result says it.
#[test]
fn the_result_says_which_order_is_kept() {
    for (set, expected) in [
        ("partition_key.single=k", "per_key"),
        ("partition_key.hot_set={ keys: 9, hot: 1, share: 50 % }", "per_key"),
        ("partition_key.time={ format: '{date}' }", "per_key"),
        ("explicit_hash_key='77'", "per_key"),
        ("partition_key.salt=2", "per_key_and_bucket"),
        ("partition_key.random={}", "none"),
        ("explicit_hash_key=random", "none"),
        ("partition_key.template={ format: '{a}{date}', parts: { a: { random: {} } } }", "none"),
    ] {
        let set = format!("producers.writer.{set}");
        let document = result_of(TWO_WRITERS, &["--set", &set, "--set", "duration=2 s"]);
        assert_eq!(document["producers"][0]["ordering"], expected, "{set}");
        assert_eq!(document["producers"][1]["ordering"], "per_key");
    }
}

/// Fact 5: where the service distributes the records, keys and hash keys decide nothing, and a
/// record may have no key; the spread is even and said to be inferred.
#[test]
fn a_stream_that_distributes_its_records_ignores_their_keys() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("shards.json"), include_str!("shards.json")).unwrap();
    let path = folder.path().join("auto.yaml");
    let stream = "stream: { hash_ranges: { list_shards: shards.json }, record_distribution: auto }";
    let text = TWO_WRITERS.replace("stream: { capacity: { provisioned: { shards: 8 } } }", stream);
    std::fs::write(&path, text).unwrap();
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_shardplan"))
        .args(["run", path.to_str().unwrap(), "--format", "json"])
        .args(["--set", "producers.writer.partition_key={ none: {} }"])
        .args(["--set", "producers.other.partition_key.single=one-key"])
        .output()
        .unwrap();
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    for shard in document["shards"].as_array().unwrap() {
        let records = shard["generated_records"].as_f64().unwrap();
        // 100,000 records on three shards: a third each, standard deviation 149.
        check_close("records", records, 100_000.0 / 3.0, 1_000.0);
        assert!(shard["hottest_keys"].as_array().unwrap().is_empty());
    }
    let [writer, other] = [0, 1].map(|index| &document["producers"][index]);
    assert_eq!(writer["ordering"], "none");
    let bytes = |producer: &serde_json::Value| {
        let figure = |name: &str| producer[name].as_u64().unwrap();
        figure("generated_bytes") / figure("generated_records")
    };
    assert_eq!((bytes(writer), bytes(other)), (100, 107), "no key, and a key of 7 B");
    let assumptions = document["assumptions"].as_array().unwrap();
    let row = assumptions.iter().find(|row| row["name"] == "record_distribution").unwrap();
    assert_eq!(row["provenance"], "inferred");
}

/// Replications differ in their draws, not in where keys go.
#[test]
fn every_replication_has_the_same_places() {
    let sets = ["replications=2", "producers.writer.partition_key.salt=5", "duration=5 s"];
    let runs = simulate_text(TWO_WRITERS, &sets);
    assert_ne!(runs[0].shards[0].generated_records, runs[1].shards[0].generated_records);
    for (first, second) in runs[0].shards.iter().zip(&runs[1].shards) {
        assert!((first.expected_share - second.expected_share).abs() < f64::EPSILON);
    }
}
