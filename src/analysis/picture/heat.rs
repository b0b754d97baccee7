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
    /// Highest mean of a column, of any of the shards, by the scarcer write limit; one is the limit.
    pub utilization: Vec<f64>,
    /// Highest ratio of refused attempts of any of the shards.
    pub throttled_ratio: Vec<f64>,
}

/// The map of the first replication, in columns of one or more `bin`.
pub(super) fn map(scenario: &Scenario, first: &Observation, bin: Span) -> HeatMap {
    let bins = scenario.duration.nanoseconds().div_ceil(bin.nanoseconds().max(1));
    let width = bin.nanoseconds() * bins.div_ceil(COLUMNS_MAX).max(1);
    let column = Span::from_seconds(width.div_ceil(NANOSECONDS_PER_SECOND));
    let shards = scenario.stream.shards.len();
    let shards_per_row = shards.div_ceil(ROWS_MAX).max(1);
    let indices: Vec<usize> = (0..shards).collect();
    let rows: Vec<HeatRow> =
        indices.chunks(shards_per_row).map(|group| row(scenario, first, group, column)).collect();
    HeatMap {
        column_seconds: column.as_seconds(),
        columns: rows.first().map_or(0, |row| row.utilization.len()),
        shards_per_row,
        rows,
    }
}

fn row(scenario: &Scenario, first: &Observation, shards: &[usize], column: Span) -> HeatRow {
    let id = |index: Option<&usize>| {
        index.map(|index| scenario.stream.shards[*index].shard_id.clone()).unwrap_or_default()
    };
    let mut heat = HeatRow {
        first_shard_id: id(shards.first()),
        last_shard_id: id(shards.last()),
        utilization: Vec::new(),
        throttled_ratio: Vec::new(),
    };
    for shard in shards {
        let bins = shard_series(scenario, first, *shard, column);
        heat.utilization.resize(bins.len(), 0.0);
        heat.throttled_ratio.resize(bins.len(), 0.0);
        for (index, bin) in bins.iter().enumerate() {
            heat.utilization[index] = heat.utilization[index].max(bin.utilization_mean);
            heat.throttled_ratio[index] =
                heat.throttled_ratio[index].max(bin.write_throttled_ratio);
        }
    }
    heat
}
