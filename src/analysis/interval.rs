//! Mean and 95 % confidence interval over replications.
//!
//! Replications are independent and alike, so the mean of n of them, less the true mean, over its
//! standard error follows Student's t with n - 1 degrees of freedom. Quantiles: a table up to 12
//! degrees of freedom, above it the expansion of Abramowitz and Stegun 26.7.5.

use hdrhistogram::Histogram;

/// The 97.5 % quantile of the standard normal distribution.
const NORMAL_QUANTILE: f64 = 1.959_963_984_540_054;

/// The 97.5 % quantile of Student's t with 1, 2, ... degrees of freedom.
const SMALL: [f64; 12] = [
    12.706_204_736,
    4.302_652_730,
    3.182_446_305,
    2.776_445_105,
    2.570_581_836,
    2.446_911_851,
    2.364_624_252,
    2.306_004_135,
    2.262_157_163,
    2.228_138_852,
    2.200_985_160,
    2.178_812_830,
];

/// The 97.5 % quantile of Student's t, right to six digits; none without a degree of freedom.
#[must_use]
pub(super) fn student_t_quantile(degrees_of_freedom: usize) -> Option<f64> {
    let index = degrees_of_freedom.checked_sub(1)?;
    if let Some(quantile) = SMALL.get(index) {
        return Some(*quantile);
    }
    let (z, v) = (NORMAL_QUANTILE, degrees_of_freedom as f64);
    let z2 = z * z;
    let first = (z2 + 1.0) * z / 4.0;
    let second = ((5.0 * z2 + 16.0) * z2 + 3.0) * z / 96.0;
    let third = (((3.0 * z2 + 19.0) * z2 + 17.0) * z2 - 15.0) * z / 384.0;
    let fourth = ((((79.0 * z2 + 776.0) * z2 + 1482.0) * z2 - 1920.0) * z2 - 945.0) * z / 92_160.0;
    Some(z + (first + (second + (third + fourth / v) / v) / v) / v)
}

/// Mean of `values`; none when there are none.
#[must_use]
pub(super) fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// The 95 % confidence interval of the mean of `values`; none with fewer than two.
///
/// Every figure of a run is at least zero, and so is the lower end.
#[must_use]
pub(super) fn confidence_interval(values: &[f64]) -> Option<[f64; 2]> {
    // Equal values are their own mean; the sum of many need not divide back to the last bit.
    let half_width = half_width(values)?;
    if values.windows(2).all(|pair| pair[0].to_bits() == pair[1].to_bits()) {
        return Some([values[0], values[0]]);
    }
    let mean = mean(values)?;
    Some([(mean - half_width).max(0.0), mean + half_width])
}

/// The 95 % interval of a quantile of which `histogram` holds the sample: the values whose ranks
/// are 1.96 standard deviations of a binomial count below and above the rank of the quantile; none
/// where the sample is too small to have both.
///
/// That many of `n` values lie below the true quantile is binomial when the values are drawn
/// independently (H. A. David, H. N. Nagaraja: Order Statistics, 7.1). Values that follow each other
/// are alike, so for those of one run it is the least width.
#[must_use]
pub(super) fn order_statistics(histogram: &Histogram<u64>, quantile: f64) -> Option<[u64; 2]> {
    let count = histogram.len() as f64;
    let spread = NORMAL_QUANTILE * (count * quantile * (1.0 - quantile)).sqrt();
    let (low, high) =
        ((count * quantile - spread).floor(), (count * quantile + spread).ceil() + 1.0);
    (low >= 1.0 && high <= count).then(|| {
        // The histogram gives the upper edge of a bin; the interval reaches to the lower one.
        let low = histogram.value_at_quantile(low / count);
        [histogram.lowest_equivalent(low), histogram.value_at_quantile(high / count)]
    })
}

/// Half the width of the 95 % confidence interval of the mean of `values`; none with fewer than two.
#[must_use]
pub(super) fn half_width(values: &[f64]) -> Option<f64> {
    let quantile = student_t_quantile(values.len().checked_sub(1)?)?;
    let count = values.len() as f64;
    let mean = mean(values)?;
    let squares: f64 = values.iter().map(|value| (value - mean) * (value - mean)).sum();
    Some(quantile * (squares / (count - 1.0) / count).sqrt())
}

#[cfg(test)]
mod tests {
    use rand::Rng;
    use statrs::distribution::{ContinuousCDF, StudentsT};

    use super::*;
    use crate::random::{Purpose, Randomness};

    #[test]
    fn the_quantile_is_that_of_an_independent_implementation() {
        for degrees in (1..=200).chain([250, 333, 500, 750, 999, 1000]) {
            let expected = StudentsT::new(0.0, 1.0, degrees as f64).unwrap().inverse_cdf(0.975);
            let quantile = student_t_quantile(degrees).unwrap();
            let error = (quantile - expected).abs();
            assert!(error < 1e-5, "{degrees} degrees: {quantile} for {expected}");
        }
        assert_eq!(student_t_quantile(0), None);
    }

    #[test]
    fn an_interval_is_that_of_the_textbook() {
        // Mean 10, standard deviation 2, five values: 10 +- 2.776 * 2 / sqrt(5).
        let half = (10.0_f64 - 7.516_680).abs();
        let spread = (2.0_f64 * 4.0 / 2.0).sqrt();
        let values = [10.0 - spread, 10.0 + spread, 10.0 - spread, 10.0 + spread, 10.0];
        let [low, high] = confidence_interval(&values).unwrap();
        assert!((low - (10.0 - half)).abs() < 1e-4, "{low}");
        assert!((high - (10.0 + half)).abs() < 1e-4, "{high}");
    }

    #[test]
    fn one_value_has_no_interval_and_equal_values_one_of_no_width() {
        assert_eq!(confidence_interval(&[]), None);
        assert_eq!(confidence_interval(&[1.0]), None);
        assert_eq!(confidence_interval(&[0.1, 0.1, 0.1]), Some([0.1, 0.1]));
    }

    /// The p99 of a thousand whole numbers from 1: ranks 990 less and plus 6.17, outwards.
    #[test]
    fn the_interval_of_a_quantile_is_between_two_ranks() {
        let mut sample = Histogram::<u64>::new(4).unwrap();
        (1..=1_000).for_each(|value| sample.record(value).unwrap());
        assert_eq!(order_statistics(&sample, 0.99), Some([983, 998]));
        assert_eq!(order_statistics(&sample, 0.5), Some([469, 532]));
        let mut small = Histogram::<u64>::new(3).unwrap();
        (1..=300).for_each(|value| small.record(value).unwrap());
        assert_eq!(order_statistics(&small, 0.99), None, "the upper rank is beyond the sample");
    }

    /// Over 400 samples the interval holds the true quantile as often as it says.
    #[test]
    fn the_interval_of_a_quantile_covers_it() {
        let mut held = 0;
        for seed in 0..400 {
            let mut random = Randomness::new(seed, 0).stream("sample", Purpose::RecordSize);
            let mut sample = Histogram::<u64>::new(4).unwrap();
            // Exponential with a mean of 100,000, of which the p99 is ln(100) means.
            for _ in 0..2_000 {
                let uniform = ((random.next_u64() >> 11) as f64 + 0.5) / (1_u64 << 53) as f64;
                sample.record((-libm::log(uniform) * 100_000.0) as u64).unwrap();
            }
            let [low, high] = order_statistics(&sample, 0.99).unwrap();
            let truth = 460_517;
            held += u32::from(low <= truth && truth <= high);
        }
        assert!((370..=398).contains(&held), "{held} of 400");
    }

    #[test]
    fn an_interval_does_not_reach_below_zero() {
        let [low, high] = confidence_interval(&[0.0, 0.0, 0.01]).unwrap();
        assert_eq!(low.to_bits(), 0.0_f64.to_bits());
        assert!(high > 0.01);
    }
}
