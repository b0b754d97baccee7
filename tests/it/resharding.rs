//! Shards that split and merge while the stream runs.

use proptest::prelude::*;
use shardplan::engine::{Control, Options, simulate};
use shardplan::metrics::Observation;
use shardplan::time::Span;

use crate::language::check_good;
use crate::support::{check_close, figures, observe, printed_result, result_of, simulate_text};

/// Many keys, retries under way, batches, three kinds of consumers.
const RESHARDED: &str = "
version: 1
name: resharded
duration: 6 min
warm_up: 10 s
stream:
  capacity: { provisioned: { shards: 4 } }
  scaling:
    schedule:
      - { at: 20 s, update_shard_count: 3 }
      - { at: 100 s, split: { shard: shardId-000000000009 } }
      - { at: 150 s, update_shard_count: 6 }
      - { at: 240 s, merge: { shard: shardId-000000000006 } }
      - { at: 300 s, update_shard_count: 3 }
producers:
  - name: single
    client: { put_record: { round_trip: 40 ms, retries: { attempts: 6 } } }
    traffic: { constant: 2500 records/s }
    record_size: { constant: 300 B }
    partition_key: { zipf: { keys: 3000, exponent: 0.9 } }
  - name: batched
    client: { put_records: { batch_size: 100, linger: 200 ms } }
    traffic: { constant: 1200 records/s }
    record_size: { constant: 700 B }
    partition_key: { uniform: { keys: 500 } }
  - name: fresh
    client: { put_records: {} }
    traffic: { constant: 300 records/s }
    record_size: { constant: 500 B }
    partition_key: { random: {} }
consumers:
  - name: lake
    polling: { interval: 300 ms, processing: { per_record: 100 us } }
  - name: alerts
    enhanced_fan_out: { processing: { per_record: 400 us } }
  - name: naive
    polling: { interval: 1 s, child_shards: at_once, processing: { per_record: 500 us } }
";

/// The same with clients that hear of every answer, and consumers that couple shards.
const SERVICES: &str = "
version: 1
name: services
duration: 6 min
warm_up: 10 s
stream:
  capacity: { provisioned: { shards: 4 } }
  scaling:
    schedule:
      - { at: 20 s, update_shard_count: 3 }
      - { at: 100 s, split: { shard: shardId-000000000009 } }
      - { at: 150 s, update_shard_count: 6 }
      - { at: 300 s, update_shard_count: 3 }
producers:
  - name: library
    client: { kpl: { record_ttl: 20 s } }
    traffic: { constant: 2000 records/s }
    record_size: { constant: 900 B }
    partition_key: { zipf: { keys: 3000, exponent: 0.7 } }
  - name: bounded
    client: { put_records: { linger: 50 ms, in_flight: 3, buffer: { records: 2000, when_full: drop_oldest } } }
    traffic: { constant: 700 records/s }
    record_size: { constant: 600 B }
    partition_key: { uniform: { keys: 500 } }
  - name: direct
    client: { put_record: {} }
    traffic: { constant: 300 records/s }
    record_size: { constant: 200 B }
    partition_key: { random: {} }
consumers:
  - name: function
    lambda: { batch_size: 500, parallelization_factor: 2, processing: { per_record: 200 us } }
  - name: pushed
    lambda: { fan_out: enhanced, batch_size: 100, processing: { per_batch: 30 ms } }
  - name: delivery
    firehose: { buffer: { interval: 20 s } }
  - name: workers
    kcl: { workers: 2, fan_out: polling, processing: { per_record: 100 us } }
";

fn with_window(text: &str, window: Span) -> Observation {
    let scenario = check_good(text, &[]);
    let options =
        Options { window: Some(window), series_step: Some(Span::SECOND), ..Options::default() };
    simulate(&scenario, &options, &|_| Control::Continue).unwrap().remove(0)
}

/// Shards are those of V9, then those of the calls that follow.
#[test]
fn shards_split_and_merge_on_a_timetable() {
    let result = result_of(RESHARDED, &[]);
    let shards = result["shards"].as_array().unwrap();
    let open_after_first: Vec<&str> = shards[..11]
        .iter()
        .filter(|shard| shard["closed_seconds"].as_f64().is_none_or(|closed| closed > 100.0))
        .map(|shard| shard["shard_id"].as_str().unwrap())
        .collect();
    assert_eq!(
        open_after_first,
        ["shardId-000000000006", "shardId-000000000009", "shardId-000000000010"]
    );
    let actions = result["scaling"]["actions"].as_array().unwrap();
    let outcomes: Vec<&str> =
        actions.iter().map(|action| action["outcome"].as_str().unwrap()).collect();
    assert_eq!(outcomes, ["done", "done", "done", "refused", "done"]);
    assert_eq!(actions[0]["landed_at_seconds"], 20.0 + 30.0 + 5.0 * 1.5);
    assert_eq!(result["stream"]["shards_start"], 4);
    assert_eq!(result["stream"]["shards_end"], 3);
    assert_eq!(shards[9]["parent_shard_ids"].as_array().unwrap().len(), 2);
    let series = result["series"].as_array().unwrap();
    assert_eq!(series.last().unwrap()["open_shards"], 3);
}

/// result(window) is the same for any window, and for any number of threads.
#[test]
fn neither_the_window_nor_the_threads_change_a_figure() {
    for text in [RESHARDED, SERVICES] {
        let expected = figures(&with_window(text, Span::from_seconds(3_600)));
        for window in [1, 37, 250, 1_000, 7_919] {
            let ours = figures(&with_window(text, Span::from_milliseconds(window)));
            assert!(ours == expected, "a window of {window} ms changes a figure");
        }
        let one = printed_result(text, &[], 1);
        assert!(one == printed_result(text, &[], 2), "threads change a figure");
    }
}

/// Services finish parents first: what a parent holds is done before a child begins.
#[test]
fn services_follow_shards_that_split_and_merge() {
    let run = observe(SERVICES, &[]);
    for consumer in &run.consumers {
        assert_eq!(consumer.out_of_order_records, Some(0));
        let share = consumer.processed_records as f64
            / run.producers.iter().map(|p| p.incoming_records).sum::<u64>() as f64;
        assert!(share > 0.9, "{share}");
    }
}

/// Half of the hash keys move to another shard. The library goes on to aggregate for the shard that
/// was until an answer names another: 100 ms of buffering, 20 ms of collecting and a round trip of
/// 10 ms, in which half of the user records come to the wrong half. Then it asks for the shards.
#[test]
fn a_library_hears_of_a_split_from_a_record_that_went_astray() {
    let text = "
version: 1
name: stale
duration: 60 s
stream:
  capacity: { provisioned: { shards: 1 } }
  scaling: { schedule: [ { at: 1 s, split: { shard: shardId-000000000000 } } ] }
producers:
  - name: app
    client: { kpl: {} }
    traffic: { constant: 1000 records/s }
    arrivals: paced
    record_size: { constant: 512 B }
    partition_key: { random: {} }
";
    let run = observe(text, &[]);
    let app = &run.producers[0];
    // Containers of up to 91 records, of which one is under way, one collects and one fills.
    assert!((30..=130).contains(&app.wrong_shard_records), "{}", app.wrong_shard_records);
    assert_eq!((app.given_up, app.throttled, app.duplicate_records), (0, 0, 0));
    assert_eq!(app.accepted + app.waiting, 60_000);
    // One shard's records of a tenth of a second, then those of two.
    let records = |index: usize| run.shards[index].incoming_records as f64;
    // The few that are made while the library asks go alone.
    check_close("records of the parent", records(0), 31.0 * 1_000.0 / 91.0, 25.0);
    // Ten a second from each child, and those that went astray, each alone.
    let children = records(1) + records(2);
    check_close(
        "records of the children",
        children,
        27.5 * 20.0 + app.wrong_shard_records as f64,
        30.0,
    );
    let alone = observe(text, &["producers.app.client.kpl={ aggregation_enabled: false }"]);
    assert_eq!(alone.producers[0].wrong_shard_records, 0);
}

/// With parents first nothing is processed out of order; a naive reader has disorder.
#[test]
fn only_readers_that_finish_parents_first_keep_the_order() {
    let backlog = [
        "consumers.lake.polling.processing.per_record=600 us",
        "consumers.alerts.enhanced_fan_out.processing.per_record=700 us",
        "consumers.naive.polling.processing.per_record=600 us",
    ];
    let run = observe(RESHARDED, &backlog);
    let late: Vec<u64> =
        run.consumers.iter().map(|consumer| consumer.out_of_order_records.unwrap()).collect();
    assert_eq!(late[..2], [0, 0]);
    assert!(late[2] > 1_000, "{late:?}");
    let result = result_of(RESHARDED, &["--set", backlog[2]]);
    let findings = result["findings"].to_string();
    assert!(findings.contains("reshard-breaks-order"), "{findings}");
}

/// The records of a key are where its hash key is, whatever was split before: the counts of each
/// shard are those of a stream that had these ranges from the start.
#[test]
fn after_an_update_every_shard_gets_what_a_created_one_would() {
    let resharded = "
version: 1
name: updated
duration: 10 min
warm_up: 3 min
stream:
  capacity: { provisioned: { shards: 2 } }
  scaling: { schedule: [ { at: 1 s, update_shard_count: 3 }, { at: 60 s, update_shard_count: 5 } ] }
producers:
  - name: web
    client: { put_record: { round_trip: 0 s } }
    traffic: { constant: 900 records/s }
    record_size: { constant: 300 B }
    partition_key: KEYS
";
    let keys = [
        "{ zipf: { keys: 5000, exponent: 0.8 } }",
        "{ zipf: { keys: 200, exponent: 0.8 }, salt: 4 }",
        "{ template: { format: '{a}/{b}', parts: { a: { uniform: { keys: 3000 } }, b: { zipf: { \
         keys: 9000, exponent: 0.5 } } } } }",
        "{ random: {} }",
    ];
    for keys in keys {
        let text = resharded.replace("KEYS", keys);
        let created = ["stream.scaling=null", "stream.capacity.provisioned.shards=5"];
        let (ours, theirs) = (observe(&text, &[]), observe(&text, &created));
        let mut open: Vec<_> = ours.shards.iter().filter(|shard| shard.closed.is_none()).collect();
        open.sort_by_key(|shard| shard.range.start);
        assert_eq!(open.len(), 5);
        for (shard, created) in open.iter().zip(&theirs.shards) {
            assert_eq!(shard.range, created.range);
            assert_eq!(shard.generated_records, created.generated_records, "{keys}");
            // Of keys that are not all in the table it is an estimate.
            let tolerance = if keys.contains("template") { 0.01 } else { 1e-9 };
            let difference = shard.expected_share - created.expected_share;
            assert!(difference.abs() < tolerance, "{keys}");
            if keys.starts_with("{ zipf") {
                assert_eq!(shard.hottest_keys[0].key, created.hottest_keys[0].key);
            }
        }
    }
}

/// Each second of the run, one shard series or another has what the stream took.
#[test]
fn the_series_of_the_shards_add_up_to_that_of_the_stream() {
    let run = observe(RESHARDED, &[]);
    let mut sums = vec![0u64; 360];
    for shard in &run.shards {
        let first = usize::try_from(shard.series.first_step()).unwrap();
        for (second, row) in shard.series.rows().enumerate() {
            sums[first + second] += row.incoming_records;
        }
    }
    let stream: Vec<u64> = run.series.rows().map(|row| row.incoming_records).collect();
    assert_eq!(sums, stream);
}

/// A day of retention: what a closed shard keeps expires with it.
#[test]
fn a_closed_shard_expires_when_its_retention_is_over() {
    let text = "
version: 1
name: expires
duration: 49 h
stream:
  capacity: { provisioned: { shards: 1 } }
  scaling: { schedule: [ { at: 1 h, split: { shard: shardId-000000000000 } }, { at: 48 h, merge: { shard: shardId-000000000001 } } ] }
producers:
  - name: web
    client: { put_record: { round_trip: 0 s } }
    traffic: { constant: 1 records/s }
    record_size: { constant: 300 B }
    partition_key: { uniform: { keys: 100 } }
consumers:
  - name: slow
    polling: { processing: { per_record: 10 s } }
";
    let result = result_of(text, &[]);
    let states: Vec<&str> = result["shards"]
        .as_array()
        .unwrap()
        .iter()
        .map(|shard| shard["state"].as_str().unwrap())
        .collect();
    assert_eq!(states, ["EXPIRED", "CLOSED", "CLOSED", "OPEN"]);
    assert!(result["consumers"][0]["expired_records"].as_u64().unwrap() > 0);
}

fn timetable() -> impl Strategy<Value = Vec<String>> {
    let action = prop_oneof![
        4 => (1..12u32).prop_map(|count| format!("update_shard_count: {count}")),
        2 => (0..24u32).prop_map(|id| format!("split: {{ shard: shardId-{id:012} }}")),
        2 => (0..24u32).prop_map(|id| format!("merge: {{ shard: shardId-{id:012} }}")),
        1 => Just("mode: on_demand".to_owned()),
        1 => Just("mode: provisioned".to_owned()),
    ];
    prop::collection::vec((0..115_000u32, action), 1..10).prop_map(|actions| {
        actions.into_iter().map(|(at, action)| format!("{{ at: {at} ms, {action} }}")).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// generated = accepted + given up + rejected + waiting, and for each consumer
    /// incoming = processed + expired + backlog, over any sequence of splits, merges and modes.
    /// The engine asserts both; here the totals are held against each other as well.
    #[test]
    fn no_record_is_lost_or_counted_twice(
        actions in timetable(),
        seed in 0..1_000u32,
        window in 3..4_000u64,
        text in prop_oneof![Just(RESHARDED), Just(SERVICES)],
    ) {
        let text = text.replace("duration: 6 min", "duration: 2 min");
        let quick = "quotas={ reshard_start: 3 s, reshard_operation: 700 ms, on_demand_split_time: 20 s }";
        let schedule = format!("stream.scaling.schedule=[ {} ]", actions.join(", "));
        let scenario = check_good(&text, &[quick, &schedule, &format!("seed={seed}")]);
        let run = |window| {
            let options = Options { window: Some(Span::from_milliseconds(window)), ..Options::default() };
            simulate(&scenario, &options, &|_| Control::Continue).unwrap().remove(0)
        };
        let seen = run(window);
        let generated: u64 = seen.producers.iter().map(|producer| producer.generated_records).sum();
        let at_shards: u64 = seen.shards.iter().map(|shard| shard.generated_records).sum();
        prop_assert_eq!(generated, at_shards);
        let open: f64 = seen.shards.iter().filter(|shard| shard.closed.is_none())
            .map(|shard| shard.range.share()).sum();
        prop_assert!((open - 1.0).abs() < 1e-9);
        for consumer in &seen.consumers[..2] {
            prop_assert_eq!(consumer.out_of_order_records, Some(0));
        }
        prop_assert!(figures(&seen) == figures(&run(1_000)), "a window changes a figure");
    }
}

/// A split, and merges soon after it: what came to a shard of others is sent again though its answer
/// comes when it would have come to its own, and a batch of log events stays whole though each of its
/// events has a hash key of its own.
#[test]
fn clients_whose_answers_come_after_the_next_change_lose_nothing() {
    let text = "
version: 1
name: late
duration: 40 s
warm_up: 3 s
stream:
  capacity: { provisioned: { shards: 3 } }
  scaling: { schedule: [ { at: 10 s, update_shard_count: 4 }, { at: 25 s, update_shard_count: 3 } ] }
quotas: { reshard_start: 3 s, reshard_operation: 700 ms }
producers:
  - name: far
    client: { kpl: { round_trip: 700 ms, collection_max_count: 3 } }
    traffic: { constant: 4000 records/s }
    arrivals: paced
    record_size: { log_normal: { mean: 700 B, sigma: 0.6 } }
    partition_key: { zipf: { keys: 2000, exponent: 1.1 } }
  - name: logs
    client: { cloudwatch_logs: {} }
    traffic: { constant: 3000 records/s }
    record_size: { constant: 20 B }
    partition_key: { uniform: { keys: 5000 } }
    explicit_hash_key: random
  - name: direct
    client: { put_record: {} }
    traffic: { constant: 300 records/s }
    record_size: { constant: 300 B }
    partition_key: { uniform: { keys: 1000 } }
consumers:
  - { name: reader, polling: {} }
";
    for seed in ["seed=1", "seed=2", "seed=3", "seed=5"] {
        let seen = observe(text, &[seed]);
        let [far, logs, _] = &seen.producers[..] else { panic!() };
        assert!(far.wrong_shard_records > 0, "{seed}");
        assert_eq!(logs.wrong_shard_records, 0, "{seed}");
        for client in [far, logs] {
            let counted = client.accepted + client.given_up + client.waiting;
            assert_eq!(client.generated_records, counted, "{seed}");
        }
    }
}

/// A stream whose shards could change and do not is the same stream.
#[test]
fn a_timetable_that_is_refused_changes_nothing() {
    let refused = ["stream.scaling.schedule=[ { at: 1 s, update_shard_count: 100 } ]"];
    let (ours, theirs) =
        (simulate_text(RESHARDED, &refused), simulate_text(RESHARDED, &["stream.scaling=null"]));
    let shards = |run: &Observation| -> Vec<_> {
        run.shards.iter().map(|shard| (shard.incoming_bytes, shard.utilization_peak_1s)).collect()
    };
    assert_eq!(shards(&ours[0]), shards(&theirs[0]));
    for (ours, theirs) in ours[0].consumers.iter().zip(&theirs[0].consumers) {
        assert_eq!(ours.processed_records, theirs.processed_records);
        assert_eq!(ours.out_of_order_records, Some(0));
        assert_eq!(theirs.out_of_order_records, None);
    }
}
