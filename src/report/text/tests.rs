//! The text as a reader sees it.

use super::*;
use unicode_width::UnicodeWidthStr;

use crate::analysis::{Options, analyse, testing};
use crate::report::testing::document;

fn plain(document: &ResultDocument) -> String {
    text(document, TextOptions::default())
}

#[test]
fn the_verdict_and_the_objectives_stand_at_the_top() {
    let text = plain(&document());
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "orders");
    assert_eq!(lines[1], "Do four shards carry the orders of a busy evening?");
    assert_eq!(lines[4], "FAIL  1 of 2 objectives missed");
    assert!(text.contains("FAIL  write_throttled"), "{text}");
    assert!(text.contains("PASS  iterator_age_p99 of lake"), "{text}");
}

#[test]
fn no_line_is_wider_than_the_page() {
    for width in [80, 100, 120] {
        let text = text(&document(), TextOptions { width, color: false });
        for line in text.lines() {
            assert!(line.chars().count() <= width, "{width}: {line}");
            assert_eq!(line, line.trim_end());
        }
    }
}

#[test]
fn long_names_and_wide_keys_keep_to_the_page() {
    let mut scenario = testing::scenario();
    scenario.producers[0].name = format!("{}-one", "p".repeat(56));
    scenario.consumers[0].name = format!("{}-lake", "c".repeat(55));
    let mut observation = testing::observation();
    for shard in &mut observation.shards {
        shard.hottest_keys[0].key = "日本語🙂".repeat(20);
        shard.generated_records *= 1_000_000;
    }
    let document = analyse(&scenario, &[observation], &Options::default());
    for width in [80, 100, 120] {
        let text = text(&document, TextOptions { width, color: false });
        for line in text.lines() {
            assert!(line.width() <= width, "{width}: {line}");
        }
        assert!(text.contains("…ppp") && text.contains("-one"), "{text}");
    }
}

#[test]
fn the_worst_consumer_of_an_objective_is_named() {
    let mut scenario = testing::scenario();
    let at_most = crate::time::Span::from_seconds(1);
    scenario.objectives =
        vec![crate::scenario::Objective::IteratorAgeP99 { consumer: None, at_most }];
    let text = plain(&analyse(&scenario, &[testing::observation()], &Options::default()));
    assert!(text.contains("iterator_age_p99 of alerts, worst of 2"), "{text}");
}

#[test]
fn a_unit_stays_with_its_number() {
    let mut page = Page::new(80, false);
    page.paragraph("", 0, &format!("{} (13.9 %), of", "x".repeat(73)));
    assert_eq!(page.finish(), format!("{}\n(13.9 %), of\n", "x".repeat(73)));
}

#[test]
fn colour_changes_no_character() {
    let painted = text(&document(), TextOptions { width: 100, color: true });
    assert!(painted.contains("\u{1b}[1;31mFAIL"));
    let mut bare = String::new();
    let mut rest = painted.as_str();
    while let Some((before, after)) = rest.split_once('\u{1b}') {
        bare.push_str(before);
        rest = after.split_once('m').unwrap().1;
    }
    bare.push_str(rest);
    assert_eq!(bare, plain(&document()));
}

#[test]
fn of_many_shards_the_hottest_are_shown_and_the_rest_counted() {
    let mut document = document();
    let shard = document.shards[3].clone();
    document.shards.resize(20, shard);
    let text = plain(&document);
    assert!(text.contains("and 12 more shards, each offered at most 60,000 records"), "{text}");
}

#[test]
fn a_key_cannot_disturb_the_terminal() {
    let mut observation = testing::observation();
    for shard in &mut observation.shards {
        shard.hottest_keys[0].key = format!("evil\u{1b}[2J\u{202e}{}", "x".repeat(300));
    }
    let document = analyse(&testing::scenario(), &[observation], &Options::default());
    let text = plain(&document);
    assert!(!text.contains(['\u{1b}', '\u{202e}']), "{text}");
}

#[test]
fn a_sum_that_does_not_hold_is_called_a_defect() {
    let mut document = document();
    assert!(plain(&document).contains("5 sums hold exactly"), "{}", plain(&document));
    document.accounting[1].holds = false;
    assert!(plain(&document).contains("does not hold  checkout, attempts = accepted"));
}

#[test]
fn several_replications_show_their_spread() {
    let observations = testing::replications(&[5_000, 5_400, 5_200]);
    let mut scenario = testing::scenario();
    scenario.replications = 3;
    let text = plain(&analyse(&scenario, &observations, &Options::default()));
    assert!(text.contains("Over 3 replications"), "{text}");
    assert!(text.contains("  write_throttled_ratio"), "{text}");
}

#[test]
fn findings_of_a_kind_are_spelled_out_a_few_times_and_then_counted() {
    let mut document = document();
    let finding = document.findings[0].clone();
    document.findings.extend(vec![finding.clone(); 1_499]);
    let text = plain(&document);
    assert_eq!(text.matches(&format!("  {}\n", finding.code)).count(), 3);
    let more = format!("and 1,497 of {} more, all under `findings`", finding.code);
    assert!(text.contains(&more), "{text}");
}
