//! Clients that are programs or services of their own: the agent, the Flink sink, a subscription of
//! CloudWatch Logs.

use shardplan::metrics::Observation;

use crate::language::check_good;
use crate::support::{check_close, observe};

/// One producer that writes to one shard; of its records, nothing comes at random.
const CLIENT: &str = "
version: 1
name: client
duration: 10 min
stream: { capacity: { provisioned: { shards: 1 } } }
producers:
  - name: app
    client: { agent: {} }
    traffic: { constant: 5 records/s }
    arrivals: paced
    record_size: { constant: 500 B }
    partition_key: { single: host }
";

fn run(client: &str, overrides: &[&str]) -> Observation {
    let client = format!("producers.app.client={client}");
    let overrides: Vec<&str> = overrides.iter().copied().chain([client.as_str()]).collect();
    let run = observe(CLIENT, &overrides);
    let app = &run.producers[0];
    assert_eq!(app.generated_records, app.accepted + app.waiting, "nothing is given up");
    run
}

/// Published default: a buffer that is not full is sent when it is 60 s old; 500 records fill one.
#[test]
fn an_agent_sends_when_a_buffer_is_full_or_a_minute_old() {
    let slow = run("{ agent: {} }", &[]);
    let app = &slow.producers[0];
    // 60 s, and then until the first record of the next buffer.
    check_close("calls", app.put_calls as f64, 600.0 / 60.2, 1.0);
    check_close("latency", app.put_latency_us.max() as f64 / 1e6, 60.01, 0.03);
    let fast = run("{ agent: {} }", &["producers.app.traffic={ constant: 50 records/s }"]);
    let app = &fast.producers[0];
    check_close("calls", app.put_calls as f64, 600.0 / 10.0, 1.0);
    check_close("latency", app.put_latency_us.max() as f64 / 1e6, 9.99, 0.03);
}

/// Twice what the shard takes: the agent backs off, by more than it has to, loses nothing, and in the
/// end stops to read its files. With a hundred buffers and 24 threads it holds 62,000 records.
#[test]
fn an_agent_that_is_throttled_backs_off_and_gives_nothing_up() {
    let over = ["producers.app.traffic={ constant: 2000 records/s }", "duration=5 min"];
    let seen = run("{ agent: {} }", &over);
    let app = &seen.producers[0];
    let taken = app.accepted as f64 / 300.0;
    assert!((20.0..=1_004.0).contains(&taken), "{taken} records/s");
    assert!(app.throttled > 10_000, "{}", app.throttled);
    // One that hardly sleeps is refused far more often.
    let hasty = run("{ agent: { retry_initial_backoff: 1 ms, retry_max_backoff: 1 ms } }", &over);
    let hasty = &hasty.producers[0];
    assert!(3 * app.throttled < hasty.throttled, "{} {}", app.throttled, hasty.throttled);
    // What waits before the files is not in its buffers.
    assert!(app.waiting > 62_000);
}

/// A request goes when 500 records wait, or one has waited for 5 s.
#[test]
fn a_flink_sink_sends_when_a_request_is_full_or_five_seconds_old() {
    let slow = run("{ flink_sink: {} }", &[]);
    let app = &slow.producers[0];
    check_close("requests", app.put_calls as f64, 600.0 / 5.0, 2.0);
    check_close("latency", app.put_latency_us.max() as f64 / 1e6, 5.01, 0.03);
    let fast = run("{ flink_sink: {} }", &["producers.app.traffic={ constant: 800 records/s }"]);
    check_close("requests", fast.producers[0].put_calls as f64, 600.0 * 800.0 / 500.0, 2.0);
}

/// The window opens with one request of 500 records and grows by ten with each: until it holds two,
/// after 50 requests, a round trip of 1 s lets one request a second through.
#[test]
fn the_window_of_a_flink_sink_bounds_what_is_under_way() {
    let over = [
        "stream.capacity.provisioned.shards=8",
        "producers.app.traffic={ constant: 4000 records/s }",
        "producers.app.partition_key={ random: {} }",
        "duration=60 s",
    ];
    let run = run("{ flink_sink: { round_trip: 1 s } }", &over);
    let accepted: Vec<u64> = run.series.rows().map(|row| row.incoming_records).collect();
    let first: u64 = accepted[..50].iter().sum();
    check_close("records in 50 s", first as f64, 50.0 * 500.0, 600.0);
    let later: u64 = accepted[52..58].iter().sum();
    check_close("records a second thereafter", later as f64 / 6.0, 1_000.0, 200.0);
    assert_eq!(run.producers[0].throttled, 0);
}

/// One hot shard slows the whole sink: requests that meet it fail, and the window shrinks until
/// little is under way.
#[test]
fn one_hot_shard_slows_a_flink_sink() {
    let over = [
        "stream.capacity.provisioned.shards=8",
        "producers.app.traffic={ constant: 6000 records/s }",
        "producers.app.partition_key={ hot_set: { keys: 1000, hot: 1, share: 40 % } }",
        "duration=5 min",
    ];
    let slowed = run("{ flink_sink: { round_trip: 100 ms } }", &over);
    let taken = slowed.producers[0].accepted as f64 / 300.0;
    // The hot shard takes 1,000 records/s, which are 40 % of all that is sent.
    assert!(taken < 1.1 * 2_500.0, "{taken} records/s");
    let loads: Vec<u64> = slowed.shards.iter().map(|shard| shard.incoming_records).collect();
    let hottest = loads.iter().max().copied().unwrap_or(0);
    check_close("the hot shard", hottest as f64 / 300.0, 1_000.0, 120.0);
}

/// Events of a log stream share a record, which is compressed: 1 MiB of events in eight parts.
#[test]
fn a_subscription_sends_compressed_batches_by_log_stream() {
    let over = ["producers.app.traffic={ constant: 1000 records/s }"];
    let full = run("{ cloudwatch_logs: {} }", &over);
    let app = &full.producers[0];
    let events = (1 << 20) / 500;
    check_close("records", app.put_records as f64, 600_000.0 / f64::from(events), 2.0);
    let bytes = (f64::from(events) * 500.0 / 8.0).ceil() + 300.0 + 4.0;
    check_close("bytes", app.accepted_bytes as f64 / app.incoming_records as f64, bytes, 0.5);
    assert_eq!(app.out_of_order_records, Some(0));
    // Slow log streams are bound by the wait for company: one record each in 10 s.
    let slow = run(
        "{ cloudwatch_logs: {} }",
        &[
            "producers.app.partition_key={ uniform: { keys: 5 } }",
            "producers.app.traffic={ constant: 50 records/s }",
        ],
    );
    check_close("records", slow.producers[0].put_records as f64, 5.0 * 60.0, 8.0);
    assert!(slow.producers[0].put_latency_us.max() <= 10_020_000);
}

/// Twice what the shard takes: records wait and are sent again until they are taken.
#[test]
fn a_subscription_does_not_give_up() {
    let over = ["producers.app.traffic={ constant: 40000 records/s }", "duration=60 s"];
    let seen = run("{ cloudwatch_logs: { compression: 8 } }", &over);
    let app = &seen.producers[0];
    check_close("bytes/s", app.accepted_bytes as f64 / 60.0, f64::from(1 << 20), 40_000.0);
    assert!(app.throttled > 0);
}

/// With the distribution `Random` each batch goes where it is drawn, all its events with it; with
/// a fresh key each event is a log stream of its own. Every event is accounted for.
#[test]
fn batches_of_events_go_to_one_shard_each() {
    let shards = "stream.capacity.provisioned.shards=3";
    let random = "producers.app.explicit_hash_key=random";
    let rate = "producers.app.traffic={ constant: 1000 records/s }";
    let spread = run("{ cloudwatch_logs: { linger: 1 s } }", &[shards, random, rate]);
    let app = &spread.producers[0];
    assert!(app.put_records > 0 && app.put_records < app.generated_records / 10);
    assert!(spread.shards.iter().all(|shard| shard.incoming_records > 0));
    let fresh = "producers.app.partition_key={ random: {} }";
    let alone = run("{ cloudwatch_logs: { linger: 1 s } }", &[shards, fresh, rate]);
    let app = &alone.producers[0];
    check_close("records", app.put_records as f64 / app.accepted as f64, 1.0, 0.01);
}

/// Every documented default can be written out, and is what `{}` has.
#[test]
fn defaults_that_are_written_out_are_those_of_an_empty_client() {
    let retries = |attempts: &str, base: &str, max: &str| {
        let backoff = format!("{{ base: {base}, factor: 2, max: {max}, jitter: full }}");
        format!("round_trip: 10 ms, retries: {{ {attempts}backoff: {backoff} }}")
    };
    let library = "aggregation_max_size: 51200 B, aggregation_max_count: 4294967295, \
                   max_user_record_size: 1 MiB, collection_max_count: 500, \
                   collection_max_size: 5 MiB, rate_limit_burst: 10 MiB, \
                   rate_limit_starts: full, fail_if_throttled: false, max_connections: 24, \
                   round_trip: 10 ms";
    let written = [
        ("put_record", retries("attempts: 3, ", "1 s", "20 s")),
        (
            "put_records",
            format!(
                "batch_size: 500, batch_bytes: 10 MiB, linger: 100 ms, {}",
                retries("attempts: 8, ", "100 ms", "5 s")
            ),
        ),
        (
            "kpl",
            format!(
                "aggregation_enabled: true, record_max_buffered_time: 100 ms, record_ttl: 30 s, \
                 rate_limit: 150 %, {library}"
            ),
        ),
        (
            "kafka_connect",
            format!(
                "aggregation_enabled: false, record_max_buffered_time: 15 s, record_ttl: 60 s, \
                 rate_limit: 100 %, buffer: {{ records: 500000, when_full: block }}, {library}"
            ),
        ),
        (
            "dms",
            format!(
                "parallel_apply_threads: 0, batch_size: 500, linger: 100 ms, {}",
                retries("", "1 s", "32 s")
            ),
        ),
        (
            "agent",
            "max_buffer_age: 60 s, max_buffer_size_records: 500, max_buffer_size_bytes: 5 MiB, \
             publish_queue_capacity: 100, sending_threads: 24, retry_initial_backoff: 100 ms, \
             retry_max_backoff: 10 s, round_trip: 10 ms"
                .to_owned(),
        ),
        (
            "flink_sink",
            "max_batch_size: 500, max_batch_size_in_bytes: 5 MiB, max_in_flight_requests: 50, \
             max_buffered_requests: 10000, max_time_in_buffer: 5 s, round_trip: 10 ms"
                .to_owned(),
        ),
        (
            "cloudwatch_logs",
            format!(
                "batch_events: 10000, batch_bytes: 1 MiB, linger: 10 s, compression: 8, \
                 envelope: 300 B, {}",
                retries("", "1 s", "60 s")
            ),
        ),
    ];
    for (client, defaults) in written {
        let of = |keys: &str| {
            let client = format!("producers.app.client={{ {client}: {{ {keys} }} }}");
            format!("{:?}", check_good(CLIENT, &[&client]).producers[0].client)
        };
        assert_eq!(of(&defaults), of(""), "{client}");
    }
}
