//! Traffic, arrivals and record sizes as a scenario writes them.

use shardplan::scenario::{Arrivals, Bursts, Producer, RecordSize, Spike, Traffic, WeightedSize};
use shardplan::time::{Instant, Span};
use shardplan::units::{Bytes, Rate, Ratio, RecordRate};

use crate::language::{GOOD, check_bad, check_good, read};

fn rate(per_second: u64) -> RecordRate {
    RecordRate(Rate::per_second(per_second))
}

fn at(seconds: u64) -> Instant {
    Instant::START + Span::from_seconds(seconds)
}

/// The first producer of the good scenario, with one value replaced.
fn web(over: &str) -> Producer {
    check_good(GOOD, &[&format!("producers.web.{over}")]).producers.remove(0)
}

fn traffic(over: &str) -> Traffic {
    web(&format!("traffic={over}")).traffic
}

/// The code, the message and the help of the only problem.
fn problem(over: &str) -> (&'static str, String, String) {
    let problems = read(GOOD, &[&format!("producers.web.{over}")]).expect_err(over);
    assert_eq!(problems.all().len(), 1, "{problems}");
    let problem = &problems.all()[0];
    let help = problem.help_text().unwrap_or_default().to_owned();
    (problem.code(), problem.message().to_owned(), help)
}

#[test]
fn a_ramp_and_a_spike_start_where_they_say() {
    let ramp = traffic("{ ramp: { from: 100 records/s, to: 2000 records/s, end: 15 min } }");
    let (from, to) = (rate(100), rate(2_000));
    assert_eq!(ramp, Traffic::Ramp { from, to, start: Instant::START, end: at(900) });
    let late = traffic("{ ramp: { from: 2 records/s, to: 0, start: 5 min, end: 6 min } }");
    let (from, to) = (rate(2), rate(0));
    assert_eq!(late, Traffic::Ramp { from, to, start: at(300), end: at(360) });
    let text = "{ spike: { base: 10 records/s, peak: 90 records/s, at: 1 h, for: 5 min } }";
    let spike = Spike {
        base: rate(10),
        peak: rate(90),
        at: at(3_600),
        rise: Span::ZERO,
        lasts: Span::from_seconds(300),
        fall: Span::ZERO,
    };
    assert_eq!(traffic(text), Traffic::Spike(spike));
    let sloped = Spike { rise: Span::SECOND, fall: Span::from_seconds(60), ..spike };
    let text = text.replace("5 min", "5 min, rise: 1 s, fall: 1 min");
    assert_eq!(traffic(&text), Traffic::Spike(sloped));
}

/// Days are relative: their mean is one, and monday is the first of them. The run starts within the
/// week as the calendar says, 2026-01-01 on a thursday, and the peak stays a time of day.
#[test]
fn a_week_is_read_from_monday() {
    let week = |days: &str, moment: &str| {
        let text = format!(
            "producers.web.traffic={{ weekly: {{ mean: 70 records/s, peak_to_mean: 2, peak_at: 20 \
             h, days: {days} }} }}"
        );
        let sets = [text, format!("starts_at={moment}")];
        let sets: Vec<&str> = sets.iter().map(String::as_str).collect();
        let scenario = check_good(GOOD, &sets[..if moment.is_empty() { 1 } else { 2 }]);
        let Traffic::Weekly { days, starts_at, peak_at, .. } = scenario.producers[0].traffic else {
            panic!("weekly")
        };
        assert_eq!(peak_at, Span::from_seconds(20 * 3_600));
        (days, starts_at)
    };
    let (days, starts_at) = week("[2, 2, 2, 2, 2, 2, 2]", "");
    assert_eq!((days, starts_at), ([1.0; 7], Span::from_seconds(3 * 86_400)));
    let (days, starts_at) = week("[0, 0, 0, 0, 0, 3, 1]", "2026-01-05");
    assert_eq!(format!("{days:?}"), "[0.0, 0.0, 0.0, 0.0, 0.0, 5.25, 1.75]");
    assert_eq!(starts_at, Span::ZERO);
    let (_, starts_at) = week("[1, 1, 1, 1, 1, 1, 1]", "2026-03-29T08:50:00Z");
    assert_eq!(starts_at, Span::from_seconds(6 * 86_400 + 8 * 3_600 + 50 * 60));
}

/// Waves within growth and sums follow the calendar, peaks and ramps beside them the run.
#[test]
fn only_waves_ask_when_the_run_starts() {
    let spike = "{ spike: { base: 0, peak: 9 records/s, at: 1 h, for: 1 h } }";
    let text = format!(
        "producers.web.traffic={{ growth: {{ per_month: 1 %, of: {{ sum: [ {{ diurnal: {{ mean: 6 \
         records/s, peak_to_mean: 2, peak_at: 20 h }} }}, {spike} ] }} }} }}"
    );
    let scenario = check_good(GOOD, &[&text, "starts_at=2026-07-01T21:00:00Z"]);
    let Traffic::Growth { of, .. } = &scenario.producers[0].traffic else { panic!("growth") };
    let Traffic::Sum(parts) = of.as_ref() else { panic!("sum") };
    let peak_at = Span::from_seconds(23 * 3_600);
    assert_eq!(parts[0], Traffic::Diurnal { mean: rate(6), peak_to_mean: 2.0, peak_at });
    assert_eq!(parts[1], traffic(spike));
}

#[test]
fn growth_and_sums_nest() {
    let nested = traffic(
        "{ growth: { per_month: 10 %, of: { sum: [ { constant: 5 records/s }, { growth: { \
         per_month: 0.02, of: { steps: [ { at: 0 s, rate: 7 records/s } ] } } } ] } } }",
    );
    let inner = Traffic::Growth {
        per_month: Ratio(0.02),
        of: Box::new(Traffic::Steps(vec![(Instant::START, rate(7))])),
    };
    let sum = Traffic::Sum(vec![Traffic::Constant(rate(5)), inner]);
    assert_eq!(nested, Traffic::Growth { per_month: Ratio(0.1), of: Box::new(sum) });
    let deep = format!(
        "{}{{ constant: 1 records/s }}{}",
        "{ growth: { per_month: 1 %, of: ".repeat(12),
        " } }".repeat(12)
    );
    assert_eq!(traffic(&deep).parts(), 1);
    // An element of a sum is reached like any other.
    let base = GOOD.replace(
        "{ diurnal: { mean: 600 records/s, peak_to_mean: 2.2, peak_at: 20 h } }",
        "{ sum: [ { constant: 5 records/s }, { constant: 6 records/s } ] }",
    );
    let changed = check_good(&base, &["producers.web.traffic.sum.1.constant=9 records/s"]);
    let expected = vec![Traffic::Constant(rate(5)), Traffic::Constant(rate(9))];
    assert_eq!(changed.producers[0].traffic, Traffic::Sum(expected));
}

#[test]
fn bursts_take_half_of_the_records_unless_said_otherwise() {
    let mean_length = Span::from_seconds(2);
    let bursty = web("arrivals={ bursty: { factor: 5, mean_length: 2 s } }").arrivals;
    let bursts = Bursts { factor: 5.0, mean_length, share_of_time: Ratio(0.1) };
    assert_eq!(bursty, Arrivals::Bursty(bursts));
    let on_off =
        web("arrivals={ bursty: { factor: 5, mean_length: 2 s, share_of_time: 20 % } }").arrivals;
    let Arrivals::Bursty(on_off) = on_off else { panic!("bursty") };
    assert!(on_off.quiet_factor().abs() < 1e-15);
    let third =
        "arrivals={ bursty: { factor: 3, mean_length: 1 ms, share_of_time: 0.3333333333 } }";
    assert!(matches!(web(third).arrivals, Arrivals::Bursty(_)));
    assert_eq!(web("arrivals=paced").arrivals, Arrivals::Paced);
    // A path below a word makes the map.
    let overrides =
        ["producers.web.arrivals.bursty.factor=7", "producers.web.arrivals.bursty.mean_length=1 s"];
    let scenario = check_good(GOOD, &overrides);
    assert!(matches!(scenario.producers[0].arrivals, Arrivals::Bursty(_)));
}

#[test]
fn sizes_come_by_range_by_tail_and_by_table() {
    let size = |text: &str| web(&format!("record_size={text}")).record_size;
    let uniform = RecordSize::Uniform { min: Bytes(100), max: Bytes(2_048) };
    assert_eq!(size("{ uniform: { min: 100 B, max: 2 KiB } }"), uniform);
    let pareto = |max| RecordSize::Pareto { min: Bytes(200), shape: 1.5, max };
    assert_eq!(size("{ pareto: { min: 200 B, shape: 1.5 } }"), pareto(None));
    let cut = size("{ pareto: { min: 200 B, shape: 1.5, max: 1 MiB } }");
    assert_eq!(cut, pareto(Some(Bytes(1 << 20))));
    let table = |rows: &[(u64, f64)]| {
        let row =
            |(size, weight): &(u64, f64)| WeightedSize { size: Bytes(*size), weight: *weight };
        RecordSize::Table(rows.iter().map(row).collect())
    };
    let written = "{ table: [ { size: 1 KiB, weight: 30 }, { size: 64 B, weight: 2.5 } ] }";
    assert_eq!(size(written), table(&[(1_024, 30.0), (64, 2.5)]));
    let file = |text: &str| size(&format!("{{ file: {text} }}"));
    assert_eq!(file("{ path: sizes.csv }"), table(&[(600, 75.0), (4_096, 29.0)]));
    assert_eq!(file("{ path: size-per-record.txt }"), table(&[(100, 2.0), (2_500, 1.0)]));
    let columns = "{ path: size-columns.csv, size_column: size, count_column: n }";
    assert_eq!(file(columns), table(&[(512, 3.0), (1_024, 1.0)]));
}

#[test]
fn a_load_that_makes_no_sense_is_refused_with_a_way_out() {
    let week = "weekly={ mean: 7 records/s, peak_to_mean: 2, peak_at: 20 h, days:";
    let spike = "spike={ base: 10 records/s, peak: 90 records/s, at: 1 h, for:";
    let bursty = "arrivals={ bursty: { factor: 5, mean_length:";
    let too_long = format!("traffic.sum=[{}]", "{ constant: 1 records/s },".repeat(101));
    for (over, code, message, help) in [
        (
            "traffic.ramp={ from: 0, to: 9 records/s, end: 0 s }",
            "out-of-range",
            "not after",
            "steps",
        ),
        (&format!("traffic.{spike} 0 s }}"), "out-of-range", "no length", "at its peak"),
        (
            &format!("traffic.{}", spike.replace("90", "9") + " 1 s }"),
            "out-of-range",
            "below `base`",
            "steps",
        ),
        (&format!("traffic.{week} [0, 0, 0, 0, 0, 0, 0] }}"), "out-of-range", "load 0", "monday"),
        (&format!("traffic.{week} [1, 1, 1, 1, 1, 1] }}"), "too-few", "6 elements", ""),
        (&format!("traffic.{week} [1, 1, 1, 1, 1, 1, -1] }}"), "out-of-range", "from 0", ""),
        ("traffic.sum=[]", "too-few", "empty", "constant"),
        (&too_long, "too-many", "101 parts", "producer"),
        (
            "traffic.growth={ per_month: 5 %, of: { constant: 1e9 records/s } }",
            "out-of-range",
            "1e9",
            "stream",
        ),
        (&format!("{bursty} 1 us }} }}"), "out-of-range", "1 ms", "batch"),
        (
            &format!("{bursty} 1 s, share_of_time: 21 % }} }}"),
            "out-of-range",
            "at most 20 %",
            "1 / factor",
        ),
        (&format!("{bursty} 1 s, share_of_time: 0 }} }}"), "out-of-range", "above 0", ""),
        ("arrivals={ poisson: {} }", "unknown-alternative", "`poisson`", "alone"),
        ("arrivals=bursti", "unknown-word", "or a map of `bursty`", "`bursty`"),
        ("record_size.uniform={ min: 9 B, max: 8 B }", "out-of-range", "below `min`", "swap"),
        ("record_size.uniform={ min: 2 MiB, max: 3 MiB }", "record-too-large", "median", "smaller"),
        (
            "record_size.pareto={ min: 900 KiB, shape: 0.5 }",
            "record-too-large",
            "median",
            "smaller",
        ),
        (
            "record_size.pareto={ min: 9 B, shape: 2, max: 9 B }",
            "out-of-range",
            "above",
            "constant",
        ),
        ("record_size.table=[]", "too-few", "empty", "weight"),
        ("record_size.table=[ { size: 0 B, weight: 1 } ]", "out-of-range", "1 B", ""),
        (
            "record_size.table=[ { size: 3 MiB, weight: 1 } ]",
            "record-too-large",
            "median",
            "smaller",
        ),
        ("record_size.file={ path: zero.csv }", "bad-size-file", "no size", ""),
        ("record_size.file={ path: none.csv }", "file-not-readable", "no such file", "relative"),
    ] {
        let found = problem(over);
        assert_eq!(found.0, code, "{over}: {found:?}");
        assert!(found.1.contains(message), "{over}: {found:?}");
        assert!(found.2.contains(help), "{over}: {found:?}");
    }
}

#[test]
fn a_large_record_now_and_then_is_no_mistake() {
    for size in [
        "{ uniform: { min: 1 B, max: 1.5 MiB } }",
        "{ pareto: { min: 100 B, shape: 0.5 } }",
        "{ table: [ { size: 1 KiB, weight: 9 }, { size: 9 MiB, weight: 1 } ] }",
    ] {
        web(&format!("record_size={size}"));
    }
}

#[test]
fn bad_rows_of_a_file_of_sizes_are_shown_where_they_stand() {
    let over = "producers.web.record_size.file={ path: bad-sizes.csv }";
    let problems = read(GOOD, &[over]).unwrap_err();
    let found: Vec<_> =
        problems.all().iter().map(|each| (each.code(), each.source_name(), each.line())).collect();
    let at = |line| ("bad-size-file", "bad-sizes.csv", line);
    assert_eq!(found, [at(2), at(3)]);
    check_bad(
        GOOD,
        &["producers.web.record_size.file={ path: zero.csv }"],
        &[("bad-size-file", 1, 40)],
    );
}
