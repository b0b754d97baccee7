//! The tables of a report: hottest shards, producers, consumers, spread over replications.

use super::head::amount;
use super::layout::{Page, short_key};
use crate::analysis::number::{milliseconds, of, percent, short_count};
use crate::analysis::{OrderingKept, Quantiles, ReplicationInterval, ResultDocument, ShardResult};

/// Shards that the table shows.
const SHARDS_SHOWN: usize = 8;
/// Stands where nothing was observed.
const NOTHING: &str = "-";

pub(super) fn shards(document: &ResultDocument, page: &mut Page) {
    let mut hottest: Vec<&ShardResult> = document.shards.iter().collect();
    // Stable: equal shards stay in the order of their ranges.
    hottest.sort_by_key(|shard| {
        std::cmp::Reverse((shard.generated_records, shard.write_throttled_records))
    });
    let rest = hottest.split_off(hottest.len().min(SHARDS_SHOWN));
    page.heading("Shards, hottest first: offered records; mean and peaks of the write limit");
    let mut headings =
        vec!["shard", "offered", "share", "mean", "peak 1 s", "1 min", "throttled", "hottest key"];
    let mut rows: Vec<Vec<String>> =
        hottest.iter().map(|shard| shard_row(shard, page.is_narrow())).collect();
    if page.is_narrow() {
        leave_out(3, &mut headings, &mut rows);
    }
    page.table(&headings, &[0, headings.len() - 1], rows);
    if let Some(next) = rest.first() {
        let throttled: u64 = rest.iter().map(|shard| shard.write_throttled_records).sum();
        page.paragraph(
            "  ",
            2,
            &format!(
                "and {}, each offered at most {}; {} throttled on them",
                of(rest.len() as u64, "more shard"),
                of(next.generated_records, "record"),
                of(throttled, "attempt"),
            ),
        );
    }
}

/// Takes a column out of a table.
fn leave_out(column: usize, headings: &mut Vec<&str>, rows: &mut [Vec<String>]) {
    headings.remove(column);
    for row in rows {
        row.remove(column);
    }
}

fn shard_row(shard: &ShardResult, narrow: bool) -> Vec<String> {
    let key = shard.hottest_keys.first().map_or_else(
        || NOTHING.to_owned(),
        |key| format!("{} ({})", short_key(&key.key), percent(key.share)),
    );
    vec![
        short_shard_id(&shard.shard_id, narrow),
        short_count(shard.generated_records),
        percent(shard.generated_share),
        percent(shard.utilization.mean),
        percent(shard.utilization.peak_1s),
        percent(shard.utilization.peak_1min),
        short_count(shard.write_throttled_records),
        key,
    ]
}

/// `shardId-000000000012` without its zeros: `shardId-…12`, or `…12` where there is no room.
pub(super) fn short_shard_id(shard_id: &str, narrow: bool) -> String {
    let number = shard_id.strip_prefix("shardId-").and_then(|number| number.parse::<u64>().ok());
    match number {
        Some(number) if narrow => format!("…{number}"),
        Some(number) => format!("shardId-…{number}"),
        None => shard_id.to_owned(),
    }
}

pub(super) fn producers(document: &ResultDocument, page: &mut Page) {
    page.heading("Producers");
    let rows = document.producers.iter().map(|producer| {
        let latency = producer.put_latency_ms;
        vec![
            producer.name.clone(),
            match producer.ordering {
                OrderingKept::PerKey => "per key",
                OrderingKept::PerKeyAndBucket => "per bucket",
                OrderingKept::None => "none",
            }
            .to_owned(),
            short_count(producer.generated_records),
            short_count(producer.accepted),
            short_count(producer.throttled),
            short_count(producer.given_up),
            time(latency, |times| times.p50),
            time(latency, |times| times.p99),
            time(latency, |times| times.max),
        ]
    });
    let mut headings = vec![
        "producer",
        "order kept",
        "generated",
        "accepted",
        "throttled",
        "given up",
        "put p50",
        "put p99",
        "put max",
    ];
    let mut rows: Vec<Vec<String>> = rows.collect();
    if page.is_narrow() {
        leave_out(1, &mut headings, &mut rows);
        page.table(&headings, &[0], rows);
    } else {
        page.table(&headings, &[0, 1], rows);
    }
}

pub(super) fn consumers(document: &ResultDocument, page: &mut Page) {
    if document.consumers.is_empty() {
        return;
    }
    page.heading("Consumers");
    let rows = document.consumers.iter().map(|consumer| {
        vec![
            consumer.name.clone(),
            consumer.kind.replace("enhanced_fan_out", "fan-out"),
            short_count(consumer.processed_records),
            short_count(consumer.backlog_records),
            time(consumer.iterator_age_ms, |times| times.p99),
            time(consumer.iterator_age_cloudwatch_ms, |times| times.p99),
            time(consumer.end_to_end_latency_ms, |times| times.p50),
            time(consumer.end_to_end_latency_ms, |times| times.p99),
        ]
    });
    let mut headings = vec![
        "consumer",
        "kind",
        "processed",
        "backlog",
        "age p99",
        "in CloudWatch",
        "latency p50",
        "latency p99",
    ];
    let mut rows: Vec<Vec<String>> = rows.collect();
    if page.is_narrow() {
        leave_out(1, &mut headings, &mut rows);
        page.table(&headings, &[0], rows);
    } else {
        page.table(&headings, &[0, 1], rows);
    }
}

fn time(times: Option<Quantiles>, which: fn(Quantiles) -> f64) -> String {
    times.map_or_else(|| NOTHING.to_owned(), |times| milliseconds(which(times)))
}

pub(super) fn replications(document: &ResultDocument, page: &mut Page) {
    if document.replication_intervals.is_empty() {
        return;
    }
    page.heading(&format!("Over {} replications", document.replications));
    let varies = |figure: &&ReplicationInterval| figure.max > figure.min;
    let rows: Vec<Vec<String>> = document
        .replication_intervals
        .iter()
        .filter(varies)
        .map(|figure| {
            let show = |value| amount(value, figure.unit);
            let interval = figure.ci95.map_or_else(
                || NOTHING.to_owned(),
                |[low, high]| format!("{} to {}", show(low), show(high)),
            );
            vec![short_path(&figure.name).to_owned(), show(figure.mean), interval]
        })
        .collect();
    if rows.is_empty() {
        page.line("  Every key figure is the same in all of them.");
    } else {
        page.table(&["figure", "mean", "95 % interval"], &[0], rows);
    }
}

/// The path of a figure without what is clear from its name.
fn short_path(path: &str) -> &str {
    let prefixes = ["stream.truth.", "stream.", "producers.", "consumers."];
    prefixes.iter().find_map(|prefix| path.strip_prefix(prefix)).unwrap_or(path)
}
