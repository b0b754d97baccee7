//! The bill of a run, and the modes of a stream side by side.

use super::TextOptions;
use super::layout::{Page, Paint};
use crate::analysis::ResultDocument;
use crate::analysis::cost::{BreakEven, CostLine, CostResult, ModeBill, ModesDocument};
use crate::analysis::number::{count, dollars, of, percent};
use crate::analysis::price_book::{Confidence, PricingMode};
use crate::units::{Quantity, Usd};

/// Stands where there is nothing.
const NOTHING: &str = "-";
/// Prices below this are shown by the million.
const PER_MILLION_BELOW: f64 = 0.000_1;

/// The bill of a run, or why there is none.
pub(super) fn bill(document: &ResultDocument, page: &mut Page) {
    match (&document.cost, &document.cost_note) {
        (Some(cost), _) => bill_of(cost, page),
        (None, note) => {
            page.heading("Cost");
            let note = note.as_deref().unwrap_or("there is no bill");
            page.paragraph("  ", 2, &format!("No bill: {note}."));
        }
    }
}

fn bill_of(cost: &CostResult, page: &mut Page) {
    page.heading(&format!(
        "Cost of a month of {} h in {}, {}",
        cost.month_hours,
        cost.region,
        titles(cost)
    ));
    let rows = cost.lines.iter().map(|line| {
        vec![
            description(cost, line),
            line.quantity.to_string(),
            short_unit(&line.unit).to_owned(),
            price(line),
            line.monthly_usd.to_cents(),
        ]
    });
    page.table(&["item", "quantity", "unit", "price", "USD"], &[0, 2], rows.collect());
    let groups: Vec<String> = cost
        .groups
        .iter()
        .filter(|group| group.monthly_usd != Usd::ZERO)
        .map(|group| format!("{} {}", group.name.name(), group.monthly_usd.to_cents()))
        .collect();
    let total = page.paint(Paint::Bold, &format!("{} USD", cost.monthly_usd.to_cents()));
    page.line(&format!("  {total} a month: {}", groups.join(", ")));
    if let Some(words) = replications(cost) {
        page.paragraph("  ", 2, &words);
    }
    page.paragraph("  ", 2, &retries(cost));
    for note in &cost.notes {
        page.paragraph("  ", 2, &format!("{}.", capital(note)));
    }
    let unsure = cost.lines.iter().any(|line| line.price_confidence != Confidence::Confirmed);
    page.paragraph(
        "  ",
        2,
        &format!(
            "Prices of {} and later{}, without taxes, discounts and free tiers. Rounded: {}.",
            cost.price_date,
            if unsure { ", those with an asterisk not confirmed" } else { "" },
            cost.rounding
        ),
    );
}

/// The modes that the stream was in, one after another.
pub(in crate::report) fn titles(cost: &CostResult) -> String {
    let titles: Vec<&str> = cost.modes.iter().map(|each| each.mode.title()).collect();
    titles.join(", then ")
}

/// What the replications say of the sum.
pub(in crate::report) fn replications(cost: &CostResult) -> Option<String> {
    let seen = cost.replications.as_ref()?;
    let [low, high] = seen.monthly_usd_ci95?;
    Some(format!(
        "The bill is of the first of {}; their mean is {} USD, 95 % interval [{}, {}].",
        of(seen.replications, "replication"),
        dollars(seen.monthly_usd_mean),
        dollars(low),
        dollars(high)
    ))
}

fn description(cost: &CostResult, line: &CostLine) -> String {
    let item = item_title(cost, line);
    match &line.consumer {
        Some(consumer) => format!("{item} ({consumer})"),
        None => item,
    }
}

/// What a line is of, with its mode where the stream was in several.
pub(in crate::report) fn item_title(cost: &CostResult, line: &CostLine) -> String {
    match line.mode.filter(|_| cost.modes.len() > 1) {
        Some(mode) => format!("{}: {}", capital(short_mode(mode)), line.description),
        None => line.description.clone(),
    }
}

/// What throttling and retries do to the bill.
pub(in crate::report) fn retries(cost: &CostResult) -> String {
    let retries = &cost.retries;
    let throttled = match retries.throttled_attempts {
        0 => "No attempt was throttled".to_owned(),
        1 => "1 throttled attempt is not billed".to_owned(),
        many => format!("{} throttled attempts are not billed", count(many)),
    };
    let duplicates = match retries.duplicate_records {
        0 => "no record came twice".to_owned(),
        many => format!(
            "{} records that came twice add {} USD a month",
            count(many),
            retries.duplicates_monthly_usd.to_cents()
        ),
    };
    format!("{throttled}; {duplicates}.")
}

/// A unit that fits a narrow column.
fn short_unit(unit: &str) -> &str {
    match unit {
        "shard-hour" | "consumer-shard-hour" => "shard-h",
        "stream-hour" => "stream-h",
        "GB-month" => "GB-mo",
        "GB-second" => "GB-s",
        "unit" | "request unit" => "units",
        "metric-month" => "metrics",
        "key-month" => "keys",
        "request" => "requests",
        "object" => "objects",
        other => other,
    }
}

/// The price of one, or of a million; an asterisk where it is not confirmed.
/// The price of one unit, or of a million where it is small; an asterisk where it is not confirmed.
pub(in crate::report) fn price(line: &CostLine) -> String {
    let mark = if line.price_confidence == Confidence::Confirmed { "" } else { "*" };
    if line.price_usd.as_f64() < PER_MILLION_BELOW {
        let million = line.price_usd.times(Quantity::from_scaled(1_000_000, 0));
        return format!("{} / M{mark}", million.dollars());
    }
    format!("{}{mark}", line.price_usd.dollars())
}

pub(in crate::report) fn capital(text: &str) -> String {
    let mut characters = text.chars();
    characters
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(characters).collect())
}

/// The bill, the modes side by side, growth and break-even points; ends with a line feed.
#[must_use]
pub fn modes_text(document: &ModesDocument, options: TextOptions) -> String {
    let mut page = Page::new(options.width, options.color);
    let name = page.paint(Paint::Bold, &document.scenario.name);
    page.line(&name);
    if let Some(question) = &document.scenario.question {
        page.paragraph("", 0, question);
    }
    bill_of(&document.cost, &mut page);
    page.heading("The same traffic in each mode");
    let rows = document.modes.iter().map(mode_row).collect();
    let headings = ["mode", "shards", "throttled", "not written", "safe", "USD a month"];
    page.table(&headings, &[0], rows);
    page.paragraph("  ", 2, &format!("Safe: {}.", document.safe));
    for note in mode_notes(document) {
        page.paragraph("  ", 2, &note);
    }
    page.heading("Dollars a month as the load grows");
    let rows = document.growth.iter().map(|row| {
        let usd = |usd: Option<Usd>| usd.map_or_else(|| NOTHING.to_owned(), Usd::to_cents);
        vec![
            format!("{} x", row.load),
            count(row.shards),
            usd(row.provisioned_usd),
            usd(row.on_demand_standard_usd),
            usd(row.on_demand_advantage_usd),
            row.cheapest.map_or(NOTHING, short_mode).to_owned(),
        ]
    });
    let headings = ["load", "shards", "provisioned", "Standard", "Advantage", "cheapest"];
    page.table(&headings, &[0, 5], rows.collect());
    for point in &document.break_evens {
        page.paragraph("  ", 2, &break_even(point));
    }
    for note in &document.notes {
        page.paragraph("  ", 2, &format!("{}.", capital(note)));
    }
    page.finish_with_origin(
        &document.tool_version,
        (&document.scenario.name, &document.scenario.digest),
        document.seed,
    )
}

fn short_mode(mode: PricingMode) -> &'static str {
    match mode {
        PricingMode::Provisioned => "provisioned",
        PricingMode::OnDemandStandard => "Standard",
        PricingMode::OnDemandAdvantage => "Advantage",
    }
}

/// A mode of the side by side, for a reader.
pub(in crate::report) fn mode_title(mode: &ModeBill) -> String {
    let title = mode.mode.title();
    match mode.name.as_str() {
        "provisioned_smallest_safe" => format!("{title}, fewest safe"),
        name if name.ends_with("_as_is") => match mode.cost.as_ref() {
            Some(cost) => format!("{}, as it is", titles(cost)),
            None => format!("{title}, as it is"),
        },
        _ => title.to_owned(),
    }
}

/// Why a mode has no bill or was not simulated, a sentence each.
pub(in crate::report) fn mode_notes(document: &ModesDocument) -> Vec<String> {
    let noted = document.modes.iter().filter_map(|mode| Some((mode, mode.note.as_deref()?)));
    noted.map(|(mode, note)| format!("{}: {note}.", capital(&mode_title(mode)))).collect()
}

/// Open shards at the start, and most at any time where that is more.
fn mode_shards(mode: &ModeBill) -> String {
    match (mode.shards, mode.shards_max) {
        (Some(start), Some(most)) if most > start => format!("{} to {}", count(start), count(most)),
        (Some(start), _) => count(start),
        (None, _) => NOTHING.to_owned(),
    }
}

/// The cells of a mode: shards, throttled, not written, safe, dollars.
pub(in crate::report) fn mode_row(mode: &ModeBill) -> Vec<String> {
    let simulated = mode.write_throttled_ratio.is_some();
    let or = |text: Option<String>| {
        let missing = if simulated || mode.monthly_usd.is_none() { NOTHING } else { "unknown" };
        text.unwrap_or_else(|| missing.to_owned())
    };
    vec![
        mode_title(mode),
        mode_shards(mode),
        or(mode.write_throttled_ratio.map(percent)),
        or(mode.not_written_records.map(count)),
        or(mode.is_safe.map(|safe| if safe { "yes" } else { "no" }.to_owned())),
        mode.monthly_usd.map_or_else(|| NOTHING.to_owned(), Usd::to_cents),
    ]
}

/// A break-even point in a sentence.
pub(in crate::report) fn break_even(point: &BreakEven) -> String {
    let (below, above) = (point.below.title(), point.above.title());
    match (point.from_load, point.to_load) {
        (None, _) => {
            format!("{} stays cheaper than {above} up to 100 times the load.", capital(below))
        }
        (Some(from), Some(to)) if from == to => {
            format!("{} is cheaper than {below} from {from} times the load on.", capital(above))
        }
        (Some(from), Some(to)) => format!(
            "{} is cheaper than {below} at some loads from {from} times on, and at all from {to} \
             times on.",
            capital(above)
        ),
        (Some(from), None) => format!(
            "{} is cheaper than {below} at some loads from {from} times on, but not at 100 times.",
            capital(above)
        ),
    }
}
