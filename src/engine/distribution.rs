//! A distribution of spans of time, as quick to fill as an array.
//!
//! Buckets are spaced like those of an HDR histogram: 1,024 to each power of two, so a value is
//! known to 0.1 percent. The table grows to the largest value met. At the end of a run it becomes
//! an [`hdrhistogram::Histogram`], from which quantiles are read.

use hdrhistogram::Histogram;

/// Bits of a value that are kept.
const PRECISION_BITS: u32 = 10;
/// Longest time that a histogram tells apart: two years, in nanoseconds.
const LONGEST: u64 = 2 * 366 * 86_400 * 1_000_000_000;

/// Counts of spans in nanoseconds.
#[derive(Debug, Default)]
pub(super) struct Distribution {
    counts: Vec<u64>,
}

impl Distribution {
    pub(super) const fn new() -> Self {
        Self { counts: Vec::new() }
    }

    /// Adds one span.
    #[inline(always)]
    pub(super) fn record(&mut self, nanoseconds: u64) {
        self.record_many(nanoseconds, 1);
    }

    /// Adds `count` spans of the same length.
    #[inline(always)]
    pub(super) fn record_many(&mut self, nanoseconds: u64, count: u64) {
        let index = bucket(nanoseconds);
        if let Some(entry) = self.counts.get_mut(index) {
            *entry += count;
        } else {
            self.grow(index, count);
        }
    }

    /// Adds several spans.
    #[inline]
    pub(super) fn record_all(&mut self, mut spans: impl Iterator<Item = u64>) {
        loop {
            // Out of `self`, which grows in between at most.
            let counts = self.counts.as_mut_slice();
            let beyond = spans.by_ref().map(bucket).find(|index| match counts.get_mut(*index) {
                Some(entry) => {
                    *entry += 1;
                    false
                }
                None => true,
            });
            let Some(index) = beyond else { return };
            self.grow(index, 1);
        }
    }

    #[cold]
    fn grow(&mut self, index: usize, count: u64) {
        // To the end of the power of two, so that growing is rare.
        self.counts.resize((index | ((1 << PRECISION_BITS) - 1)) + 1, 0);
        self.counts[index] += count;
    }

    pub(super) fn add(&mut self, other: &Self) {
        if self.counts.len() < other.counts.len() {
            self.counts.resize(other.counts.len(), 0);
        }
        for (own, more) in self.counts.iter_mut().zip(&other.counts) {
            *own += more;
        }
    }

    /// The same counts in whole units of `nanoseconds_per_unit`, to three digits.
    #[allow(clippy::expect_used, reason = "the bounds are constants that the crate allows")]
    pub(super) fn histogram(&self, nanoseconds_per_unit: u64) -> Histogram<u64> {
        // A table up to the largest value: one up to the longest time would be most of what many
        // replications keep.
        let largest = self.counts.iter().rposition(|count| *count > 0).map_or(0, middle);
        let high = (largest.min(LONGEST) / nanoseconds_per_unit).max(2);
        let mut histogram = Histogram::new_with_bounds(1, high, 3).expect("bounds are legal");
        for (index, count) in self.counts.iter().enumerate() {
            if *count > 0 {
                histogram.saturating_record_n(middle(index) / nanoseconds_per_unit, *count);
            }
        }
        // It can be added to one of another run, whose largest value is another.
        histogram.auto(true);
        histogram
    }
}

/// The bucket that a value falls into.
#[inline(always)]
const fn bucket(value: u64) -> usize {
    let shift = (u64::BITS - 1 - PRECISION_BITS) - (value | (1 << PRECISION_BITS)).leading_zeros();
    ((shift as usize) << PRECISION_BITS) + (value >> shift) as usize
}

/// The middle of a bucket.
const fn middle(index: usize) -> u64 {
    if index < 2 << PRECISION_BITS {
        return index as u64;
    }
    let shift = (index >> PRECISION_BITS) - 1;
    let start = ((index - (shift << PRECISION_BITS)) as u64) << shift;
    start + (1 << shift) / 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_known_to_a_tenth_of_a_percent() {
        let mut value = 1u64;
        while value < LONGEST {
            for near in [value - 1, value, value + 1, value + value / 3] {
                let index = bucket(near);
                assert!(middle(index).abs_diff(near) <= near / 2_000 + 1, "{near}");
                assert!(bucket(near + 1) == index || bucket(near + 1) == index + 1, "{near}");
            }
            value *= 2;
        }
    }

    #[test]
    fn spans_together_are_the_same_as_one_by_one() {
        let spans = || (0..2_000u64).map(|index| index * index * index);
        let (mut together, mut each) = (Distribution::new(), Distribution::new());
        together.record_all(spans());
        spans().for_each(|span| each.record(span));
        assert!(together.counts == each.counts);
        assert_eq!(together.counts.iter().sum::<u64>(), 2_000);
    }

    #[test]
    fn the_histogram_has_the_same_quantiles() {
        let (mut one, mut two) = (Distribution::new(), Distribution::new());
        for milliseconds in 1..=500 {
            one.record(milliseconds * 1_000_000);
            two.record_many((milliseconds + 500) * 1_000_000, 1);
        }
        one.add(&two);
        let histogram = one.histogram(1_000);
        assert_eq!(histogram.len(), 1_000);
        for (quantile, milliseconds) in [(0.5, 500.0), (0.99, 990.0), (1.0, 1_000.0)] {
            let value = histogram.value_at_quantile(quantile) as f64 / 1_000.0;
            assert!((value / milliseconds - 1.0).abs() < 2e-3, "{value}");
        }
    }
}
