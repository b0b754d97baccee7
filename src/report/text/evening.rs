//! The text of `shardplan reshard`: what it comes to, then the calls, one after another.

use super::TextOptions;
use super::layout::{Page, Paint};
use crate::analysis::evening::{EveningDocument, EveningStep, Outcome, StepKind, StreamShape};
use crate::analysis::number::{of, percent, plain};

/// Steps that are listed; the JSON document has all of them.
const STEPS_SHOWN: usize = 60;

/// The answer to `reshard` as text; ends with a line feed.
#[must_use]
pub fn evening_text(document: &EveningDocument, options: TextOptions) -> String {
    let mut page = Page::new(options.width, options.color);
    let name = page.paint(Paint::Bold, &document.scenario);
    page.line(&name);
    answer(document, &mut page);
    shapes(document, &mut page);
    steps(document, &mut page);
    page.finish_with_origin(
        document.tool_version,
        (&document.scenario, &document.digest),
        document.seed,
    )
}

fn answer(document: &EveningDocument, page: &mut Page) {
    let steps = document.steps.len() as u64;
    let (paint, words) = match document.outcome {
        Outcome::NothingToDo => (Paint::Green, "Nothing to do".to_owned()),
        Outcome::Reached => (Paint::Green, of(steps, "step")),
        Outcome::OneKey => (Paint::Red, "One key is too hot".to_owned()),
        Outcome::TooFewShards => (Paint::Yellow, "Too few shards".to_owned()),
    };
    let word = page.paint(paint, &words);
    let minutes = plain((document.steps_seconds / 6.0).round() / 10.0);
    let (before, after) = (&document.before, &document.after);
    let change = format!(
        "the hottest shard goes from {} to {} at the busiest moment; {} at the end, {} at most on the \
         way, {minutes} min.",
        percent(before.hottest_utilization),
        percent(after.hottest_utilization),
        of(after.shards, "shard"),
        document.open_shards_max,
    );
    page.paragraph("", 0, &format!("{word}: {change}"));
    let hottest = percent(document.evenest_utilization);
    let more = match (document.outcome, &document.stuck_shard_id) {
        (Outcome::OneKey, Some(shard)) => format!(
            "{shard} has all of its load at one hash key, so no split divides it: `keys` and `size` \
             say which partition key that is and how many salts it needs."
        ),
        (Outcome::TooFewShards, _) => format!(
            "So many shards are {hottest} in the hottest one however they are cut. Give `--shards` more."
        ),
        (Outcome::Reached, _) => match document.uniform_as_even.shards {
            Some(shards) => format!(
                "UpdateShardCount, which cuts the hash keys evenly, needs {} for the same; at {} its \
                 hottest is {}.",
                of(u64::from(shards), "shard"),
                document.uniform.shards,
                percent(document.uniform.hottest_utilization),
            ),
            None => format!(
                "UpdateShardCount, which cuts the hash keys evenly, does not come there with {} either; \
                 at {} its hottest is {}.",
                of(u64::from(document.uniform_as_even.looked_at), "shard"),
                document.uniform.shards,
                percent(document.uniform.hottest_utilization),
            ),
        },
        _ => return,
    };
    page.paragraph("", 0, &more);
}

fn shapes(document: &EveningDocument, page: &mut Page) {
    page.heading("Before and after");
    let row = |name: &str, shape: &StreamShape| {
        vec![
            name.to_owned(),
            shape.shards.to_string(),
            percent(shape.hottest_utilization),
            percent(shape.mean_utilization),
            percent(shape.throttled_ratio),
        ]
    };
    let rows = vec![
        row("as it is", &document.before),
        row("after the steps", &document.after),
        row("even shards", &document.uniform),
    ];
    page.table(&["stream", "shards", "hottest", "mean", "throttled"], &[0], rows);
}

fn steps(document: &EveningDocument, page: &mut Page) {
    if document.steps.is_empty() {
        return;
    }
    page.heading("Steps");
    for (number, step) in (1..).zip(document.steps.iter().take(STEPS_SHOWN)) {
        page.paragraph(&format!("{number:>3}. "), 5, &said(step));
    }
    let left = document.steps.len().saturating_sub(STEPS_SHOWN);
    if left > 0 {
        page.line(&format!("     and {left} more, which `--format json` lists"));
    }
}

fn said(step: &EveningStep) -> String {
    let load =
        |loads: &[f64]| loads.iter().map(|load| percent(*load)).collect::<Vec<_>>().join(" + ");
    let change =
        format!("{} -> {}", load(&step.parents_utilization), load(&step.children_utilization));
    match step.kind {
        StepKind::Split => format!(
            "split {} at {}: {change}, giving {}",
            step.shard_id,
            step.new_starting_hash_key.as_deref().unwrap_or_default(),
            step.children.join(" and "),
        ),
        StepKind::Merge => format!(
            "merge {} with {}: {change}, giving {}",
            step.shard_id,
            step.adjacent_shard_id.as_deref().unwrap_or_default(),
            step.children.join(" and "),
        ),
    }
}
