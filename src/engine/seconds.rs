//! What a shard meets in each second, closed second by second.
//!
//! A closed second goes to three places: the shard's own compact series, if it is kept, the row that all lanes of
//! a group share for the series of the stream, and a mark in the log from which the readers tell
//! how far behind they were at that moment.

use crate::engine::lane::Context;
use crate::engine::log::Log;
use crate::engine::tally::Rows;
use crate::metrics::{ShardSecond, ShardSeries};
use crate::time::NANOSECONDS_PER_SECOND;

const SECONDS_PER_MINUTE: u64 = 60;

/// Running seconds of one shard.
#[derive(Debug)]
pub(super) struct Seconds {
    /// The second that is open.
    second: u64,
    /// Its end in nanoseconds.
    end: u64,
    /// End of the run in nanoseconds.
    horizon: u64,
    /// The last second in which the shard was open.
    last: u64,
    open: ShardSecond,
    minute: ShardSecond,
    series: ShardSeries,
    keeps_series: bool,
    /// Seconds that begin before are not counted in the totals.
    warm_up_seconds: u64,
    records_per_second: f64,
    bytes_per_second: f64,
    totals: SecondRow,
}

/// Totals over the seconds after the warm-up.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct SecondRow {
    pub(super) seconds: u64,
    pub(super) records: u64,
    pub(super) charged_bytes: u64,
    /// Highest second, as a ratio of the scarcer limit.
    pub(super) peak_1s: f64,
    /// Highest whole minute by accepted records and bytes, as CloudWatch counts them.
    pub(super) peak_1min: f64,
}

impl Seconds {
    /// Those of a shard that opens at `opened`, in nanoseconds.
    pub(super) fn new(opened: u64, context: Context<'_>) -> Self {
        let (plan, replication) = (context.plan, context.replication);
        let second = opened / NANOSECONDS_PER_SECOND;
        Self {
            second,
            end: (second + 1) * NANOSECONDS_PER_SECOND,
            horizon: plan.horizon,
            last: u64::MAX,
            open: ShardSecond::default(),
            minute: ShardSecond::default(),
            series: ShardSeries::starting_at(replication.series_step, second),
            keeps_series: replication.keeps_series,
            warm_up_seconds: plan.warm_up.div_ceil(NANOSECONDS_PER_SECOND),
            records_per_second: plan.quotas.shard_write_records.0.as_per_second(),
            bytes_per_second: plan.quotas.shard_write_bytes.0.as_per_second(),
            totals: SecondRow::default(),
        }
    }

    /// Closes the last second, which may be a part of one.
    pub(super) fn close_last(&mut self, log: &mut Log, rows: &mut Rows) {
        if self.start() < self.horizon {
            self.close(log, rows);
        }
    }

    /// The shard closes at `now`, in nanoseconds.
    pub(super) fn close_shard(&mut self, now: u64) {
        // A second that begins with it is not one of the shard's.
        self.last = now.saturating_sub(1) / NANOSECONDS_PER_SECOND;
    }

    /// Whether every second in which the shard was open is closed.
    pub(super) const fn are_over(&self) -> bool {
        self.second > self.last
    }

    /// Begin of the open second in nanoseconds.
    pub(super) const fn start(&self) -> u64 {
        self.second * NANOSECONDS_PER_SECOND
    }

    /// End of the open second in nanoseconds.
    #[inline]
    pub(super) const fn end(&self) -> u64 {
        self.end
    }

    #[inline(always)]
    pub(super) fn accept(&mut self, records: u64, bytes: u64, charged: u64) {
        self.open.incoming_records += records;
        self.open.incoming_bytes += bytes;
        self.open.charged_bytes += charged;
    }

    /// Attempts refused in the open second.
    pub(super) const fn throttled(&self) -> u64 {
        self.open.write_throttled_records
    }

    #[inline(always)]
    pub(super) fn throttle(&mut self, attempts: u64) {
        self.open.write_throttled_records += attempts;
    }

    /// The scarcer limit's use by `records` and `bytes` over `seconds`, as a ratio.
    fn utilization(&self, records: u64, bytes: u64, seconds: f64) -> f64 {
        let by_records = records as f64 / self.records_per_second;
        let by_bytes = bytes as f64 / self.bytes_per_second;
        by_records.max(by_bytes) / seconds
    }

    /// Closes the second that is open.
    #[inline(never)]
    pub(super) fn close(&mut self, log: &mut Log, rows: &mut Rows) {
        let row = std::mem::take(&mut self.open);
        if self.second > self.last {
            // Only the readers go on.
            log.mark();
            self.second += 1;
            self.end += NANOSECONDS_PER_SECOND;
            return;
        }
        let utilization = self.utilization(row.incoming_records, row.charged_bytes, 1.0);
        rows.add(self.second, &row, utilization);
        if self.keeps_series {
            self.series.push(row);
        }
        log.mark();
        if self.second >= self.warm_up_seconds {
            self.totals.seconds += 1;
            self.totals.records += row.incoming_records;
            self.totals.charged_bytes += row.charged_bytes;
            self.totals.peak_1s = self.totals.peak_1s.max(utilization);
            self.minute.incoming_records += row.incoming_records;
            self.minute.incoming_bytes += row.incoming_bytes;
        }
        self.second += 1;
        self.end += NANOSECONDS_PER_SECOND;
        if self.second.is_multiple_of(SECONDS_PER_MINUTE) {
            let minute = std::mem::take(&mut self.minute);
            if self.second >= self.warm_up_seconds + SECONDS_PER_MINUTE {
                let (records, bytes) = (minute.incoming_records, minute.incoming_bytes);
                let utilization = self.utilization(records, bytes, SECONDS_PER_MINUTE as f64);
                self.totals.peak_1min = self.totals.peak_1min.max(utilization);
            }
        }
    }

    pub(super) fn into_parts(self) -> (SecondRow, ShardSeries) {
        (self.totals, self.series)
    }
}
