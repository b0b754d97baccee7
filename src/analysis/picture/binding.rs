//! What limits the stream, and each of its consumers, over time.

use crate::analysis::series::SeriesRow;
use crate::metrics::{Observation, ShardStep};
use crate::scenario::{Objective, Scenario};
use crate::time::{NANOSECONDS_PER_SECOND, Span};

/// A shard with a second as full as this is near its limit.
const NEAR_LIMIT: f64 = 0.8;
/// A consumer further behind than this is behind, unless an objective says otherwise.
const BEHIND_MS: f64 = 60_000.0;

/// What limits something in one bin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Binding {
    /// Nothing does.
    Nothing,
    /// A second of some shard is at four fifths of a write limit or above.
    NearLimit,
    /// A shard refuses records, and the record limit is the fuller one.
    RecordLimit,
    /// A shard refuses records, and the byte limit is the fuller one.
    ByteLimit,
    /// Calls of the consumer are refused.
    ReadsRefused,
    /// The consumer is further behind than its objective allows, or than a minute.
    Behind,
}

/// One row of the ribbon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BindingRow {
    /// `writes`, or the name of a consumer.
    pub name: String,
    /// One entry a bin.
    pub bins: Vec<Binding>,
}

/// The writes, then the consumers in the order of the scenario; bins are those of `series`.
pub(super) fn rows(
    scenario: &Scenario,
    first: &Observation,
    series: &[SeriesRow],
    bin: Span,
) -> Vec<BindingRow> {
    let refused_bytes = refused_by_bytes(scenario, first, series.len(), bin);
    let writes = series.iter().zip(refused_bytes).map(|(row, by_bytes)| {
        if row.write_throttled_records == 0 {
            let near = row.hottest_shard_utilization_peak_1s >= NEAR_LIMIT;
            return if near { Binding::NearLimit } else { Binding::Nothing };
        }
        if 2 * by_bytes > row.write_throttled_records {
            Binding::ByteLimit
        } else {
            Binding::RecordLimit
        }
    });
    let mut rows = vec![BindingRow { name: "writes".to_owned(), bins: writes.collect() }];
    for (index, consumer) in scenario.consumers.iter().enumerate() {
        let bound = age_bound_ms(scenario, index);
        let bins = series.iter().map(|row| row.consumers.get(index)).map(|row| match row {
            Some(row) if row.iterator_age_ms_max as f64 > bound => Binding::Behind,
            Some(row) if row.read_throttled_calls > 0 => Binding::ReadsRefused,
            _ => Binding::Nothing,
        });
        rows.push(BindingRow { name: consumer.name.clone(), bins: bins.collect() });
    }
    rows
}

/// Attempts refused in each bin by shards whose byte limit is the fuller one.
fn refused_by_bytes(scenario: &Scenario, first: &Observation, bins: usize, bin: Span) -> Vec<u64> {
    let records = scenario.quotas.shard_write_records.0.as_per_second();
    let bytes = scenario.quotas.shard_write_bytes.0.as_per_second();
    let steps = (bin.nanoseconds() / first.series.step().nanoseconds().max(1)).max(1);
    debug_assert!(bin.nanoseconds().is_multiple_of(NANOSECONDS_PER_SECOND));
    let fuller_by_bytes = |step: &ShardStep| {
        step.charged_bytes_1s_max as f64 / bytes > step.incoming_records_1s_max as f64 / records
    };
    let mut refused = vec![0; bins];
    for shard in &first.shards {
        for (index, step) in shard.series.rows().enumerate() {
            if step.write_throttled_records > 0
                && fuller_by_bytes(&step)
                && let Some(sum) = refused.get_mut((index as u64 / steps) as usize)
            {
                *sum += step.write_throttled_records;
            }
        }
    }
    refused
}

/// The strictest objective about the age of a consumer, in milliseconds.
fn age_bound_ms(scenario: &Scenario, index: usize) -> f64 {
    let bounds = scenario.objectives.iter().filter_map(|objective| match objective {
        Objective::IteratorAgeP99 { consumer, at_most }
            if consumer.is_none_or(|consumer| consumer == index) =>
        {
            Some(super::milliseconds(*at_most))
        }
        _ => None,
    });
    bounds
        .fold(None, |least: Option<f64>, bound| Some(least.map_or(bound, |own| own.min(bound))))
        .unwrap_or(BEHIND_MS)
}
