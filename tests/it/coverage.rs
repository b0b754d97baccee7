//! Intervals cover what they should: over 200 seeds, as often as 200 draws of 95 % allow.

use rayon::prelude::*;
use shardplan::analysis::{self, analyse};
use shardplan::engine::{Control, Options, simulate};

use crate::language::check_good;
use crate::support::ONE_WRITER;

const SEEDS: u64 = 200;

/// How often, of all seeds, the 95 % interval of a figure holds the true mean.
fn covered(overrides: &[&str], figure: &str, truth: f64) -> u64 {
    (1..=SEEDS)
        .into_par_iter()
        .filter(|seed| {
            let seed = format!("seed={seed}");
            let scenario = check_good(ONE_WRITER, &[overrides, &[&seed]].concat());
            let runs = simulate(&scenario, &Options::default(), &|_| Control::Continue).unwrap();
            let result = analyse(&scenario, &runs, &analysis::Options::default());
            let rows = &result.replication_intervals;
            let row = rows.iter().find(|row| row.name == figure).unwrap();
            let [low, high] = row.ci95.unwrap();
            low <= truth && truth <= high
        })
        .count() as u64
}

#[track_caller]
fn check_coverage(covered: u64) {
    // 91 to 98 %: within it lie 99 of 100 draws of a binomial of 200 with p = 0.95.
    assert!((182..=196).contains(&covered), "{covered} of {SEEDS}");
}

/// A Poisson process of 100 records/s comes up with 2,000 records in 20 s on average.
#[test]
fn the_interval_of_a_poisson_count_holds_its_mean() {
    let overrides = ["producers.writer.arrivals=poisson", "duration=20 s", "replications=5"];
    check_coverage(covered(&overrides, "stream.generated_records", 2_000.0));
}

/// Three replications of 60 records/s for 20 s: 1,200 records on average, all of them taken.
#[test]
fn few_replications_make_wide_intervals_and_no_false_ones() {
    let overrides = [
        "producers.writer.arrivals=poisson",
        "producers.writer.traffic.constant=60 records/s",
        "duration=20 s",
        "replications=3",
    ];
    check_coverage(covered(&overrides, "stream.incoming_records", 1_200.0));
}
