//! Charts of answers that rest on many simulations: `counts` of `size`, `differences` of `compare`,
//! `safety` of `sweep`.

mod counts;
mod differences;
mod safety;

use super::{Chart, ChartError};
use crate::report::Decision;

/// Every chart that a decision can have, by its file name without the end.
pub const DECISION_CHART_IDS: [&str; 5] =
    ["shard-counts", "shard-costs", "load-factors", "differences", "safety"];

/// The charts of a decision in the order of a report.
///
/// # Errors
/// When a drawing fails, which would be a defect.
pub fn decision_charts(decision: &Decision<'_>) -> Result<Vec<Chart>, ChartError> {
    match decision {
        Decision::Size(document) => counts::of_size(document),
        Decision::Reverse(document) => Ok(vec![counts::of_reverse(document)?]),
        Decision::Compare(document) => Ok(vec![differences::chart(document)?]),
        Decision::Sweep(document) => Ok(vec![safety::chart(document)?]),
    }
}

#[cfg(test)]
mod tests;
