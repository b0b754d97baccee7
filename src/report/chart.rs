//! Charts: a picture of the run as SVG, and the same as PNG.
//!
//! One chart a file. `palette` holds the colours, `axis` chooses ticks, `frame` draws title,
//! legend, axes and lines that are the same everywhere, `svg` turns what plotters writes into a
//! small, accessible file that follows light and dark, `png` paints it. A chart whose series are
//! empty says so in words where its lines would be.

mod age;
mod axis;
mod binding;
mod cloudwatch;
mod cost;
mod decision;
mod frame;
mod heat;
mod keys;
mod latency;
mod load;
mod palette;
mod png;
mod ribbons;
mod shards;
mod svg;

pub use decision::{DECISION_CHART_IDS, decision_charts};
pub use palette::style as chart_style;
pub use png::{PngError, png};
pub use svg::standalone;

use serde::Serialize;

use crate::analysis::{Picture, ResultDocument};

/// Width of every chart in its own units.
pub(super) const WIDTH: u32 = 1_600;
/// Height of most charts.
pub(super) const HEIGHT: u32 = 760;

/// Every chart that a report can have, by its file name without the end.
pub const CHART_IDS: [&str; 10] = [
    "load",
    "binding",
    "utilization",
    "throttling",
    "cloudwatch",
    "keys",
    "latency",
    "iterator-age",
    "shards",
    "cost",
];

/// Most lines of a chart that can be told apart; there are as many colours.
pub(super) const LINES_MAX: usize = 6;

/// Which of many lines are drawn: the highest ones, in the order in which they come.
fn highest(values: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|one, other| values[*other].total_cmp(&values[*one]));
    order.truncate(LINES_MAX);
    order.sort_unstable();
    order
}

/// A chart, ready to be put into a page or a file.
#[derive(Clone, Debug, Serialize)]
pub struct Chart {
    /// File name without its end, and anchor in a page.
    pub id: &'static str,
    /// What it shows.
    pub title: String,
    /// The same in two or three sentences, with the figures that matter: for a caption and for
    /// whoever cannot see it.
    pub description: String,
    /// The drawing, without a style of its own.
    pub svg: String,
    /// What stands under the pointer; none where the drawing says all.
    pub hover: Option<Hover>,
}

/// Values under the pointer, in the units of the drawing.
#[derive(Clone, Debug, Serialize)]
pub struct Hover {
    /// Left, top, right and bottom of the plot.
    pub area: [f64; 4],
    /// One text a column, evenly spaced from left to right; of all rows where there are `rows`.
    pub columns: Vec<String>,
    /// Names of rows, from the top, evenly spaced; empty where columns say all.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rows: Vec<String>,
    /// Percentages row by row, a blank between two columns.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cells: Vec<String>,
    /// What a percentage is about.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub meaning: &'static str,
    /// Whole texts in place of `cells`, row by row.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

impl Hover {
    /// One text a column.
    pub(super) fn by_column(area: [f64; 4], columns: Vec<String>) -> Self {
        let (rows, cells, notes) = (Vec::new(), Vec::new(), Vec::new());
        Self { area, columns, rows, cells, meaning: "", notes }
    }

    /// One text a cell, row by row, of so many columns.
    pub(super) fn by_cell(area: [f64; 4], columns: usize, notes: Vec<String>) -> Self {
        let rows = vec![String::new(); notes.len() / columns.max(1)];
        let columns = vec![String::new(); columns];
        Self { area, columns, rows, cells: Vec::new(), meaning: "", notes }
    }
}

/// A drawing that failed; a defect, because charts are drawn into memory.
#[derive(Clone, Debug, thiserror::Error)]
#[error("chart {chart}: {reason}")]
pub struct ChartError {
    /// Which chart.
    pub chart: &'static str,
    /// What plotters says.
    pub reason: String,
}

/// The charts of a run in the order of a report.
///
/// # Errors
/// When a drawing fails, which would be a defect.
pub fn charts(document: &ResultDocument, picture: &Picture) -> Result<Vec<Chart>, ChartError> {
    let mut charts = vec![
        load::chart(document, picture)?,
        binding::chart(document, picture)?,
        heat::utilization(document, picture)?,
        heat::throttling(document, picture)?,
        cloudwatch::chart(document, picture)?,
        keys::chart(document, picture)?,
        latency::chart(document, picture)?,
    ];
    if !document.consumers.is_empty() {
        charts.push(age::chart(document, picture)?);
    }
    charts.push(shards::chart(document, picture)?);
    if let Some(cost) = &document.cost {
        charts.push(cost::chart(document, cost)?);
    }
    Ok(charts)
}

#[cfg(test)]
mod tests;
