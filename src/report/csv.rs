//! CSV: the run over time, one row a bin; and the same for each shard.
//!
//! Column names are those of the JSON; the columns of a consumer begin with `consumers.NAME.`.

use crate::analysis::{ConsumerRow, ResultDocument, SeriesRow, ShardRow, shard_series};
use crate::metrics::Observation;
use crate::scenario::Scenario;
use crate::time::Span;

/// A value of a column, by its type.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Cell {
    Count(u64),
    /// Nothing where there was nothing to measure.
    OptionalCount(Option<u64>),
    Number(f64),
}

impl std::fmt::Display for Cell {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Count(value) => write!(formatter, "{value}"),
            Self::OptionalCount(value) => {
                value.map_or(Ok(()), |value| write!(formatter, "{value}"))
            }
            // With its decimals, so that a whole one is not read as a count: `30.0`.
            Self::Number(value) => write!(formatter, "{value:?}"),
        }
    }
}

use Cell::{Count, Number, OptionalCount};

/// How a column is taken from a row.
type Column = (&'static str, fn(&SeriesRow) -> Cell);
/// How a consumer's column is taken from its part of a row.
type ConsumerColumn = (&'static str, fn(&ConsumerRow) -> Cell);

const COLUMNS: [Column; 18] = [
    ("start_seconds", |row| Number(row.start_seconds)),
    ("span_seconds", |row| Number(row.span_seconds)),
    ("generated_records", |row| Count(row.generated_records)),
    ("generated_bytes", |row| Count(row.generated_bytes)),
    ("incoming_records", |row| Count(row.incoming_records)),
    ("incoming_bytes", |row| Count(row.incoming_bytes)),
    ("generated_records_per_second", |row| Number(row.generated_records_per_second)),
    ("incoming_records_per_second", |row| Number(row.incoming_records_per_second)),
    ("incoming_bytes_per_second", |row| Number(row.incoming_bytes_per_second)),
    ("write_throttled_records", |row| Count(row.write_throttled_records)),
    ("write_throttled_ratio", |row| Number(row.write_throttled_ratio)),
    ("shards_throttling_max", |row| Count(u64::from(row.shards_throttling_max))),
    ("open_shards", |row| Count(u64::from(row.open_shards))),
    ("hottest_shard_utilization_peak_1s", |row| Number(row.hottest_shard_utilization_peak_1s)),
    ("cloudwatch_hottest_shard_utilization_1min", |row| {
        Number(row.cloudwatch_hottest_shard_utilization_1min)
    }),
    ("cloudwatch_incoming_records_1min", |row| Count(row.cloudwatch_incoming_records_1min)),
    ("cloudwatch_incoming_bytes_1min", |row| Count(row.cloudwatch_incoming_bytes_1min)),
    ("cloudwatch_write_throttled_records_1min", |row| {
        Count(row.cloudwatch_write_throttled_records_1min)
    }),
];

const CONSUMER_COLUMNS: [ConsumerColumn; 5] = [
    ("read_records", |row| Count(row.read_records)),
    ("read_throttled_calls", |row| Count(row.read_throttled_calls)),
    ("backlog_records", |row| Count(row.backlog_records)),
    ("iterator_age_ms_max", |row| Count(row.iterator_age_ms_max)),
    ("iterator_age_cloudwatch_ms_max", |row| OptionalCount(row.iterator_age_cloudwatch_ms_max)),
];

/// Names of the columns of the stream's series, each with a value that shows its type.
pub(super) fn columns(document: &ResultDocument) -> Vec<(String, Cell)> {
    let row = SeriesRow::default();
    let consumer_row = ConsumerRow::default();
    let stream = COLUMNS.iter().map(|(name, take)| ((*name).to_owned(), take(&row)));
    let consumers = document.consumers.iter().flat_map(|consumer| {
        CONSUMER_COLUMNS.iter().map(|(name, take)| {
            (format!("consumers.{}.{name}", consumer.name), take(&consumer_row))
        })
    });
    stream.chain(consumers).collect()
}

/// The values of the stream's series, row by row, in the order of [`columns`].
pub(super) fn cells(document: &ResultDocument) -> impl Iterator<Item = Vec<Cell>> + '_ {
    document.series.iter().map(|row| {
        let consumers = row.consumers.iter();
        let of_consumers = consumers
            .flat_map(|consumer| CONSUMER_COLUMNS.iter().map(move |(_, take)| take(consumer)));
        COLUMNS.iter().map(|(_, take)| take(row)).chain(of_consumers).collect()
    })
}

/// The series of the stream: a heading and one row a bin.
///
/// # Errors
/// When memory for the text cannot be written to; in practice never.
pub fn series_csv(document: &ResultDocument) -> Result<Vec<u8>, csv::Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(columns(document).iter().map(|(name, _)| name))?;
    for row in cells(document) {
        writer.write_record(row.iter().map(ToString::to_string))?;
    }
    finish(writer)
}

/// The series of every shard in bins of `bin`: all of the first shard, then the next.
///
/// # Errors
/// When memory for the text cannot be written to; in practice never.
pub fn shards_csv(
    scenario: &Scenario,
    observation: &Observation,
    bin: Span,
) -> Result<Vec<u8>, csv::Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for shard in 0..observation.shards.len() {
        let rows: Vec<ShardRow> = shard_series(scenario, observation, shard, bin);
        for row in rows {
            writer.serialize(row)?;
        }
    }
    finish(writer)
}

fn finish(writer: csv::Writer<Vec<u8>>) -> Result<Vec<u8>, csv::Error> {
    writer.into_inner().map_err(|error| csv::Error::from(error.into_error()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::testing;
    use crate::report::testing::document;

    fn lines(bytes: Vec<u8>) -> Vec<String> {
        String::from_utf8(bytes).unwrap().lines().map(str::to_owned).collect()
    }

    #[test]
    fn the_series_has_a_heading_and_a_row_a_bin() {
        let lines = lines(series_csv(&document()).unwrap());
        assert_eq!(lines.len(), 301);
        assert!(
            lines[0].ends_with("consumers.alerts.iterator_age_cloudwatch_ms_max"),
            "{}",
            lines[0]
        );
        assert!(
            lines[1].starts_with("0.0,1.0,2000,1000000,1800,900000,2000.0,1800.0,"),
            "{}",
            lines[1]
        );
    }

    #[test]
    fn the_columns_are_the_fields_of_the_json() {
        let row = serde_json::to_value(&document().series[0]).unwrap();
        let mut fields: Vec<&str> = row.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(fields.pop(), Some("consumers"));
        let columns: Vec<&str> = COLUMNS.iter().map(|(name, _)| *name).collect();
        assert_eq!(columns, fields);
    }

    #[test]
    fn every_shard_has_its_own_rows() {
        let (scenario, observation) = (testing::scenario(), testing::observation());
        let bytes = shards_csv(&scenario, &observation, Span::from_seconds(100)).unwrap();
        let lines = lines(bytes);
        assert_eq!(lines.len(), 1 + 4 * 3);
        assert!(lines[0].starts_with("shard_id,start_seconds,span_seconds,incoming_records"));
        assert!(lines[1].starts_with("shardId-000000000000,0.0,100.0,100000,50000000,20000,"));
    }
}
