//! The table of incidents: what each did to its consumer.

use super::layout::Page;
use crate::analysis::number::{milliseconds, seconds, short_count};
use crate::analysis::{IncidentResult, ResultDocument};

pub(super) fn incidents(document: &ResultDocument, page: &mut Page) {
    if document.incidents.is_empty() {
        return;
    }
    page.heading(
        "Incidents: until the consumer had caught up, and what retention left at the worst",
    );
    let row = |incident: &IncidentResult| {
        vec![
            incident.kind.clone(),
            incident.consumer.clone(),
            seconds(incident.at_seconds),
            seconds(incident.for_seconds),
            milliseconds(incident.iterator_age_ms_max as f64),
            short_count(incident.backlog_records_max),
            incident.drained_after_seconds.map_or_else(|| "not yet".to_owned(), seconds),
            milliseconds(incident.retention_left_ms as f64),
        ]
    };
    page.table(
        &["incident", "consumer", "at", "for", "age max", "backlog", "drained after", "left"],
        &[0, 1],
        document.incidents.iter().map(row).collect(),
    );
}
