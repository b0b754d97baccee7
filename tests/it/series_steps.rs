//! The step in which a long run keeps its series: what it changes, and what it must not.

use proptest::prelude::*;
use shardplan::analysis::{self, analyse};
use shardplan::engine::{Control, Options, simulate};
use shardplan::metrics::{Observation, StreamStep};
use shardplan::report::{json, shards_csv};
use shardplan::scenario::Scenario;
use shardplan::time::Span;

use crate::language::check_good;
use crate::support::{ONE_WRITER, result_of};

/// Two shards, one of them too hot, a consumer that stumbles and one that falls behind.
const TROUBLED: &str = "
version: 1
name: troubled
duration: 601 s
warm_up: 33 s
stream: { capacity: { provisioned: { shards: 2 } } }
producers:
  - name: web
    client: { put_record: { retries: { attempts: 3 } } }
    traffic: { spike: { base: 80 records/s, peak: 1500 records/s, at: 95 s, for: 7 s, rise: 1 s, fall: 20 s } }
    record_size: { constant: 700 B }
    partition_key: { weighted: [ { key: a, weight: 9 }, { key: d, weight: 1 } ] }
  - name: nights
    client: { put_records: { linger: 300 ms } }
    traffic: { steps: [ { at: 0 s, rate: 0 records/s }, { at: 400 s, rate: 50 records/s } ] }
    record_size: { log_normal: { median: 900 B, p99: 20 kB } }
    partition_key: { uniform: { keys: 50 } }
consumers:
  - { name: slow, polling: { interval: 1 s, max_records: 100, processing: { per_record: 9 ms } } }
  - { name: keen, enhanced_fan_out: { processing: { per_record: 1 ms } } }
objectives: { write_throttled: { at_most: 0.1 % }, iterator_age_p99: { consumer: slow, at_most: 5 s } }
";

fn run(scenario: &Scenario, step: u64) -> Vec<Observation> {
    let options = Options { series_step: Some(Span::from_seconds(step)), ..Options::default() };
    simulate(scenario, &options, &|_| Control::Continue).unwrap()
}

/// The document and the table of the shards in bins of a minute, without the name of the step.
fn reports(scenario: &Scenario, step: u64) -> (String, Vec<u8>) {
    let observations = run(scenario, step);
    let bin = Span::from_seconds(60);
    let options = analysis::Options { bin: Some(bin), ..analysis::Options::default() };
    let mut document = analyse(scenario, &observations, &options);
    assert_eq!(document.series_step_seconds, (step > 1).then_some(step as f64));
    document.series_step_seconds = None;
    assert!(document.findings.len() > 2, "a test of findings needs some");
    (json(&document).unwrap(), shards_csv(scenario, &observations[0], bin).unwrap())
}

/// report(step) = report(1 s), figures, verdicts, findings and every row.
#[test]
fn no_figure_depends_on_the_step() {
    let scenario = check_good(TROUBLED, &["replications=2"]);
    let by_seconds = reports(&scenario, 1);
    for step in [2, 10, 30, 60] {
        assert_eq!(reports(&scenario, step), by_seconds, "{step} s");
    }
}

/// A later replication gives figures and no rows.
#[test]
fn series_are_kept_of_the_first_replication_only() {
    let observations = run(&check_good(TROUBLED, &["replications=2"]), 1);
    assert_eq!(observations[0].series.rows().count(), 601);
    assert!(observations[1].series.is_empty());
    assert!(observations[1].shards.iter().all(|shard| shard.series.is_empty()));
    assert_eq!(observations[1].counted.seconds, 568);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 30, failure_persistence: None, ..ProptestConfig::default() })]

    /// row(step) = sum of counts, maximum of peaks and end of states over rows(1 s).
    #[test]
    fn a_row_is_made_of_its_seconds(seed in any::<u64>(), milliseconds in 1..150_000_u32, step in
        prop_oneof![Just(10_u64), Just(60)])
    {
        let duration = format!("duration={milliseconds} ms");
        let seed = format!("seed={seed}");
        let scenario = check_good(TROUBLED, &[&duration, "warm_up=0 s", &seed]);
        let (by_second, by_step) = (run(&scenario, 1), run(&scenario, step));
        let seconds: Vec<StreamStep> = by_second[0].series.rows().collect();
        let rows: Vec<StreamStep> = by_step[0].series.rows().collect();
        prop_assert_eq!(rows.len(), seconds.len().div_ceil(step as usize));
        for (row, seconds) in rows.iter().zip(seconds.chunks(step as usize)) {
            let mut sum = StreamStep::default();
            seconds.iter().for_each(|second| sum.add(second));
            prop_assert_eq!(row, &sum);
        }
    }
}

/// The document names the step of a run of three days, and the bins are made of whole ones.
#[test]
fn a_run_of_three_days_keeps_steps_of_ten_seconds() {
    let arguments =
        ["--set", "duration=3 d", "--set", "producers.writer.traffic.constant=0.1 records/s"];
    let result = result_of(ONE_WRITER, &arguments);
    assert_eq!(result["series_step_seconds"], 10.0);
    assert_eq!(result["series_bin_seconds"], 1_800.0);
    assert_eq!(result["series"].as_array().unwrap().len(), 144);
    assert_eq!(result["stream"]["truth"]["incoming_records_max_per_second"], 1);
    let day = result_of(ONE_WRITER, &["--set", "duration=100 s"]);
    assert!(day.get("series_step_seconds").is_none(), "a step of one second goes without saying");
}
