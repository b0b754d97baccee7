//! Findings on traces: lines that were left out, and a trace that is shorter or longer than the run.

use super::finding;
use crate::analysis::figures::ratio;
use crate::analysis::number::{count, of, percent, seconds};
use crate::analysis::result::{Finding, Severity};
use crate::scenario::{Scenario, Trace};
use crate::time::Span;

/// From this share of malformed lines on, the trace is hardly the traffic that was recorded.
const MALFORMED_MANY: f64 = 0.001;
/// From this share of the run without a record on, averages over the run say little.
const SILENT_LONG: f64 = 0.1;

pub(super) fn find(scenario: &Scenario, findings: &mut Vec<Finding>) {
    for producer in &scenario.producers {
        let Some(trace) = producer.traffic.trace() else { continue };
        findings.extend(damaged(&producer.name, trace));
        findings.extend(malformed(&producer.name, trace));
        findings.extend(beyond(&producer.name, trace, scenario.duration));
        findings.extend(silent(&producer.name, trace, scenario.duration));
        findings.extend(moved(&producer.name, trace));
    }
}

fn damaged(producer: &str, trace: &Trace) -> Option<Finding> {
    let line = trace.damaged_line?;
    Some(finding(
        "damaged-trace",
        Severity::Warning,
        producer,
        format!(
            "The compressed trace is cut off or damaged at line {}: nothing after it is replayed.",
            count(line)
        ),
        &[("damaged_line", line as f64)],
        "Fetch the file again; what is missing cannot be told.".to_owned(),
    ))
}

fn malformed(producer: &str, trace: &Trace) -> Option<Finding> {
    let first = trace.malformed_line_first?;
    let lines = trace.lines();
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

fn beyond(producer: &str, trace: &Trace, duration: Span) -> Option<Finding> {
    let beyond = trace.beyond?;
    let later = Span::from_nanoseconds(beyond.offset) - duration;
    Some(finding(
        "trace-longer-than-run",
        Severity::Info,
        producer,
        format!(
            "The trace goes on after the end of the run: its next record, at line {}, comes {} later. \
             It and all that follow are not replayed.",
            count(beyond.line),
            seconds(later.as_seconds()),
        ),
        &[("beyond_line", beyond.line as f64), ("later_s", later.as_seconds())],
        "Make `duration` longer to replay more of it.".to_owned(),
    ))
}

/// A run that goes on for more than a second, and a hundredth of it, after the last record.
fn silent(producer: &str, trace: &Trace, duration: Span) -> Option<Finding> {
    let silent = duration - trace.last_at;
    let share = silent.as_seconds() / duration.as_seconds();
    if trace.beyond.is_some() || silent <= Span::SECOND || share < SILENT_LONG / 10.0 {
        return None;
    }
    Some(finding(
        "trace-shorter-than-run",
        if share >= SILENT_LONG { Severity::Warning } else { Severity::Info },
        producer,
        format!(
            "The last record of the trace comes at {} of {}: then the producer is silent, and \
             averages over the run are lower than the traffic that was recorded.",
            seconds(trace.last_at.as_seconds()),
            seconds(duration.as_seconds()),
        ),
        &[("last_record_s", trace.last_at.as_seconds()), ("silent_ratio", share)],
        "Let `duration` end with the trace.".to_owned(),
    ))
}

fn moved(producer: &str, trace: &Trace) -> Option<Finding> {
    let moved = trace.moved_records;
    (moved > 0).then(|| {
        finding(
            "trace-records-moved",
            Severity::Info,
            producer,
            format!(
                "{} of {} of the trace {} earlier than a line above, within `time_tolerance`, and \
                 came at the time of that line.",
                count(moved),
                of(trace.records, "record"),
                if moved == 1 { "was" } else { "were" },
            ),
            &[("moved_records", moved as f64), ("moved_ratio", ratio(moved, trace.records))],
            "Sort the file by time to replay every record at its own.".to_owned(),
        )
    })
}
