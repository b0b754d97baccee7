//! The tables of what consumers do beyond reading: functions, and objects that are written.

use super::layout::Page;
use crate::analysis::number::{bytes, count, percent, plain, seconds, short_count};
use crate::analysis::{ConsumerResult, DeliveryResult, FunctionResult, ResultDocument};

/// Stands where nothing was observed.
const NOTHING: &str = "-";

pub(super) fn functions(document: &ResultDocument, page: &mut Page) {
    let row = |consumer: &ConsumerResult, seen: &FunctionResult| {
        let of_all = |part: u64| percent(part as f64 / seen.invocations.max(1) as f64);
        vec![
            consumer.name.clone(),
            short_count(seen.invocations),
            seen.records_per_invocation.map_or_else(|| NOTHING.to_owned(), plain),
            of_all(seen.failed_invocations),
            of_all(seen.throttled_invocations),
            short_count(seen.cold_starts),
            count(seen.concurrent_max),
            short_count(seen.billed_gb_seconds.round() as u64),
            short_count(consumer.discarded_records),
            short_count(consumer.duplicate_records),
        ]
    };
    let rows: Vec<_> = document
        .consumers
        .iter()
        .filter_map(|consumer| Some(row(consumer, consumer.function.as_ref()?)))
        .collect();
    if rows.is_empty() {
        return;
    }
    page.heading("Functions");
    let headings = [
        "consumer",
        "calls",
        "records",
        "failed",
        "waited",
        "cold",
        "at once",
        "GB s",
        "discarded",
        "twice",
    ];
    page.table(&headings, &[0], rows);
}

pub(super) fn deliveries(document: &ResultDocument, page: &mut Page) {
    let row = |consumer: &ConsumerResult, seen: &DeliveryResult| {
        let size = |of: fn(&crate::analysis::ObjectBytes) -> u64| {
            seen.object_bytes
                .as_ref()
                .map_or_else(|| NOTHING.to_owned(), |all| bytes(of(all) as f64))
        };
        let wait = consumer.end_to_end_latency_ms.map(|times| seconds(times.p50 / 1_000.0));
        vec![
            consumer.name.clone(),
            count(seen.objects),
            plain(seen.objects_per_hour),
            size(|all| all.min),
            size(|all| all.p50),
            size(|all| all.max),
            bytes(seen.written_bytes as f64),
            count(seen.retried_objects),
            wait.unwrap_or_else(|| NOTHING.to_owned()),
        ]
    };
    let rows: Vec<_> = document
        .consumers
        .iter()
        .filter_map(|consumer| Some(row(consumer, consumer.delivery.as_ref()?)))
        .collect();
    if rows.is_empty() {
        return;
    }
    page.heading("Objects written");
    let headings = [
        "consumer",
        "objects",
        "an hour",
        "least",
        "p50",
        "most",
        "in all",
        "refused",
        "delay p50",
    ];
    page.table(&headings, &[0], rows);
}
