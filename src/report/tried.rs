//! The change that a finding advises in words, for every format that people read.

use crate::analysis::advice::{AdviceEffect, FigureEffect};
use crate::analysis::number::{milliseconds, percent, plain};
use crate::analysis::{Finding, Unit};

/// Figures that are spelled out.
const FIGURES_SHOWN: usize = 6;

/// What to set: `--set a=1 --set "b={ c: 2 }"`.
pub(super) fn settings(finding: &Finding) -> String {
    let quoted = |set: &String| {
        if set.contains(' ') { format!("--set \"{set}\"") } else { format!("--set {set}") }
    };
    finding.set.iter().map(quoted).collect::<Vec<String>>().join(" ")
}

/// The advice of a finding with what to set and what came of it.
pub(super) fn advice(finding: &Finding) -> String {
    let mut words = finding.advice.clone();
    if !finding.set.is_empty() {
        words.push_str(&format!(" To try: {}", settings(finding)));
    }
    if let Some(effect) = &finding.tried {
        words.push_str(&format!(" (tried: {})", self::effect(effect)));
    }
    words
}

/// Whether the finding is gone, and the figures before and after.
pub(super) fn effect(effect: &AdviceEffect) -> String {
    let gone = if effect.finding_gone { "the finding is gone" } else { "the finding stays" };
    let mut words = vec![gone.to_owned()];
    words.extend(effect.figures.iter().take(FIGURES_SHOWN).map(figure));
    if effect.figures.len() > FIGURES_SHOWN {
        words.push(format!("{} more in the JSON", effect.figures.len() - FIGURES_SHOWN));
    }
    words.join("; ")
}

fn figure(figure: &FigureEffect) -> String {
    let amount = |value: Option<f64>| match (value, figure.unit) {
        (None, _) => "none".to_owned(),
        (Some(value), Unit::Ratio) => percent(value),
        (Some(value), Unit::Ms) => milliseconds(value),
        (Some(value), Unit::Multiple) => format!("{value:.2} times"),
        (Some(value), Unit::Records) => plain(value),
        (Some(value), Unit::Usd) => format!("{value:.2} USD"),
    };
    format!("{} {} -> {}", figure.name, amount(figure.before), amount(figure.after))
}
