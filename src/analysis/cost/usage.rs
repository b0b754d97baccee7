//! How much of everything was used in a time: plain counts that a bill prices.
//!
//! Nothing here knows a price. Whoever measures or works out a usage fills these types: a run, a
//! resharding, an on-demand stream that scales, a consumer that calls Lambda.

use crate::analysis::price_book::Item;
use crate::time::Span;
use crate::units::{ByteRate, GIB, Quantity, Rate};

/// Seconds of a month of a bill: 730 h. Source: AWS Pricing Calculator.
pub(super) const MONTH_SECONDS: u128 = 730 * 3_600;
const NANOSECONDS_PER_HOUR: u128 = 3_600_000_000_000;
const MILLISECONDS_PER_SECOND: u128 = 1_000;

/// Everything used in `span`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Usage {
    /// The time in which the rest was used; more than zero.
    pub span: Span,
    /// The part of it for which the stream was in the mode that is billed; all of it unless the
    /// mode changed.
    pub active: Span,
    /// The stream.
    pub stream: StreamUsage,
    /// Those who read from it.
    pub consumers: Vec<ConsumerUsage>,
    /// What consumers used of other services.
    pub downstream: Vec<DownstreamUsage>,
}

/// What a stream used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamUsage {
    /// Streams; one, unless a bill is for several alike.
    pub streams: u64,
    /// Nanoseconds for which shards were open, over all shards.
    pub shard_nanoseconds: u128,
    /// PUT payload units of the accepted records.
    pub put_payload_units: u128,
    /// Bytes of the accepted records, each rounded up as an on-demand stream bills it.
    pub data_in_bytes: u128,
    /// Bytes of the accepted records as they are, which is what retention keeps.
    pub stored_bytes: u128,
    /// How long records stay readable.
    pub retention: Span,
    /// Bytes that on-demand Advantage bills at least, in and out alike.
    pub commitment: ByteRate,
}

/// How a consumer reads, as far as a bill can tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadKind {
    /// GetRecords.
    Shared,
    /// SubscribeToShard.
    EnhancedFanOut,
}

/// What a consumer used of the stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsumerUsage {
    /// Name in the scenario.
    pub name: String,
    /// How it reads.
    pub kind: ReadKind,
    /// Nanoseconds of its subscriptions, over all shards; of enhanced fan-out only.
    pub shard_nanoseconds: u128,
    /// Bytes that it read as they are.
    pub read_bytes: u128,
    /// Bytes that it read, each record rounded up as an on-demand stream bills it.
    pub data_out_bytes: u128,
    /// Bytes among those read that were older than seven days.
    pub long_term_bytes: u128,
}

/// What someone used of another service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DownstreamUsage {
    /// The consumer that used it; none where it is the stream itself.
    pub consumer: Option<String>,
    /// What was used.
    pub item: Item,
    /// How much.
    pub amount: Amount,
}

/// A count of base units in the time of a usage, and how many make one unit of a price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Amount {
    base: u128,
    per_unit: u128,
}

impl Amount {
    /// So many things.
    #[must_use]
    pub const fn count(things: u128) -> Self {
        Self { base: things, per_unit: 1 }
    }

    /// Bytes, priced by the gigabyte of 2^30. Source: AWS Pricing Calculator.
    #[must_use]
    pub const fn bytes(bytes: u128) -> Self {
        Self { base: bytes, per_unit: GIB as u128 }
    }

    /// Nanoseconds of something, priced by the hour.
    #[must_use]
    pub const fn nanoseconds(nanoseconds: u128) -> Self {
        Self { base: nanoseconds, per_unit: NANOSECONDS_PER_HOUR }
    }

    /// Bytes of memory times milliseconds, priced by the gigabyte-second.
    #[must_use]
    pub const fn byte_milliseconds(byte_milliseconds: u128) -> Self {
        Self { base: byte_milliseconds, per_unit: GIB as u128 * MILLISECONDS_PER_SECOND }
    }

    /// Bytes times the seconds for which they are kept, priced by the gigabyte and month of 730 h.
    #[must_use]
    pub const fn byte_seconds(byte_seconds: u128) -> Self {
        Self { base: byte_seconds, per_unit: GIB as u128 * MONTH_SECONDS }
    }

    /// Things times the seconds for which they are kept, priced by the month of 730 h.
    #[must_use]
    pub const fn thing_seconds(thing_seconds: u128) -> Self {
        Self { base: thing_seconds, per_unit: MONTH_SECONDS }
    }

    /// Whether nothing was used.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.base == 0
    }

    /// The same times `numerator / denominator`, rounded to whole base units.
    #[must_use]
    pub(super) fn scaled(self, numerator: u128, denominator: u128) -> Self {
        Self { base: times_ratio(self.base, numerator, denominator), ..self }
    }

    /// The quantity of a price's unit that this is in `period` when it is used in every `span`,
    /// rounded to `decimals`.
    #[must_use]
    pub(super) fn quantity(self, span: Span, period: Span, decimals: u32) -> Quantity {
        let (span, period) =
            (u128::from(span.nanoseconds().max(1)), u128::from(period.nanoseconds()));
        let divisor = greatest_common_divisor(span, period).max(1);
        let scale = 10u128.pow(decimals);
        let base = self.base.saturating_mul(scale);
        let units = times_ratio(base, period / divisor, self.per_unit * (span / divisor));
        Quantity::from_scaled(units, decimals)
    }
}

/// `value * numerator / denominator` to the nearest whole number, halves up.
pub(super) fn times_ratio(value: u128, mut numerator: u128, mut denominator: u128) -> u128 {
    denominator = denominator.max(1);
    let common = greatest_common_divisor(numerator, denominator).max(1);
    (numerator, denominator) = (numerator / common, denominator / common);
    loop {
        let (whole, rest) = (value / denominator, value % denominator);
        let product = whole.checked_mul(numerator);
        let rest = rest.checked_mul(numerator).and_then(|rest| rest.checked_add(denominator / 2));
        if let (Some(product), Some(rest)) = (product, rest)
            && let Some(sum) = product.checked_add(rest / denominator)
        {
            return sum;
        }
        if numerator <= 1 || denominator <= 1 {
            return u128::MAX;
        }
        // Beyond 128 bits, which only spans of odd nanoseconds reach, the last digits go.
        (numerator, denominator) = (numerator.div_ceil(2), denominator.div_ceil(2));
    }
}

fn greatest_common_divisor(mut a: u128, mut b: u128) -> u128 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

/// Whole units of a rate in `span`.
pub(super) fn amount_in(rate: Rate, span: Span) -> u128 {
    times_ratio(
        u128::from(rate.amount()),
        u128::from(span.nanoseconds()),
        u128::from(rate.per_nanoseconds()),
    )
}

impl Usage {
    /// The same at `numerator / denominator` times the traffic, on `shards` shards where it is
    /// given. What consumers use of other services grows with the traffic, what the stream uses with
    /// its shards; keys stay what they are.
    #[must_use]
    pub fn grown(&self, numerator: u128, denominator: u128, shards: Option<u64>) -> Self {
        let grow = |value: u128| times_ratio(value, numerator, denominator);
        let span = u128::from(self.span.nanoseconds());
        let shard_nanoseconds =
            shards.map(|shards| u128::from(shards) * span * u128::from(self.stream.streams));
        Self {
            span: self.span,
            active: self.active,
            stream: StreamUsage {
                shard_nanoseconds: shard_nanoseconds.unwrap_or(self.stream.shard_nanoseconds),
                put_payload_units: grow(self.stream.put_payload_units),
                data_in_bytes: grow(self.stream.data_in_bytes),
                stored_bytes: grow(self.stream.stored_bytes),
                ..self.stream.clone()
            },
            consumers: self
                .consumers
                .iter()
                .map(|consumer| ConsumerUsage {
                    shard_nanoseconds: match shard_nanoseconds {
                        Some(all) if consumer.kind == ReadKind::EnhancedFanOut => all,
                        _ => consumer.shard_nanoseconds,
                    },
                    read_bytes: grow(consumer.read_bytes),
                    data_out_bytes: grow(consumer.data_out_bytes),
                    long_term_bytes: grow(consumer.long_term_bytes),
                    ..consumer.clone()
                })
                .collect(),
            downstream: self
                .downstream
                .iter()
                .map(|used| {
                    let before = self.stream.shard_nanoseconds;
                    let amount = match (&used.consumer, shard_nanoseconds) {
                        (Some(_), _) => used.amount.scaled(numerator, denominator),
                        (None, Some(after)) if used.item == Item::ShardMetrics && before > 0 => {
                            used.amount.scaled(after, before)
                        }
                        (None, _) => used.amount,
                    };
                    DownstreamUsage { amount, ..used.clone() }
                })
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::MONTH;
    use crate::units::MIB;

    const DAY: Span = Span::from_seconds(86_400);

    #[test]
    fn a_day_is_stretched_to_a_month_of_730_hours_exactly() {
        let quantity = |amount: Amount, decimals| amount.quantity(DAY, MONTH, decimals).to_string();
        assert_eq!(quantity(Amount::count(24), 0), "730");
        assert_eq!(quantity(Amount::nanoseconds(4 * 86_400_000_000_000), 6), "2,920");
        assert_eq!(quantity(Amount::bytes(24 << 30), 6), "730");
        assert_eq!(quantity(Amount::thing_seconds(86_400), 6), "1");
        // One GB that is kept a day of every day is one GB all month.
        assert_eq!(quantity(Amount::byte_seconds((1 << 30) * 86_400), 6), "1");
        let one_gigabyte_for_a_second = Amount::byte_milliseconds((1 << 30) * 1_000);
        assert_eq!(quantity(one_gigabyte_for_a_second, 6), "30.416667");
    }

    #[test]
    fn halves_are_rounded_up_and_nothing_overflows() {
        assert_eq!(times_ratio(5, 1, 2), 3);
        assert_eq!(times_ratio(7, 2, 7), 2);
        assert_eq!(times_ratio(u128::MAX, 1, 1), u128::MAX);
        let odd = Span::from_nanoseconds(366 * 86_400_000_000_000 - 1);
        let huge = Amount::bytes(u128::from(u64::MAX));
        let quantity = huge.quantity(odd, MONTH, 6).as_f64();
        let expected = u64::MAX as f64 / GIB as f64 * 730.0 / (366.0 * 24.0);
        assert!((quantity / expected - 1.0).abs() < 1e-9, "{quantity} {expected}");
    }

    #[test]
    fn a_rate_comes_to_whole_units_in_a_time() {
        let commitment = amount_in(Rate::per_second(25 * MIB), DAY);
        assert_eq!(commitment, 86_400 * 25 * u128::from(MIB));
    }
}
