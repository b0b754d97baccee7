//! The settings of a trace: how its file becomes records, and which parts of a record the scenario
//! gives in its place.

use crate::scenario::raw;
use crate::scenario::trace::{TimeUnit, TraceColumns, TraceFormat, TraceLayout};
use crate::scenario::tree::{Node, shorten};
use crate::scenario::validate::counted_file::delimiter;
use crate::scenario::validate::{Context, or};
use crate::time::{NANOSECONDS_PER_SECOND, Span};

use super::CODE;

/// Columns where the scenario names none.
const DEFAULTS: [&str; 4] = ["time", "key", "explicit_hash_key", "size"];
/// Furthest that a time may go back.
const TOLERANCE_MAX: Span = Span::from_seconds(3_600);
/// The same by default in a capture: calls that are answered at once are written in any order.
const CAPTURE_TOLERANCE: Span = Span::SECOND;

/// How the file becomes records; nothing when that cannot be told. `node` is the producer.
pub(super) fn layout(
    producer: &raw::Producer,
    raw: &raw::Trace,
    node: &Node,
    context: &mut Context<'_, '_>,
) -> Option<TraceLayout> {
    let at = node.at("traffic").at("trace");
    let path = raw.path.to_ascii_lowercase();
    let name = path.strip_suffix(".gz").unwrap_or(&path);
    let ends_in = |ends: &[&str]| ends.iter().any(|end| name.ends_with(end));
    let format = raw.format.or_else(|| {
        let ndjson = ends_in(&[".ndjson", ".jsonl"]).then_some(raw::TraceFormat::Ndjson);
        ndjson.or_else(|| ends_in(&[".csv", ".tsv", ".txt"]).then_some(raw::TraceFormat::Csv))
    });
    let Some(format) = format else {
        let message = format!("the end of `{}` does not tell its format", shorten(&raw.path));
        let help = "write `format: csv`, `ndjson` or `ferrokinesis` beside it";
        context.error(CODE, at.at("path"), message).help(help);
        return None;
    };
    check_settings(raw, format, at, context);
    check_parts(producer, raw, format, node, context);
    let is_capture = format == raw::TraceFormat::Ferrokinesis;
    let tolerance =
        or(raw.time_tolerance.as_ref(), if is_capture { CAPTURE_TOLERANCE } else { Span::ZERO });
    if tolerance > TOLERANCE_MAX {
        let message = format!("`time_tolerance` is at most {TOLERANCE_MAX}, not {tolerance}");
        let help = "sort the file by time instead";
        context.error("out-of-range", at.at("time_tolerance"), message).help(help);
    }
    let columns = if is_capture { capture_columns() } else { columns(producer, raw) };
    let format = match format {
        raw::TraceFormat::Csv => {
            let delimiter = delimiter(CODE, name, raw.delimiter.as_deref(), at, context)?;
            TraceFormat::Csv { delimiter }
        }
        raw::TraceFormat::Ndjson => TraceFormat::Ndjson,
        raw::TraceFormat::Ferrokinesis => TraceFormat::Ferrokinesis { stream: raw.stream.clone() },
    };
    let nanoseconds = |seconds: u64| u128::from(seconds) * u128::from(NANOSECONDS_PER_SECOND);
    Some(TraceLayout {
        format,
        columns,
        time_unit: raw.time_unit.map(unit),
        tolerance: u128::from(tolerance.nanoseconds()),
        starts_at: raw.starts_at.as_ref().map(|written| nanoseconds(written.0.unix_seconds())),
        speed: raw.speed.unwrap_or(1.0),
        horizon: context.duration.nanoseconds(),
    })
}

const fn unit(unit: raw::TimeUnit) -> TimeUnit {
    match unit {
        raw::TimeUnit::Seconds => TimeUnit::Seconds,
        raw::TimeUnit::Milliseconds => TimeUnit::Milliseconds,
        raw::TimeUnit::Microseconds => TimeUnit::Microseconds,
        raw::TimeUnit::Nanoseconds => TimeUnit::Nanoseconds,
    }
}

/// The fields of a capture, of which it has all.
fn capture_columns() -> TraceColumns {
    TraceColumns {
        time: "ts".to_owned(),
        key: Some("partition_key".to_owned()),
        explicit_hash_key: Some("explicit_hash_key".to_owned()),
        size: Some("data".to_owned()),
        are_defaults: false,
    }
}

/// Columns as they are named, or the defaults of those parts that the producer does not give.
fn columns(producer: &raw::Producer, raw: &raw::Trace) -> TraceColumns {
    let named =
        [&raw.time_column, &raw.key_column, &raw.explicit_hash_key_column, &raw.size_column];
    let are_defaults = named.iter().all(|name| name.is_none());
    let [time, key, explicit, size] = DEFAULTS;
    let or_default = |name: &Option<String>, default: &str, is_wanted: bool| {
        name.clone().or_else(|| is_wanted.then(|| default.to_owned()))
    };
    let has_key = producer.partition_key.is_none();
    let has_explicit = are_defaults && has_key && producer.explicit_hash_key.is_none();
    TraceColumns {
        time: raw.time_column.clone().unwrap_or_else(|| time.to_owned()),
        key: or_default(&raw.key_column, key, has_key),
        explicit_hash_key: or_default(&raw.explicit_hash_key_column, explicit, has_explicit),
        size: or_default(&raw.size_column, size, producer.record_size.is_none()),
        are_defaults,
    }
}

/// A part of a record comes from the scenario or from the trace, and not from both.
fn check_parts(
    producer: &raw::Producer,
    raw: &raw::Trace,
    format: raw::TraceFormat,
    node: &Node,
    context: &mut Context<'_, '_>,
) {
    let is_capture = format == raw::TraceFormat::Ferrokinesis;
    let has_keys = raw.key_column.is_some() || raw.explicit_hash_key_column.is_some();
    let parts = [
        ("partition_key", "partition keys", producer.partition_key.is_some(), has_keys),
        ("record_size", "record sizes", producer.record_size.is_some(), raw.size_column.is_some()),
    ];
    for (key, what, is_given, is_in_trace) in parts {
        if is_given && (is_capture || is_in_trace) {
            let message = format!("the trace gives the {what}, and so does `{key}`");
            let help = if is_capture {
                format!(
                    "leave out `{key}`, or read the file as `format: ndjson` without its {what}"
                )
            } else {
                format!("leave out `{key}`, or the column in the trace")
            };
            context.error("conflict", node.at(key), message).help(help);
        }
    }
}

/// Each format has settings of its own.
fn check_settings(
    raw: &raw::Trace,
    format: raw::TraceFormat,
    node: &Node,
    context: &mut Context<'_, '_>,
) {
    let is_capture = format == raw::TraceFormat::Ferrokinesis;
    let given = [
        ("time_column", raw.time_column.is_some(), !is_capture),
        ("key_column", raw.key_column.is_some(), !is_capture),
        ("explicit_hash_key_column", raw.explicit_hash_key_column.is_some(), !is_capture),
        ("size_column", raw.size_column.is_some(), !is_capture),
        ("time_unit", raw.time_unit.is_some(), !is_capture),
        ("stream", raw.stream.is_some(), is_capture),
        ("delimiter", raw.delimiter.is_some(), format == raw::TraceFormat::Csv),
    ];
    for (key, is_given, is_of_format) in given {
        if is_given && !is_of_format {
            let format = format!("{format:?}").to_lowercase();
            let message = format!("`{key}` is no setting of the format `{format}`");
            context.error("conflict", node.at(key), message).help("leave it out");
        }
    }
}
