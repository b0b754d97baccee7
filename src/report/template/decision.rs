//! The views of `size`, `compare` and `sweep`: the answer leads, then what it rests on.

use super::{CellView, Figure, FindingView, NOTHING, Objective, Table, View, number, objective};
use super::{share, words};
use crate::analysis::compare::{ComparisonDocument, FigureComparison};
use crate::analysis::number::{count, dollars, of, percent, plain};
use crate::analysis::sizing::{
    ModePlan, ReverseDocument, SizingCandidate, SizingDocument, SizingPlan,
};
use crate::analysis::sweep::{SweepDocument, SweepPointResult};
use crate::analysis::{Unit, Verdict};
use crate::report::Decision;
use crate::report::text::compare::{order, signed};
use crate::report::text::figure_of_point;
use crate::report::text::head::amount;
use crate::report::text::layout::verdict_word;
use crate::report::text::sizing::{fared, headroom_words, key_words, salt_words};

/// Rows of a table in the summary.
const SUMMARY_ROWS: usize = 16;
/// Figures of a sweep in the table.
const FIGURES_MAX: usize = 6;

impl View {
    pub(in crate::report) fn of_decision(decision: &Decision<'_>) -> Self {
        match decision {
            Decision::Size(document) => size(document),
            Decision::Reverse(document) => reverse(document),
            Decision::Compare(document) => compare(document),
            Decision::Sweep(document) => sweep(document),
        }
    }

    /// A view without findings, bill, assumptions and sums.
    fn decided(
        (name, question): (&str, Option<&String>),
        (verdict, class): (String, Verdict),
        score: String,
        run: String,
    ) -> Self {
        Self {
            is_run: false,
            name: name.to_owned(),
            title: question.cloned().unwrap_or_else(|| name.to_owned()),
            run,
            verdict,
            verdict_class: class,
            score,
            deciding: Vec::new(),
            objectives: Vec::new(),
            findings: Vec::new(),
            bill: None,
            tables: Vec::new(),
            assumptions: Vec::new(),
            documented_constants: 0,
            accounting: String::new(),
            origin: String::new(),
        }
    }
}

fn figure(label: &str, value: String, note: impl Into<String>) -> Figure {
    Figure { label: label.to_owned(), value, note: note.into(), is_bad: false }
}

fn finding(severity: &'static str, code: &str, message: String, advice: String) -> FindingView {
    FindingView { severity, code: code.to_owned(), message, advice }
}

fn number_of(text: String, value: f64) -> CellView {
    CellView { text, number: Some(value) }
}

fn to_meet(objectives: &[String], are_default: bool) -> String {
    let note = if are_default { " (the default, since the scenario asks for nothing)" } else { "" };
    format!("To meet: {}{note}", objectives.join("; "))
}

fn verdict_or_none(verdict: Verdict) -> &'static str {
    if verdict == Verdict::None { NOTHING } else { verdict_word(verdict) }
}

fn size(document: &SizingDocument) -> View {
    let (verdict, score) = match (&document.plan, &document.no_shard_count) {
        (Some(plan), _) => (
            (of(plan.shards, "shard"), Verdict::Pass),
            match plan.shards_now {
                now if now == plan.shards => format!("{}, as the scenario has now", plan.mode),
                now => format!("{}, where the scenario has {}", plan.mode, count(now)),
            },
        ),
        (None, Some(refusal)) => (
            ("No shard count will help".to_owned(), Verdict::Fail),
            format!("key \"{}\" alone is more than a shard takes", super::shorten(&refusal.key)),
        ),
        (None, None) => (
            ("No plan".to_owned(), Verdict::Fail),
            "no count that was looked at meets every objective".to_owned(),
        ),
    };
    let run = to_meet(&document.objectives, document.objectives_are_default);
    let name = (document.scenario.as_str(), document.question.as_ref());
    let mut view = View::decided(name, verdict, score, run);
    if let Some(plan) = &document.plan {
        view.deciding = of_plan(document, plan);
        view.objectives = plan.objectives.iter().map(objective).collect::<Vec<Objective>>();
    }
    view.findings = sizing_findings(document);
    if !document.candidates.is_empty() {
        view.tables.push(candidates(document));
    }
    if !document.modes.is_empty() {
        view.tables.push(modes(document));
    }
    view.origin =
        origin(&document.tool_version, &document.scenario, &document.digest, document.seed);
    view
}

fn of_plan(document: &SizingDocument, plan: &SizingPlan) -> Vec<Figure> {
    let mut figures = Vec::new();
    if let Some(own) = document.candidates.iter().find(|each| each.shards == plan.shards) {
        let note = match document.throttled_target {
            Some(target) => format!("of attempts; at most {} may be", percent(target)),
            None => "of attempts".to_owned(),
        };
        figures.push(figure("throttled", percent(own.throttled_ratio), note));
        let note = format!("of its limit; its load is {:.2} times the mean", own.hottest_over_mean);
        figures.push(figure("busiest shard at its peak", percent(own.peak_utilization), note));
    }
    if let Some(room) = &document.headroom {
        let note = format!("this load; then {} is full first", room.first_shard_id);
        figures.push(figure("headroom", format!("{} ×", plain(room.load_factor)), note));
    }
    if let (Some(usd), 0..=2) = (plan.monthly_usd, figures.len()) {
        figures.push(figure("cost", amount(usd, Unit::Usd), "a month"));
    }
    figures
}

fn sizing_findings(document: &SizingDocument) -> Vec<FindingView> {
    let mut findings = Vec::new();
    if let Some(refusal) = &document.no_shard_count {
        findings.push(finding("critical", "one-key", key_words(refusal), salt_words(refusal)));
    }
    let names = &document.key_names;
    if let (Some(plan), Some(written)) = (&document.plan, document.shards_as_written)
        && names.draws > 0
        && written < plan.shards
    {
        let message = format!(
            "With the names as written {} do; these names are made up, and of {} others one in \
             twenty needs more.",
            count(written),
            count(names.draws)
        );
        findings.push(finding("info", "key-lottery", message, String::new()));
    }
    if !document.larger_counts_that_fail.is_empty() {
        let counts: Vec<String> =
            document.larger_counts_that_fail.iter().map(ToString::to_string).collect();
        let message = format!(
            "More shards are not always better: with {} an objective is missed again.",
            counts.join(", ")
        );
        findings.push(finding("warning", "larger-counts-fail", message, String::new()));
    }
    if let Some(room) = &document.headroom {
        findings.push(finding("info", "headroom", headroom_words(room), String::new()));
    }
    findings
}

fn candidates(document: &SizingDocument) -> Table {
    let has_cost = document.candidates.iter().any(|each| each.monthly_usd.is_some());
    let mut headings =
        vec!["shards", "verdict", "by", "throttled", "busiest over limit", "over mean", "why not"];
    if has_cost {
        headings.insert(6, "USD a month");
    }
    let row = |each: &SizingCandidate| {
        let reason = each.rejection.as_ref().map_or("", |why| why.reason.as_str());
        let mut row = vec![
            number(each.shards),
            words(fared(each.verdict)),
            words(&each.method),
            share(each.throttled_ratio),
            share(each.peak_utilization),
            number_of(format!("{:.2}", each.hottest_over_mean), each.hottest_over_mean),
            words(reason),
        ];
        if has_cost {
            row.insert(6, bill(each.monthly_usd));
        }
        row
    };
    // Those around the plan come first, so that a summary has them.
    let plan = document.plan.as_ref().map_or(u64::MAX, |plan| plan.shards);
    let mut nearest: Vec<&SizingCandidate> = document.candidates.iter().collect();
    nearest.sort_by_key(|each| (each.shards.abs_diff(plan), each.shards));
    let rows = nearest.into_iter().map(row).collect();
    let note = "The plan first, then the counts nearest to it. The throttled share of a forecast is \
                the least that it can be.";
    let mut table = Table::new(("counts-table", "Counts"), note, &headings, rows);
    table.summary_rows = SUMMARY_ROWS;
    table
}

fn modes(document: &SizingDocument) -> Table {
    let row = |mode: &ModePlan| {
        let shards = match (mode.shards_start, mode.shards_end) {
            (start, end) if start == end => number(start),
            (start, end) => words(format!("{} to {}", count(start), count(end))),
        };
        vec![
            words(mode.mode.replace('_', " ")),
            shards,
            share(mode.throttled_ratio),
            bill(mode.monthly_usd),
            words(fared(mode.verdict)),
            words(mode.rejection.as_ref().map_or("", |why| why.reason.as_str())),
        ]
    };
    let headings = ["mode", "shards", "throttled", "USD a month", "verdict", "why not"];
    let note = "The same traffic in each mode, simulated.";
    let rows = document.modes.iter().map(row).collect();
    let mut table = Table::new(("modes-table", "Modes"), note, &headings, rows);
    table.summary_rows = SUMMARY_ROWS;
    table
}

/// An amount to the cent, where there is a bill.
fn bill(monthly_usd: Option<f64>) -> CellView {
    monthly_usd.map_or(words(NOTHING), |usd| number_of(dollars(usd), usd))
}

fn reverse(document: &ReverseDocument) -> View {
    let verdict = (format!("{} × this load", plain(document.load_factor)), Verdict::Pass);
    let score = format!("is the most that {} carry", of(document.shards, "shard"));
    let run = to_meet(&document.objectives, document.objectives_are_default);
    let mut view = View::decided((&document.scenario, None), verdict, score, run);
    let rate = |value: f64| format!("{} records/s", plain(value));
    view.deciding = vec![
        figure("on average", rate(document.mean_records_per_second), "of the most load"),
        figure("at the peak", rate(document.peak_records_per_second), "of the most load"),
        figure(
            "refused",
            format!("{} ×", plain(document.next_factor)),
            "the next load that was tried",
        ),
    ];
    if let Some(why) = &document.rejection {
        view.findings.push(finding("info", &why.bottleneck, why.reason.clone(), String::new()));
    }
    if let Some(room) = &document.headroom {
        view.findings.push(finding("info", "headroom", headroom_words(room), String::new()));
    }
    let rows = document.tried.iter().map(|tried| {
        vec![
            number_of(plain(tried.load_factor), tried.load_factor),
            words(verdict_or_none(tried.verdict)),
            share(tried.throttled_ratio),
        ]
    });
    let headings = ["times the load", "verdict", "throttled"];
    let mut table =
        Table::new(("loads-table", "Loads that were simulated"), "", &headings, rows.collect());
    table.summary_rows = SUMMARY_ROWS;
    view.tables.push(table);
    view.origin =
        origin(&document.tool_version, &document.scenario, &document.digest, document.seed);
    view
}

fn compare(document: &ComparisonDocument) -> View {
    let (verdict, score) = match &document.winner {
        Some(winner) => ((winner.name.clone(), Verdict::Pass), winner.reason.clone()),
        None => (
            ("No winner".to_owned(), Verdict::None),
            "nothing tells the first ones apart".to_owned(),
        ),
    };
    let run = format!(
        "{} variants under common random numbers, {} replications each",
        count(document.variants.len() as u64),
        count(u64::from(document.replications))
    );
    let name = (document.scenario.as_str(), document.question.as_ref());
    let mut view = View::decided(name, verdict, score, run);
    let baseline = &document.variants[0];
    let best = document
        .winner
        .as_ref()
        .and_then(|winner| document.variants.iter().find(|variant| variant.name == winner.name));
    if let Some(best) = best {
        let of_baseline = format!("{} of {}", percent(baseline.throttled_ratio), baseline.name);
        view.deciding = vec![
            figure("throttled", percent(best.throttled_ratio), of_baseline),
            figure(
                "hottest shard",
                best.hottest_over_mean.map_or(NOTHING.to_owned(), |over| format!("{over:.2} ×")),
                "the records of the mean shard",
            ),
            figure(
                "shards needed",
                best.shards_needed.map_or("no count".to_owned(), count),
                format!("order kept: {}", order(best.ordering)),
            ),
        ];
    }
    view.tables.push(variants(document));
    view.tables.push(differences(document));
    view.origin =
        origin(&document.tool_version, &document.scenario, &baseline.digest, document.seed);
    view
}

fn variants(document: &ComparisonDocument) -> Table {
    /// Column of the cost, where it is known.
    const COST_AT: usize = 7;
    let has_cost = document.variants.iter().any(|each| each.monthly_usd.is_some());
    let rows = document.variants.iter().map(|each| {
        let over = each.hottest_over_mean;
        let mut row = vec![
            words(&each.name),
            words(verdict_or_none(each.verdict)),
            number(each.shards),
            over.map_or(words(NOTHING), |over| number_of(format!("{over:.2}"), over)),
            share(each.throttled_ratio),
            each.shards_needed.map_or(words("no count"), number),
            words(order(each.ordering)),
            words(each.changes.join(", ")),
        ];
        if has_cost {
            row.insert(COST_AT, bill(each.monthly_usd));
        }
        row
    });
    let mut headings = vec![
        "variant",
        "verdict",
        "shards",
        "hottest over mean",
        "throttled",
        "shards needed",
        "order kept",
        "changes",
    ];
    if has_cost {
        headings.insert(COST_AT, "USD a month");
    }
    let note = "The first is the baseline. Shards needed are by the forecast of size.";
    let mut table = Table::new(("variants-table", "Variants"), note, &headings, rows.collect());
    table.summary_rows = SUMMARY_ROWS;
    table
}

fn differences(document: &ComparisonDocument) -> Table {
    let of_figure = |figure: &FigureComparison| {
        let unit = figure.unit;
        let rows = document.variants.iter().zip(&figure.variants).skip(1);
        rows.filter_map(|(variant, seen)| {
            let difference = seen.difference.filter(|each| each.mean.abs() > 0.0)?;
            let cell = |value: f64| number_of(signed(value, unit), value);
            let [low, high] = match difference.ci95 {
                Some(ends) => ends.map(cell),
                None => [words(NOTHING), words(NOTHING)],
            };
            Some(vec![
                words(&figure.name),
                words(&variant.name),
                seen.mean.map_or(words(NOTHING), |mean| number_of(amount(mean, unit), mean)),
                cell(difference.mean),
                low,
                high,
            ])
        })
        .collect::<Vec<_>>()
    };
    Table::new(
        ("differences-table", "Paired differences"),
        "Each variant less the baseline, replication by replication, with Student's interval of \
         95 % of the mean difference; only what differs.",
        &["figure", "variant", "mean", "less the baseline", "from", "to"],
        document.figures.iter().flat_map(of_figure).collect(),
    )
}

fn sweep(document: &SweepDocument) -> View {
    let all = document.points.len() as u64;
    let with = |verdict| document.points.iter().filter(|point| point.verdict == verdict).count();
    let met = with(Verdict::Pass) as u64;
    let class = match met {
        0 if with(Verdict::None) as u64 == all => Verdict::None,
        0 => Verdict::Fail,
        met if met == all => Verdict::Pass,
        _ => Verdict::None,
    };
    let verdict = (format!("{} of {}", count(met), of(all, "point")), class);
    let run = format!(
        "{}, {} each",
        document.paths.join(" by "),
        of(u64::from(document.replications), "replication")
    );
    let name = (document.scenario.as_str(), document.question.as_ref());
    let mut view = View::decided(name, verdict, "meet every objective".to_owned(), run);
    view.deciding = of_points(document);
    view.tables.push(points(document));
    view.origin = format!(
        "shardplan {}, scenario {}, seed {}",
        document.tool_version, document.scenario, document.seed
    );
    view
}

/// The fewest shards and the most load of the points that meet every objective.
fn of_points(document: &SweepDocument) -> Vec<Figure> {
    let met = || document.points.iter().filter(|point| point.verdict == Verdict::Pass);
    let values = |point: &SweepPointResult| point.values.join(", ");
    let mut figures = Vec::new();
    if let Some(least) = met().min_by_key(|point| point.shards) {
        let note = format!("meet every objective at {}", values(least));
        figures.push(figure("fewest shards", count(least.shards), note));
    }
    let load = |point: &&SweepPointResult| point.generated_records_per_second;
    if let Some(most) = met().max_by(|one, other| load(one).total_cmp(&load(other))) {
        let note = format!("meet every objective at {}", values(most));
        let rate = format!("{} records/s", plain(most.generated_records_per_second));
        figures.push(figure("most load", rate, note));
    }
    let busiest = |point: &&SweepPointResult| point.hottest_shard_utilization_mean;
    if let Some(full) =
        document.points.iter().max_by(|one, other| busiest(one).total_cmp(&busiest(other)))
    {
        let note = format!("of its limit on average at {}", values(full));
        let at = percent(full.hottest_shard_utilization_mean);
        figures.push(figure("busiest shard", at, note));
    }
    figures
}

fn points(document: &SweepDocument) -> Table {
    let mut headings: Vec<&str> = document.paths.iter().map(String::as_str).collect();
    headings.extend(["verdict", "records/s", "busiest shard, mean"]);
    let differ = document.figures.iter().filter(|figure| varies(document, &figure.name));
    let shown: Vec<_> = differ.take(FIGURES_MAX).collect();
    headings.extend(shown.iter().map(|figure| figure.name.as_str()));
    let rows = document.points.iter().map(|point| {
        let mut row: Vec<CellView> = point.values.iter().map(words).collect();
        let rate = point.generated_records_per_second;
        row.push(words(verdict_or_none(point.verdict)));
        row.push(number_of(plain(rate), rate));
        row.push(share(point.hottest_shard_utilization_mean));
        row.extend(shown.iter().map(|figure| {
            let value = figure_of_point(document, point, &figure.name);
            value.map_or(words(NOTHING), |value| number_of(amount(value, figure.unit), value))
        }));
        row
    });
    let note = "Every combination, in the order of the file; figures that are the same everywhere \
                are left out. All are in result.json and points.csv.";
    let mut table = Table::new(("points-table", "Points"), note, &headings, rows.collect());
    table.summary_rows = SUMMARY_ROWS;
    table
}

fn varies(document: &SweepDocument, path: &str) -> bool {
    let values = document.points.iter().filter_map(|point| figure_of_point(document, point, path));
    let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
        (low.min(value), high.max(value))
    });
    low < high
}

fn origin(version: &str, scenario: &str, digest: &str, seed: u64) -> String {
    format!("shardplan {version}, scenario {scenario} {digest}, seed {seed}")
}
