//! The text of `shardplan keys`: the answer, one line a shard count, the hot keys, the shards.

use super::TextOptions;
use super::layout::{Page, Paint, short_key};
use crate::analysis::keys::{KeySpread, KeysDocument};
use crate::analysis::number::{count, of, percent, plain, short_count};

/// Shards of a count that are shown, hottest first.
const SHARDS_SHOWN: usize = 8;

/// The answer to `keys` as text; ends with a line feed.
#[must_use]
pub fn keys_text(document: &KeysDocument, options: TextOptions) -> String {
    let mut page = Page::new(options.width, options.color);
    head(document, &mut page);
    counts(document, &mut page);
    hottest_keys(document, &mut page);
    for spread in &document.spreads {
        shards(document, spread, &mut page);
    }
    page.line("");
    let origin = format!("shardplan {}, keys of {}", document.tool_version, document.source);
    page.paragraph("", 0, &origin);
    page.finish()
}

fn head(document: &KeysDocument, page: &mut Page) {
    let name = page.paint(Paint::Bold, &document.source);
    page.line(&name);
    let concentration = &document.concentration;
    page.paragraph(
        "",
        0,
        &format!(
            "{}, {} records in {}. The heaviest key has {} of the records, the ten heaviest {}, \
             the heaviest hundredth of the keys {}; {} half. As concentrated as {} equal keys.",
            of(document.keys, "distinct key"),
            plain(document.records),
            of(document.rows, "row"),
            percent(concentration.top_1_share),
            percent(concentration.top_10_share),
            percent(concentration.top_percent_share),
            match concentration.keys_for_half {
                1 => "one key has".to_owned(),
                many => format!("{} keys have", count(many)),
            },
            plain(concentration.effective_keys),
        ),
    );
    page.line("");
    let best = &document.best;
    let (paint, answer) = match best.shards {
        Some(shards) => (Paint::Green, of(shards, "shard")),
        None => (Paint::Red, "No shard count".to_owned()),
    };
    let answer = page.paint(paint, &answer);
    page.line(&answer);
    page.paragraph("  ", 2, &best.reason);
    if !best.larger_counts_that_fail.is_empty() {
        let counts: Vec<String> =
            best.larger_counts_that_fail.iter().map(ToString::to_string).collect();
        let words = format!(
            "More shards are not always better: with {} the hottest shard is too hot again.",
            counts.join(", ")
        );
        page.paragraph("", 0, &words);
    }
}

fn counts(document: &KeysDocument, page: &mut Page) {
    page.heading("Shard counts");
    let target = &document.target;
    let has_load = target.traffic_records_per_second.is_some();
    let mut headings =
        vec!["shards", "hottest shard", "share", "over mean", "idle", "carries records/s"];
    if has_load {
        headings.push("filled");
    }
    headings.push("smallest salt");
    let rows = document.spreads.iter().map(|spread| {
        let mut row = vec![
            count(spread.shards),
            spread.hottest_shard_id.clone(),
            percent(spread.hottest_share),
            format!("{:.3}", spread.hottest_over_mean),
            count(spread.idle_shards),
            plain(spread.carries_records_per_second),
        ];
        row.extend(spread.hottest_utilization.map(percent));
        row.push(salt(spread));
        row
    });
    page.table(&headings, &[1, headings.len() - 1], rows.collect());
    let goal = match target.traffic_records_per_second {
        Some(load) => format!(
            "A salt is needed where {} records/s fill more than the hottest shard, which takes {} \
             records/s.",
            plain(load),
            plain(target.shard_records_per_second)
        ),
        None => format!(
            "A salt is needed where the hottest shard gets more than {} times the mean; `--traffic` \
             asks for the load of yours instead. A shard takes {} records/s.",
            plain(target.hottest_over_mean_at_most),
            plain(target.shard_records_per_second)
        ),
    };
    page.paragraph("  ", 2, &goal);
    let salted = |spread: &KeySpread| spread.smallest_salt.is_some();
    if document.spreads.iter().any(salted) {
        let words = "With a salt, order holds within each bucket of a key only.";
        page.paragraph("  ", 2, words);
    }
}

fn salt(spread: &KeySpread) -> String {
    match &spread.smallest_salt {
        _ if spread.meets_target => "not needed".to_owned(),
        Some(salt) => format!("{} ({:.3})", of(salt.buckets, "bucket"), salt.hottest_over_mean),
        None => "none found".to_owned(),
    }
}

fn hottest_keys(document: &KeysDocument, page: &mut Page) {
    if document.hottest_keys.is_empty() {
        return;
    }
    page.heading("Heaviest keys, and the shard they land on");
    let counts: Vec<String> =
        document.spreads.iter().map(|each| format!("of {}", each.shards)).collect();
    let shown = counts.len().min(4);
    let mut headings = vec!["key", "records", "share"];
    headings.extend(counts.iter().take(shown).map(String::as_str));
    let rows = document.hottest_keys.iter().map(|key| {
        let mut row = vec![short_key(&key.key), plain(key.records), percent(key.share)];
        row.extend(key.shard_ids.iter().take(shown).map(|id| short_shard(id)));
        row
    });
    page.table(&headings, &[0], rows.collect());
}

/// `shardId-…12` for `shardId-000000000012`.
fn short_shard(id: &str) -> String {
    match id.strip_prefix("shardId-") {
        Some(number) => {
            let number = number.trim_start_matches('0');
            format!("…{}", if number.is_empty() { "0" } else { number })
        }
        None => id.to_owned(),
    }
}

fn shards(document: &KeysDocument, spread: &KeySpread, page: &mut Page) {
    page.heading(&format!("{} ({}), hottest first", of(spread.shards, "shard"), spread.ranges));
    let has_load = document.target.traffic_records_per_second.is_some();
    let mut loads: Vec<_> = spread.shard_loads.iter().collect();
    loads.sort_by(|a, b| b.share.total_cmp(&a.share));
    let mut headings = vec!["shard", "keys", "records", "share", "over mean"];
    if has_load {
        headings.push("filled");
    }
    headings.push("heaviest key");
    let rows = loads.iter().take(SHARDS_SHOWN).map(|shard| {
        let mut row = vec![
            short_shard(&shard.shard_id),
            short_count(shard.keys),
            plain(shard.records),
            percent(shard.share),
            format!("{:.3}", shard.over_mean),
        ];
        row.extend(shard.utilization.map(percent));
        row.push(match (&shard.hottest_key, shard.hottest_key_share) {
            (Some(key), Some(share)) => format!("{} ({})", short_key(key), percent(share)),
            _ => "none".to_owned(),
        });
        row
    });
    page.table(&headings, &[headings.len() - 1], rows.collect());
    let more = loads.len().saturating_sub(SHARDS_SHOWN) as u64;
    if more > 0 {
        page.paragraph("  ", 2, &format!("and {}", of(more, "more shard")));
    }
}
