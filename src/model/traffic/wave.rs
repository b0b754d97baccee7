//! The shape of a day: `exp(k cos(t - peak))`, cut into steps of ten seconds.
//!
//! The logarithm of the rate is a cosine, so the rate is positive whatever its peak, and a higher
//! peak is a narrower one.

use crate::time::Span;

/// Length of the steps that a day is cut into, in nanoseconds.
pub(super) const WAVE_STEP: u64 = 10_000_000_000;
/// Nanoseconds of a day.
pub(super) const DAY: u64 = 86_400_000_000_000;

/// A day in steps, relative to its mean: `exp(k cos(t - peak))`, with k such that the highest step
/// over the mean is `peak_to_mean`. Always positive, whatever the peak.
pub(super) fn daily_wave(peak_to_mean: f64, peak_at: Span) -> Vec<f64> {
    let steps = (DAY / WAVE_STEP) as usize;
    let cosines: Vec<f64> = (0..steps)
        .map(|step| {
            let middle = step as f64 * WAVE_STEP as f64 + WAVE_STEP as f64 / 2.0;
            let angle = (middle - peak_at.nanoseconds() as f64) / DAY as f64;
            libm::cos(angle * std::f64::consts::TAU)
        })
        .collect();
    let highest = cosines.iter().copied().fold(f64::MIN, f64::max);
    // Relative to the highest step, so that no power overflows.
    let relative = |k: f64| cosines.iter().map(move |cosine| libm::exp(k * (cosine - highest)));
    let ratio = |k: f64| steps as f64 / relative(k).sum::<f64>();
    let (mut low, mut high) = (0.0, 1.0);
    while ratio(high) < peak_to_mean && high < 1e6 {
        high *= 2.0;
    }
    for _ in 0..60 {
        let middle = (low + high) / 2.0;
        if ratio(middle) < peak_to_mean {
            low = middle;
        } else {
            high = middle;
        }
    }
    let peak = ratio(high);
    relative(high).map(|value| value * peak).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_daily_wave_has_its_mean_and_its_peak() {
        for peak_to_mean in [1.0, 1.5, 2.2, 8.0] {
            let wave = daily_wave(peak_to_mean, Span::from_seconds(20 * 3_600));
            let mean = wave.iter().sum::<f64>() / wave.len() as f64;
            let (step, peak) = wave
                .iter()
                .copied()
                .enumerate()
                .fold((0, 0.0), |best, next| if next.1 > best.1 { next } else { best });
            assert!((mean - 1.0).abs() < 1e-9, "{mean}");
            assert!((peak - peak_to_mean).abs() < 1e-6, "{peak}");
            assert!(wave.iter().all(|value| *value > 0.0));
            if peak_to_mean > 1.0 {
                assert_eq!(step as u64 * 10 / 3_600, 19, "the last step before 20 h");
            }
        }
    }
}
