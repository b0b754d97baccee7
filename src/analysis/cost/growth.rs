//! The same traffic at other loads: what each mode costs, and where one becomes cheaper.
//!
//! A provisioned stream is given shards in proportion to the load, rounded up; all else that is
//! billed by the record or the byte is in proportion as it is.

use schemars::JsonSchema;
use serde::Serialize;

use super::bill::{BillError, bill};
use super::usage::Usage;
use crate::analysis::price_book::{PriceBook, PricingMode};
use crate::time::MONTH;
use crate::units::{Quantity, Usd};

/// Hundredths of the load: a load is looked at in steps of one percent.
const HUNDREDTHS: u128 = 100;
/// The highest load that is looked at, in hundredths.
const MOST: u128 = 100 * HUNDREDTHS;
/// Loads of the table, in hundredths.
const SHOWN: [u128; 8] = [25, 50, 100, 150, 200, 300, 500, 1_000];

/// What a month costs at a multiple of the load.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct GrowthRow {
    /// So many times the traffic of the run.
    pub load: Quantity,
    /// Shards of a provisioned stream.
    pub shards: u64,
    /// Dollars a month, provisioned; absent without prices.
    pub provisioned_usd: Option<Usd>,
    /// Dollars a month, on-demand Standard; absent without prices.
    pub on_demand_standard_usd: Option<Usd>,
    /// Dollars a month, on-demand Advantage; absent without prices.
    pub on_demand_advantage_usd: Option<Usd>,
    /// The cheapest of them.
    pub cheapest: Option<PricingMode>,
}

/// Where one mode becomes cheaper than another as the load grows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct BreakEven {
    /// The mode that is cheaper at a hundredth of the load.
    pub below: PricingMode,
    /// The mode that it is compared with.
    pub above: PricingMode,
    /// From this multiple of the load on, `above` is cheaper at some loads; absent where it never
    /// is, up to a hundred times the load.
    pub from_load: Option<Quantity>,
    /// From this multiple on it is at all loads; shards come one by one, so there can be a way from
    /// one to the other. Absent where `below` is cheaper again at a hundred times the load.
    pub to_load: Option<Quantity>,
}

/// The traffic whose growth is looked at.
#[derive(Clone, Copy, Debug)]
pub(super) struct Grower<'a> {
    pub(super) usage: &'a Usage,
    /// Shards that carry it as it is.
    pub(super) shards: u64,
    pub(super) region: &'a str,
    pub(super) book: &'a PriceBook,
}

impl Grower<'_> {
    /// Shards that carry `load` hundredths of the traffic.
    fn shards_at(&self, load: u128) -> u64 {
        let shards = (u128::from(self.shards) * load).div_ceil(HUNDREDTHS).max(1);
        u64::try_from(shards).unwrap_or(u64::MAX)
    }

    /// The total of a mode at `load` hundredths of the traffic.
    fn total(&self, mode: PricingMode, load: u128) -> Result<Usd, BillError> {
        let shards = (mode == PricingMode::Provisioned).then(|| self.shards_at(load));
        let usage = self.usage.grown(load, HUNDREDTHS, shards);
        bill(&usage, mode, self.region, self.book, MONTH).map(|bill| bill.total)
    }

    fn row(&self, load: u128) -> GrowthRow {
        let total = |mode| self.total(mode, load).ok();
        let totals = PricingMode::ALL.map(|mode| (mode, total(mode)));
        let known = totals.iter().filter_map(|(mode, total)| Some((*mode, (*total)?)));
        let cheapest = known.reduce(|best, next| if next.1 < best.1 { next } else { best });
        GrowthRow {
            load: multiple(load),
            shards: self.shards_at(load),
            provisioned_usd: totals[0].1,
            on_demand_standard_usd: totals[1].1,
            on_demand_advantage_usd: totals[2].1,
            cheapest: cheapest.map(|(mode, _)| mode),
        }
    }

    /// Totals at every percent of the load; nothing where a price is missing.
    fn curve(&self, mode: PricingMode) -> Option<Vec<Usd>> {
        (1..=MOST).map(|load| self.total(mode, load).ok()).collect()
    }
}

fn multiple(load: u128) -> Quantity {
    Quantity::from_scaled(load, 2)
}

/// The table of loads.
pub(super) fn rows(grower: Grower<'_>) -> Vec<GrowthRow> {
    SHOWN.into_iter().map(|load| grower.row(load)).collect()
}

/// The break-even points of each pair of modes that have prices.
pub(super) fn points(grower: Grower<'_>) -> Vec<BreakEven> {
    let curves: Vec<(PricingMode, Vec<Usd>)> =
        PricingMode::ALL.into_iter().filter_map(|mode| Some((mode, grower.curve(mode)?))).collect();
    let mut points = Vec::new();
    for (index, (first, one)) in curves.iter().enumerate() {
        for (second, other) in &curves[index + 1..] {
            points.push(if other[0] < one[0] {
                point(*second, other, *first, one)
            } else {
                point(*first, one, *second, other)
            });
        }
    }
    points
}

/// The point of a pair of which `below` is not dearer at the smallest load.
fn point(below: PricingMode, cheap: &[Usd], above: PricingMode, other: &[Usd]) -> BreakEven {
    let is_cheaper = |index: &usize| other[*index] < cheap[*index];
    let first = (0..cheap.len()).find(is_cheaper);
    // The first load from which on it is cheaper for good.
    let last = (0..cheap.len()).rev().take_while(is_cheaper).last();
    let load = |index: usize| multiple(index as u128 + 1);
    BreakEven { below, above, from_load: first.map(load), to_load: last.map(load) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::cost::usage::{ConsumerUsage, ReadKind, StreamUsage};
    use crate::quotas::{Quotas, RETENTION_MINIMUM};
    use crate::time::Span;
    use crate::units::MIB;

    /// One MiB/s in large records for a day, read by one polling consumer.
    fn usage() -> Usage {
        let bytes = 86_400 * u128::from(MIB);
        Usage {
            span: Span::from_seconds(86_400),
            active: Span::from_seconds(86_400),
            stream: StreamUsage {
                streams: 1,
                shard_nanoseconds: 0,
                put_payload_units: bytes / 25_600,
                data_in_bytes: bytes,
                stored_bytes: bytes,
                retention: RETENTION_MINIMUM,
                commitment: Quotas::default().on_demand_advantage_commitment,
            },
            consumers: vec![ConsumerUsage {
                name: "lake".to_owned(),
                kind: ReadKind::Shared,
                shard_nanoseconds: 0,
                read_bytes: bytes,
                data_out_bytes: bytes,
                long_term_bytes: 0,
            }],
            downstream: Vec::new(),
        }
    }

    /// Source: Kinesis developer guide: Advantage pays from about 10 MiB/s on. In closed form, with
    /// one stream, one consumer and x MiB/s: 0.12 x c + 0.04 = 0.048 * 25 c, c = 3600/1024 GB an
    /// hour; x = 10 - 0.04 / (0.12 c) = 9.905.
    #[test]
    fn advantage_beats_standard_from_9_9_mebibytes_a_second_on() {
        let (usage, book) = (usage(), PriceBook::default());
        let grower = Grower { usage: &usage, shards: 1, region: "us-east-1", book: &book };
        let points = points(grower);
        let standard = PricingMode::OnDemandStandard;
        let found = points
            .iter()
            .find(|point| point.below == standard && point.above == PricingMode::OnDemandAdvantage)
            .unwrap();
        assert_eq!(found.from_load, Some(multiple(991)));
        assert_eq!(found.to_load, found.from_load);
        assert_eq!(points.len(), 3);
    }

    #[test]
    fn the_cheapest_of_a_row_has_the_smallest_total_and_shards_are_whole() {
        let (usage, book) = (usage(), PriceBook::default());
        let grower = Grower { usage: &usage, shards: 3, region: "us-east-1", book: &book };
        for row in rows(grower) {
            let totals = [
                row.provisioned_usd.unwrap(),
                row.on_demand_standard_usd.unwrap(),
                row.on_demand_advantage_usd.unwrap(),
            ];
            let cheapest = PricingMode::ALL.iter().position(|mode| Some(*mode) == row.cheapest);
            assert_eq!(totals.iter().min(), totals.get(cheapest.unwrap()));
            assert_eq!(row.shards, (3.0 * row.load.as_f64()).ceil() as u64);
        }
    }

    #[test]
    fn a_mode_without_prices_is_left_out() {
        let (usage, book) = (usage(), PriceBook::default());
        let grower = Grower { usage: &usage, shards: 1, region: "ap-northeast-1", book: &book };
        assert_eq!(points(grower).len(), 1, "Advantage has no price of data in there");
        assert_eq!(rows(grower)[0].on_demand_advantage_usd, None);
    }
}
