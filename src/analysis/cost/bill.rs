//! A bill: usage times prices, one line an item, tier and consumer.
//!
//! A pure function of a usage, a mode, a price book and a period. What has no price is an error
//! that names it, never a line of zero.

use super::usage::{Amount, ReadKind, Usage, amount_in};
use crate::analysis::price_book::{Group, Item, Price, PriceBook, PricingMode, UnknownRegion};
use crate::quotas::{EXTENDED_RETENTION, RETENTION_MINIMUM};
use crate::time::Span;
use crate::units::{Quantity, Usd};

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BillLine {
    /// What is billed.
    pub item: Item,
    /// The consumer that it is for; none where it is the stream.
    pub consumer: Option<String>,
    /// How much of it, in the unit of the price.
    pub quantity: Quantity,
    /// Its price, of the tier that this line is in.
    pub price: Price,
    /// Quantity times price.
    pub amount: Usd,
}

/// The bill of a period.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bill {
    /// The modes that the stream was in, and for how much of the time that was measured.
    pub modes: Vec<(PricingMode, Span)>,
    /// The lines: stream, consumers, downstream.
    pub lines: Vec<BillLine>,
    /// The sum of the lines.
    pub total: Usd,
}

/// Why there is no bill.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BillError {
    /// The region has no prices of streams at all.
    #[error(transparent)]
    Region(#[from] UnknownRegion),
    /// Something that was used has no price.
    #[error("the price book has no price in {region} of {}", .missing.join(", "))]
    NoPrice {
        /// The region.
        region: String,
        /// What has none, as `mode.dimension` of the book.
        missing: Vec<String>,
    },
}

/// Something that was used, before it is priced.
struct Used {
    item: Item,
    consumer: Option<String>,
    amount: Amount,
}

/// The bill of `usage` in `mode`, for a `period` in which it is used at the same rate.
///
/// Extended and long-term retention are those of a stream that has been running for as long as it
/// keeps records: everything accepted is kept for all of that time.
///
/// # Errors
/// [`BillError`] names what has no price.
pub fn bill(
    usage: &Usage,
    mode: PricingMode,
    region: &str,
    book: &PriceBook,
    period: Span,
) -> Result<Bill, BillError> {
    bill_of_modes([(mode, usage)], region, book, period)
}

/// The bill of a stream that was in several modes, one after another, each with what was used in
/// it; at least one.
///
/// # Errors
/// [`BillError`] names what has no price.
pub fn bill_of_modes<'a>(
    parts: impl IntoIterator<Item = (PricingMode, &'a Usage)>,
    region: &str,
    book: &PriceBook,
    period: Span,
) -> Result<Bill, BillError> {
    book.check_region(region)?;
    let mut modes = Vec::new();
    let mut lines: Vec<BillLine> = Vec::new();
    let mut missing: Vec<String> = Vec::new();
    for (mode, usage) in parts {
        modes.push((mode, usage.active));
        for used in all_used(usage, mode) {
            let prices = book.of(region, used.item);
            if prices.is_empty() {
                let name = name_in_book(used.item);
                if !missing.contains(&name) {
                    missing.push(name);
                }
                continue;
            }
            let quantity = used.amount.quantity(usage.span, period, used.item.fact().decimals);
            // Tiers are of the account: one consumer goes on where the one before has ended.
            let before = lines.iter().filter(|line| line.item == used.item);
            let before = before.fold(Quantity::ZERO, |sum, line| sum + line.quantity);
            lines.extend(tiers(&used, prices, before, quantity));
        }
    }
    if !missing.is_empty() {
        return Err(BillError::NoPrice { region: region.to_owned(), missing });
    }
    // A stable sort: within a group, the modes follow each other.
    lines.sort_by_key(|line| line.item.fact().group);
    let total = lines.iter().map(|line| line.amount).sum();
    Ok(Bill { modes, lines, total })
}

/// An item as `mode.dimension` of the book.
fn name_in_book(item: Item) -> String {
    let fact = item.fact();
    let mode = fact.mode.map_or_else(String::new, |mode| format!("{}.", mode.name()));
    format!("{mode}{}", fact.name)
}

/// Everything that a mode bills of `usage`, but what is none.
fn all_used(usage: &Usage, mode: PricingMode) -> impl Iterator<Item = Used> {
    let mut used = stream(usage, mode);
    used.extend(consumers(usage, mode));
    used.extend(usage.downstream.iter().map(|used| Used {
        item: used.item,
        consumer: used.consumer.clone(),
        amount: used.amount,
    }));
    used.into_iter().filter(|used| !used.amount.is_zero())
}

/// How much of an item a mode bills in a period, whatever it costs.
#[must_use]
pub fn quantity(usage: &Usage, item: Item, period: Span) -> Quantity {
    let Some(mode) = item.fact().mode else {
        return Quantity::ZERO;
    };
    let of_item = all_used(usage, mode).filter(|used| used.item == item);
    of_item.fold(Quantity::ZERO, |sum, used| {
        sum + used.amount.quantity(usage.span, period, item.fact().decimals)
    })
}

/// One line for each tier that the quantity reaches.
fn tiers(used: &Used, prices: &[Price], before: Quantity, quantity: Quantity) -> Vec<BillLine> {
    let end = before + quantity;
    let mut lines = Vec::new();
    for (index, price) in prices.iter().enumerate() {
        let tier_end = prices.get(index + 1).map_or(end, |next| next.from.min(end));
        let start = price.from.max(before);
        if tier_end > start {
            let quantity = tier_end - start;
            lines.push(BillLine {
                item: used.item,
                consumer: used.consumer.clone(),
                quantity,
                price: price.clone(),
                amount: price.price.times(quantity),
            });
        }
    }
    lines
}

/// The mode's items for capacity, writing and keeping.
fn stream(usage: &Usage, mode: PricingMode) -> Vec<Used> {
    let stream = &usage.stream;
    let used = |item, amount| Used { item, consumer: None, amount };
    let streams = u128::from(stream.streams) * u128::from(usage.active.nanoseconds());
    let (extended, long_term) = kept(usage);
    match mode {
        PricingMode::Provisioned => {
            // An hour of a shard costs the same whatever is in it.
            let is_extended = stream.retention > RETENTION_MINIMUM;
            let shards = Amount::nanoseconds(stream.shard_nanoseconds);
            vec![
                used(Item::ShardHours, shards),
                used(Item::PutPayloadUnits, Amount::count(stream.put_payload_units)),
                used(
                    Item::ExtendedShardHours,
                    if is_extended { shards } else { Amount::nanoseconds(0) },
                ),
                used(Item::LongTermRetention, long_term),
            ]
        }
        PricingMode::OnDemandStandard => vec![
            used(Item::StreamHours, Amount::nanoseconds(streams)),
            used(Item::StandardDataIn, Amount::bytes(stream.data_in_bytes)),
            used(Item::StandardExtended, extended),
            used(Item::StandardLongTerm, long_term),
        ],
        PricingMode::OnDemandAdvantage => vec![
            used(Item::AdvantageDataIn, Amount::bytes(stream.data_in_bytes)),
            used(Item::AdvantageDataInShortfall, shortfall(usage, stream.data_in_bytes)),
            used(Item::AdvantageExtended, extended),
            used(Item::AdvantageLongTerm, long_term),
        ],
    }
}

/// What retention keeps beyond the first day, and beyond the seventh.
fn kept(usage: &Usage) -> (Amount, Amount) {
    let seconds = |span: Span| u128::from(span.nanoseconds()) / 1_000_000_000;
    let (day, week) = (seconds(RETENTION_MINIMUM), seconds(EXTENDED_RETENTION));
    let retention = seconds(usage.stream.retention);
    let bytes = usage.stream.stored_bytes;
    let extended = Amount::byte_seconds(bytes * retention.min(week).saturating_sub(day));
    (extended, Amount::byte_seconds(bytes * retention.saturating_sub(week)))
}

/// Bytes that the commitment of on-demand Advantage asks for beyond those used.
fn shortfall(usage: &Usage, bytes: u128) -> Amount {
    Amount::bytes(amount_in(usage.stream.commitment.0, usage.active).saturating_sub(bytes))
}

/// The mode's items for reading.
fn consumers(usage: &Usage, mode: PricingMode) -> Vec<Used> {
    let mut all = Vec::new();
    for consumer in &usage.consumers {
        let used = |item, amount| Used { item, consumer: Some(consumer.name.clone()), amount };
        let data_out = Amount::bytes(consumer.data_out_bytes);
        match (mode, consumer.kind) {
            // GetRecords is free, but for what is older than seven days.
            (PricingMode::Provisioned, ReadKind::Shared) => {
                all.push(used(Item::LongTermRetrieval, Amount::bytes(consumer.long_term_bytes)));
            }
            (PricingMode::Provisioned, ReadKind::EnhancedFanOut) => {
                let hours = Amount::nanoseconds(consumer.shard_nanoseconds);
                all.push(used(Item::EnhancedFanOutHours, hours));
                all.push(used(Item::EnhancedFanOutData, Amount::bytes(consumer.read_bytes)));
            }
            (PricingMode::OnDemandStandard, ReadKind::Shared) => {
                all.push(used(Item::StandardDataOut, data_out));
            }
            (PricingMode::OnDemandStandard, ReadKind::EnhancedFanOut) => {
                all.push(used(Item::StandardFanOutData, data_out));
            }
            (PricingMode::OnDemandAdvantage, ReadKind::Shared) => {
                all.push(used(Item::AdvantageDataOut, data_out));
            }
            (PricingMode::OnDemandAdvantage, ReadKind::EnhancedFanOut) => {
                all.push(used(Item::AdvantageFanOutData, data_out));
            }
        }
    }
    if mode == PricingMode::OnDemandAdvantage {
        let read = usage.consumers.iter().map(|consumer| consumer.data_out_bytes).sum();
        let amount = shortfall(usage, read);
        all.push(Used { item: Item::AdvantageDataOutShortfall, consumer: None, amount });
    }
    all
}

impl Bill {
    /// The sum of the lines of a group.
    #[must_use]
    pub fn of_group(&self, group: Group) -> Usd {
        let lines = self.lines.iter().filter(|line| line.item.fact().group == group);
        lines.map(|line| line.amount).sum()
    }

    /// The quantity of an item over all its lines.
    #[must_use]
    pub fn quantity(&self, item: Item) -> Quantity {
        let lines = self.lines.iter().filter(|line| line.item == item);
        lines.fold(Quantity::ZERO, |sum, line| sum + line.quantity)
    }
}
