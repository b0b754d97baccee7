//! The times of a trace: dates with time of day, or numbers in a unit that the first one tells.

use crate::time::{Civil, NANOSECONDS_PER_SECOND, Timestamp};

/// Most digits that a whole number of 64 bits always holds.
const WHOLE_DIGITS_MAX: usize = 19;
/// One to a billion, for up to nine digits of a fraction.
const POWERS_OF_TEN: [u64; 10] = [
    1,
    10,
    100,
    1_000,
    10_000,
    100_000,
    1_000_000,
    10_000_000,
    100_000_000,
    NANOSECONDS_PER_SECOND,
];

/// Unit of times that are numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::scenario) enum TimeUnit {
    /// Seconds, with or without a fraction.
    Seconds,
    /// Milliseconds.
    Milliseconds,
    /// Microseconds.
    Microseconds,
    /// Nanoseconds.
    Nanoseconds,
}

impl TimeUnit {
    const fn nanoseconds(self) -> u64 {
        match self {
            Self::Seconds => 1_000_000_000,
            Self::Milliseconds => 1_000_000,
            Self::Microseconds => 1_000,
            Self::Nanoseconds => 1,
        }
    }

    /// The unit in which a number of this size is a time from 1973 to 5138, or seconds since any
    /// start: below 1e11 seconds, below 1e14 milliseconds, below 1e17 microseconds.
    const fn of(whole: u128) -> Self {
        match whole {
            0..100_000_000_000 => Self::Seconds,
            100_000_000_000..100_000_000_000_000 => Self::Milliseconds,
            100_000_000_000_000..100_000_000_000_000_000 => Self::Microseconds,
            _ => Self::Nanoseconds,
        }
    }
}

/// How all times of a trace are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Notation {
    Calendar,
    Number(TimeUnit),
}

/// Reads times, all in the notation of the first one.
#[derive(Clone, Debug)]
pub(super) struct TraceClock {
    notation: Option<Notation>,
}

impl TraceClock {
    /// A clock of which the unit of numbers is known, or is told by the first time.
    pub(super) fn new(unit: Option<TimeUnit>) -> Self {
        Self { notation: unit.map(Notation::Number) }
    }

    /// The time that `text` says, in nanoseconds since 1970 or since where the numbers start.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn read(&mut self, text: &str) -> Result<u128, String> {
        let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        let notation = match self.notation {
            Some(notation) => notation,
            None if !text.is_empty() && is_number(text) => {
                let whole = text.split('.').next().unwrap_or_default();
                Notation::Number(TimeUnit::of(whole.parse().unwrap_or(0)))
            }
            None => Notation::Calendar,
        };
        let time = match notation {
            Notation::Calendar => calendar(text),
            Notation::Number(unit) => decimal(text, unit.nanoseconds()),
        };
        let time = time.ok_or_else(|| match notation {
            Notation::Calendar => "is not a time such as `2026-01-01T00:00:00Z`".to_owned(),
            Notation::Number(unit) => {
                format!("is not a number of {}", format!("{unit:?}").to_lowercase())
            }
        })?;
        self.notation = Some(notation);
        Ok(time)
    }
}

/// `digits` or `digits.digits` units, in nanoseconds; what is finer is cut off.
fn decimal(text: &str, unit: u64) -> Option<u128> {
    let (whole, fraction) = match text.split_once('.') {
        Some((_, "")) => return None,
        Some(parts) => parts,
        None => (text, ""),
    };
    if whole.is_empty() || whole.len() > WHOLE_DIGITS_MAX {
        return None;
    }
    Some(u128::from(digits(whole)?) * u128::from(unit) + u128::from(part(fraction, unit)?))
}

/// The nanoseconds of `.digits` of a unit, which is at most a second; what is finer is cut off.
fn part(fraction: &str, unit: u64) -> Option<u64> {
    let (kept, finer) =
        fraction.split_at_checked(POWERS_OF_TEN.len() - 1).unwrap_or((fraction, ""));
    if finer.bytes().any(|byte| !byte.is_ascii_digit()) {
        return None;
    }
    Some(digits(kept)? * unit / POWERS_OF_TEN[kept.len()])
}

/// The number that at most nineteen digits write; zero for none.
fn digits(text: &str) -> Option<u64> {
    text.bytes().try_fold(0, |number: u64, byte| {
        byte.is_ascii_digit().then(|| number * 10 + u64::from(byte - b'0'))
    })
}

/// `2026-01-01T00:00:00`, with or without a fraction and `Z` or a distance from UTC, in
/// nanoseconds since 1970; UTC where nothing is said.
fn calendar(text: &str) -> Option<u128> {
    let number = |from: usize, to: usize| -> Option<u64> { digits(text.get(from..to)?) };
    let bytes = text.as_bytes();
    let separators = [(4, b"-"), (7, b"-"), (13, b":"), (16, b":")];
    let separated = separators.iter().all(|(at, wanted)| bytes.get(*at) == Some(&wanted[0]));
    if !separated || !matches!(bytes.get(10), Some(b'T' | b't' | b' ')) {
        return None;
    }
    let civil = Civil {
        year: number(0, 4)?,
        month: number(5, 7)?,
        day: number(8, 10)?,
        hour: number(11, 13)?,
        minute: number(14, 16)?,
        second: number(17, 19)?,
    };
    let seconds = Timestamp::new(civil)?.unix_seconds();
    let rest = text.get(19..)?;
    let zone = rest.trim_start_matches(|each: char| each == '.' || each.is_ascii_digit());
    let fraction = &rest[..rest.len() - zone.len()];
    let fraction = match fraction.strip_prefix('.') {
        None if fraction.is_empty() => 0,
        Some(fraction) if !fraction.is_empty() => part(fraction, NANOSECONDS_PER_SECOND)?,
        _ => return None,
    };
    let local = u128::from(seconds) * u128::from(NANOSECONDS_PER_SECOND) + u128::from(fraction);
    match zone {
        "" | "Z" | "z" => Some(local),
        _ => {
            let digits: String = zone.get(1..)?.chars().filter(|each| *each != ':').collect();
            if digits.len() != 4 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
                return None;
            }
            let (hours, minutes) =
                (digits[..2].parse::<u128>().ok()?, digits[2..].parse::<u128>().ok()?);
            let distance = (hours * 3_600 + minutes * 60) * u128::from(NANOSECONDS_PER_SECOND);
            match zone.as_bytes().first() {
                Some(b'+') => local.checked_sub(distance),
                Some(b'-') => Some(local + distance),
                _ => None,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<u128> {
        TraceClock::new(None).read(text).ok()
    }

    #[test]
    fn a_time_is_a_date_or_a_number_of_the_unit_that_its_size_tells() {
        let moment = Some(1_767_225_600_250_000_000);
        for text in [
            "2026-01-01T00:00:00.25Z",
            "2026-01-01 00:00:00.250",
            "2026-01-01T01:30:00.25+01:30",
            "2025-12-31T23:00:00.25-0100",
            "1767225600.25",
            "1767225600250",
            "1767225600250000",
            "1767225600250000000",
        ] {
            assert_eq!(read(text), moment, "{text}");
        }
        assert_eq!((read("0"), read("0.000000001")), (Some(0), Some(1)));
        for text in ["", "12.", ".5", "1e3", "-1", "2026-02-30T00:00:00Z", "2026-01-01", "now"] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn the_first_time_sets_the_unit_of_all() {
        let mut clock = TraceClock::new(None);
        assert_eq!(clock.read("99999999999.5").ok(), Some(99_999_999_999_500_000_000));
        assert_eq!(clock.read("100000000000").ok(), Some(100_000_000_000_000_000_000));
        assert!(clock.read("2026-01-01T00:00:00Z").is_err());
        let mut clock = TraceClock::new(Some(TimeUnit::Milliseconds));
        assert_eq!(clock.read("1.5").ok(), Some(1_500_000));
    }
}
