//! What changed the shards of the stream, as a table.

use super::layout::Page;
use crate::analysis::number::{count, of, plain, seconds, short_count};
use crate::analysis::{ResultDocument, ScalingActionResult, ScalingOutcome};

/// Changes that the table shows.
const ACTIONS_SHOWN: usize = 12;

pub(super) fn scaling(document: &ResultDocument, page: &mut Page) {
    let Some(scaling) = &document.scaling else {
        return;
    };
    let stream = &document.stream;
    page.heading("Capacity over time");
    page.paragraph(
        "  ",
        2,
        &format!(
            "{} at the start, {} at the most, {} at the end; {} shard-hours; {} done, {} refused, \
             {} within an hour of the opposite; mode at the end: {}.",
            of(stream.shards_start, "shard"),
            count(scaling.shards_max),
            count(stream.shards_end),
            plain(stream.shard_hours),
            of(scaling.done, "change"),
            count(scaling.refused),
            count(scaling.reversals),
            scaling.mode_end,
        ),
    );
    if scaling.actions.is_empty() {
        return;
    }
    let headings = ["at", "action", "shards", "landed", "throttled", "cause"];
    let shown = scaling.actions.iter().take(ACTIONS_SHOWN);
    page.table(&headings, &[1, 5], shown.map(row).collect());
    if let Some(rest) = scaling.actions.get(ACTIONS_SHOWN..).filter(|rest| !rest.is_empty()) {
        page.paragraph("  ", 2, &format!("and {}", of(rest.len() as u64, "more change")));
    }
}

fn row(action: &ScalingActionResult) -> Vec<String> {
    let landed = match (action.outcome, action.landed_at_seconds) {
        (ScalingOutcome::Refused, _) => "refused".to_owned(),
        (_, Some(at)) => seconds(at),
        _ => "under way".to_owned(),
    };
    vec![
        seconds(action.at_seconds),
        action.action.clone(),
        format!("{} to {}", count(action.shards_before), count(action.shards_after)),
        landed,
        short_count(action.throttled_before_landing),
        action.reason.clone().unwrap_or_else(|| action.cause.clone()),
    ]
}
