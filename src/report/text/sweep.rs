//! The text and the CSV of `shardplan sweep`: the map of safety, then every point.

use super::TextOptions;
use super::layout::{Page, Paint, verdict_word};
use crate::analysis::Verdict;
use crate::analysis::number::{count, dollars, of, percent, plain};
use crate::analysis::sweep::{SweepDocument, SweepPointResult};

/// Points that are listed one by one.
const POINTS_SHOWN: usize = 60;
/// Columns of a map.
const MAP_COLUMNS_MAX: usize = 12;

/// The answer to `sweep` as text; ends with a line feed.
#[must_use]
pub fn sweep_text(document: &SweepDocument, options: TextOptions) -> String {
    let mut page = Page::new(options.width, options.color);
    let name = page.paint(Paint::Bold, &document.scenario);
    page.line(&name);
    if let Some(question) = &document.question {
        page.paragraph("", 0, question);
    }
    let replications = of(u64::from(document.replications), "replication");
    let words = format!("{}, {replications} each", of(document.points.len() as u64, "point"));
    page.paragraph("", 0, &words);
    map(document, &mut page);
    points(document, &mut page);
    page.line("");
    let origin = format!(
        "shardplan {}, scenario {}, seed {}",
        document.tool_version, document.scenario, document.seed
    );
    page.paragraph("", 0, &origin);
    page.finish()
}

/// The map of safety: verdict and throttled share by the first two paths.
fn map(document: &SweepDocument, page: &mut Page) {
    let ([_, second], [first, columns]) = (&document.paths[..], &document.values[..]) else {
        return;
    };
    if columns.len() > MAP_COLUMNS_MAX {
        return;
    }
    page.heading(&format!("Map: down {}, across {second}", document.paths[0]));
    let mut headings = vec![""];
    headings.extend(columns.iter().map(String::as_str));
    let rows = first.iter().map(|row| {
        let mut cells = vec![row.clone()];
        cells.extend(columns.iter().map(|column| {
            let point = document
                .points
                .iter()
                .find(|point| point.values[0] == *row && point.values[1] == *column);
            point.map_or(String::new(), |point| cell(document, point))
        }));
        cells
    });
    page.table(&headings, &[0], rows.collect());
    let words = "ok: every objective met; NO: one missed; ?: chance decides; with the throttled \
                 share of attempts.";
    page.paragraph("  ", 2, words);
}

fn cell(document: &SweepDocument, point: &SweepPointResult) -> String {
    let word = match point.verdict {
        Verdict::Pass => "ok",
        Verdict::Fail => "NO",
        Verdict::Inconclusive => "?",
        Verdict::None => "",
    };
    format!("{word} {}", throttled(document, point)).trim().to_owned()
}

fn throttled(document: &SweepDocument, point: &SweepPointResult) -> String {
    let ratio = figure_of_point(document, point, "stream.write_throttled_ratio");
    ratio.map_or("-".to_owned(), percent)
}

/// A figure of a point by its path; none where it was not observed.
pub(in crate::report) fn figure_of_point(
    document: &SweepDocument,
    point: &SweepPointResult,
    path: &str,
) -> Option<f64> {
    let index = document.figures.iter().position(|figure| figure.name == path)?;
    point.figures.get(index).copied().flatten()
}

fn has_bill(document: &SweepDocument) -> bool {
    document.points.iter().any(|point| point.monthly_usd.is_some())
}

fn points(document: &SweepDocument, page: &mut Page) {
    page.heading("Points");
    let mut headings: Vec<&str> =
        document.paths.iter().map(|path| path.rsplit('.').next().unwrap_or(path)).collect();
    headings.extend(["verdict", "records/s", "throttled", "busiest shard"]);
    let has_bill = has_bill(document);
    if has_bill {
        headings.push("USD a month");
    }
    let text: Vec<usize> = (0..=document.paths.len()).collect();
    let rows = document.points.iter().take(POINTS_SHOWN).map(|point| {
        let mut row = point.values.clone();
        row.push(match point.verdict {
            Verdict::None => "-".to_owned(),
            verdict => verdict_word(verdict).to_owned(),
        });
        row.push(plain(point.generated_records_per_second));
        row.push(throttled(document, point));
        row.push(percent(point.hottest_shard_utilization_mean));
        if has_bill {
            row.push(point.monthly_usd.map_or("-".to_owned(), dollars));
        }
        row
    });
    page.table(&headings, &text, rows.collect());
    let more = document.points.len().saturating_sub(POINTS_SHOWN) as u64;
    if more > 0 {
        page.paragraph("  ", 2, &format!("and {} more in the CSV and the JSON.", count(more)));
    }
}

/// Every point as CSV: the paths, the verdict, then every figure, and the bill where there is one.
///
/// # Errors
/// When memory for the text cannot be written to; in practice never.
pub fn sweep_csv(document: &SweepDocument) -> Result<Vec<u8>, csv::Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let fixed =
        ["verdict", "shards", "generated_records_per_second", "hottest_shard_utilization_mean"];
    let mut heading: Vec<&str> = document.paths.iter().map(String::as_str).collect();
    heading.extend(fixed);
    heading.extend(document.figures.iter().map(|figure| figure.name.as_str()));
    let has_bill = has_bill(document);
    if has_bill {
        heading.push("monthly_usd");
    }
    writer.write_record(&heading)?;
    for point in &document.points {
        let mut row = point.values.clone();
        row.push(verdict_word(point.verdict).to_lowercase());
        row.push(point.shards.to_string());
        row.push(point.generated_records_per_second.to_string());
        row.push(point.hottest_shard_utilization_mean.to_string());
        let figures = point.figures.iter();
        row.extend(figures.map(|value| value.map_or(String::new(), |value| value.to_string())));
        if has_bill {
            row.push(point.monthly_usd.map_or(String::new(), |usd| usd.to_string()));
        }
        writer.write_record(&row)?;
    }
    writer.into_inner().map_err(|error| csv::Error::from(error.into_error()))
}
