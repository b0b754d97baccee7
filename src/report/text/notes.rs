//! The part of a report below its tables: findings, assumptions, accounting, origin.

use super::super::tried;
use super::layout::{Page, Paint};
use crate::analysis::number::{count, of};
use crate::analysis::{Finding, ResultDocument, Severity};

/// Findings of one kind that are spelled out; fifty readers can all be behind for one reason.
const FINDINGS_OF_A_KIND: usize = 3;
/// Assumptions that are spelled out; the others are counted.
const ASSUMPTIONS_SHOWN: usize = 5;

pub(super) fn findings(document: &ResultDocument, page: &mut Page) {
    page.heading("Findings");
    if document.findings.is_empty() {
        page.line("  None.");
    }
    // How often each kind was left out, in the order of their first.
    let mut left_out: Vec<(&str, u64)> = Vec::new();
    for (index, finding) in document.findings.iter().enumerate() {
        let before = &document.findings[..index];
        if before.iter().filter(|other| other.code == finding.code).count() >= FINDINGS_OF_A_KIND {
            match left_out.iter_mut().find(|(code, _)| *code == finding.code) {
                Some((_, many)) => *many += 1,
                None => left_out.push((&finding.code, 1)),
            }
            continue;
        }
        let word = match finding.severity {
            Severity::Critical => "critical",
            Severity::Warning => "warning",
            Severity::Info => "info",
        };
        let word = page.paint(Paint::of_severity(finding.severity), word);
        page.line(&format!("  {word}  {}", finding.code));
        page.paragraph("    ", 4, &finding.message);
        page.paragraph("    -> ", 7, &finding.advice);
        advice(finding, page);
    }
    if !left_out.is_empty() {
        let more: Vec<String> =
            left_out.iter().map(|(code, many)| format!("{} of {code}", count(*many))).collect();
        let words = format!("and {} more, all under `findings` in the JSON.", more.join(", "));
        page.paragraph("  ", 2, &words);
    }
}

/// The change that a finding advises, and what trying it has shown.
fn advice(finding: &Finding, page: &mut Page) {
    if finding.set.is_empty() {
        return;
    }
    page.paragraph("    try: ", 9, &tried::settings(finding));
    if let Some(effect) = &finding.tried {
        page.paragraph("    tried: ", 11, &tried::effect(effect));
    }
}

pub(super) fn assumptions(document: &ResultDocument, page: &mut Page) {
    page.heading("Rests on");
    let (documented, doubtful): (Vec<_>, Vec<_>) =
        document.assumptions.iter().partition(|row| row.provenance == "documented");
    for row in doubtful.iter().take(ASSUMPTIONS_SHOWN) {
        let first = format!("  {:<9} ", row.provenance);
        let words = format!("{} = {}: {}", row.name, row.value, row.source);
        page.paragraph(&first, first.chars().count(), &words);
    }
    let more = doubtful.len().saturating_sub(ASSUMPTIONS_SHOWN);
    let more =
        if more > 0 { format!("{} more of these and ", count(more as u64)) } else { String::new() };
    page.paragraph(
        "  ",
        2,
        &format!(
            "{more}{} of AWS; all are listed with their sources under `assumptions` in the JSON.",
            of(documented.len() as u64, "documented constant"),
        ),
    );
}

pub(super) fn accounting(document: &ResultDocument, page: &mut Page) {
    page.heading("Accounting");
    let broken: Vec<_> = document.accounting.iter().filter(|row| !row.holds).collect();
    if broken.is_empty() {
        let mut statements: Vec<&str> = Vec::new();
        for row in &document.accounting {
            if !statements.contains(&row.statement.as_str()) {
                statements.push(&row.statement);
            }
        }
        page.paragraph(
            "  ",
            2,
            &format!(
                "{} hold exactly: {}.",
                of(document.accounting.len() as u64, "sum"),
                statements.join("; ")
            ),
        );
    }
    for row in broken {
        let mark = page.paint(Paint::Red, "does not hold");
        let words = format!(
            "{}, {}: {} against {}. This is a defect of shardplan.",
            row.subject,
            row.statement,
            count(row.left),
            count(row.right)
        );
        page.paragraph(&format!("  {mark}  "), 17, &words);
    }
}

pub(super) fn origin(document: &ResultDocument, page: &mut Page) {
    page.line("");
    let mut origin = format!(
        "shardplan {}, scenario {} {}, seed {}",
        document.tool_version, document.scenario.name, document.scenario.digest, document.seed
    );
    if !document.scenario.overrides.is_empty() {
        origin.push_str(&format!(", set {}", document.scenario.overrides.join(", ")));
    }
    page.paragraph("", 0, &origin);
}
