//! Recorded traffic: its settings, and the first reading of the file, which checks and counts
//! every line that a run will replay.

use std::sync::Arc;

use md5::{Digest as _, Md5};

use super::counted_file::delimiter;
use super::{Context, partition_key, record_size};
use crate::hash_key::{HashKey, HashKeyRange, Router};
use crate::scenario::diagnostic::{Diagnostic, Excerpt};
use crate::scenario::raw::{self, MalformedLines};
use crate::scenario::structure::did_you_mean;
use crate::scenario::trace::{
    KeyTable, OpenError, Step, StretchCounts, TimeUnit, Trace, TraceColumns, TraceFormat,
    TraceLayout, TraceReader, TraceRecord,
};
use crate::scenario::tree::{Node, shorten};
use crate::scenario::{Arrivals, PartitionKey, RecordSize, Stream, Traffic, WeightedKey};
use crate::units::Bytes;

/// The code of problems of a whole file.
const CODE: &str = "bad-trace";
/// The code of problems of a line.
const LINE_CODE: &str = "bad-trace-line";
/// Most bad lines that are reported before the reading ends.
const BAD_LINES_MAX: usize = 5;
/// Bytes of a bad line that are shown.
const SHOWN_BYTES: usize = 200;

/// What a producer generates, recorded or drawn.
pub(super) struct Generated {
    pub(super) traffic: Traffic,
    pub(super) arrivals: Arrivals,
    pub(super) record_size: RecordSize,
    pub(super) partition_key: PartitionKey,
}

/// Checks a producer whose traffic is `trace`, at `node`, and reads the file once.
pub(super) fn recorded(
    producer: &raw::Producer,
    trace: &raw::Trace,
    node: &Node,
    stream: &Stream,
    context: &mut Context<'_, '_>,
) -> Generated {
    if producer.arrivals.is_some() {
        let message = "the trace says when records come, so there are no `arrivals`";
        context.error("conflict", node.at("arrivals"), message).help("leave `arrivals` out");
    }
    let at = node.at("traffic").at("trace");
    let layout = layout(trace, at, context);
    let (has_keys, has_sizes) = layout
        .as_ref()
        .map_or((true, true), |it| (it.columns.key.is_some(), it.columns.size.is_some()));
    check_part(
        [("partition_key", "key_column"), ("partition keys", "key")],
        (producer.partition_key.is_some(), has_keys),
        node,
        context,
    );
    check_part(
        [("record_size", "size_column"), ("record sizes", "size")],
        (producer.record_size.is_some(), has_sizes),
        node,
        context,
    );
    let record_size = match &producer.record_size {
        Some(raw) => record_size::record_size(raw, node.at("record_size"), context),
        None => RecordSize::Recorded,
    };
    let ranges: Vec<HashKeyRange> = stream.shards.iter().map(|shard| shard.range).collect();
    let trace = layout.and_then(|layout| load(trace, layout, at, &ranges, context));
    let partition_key = match (&producer.partition_key, &trace) {
        (Some(raw), _) => partition_key::partition_key(raw, node.at("partition_key"), context),
        (None, Some(trace)) if trace.has_keys() => recorded_keys(trace),
        // A problem was found, and this is thrown away.
        (None, _) => PartitionKey::Random { key_bytes: Bytes(1) },
    };
    let traffic =
        trace.map_or_else(|| Traffic::Sum(Vec::new()), |trace| Traffic::Trace(Arc::new(trace)));
    Generated { traffic, arrivals: Arrivals::Recorded, record_size, partition_key }
}

/// A part of a record comes from the scenario or from the trace, and from one of them only.
fn check_part(
    [(key, column), (what, word)]: [(&str, &str); 2],
    is_given_by: (bool, bool),
    node: &Node,
    context: &mut Context<'_, '_>,
) {
    match is_given_by {
        (true, true) => {
            let message = format!("the trace gives the {what}, and so does `{key}`");
            let help = format!("leave out `{key}`, or, where a column is named, `{column}`");
            context.error("conflict", node.at(key), message).help(help);
        }
        (false, false) => {
            let message = format!("neither the trace nor the producer gives the {what}");
            let help = format!("name the column with `{column}: {word}`, or write `{key}`");
            context.error("missing-key", node, message).help(help);
        }
        (true, false) | (false, true) => {}
    }
}

/// The keys that the trace tells apart.
fn recorded_keys(trace: &Trace) -> PartitionKey {
    let weighted = |(key, explicit_hash_key, count): (&str, Option<HashKey>, u64)| WeightedKey {
        key: key.to_owned(),
        weight: count as f64,
        explicit_hash_key,
    };
    let keys = trace.keys.all().map(weighted).collect();
    PartitionKey::Weighted { keys, file: Some(trace.path.clone()) }
}

/// How the file becomes records; nothing when that cannot be told.
fn layout(raw: &raw::Trace, node: &Node, context: &mut Context<'_, '_>) -> Option<TraceLayout> {
    let path = raw.path.to_ascii_lowercase();
    let (name, is_compressed) = match path.strip_suffix(".gz") {
        Some(name) => (name, true),
        None => (path.as_str(), false),
    };
    let ends_in = |ends: &[&str]| ends.iter().any(|end| name.ends_with(end));
    let format = raw.format.or_else(|| {
        let ndjson = ends_in(&[".ndjson", ".jsonl"]).then_some(raw::TraceFormat::Ndjson);
        ndjson.or_else(|| ends_in(&[".csv", ".tsv", ".txt"]).then_some(raw::TraceFormat::Csv))
    });
    let Some(format) = format else {
        let message = format!("the end of `{}` does not tell its format", shorten(&raw.path));
        let help = "write `format: csv`, `ndjson` or `ferrokinesis` beside it";
        context.error(CODE, node.at("path"), message).help(help);
        return None;
    };
    check_settings(raw, format, node, context);
    let format = match format {
        raw::TraceFormat::Csv => {
            let delimiter = delimiter(CODE, name, raw.delimiter.as_deref(), node, context)?;
            TraceFormat::Csv { delimiter }
        }
        raw::TraceFormat::Ndjson => TraceFormat::Ndjson,
        raw::TraceFormat::Ferrokinesis => TraceFormat::Ferrokinesis { stream: raw.stream.clone() },
    };
    let columns = if matches!(format, TraceFormat::Ferrokinesis { .. }) {
        TraceColumns {
            time: "ts".to_owned(),
            key: Some("partition_key".to_owned()),
            explicit_hash_key: Some("explicit_hash_key".to_owned()),
            size: Some("data".to_owned()),
        }
    } else {
        TraceColumns {
            time: raw.time_column.clone()?,
            key: raw.key_column.clone(),
            explicit_hash_key: raw.explicit_hash_key_column.clone(),
            size: raw.size_column.clone(),
        }
    };
    Some(TraceLayout {
        format,
        columns,
        time_unit: raw.time_unit.map(|unit| match unit {
            raw::TimeUnit::Seconds => TimeUnit::Seconds,
            raw::TimeUnit::Milliseconds => TimeUnit::Milliseconds,
            raw::TimeUnit::Microseconds => TimeUnit::Microseconds,
            raw::TimeUnit::Nanoseconds => TimeUnit::Nanoseconds,
        }),
        is_compressed,
        speed: raw.speed.unwrap_or(1.0),
        horizon: context.duration.nanoseconds(),
    })
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
    if raw.time_column.is_none() && !is_capture {
        let message = "the trace needs the key `time_column`";
        let help = "write the header of the column, or the name of the field, of the time";
        context.error("missing-key", node, message).help(help);
    }
    if raw.explicit_hash_key_column.is_some() && raw.key_column.is_none() && !is_capture {
        let message = "the trace gives explicit hash keys, and no partition keys beside them";
        let help = "name the column of the partition keys with `key_column`";
        context.error("conflict", node.at("explicit_hash_key_column"), message).help(help);
    }
}

/// Reads the file up to the end of the run; nothing when it has a problem, which is then reported.
fn load(
    raw: &raw::Trace,
    layout: TraceLayout,
    node: &Node,
    ranges: &[HashKeyRange],
    context: &mut Context<'_, '_>,
) -> Option<Trace> {
    let path_node = node.at("path");
    let file = context.stream_file(&raw.path, path_node)?;
    let mut reader = match TraceReader::open(&file, &layout) {
        Ok(reader) => reader,
        Err(error) => {
            report_unopened(error, raw, path_node, context);
            return None;
        }
    };
    let mut trace = Trace {
        path: raw.path.clone(),
        rate_scale: raw.rate_scale.unwrap_or(1.0),
        records: 0,
        malformed_lines: 0,
        malformed_line_first: None,
        file,
        counts: StretchCounts::new(layout.horizon),
        layout,
        fingerprint: 0,
        keys: KeyTable::new(),
        other_keys_by_shard: vec![0; ranges.len()],
    };
    let router = Router::new(ranges);
    let (mut record, mut text) = (TraceRecord::default(), Md5::new());
    let mut bad_lines = 0;
    loop {
        match reader.next(&mut record) {
            Ok(Step::End) => break,
            Ok(Step::Record) => count(&mut trace, &record, &router),
            Ok(Step::Malformed) => {
                trace.malformed_lines += 1;
                trace.malformed_line_first.get_or_insert(reader.line());
                let is_other_stream = reader.malformed().is_other_stream;
                if is_other_stream || raw.malformed != Some(MalformedLines::Skip) {
                    context.problems.push(path_node.place, bad_line(&reader, &raw.path));
                    bad_lines += 1;
                }
                if is_other_stream || bad_lines == BAD_LINES_MAX {
                    return None;
                }
            }
            Err(error) => {
                let line = reader.line();
                let message = format!("cannot read `{}` beyond line {line}: {error}", raw.path);
                let help = "the file may be cut off, or not be compressed as its name says";
                context.error("file-not-readable", path_node, message).help(help);
                return None;
            }
        }
        text.update(reader.text());
        text.update(b"\n");
    }
    if bad_lines > 0 {
        return None;
    }
    if trace.records == 0 {
        let message = format!("`{}` has no record that could be replayed", raw.path);
        context.error(CODE, path_node, message).help("every record is one line");
        return None;
    }
    trace.fingerprint = reader.fingerprint();
    trace.keys = trace.keys.by_falling_count();
    context.digest.add_file(&text.finalize());
    Some(trace)
}

fn count(trace: &mut Trace, record: &TraceRecord, router: &Router) {
    trace.records += 1;
    trace.counts.add(record.offset);
    let (key, explicit) = (record.key.as_str(), record.explicit_hash_key);
    if trace.has_keys() && !trace.keys.count(key, explicit) {
        let hash_key = explicit.unwrap_or_else(|| HashKey::of(key.as_bytes()));
        trace.other_keys_by_shard[router.shard_of(hash_key)] += 1;
    }
}

/// What is wrong with the last line, which is shown as it stands in the file.
fn bad_line(reader: &TraceReader, path: &str) -> Diagnostic {
    let malformed = reader.malformed();
    let text = reader.text();
    let shown = String::from_utf8_lossy(&text[..text.len().min(SHOWN_BYTES)]).into_owned();
    let line = usize::try_from(reader.line()).unwrap_or(usize::MAX);
    let excerpt = Excerpt::new(path, &shown, line, 0..shown.len());
    let mut problem = Diagnostic::new(LINE_CODE, malformed.message.as_str(), excerpt);
    problem.help(if malformed.is_other_stream {
        "say which one with `stream: NAME`"
    } else {
        "with `malformed: skip` such lines are left out and counted"
    });
    problem
}

/// Reports why the reading of the file cannot begin.
fn report_unopened(error: OpenError, raw: &raw::Trace, node: &Node, context: &mut Context<'_, '_>) {
    let path = &raw.path;
    match error {
        OpenError::Unreadable(reason) => {
            let message = format!("cannot read `{path}`: {reason}");
            context.error("file-not-readable", node, message);
        }
        OpenError::Empty => {
            let message = format!("`{path}` is empty");
            context.error(CODE, node, message).help("the first line is a header");
        }
        OpenError::Header { message, missing, columns, line } => {
            let shown: String = line.chars().take(SHOWN_BYTES).collect();
            let excerpt = Excerpt::new(path, &shown, 1, 0..shown.len());
            let mut problem = Diagnostic::new(CODE, message, excerpt);
            let names: Vec<&str> = columns.iter().map(String::as_str).collect();
            problem.help(match missing.and_then(|missing| did_you_mean(&missing, &names)) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => format!("the columns are {}", shorten(&names.join(", "))),
            });
            context.problems.push(node.place, problem);
        }
    }
}
