//! How often each age was met, exactly, for as long as there are not too many different ones.
//!
//! Ages that a consumer keeps up with are small and come again and again. Where a consumer falls
//! ever further behind, each second may bring another age; from two hundred thousand different ones
//! on, more than two days of seconds have, ages are rounded to a thousandth.

use std::collections::BTreeMap;

/// Ages below are counted in a table, in milliseconds.
const SMALL: usize = 4_096;
/// Different ages that are told apart exactly.
const EXACT_MAX: usize = 200_000;
/// Bits of an age that are left when it is rounded.
const ROUNDED_BITS: u32 = 11;

/// Counts of ages in milliseconds.
#[derive(Clone, Debug, Default)]
pub struct AgeCounts {
    small: Vec<u64>,
    large: BTreeMap<u64, u64>,
    ages: u64,
    rounded: bool,
}

impl AgeCounts {
    /// Counts an age.
    pub fn record(&mut self, age_ms: u64) {
        self.ages += 1;
        if age_ms < SMALL as u64 {
            let index = age_ms as usize;
            if self.small.len() <= index {
                self.small.resize(index + 1, 0);
            }
            self.small[index] += 1;
            return;
        }
        let age_ms = if self.rounded { rounded(age_ms) } else { age_ms };
        *self.large.entry(age_ms).or_default() += 1;
        if self.large.len() > EXACT_MAX && !self.rounded {
            self.round();
        }
    }

    #[cold]
    fn round(&mut self) {
        self.rounded = true;
        for (age_ms, count) in std::mem::take(&mut self.large) {
            *self.large.entry(rounded(age_ms)).or_default() += count;
        }
    }

    /// The middle one of all ages, the upper of two; zero when there are none.
    #[must_use]
    pub fn median_ms(&self) -> u64 {
        let small = self.small.iter().enumerate().map(|(age_ms, count)| (age_ms as u64, *count));
        let large = self.large.iter().map(|(age_ms, count)| (*age_ms, *count));
        let mut before = self.ages / 2;
        for (age_ms, count) in small.chain(large) {
            if count > before {
                return age_ms;
            }
            before -= count;
        }
        0
    }
}

/// The middle of the ages that share the highest bits with this one.
const fn rounded(age_ms: u64) -> u64 {
    let shift = (u64::BITS - age_ms.leading_zeros()).saturating_sub(ROUNDED_BITS);
    ((age_ms >> shift) << shift) + (1 << shift) / 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_age() {
        assert_eq!(AgeCounts::default().median_ms(), 0);
        for ages in [vec![3], vec![9_000, 1], vec![5_000, 5, 70_000, 5, 6_000], vec![8, 1, 1, 8]] {
            let mut counts = AgeCounts::default();
            ages.iter().for_each(|age_ms| counts.record(*age_ms));
            let mut sorted = ages.clone();
            sorted.sort_unstable();
            assert_eq!(counts.median_ms(), sorted[ages.len() / 2], "{ages:?}");
        }
    }

    #[test]
    fn very_many_ages_are_rounded_to_a_thousandth_and_take_no_more_room() {
        let mut counts = AgeCounts::default();
        for second in 0..1_000_001u64 {
            counts.record(second * 1_000);
        }
        assert!(counts.rounded && counts.large.len() < 30_000, "{}", counts.large.len());
        assert!(counts.median_ms().abs_diff(500_000_000) <= 500_000, "{}", counts.median_ms());
    }
}
