//! What goes in comes out: sums that hold for every scenario whatsoever.

use proptest::prelude::*;
use shardplan::metrics::Observation;

use crate::support::{observe, seconds};

/// One producer of a random scenario, as YAML.
fn producer(index: usize) -> impl Strategy<Value = String> {
    let jitter = prop_oneof![Just("full"), Just("equal"), Just("none")];
    let retries = (1..9_u32, 0..400_u32, 1..4_u32, jitter).prop_map(|(attempts, base, factor, jitter)| {
        let max = base * 5;
        format!(
            "retries: {{ attempts: {attempts}, backoff: {{ base: {base} ms, factor: {factor}, max: \
             {max} ms, jitter: {jitter} }} }}"
        )
    });
    let timeouts = prop_oneof![
        Just(String::new()),
        (0..50_u32, 201..3_000_u32).prop_map(|(share, after)| format!(
            ", timeouts: {{ share: {share} %, after: {after} ms }}"
        )),
    ];
    let retries = (retries, timeouts).prop_map(|(retries, timeouts)| retries + &timeouts);
    let client = (retries, 0..200_u32, 0..1_500_u32, 1..501_u32, any::<bool>()).prop_map(
        |(retries, round_trip, linger, batch, many)| {
            if many {
                format!(
                    "{{ put_records: {{ batch_size: {batch}, linger: {linger} ms, round_trip: \
                     {round_trip} ms, {retries} }} }}"
                )
            } else {
                format!("{{ put_record: {{ round_trip: {round_trip} ms, {retries} }} }}")
            }
        },
    );
    let traffic = prop_oneof![
        (1..3_000_u32).prop_map(|rate| format!("{{ constant: {rate} records/s }}")),
        (0..2_500_u32, 1..6_000_u32, 0..2_500_u32).prop_map(|(first, at, second)| format!(
            "{{ steps: [ {{ at: 0 s, rate: {first} records/s }}, {{ at: {at} ms, rate: {second} \
             records/s }} ] }}"
        )),
        (0..3_000_u32, 0..3_000_u32, 1..6_000_u32).prop_map(|(from, to, end)| format!(
            "{{ ramp: {{ from: {from} records/s, to: {to} records/s, end: {end} ms }} }}"
        )),
        (0..500_u32, 0..9_000_u32, 0..900_u32, 1..900_u32).prop_map(|(base, at, slope, top)| {
            format!(
                "{{ growth: {{ per_month: 50 %, of: {{ sum: [ {{ spike: {{ base: {base} \
                 records/s, peak: 6000 records/s, at: {at} ms, for: {top} ms, rise: {slope} ms, \
                 fall: {top} ms }} }}, {{ weekly: {{ mean: 200 records/s, peak_to_mean: 2, \
                 peak_at: 1 h, days: [0, 0, 3, 1, 0, 0, 0] }} }} ] }} }} }}"
            )
        }),
    ];
    let size = prop_oneof![
        (1..3_000_u32).prop_map(|bytes| format!("{{ constant: {bytes} B }}")),
        (300..900_000_u32, 2..60_u32).prop_map(|(median, spread)| format!(
            "{{ log_normal: {{ median: {median} B, p99: {} B }} }}",
            median * spread
        )),
        (1..600_000_u32, 0..600_000_u32).prop_map(|(min, more)| format!(
            "{{ uniform: {{ min: {min} B, max: {} B }} }}",
            min + more
        )),
        (1..9_000_u32, 3..40_u32).prop_map(|(min, tenths)| format!(
            "{{ pareto: {{ min: {min} B, shape: {} }} }}",
            f64::from(tenths) / 10.0
        )),
        Just("{ table: [ { size: 1 B, weight: 9 }, { size: 3 MB, weight: 1 } ] }".to_owned()),
    ];
    let key = prop_oneof![
        Just("{ single: hot }".to_owned()),
        Just("{ random: { bytes: 9 B } }".to_owned()),
        (1..400_u32).prop_map(|keys| format!("{{ uniform: {{ keys: {keys} }} }}")),
        (1..40_000_u32, 0..15_u32).prop_map(|(keys, tenths)| format!(
            "{{ zipf: {{ keys: {keys}, exponent: {} }} }}",
            f64::from(tenths) / 10.0
        )),
        Just("{ weighted: [ { key: a, weight: 9 }, { key: b, weight: 1 } ] }".to_owned()),
        Just("{ hot_set: { keys: 30, hot: 2, share: 90 % } }".to_owned()),
        Just("{ time: { format: 'at {minute}' } }".to_owned()),
        Just(
            "{ template: { format: '{a}/{b}/{hour}', parts: { a: { zipf: { keys: 3000, exponent: 1 \
             } }, b: { uniform: { keys: 5000 } } } } }"
                .to_owned()
        ),
    ];
    let explicit = prop_oneof![
        6 => Just(""),
        1 => Just(", explicit_hash_key: random"),
        1 => Just(", explicit_hash_key: '77'"),
    ];
    let arrivals = prop_oneof![
        Just("paced"),
        Just("poisson"),
        Just("{ bursty: { factor: 8, mean_length: 150 ms } }"),
    ];
    (client, traffic, size, key, explicit, arrivals).prop_map(
        move |(client, traffic, size, key, explicit, arrivals)| {
            // Fresh keys with one hash key have a test of their own.
            let fresh = key.contains("random") && explicit.contains("77");
            let explicit = if fresh { "" } else { explicit };
            format!(
                "  - {{ name: producer-{index}, client: {client}, traffic: {traffic}, record_size: \
                 {size}, partition_key: {key}{explicit}, arrivals: {arrivals} }}\n"
            )
        },
    )
}

/// One consumer of a random scenario, as YAML.
fn consumer(index: usize) -> impl Strategy<Value = String> {
    let work = (0..50_u32, 0..4_000_u32).prop_map(|(batch, record)| {
        format!("processing: {{ per_batch: {batch} ms, per_record: {record} us }}")
    });
    (any::<bool>(), 1..3_000_u32, 1..10_001_u32, 0..300_u32, work).prop_map(
        move |(polling, interval, most, round_trip, work)| {
            let reading = if polling {
                format!(
                    "polling: {{ interval: {interval} ms, max_records: {most}, round_trip: \
                     {round_trip} ms, {work} }}"
                )
            } else {
                format!("enhanced_fan_out: {{ round_trip: {round_trip} ms, {work} }}")
            };
            format!("  - {{ name: consumer-{index}, {reading} }}\n")
        },
    )
}

prop_compose! {
    /// A whole scenario: 1 ms to 9 s, most of them overloaded somewhere.
    fn scenario()(
        duration in 1..9_000_u32,
        warm_up in prop_oneof![Just(0.0), 0.0..0.99],
        shards in 1..9_u32,
        maximum in prop_oneof![3 => Just(1), 1 => 2..11_u32],
        fixed in any::<bool>(),
        key_bytes in any::<bool>(),
        seed in any::<u64>(),
        producers in (producer(0), producer(1), producer(2)),
        producer_count in 1..4_usize,
        consumers in (consumer(0), consumer(1), consumer(2)),
        consumer_count in 0..4_usize,
    ) -> (String, bool) {
        let limiter = if fixed { "fixed_window" } else { "token_bucket" };
        let warm_up = (f64::from(duration) * warm_up) as u32;
        let mut text = format!(
            "version: 1\nname: random\nduration: {duration} ms\nwarm_up: {warm_up} ms\nseed: \
             {seed}\nstream: {{ capacity: {{ provisioned: {{ shards: {shards} }} }}, \
             max_record_size: {maximum} MiB }}\nquotas: {{ shard_write_limiter: {limiter}, \
             partition_key_bytes_count: {key_bytes} }}\nproducers:\n"
        );
        let producers = [producers.0, producers.1, producers.2];
        text.extend(producers.into_iter().take(producer_count));
        // A scenario in which nothing ever happens is refused.
        text.push_str(
            "  - { name: always, client: { put_record: {} }, traffic: { constant: 5 records/s }, \
             record_size: { constant: 1 B }, partition_key: { single: k } }\n",
        );
        if consumer_count > 0 {
            text.push_str("consumers:\n");
        }
        let consumers = [consumers.0, consumers.1, consumers.2];
        text.extend(consumers.into_iter().take(consumer_count));
        (text, warm_up == 0)
    }
}

type Counts = (u64, u64, u64);

fn sum(rows: impl Iterator<Item = Counts>) -> Counts {
    rows.fold((0, 0, 0), |total, row| (total.0 + row.0, total.1 + row.1, total.2 + row.2))
}

/// Records taken, bytes taken, attempts refused: by producers, by shards.
fn check_totals(run: &Observation, all_answered: bool) -> Counts {
    let by_producer = sum(run.producers.iter().map(|producer| {
        let taken = producer.accepted + producer.duplicate_records;
        (taken, producer.accepted_bytes, producer.throttled)
    }));
    let by_shard = sum(run.shards.iter().map(|shard| {
        assert_eq!(
            shard.write_throttled_records,
            shard.throttled_by_records + shard.throttled_by_bytes
        );
        (shard.incoming_records, shard.incoming_bytes, shard.write_throttled_records)
    }));
    assert_eq!(by_producer, by_shard, "producers = shards");
    for producer in &run.producers {
        let latencies = producer.put_latency_us.len();
        assert!(latencies <= producer.accepted, "at most one latency a record");
        if all_answered {
            assert_eq!(latencies, producer.accepted, "one latency a record");
            assert_eq!(producer.duplicate_records, 0);
        }
    }
    by_shard
}

/// The series of the shards add up to that of the stream in every second, and with no warm-up the
/// seconds add up to the totals.
fn check_series(run: &Observation, totals: Option<Counts>) {
    let mut shard_rows: Vec<_> = run.shards.iter().map(|shard| shard.series.rows()).collect();
    let seconds = seconds(run);
    for second in &seconds {
        let by_shard = sum(shard_rows.iter_mut().map(|rows| {
            let row = rows.next().unwrap();
            assert!(row.charged_bytes >= row.incoming_bytes);
            (row.incoming_records, row.incoming_bytes, row.write_throttled_records)
        }));
        let stream =
            (second.incoming_records, second.incoming_bytes, second.write_throttled_records);
        assert_eq!(by_shard, stream, "shards = stream in each second");
    }
    assert!(shard_rows.iter_mut().all(|rows| rows.next().is_none()));
    let Some(totals) = totals else {
        return;
    };
    for shard in &run.shards {
        let rows = shard.series.rows();
        let own =
            sum(rows.map(|row| {
                (row.incoming_records, row.incoming_bytes, row.write_throttled_records)
            }));
        let total = (shard.incoming_records, shard.incoming_bytes, shard.write_throttled_records);
        assert_eq!(own, total, "seconds of a shard = its totals");
    }
    let by_second = sum(seconds.iter().map(|second| {
        (second.incoming_records, second.incoming_bytes, second.write_throttled_records)
    }));
    assert_eq!(by_second, totals, "seconds = totals");
    let generated: u64 = run.producers.iter().map(|producer| producer.generated_records).sum();
    let bytes: u64 = run.producers.iter().map(|producer| producer.generated_bytes).sum();
    let by_second = seconds.iter().fold((0, 0), |total, second| {
        (total.0 + second.generated_records, total.1 + second.generated_bytes)
    });
    assert_eq!(by_second, (generated, bytes), "seconds = generated");
    for (index, consumer) in run.consumers.iter().enumerate() {
        let rows = seconds.iter().map(|second| second.consumers[index]);
        let (read, refused) = rows.fold((0, 0), |total, row| {
            (total.0 + row.read_records, total.1 + row.read_throttled_calls)
        });
        assert_eq!(read, consumer.read_records);
        assert_eq!(refused, consumer.read_throttled_calls);
        let unread = seconds.last().unwrap().consumers[index].backlog_records;
        assert_eq!(read + unread, totals.0, "read + unread = accepted");
    }
}

fn check_consumers(run: &Observation, accepted: u64) {
    for consumer in &run.consumers {
        assert!(consumer.processed_records <= consumer.read_records);
        assert!(consumer.read_records + consumer.expired_records <= accepted);
        assert!(consumer.throttled_by_calls <= consumer.read_throttled_calls);
        assert!(consumer.read_throttled_calls <= consumer.read_calls);
        assert_eq!(consumer.end_to_end_latency_us.len(), consumer.processed_records);
    }
}

/// expected shares add up to 1; hot keys are no more than what was generated, in falling order.
fn check_shards(run: &Observation) {
    let expected: f64 = run.shards.iter().map(|shard| shard.expected_share).sum();
    assert!((expected - 1.0).abs() < 1e-9, "{expected}");
    let generated: u64 = run.producers.iter().map(|producer| producer.generated_records).sum();
    let outside: u64 =
        run.producers.iter().map(|producer| producer.rejected + producer.waiting).sum();
    let at_shards: u64 = run.shards.iter().map(|shard| shard.generated_records).sum();
    assert!(at_shards <= generated && generated <= at_shards + outside);
    let hot = |keys: &[shardplan::metrics::HotKey]| -> u64 {
        keys.iter().map(|key| key.generated_records).sum()
    };
    assert!(run.shards.iter().map(|shard| hot(&shard.hottest_keys)).sum::<u64>() <= generated);
    for shard in &run.shards {
        let falling = |pair: &[shardplan::metrics::HotKey]| {
            pair[0].generated_records >= pair[1].generated_records
        };
        assert!(shard.hottest_keys.windows(2).all(falling));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    /// generated = accepted + given up + rejected + waiting; attempts = accepted + duplicates +
    /// throttled; incoming = processed + expired + skipped + backlog; and whatever is counted twice is equal twice.
    #[test]
    fn nothing_is_lost_and_nothing_is_counted_twice((text, no_warm_up) in scenario()) {
        let run = observe(&text, &[]);
        let producers: Vec<&str> = run.producers.iter().map(|_| "producer").collect();
        let consumers: Vec<&str> = run.consumers.iter().map(|_| "consumer").collect();
        for identity in run.identities(&producers, &consumers) {
            prop_assert!(identity.holds(), "{identity:?}");
        }
        let totals = check_totals(&run, !text.contains("timeouts"));
        check_series(&run, no_warm_up.then_some(totals));
        check_consumers(&run, totals.0);
        check_shards(&run);
    }
}

/// incoming(the shard of the hash key) = accepted, whatever the key: here a fresh one for every record.
#[test]
fn fresh_keys_with_one_hash_key_all_go_to_its_shard() {
    let run = observe(
        crate::support::ONE_WRITER,
        &["producers.writer.partition_key.random={}", "producers.writer.explicit_hash_key='77'"],
    );
    assert_eq!(run.shards[0].incoming_records, 10_000);
    assert_eq!(run.producers[0].generated_bytes, 10_000 * (99 + 36));
}

/// share(hot key on its shard) <= 1: records that never reach a shard, because they are too large or
/// wait in a batch, are either in both counts or in neither.
#[test]
fn a_hot_key_is_no_more_than_its_shard() {
    let too_large = observe(
        crate::support::ONE_WRITER,
        &["producers.writer.record_size={ log_normal: { mean: 900 kB, sigma: 0.5 } }"],
    );
    let in_a_batch = observe(
        crate::support::ONE_WRITER,
        &["producers.writer.client={ put_records: { linger: 10 s, round_trip: 0 s } }"],
    );
    for run in [too_large, in_a_batch] {
        let shard = &run.shards[0];
        let hot = shard.hottest_keys[0].generated_records;
        assert!(hot <= shard.generated_records, "{hot} of {}", shard.generated_records);
    }
}
