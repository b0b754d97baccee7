//! The tables of how consumers read: what binds them, how near to retention they came, and their
//! micro-batches.

use super::layout::Page;
use super::tables::short_shard_id;
use crate::analysis::number::{count, milliseconds, plain, short_count};
use crate::analysis::{BatchResult, ConsumerResult, ResultDocument};

/// Stands where there is nothing to say.
const NOTHING: &str = "-";

/// Consumers that something binds, or that used up more of the retention than they left.
pub(super) fn bounds(document: &ResultDocument, page: &mut Page) {
    let oldest_ms =
        |consumer: &ConsumerResult| consumer.iterator_age_ms.map_or(0.0, |ages| ages.max);
    let row = |consumer: &ConsumerResult| {
        let oldest = oldest_ms(consumer);
        if consumer.binding_resource.is_none() && oldest < consumer.retention_left_ms as f64 {
            return None;
        }
        let bound = consumer.binding_resource.as_ref().map(|word| word.replace('_', " "));
        let slowest = consumer.slowest_shards.first();
        Some(vec![
            consumer.name.clone(),
            bound.unwrap_or_else(|| NOTHING.to_owned()),
            milliseconds(oldest),
            slowest
                .map_or_else(|| NOTHING.to_owned(), |shard| short_shard_id(&shard.shard_id, false)),
            milliseconds(consumer.retention_left_ms as f64),
            short_count(consumer.expired_records),
        ])
    };
    let rows: Vec<_> = document.consumers.iter().filter_map(row).collect();
    if rows.is_empty() {
        return;
    }
    page.heading("What binds consumers, and what retention left of the oldest unread record");
    let headings = ["consumer", "bound by", "age max", "on shard", "left", "expired"];
    page.table(&headings, &[0, 1, 3], rows);
}

/// The micro-batches of each consumer that has any.
pub(super) fn batches(document: &ResultDocument, page: &mut Page) {
    let row = |consumer: &ConsumerResult, seen: &BatchResult| {
        let mean = |value: Option<f64>, show: fn(f64) -> String| {
            value.map_or_else(|| NOTHING.to_owned(), show)
        };
        vec![
            consumer.name.clone(),
            count(seen.batches),
            count(seen.late_batches),
            mean(seen.records_per_batch, plain),
            mean(seen.duration_ms_mean, milliseconds),
            milliseconds(seen.duration_ms_max),
            short_count(consumer.duplicate_records),
        ]
    };
    let rows: Vec<_> = document
        .consumers
        .iter()
        .filter_map(|consumer| Some(row(consumer, consumer.batches.as_ref()?)))
        .collect();
    if rows.is_empty() {
        return;
    }
    page.heading("Micro-batches");
    let headings = ["consumer", "batches", "late", "records", "mean", "longest", "twice"];
    page.table(&headings, &[0], rows);
}
