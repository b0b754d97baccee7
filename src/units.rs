//! Quantities with a unit: bytes, records, rates and ratios, each its own type.
//!
//! A rate is kept as an exact fraction of whole things over nanoseconds, so that the token
//! buckets of the model can be integers. Reading and writing of quantities as text is in
//! `scenario::quantity`; `money` holds US dollars and what a bill counts.

mod money;

use std::fmt;

pub use money::{AMOUNT_DECIMALS, Quantity, Usd};

use crate::time::{NANOSECONDS_PER_SECOND, Span};

/// Bytes in one KiB, one MiB and one GiB.
pub const KIB: u64 = 1 << 10;
/// Bytes in one MiB.
pub const MIB: u64 = 1 << 20;
/// Bytes in one GiB.
pub const GIB: u64 = 1 << 30;

/// An amount of data in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bytes(pub u64);

/// A number of records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Records(pub u64);

/// A number of API calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Calls(pub u64);

/// A number of shards.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Shards(pub u64);

/// A number between zero and one: a share of something.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd)]
pub struct Ratio(pub f64);

/// A ratio that may be above one: how many times something.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd)]
pub struct Multiple(pub f64);

/// An exact rate: `amount` things in `per_nanoseconds`, in lowest terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rate {
    amount: u64,
    per_nanoseconds: u64,
}

/// Records per time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RecordRate(pub Rate);

/// Bytes per time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ByteRate(pub Rate);

/// API calls per time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CallRate(pub Rate);

impl Rate {
    /// `amount` things in every `per`; nothing when `per` is zero.
    #[must_use]
    pub const fn new(amount: u64, per: Span) -> Self {
        let per_nanoseconds = per.nanoseconds();
        if per_nanoseconds == 0 || amount == 0 {
            return Self { amount: 0, per_nanoseconds: 1 };
        }
        let divisor = greatest_common_divisor(amount, per_nanoseconds);
        Self { amount: amount / divisor, per_nanoseconds: per_nanoseconds / divisor }
    }

    /// `amount` things in every second.
    #[must_use]
    pub const fn per_second(amount: u64) -> Self {
        Self::new(amount, Span::SECOND)
    }

    /// Numerator of the rate in lowest terms.
    #[must_use]
    pub const fn amount(self) -> u64 {
        self.amount
    }

    /// Denominator of the rate in lowest terms, in nanoseconds.
    #[must_use]
    pub const fn per_nanoseconds(self) -> u64 {
        self.per_nanoseconds
    }

    /// Things per second, rounded to 53 bits.
    #[must_use]
    pub const fn as_per_second(self) -> f64 {
        self.amount as f64 / self.per_nanoseconds as f64 * NANOSECONDS_PER_SECOND as f64
    }
}

const fn greatest_common_divisor(mut a: u64, mut b: u64) -> u64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

impl fmt::Display for Bytes {
    /// The largest binary unit that leaves no remainder: `600 B`, `4 KiB`, `1 MiB`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            0 => write!(formatter, "0 B"),
            n if n.is_multiple_of(GIB) => write!(formatter, "{} GiB", n / GIB),
            n if n.is_multiple_of(MIB) => write!(formatter, "{} MiB", n / MIB),
            n if n.is_multiple_of(KIB) => write!(formatter, "{} KiB", n / KIB),
            n => write!(formatter, "{n} B"),
        }
    }
}

impl fmt::Display for Records {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} records", self.0)
    }
}

impl fmt::Display for Calls {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} calls", self.0)
    }
}

impl fmt::Display for Shards {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} shards", self.0)
    }
}

impl fmt::Display for RecordRate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} records/s", self.0.as_per_second())
    }
}

impl fmt::Display for CallRate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} calls/s", self.0.as_per_second())
    }
}

impl fmt::Display for ByteRate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let per_second = self.0.as_per_second();
        if per_second.fract() == 0.0 {
            write!(formatter, "{}/s", Bytes(per_second as u64))
        } else {
            write!(formatter, "{per_second} B/s")
        }
    }
}

impl fmt::Display for Ratio {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} %", self.0 * 100.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_kept_in_lowest_terms() {
        let rate = Rate::per_second(MIB);
        assert_eq!((rate.amount(), rate.per_nanoseconds()), (2048, 1_953_125));
        assert_eq!(rate.as_per_second() as u64, MIB);
    }

    #[test]
    fn bytes_print_in_the_largest_unit_that_fits() {
        assert_eq!(Bytes(4096).to_string(), "4 KiB");
        assert_eq!(Bytes(600).to_string(), "600 B");
        assert_eq!(ByteRate(Rate::per_second(MIB)).to_string(), "1 MiB/s");
    }
}
