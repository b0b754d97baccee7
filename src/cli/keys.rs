//! `keys`: where real partition keys land, from a file or a pipe.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::failure::{Failure, Outcome};
use super::terminal::Terminal;
use crate::analysis::keys::{KeyColumns, KeyCounter, KeyTable, KeysQuestion, spread};
use crate::quotas::SHARDS_LIMIT;
use crate::report::{self, TextOptions};
use crate::scenario::{self, ShardDefinition};
use crate::units::{Bytes, RecordRate};

/// Bytes that are read before they are counted.
const BLOCK_BYTES: usize = 32 << 20;
/// Longest line; a partition key has at most 1 KiB.
const LINE_BYTES_MAX: usize = 1 << 20;
/// Most bytes for which room is made at once.
const TEXT_BYTES_RESERVED: u64 = 1 << 30;
/// Most bytes of the output of `list-shards`.
const SHARDS_BYTES_MAX: u64 = 64 << 20;

/// Arguments of `keys`.
#[derive(Debug, Args)]
pub(super) struct KeysArguments {
    /// The keys: one a line, or a key and a count, or a CSV file with a header; `-` is standard
    /// input.
    keys: PathBuf,
    /// Numbers of shards to spread the keys over.
    #[arg(
        long,
        value_name = "N,N",
        value_delimiter = ',',
        value_parser = clap::value_parser!(u32).range(1..=i64::from(SHARDS_LIMIT)),
        required_unless_present = "list_shards"
    )]
    shards: Vec<u32>,
    /// The output of `aws kinesis list-shards`: the ranges of a real stream.
    #[arg(long, value_name = "FILE")]
    list_shards: Option<PathBuf>,
    /// Header of the column of the keys.
    #[arg(long, value_name = "NAME")]
    key_column: Option<String>,
    /// Header of the column of the counts.
    #[arg(long, value_name = "NAME")]
    count_column: Option<String>,
    /// What stands between two fields, one ASCII character or `\t`; looked for when not given.
    #[arg(long, value_name = "C", value_parser = delimiter)]
    delimiter: Option<u8>,
    /// The load of all keys together, at its peak, such as `9000 records/s`: finds the least count.
    #[arg(long, value_name = "RATE", value_parser = scenario::parse_record_rate)]
    traffic: Option<RecordRate>,
    /// Bytes of data in a record, such as `600 B`; without it only records are counted.
    #[arg(long, value_name = "SIZE", value_parser = scenario::parse_size)]
    record_size: Option<Bytes>,
    /// Without a load: the hottest shard may get this many times the mean before a salt is sought.
    #[arg(long, value_name = "TIMES", default_value_t = 1.25, value_parser = at_least_one)]
    over_mean: f64,
    /// How many of the heaviest keys to name.
    #[arg(long, value_name = "N", default_value_t = 10)]
    hottest_keys: usize,
    /// What to print.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// What `keys` prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For a reader.
    Text,
    /// One JSON document, and nothing else.
    Json,
}

pub(super) fn execute(arguments: &KeysArguments, terminal: &Terminal) -> Result<Outcome, Failure> {
    let imported = arguments.list_shards.as_deref().map(list_shards).transpose()?;
    let columns = KeyColumns {
        key: arguments.key_column.clone(),
        count: arguments.count_column.clone(),
        delimiter: arguments.delimiter,
    };
    let (name, table) = count(&arguments.keys, columns)?;
    let question = KeysQuestion {
        shards: arguments.shards.clone(),
        imported,
        traffic: arguments.traffic.filter(|rate| rate.0.amount() > 0),
        record_size: arguments.record_size,
        hottest_over_mean_at_most: arguments.over_mean,
        hottest_keys: arguments.hottest_keys,
    };
    let document = spread(&table, &name, &question);
    let text = match arguments.format {
        Format::Json => report::json(&document).map_err(|error| Failure::Write {
            path: PathBuf::from("the report"),
            reason: error.to_string(),
        })?,
        Format::Text => {
            let (width, color) = (terminal.columns(), terminal.color_of_output());
            report::keys_text(&document, TextOptions { width, color })
        }
    };
    terminal.print(text.as_bytes())?;
    // Freeing ten million keys takes longer than the process has left to live.
    std::mem::forget(table);
    Ok(Outcome::Done)
}

/// Counts the keys of a file or of standard input; answers with its name and its keys.
fn count(path: &Path, columns: KeyColumns) -> Result<(String, KeyTable), Failure> {
    let (name, reader, bytes): (String, Box<dyn Read>, u64) = if path.as_os_str() == "-" {
        ("<stdin>".to_owned(), Box::new(io::stdin().lock()), 0)
    } else {
        let file = File::open(path).map_err(|error| Failure::read(path, &error))?;
        let bytes = file.metadata().map_or(0, |about| about.len());
        (path.display().to_string(), Box::new(file), bytes.min(TEXT_BYTES_RESERVED))
    };
    let mut counter = KeyCounter::new(&name, columns);
    counter.expect(usize::try_from(bytes).unwrap_or(0));
    each_block(path, reader, &mut |block| counter.add(block).map_err(Failure::Usage))?;
    let table = counter.finish().map_err(Failure::Usage)?;
    Ok((name, table))
}

/// Gives the text in blocks that end at line ends.
fn each_block(
    path: &Path,
    mut reader: Box<dyn Read>,
    take: &mut dyn FnMut(&[u8]) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut block = Vec::with_capacity(BLOCK_BYTES + LINE_BYTES_MAX);
    loop {
        let wanted = (BLOCK_BYTES + LINE_BYTES_MAX - block.len()) as u64;
        let read = reader.by_ref().take(wanted).read_to_end(&mut block);
        let is_last = read.map_err(|error| Failure::read(path, &error))? == 0;
        if is_last {
            return if block.is_empty() { Ok(()) } else { take(&block) };
        }
        let Some(end) = block.iter().rposition(|byte| *byte == b'\n') else {
            if block.len() < LINE_BYTES_MAX {
                continue;
            }
            return Err(Failure::Usage(format!(
                "{} has a line of more than 1 MiB: is it a list of keys?",
                path.display()
            )));
        };
        take(&block[..=end])?;
        block.drain(..=end);
    }
}

/// The open shards of a real stream.
fn list_shards(path: &Path) -> Result<Vec<ShardDefinition>, Failure> {
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(SHARDS_BYTES_MAX).read_to_end(&mut bytes))
        .map_err(|error| Failure::read(path, &error))?;
    Ok(scenario::open_shards(&path.display().to_string(), &bytes)?)
}

fn delimiter(text: &str) -> Result<u8, String> {
    match text.as_bytes() {
        b"\\t" => Ok(b'\t'),
        [byte] if byte.is_ascii() && !matches!(byte, b'"' | b'\n' | b'\r') => Ok(*byte),
        _ => Err("must be one ASCII character, such as `;`, or `\\t`".to_owned()),
    }
}

fn at_least_one(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() && number >= 1.0 => Ok(number),
        _ => Err("must be a number from 1 up".to_owned()),
    }
}
