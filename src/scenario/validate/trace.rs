//! Recorded traffic: the first reading of the file, which checks and counts every line that a run
//! will replay. `layout` checks the settings.

mod layout;

use std::sync::Arc;

use super::{Context, partition_key, record_size};
use crate::hash_key::{HashKey, HashKeyRange, Router};
use crate::scenario::diagnostic::{Diagnostic, Excerpt};
use crate::scenario::raw::{self, MalformedLines};
use crate::scenario::structure::did_you_mean;
use crate::scenario::trace::{
    KeyTable, OpenError, Step, StretchCounts, Trace, TraceLayout, TraceReader, TraceRecord,
};
use crate::scenario::tree::{Node, shorten};
use crate::scenario::{Arrivals, PartitionKey, RecordSize, Stream, Traffic, WeightedKey};
use crate::time::Span;
use crate::units::Bytes;

/// The code of problems of a whole file.
const CODE: &str = "bad-trace";
/// The code of problems of a line.
const LINE_CODE: &str = "bad-trace-line";
/// What to do where columns have other names.
const NAME_THEM: &str = "name them with `time_column`, `key_column` and `size_column`";
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
    let layout = layout::layout(producer, trace, node, context);
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
        damaged_line: None,
        moved_records: 0,
        earlier_records: 0,
        last_at: Span::ZERO,
        beyond: None,
        file,
        counts: StretchCounts::new(layout.horizon),
        layout,
        fingerprint: 0,
        keys: KeyTable::new(),
        other_keys_by_shard: vec![0; ranges.len()],
    };
    let router = Router::new(ranges);
    let mut record = TraceRecord::default();
    let mut bad_lines = 0;
    loop {
        match reader.next(&mut record) {
            Ok(Step::End) => break,
            Ok(Step::Record) => count(&mut trace, &record, &router),
            Ok(Step::Malformed) => {
                trace.malformed_lines += 1;
                trace.malformed_line_first.get_or_insert(reader.line());
                trace.damaged_line = reader.is_damaged().then(|| reader.line());
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
                context.error("file-not-readable", path_node, message);
                return None;
            }
        }
    }
    if bad_lines > 0 {
        return None;
    }
    if trace.records == 0 {
        let message = format!("`{}` has no record that could be replayed", raw.path);
        let earlier = reader.earlier_records();
        let help = match earlier {
            0 => "every record is one line".to_owned(),
            _ => format!("there are {earlier} records before the `starts_at` of the trace"),
        };
        context.error(CODE, path_node, message).help(help);
        return None;
    }
    trace.moved_records = reader.moved_records();
    trace.earlier_records = reader.earlier_records();
    trace.beyond = reader.beyond();
    trace.fingerprint = reader.fingerprint();
    trace.keys = trace.keys.by_falling_count();
    // The records that are replayed, not the bytes that write them: those may be gigabytes.
    context.digest.add_file(&trace.fingerprint.to_le_bytes());
    Some(trace)
}

fn count(trace: &mut Trace, record: &TraceRecord, router: &Router) {
    trace.records += 1;
    trace.counts.add(record.offset);
    trace.last_at = Span::from_nanoseconds(record.offset);
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
    if malformed.is_backwards {
        problem.help("`time_tolerance: 1 s` lets a time go back by as much; or sort the file");
    }
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
            context.error(CODE, node, message).help("every record is one line");
        }
        OpenError::Header { message, missing, columns, line } => {
            let shown: String = line.chars().take(SHOWN_BYTES).collect();
            let excerpt = Excerpt::new(path, &shown, 1, 0..shown.len());
            let mut problem = Diagnostic::new(CODE, message, excerpt);
            let names: Vec<&str> = columns.iter().map(String::as_str).collect();
            problem.help(match missing.and_then(|missing| did_you_mean(&missing, &names)) {
                Some(meant) => format!("did you mean `{meant}`? {NAME_THEM}"),
                None => format!("the columns are {}; {NAME_THEM}", shorten(&names.join(", "))),
            });
            context.problems.push(node.place, problem);
        }
    }
}
