//! The text of `shardplan compare`: the winner, one line a variant, the paired differences.

use super::TextOptions;
use super::head::amount;
use super::layout::{Page, Paint, verdict_word};
use crate::analysis::compare::{ComparisonDocument, FigureComparison};
use crate::analysis::number::{count, dollars, percent};
use crate::analysis::{OrderingKept, Unit, Verdict};

/// The answer to `compare` as text; ends with a line feed.
#[must_use]
pub fn compare_text(document: &ComparisonDocument, options: TextOptions) -> String {
    let mut page = Page::new(options.width, options.color);
    let name = page.paint(Paint::Bold, &document.scenario);
    page.line(&name);
    if let Some(question) = &document.question {
        page.paragraph("", 0, question);
    }
    let words = format!(
        "{} variants under common random numbers, {} replications each",
        count(document.variants.len() as u64),
        count(u64::from(document.replications))
    );
    page.paragraph("", 0, &words);
    page.line("");
    match &document.winner {
        Some(winner) => {
            let name = page.paint(Paint::Green, &winner.name);
            page.line(&name);
            page.paragraph("  ", 2, &format!("{}.", winner.reason));
        }
        None => page.line("No winner: nothing tells the first ones apart."),
    }
    variants(document, &mut page);
    for figure in &document.figures {
        differences(document, figure, &mut page);
    }
    let digest = &document.variants[0].digest;
    page.finish_with_origin(&document.tool_version, (&document.scenario, digest), document.seed)
}

fn variants(document: &ComparisonDocument, page: &mut Page) {
    page.heading("Variants");
    let has_bill = document.variants.iter().any(|each| each.monthly_usd.is_some());
    let mut headings = vec![
        "variant",
        "verdict",
        "shards",
        "hottest over mean",
        "throttled",
        "shards needed",
        "order kept",
    ];
    if has_bill {
        headings.push("USD a month");
    }
    let rows = document.variants.iter().map(|each| {
        let mut row = vec![
            each.name.clone(),
            match each.verdict {
                Verdict::None => "-".to_owned(),
                verdict => verdict_word(verdict).to_owned(),
            },
            count(each.shards),
            each.hottest_over_mean.map_or("-".to_owned(), |value| format!("{value:.2}")),
            percent(each.throttled_ratio),
            each.shards_needed.map_or("no count".to_owned(), count),
            order(each.ordering).to_owned(),
        ];
        if has_bill {
            row.push(each.monthly_usd.map_or("-".to_owned(), dollars));
        }
        row
    });
    page.table(&headings, &[0, 1, 6], rows.collect());
    for each in document.variants.iter().filter(|each| !each.changes.is_empty()) {
        page.paragraph("  ", 4, &format!("{}: {}", each.name, each.changes.join(", ")));
    }
}

/// An order in words.
pub(in crate::report) fn order(ordering: OrderingKept) -> &'static str {
    match ordering {
        OrderingKept::PerKey => "per key",
        OrderingKept::PerKeyAndBucket => "per key and bucket",
        OrderingKept::None => "none",
    }
}

/// A table of the figure, where any variant differs from the baseline.
fn differences(document: &ComparisonDocument, figure: &FigureComparison, page: &mut Page) {
    let differs = figure.variants.iter().filter_map(|each| each.difference);
    if differs.into_iter().all(|each| each.mean.abs() <= 0.0) {
        return;
    }
    page.heading(&figure.name);
    let rows = document.variants.iter().zip(&figure.variants).map(|(variant, figure_of)| {
        let (difference, interval) = match figure_of.difference {
            Some(difference) => (
                signed(difference.mean, figure.unit),
                difference.ci95.map_or(String::new(), |[low, high]| {
                    format!("[{}, {}]", signed(low, figure.unit), signed(high, figure.unit))
                }),
            ),
            None => (String::new(), String::new()),
        };
        vec![
            variant.name.clone(),
            figure_of.mean.map_or("-".to_owned(), |mean| amount(mean, figure.unit)),
            difference,
            interval,
        ]
    });
    let headings = ["variant", "mean", "less the baseline", "95 % interval of that"];
    page.table(&headings, &[0], rows.collect());
}

/// A difference with its sign and unit.
pub(in crate::report) fn signed(value: f64, unit: Unit) -> String {
    let sign = if value < 0.0 { "-" } else { "+" };
    format!("{sign}{}", amount(value.abs(), unit))
}
