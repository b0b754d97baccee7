//! The engine against accounts that share nothing with it: the table of `tests/oracle/` and
//! M/D/1/N.

use shardplan::engine::{Control, Options, simulate};
use shardplan::metrics::Observation;

use crate::closed_form::{blocking_of_m_d_1_n, one_shard_without_retries};
use crate::oracles::heap::{self, Work};
use crate::oracles::{Estimate, independent_figures};

#[path = "../../benches/peers/reference_scenario.rs"]
mod reference_scenario;

fn play(work: Work, replications: u32) -> Vec<Observation> {
    let mut scenario = reference_scenario::scenario_of(&work);
    scenario.replications = replications;
    simulate(&scenario, &Options::default(), &|_| Control::Continue).unwrap()
}

fn throttled_ratio(run: &Observation) -> f64 {
    run.producers[0].throttled as f64 / run.producers[0].attempts as f64
}

fn given_up_ratio(run: &Observation) -> f64 {
    run.producers[0].given_up as f64 / run.producers[0].generated_records as f64
}

fn latency_ms(run: &Observation, quantile: f64) -> f64 {
    run.consumers[0].end_to_end_latency_us.value_at_quantile(quantile) as f64 / 1e3
}

#[test]
fn the_engine_agrees_with_the_python_program() {
    let mut wrong = Vec::new();
    for row in independent_figures() {
        let runs = play(Work { seed: 1, ..row.work }, 8);
        let estimate = |figure: &dyn Fn(&Observation) -> f64| {
            Estimate::of(&runs.iter().map(figure).collect::<Vec<f64>>())
        };
        let pairs = [
            ("throttled ratio", estimate(&throttled_ratio), row.throttled_ratio),
            ("given-up ratio", estimate(&given_up_ratio), row.given_up_ratio),
            ("latency p50", estimate(&|run| latency_ms(run, 0.50)), row.latency_ms_p50),
            ("latency p99", estimate(&|run| latency_ms(run, 0.99)), row.latency_ms_p99),
        ];
        for (figure, ours, theirs) in pairs {
            // The histograms of the engine keep two or three digits.
            if !ours.agrees_with(theirs, 0.01) {
                wrong.push(format!("{}, {figure}: engine {ours:?}, Python {theirs:?}", row.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_shard_without_retries_throttles_like_m_d_1_n() {
    for (rate, burst) in [(900.0, 5), (1_000.0, 20), (1_100.0, 50)] {
        let work = one_shard_without_retries(rate, burst);
        let runs = play(work, 8);
        let ours = Estimate::of(&runs.iter().map(throttled_ratio).collect::<Vec<f64>>());
        let expected = blocking_of_m_d_1_n(rate / 1_000.0, burst as usize);
        let error = (ours.mean - expected).abs();
        assert!(
            error <= 5.0 * ours.standard_error + 0.001 * expected,
            "offered {rate}, burst {burst}: {ours:?} against {expected}"
        );
    }
}
