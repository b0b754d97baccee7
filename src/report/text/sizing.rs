//! The text of `shardplan size`: the answer, then every count that was looked at.

use super::TextOptions;
use super::layout::{Page, Paint, short_key};
use crate::analysis::Verdict;
use crate::analysis::number::{bytes, count, dollars, of, percent, plain};
use crate::analysis::sizing::{
    Headroom, NoShardCount, ReverseDocument, SizingCandidate, SizingDocument, SizingPlan,
};

/// Rejections that are spelled out.
const REJECTIONS_SHOWN: usize = 6;
/// Counts in the table.
const COUNTS_SHOWN: usize = 16;

/// The answer to `size` as text; ends with a line feed.
#[must_use]
pub fn sizing_text(document: &SizingDocument, options: TextOptions) -> String {
    let mut page = Page::new(options.width, options.color);
    let name = page.paint(Paint::Bold, &document.scenario);
    page.line(&name);
    if let Some(question) = &document.question {
        page.paragraph("", 0, question);
    }
    objectives(&document.objectives, document.objectives_are_default, &mut page);
    page.line("");
    match (&document.plan, &document.no_shard_count) {
        (Some(plan), _) => answer(document, plan, &mut page),
        (None, Some(refusal)) => no_shard_count(refusal, &mut page),
        (None, None) => {
            let word = page.paint(Paint::Red, "No plan");
            page.line(&format!("{word}: no count that was looked at meets every objective."));
        }
    }
    counts(document, &mut page);
    rejections(document, &mut page);
    modes(document, &mut page);
    page.finish_with_origin(
        &document.tool_version,
        (&document.scenario, &document.digest),
        document.seed,
    )
}

fn objectives(objectives: &[String], are_default: bool, page: &mut Page) {
    let note = if are_default { " (the default, since the scenario asks for nothing)" } else { "" };
    page.paragraph("", 0, &format!("To meet: {}{note}.", objectives.join("; ")));
}

fn answer(document: &SizingDocument, plan: &SizingPlan, page: &mut Page) {
    let shards = page.paint(Paint::Green, &of(plan.shards, "shard"));
    let now = match plan.shards_now {
        now if now == plan.shards => "as the scenario has now".to_owned(),
        now => format!("where the scenario has {}", count(now)),
    };
    let usd = plan.monthly_usd.map(|usd| format!(", {} USD a month", dollars(usd)));
    page.line(&format!("{shards} ({}, {now}{}).", plan.mode, usd.unwrap_or_default()));
    let names = &document.key_names;
    match document.shards_as_written {
        Some(written) if names.draws > 0 && written < plan.shards => {
            let words = format!(
                "With the names as written {} do; these names are made up, and of {} others one \
                 in twenty needs more.",
                count(written),
                count(names.draws)
            );
            page.paragraph("", 0, &words);
        }
        _ if names.draws > 0 => {
            let words = format!(
                "The names of the keys are made up: the 95th percentile of {} other names passes \
                 too.",
                count(names.draws)
            );
            page.paragraph("", 0, &words);
        }
        _ => {}
    }
    if !document.larger_counts_that_fail.is_empty() {
        let counts: Vec<String> =
            document.larger_counts_that_fail.iter().map(ToString::to_string).collect();
        let words = format!(
            "More shards are not always better: with {} an objective is missed again.",
            counts.join(", ")
        );
        page.paragraph("", 0, &words);
    }
    if let Some(room) = &document.headroom {
        headroom(room, page);
    }
}

fn headroom(room: &Headroom, page: &mut Page) {
    page.paragraph("", 0, &headroom_words(room));
}

/// How long a capacity lasts.
pub(in crate::report) fn headroom_words(room: &Headroom) -> String {
    let by = if room.method == "forecast" { "about " } else { "" };
    let mut words = format!(
        "Headroom: it carries {by}{} times this load; then {} is full first ({}).",
        plain(room.load_factor),
        room.first_shard_id,
        room.bottleneck
    );
    if let (Some(growth), Some(months)) = (room.growth_per_month, room.months) {
        let when = room.runs_out.as_ref().map(|when| format!(": in {}", month_words(when)));
        words.push_str(&format!(
            " At {} a month it runs out in {} months{}.",
            percent(growth),
            plain(months),
            when.unwrap_or_default()
        ));
    }
    words
}

/// `August 2027` for `2027-08`.
fn month_words(year_and_month: &str) -> String {
    const NAMES: [&str; 12] = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];
    let parts = year_and_month.split_once('-');
    let named = parts.and_then(|(year, month)| {
        let index = month.parse::<usize>().ok()?.checked_sub(1)?;
        Some(format!("{} {year}", NAMES.get(index)?))
    });
    named.unwrap_or_else(|| year_and_month.to_owned())
}

fn no_shard_count(refusal: &NoShardCount, page: &mut Page) {
    let word = page.paint(Paint::Red, "No shard count will help");
    page.line(&format!("{word}."));
    page.paragraph("", 0, &key_words(refusal));
    page.paragraph("", 0, &salt_words(refusal));
}

/// Why a key is too much for a shard.
pub(in crate::report) fn key_words(refusal: &NoShardCount) -> String {
    format!(
        "Key \"{}\" of {} alone offers {} records/s and {}/s at its peak ({} of the producer), and \
         one shard takes {} records/s of it, by its limit on {}. Alone on a shard it would miss \
         \"{}\" with {} at least.",
        short_key(&refusal.key),
        refusal.producer,
        plain(refusal.offered_records_per_second),
        bytes(refusal.offered_bytes_per_second),
        percent(refusal.share_of_producer),
        plain(refusal.shard_takes_records_per_second),
        refusal.limit,
        refusal.objective,
        percent(refusal.value_at_least),
    )
}

/// The salt that helps, if any does.
pub(in crate::report) fn salt_words(refusal: &NoShardCount) -> String {
    match &refusal.smallest_salt {
        Some(salt) if salt.verdict == Verdict::Pass => format!(
            "The smallest salt that works is {}, on {}. Ordering given up: {}.",
            of(salt.buckets, "bucket"),
            of(salt.shards, "shard"),
            refusal.ordering_given_up
        ),
        Some(salt) => format!(
            "A salt of {} on {} comes near but does not pass in a simulation; try more. Ordering \
             given up: {}.",
            of(salt.buckets, "bucket"),
            of(salt.shards, "shard"),
            refusal.ordering_given_up
        ),
        None => "No salt that was tried works either.".to_owned(),
    }
}

fn counts(document: &SizingDocument, page: &mut Page) {
    if document.candidates.is_empty() {
        return;
    }
    page.heading("Counts");
    let has_lottery = document.candidates.iter().any(|each| each.hottest_over_mean_p95.is_some());
    let mut headings =
        vec!["shards", "verdict", "by", "throttled", "busiest over limit", "over mean"];
    if has_lottery {
        headings.push("p95 of names");
    }
    let has_bill = document.candidates.iter().any(|each| each.monthly_usd.is_some());
    if has_bill {
        headings.push("USD a month");
    }
    headings.push("bottleneck");
    let shown = around_plan(document);
    let rows = shown.iter().map(|each| {
        let mut row = vec![
            count(each.shards),
            fared(each.verdict).to_owned(),
            each.method.clone(),
            throttled(each),
            percent(each.peak_utilization),
            format!("{:.2}", each.hottest_over_mean),
        ];
        if has_lottery {
            row.push(each.hottest_over_mean_p95.map_or(String::new(), |p95| format!("{p95:.2}")));
        }
        if has_bill {
            row.push(each.monthly_usd.map_or(String::new(), dollars));
        }
        row.push(each.rejection.as_ref().map_or(String::new(), |why| why.bottleneck.clone()));
        row
    });
    page.table(&headings, &[1, 2, headings.len() - 1], rows.collect());
    let more = document.candidates.len() - shown.len();
    if more > 0 {
        let words = format!("and {} in the JSON.", of(more as u64, "more count"));
        page.paragraph("  ", 2, &words);
    }
}

/// The counts nearest to the plan, in ascending order.
fn around_plan(document: &SizingDocument) -> Vec<&SizingCandidate> {
    let all = &document.candidates;
    let plan = document.plan.as_ref().map(|plan| plan.shards);
    let at = plan.and_then(|plan| all.iter().position(|each| each.shards == plan));
    let end = at.map_or(all.len(), |at| (at + COUNTS_SHOWN / 2).min(all.len()));
    let start = end.saturating_sub(COUNTS_SHOWN);
    all[start..(start + COUNTS_SHOWN).min(all.len())].iter().collect()
}

/// How a candidate fared.
pub(in crate::report) const fn fared(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "passes",
        Verdict::Fail => "fails",
        Verdict::Inconclusive => "open",
        Verdict::None => "not tried",
    }
}

fn throttled(candidate: &SizingCandidate) -> String {
    let ratio = percent(candidate.throttled_ratio);
    if candidate.method == "forecast" && candidate.throttled_ratio > 0.0 {
        format!("at least {ratio}")
    } else {
        ratio
    }
}

/// The plan beside the modes in which the service decides on the shards.
fn modes(document: &SizingDocument, page: &mut Page) {
    if document.modes.is_empty() {
        return;
    }
    page.heading("Modes");
    let rows = document.modes.iter().map(|mode| {
        let shards = match (mode.shards_start, mode.shards_end) {
            (start, end) if start == end => count(start),
            (start, end) => format!("{} to {}", count(start), count(end)),
        };
        let cost = mode.monthly_usd.map_or("no bill".to_owned(), |usd| format!("{usd:.2}"));
        vec![
            mode.mode.clone(),
            shards,
            percent(mode.throttled_ratio),
            cost,
            fared(mode.verdict).to_owned(),
        ]
    });
    let names = ["mode", "shards", "throttled", "USD/month", "verdict"];
    page.table(&names, &[0, 4], rows.collect());
}

fn rejections(document: &SizingDocument, page: &mut Page) {
    let plan = document.plan.as_ref().map_or(u64::MAX, |plan| plan.shards);
    let mut refused: Vec<_> = document
        .candidates
        .iter()
        .filter_map(|each| Some((each.shards, each.rejection.as_ref()?)))
        .collect();
    if refused.is_empty() {
        return;
    }
    // Those below the plan, nearest first; then those above.
    refused.sort_by_key(|(shards, _)| (*shards > plan, shards.abs_diff(plan)));
    page.heading("Why not");
    for (shards, why) in refused.iter().take(REJECTIONS_SHOWN) {
        page.paragraph(&format!("  {shards:>5}  "), 9, &why.reason);
    }
}

/// The answer to `size --reverse` as text; ends with a line feed.
#[must_use]
pub fn reverse_text(document: &ReverseDocument, options: TextOptions) -> String {
    let mut page = Page::new(options.width, options.color);
    let name = page.paint(Paint::Bold, &document.scenario);
    page.line(&name);
    objectives(&document.objectives, document.objectives_are_default, &mut page);
    page.line("");
    let factor = format!("{} times this load", plain(document.load_factor));
    let factor = page.paint(Paint::Green, &factor);
    page.line(&format!("{factor} is the most that {} carry.", of(document.shards, "shard")));
    let words = format!(
        "That is {} records/s on average and {} records/s at the peak.",
        plain(document.mean_records_per_second),
        plain(document.peak_records_per_second)
    );
    page.paragraph("", 0, &words);
    if let Some(why) = &document.rejection {
        let words = format!("At {} times: {}", plain(document.next_factor), why.reason);
        page.paragraph("", 0, &words);
    }
    if let Some(room) = &document.headroom {
        headroom(room, &mut page);
    }
    page.heading("Loads that were simulated");
    let rows = document.tried.iter().map(|tried| {
        let verdict = match tried.verdict {
            Verdict::Pass => "passes",
            Verdict::Inconclusive => "open",
            Verdict::Fail | Verdict::None => "fails",
        };
        vec![plain(tried.load_factor), percent(tried.throttled_ratio), verdict.to_owned()]
    });
    page.table(&["times the load", "throttled", "verdict"], &[2], rows.collect());
    page.finish_with_origin(
        &document.tool_version,
        (&document.scenario, &document.digest),
        document.seed,
    )
}
