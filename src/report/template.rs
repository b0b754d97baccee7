//! What the page and the summary say, prepared for their templates: words and tables, no layout.
//!
//! `services` has the bill and the tables of what only some runs have, `decision` the views of `size`,
//! `compare` and `sweep`.

mod decision;
mod services;

use minijinja::{AutoEscape, Environment};
use serde::Serialize;

use super::text::head::{self, amount};
use super::text::layout::{clean, verdict_word};
use crate::analysis::number::{bytes, count, milliseconds, percent, plain};
use crate::analysis::{
    ObjectiveResult, OrderingKept, Quantiles, ResultDocument, Severity, ShardResult, Verdict,
};

/// Stands where nothing was observed.
const NOTHING: &str = "–";
/// Figures that lead a report.
const DECIDING: usize = 3;

/// What a template is filled with.
#[derive(Debug, Serialize)]
pub(super) struct View {
    /// Whether it is of one run, which has findings and rests on assumptions.
    pub(super) is_run: bool,
    pub(super) name: String,
    pub(super) title: String,
    pub(super) run: String,
    pub(super) verdict: String,
    pub(super) verdict_class: Verdict,
    pub(super) score: String,
    pub(super) deciding: Vec<Figure>,
    pub(super) objectives: Vec<Objective>,
    pub(super) findings: Vec<FindingView>,
    pub(super) bill: Option<Bill>,
    pub(super) tables: Vec<Table>,
    pub(super) assumptions: Vec<AssumptionView>,
    pub(super) documented_constants: usize,
    pub(super) accounting: String,
    pub(super) origin: String,
}

/// A figure that a verdict rests on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Figure {
    label: String,
    value: String,
    note: String,
    /// Whether it is what an objective forbids.
    is_bad: bool,
}

#[derive(Debug, Serialize)]
pub(super) struct Objective {
    verdict: &'static str,
    verdict_class: Verdict,
    name: String,
    value: String,
    interval: String,
    target: String,
    note: Option<String>,
}

#[derive(Debug, Serialize)]
pub(super) struct FindingView {
    severity: &'static str,
    code: String,
    message: String,
    advice: String,
}

/// What a month costs, or why there is no bill.
#[derive(Debug, Serialize)]
pub(super) struct Bill {
    title: String,
    total: String,
    groups: String,
    table: Option<Table>,
    notes: Vec<String>,
}

#[derive(Debug, Serialize)]
pub(super) struct AssumptionView {
    provenance: String,
    name: String,
    value: String,
    description: String,
    source: String,
}

/// A table whose rows can be sorted.
#[derive(Debug, Serialize)]
pub(super) struct Table {
    id: &'static str,
    title: &'static str,
    note: String,
    headings: Vec<String>,
    /// Whether a column holds numbers.
    numeric: Vec<bool>,
    rows: Vec<Vec<CellView>>,
    /// Rows that stand in the summary too.
    summary_rows: usize,
}

impl Table {
    fn new(
        (id, title): (&'static str, &'static str),
        note: impl Into<String>,
        headings: &[&str],
        rows: Vec<Vec<CellView>>,
    ) -> Self {
        let is_numeric = |column: usize| {
            rows.iter().any(|row| row.get(column).is_some_and(|cell| cell.number.is_some()))
        };
        Self {
            id,
            title,
            note: note.into(),
            headings: headings.iter().map(|heading| (*heading).to_owned()).collect(),
            numeric: (0..headings.len()).map(is_numeric).collect(),
            rows,
            summary_rows: 0,
        }
    }
}

/// A cell as it reads, and the number by which it sorts.
#[derive(Debug, Serialize)]
pub(super) struct CellView {
    text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    number: Option<f64>,
}

impl View {
    pub(super) fn of(document: &ResultDocument) -> Self {
        let scenario = &document.scenario;
        let (documented, doubtful): (Vec<_>, Vec<_>) =
            document.assumptions.iter().partition(|row| row.provenance == "documented");
        Self {
            is_run: true,
            name: scenario.name.clone(),
            title: scenario.question.clone().unwrap_or_else(|| scenario.name.clone()),
            run: head::run(document),
            verdict: verdict_word(document.verdict).to_owned(),
            verdict_class: document.verdict,
            score: head::score(document).trim().to_owned(),
            deciding: deciding(document),
            objectives: document.objectives.iter().map(objective).collect(),
            findings: findings(document),
            bill: services::bill(document),
            tables: tables(document),
            assumptions: doubtful
                .into_iter()
                .map(|row| AssumptionView {
                    provenance: row.provenance.clone(),
                    name: row.name.clone(),
                    value: row.value.clone(),
                    description: row.description.clone(),
                    source: row.source.clone(),
                })
                .collect(),
            documented_constants: documented.len(),
            accounting: accounting(document),
            origin: origin(document),
        }
    }
}

/// An environment whose templates escape what they are given for HTML, or for Markdown.
pub(super) fn environment(escape: AutoEscape) -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(move |_| escape.clone());
    environment.add_filter("markdown", markdown);
    environment
}

/// Text that Markdown takes as it is, in a paragraph or in a cell of a table.
fn markdown(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in clean(text).chars() {
        match character {
            '<' => escaped.push_str("&lt;"),
            '|' | '*' | '_' | '`' | '[' | ']' | '\\' | '#' | '~' => {
                escaped.push('\\');
                escaped.push(character);
            }
            _ => escaped.push(character),
        }
    }
    escaped
}

/// Three figures: what objectives are about first, missed ones before others, then what every
/// review asks.
fn deciding(document: &ResultDocument) -> Vec<Figure> {
    let order = |verdict| match verdict {
        Verdict::Fail => 0,
        Verdict::Inconclusive => 1,
        _ => 2,
    };
    let mut objectives: Vec<&ObjectiveResult> = document.objectives.iter().collect();
    objectives.sort_by_key(|objective| order(objective.verdict));
    let mut figures: Vec<Figure> = objectives
        .into_iter()
        .take(DECIDING)
        .map(|objective| Figure {
            label: head::name(objective).replace('_', " "),
            value: head::value(objective),
            note: format!("{}: {}", verdict_word(objective.verdict), head::target(objective)),
            is_bad: objective.verdict == Verdict::Fail,
        })
        .collect();
    let is_about =
        |word: &str| document.objectives.iter().any(|objective| objective.name.starts_with(word));
    for (word, figure) in usual(document) {
        if figures.len() < DECIDING && !is_about(word) {
            figures.push(figure);
        }
    }
    figures
}

/// What every review asks, and the objective that would already have said it.
fn usual(document: &ResultDocument) -> Vec<(&'static str, Figure)> {
    let stream = &document.stream;
    let figure = |label: &str, value: String, note: String| Figure {
        label: label.to_owned(),
        value,
        note,
        is_bad: false,
    };
    let peak = figure(
        "fullest second of a shard",
        percent(stream.truth.hottest_shard_utilization_peak_1s),
        format!(
            "of its write limit; {} in a minute of CloudWatch",
            percent(stream.cloudwatch.hottest_shard_utilization_peak_1min)
        ),
    );
    let skew = figure(
        "hottest shard",
        stream.hottest_shard_over_mean.map_or(NOTHING.to_owned(), |over| format!("{over:.2} ×")),
        "the records of the mean shard".to_owned(),
    );
    let throttled = figure(
        "throttled",
        percent(stream.write_throttled_ratio),
        format!("of {} attempts", count(stream.attempts)),
    );
    let offered = figure(
        "offered",
        format!("{} records/s", plain(stream.generated_records_per_second)),
        format!("and {}/s on average", bytes(stream.generated_bytes_per_second)),
    );
    vec![("write_throttled", throttled), (" ", peak), (" ", skew), (" ", offered)]
}

fn objective(objective: &ObjectiveResult) -> Objective {
    Objective {
        verdict: verdict_word(objective.verdict),
        verdict_class: objective.verdict,
        name: head::name(objective),
        value: head::value(objective),
        interval: head::interval(objective).trim().to_owned(),
        target: head::target(objective),
        note: objective.note.clone(),
    }
}

fn findings(document: &ResultDocument) -> Vec<FindingView> {
    let findings = document.findings.iter();
    findings
        .map(|finding| FindingView {
            severity: match finding.severity {
                Severity::Critical => "critical",
                Severity::Warning => "warning",
                Severity::Info => "info",
            },
            code: finding.code.clone(),
            message: finding.message.clone(),
            advice: super::tried::advice(finding),
        })
        .collect()
}

fn words(text: impl Into<String>) -> CellView {
    CellView { text: text.into(), number: None }
}

fn number(value: u64) -> CellView {
    CellView { text: count(value), number: Some(value as f64) }
}

fn share(ratio: f64) -> CellView {
    CellView { text: percent(ratio), number: Some(ratio) }
}

fn time(times: Option<Quantiles>, which: fn(Quantiles) -> f64) -> CellView {
    let value = times.map(which);
    CellView { text: value.map_or(NOTHING.to_owned(), milliseconds), number: value }
}

fn tables(document: &ResultDocument) -> Vec<Table> {
    let mut tables = vec![shards(document)];
    tables.extend(services::scaling(document));
    tables.push(producers(document));
    if !document.consumers.is_empty() {
        tables.push(consumers(document));
    }
    tables.extend(services::functions(document));
    tables.extend(services::deliveries(document));
    tables.extend(services::incidents(document));
    if !document.replication_intervals.is_empty() {
        tables.push(replications(document));
    }
    tables
}

fn shards(document: &ResultDocument) -> Table {
    let mut hottest: Vec<&ShardResult> = document.shards.iter().collect();
    // Stable: equal shards stay in the order of their ranges.
    hottest.sort_by_key(|shard| {
        std::cmp::Reverse((shard.generated_records, shard.write_throttled_records))
    });
    let row = |shard: &&ShardResult| {
        let key = shard.hottest_keys.first().map_or(NOTHING.to_owned(), |key| {
            format!("{} ({})", shorten(&key.key), percent(key.share))
        });
        vec![
            words(&shard.shard_id),
            number(shard.generated_records),
            share(shard.generated_share),
            share(shard.utilization.mean),
            share(shard.utilization.peak_1s),
            share(shard.utilization.peak_1min),
            number(shard.write_throttled_records),
            words(key),
        ]
    };
    Table::new(
        ("shards-table", "Shards"),
        "Hottest first. Offered records after the warm-up; mean and peaks are of the \
               scarcer write limit.",
        &[
            "shard",
            "offered records",
            "share",
            "mean",
            "peak second",
            "peak minute",
            "throttled attempts",
            "hottest key",
        ],
        hottest.iter().map(row).collect(),
    )
}

/// A partition key that fits a cell.
fn shorten(key: &str) -> String {
    let key = clean(key);
    if key.chars().count() <= 48 {
        return key;
    }
    format!("{}…", key.chars().take(47).collect::<String>())
}

fn producers(document: &ResultDocument) -> Table {
    let producers = document.producers.iter();
    Table::new(
        ("producers-table", "Producers"),
        "Put latency is from the generation of a record to the answer that accepts it.",
        &[
            "producer",
            "order kept",
            "generated",
            "accepted",
            "throttled attempts",
            "given up",
            "put p50",
            "put p99",
            "put max",
        ],
        producers
            .map(|producer| {
                let latency = producer.put_latency_ms;
                vec![
                    words(&producer.name),
                    words(match producer.ordering {
                        OrderingKept::PerKey => "per key",
                        OrderingKept::PerKeyAndBucket => "per key and bucket",
                        OrderingKept::None => "none",
                    }),
                    number(producer.generated_records),
                    number(producer.accepted),
                    number(producer.throttled),
                    number(producer.given_up),
                    time(latency, |times| times.p50),
                    time(latency, |times| times.p99),
                    time(latency, |times| times.max),
                ]
            })
            .collect(),
    )
}

fn consumers(document: &ResultDocument) -> Table {
    let consumers = document.consumers.iter();
    Table::new(
        ("consumers-table", "Consumers"),
        "Iterator age as it is, and as CloudWatch would show it; latency from the \
               generation of a record to the end of its processing.",
        &[
            "consumer",
            "kind",
            "processed",
            "backlog",
            "expired",
            "reads refused",
            "age p99",
            "age p99 in CloudWatch",
            "latency p50",
            "latency p99",
        ],
        consumers
            .map(|consumer| {
                vec![
                    words(&consumer.name),
                    words(consumer.kind.replace('_', " ")),
                    number(consumer.processed_records),
                    number(consumer.backlog_records),
                    number(consumer.expired_records),
                    number(consumer.read_throttled_calls),
                    time(consumer.iterator_age_ms, |times| times.p99),
                    time(consumer.iterator_age_cloudwatch_ms, |times| times.p99),
                    time(consumer.end_to_end_latency_ms, |times| times.p50),
                    time(consumer.end_to_end_latency_ms, |times| times.p99),
                ]
            })
            .collect(),
    )
}

fn replications(document: &ResultDocument) -> Table {
    let varies = document.replication_intervals.iter().filter(|figure| figure.max > figure.min);
    Table::new(
        ("replications-table", "Spread over the replications"),
        format!(
            "Figures that differ between the {} replications, with the 95 % confidence interval \
             of their mean.",
            document.replications
        ),
        &["figure", "mean", "from", "to"],
        varies
            .map(|figure| {
                let cell =
                    |value: f64| CellView { text: amount(value, figure.unit), number: Some(value) };
                let [low, high] = match figure.ci95 {
                    Some([low, high]) => [cell(low), cell(high)],
                    None => [words(NOTHING), words(NOTHING)],
                };
                vec![words(&figure.name), cell(figure.mean), low, high]
            })
            .collect(),
    )
}

fn accounting(document: &ResultDocument) -> String {
    let broken = document.accounting.iter().filter(|row| !row.holds).count();
    if broken > 0 {
        return format!("{broken} sums do not hold, which is a defect of shardplan.");
    }
    let mut statements: Vec<&str> = Vec::new();
    for row in &document.accounting {
        if !statements.contains(&row.statement.as_str()) {
            statements.push(&row.statement);
        }
    }
    format!(
        "{} sums hold exactly: {}.",
        count(document.accounting.len() as u64),
        statements.join("; ")
    )
}

fn origin(document: &ResultDocument) -> String {
    let scenario = &document.scenario;
    let mut origin = format!(
        "shardplan {}, scenario {} {}, seed {}",
        document.tool_version, scenario.name, scenario.digest, document.seed
    );
    if !scenario.overrides.is_empty() {
        origin.push_str(&format!(", set {}", scenario.overrides.join(", ")));
    }
    origin
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::testing::document;

    #[test]
    fn three_figures_lead_and_missed_objectives_come_first() {
        let document = document();
        let figures = deciding(&document);
        assert_eq!(figures.len(), 3);
        assert_eq!(figures[0].label, "write throttled");
        assert!(figures[0].is_bad && !figures[1].is_bad);
        let mut without = document;
        without.objectives.clear();
        let labels: Vec<String> =
            deciding(&without).into_iter().map(|figure| figure.label).collect();
        assert_eq!(labels, ["throttled", "fullest second of a shard", "hottest shard"]);
    }

    #[test]
    fn a_cell_of_markdown_stays_a_cell() {
        assert_eq!(markdown("a|b<c>\n*d*"), "a\\|b&lt;c> \\*d\\*");
    }
}
