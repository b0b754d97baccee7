//! The bill, and the tables of what only some runs have: changes of the shards, functions, objects,
//! incidents.

use super::{Bill, CellView, NOTHING, Table, number, share, words};
use crate::analysis::cost::{CostLine, CostResult};
use crate::analysis::number::{bytes, count, milliseconds, of, plain, seconds};
use crate::analysis::price_book::Confidence;
use crate::analysis::{
    ConsumerResult, DeliveryResult, FunctionResult, IncidentResult, ResultDocument,
    ScalingActionResult, ScalingOutcome,
};
use crate::report::text::{capital, price, retries};
use crate::units::Usd;

/// Changes of the shards that the table has; all are in the result.
const ACTIONS_MAX: usize = 200;

/// The bill, or why there is none.
pub(super) fn bill(document: &ResultDocument) -> Option<Bill> {
    match (&document.cost, &document.cost_note) {
        (Some(cost), _) => Some(bill_of(cost)),
        (None, Some(why)) => Some(Bill {
            title: "Bill".to_owned(),
            total: String::new(),
            groups: String::new(),
            table: None,
            notes: vec![format!("No bill: {why}.")],
        }),
        (None, None) => None,
    }
}

fn bill_of(cost: &CostResult) -> Bill {
    let groups: Vec<String> = cost
        .groups
        .iter()
        .filter(|group| group.monthly_usd != Usd::ZERO)
        .map(|group| format!("{} {}", group.name.name(), group.monthly_usd.to_cents()))
        .collect();
    let mut notes = vec![retries(cost)];
    notes.extend(cost.notes.iter().map(|note| format!("{}.", capital(note))));
    let unsure = cost.lines.iter().any(|line| line.price_confidence != Confidence::Confirmed);
    notes.push(format!(
        "Prices of {} and later{}, without taxes, discounts and free tiers. Rounded: {}.",
        cost.price_date,
        if unsure { ", those with an asterisk not confirmed" } else { "" },
        cost.rounding
    ));
    let headings = ["item", "quantity", "unit", "price, USD", "USD a month"];
    let rows = cost.lines.iter().map(line).collect();
    Bill {
        title: format!(
            "Bill of a month of {} h in {}, {}",
            cost.month_hours,
            cost.region,
            cost.mode.title()
        ),
        total: format!("{} USD", cost.monthly_usd.to_cents()),
        groups: groups.join(", "),
        table: Some(Table::new(("bill-table", "Bill"), "", &headings, rows)),
        notes,
    }
}

fn line(line: &CostLine) -> Vec<CellView> {
    let item = match &line.consumer {
        Some(consumer) => format!("{} ({consumer})", line.description),
        None => line.description.clone(),
    };
    let measured = |text: String, number: f64| CellView { text, number: Some(number) };
    vec![
        words(item),
        measured(line.quantity.to_string(), line.quantity.as_f64()),
        words(&line.unit),
        measured(price(line), line.price_usd.as_f64()),
        measured(line.monthly_usd.to_cents(), line.monthly_usd.as_f64()),
    ]
}

/// A span of time that sorts by its length.
fn span(value: f64) -> CellView {
    CellView { text: seconds(value), number: Some(value) }
}

fn amount(text: String, value: f64) -> CellView {
    CellView { text, number: Some(value) }
}

fn none() -> CellView {
    words(NOTHING)
}

/// What changed the shards, call by call.
pub(super) fn scaling(document: &ResultDocument) -> Option<Table> {
    let scaling = document.scaling.as_ref()?;
    let stream = &document.stream;
    let mut note = format!(
        "{} at the start, {} at the most, {} at the end; {} shard-hours; {} done, {} refused, {} \
         within an hour of the opposite; mode at the end: {}.",
        of(stream.shards_start, "shard"),
        count(scaling.shards_max),
        count(stream.shards_end),
        plain(stream.shard_hours),
        of(scaling.done, "change"),
        count(scaling.refused),
        count(scaling.reversals),
        scaling.mode_end.replace('_', " "),
    );
    let more = scaling.actions.len().saturating_sub(ACTIONS_MAX) as u64;
    if more > 0 {
        note.push_str(&format!(" {} more are in result.json.", count(more)));
    }
    let row = |action: &ScalingActionResult| {
        let landed = match (action.outcome, action.landed_at_seconds) {
            (ScalingOutcome::Refused, _) => words("refused"),
            (_, Some(at)) => span(at),
            _ => words("under way"),
        };
        vec![
            words(&action.action),
            span(action.at_seconds),
            landed,
            number(action.shards_before),
            number(action.shards_after),
            number(action.throttled_before_landing),
            words(action.reason.as_ref().unwrap_or(&action.cause)),
        ]
    };
    Some(Table::new(
        ("scaling-table", "Changes of the shards"),
        note,
        &["action", "asked at", "landed at", "from", "to", "throttled meanwhile", "why"],
        scaling.actions.iter().take(ACTIONS_MAX).map(row).collect(),
    ))
}

/// What the functions of consumers did.
pub(super) fn functions(document: &ResultDocument) -> Option<Table> {
    let row = |consumer: &ConsumerResult, seen: &FunctionResult| {
        let of_all = |part: u64| share(part as f64 / seen.invocations.max(1) as f64);
        let batch = seen.records_per_invocation;
        vec![
            words(&consumer.name),
            number(seen.invocations),
            batch.map_or_else(none, |records| amount(plain(records), records)),
            of_all(seen.failed_invocations),
            of_all(seen.throttled_invocations),
            number(seen.cold_starts),
            number(seen.concurrent_max),
            amount(plain(seen.billed_gb_seconds), seen.billed_gb_seconds),
            number(consumer.discarded_records),
            number(consumer.duplicate_records),
        ]
    };
    let consumers = document.consumers.iter();
    let rows: Vec<_> =
        consumers.filter_map(|each| Some(row(each, each.function.as_ref()?))).collect();
    (!rows.is_empty()).then(|| {
        Table::new(
            ("functions-table", "Functions"),
            "Invocations that began after the warm-up; those that waited had no concurrency left.",
            &[
                "consumer",
                "invocations",
                "records each",
                "failed",
                "waited",
                "cold starts",
                "at once, at most",
                "GB-seconds",
                "discarded records",
                "records done twice",
            ],
            rows,
        )
    })
}

/// What consumers wrote.
pub(super) fn deliveries(document: &ResultDocument) -> Option<Table> {
    let row = |consumer: &ConsumerResult, seen: &DeliveryResult| {
        let size = |of: fn(&crate::analysis::ObjectBytes) -> u64| {
            let size = seen.object_bytes.as_ref().map(|all| of(all) as f64);
            size.map_or_else(none, |size| amount(bytes(size), size))
        };
        vec![
            words(&consumer.name),
            number(seen.objects),
            amount(plain(seen.objects_per_hour), seen.objects_per_hour),
            size(|all| all.min),
            size(|all| all.p50),
            size(|all| all.max),
            amount(bytes(seen.written_bytes as f64), seen.written_bytes as f64),
            number(seen.retried_objects),
        ]
    };
    let consumers = document.consumers.iter();
    let rows: Vec<_> =
        consumers.filter_map(|each| Some(row(each, each.delivery.as_ref()?))).collect();
    (!rows.is_empty()).then(|| {
        Table::new(
            ("deliveries-table", "Objects written"),
            "Objects that were begun after the warm-up.",
            &["consumer", "objects", "an hour", "smallest", "p50", "largest", "in all", "refused"],
            rows,
        )
    })
}

/// What incidents came to.
pub(super) fn incidents(document: &ResultDocument) -> Option<Table> {
    let age = |ms: u64| amount(milliseconds(ms as f64), ms as f64);
    let row = |incident: &IncidentResult| {
        vec![
            words(incident.kind.replace('_', " ")),
            words(&incident.consumer),
            span(incident.at_seconds),
            span(incident.for_seconds),
            age(incident.iterator_age_ms_max),
            number(incident.backlog_records_max),
            incident.drained_after_seconds.map_or_else(|| words("not within the run"), span),
            age(incident.retention_left_ms),
        ]
    };
    let rows: Vec<_> = document.incidents.iter().map(row).collect();
    (!rows.is_empty()).then(|| {
        Table::new(
            ("incidents-table", "Incidents"),
            "Until the consumer had caught up, and what retention left at the worst moment.",
            &[
                "incident",
                "consumer",
                "at",
                "for",
                "age, at most",
                "backlog, at most",
                "made up after",
                "retention left",
            ],
            rows,
        )
    })
}
