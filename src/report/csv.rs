//! CSV: the run over time, one row a bin; and the same for each shard.
//!
//! Column names are those of the JSON; the columns of a consumer begin with `consumers.NAME.`.

use crate::analysis::{ConsumerRow, ResultDocument, SeriesRow, ShardRow, shard_series};
use crate::metrics::Observation;
use crate::scenario::Scenario;
use crate::time::Span;

/// How a column is taken from a row.
type Column = (&'static str, fn(&SeriesRow) -> String);
/// How a consumer's column is taken from its part of a row.
type ConsumerColumn = (&'static str, fn(&ConsumerRow) -> String);

const COLUMNS: [Column; 18] = [
    ("start_seconds", |row| row.start_seconds.to_string()),
    ("span_seconds", |row| row.span_seconds.to_string()),
    ("generated_records", |row| row.generated_records.to_string()),
    ("generated_bytes", |row| row.generated_bytes.to_string()),
    ("incoming_records", |row| row.incoming_records.to_string()),
    ("incoming_bytes", |row| row.incoming_bytes.to_string()),
    ("generated_records_per_second", |row| row.generated_records_per_second.to_string()),
    ("incoming_records_per_second", |row| row.incoming_records_per_second.to_string()),
    ("incoming_bytes_per_second", |row| row.incoming_bytes_per_second.to_string()),
    ("write_throttled_records", |row| row.write_throttled_records.to_string()),
    ("write_throttled_ratio", |row| row.write_throttled_ratio.to_string()),
    ("shards_throttling_max", |row| row.shards_throttling_max.to_string()),
    ("open_shards", |row| row.open_shards.to_string()),
    ("hottest_shard_utilization_peak_1s", |row| row.hottest_shard_utilization_peak_1s.to_string()),
    ("cloudwatch_hottest_shard_utilization_1min", |row| {
        row.cloudwatch_hottest_shard_utilization_1min.to_string()
    }),
    ("cloudwatch_incoming_records_1min", |row| row.cloudwatch_incoming_records_1min.to_string()),
    ("cloudwatch_incoming_bytes_1min", |row| row.cloudwatch_incoming_bytes_1min.to_string()),
    ("cloudwatch_write_throttled_records_1min", |row| {
        row.cloudwatch_write_throttled_records_1min.to_string()
    }),
];

const CONSUMER_COLUMNS: [ConsumerColumn; 4] = [
    ("read_records", |row| row.read_records.to_string()),
    ("read_throttled_calls", |row| row.read_throttled_calls.to_string()),
    ("backlog_records", |row| row.backlog_records.to_string()),
    ("iterator_age_ms_max", |row| row.iterator_age_ms_max.to_string()),
];

/// The series of the stream: a heading and one row a bin.
///
/// # Errors
/// When memory for the text cannot be written to; in practice never.
pub fn series_csv(document: &ResultDocument) -> Result<Vec<u8>, csv::Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let mut heading: Vec<String> = COLUMNS.iter().map(|(name, _)| (*name).to_owned()).collect();
    for consumer in &document.consumers {
        for (name, _) in CONSUMER_COLUMNS {
            heading.push(format!("consumers.{}.{name}", consumer.name));
        }
    }
    writer.write_record(&heading)?;
    for row in &document.series {
        let consumers = row.consumers.iter();
        let of_consumers = consumers
            .flat_map(|consumer| CONSUMER_COLUMNS.iter().map(move |(_, take)| take(consumer)));
        writer.write_record(COLUMNS.iter().map(|(_, take)| take(row)).chain(of_consumers))?;
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
        assert!(lines[0].ends_with("consumers.alerts.iterator_age_ms_max"), "{}", lines[0]);
        assert!(lines[1].starts_with("0,1,2000,1000000,1800,900000,2000,1800,"), "{}", lines[1]);
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
