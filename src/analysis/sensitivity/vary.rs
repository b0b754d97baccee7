//! Other values of the constants of the service: half and double, or the other of two.

use crate::quotas::{Quotas, WriteLimiter, quota_table};
use crate::time::Span;
use crate::units::{ByteRate, Bytes, CallRate, Calls, Rate, Ratio, RecordRate, Records, Shards};

/// In which direction a value is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Other {
    /// Half of it, or the other of two.
    Half,
    /// Twice as much.
    Double,
}

impl Other {
    const fn of(self, value: u64) -> u64 {
        match self {
            Self::Half => value / 2,
            Self::Double => value.saturating_mul(2),
        }
    }
}

/// A value that can be another one.
trait Vary: Sized {
    /// The other value; none where there is none that way.
    fn vary(self, other: Other) -> Option<Self>;
}

/// A half of one thing is none, which is no value of any of these.
fn positive(value: u64) -> Option<u64> {
    (value > 0).then_some(value)
}

macro_rules! vary_counts {
    ($($kind:ident),+) => {
        $(impl Vary for $kind {
            fn vary(self, other: Other) -> Option<Self> {
                positive(other.of(self.0)).map(Self)
            }
        })+
    };
}
vary_counts!(Bytes, Records, Calls, Shards);

macro_rules! vary_rates {
    ($($kind:ident),+) => {
        $(impl Vary for $kind {
            fn vary(self, other: Other) -> Option<Self> {
                let (amount, per) = (self.0.amount(), self.0.per_nanoseconds());
                // In lowest terms the amount may be one, so it is the time that is doubled.
                let (amount, per) = match other {
                    Other::Half => (amount, per.checked_mul(2)?),
                    Other::Double => (amount.checked_mul(2)?, per),
                };
                Some(Self(Rate::new(amount, Span::from_nanoseconds(per))))
            }
        })+
    };
}
vary_rates!(RecordRate, ByteRate, CallRate);

impl Vary for Span {
    fn vary(self, other: Other) -> Option<Self> {
        Some(Self::from_nanoseconds(other.of(self.nanoseconds())))
    }
}

impl Vary for Ratio {
    fn vary(self, other: Other) -> Option<Self> {
        Some(Self(if other == Other::Half { self.0 / 2.0 } else { self.0 * 2.0 }))
    }
}

impl Vary for bool {
    fn vary(self, other: Other) -> Option<Self> {
        (other == Other::Half).then_some(!self)
    }
}

impl Vary for WriteLimiter {
    fn vary(self, other: Other) -> Option<Self> {
        let two = match self {
            Self::TokenBucket => Self::FixedWindow,
            Self::FixedWindow => Self::TokenBucket,
        };
        (other == Other::Half).then_some(two)
    }
}

macro_rules! define_varied {
    ($($(#[doc = $doc:literal])+ $name:ident: $kind:ty = $value:expr, $provenance:ident, $source:literal;)+) => {
        /// Another value of a quota as a scenario writes it; none where there is no such value.
        pub(super) fn varied(quotas: &Quotas, name: &str, other: Other) -> Option<String> {
            match name {
                $(stringify!($name) => {
                    let value: $kind = quotas.$name;
                    let varied = value.vary(other)?;
                    (varied != value).then(|| varied.to_string())
                })+
                _ => None,
            }
        }
    };
}
quota_table!(define_varied);

/// Another span as a scenario writes it; none where it is the same.
pub(super) fn varied_span(span: Span, other: Other) -> Option<Span> {
    span.vary(other).filter(|varied| *varied != span)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_quota_has_another_value() {
        let quotas = Quotas::default();
        for fact in quotas.facts() {
            let half = varied(&quotas, fact.name, Other::Half);
            assert!(half.as_ref().is_some_and(|half| *half != fact.value), "{}", fact.name);
        }
        let written = varied(&quotas, "enhanced_fan_out_propagation", Other::Double);
        assert_eq!(written.as_deref(), Some("140 ms"));
        assert_eq!(
            varied(&quotas, "shard_write_limiter", Other::Half).as_deref(),
            Some("fixed_window")
        );
    }
}
