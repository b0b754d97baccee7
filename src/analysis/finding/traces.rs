//! Findings on traces: lines that were left out.

use super::finding;
use crate::analysis::figures::ratio;
use crate::analysis::number::{count, of, percent};
use crate::analysis::result::{Finding, Severity};
use crate::scenario::{Scenario, Trace};

/// From this share of malformed lines on, the trace is hardly the traffic that was recorded.
const MALFORMED_MANY: f64 = 0.001;

pub(super) fn find(scenario: &Scenario, findings: &mut Vec<Finding>) {
    for producer in &scenario.producers {
        findings.extend(producer.traffic.trace().and_then(|it| malformed(&producer.name, it)));
    }
}

fn malformed(producer: &str, trace: &Trace) -> Option<Finding> {
    let first = trace.malformed_line_first?;
    let lines = trace.records + trace.malformed_lines;
    let share = ratio(trace.malformed_lines, lines);
    Some(finding(
        "malformed-trace-lines",
        if share >= MALFORMED_MANY { Severity::Warning } else { Severity::Info },
        producer,
        format!(
            "{} of {} of the trace ({}) cannot be read and {} left out, the first at line {}.",
            count(trace.malformed_lines),
            of(lines, "line"),
            percent(share),
            if trace.malformed_lines == 1 { "is" } else { "are" },
            count(first),
        ),
        &[
            ("malformed_lines", trace.malformed_lines as f64),
            ("malformed_line_first", first as f64),
            ("malformed_ratio", share),
        ],
        "Look at that line; with `malformed: stop` every such line is shown.".to_owned(),
    ))
}
