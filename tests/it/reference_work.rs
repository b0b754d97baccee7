//! The reference works W1 and W0 as they are shipped, at full length.
//!
//! Four programs that share nothing with each other agree on W1; `oracles` holds two of them
//! against each other and `independent` the engine against a table of smaller works. Here the
//! shipped files themselves are played, so that the benchmark measures the work that it names.

use shardplan::metrics::Observation;

use crate::support::{check_close, observe};

const W1: &str = include_str!("../../scenarios/benchmark-w1.yaml");
const W0: &str = include_str!("../../scenarios/benchmark-w0.yaml");

fn latency_seconds(run: &Observation, quantile: f64) -> f64 {
    run.consumers[0].end_to_end_latency_us.value_at_quantile(quantile) as f64 / 1e6
}

/// throttled / attempts = 0.634, given up / generated = 0.131, accepted = 6.24 M of 7.20 M, latency
/// p50 = 0.549 s and p99 = 5.29 s.
#[test]
fn the_shipped_w1_gives_the_agreed_figures() {
    let run = observe(W1, &[]);
    let writer = &run.producers[0];
    let (generated, attempts) = (writer.generated_records as f64, writer.attempts as f64);
    check_close("generated", generated, 7.2e6, 5.0 * 7.2e6_f64.sqrt());
    check_close("throttled ratio", writer.throttled as f64 / attempts, 0.634, 0.004);
    check_close("given-up ratio", writer.given_up as f64 / generated, 0.131, 0.003);
    check_close("accepted", writer.accepted as f64, 6.24e6, 0.02e6);
    check_close("latency p50", latency_seconds(&run, 0.50), 0.549, 0.03 * 0.549);
    check_close("latency p99", latency_seconds(&run, 0.99), 5.29, 0.03 * 5.29);
    // The hottest key is 13.5 % of the traffic, and its shard is offered 2,448 records/s.
    let hottest = run.shards.iter().max_by_key(|shard| shard.generated_records).unwrap();
    check_close("hottest shard", hottest.generated_records as f64 / 600.0, 2_448.0, 25.0);
    assert_eq!(hottest.hottest_keys[0].key, "key-0");
    let hot_key = hottest.hottest_keys[0].generated_records as f64 / generated;
    check_close("hottest key", hot_key, 0.135, 0.001);
}

/// throttled = 0, accepted = generated, latency uniform over one interval: p50 = 0.5 s, p99 = 0.99 s.
#[test]
fn the_shipped_w0_throttles_nothing() {
    let run = observe(W0, &[]);
    let writer = &run.producers[0];
    assert_eq!((writer.throttled, writer.given_up, writer.waiting), (0, 0, 0));
    assert_eq!(writer.accepted, writer.generated_records);
    check_close("latency p50", latency_seconds(&run, 0.50), 0.5, 0.005);
    check_close("latency p99", latency_seconds(&run, 0.99), 0.99, 0.005);
    assert_eq!(run.consumers[0].read_throttled_calls, 0);
}
