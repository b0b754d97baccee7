//! The independent accounts that shardplan is held against: do they agree with each other?
//!
//! There are two: a table made by a plain Python program (`tests/oracle/`), with standard errors,
//! and the heap program of the benchmark (`benches/peers/heap.rs`). This file must not use the
//! engine; it makes sure that whatever does can trust both.

#[path = "../../benches/peers/heap.rs"]
pub(crate) mod heap;

use heap::{Figures, Work};

/// A mean over seeds and its standard error.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Estimate {
    pub(crate) mean: f64,
    pub(crate) standard_error: f64,
}

/// One row of the table: a parameter set and what Python made of it.
#[derive(Clone, Debug)]
pub(crate) struct IndependentFigures {
    pub(crate) name: String,
    pub(crate) work: Work,
    pub(crate) throttled_ratio: Estimate,
    pub(crate) given_up_ratio: Estimate,
    pub(crate) latency_ms_p50: Estimate,
    pub(crate) latency_ms_p99: Estimate,
}

/// The table as it is committed.
pub(crate) fn independent_figures() -> Vec<IndependentFigures> {
    let text = include_str!("data/independent-figures.csv");
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let header = reader.headers().unwrap().clone();
    reader
        .records()
        .map(|row| {
            let row = row.unwrap();
            let field = |name: &str| {
                let column = header.iter().position(|field| field == name).unwrap();
                &row[column]
            };
            let number = |name: &str| field(name).parse::<f64>().unwrap();
            let estimate = |name: &str| Estimate {
                mean: number(name),
                standard_error: number(&format!("{name}_standard_error")),
            };
            IndependentFigures {
                name: field("name").to_owned(),
                work: Work {
                    shards: number("shards") as usize,
                    keys: number("keys") as usize,
                    exponent: number("zipf_exponent"),
                    rate: number("rate_records_per_s"),
                    size_mean: number("size_mean_bytes"),
                    size_sigma: number("size_sigma"),
                    burst_records: 1_000.0,
                    attempts: number("attempts") as u32,
                    backoff_base: number("backoff_base_ms") / 1e3,
                    backoff_max: number("backoff_max_ms") / 1e3,
                    poll_interval: number("poll_interval_ms") / 1e3,
                    poll_records: number("poll_max_records") as usize,
                    duration: number("duration_s"),
                    seed: 0,
                },
                throttled_ratio: estimate("throttled_ratio"),
                given_up_ratio: estimate("given_up_ratio"),
                latency_ms_p50: estimate("latency_ms_p50"),
                latency_ms_p99: estimate("latency_ms_p99"),
            }
        })
        .collect()
}

impl Estimate {
    /// The mean of `values` and its standard error.
    pub(crate) fn of(values: &[f64]) -> Self {
        let count = values.len() as f64;
        let mean = values.iter().sum::<f64>() / count;
        let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        Self { mean, standard_error: (squares / (count - 1.0) / count).sqrt() }
    }

    /// Whether the two means differ by no more than five standard errors of their difference, and
    /// `resolution` of the mean for what histograms and edges of the run blur.
    pub(crate) fn agrees_with(self, other: Self, resolution: f64) -> bool {
        let error = self.standard_error.hypot(other.standard_error);
        (self.mean - other.mean).abs() <= 5.0 * error + resolution * other.mean.abs()
    }
}

fn check_agreement(row: &IndependentFigures, runs: &[Figures]) {
    let estimate =
        |figure: fn(&Figures) -> f64| Estimate::of(&runs.iter().map(figure).collect::<Vec<f64>>());
    let pairs = [
        ("throttled ratio", estimate(Figures::throttled_ratio), row.throttled_ratio),
        ("given-up ratio", estimate(Figures::given_up_ratio), row.given_up_ratio),
        ("latency p50", estimate(|run| run.latency_ms(0.50)), row.latency_ms_p50),
        ("latency p99", estimate(|run| run.latency_ms(0.99)), row.latency_ms_p99),
    ];
    for (figure, ours, theirs) in pairs {
        assert!(
            ours.agrees_with(theirs, 0.002),
            "{}, {figure}: heap program {ours:?}, Python {theirs:?}",
            row.name
        );
    }
}

#[test]
fn the_heap_program_and_the_python_program_agree() {
    let table = independent_figures();
    assert_eq!(table.len(), 8);
    for row in &table {
        let runs: Vec<Figures> = (1..=4).map(|seed| heap::run(Work { seed, ..row.work })).collect();
        check_agreement(row, &runs);
    }
}

#[test]
fn the_heap_program_accounts_for_every_record() {
    for row in independent_figures() {
        let run = heap::run(Work { seed: 9, duration: row.work.duration / 4.0, ..row.work });
        assert_eq!(run.attempts, run.accepted + run.throttled, "{}", row.name);
        assert!(run.accepted + run.given_up <= run.records, "{}", row.name);
        assert!(run.delivered <= run.accepted, "{}", row.name);
        assert_eq!(run.latency_us.len(), run.delivered, "{}", row.name);
    }
}

#[test]
fn the_heap_program_plays_the_reference_work_like_simpy() {
    // `python3 benches/peers/simpy_w1.py 600`: 7,200,225 records, of which 946,274 were given up.
    let run = heap::run(Work::W1);
    let pairs = [
        (run.throttled_ratio(), 0.634_66, 0.003),
        (run.given_up_ratio(), 0.131_42, 0.001),
        (run.latency_ms(0.50), 549.4, 5.0),
        (run.latency_ms(0.99), 5_306.0, 100.0),
    ];
    for (heap, simpy, tolerance) in pairs {
        assert!((heap - simpy).abs() <= tolerance, "heap program {heap}, SimPy {simpy}");
    }
}
