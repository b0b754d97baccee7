//! The calendar: which day and hour it is at a moment of a run.
//!
//! Only keys that are times, and daily and weekly waves, ask for it. All is UTC without leap
//! seconds. Days to dates and back: H. Hinnant, "chrono-compatible low-level date algorithms".

use std::fmt;

const SECONDS_PER_DAY: u64 = 86_400;
/// From a monday to 1970-01-01, a thursday.
const DAYS_FROM_MONDAY_TO_1970: u64 = 3;
/// Days from 0000-03-01 to 1970-01-01.
const DAYS_BEFORE_1970: u64 = 719_468;
/// Days of 400 years.
const DAYS_PER_ERA: u64 = 146_097;

/// A moment of the calendar in UTC, to the second, from 1970 on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp(u64);

/// A moment taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Civil {
    /// Year, such as 2026.
    pub year: u64,
    /// Month, 1 to 12.
    pub month: u64,
    /// Day of the month, 1 to 31.
    pub day: u64,
    /// Hour, 0 to 23.
    pub hour: u64,
    /// Minute, 0 to 59.
    pub minute: u64,
    /// Second, 0 to 59.
    pub second: u64,
}

impl Timestamp {
    /// 2026-01-01T00:00:00Z, at which a run starts unless the scenario says otherwise.
    pub const DEFAULT_START: Self = Self(1_767_225_600);

    /// The moment that many seconds after 1970-01-01T00:00:00Z.
    #[must_use]
    pub const fn from_unix_seconds(seconds: u64) -> Self {
        Self(seconds)
    }

    /// The moment of a date and a time; nothing when there is no such date, time, or it is before
    /// 1970.
    #[must_use]
    pub fn new(civil: Civil) -> Option<Self> {
        let Civil { year, month, day, hour, minute, second } = civil;
        let is_time = hour < 24 && minute < 60 && second < 60;
        let is_date = (1970..10_000).contains(&year) && (1..=12).contains(&month) && day >= 1;
        if !is_time || !is_date {
            return None;
        }
        // Years begin in March, so that a leap day is the last one.
        let year = if month <= 2 { year - 1 } else { year };
        let (era, of_era) = (year / 400, year % 400);
        let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
        let days = era * DAYS_PER_ERA + of_era * 365 + of_era / 4 - of_era / 100 + of_year;
        let days = days.checked_sub(DAYS_BEFORE_1970)?;
        let moment = Self(days * SECONDS_PER_DAY + hour * 3_600 + minute * 60 + second);
        // The 31st of February is a day of March.
        (moment.civil() == civil).then_some(moment)
    }

    /// Seconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub const fn unix_seconds(self) -> u64 {
        self.0
    }

    /// Seconds since the last midnight.
    #[must_use]
    pub const fn second_of_day(self) -> u64 {
        self.0 % SECONDS_PER_DAY
    }

    /// Seconds since the last midnight that began a monday.
    #[must_use]
    pub const fn second_of_week(self) -> u64 {
        (self.0 + DAYS_FROM_MONDAY_TO_1970 * SECONDS_PER_DAY) % (7 * SECONDS_PER_DAY)
    }

    /// Its date and its time of day.
    #[must_use]
    pub const fn civil(self) -> Civil {
        let days = self.0 / SECONDS_PER_DAY + DAYS_BEFORE_1970;
        let of_era = days % DAYS_PER_ERA;
        let year_of_era =
            (of_era - of_era / 1_460 + of_era / 36_524 - of_era / (DAYS_PER_ERA - 1)) / 365;
        let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let from_march = (5 * of_year + 2) / 153;
        let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
        let year = year_of_era + days / DAYS_PER_ERA * 400;
        let second = self.second_of_day();
        Civil {
            year: if month <= 2 { year + 1 } else { year },
            month,
            day: of_year - (153 * from_march + 2) / 5 + 1,
            hour: second / 3_600,
            minute: second / 60 % 60,
            second: second % 60,
        }
    }
}

impl fmt::Display for Timestamp {
    /// `2026-01-01T00:00:00Z`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Civil { year, month, day, hour, minute, second } = self.civil();
        write!(formatter, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 1970-01-01 is day 0; 2026-01-01 is day 20,454 = 56 * 365 + 14 leap days.
    #[test]
    fn known_days_have_their_dates() {
        assert_eq!(Timestamp(0).to_string(), "1970-01-01T00:00:00Z");
        assert_eq!(Timestamp::DEFAULT_START.to_string(), "2026-01-01T00:00:00Z");
        assert_eq!(Timestamp::DEFAULT_START.0, (56 * 365 + 14) * SECONDS_PER_DAY);
        assert_eq!(Timestamp(951_782_400).to_string(), "2000-02-29T00:00:00Z");
        assert_eq!(Timestamp(1_709_251_199).to_string(), "2024-02-29T23:59:59Z");
    }

    /// 2026-01-01 is a thursday, 2000-02-29 was a tuesday, 2024-02-29 a thursday.
    #[test]
    fn a_week_begins_on_monday_at_midnight() {
        let since_monday = |days: u64, seconds: u64| days * SECONDS_PER_DAY + seconds;
        assert_eq!(Timestamp::DEFAULT_START.second_of_week(), since_monday(3, 0));
        assert_eq!(Timestamp(951_782_400).second_of_week(), since_monday(1, 0));
        assert_eq!(Timestamp(1_709_251_199).second_of_week(), since_monday(3, 86_399));
        let monday = Timestamp::DEFAULT_START.0 + 4 * SECONDS_PER_DAY;
        assert_eq!(Timestamp(monday).to_string(), "2026-01-05T00:00:00Z");
        assert_eq!(Timestamp(monday).second_of_week(), 0);
        assert_eq!(Timestamp(monday - 1).second_of_week(), since_monday(6, 86_399));
    }

    /// new(civil(t)) = t, and every day is the next one's eve.
    #[test]
    fn every_day_of_two_centuries_comes_back() {
        let mut before = Timestamp(0).civil();
        for day in 1..73_049 {
            let moment = Timestamp(day * SECONDS_PER_DAY + day % SECONDS_PER_DAY);
            let civil = moment.civil();
            assert_eq!(Timestamp::new(civil), Some(moment));
            let next_day = civil.day == before.day + 1 && civil.month == before.month;
            assert!(next_day || civil.day == 1, "{civil:?} after {before:?}");
            before = civil;
        }
        assert_eq!((before.year, before.month, before.day), (2169, 12, 31));
    }

    #[test]
    fn there_is_no_thirty_first_of_february() {
        let date = |year, month, day| {
            Timestamp::new(Civil { year, month, day, hour: 0, minute: 0, second: 0 })
        };
        assert!(date(2024, 2, 29).is_some() && date(2026, 12, 31).is_some());
        for (year, month, day) in [(2026, 2, 29), (2100, 2, 29), (2026, 4, 31), (2026, 13, 1)] {
            assert_eq!(date(year, month, day), None);
        }
        assert_eq!(date(1969, 12, 31), None);
        assert_eq!(date(2026, 1, 0), None);
    }
}
