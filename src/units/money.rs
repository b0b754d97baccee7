//! Money: exact decimal amounts of US dollars, never floating point.
//!
//! An amount is kept to a millionth of a dollar, so that small lines of a bill are not lost and
//! large ones add up exactly; a price has as many digits as the price list gives it. Halves are
//! rounded away from zero.

use std::borrow::Cow;
use std::fmt;
use std::iter::Sum;
use std::ops::{Add, Sub};

use rust_decimal::{Decimal, RoundingStrategy};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Serialize, Serializer};

/// Decimal places of an amount of money.
pub const AMOUNT_DECIMALS: u32 = 6;
/// How the last digit is rounded, everywhere.
const ROUNDING: RoundingStrategy = RoundingStrategy::MidpointAwayFromZero;

/// US dollars: a price, or an amount.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Usd(Decimal);

impl Usd {
    /// Nothing.
    pub const ZERO: Self = Self(Decimal::ZERO);

    /// Dollars as a price list writes them: `0.0150000000`, `1.4e-8`; nothing for other texts.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let scientific = text.contains(['e', 'E']);
        let parsed = if scientific { Decimal::from_scientific(text) } else { text.parse() };
        parsed.ok().map(|decimal: Decimal| Self(decimal.normalize()))
    }

    /// So many cents.
    #[must_use]
    pub fn from_cents(cents: i64) -> Self {
        Self(Decimal::new(cents, 2))
    }

    /// So many millionths of a dollar.
    #[must_use]
    pub fn from_millionths(millionths: u64) -> Self {
        Self(Decimal::from_i128_with_scale(i128::from(millionths), AMOUNT_DECIMALS).normalize())
    }

    /// Dollars of a figure that came from [`Self::as_f64`], or of a mean of such; nothing for what
    /// is no number.
    #[must_use]
    pub fn from_f64(dollars: f64) -> Option<Self> {
        Self::parse(&format!("{dollars:.6}"))
    }

    /// Exact dollars.
    #[must_use]
    pub const fn dollars(self) -> Decimal {
        self.0
    }

    /// This price for `quantity` units, to a millionth of a dollar.
    #[must_use]
    pub fn times(self, quantity: Quantity) -> Self {
        let exact = self.0.saturating_mul(quantity.0);
        Self(exact.round_dp_with_strategy(AMOUNT_DECIMALS, ROUNDING).normalize())
    }

    /// The nearest binary fraction, for comparisons and JSON; up to a billion dollars all six
    /// decimals survive it.
    #[must_use]
    pub fn as_f64(self) -> f64 {
        nearest(self.0)
    }

    /// Whether it is below zero.
    #[must_use]
    pub const fn is_negative(self) -> bool {
        self.0.is_sign_negative()
    }

    /// To the cent, with a comma every three digits: `1,234.50`. What is not zero and would be,
    /// shows its first digits instead: `0.0004`.
    #[must_use]
    pub fn to_cents(self) -> String {
        let cents = self.0.round_dp_with_strategy(2, ROUNDING);
        if cents.is_zero() && !self.0.is_zero() {
            let places = (3..=12).find(|places| !self.0.round_dp(*places).is_zero()).unwrap_or(12);
            let rounded = self.0.round_dp_with_strategy(places, ROUNDING);
            return rounded.normalize().to_string();
        }
        let text = format!("{:.2}", cents.abs());
        let (whole, fraction) = text.split_once('.').unwrap_or((&text, "00"));
        let sign = if cents.is_sign_negative() { "-" } else { "" };
        format!("{sign}{}.{fraction}", grouped(whole))
    }
}

/// A quantity on a bill: an exact decimal number of the unit of its price.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Quantity(Decimal);

impl Quantity {
    /// None.
    pub const ZERO: Self = Self(Decimal::ZERO);

    /// `units * 10^-decimals`; at most what 96 bits hold.
    #[must_use]
    pub fn from_scaled(units: u128, decimals: u32) -> Self {
        const MOST: u128 = (1 << 96) - 1;
        let units = i128::try_from(units.min(MOST)).unwrap_or(i128::MAX);
        let decimal = Decimal::try_from_i128_with_scale(units, decimals);
        Self(decimal.unwrap_or(Decimal::MAX).normalize())
    }

    /// A decimal number; nothing for other texts.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        text.parse().ok().map(|decimal: Decimal| Self(decimal.normalize()))
    }

    /// The number.
    #[must_use]
    pub const fn decimal(self) -> Decimal {
        self.0
    }

    /// Whether it is none.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.0.is_zero()
    }

    /// The nearest binary fraction; fifteen digits survive it.
    #[must_use]
    pub fn as_f64(self) -> f64 {
        nearest(self.0)
    }
}

fn nearest(decimal: Decimal) -> f64 {
    // By way of the text, because that is rounded once.
    decimal.to_string().parse().unwrap_or(f64::NAN)
}

/// Digits with a comma every three.
fn grouped(digits: &str) -> String {
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

impl Add for Usd {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Sub for Usd {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl Sum for Usd {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, Add::add)
    }
}

impl Add for Quantity {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Sub for Quantity {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl fmt::Display for Usd {
    /// All digits and the currency: `0.015 USD`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} USD", self.0.normalize())
    }
}

impl fmt::Display for Quantity {
    /// All digits, with a comma every three before the point: `2,920`, `250.625610`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.0.normalize().to_string();
        match text.split_once('.') {
            Some((whole, fraction)) => write!(formatter, "{}.{fraction}", grouped(whole)),
            None => formatter.write_str(&grouped(&text)),
        }
    }
}

impl Serialize for Usd {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.as_f64())
    }
}

impl Serialize for Quantity {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.as_f64())
    }
}

impl JsonSchema for Usd {
    fn schema_name() -> Cow<'static, str> {
        "Usd".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        schemars::json_schema!({ "type": "number", "description": "US dollars." })
    }
}

impl JsonSchema for Quantity {
    fn schema_name() -> Cow<'static, str> {
        "Quantity".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        schemars::json_schema!({ "type": "number", "description": "Units of a price." })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usd(text: &str) -> Usd {
        Usd::parse(text).unwrap()
    }

    #[test]
    fn a_price_times_a_quantity_is_exact_to_a_millionth() {
        let shard_hours = Quantity::from_scaled(2_920, 0);
        assert_eq!(usd("0.0150000000").times(shard_hours), usd("43.8"));
        assert_eq!(usd("1.4e-8").times(Quantity::from_scaled(1, 0)), Usd::ZERO);
        assert_eq!(usd("0.0000005").times(Quantity::from_scaled(1, 0)), usd("0.000001"));
    }

    #[test]
    fn amounts_show_cents_and_nothing_but_zero_shows_as_zero() {
        let cases = [
            ("0", "0.00"),
            ("43.8", "43.80"),
            ("1234567.895", "1,234,567.90"),
            ("0.000412", "0.0004"),
            ("-12.5", "-12.50"),
        ];
        for (amount, text) in cases {
            assert_eq!(usd(amount).to_cents(), text);
        }
        assert_eq!(usd("0.0150").to_string(), "0.015 USD");
    }

    #[test]
    fn six_decimals_survive_json() {
        for text in ["0.1", "273.849041", "999999999.999999", "0.000001"] {
            let amount = usd(text);
            assert_eq!(serde_json::to_string(&amount).unwrap().parse(), Ok(amount.as_f64()));
            assert_eq!(format!("{}", amount.as_f64()), text);
        }
        assert_eq!(Quantity::from_scaled(250_625_610, 6).to_string(), "250.62561");
        assert_eq!(Quantity::from_scaled(26_280_000, 0).to_string(), "26,280,000");
    }

    #[test]
    fn what_is_no_number_is_no_money() {
        for text in ["", "x", "1,5", "$3", "1e", "--1"] {
            assert_eq!(Usd::parse(text), None, "{text}");
        }
    }
}
