//! Shards by time: how full each one is, and how much it refuses.

use crate::analysis::series::shard_series;
use crate::metrics::Observation;
use crate::scenario::Scenario;
use crate::time::{NANOSECONDS_PER_SECOND, Span};

/// Most rows of a map; more shards share rows with their neighbours.
const ROWS_MAX: usize = 100;
/// Most columns of a map; more bins share columns with their neighbours.
const COLUMNS_MAX: u64 = 150;

/// Shards by time, in the order of their hash key ranges.
#[derive(Clone, Debug, Default)]
pub struct HeatMap {
    /// Width of a column in seconds; the last one may be shorter.
    pub column_seconds: f64,
    /// Number of columns.
    pub columns: usize,
    /// Shards in a row; the last row may have fewer.
    pub shards_per_row: usize,
    /// From the lowest hash keys to the highest.
    pub rows: Vec<HeatRow>,
}

/// One shard, or a few neighbours, over time.
#[derive(Clone, Debug)]
pub struct HeatRow {
    /// The first of the shards.
    pub first_shard_id: String,
    /// The last of the shards; the same when there is one.
    pub last_shard_id: String,
    /// Highest mean of a column, of any of the shards, by the scarcer write limit; one is the limit,
    /// not a number where none of the shards was open.
    pub utilization: Vec<f64>,
    /// Highest ratio of refused attempts of any of the shards; not a number where none was open.
    pub throttled_ratio: Vec<f64>,
}

/// The map of the first replication, in columns of one or more `bin`.
pub(super) fn map(scenario: &Scenario, first: &Observation, bin: Span) -> HeatMap {
    let bins = scenario.duration.nanoseconds().div_ceil(bin.nanoseconds().max(1));
    let width = bin.nanoseconds() * bins.div_ceil(COLUMNS_MAX).max(1);
    let column = Span::from_seconds(width.div_ceil(NANOSECONDS_PER_SECOND));
    let shards_per_row = first.shards.len().div_ceil(ROWS_MAX).max(1);
    let mut indices: Vec<usize> = (0..first.shards.len()).collect();
    // Parents stand above the children that take over their hash keys.
    indices.sort_by_key(|index| (first.shards[*index].range.start, first.shards[*index].opened));
    let seconds = |span: Span| span.nanoseconds().div_ceil(NANOSECONDS_PER_SECOND);
    let columns = seconds(first.simulated).div_ceil(seconds(column).max(1)) as usize;
    let rows: Vec<HeatRow> = indices
        .chunks(shards_per_row)
        .map(|group| row(scenario, first, group, (column, columns)))
        .collect();
    HeatMap {
        column_seconds: column.as_seconds(),
        columns: if rows.is_empty() { 0 } else { columns },
        shards_per_row,
        rows,
    }
}

fn row(
    scenario: &Scenario,
    first: &Observation,
    shards: &[usize],
    (column, columns): (Span, usize),
) -> HeatRow {
    let id = |index: Option<&usize>| {
        index.map(|index| first.shards[*index].shard_id.clone()).unwrap_or_default()
    };
    let mut heat = HeatRow {
        first_shard_id: id(shards.first()),
        last_shard_id: id(shards.last()),
        utilization: vec![f64::NAN; columns],
        throttled_ratio: vec![f64::NAN; columns],
    };
    for shard in shards {
        let opened = first.shards[*shard].opened.as_seconds();
        let closed = first.shards[*shard].closed.map_or(f64::INFINITY, Span::as_seconds);
        for bin in shard_series(scenario, first, *shard, column) {
            let index = (bin.start_seconds / column.as_seconds()).round() as usize;
            let is_before = bin.start_seconds + bin.span_seconds <= opened;
            if index >= columns || is_before || bin.start_seconds >= closed {
                continue;
            }
            // The greater of a number and none is the number.
            heat.utilization[index] = heat.utilization[index].max(bin.utilization_mean);
            heat.throttled_ratio[index] =
                heat.throttled_ratio[index].max(bin.write_throttled_ratio);
        }
    }
    heat
}
