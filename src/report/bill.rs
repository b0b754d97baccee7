//! A bill as Markdown, for a report or a review.

use std::fmt::Write;

use super::text::{
    break_even, capital, item_title, mode_notes, mode_row, replications, retries, titles,
};
use crate::analysis::cost::{CostResult, ModesDocument};
use crate::analysis::number::count;
use crate::units::Usd;

/// A bill as a section of its own: a table of lines, the sums, and what to know of them.
#[must_use]
pub fn bill_markdown(cost: &CostResult) -> String {
    let mut text = format!(
        "## Cost of a month of {} h in {}, {}\n\n",
        cost.month_hours,
        cost.region,
        titles(cost)
    );
    text.push_str("| item | consumer | quantity | unit | price in USD | USD a month |\n");
    text.push_str("|---|---|---:|---|---:|---:|\n");
    // Writing to a text does not fail.
    for line in &cost.lines {
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} | {} |",
            item_title(cost, line),
            escape(line.consumer.as_deref().unwrap_or_default()),
            line.quantity,
            line.unit,
            line.price_usd.dollars(),
            line.monthly_usd.to_cents()
        );
    }
    for group in cost.groups.iter().filter(|group| group.monthly_usd != Usd::ZERO) {
        let _ = writeln!(
            text,
            "| *{}* |  |  |  |  | {} |",
            capital(group.name.name()),
            group.monthly_usd.to_cents()
        );
    }
    let _ = writeln!(text, "| **Total** |  |  |  |  | **{}** |", cost.monthly_usd.to_cents());
    text.push('\n');
    if let Some(words) = replications(cost) {
        let _ = writeln!(text, "- {words}");
    }
    let _ = writeln!(text, "- {}", retries(cost));
    for note in &cost.notes {
        let _ = writeln!(text, "- {}.", capital(note));
    }
    let _ = writeln!(
        text,
        "- Prices of {} and later, without taxes, discounts and free tiers. Rounded: {}.",
        cost.price_date, cost.rounding
    );
    text
}

/// The bill and the modes side by side.
#[must_use]
pub fn modes_markdown(document: &ModesDocument) -> String {
    let mut text = format!("# {}\n\n", escape(&document.scenario.name));
    if let Some(question) = &document.scenario.question {
        let _ = writeln!(text, "{}\n", escape(question));
    }
    text.push_str(&bill_markdown(&document.cost));
    text.push_str("\n## The same traffic in each mode\n\n");
    row(&mut text, &["mode", "shards", "throttled", "not written", "safe", "USD a month"]);
    text.push_str("|---|---:|---:|---:|---|---:|\n");
    for mode in &document.modes {
        row(&mut text, &mode_row(mode));
    }
    let _ = writeln!(text, "\nSafe: {}.", document.safe);
    for note in mode_notes(document) {
        let _ = writeln!(text, "\n{}", escape(&note));
    }
    text.push_str("\n## Dollars a month as the load grows\n\n");
    let headings = ["load", "shards", "provisioned", "Standard", "Advantage", "cheapest"];
    row(&mut text, &headings);
    text.push_str("|---:|---:|---:|---:|---:|---|\n");
    for growth in &document.growth {
        let usd = |usd: Option<Usd>| usd.map_or_else(|| "-".to_owned(), Usd::to_cents);
        row(
            &mut text,
            &[
                format!("{} x", growth.load),
                count(growth.shards),
                usd(growth.provisioned_usd),
                usd(growth.on_demand_standard_usd),
                usd(growth.on_demand_advantage_usd),
                growth.cheapest.map_or("-", |mode| mode.title()).to_owned(),
            ],
        );
    }
    text.push('\n');
    for point in &document.break_evens {
        let _ = writeln!(text, "- {}", break_even(point));
    }
    for note in &document.notes {
        let _ = writeln!(text, "- {}.", capital(note));
    }
    text
}

fn row(text: &mut String, cells: &[impl AsRef<str>]) {
    for cell in cells {
        let _ = write!(text, "| {} ", cell.as_ref());
    }
    text.push_str("|\n");
}

/// Text of a scenario that must not become a column, a tag or a heading.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '|' | '\\' | '`' | '*' | '_' | '[' | ']' | '#' => {
                escaped.push('\\');
                escaped.push(character);
            }
            '<' => escaped.push_str("&lt;"),
            '&' => escaped.push_str("&amp;"),
            control if control.is_control() => escaped.push(' '),
            other => escaped.push(other),
        }
    }
    escaped
}
