//! The bill of a run as a part of the result document.

use schemars::JsonSchema;
use serde::Serialize;

use super::bill::{Bill, BillError, bill, bill_of_modes};
use super::measured::{usage_by_mode, usage_without_duplicates};
use super::usage::Usage;
use super::{BillLine, ROUNDING};
use crate::analysis::interval::{confidence_interval, mean};
use crate::analysis::number;
use crate::analysis::price_book::{Confidence, Group, PriceBook, PricingMode};
use crate::metrics::{Observation, ProducerObservation};
use crate::scenario::{Scenario, Work};
use crate::time::{MONTH, Span};
use crate::units::{Quantity, Usd};

/// Seconds of a day, of which a run is a whole number or is not.
const DAY: Span = Span::from_seconds(86_400);

/// What a month costs at the rate of the run.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct CostResult {
    /// AWS region of the prices.
    pub region: String,
    /// Always `USD`; without taxes, discounts and free tiers.
    pub currency: String,
    /// How the stream is billed; where the mode changed, the first after the warm-up.
    pub mode: PricingMode,
    /// Every mode that the stream was in, in the order in which it was, and for how long.
    pub modes: Vec<ModeTime>,
    /// Date of the oldest price in the bill.
    pub price_date: String,
    /// The sum of the lines: a month of 730 h.
    pub monthly_usd: Usd,
    /// What the other replications say of that sum; absent with one replication.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replications: Option<CostReplications>,
    /// Hours of that month.
    pub month_hours: u64,
    /// Simulated seconds that were measured and stretched to the month.
    pub measured_seconds: Quantity,
    /// Whether those are whole days, so that the times of day are in the bill as they are in life.
    pub whole_days: bool,
    /// Sums of the lines of each group.
    pub groups: Vec<GroupTotal>,
    /// The lines: stream, consumers, downstream.
    pub lines: Vec<CostLine>,
    /// What throttling and retries do to the bill.
    pub retries: RetryCost,
    /// How quantities and amounts are rounded.
    pub rounding: String,
    /// What a reader of the bill must know.
    pub notes: Vec<String>,
}

/// How long a stream was in a mode.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ModeTime {
    /// The mode.
    pub mode: PricingMode,
    /// Simulated seconds of those that were measured.
    pub measured_seconds: Quantity,
}

/// The sum of the bill over all replications; the bill itself is of the first.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct CostReplications {
    /// How many.
    pub replications: u64,
    /// Mean of the sums.
    pub monthly_usd_mean: f64,
    /// 95 % confidence interval of that mean.
    pub monthly_usd_ci95: Option<[f64; 2]>,
}

/// The sum of a part of a bill.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct GroupTotal {
    /// `stream`, `consumers` or `downstream`.
    pub name: Group,
    /// Sum of its lines.
    pub monthly_usd: Usd,
}

/// One line of a bill: `monthly_usd` is `quantity` times `price_usd`, rounded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct CostLine {
    /// The part of the bill that it belongs to.
    pub group: Group,
    /// The mode of the stream that bills it; absent for other services.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode: Option<PricingMode>,
    /// What is billed, by its name in the price book.
    pub item: String,
    /// What that is, for a reader.
    pub description: String,
    /// The consumer that it is for; absent where it is for the stream.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub consumer: Option<String>,
    /// How much of it in a month.
    pub quantity: Quantity,
    /// The unit of the quantity and of the price.
    pub unit: String,
    /// The price of one unit.
    pub price_usd: Usd,
    /// Quantity times price.
    pub monthly_usd: Usd,
    /// When the price was published or seen.
    pub price_date: String,
    /// How sure the price is.
    pub price_confidence: Confidence,
    /// Where the price is from.
    pub price_source: String,
}

/// What throttling and retries do to a bill.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RetryCost {
    /// Throttled attempts, which are not billed.
    pub throttled_attempts: u64,
    /// Records that were accepted once more, because the answer was lost.
    pub duplicate_records: u64,
    /// What writing those adds to the month.
    pub duplicates_monthly_usd: Usd,
}

/// The bill of a run.
///
/// # Errors
/// Why there is none: no region, no prices of it, or no price of something that was used.
pub fn cost_result(
    scenario: &Scenario,
    observation: &Observation,
    book: &PriceBook,
) -> Result<CostResult, String> {
    let Some(region) = &scenario.region else {
        return Err(NO_REGION.to_owned());
    };
    let of = |parts: &[(PricingMode, Usage)]| {
        let parts = parts.iter().map(|(mode, usage)| (*mode, usage));
        bill_of_modes(parts, region, book, MONTH)
            .map_err(|error| format!("{error}; {BOOK_OF_ONES_OWN}"))
    };
    let parts = usage_by_mode(scenario, observation);
    let Some((_, first)) = parts.first() else {
        return Err(NOTHING_MEASURED.to_owned());
    };
    let billed = of(&parts)?;
    let without = of(&usage_without_duplicates(scenario, observation))?;
    let sum =
        |count: fn(&ProducerObservation) -> u64| observation.producers.iter().map(count).sum();
    let cost = CostResult::new(&billed, first, region);
    let notes = cost.notes.iter().cloned().chain(not_in_bill(scenario)).collect();
    Ok(CostResult {
        retries: RetryCost {
            throttled_attempts: sum(|seen| seen.throttled),
            duplicate_records: sum(|seen| seen.duplicate_records),
            duplicates_monthly_usd: billed.total - without.total,
        },
        notes,
        ..cost
    })
}

/// The bill of the first replication, and what the others say of its sum.
///
/// # Errors
/// Those of [`cost_result`].
pub fn cost_of_replications(
    scenario: &Scenario,
    observations: &[Observation],
    book: &PriceBook,
) -> Result<CostResult, String> {
    let mut cost = cost_result(scenario, &observations[0], book)?;
    if observations.len() > 1 {
        let total = |seen| monthly_total(scenario, seen, book).map(Usd::as_f64);
        let totals: Option<Vec<f64>> = observations.iter().map(total).collect();
        cost.replications = totals.and_then(|totals| {
            Some(CostReplications {
                replications: totals.len() as u64,
                monthly_usd_mean: mean(&totals)?,
                monthly_usd_ci95: confidence_interval(&totals),
            })
        });
    }
    Ok(cost)
}

/// Why a run that is all warm-up has no bill.
const NOTHING_MEASURED: &str = "nothing was measured after the warm-up";

/// Why a scenario without a region has no bill, and what to do.
const NO_REGION: &str = "the scenario names no region, and prices differ between them; write for \
    example `region: us-east-1`";

/// What to do where a price is missing.
const BOOK_OF_ONES_OWN: &str = "`shardplan prices import` makes a book of the price lists of AWS, \
    and `--prices` takes it";

/// The total of a run's bill, for objectives.
pub(in crate::analysis) fn monthly_total(
    scenario: &Scenario,
    observation: &Observation,
    book: &PriceBook,
) -> Option<Usd> {
    let parts = usage_by_mode(scenario, observation);
    let parts = parts.iter().map(|(mode, usage)| (*mode, usage));
    let bill = bill_of_modes(parts, scenario.region.as_deref()?, book, MONTH).ok()?;
    (!bill.modes.is_empty()).then_some(bill.total)
}

/// The mean total over replications, in dollars; none where there is no bill.
pub(in crate::analysis) fn mean_monthly_usd(
    scenario: &Scenario,
    observations: &[Observation],
    book: &PriceBook,
) -> Option<f64> {
    let total = |seen| monthly_total(scenario, seen, book).map(Usd::as_f64);
    mean(&observations.iter().map(total).collect::<Option<Vec<f64>>>()?)
}

impl CostResult {
    /// A bill of a month in plain data; `usage` is any part of it.
    #[must_use]
    pub fn new(bill: &Bill, usage: &Usage, region: &str) -> Self {
        let span = usage.span;
        let whole_days = span > Span::ZERO && span.nanoseconds().is_multiple_of(DAY.nanoseconds());
        let oldest = bill.lines.iter().map(|line| line.price.date).min();
        let groups = Group::ALL
            .into_iter()
            .map(|name| GroupTotal { name, monthly_usd: bill.of_group(name) });
        Self {
            region: region.to_owned(),
            currency: "USD".to_owned(),
            mode: bill.modes.first().map_or(PricingMode::Provisioned, |(mode, _)| *mode),
            modes: bill.modes.iter().map(ModeTime::new).collect(),
            replications: None,
            price_date: oldest.map(|date| date.to_string()).unwrap_or_default(),
            monthly_usd: bill.total,
            month_hours: MONTH.nanoseconds() / 3_600_000_000_000,
            measured_seconds: Quantity::from_scaled(u128::from(span.nanoseconds()), 9),
            whole_days,
            groups: groups.collect(),
            lines: bill.lines.iter().map(CostLine::new).collect(),
            retries: RetryCost {
                throttled_attempts: 0,
                duplicate_records: 0,
                duplicates_monthly_usd: Usd::ZERO,
            },
            rounding: ROUNDING.to_owned(),
            notes: notes(bill, usage, whole_days),
        }
    }
}

impl ModeTime {
    fn new((mode, active): &(PricingMode, Span)) -> Self {
        let measured_seconds = Quantity::from_scaled(u128::from(active.nanoseconds()), 9);
        Self { mode: *mode, measured_seconds }
    }
}

impl CostLine {
    fn new(line: &BillLine) -> Self {
        let fact = line.item.fact();
        Self {
            group: fact.group,
            mode: fact.mode,
            item: fact.name.to_owned(),
            description: fact.label.to_owned(),
            consumer: line.consumer.clone(),
            quantity: line.quantity,
            unit: fact.unit.to_owned(),
            price_usd: line.price.price,
            monthly_usd: line.amount,
            price_date: line.price.date.to_string(),
            price_confidence: line.price.confidence,
            price_source: line.price.source.clone(),
        }
    }
}

fn notes(bill: &Bill, usage: &Usage, whole_days: bool) -> Vec<String> {
    let mut notes = Vec::new();
    let measured = number::seconds(usage.span.as_seconds());
    notes.push(if whole_days {
        format!("{measured} of traffic, whole days, are stretched to a month of 730 h")
    } else {
        format!(
            "{measured} of traffic are stretched to a month of 730 h; that is no whole number of \
             days, so hours that were not simulated are billed like those that were"
        )
    });
    let kept = bill.lines.iter().any(|line| line.item.fact().name.ends_with("_retention"));
    if kept {
        notes.push(format!(
            "retention is billed as of a stream that has been running for {}",
            usage.stream.retention
        ));
    }
    if bill.modes.len() > 1 {
        notes.push(
            "the mode changed during the run: each stretch is billed in its own mode, and the month \
             has of each the same share as the run"
                .to_owned(),
        );
    }
    if bill.modes.iter().any(|(mode, _)| *mode == PricingMode::OnDemandAdvantage) {
        notes.push(
            "the commitment of on-demand Advantage is for all on-demand streams of the account in \
             the region; it is billed here as if this stream were the only one"
                .to_owned(),
        );
    }
    let unsure = bill.lines.iter().filter(|line| line.price.confidence != Confidence::Confirmed);
    let unsure = unsure.count() as u64;
    if unsure > 0 {
        notes.push(format!(
            "{} on a price that is not confirmed; `price_source` in the JSON says where it is from",
            match unsure {
                1 => "1 line rests".to_owned(),
                many => format!("{} lines rest", number::count(many)),
            }
        ));
    }
    notes
}

/// Who runs on machines that the scenario does not describe.
fn not_in_bill(scenario: &Scenario) -> Option<String> {
    let runs_itself = |work: &Work| match work {
        Work::Loop | Work::Kcl(_) | Work::Flink | Work::MicroBatch(_) => true,
        Work::Lambda(_) | Work::Firehose(_) => false,
    };
    let consumers = scenario.consumers.iter().filter(|consumer| runs_itself(&consumer.work));
    let names: Vec<&str> = consumers.map(|consumer| consumer.name.as_str()).collect();
    (!names.is_empty()).then(|| {
        format!(
            "what {} on (instances, containers, KPUs of Managed Flink) is not in the bill",
            match &names[..] {
                [one] => format!("{one} runs"),
                [most @ .., last] => format!("{} and {last} run", most.join(", ")),
                [] => String::new(),
            }
        )
    })
}

/// Used by the side by side of modes.
pub(super) fn priced(
    usage: &Usage,
    mode: PricingMode,
    region: &str,
    book: &PriceBook,
) -> Result<CostResult, BillError> {
    let billed = bill(usage, mode, region, book, MONTH)?;
    Ok(CostResult::new(&billed, usage, region))
}
