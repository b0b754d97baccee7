//! Which assumption would change the verdict, for a reader.

use super::layout::{Page, Paint};
use crate::analysis::number::of;
use crate::analysis::sensitivity::{AssumptionEffect, SensitivityResult};
use crate::analysis::{ResultDocument, Verdict};

/// Assumptions that do not change the verdict and are spelled out all the same.
const SHOWN: usize = 5;
/// A margin that moves by less does not move.
const MOVES: f64 = 0.000_5;

pub(super) fn sensitivity(document: &ResultDocument, page: &mut Page) {
    let Some(result) = &document.sensitivity else {
        return;
    };
    page.heading("What if the assumptions are wrong");
    page.paragraph("  ", 2, &opening(result));
    let matters = |each: &&AssumptionEffect| {
        each.changes_verdict || each.margin_change.is_none_or(|change| change > MOVES)
    };
    let shown: Vec<&AssumptionEffect> = result.assumptions.iter().filter(matters).collect();
    let changing = shown.iter().filter(|each| each.changes_verdict).count();
    let most = changing.max(SHOWN);
    for effect in shown.iter().take(most) {
        let (paint, word) = if effect.changes_verdict {
            (Paint::Red, "changes the verdict")
        } else {
            (Paint::Dim, "moves the margin")
        };
        let word = page.paint(paint, word);
        page.line(&format!("  {word}  {} = {} ({})", effect.name, effect.value, effect.provenance));
        page.paragraph("    ", 4, &alternatives(effect));
    }
    let rest = (result.assumptions.len() - shown.len().min(most)) as u64;
    if rest > 0 {
        let words = format!("{} matter less or not at all.", of(rest, "other assumption"));
        page.paragraph("  ", 2, &words);
    }
}

fn opening(result: &SensitivityResult) -> String {
    let asked = if result.objectives_are_default {
        " by the objectives that `size` takes where a scenario has none"
    } else {
        ""
    };
    let margin = match (&result.worst_objective, result.margin) {
        (Some(name), Some(margin)) => {
            format!(", {name} has a margin of {}", share(margin))
        }
        _ => String::new(),
    };
    format!(
        "As it is, the verdict is {}{asked}{margin}; each assumption was halved and doubled, or \
         taken the other way, and run with the same random numbers.",
        word(result.verdict),
    )
}

fn alternatives(effect: &AssumptionEffect) -> String {
    let words = effect.alternatives.iter().map(|each| match (&each.refused, each.margin) {
        (Some(why), _) => format!("{}: {why}", each.value),
        (None, Some(margin)) => {
            let objective = each.worst_objective.as_deref().unwrap_or("none");
            format!(
                "{}: {}, margin {} of {objective}",
                each.value,
                word(each.verdict),
                share(margin)
            )
        }
        (None, None) => format!("{}: {}", each.value, word(each.verdict)),
    });
    words.collect::<Vec<String>>().join("; ")
}

/// A margin, which may be negative, as a share of the target.
fn share(margin: f64) -> String {
    format!("{:.1} %", margin * 100.0)
}

const fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "pass",
        Verdict::Fail => "fail",
        Verdict::Inconclusive => "inconclusive",
        Verdict::None => "none",
    }
}
