//! Clients with bounds: calls under way, buffers, and what becomes of records without room.

use shardplan::metrics::Observation;

use crate::support::{ONE_WRITER, check_close, observe};

const CROWDED: [&str; 4] = [
    "stream.capacity.provisioned.shards=3",
    "producers.writer.traffic={ constant: 3000 records/s }",
    "producers.writer.arrivals=poisson",
    "producers.writer.partition_key={ zipf: { keys: 1000, exponent: 0.8 } }",
];

fn run(overrides: &[&str]) -> Observation {
    observe(ONE_WRITER, overrides)
}

/// A bound that is never met changes nothing: the two ways of playing a client agree in every count.
#[test]
fn a_client_with_room_for_all_is_one_without_bounds() {
    let clients = [
        "put_record: { retries: { attempts: 5, backoff: { base: 100 ms } } }",
        "put_record: { round_trip: 40 ms, timeouts: { share: 5 %, after: 2 s } }",
        "put_records: { batch_size: 50, linger: 20 ms, timeouts: { share: 2 %, after: 1 s } }",
        "put_records: { batch_bytes: 5 KiB, retries: { attempts: 3 } }",
    ];
    for client in clients {
        for warm_up in ["0 s", "37 s"] {
            let figures = |bound: &str| {
                let client = client.strip_suffix(" }").unwrap();
                let client = format!("producers.writer.client={{ {client}{bound} }} }}");
                let warm_up = format!("warm_up={warm_up}");
                let seen = run(&[&CROWDED[..], &[&client, &warm_up]].concat());
                let writer = &seen.producers[0];
                let counts = [
                    writer.generated_records,
                    writer.attempts,
                    writer.accepted,
                    writer.accepted_bytes,
                    writer.throttled,
                    writer.given_up,
                    writer.waiting,
                    writer.put_records,
                    writer.incoming_records,
                    writer.duplicate_records,
                    writer.out_of_order_records.unwrap(),
                    writer.put_calls,
                    writer.put_latency_us.value_at_quantile(0.5),
                    writer.put_latency_us.value_at_quantile(0.99),
                    writer.put_latency_us.max(),
                ];
                let shards: Vec<[u64; 4]> = seen
                    .shards
                    .iter()
                    .map(|shard| {
                        [
                            shard.generated_records,
                            shard.incoming_records,
                            shard.throttled_by_records,
                            shard.throttled_by_bytes,
                        ]
                    })
                    .collect();
                (counts, shards)
            };
            let (bounded, free) = (figures(", in_flight: 100000"), figures(""));
            assert!(free.0[4] > 0, "something is throttled");
            assert_eq!(bounded, free, "{client}, warm-up {warm_up}");
        }
    }
}

/// One call at a time: the rate is the batch over the round trip, and the rest waits its turn.
#[test]
fn calls_under_way_bound_the_rate() {
    let run = run(&[
        "stream.capacity.provisioned.shards=8",
        "producers.writer.client={ put_records: { batch_size: 20, in_flight: 2, round_trip: 50 ms } }",
        "producers.writer.traffic={ constant: 1000 records/s }",
        "producers.writer.partition_key={ random: {} }",
    ]);
    let writer = &run.producers[0];
    // 2 calls of 20 records each 50 ms.
    check_close("accepted a second", writer.accepted as f64 / 100.0, 800.0, 2.0);
    check_close("waiting", writer.waiting as f64, 20_000.0, 200.0);
    // The last one waits for the backlog of 200/s * 100 s before it, taken at 800/s.
    check_close("longest", writer.put_latency_us.max() as f64 / 1e6, 20.0, 0.3);
    assert_eq!(writer.out_of_order_records, None);
}

/// An M/D/1/N queue has no simpler relative: a client that sends one call of one record at a time and
/// holds ten drops what finds ten. Paced at twice its rate it drops half.
#[test]
fn what_finds_no_room_is_dropped_or_waits() {
    let policy = |when_full: &str| {
        let client = format!(
            "producers.writer.client={{ put_record: {{ in_flight: 1, round_trip: 10 ms, buffer: \
             {{ records: 10 records, when_full: {when_full} }} }} }}"
        );
        let run = run(&[&client, "producers.writer.traffic={ constant: 200 records/s }"]);
        run.producers.into_iter().next().unwrap()
    };
    let (block, newest, oldest) = (policy("block"), policy("drop_newest"), policy("drop_oldest"));
    for seen in [&block, &newest, &oldest] {
        check_close("accepted", seen.accepted as f64, 10_000.0, 2.0);
    }
    assert_eq!(block.dropped, 0);
    check_close("blocked", block.waiting as f64, 10_000.0, 2.0);
    for seen in [&newest, &oldest] {
        check_close("dropped", seen.dropped as f64, 10_000.0, 15.0);
        assert!(seen.waiting <= 10, "{}", seen.waiting);
    }
    // Ten calls of 10 ms each before a record that waits its turn; one that overtakes the older ones
    // that are dropped waits for less.
    check_close("the newest dropped", newest.put_latency_us.max() as f64, 100_000.0, 6_000.0);
    assert!(oldest.put_latency_us.max() < newest.put_latency_us.max());
    assert!(block.put_latency_us.max() > 40_000_000);
}

/// Nothing depends on how the run is cut into windows.
#[test]
fn bounded_clients_do_not_depend_on_windows() {
    use shardplan::engine::{Control, Options, simulate};
    use shardplan::time::Span;
    let scenario = crate::language::check_good(
        ONE_WRITER,
        &[
            &CROWDED[..],
            &["producers.writer.client={ kpl: { timeouts: { share: 1 % } } }", "duration=20 s"],
        ]
        .concat(),
    );
    let figures = |milliseconds: Option<u64>| {
        let window = milliseconds.map(Span::from_milliseconds);
        let options = Options { window, ..Options::default() };
        let seen = simulate(&scenario, &options, &|_| Control::Continue).unwrap().remove(0);
        let writer = &seen.producers[0];
        (writer.attempts, writer.accepted, writer.put_records, writer.put_latency_us.max())
    };
    let free = figures(None);
    for window in [1, 7, 10, 333, 60_000] {
        assert_eq!(figures(Some(window)), free, "{window} ms");
    }
}
