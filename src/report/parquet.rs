//! Parquet: the series of the stream with the types and names of the CSV.
//!
//! Counts are unsigned 64-bit integers, ratios and rates doubles; a value is null
//! where there was nothing to measure.

use std::sync::Arc;

use parquet::basic::{Compression, LogicalType, Repetition, Type as Physical};
use parquet::data_type::{DoubleType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::Type;

use super::csv::{Cell, columns};
use crate::analysis::ResultDocument;

/// The series of the stream as one row group, compressed by Snappy.
///
/// # Errors
/// When the format cannot hold the columns; two consumers never have the same name.
pub fn series_parquet(document: &ResultDocument) -> Result<Vec<u8>, ParquetError> {
    let columns = columns(document);
    let fields: Result<Vec<_>, ParquetError> =
        columns.iter().map(|(name, kind)| field(name, *kind).map(Arc::new)).collect();
    let schema = Type::group_type_builder("series").with_fields(fields?).build()?;
    let properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_created_by(format!("shardplan {}", document.tool_version))
        .build();
    let mut bytes = Vec::new();
    let mut writer = SerializedFileWriter::new(&mut bytes, Arc::new(schema), Arc::new(properties))?;
    let rows: Vec<Vec<Cell>> = super::csv::cells(document).collect();
    let mut group = writer.next_row_group()?;
    for (index, (_, kind)) in columns.iter().enumerate() {
        let Some(mut column) = group.next_column()? else { break };
        match kind {
            Cell::Count(_) => {
                let values = rows.iter().map(|row| match row[index] {
                    // The bits of an unsigned number, as its logical type says.
                    Cell::Count(value) => value.cast_signed(),
                    Cell::OptionalCount(value) => value.unwrap_or_default().cast_signed(),
                    Cell::Number(value) => value as i64,
                });
                let values: Vec<i64> = values.collect();
                column.typed::<Int64Type>().write_batch(&values, None, None)?;
            }
            Cell::OptionalCount(_) => {
                let value = |row: &Vec<Cell>| match row[index] {
                    Cell::OptionalCount(value) => value.map(u64::cast_signed),
                    Cell::Count(value) => Some(value.cast_signed()),
                    Cell::Number(value) => Some(value as i64),
                };
                let values: Vec<i64> = rows.iter().filter_map(value).collect();
                let is_there = |row| i16::from(value(row).is_some());
                let levels: Vec<i16> = rows.iter().map(is_there).collect();
                column.typed::<Int64Type>().write_batch(&values, Some(&levels), None)?;
            }
            Cell::Number(_) => {
                let values = rows.iter().map(|row| match row[index] {
                    Cell::Number(value) => value,
                    Cell::Count(value) => value as f64,
                    Cell::OptionalCount(value) => value.unwrap_or_default() as f64,
                });
                let values: Vec<f64> = values.collect();
                column.typed::<DoubleType>().write_batch(&values, None, None)?;
            }
        }
        column.close()?;
    }
    group.close()?;
    writer.close()?;
    Ok(bytes)
}

fn field(name: &str, kind: Cell) -> Result<Type, ParquetError> {
    let count = (Physical::INT64, Some(LogicalType::integer(64, false)));
    let (physical, logical) = match kind {
        Cell::Count(_) | Cell::OptionalCount(_) => count,
        Cell::Number(_) => (Physical::DOUBLE, None),
    };
    let repetition = match kind {
        Cell::OptionalCount(_) => Repetition::OPTIONAL,
        Cell::Count(_) | Cell::Number(_) => Repetition::REQUIRED,
    };
    Type::primitive_type_builder(name, physical)
        .with_repetition(repetition)
        .with_logical_type(logical)
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::testing::document;
    use parquet::file::reader::{FileReader, SerializedFileReader};
    use parquet::record::Field;

    #[test]
    fn what_is_read_back_is_what_the_csv_says() {
        let document = document();
        let bytes = series_parquet(&document).unwrap();
        assert_eq!(bytes, series_parquet(&document).unwrap(), "the same run, the same bytes");
        let reader = SerializedFileReader::new(bytes::Bytes::from(bytes)).unwrap();
        let csv = String::from_utf8(super::super::series_csv(&document).unwrap()).unwrap();
        let mut lines = csv.lines();
        let headings: Vec<&str> = lines.next().unwrap().split(',').collect();
        let mut rows = 0;
        for (row, line) in reader.get_row_iter(None).unwrap().zip(lines) {
            let row = row.unwrap();
            let names: Vec<&str> = row.get_column_iter().map(|(name, _)| name.as_str()).collect();
            assert_eq!(names, headings);
            for ((_, field), text) in row.get_column_iter().zip(line.split(',')) {
                match field {
                    Field::ULong(count) => assert_eq!(count.to_string(), text),
                    Field::Null => assert_eq!(text, ""),
                    Field::Double(number) => assert_eq!(format!("{number:?}"), text),
                    other => panic!("a column of type {other:?}"),
                }
            }
            rows += 1;
        }
        assert_eq!(rows, document.series.len());
    }
}
