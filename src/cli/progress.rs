//! How far a run is, on standard error, and only where that is a terminal.
//!
//! The line appears after one second, so that a quick run leaves no trace. The one place that
//! reads the clock; nothing of it reaches a report.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::analysis::number::{seconds, short_count};
use crate::engine::Progress;
use crate::time::Span;

/// A run that is quicker shows nothing.
const PATIENCE: Duration = Duration::from_secs(1);
/// Milliseconds between two looks of the line.
const REDRAW_MILLISECONDS: u64 = 100;

/// A line on standard error.
#[derive(Debug)]
pub(super) struct ProgressLine {
    bar: ProgressBar,
    started: Instant,
    /// Milliseconds since the start at which the line was last drawn.
    drawn: AtomicU64,
    /// Nanoseconds of simulated time behind.
    simulated: AtomicU64,
}

impl ProgressLine {
    pub(super) fn start() -> Self {
        let bar = ProgressBar::with_draw_target(Some(1_000), ProgressDrawTarget::hidden());
        if let Ok(style) = ProgressStyle::with_template("{bar:12} {percent:>3} %  {wide_msg}") {
            bar.set_style(style.progress_chars("━╸─"));
        }
        Self { bar, started: now(), drawn: AtomicU64::new(0), simulated: AtomicU64::new(0) }
    }

    /// Simulated time behind, over all replications.
    pub(super) fn simulated(&self) -> Span {
        Span::from_nanoseconds(self.simulated.load(Ordering::Relaxed))
    }

    /// Takes notice of `progress`; cheap enough for every barrier.
    pub(super) fn show(&self, progress: Progress) {
        self.simulated.fetch_max(progress.simulated.nanoseconds(), Ordering::Relaxed);
        let elapsed = now().duration_since(self.started);
        if elapsed < PATIENCE {
            return;
        }
        let now = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
        let drawn = self.drawn.load(Ordering::Relaxed);
        let due = drawn == 0 || now - drawn.min(now) >= REDRAW_MILLISECONDS;
        let exchange =
            || self.drawn.compare_exchange(drawn, now, Ordering::Relaxed, Ordering::Relaxed);
        // One thread draws; the others go on.
        if !due || exchange().is_err() {
            return;
        }
        let (simulated, total) = (progress.simulated.as_seconds(), progress.total.as_seconds());
        if total > 0.0 {
            self.bar.set_position((1_000.0 * simulated / total) as u64);
        }
        self.bar.set_message(message(progress, elapsed.as_secs_f64()));
        if drawn == 0 {
            // Draws nothing where standard error is not a terminal.
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
            self.bar.tick();
        }
    }

    /// Takes the line away.
    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

fn message(progress: Progress, elapsed_seconds: f64) -> String {
    let (simulated, total) = (progress.simulated.as_seconds(), progress.total.as_seconds());
    let left = if simulated > 0.0 {
        format!(", {} left", seconds((elapsed_seconds * (total - simulated) / simulated).ceil()))
    } else {
        String::new()
    };
    format!(
        "{} of {}, {} records, {}/s{left}",
        seconds(simulated),
        seconds(total),
        short_count(progress.generated_records),
        short_count((progress.generated_records as f64 / elapsed_seconds) as u64),
    )
}

#[expect(clippy::disallowed_methods, reason = "progress display is the one use of the clock")]
fn now() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_says_how_far_how_fast_and_how_long() {
        let progress = Progress {
            simulated: Span::from_seconds(3_600),
            total: Span::from_seconds(14_400),
            generated_records: 12_000_000,
        };
        assert_eq!(message(progress, 2.0), "60 min of 4 h, 12 M records, 6,000,000/s, 6 s left");
    }

    #[test]
    fn simulated_time_does_not_run_backwards() {
        let line = ProgressLine::start();
        for simulated in [5, 3] {
            line.show(Progress {
                simulated: Span::from_seconds(simulated),
                total: Span::from_seconds(10),
                generated_records: 0,
            });
        }
        assert_eq!(line.simulated(), Span::from_seconds(5));
    }
}
