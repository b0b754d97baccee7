//! The part of a report above its tables: question, verdict, objectives, key figures.

use unicode_width::UnicodeWidthStr;

use super::layout::{Page, Paint, shorten, verdict_word};
use crate::analysis::number::{bytes, count, milliseconds, of, percent, plain, seconds};
use crate::analysis::{ObjectiveResult, ResultDocument, Unit, Verdict};
use crate::units::Usd;

/// Columns of the names of key figures.
const LABEL: usize = 20;

pub(super) fn title(document: &ResultDocument, page: &mut Page) {
    let scenario = &document.scenario;
    let name = page.paint(Paint::Bold, &scenario.name);
    if let Some(question) = &scenario.question {
        page.line(&name);
        page.paragraph("", 0, question);
    } else {
        page.line(&name);
    }
    page.paragraph("", 0, &run(document));
    page.line("");
    let verdict = page.paint(Paint::of_verdict(document.verdict), verdict_word(document.verdict));
    page.line(&format!("{verdict}{}", score(document)));
}

/// What was run, in a line.
pub(in crate::report) fn run(document: &ResultDocument) -> String {
    let mut run = format!(
        "{}{}, {} of simulated time",
        of(document.stream.shards_start, &format!("{} shard", document.stream.mode)),
        region(document),
        seconds(document.simulated_seconds),
    );
    if document.warm_up_seconds > 0.0 {
        run.push_str(&format!(" of which {} warm-up", seconds(document.warm_up_seconds)));
    }
    if let Some(note) = &document.warm_up_note {
        run.push_str(&format!(" ({note})"));
    }
    if document.replications > 1 {
        run.push_str(&format!(
            ", {} replications (counts are those of the first)",
            count(u64::from(document.replications))
        ));
    }
    run
}

pub(in crate::report) fn region(document: &ResultDocument) -> String {
    document.scenario.region.as_ref().map(|region| format!(" in {region}")).unwrap_or_default()
}

/// What the verdict rests on.
pub(in crate::report) fn score(document: &ResultDocument) -> String {
    let all = document.objectives.len() as u64;
    let with = |verdict| {
        document.objectives.iter().filter(|objective| objective.verdict == verdict).count() as u64
    };
    match document.verdict {
        Verdict::None => "  the scenario asks for nothing, so nothing can be missed".to_owned(),
        Verdict::Pass => format!("  {} met", of(all, "objective")),
        Verdict::Fail => {
            format!("  {} of {} missed", count(with(Verdict::Fail)), of(all, "objective"))
        }
        Verdict::Inconclusive => {
            format!("  {} of {} open", count(with(Verdict::Inconclusive)), of(all, "objective"))
        }
    }
}

pub(super) fn objectives(document: &ResultDocument, page: &mut Page) {
    if document.objectives.is_empty() {
        return;
    }
    page.heading("Objectives");
    let all = &document.objectives;
    let widest = |text: fn(&ObjectiveResult) -> String| {
        all.iter().map(|objective| text(objective).width()).max().unwrap_or_default()
    };
    let word_width = widest(|objective| verdict_word(objective.verdict).to_owned());
    let (name_width, target_width) = (widest(name), widest(target));
    let indent = word_width + 4;
    // Beside its value where there is room for all of them, else below.
    let full = widest(|objective| format!("{}{}", value(objective), interval(objective)));
    let beside = indent + name_width + full + target_width + 5 <= page.width();
    let value_width = if beside { full } else { widest(value) };
    let room = page.width().saturating_sub(indent + value_width + target_width + 5);
    let name_width = name_width.min(room);
    for objective in all {
        let word = format!("{:<word_width$}", verdict_word(objective.verdict));
        let word = page.paint(Paint::of_verdict(objective.verdict), &word);
        let name = shorten(&name(objective), name_width);
        let (mut value, target) = (value(objective), target(objective));
        let interval = interval(objective);
        if beside {
            value.push_str(&interval);
        }
        page.line(&format!("  {word}  {name:<name_width$}  {value:>value_width$}   {target}"));
        if !beside && !interval.is_empty() {
            page.paragraph(&" ".repeat(indent), indent, &format!("95 % interval{interval}"));
        }
        if let Some(note) = &objective.note {
            page.paragraph(&" ".repeat(indent), indent, note);
        }
    }
}

pub(in crate::report) fn name(objective: &ObjectiveResult) -> String {
    match (&objective.subject, objective.worst_of) {
        (Some(subject), Some(all)) => {
            format!("{} of {}, worst of {}", objective.name, subject, count(all))
        }
        (Some(subject), None) => format!("{} of {}", objective.name, subject),
        (None, _) => objective.name.clone(),
    }
}

pub(in crate::report) fn target(objective: &ObjectiveResult) -> String {
    format!("at most {}", amount(objective.target, objective.unit))
}

pub(in crate::report) fn value(objective: &ObjectiveResult) -> String {
    objective.value.map_or_else(|| "not observed".to_owned(), |value| amount(value, objective.unit))
}

/// The interval with a blank before it; nothing where all replications observed the same.
pub(in crate::report) fn interval(objective: &ObjectiveResult) -> String {
    match objective.ci95 {
        Some([low, high]) if low < high => {
            format!(" [{}, {}]", amount(low, objective.unit), amount(high, objective.unit))
        }
        _ => String::new(),
    }
}

/// A figure with its unit.
pub(in crate::report) fn amount(value: f64, unit: Unit) -> String {
    match unit {
        Unit::Ratio => percent(value),
        Unit::Ms => milliseconds(value),
        // Three digits would show 1.004 and 1 alike, which are the ends of many an interval.
        Unit::Multiple => format!("{value:.3} times"),
        Unit::Records => plain(value),
        Unit::Usd => Usd::from_f64(value)
            .map_or_else(|| "unknown".to_owned(), |usd| format!("{} USD", usd.to_cents())),
    }
}

pub(super) fn key_figures(document: &ResultDocument, page: &mut Page) {
    let stream = &document.stream;
    page.heading("Key figures");
    let mut figure = |label: &str, words: String| {
        page.paragraph(&format!("  {label:<LABEL$}"), LABEL + 2, &words);
    };
    figure(
        "Offered",
        format!(
            "{} records/s and {}/s on average, {} records in the busiest second",
            plain(stream.generated_records_per_second),
            bytes(stream.generated_bytes_per_second),
            count(stream.truth.generated_records_max_per_second),
        ),
    );
    figure("Throttled", throttled(document));
    if stream.given_up_records + stream.rejected_records > 0 {
        figure("Not written", not_written(document));
    }
    if let (Some(shard_id), Some(over_mean)) =
        (&stream.hottest_shard_id, stream.hottest_shard_over_mean)
        && stream.shards_start > 1
    {
        figure("Hottest shard", format!("{shard_id} is offered {over_mean:.2} times the mean"));
    }
    figure(
        "Peak of any shard",
        format!(
            "{} of its write limit in a second, {} in a minute as CloudWatch shows it; \
             highest mean {}",
            percent(stream.truth.hottest_shard_utilization_peak_1s),
            percent(stream.cloudwatch.hottest_shard_utilization_peak_1min),
            percent(stream.hottest_shard_utilization_mean),
        ),
    );
}

fn not_written(document: &ResultDocument) -> String {
    let stream = &document.stream;
    let mut parts = Vec::new();
    if stream.given_up_records > 0 {
        let records = of(stream.given_up_records, "record");
        parts.push(format!("{records} given up ({})", percent(stream.given_up_ratio)));
    }
    if stream.rejected_records > 0 {
        parts.push(format!("{} rejected as too large", of(stream.rejected_records, "record")));
    }
    parts.join(", ")
}

pub(in crate::report) fn throttled(document: &ResultDocument) -> String {
    let stream = &document.stream;
    if stream.write_throttled_records == 0 {
        return format!("none of {}", of(stream.attempts, "attempt"));
    }
    format!(
        "{} of {} ({}), in {} of {}",
        count(stream.write_throttled_records),
        of(stream.attempts, "attempt"),
        percent(stream.write_throttled_ratio),
        count(stream.truth.seconds_with_throttling),
        of((document.simulated_seconds - document.warm_up_seconds).ceil() as u64, "second"),
    )
}
