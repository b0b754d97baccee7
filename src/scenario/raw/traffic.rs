//! Traffic and arrivals as they are written.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::scenario::quantity::Written;
use crate::time::{Span, Timestamp};
use crate::units::{Ratio, RecordRate};

/// How the rate of a producer develops.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::scenario) enum Traffic {
    /// The same rate throughout, such as `9000 records/s`.
    Constant(Written<RecordRate>),
    /// Piecewise constant: ascending instants, the first at `0 s`.
    Steps(Vec<Step>),
    /// A straight line from one rate to another, constant before and after.
    Ramp(Ramp),
    /// A base rate with one peak.
    Spike(Spike),
    /// A daily wave with the given mean and peak.
    Diurnal(Diurnal),
    /// A daily wave whose mean differs from day to day.
    Weekly(Weekly),
    /// Another traffic that grows by a share every month.
    Growth(Growth),
    /// Several traffics at once, added up.
    Sum(Vec<Traffic>),
    /// Recorded traffic, replayed record by record.
    Trace(Box<Trace>),
}

/// One step of a piecewise constant rate.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct Step {
    /// Since the start of the run.
    pub(in crate::scenario) at: Written<Span>,
    /// The rate from there on.
    pub(in crate::scenario) rate: Written<RecordRate>,
}

/// A straight line from one rate to another.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct Ramp {
    /// Rate up to `start`.
    pub(in crate::scenario) from: Written<RecordRate>,
    /// Rate from `end` on.
    pub(in crate::scenario) to: Written<RecordRate>,
    /// Where the line begins, since the start of the run; default `0 s`.
    pub(in crate::scenario) start: Option<Written<Span>>,
    /// Where it ends, since the start of the run; later than `start`.
    pub(in crate::scenario) end: Written<Span>,
}

/// A base rate with one peak: up along a straight line, along the top, and down again.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct Spike {
    /// Rate before and after.
    pub(in crate::scenario) base: Written<RecordRate>,
    /// Rate at the top; not below `base`.
    pub(in crate::scenario) peak: Written<RecordRate>,
    /// Where the rate leaves the base, since the start of the run.
    pub(in crate::scenario) at: Written<Span>,
    /// Time at the peak, `rise` and `fall` not included.
    #[serde(rename = "for")]
    pub(in crate::scenario) lasts: Written<Span>,
    /// Time from the base to the peak; default `0 s`.
    pub(in crate::scenario) rise: Option<Written<Span>>,
    /// Time from the peak back to the base; default `0 s`.
    pub(in crate::scenario) fall: Option<Written<Span>>,
}

/// A daily wave whose logarithm is a cosine: always positive.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct Diurnal {
    /// Mean over a day; more than zero.
    pub(in crate::scenario) mean: Written<RecordRate>,
    /// Highest rate over the mean, 1 to 20.
    #[schemars(range(min = 1.0, max = 20.0))]
    pub(in crate::scenario) peak_to_mean: f64,
    /// Time of day of the peak, below 24 h; the run starts at midnight unless `starts_at` says
    /// otherwise.
    pub(in crate::scenario) peak_at: Written<Span>,
}

/// A daily wave whose mean differs from day to day and repeats every seven days. On which of them
/// the run starts follows from `starts_at`: by default on a thursday.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct Weekly {
    /// Mean over a week; more than zero.
    pub(in crate::scenario) mean: Written<RecordRate>,
    /// Highest rate of a day over the mean of that day, 1 to 20.
    #[schemars(range(min = 1.0, max = 20.0))]
    pub(in crate::scenario) peak_to_mean: f64,
    /// Time of day of the peak, below 24 h; the run starts at midnight unless `starts_at` says
    /// otherwise.
    pub(in crate::scenario) peak_at: Written<Span>,
    /// Load of monday to sunday relative to one another, each 0 to 1,000; the unit is yours,
    /// because `mean` says how much it is.
    #[schemars(inner(range(min = 0.0, max = 1000.0)))]
    pub(in crate::scenario) days: [f64; 7],
}

/// Another traffic that grows by a share every month, compounding all the time.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct Growth {
    /// Growth in a month of 730 h, such as `10 %`.
    pub(in crate::scenario) per_month: Written<Ratio>,
    /// What grows; at the start of the run it is as written.
    pub(in crate::scenario) of: Box<Traffic>,
}

/// How the records of a given rate are spaced.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::scenario) enum Arrivals {
    /// Even distances.
    Paced,
    /// Independent of one another: a Poisson process.
    Poisson,
    /// A Poisson process whose rate alternates between bursts and quiet.
    Bursty(Bursty),
}

/// Bursts and quiet of random lengths; the rate of the traffic is the mean of both.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct Bursty {
    /// Rate in a burst over the rate of the traffic, above 1 and at most 10,000.
    #[schemars(extend("exclusiveMinimum" = 1), range(max = 10000.0))]
    pub(in crate::scenario) factor: f64,
    /// Mean length of a burst, at least 1 ms; lengths are exponentially distributed.
    pub(in crate::scenario) mean_length: Written<Span>,
    /// Share of time that lies in bursts, at most `1 / factor`; default `1 / (2 * factor)`, so that
    /// half of the records come in bursts.
    pub(in crate::scenario) share_of_time: Option<Written<Ratio>>,
}

/// What to do with a line of a trace that is no record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::scenario) enum MalformedLines {
    /// It is an error.
    Stop,
    /// It is left out and counted.
    Skip,
}

/// How the lines of a trace are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::scenario) enum TraceFormat {
    /// Comma separated values below a header.
    Csv,
    /// One JSON object a line.
    Ndjson,
    /// What the ferrokinesis emulator captures: one JSON object a line, in fields of its own.
    Ferrokinesis,
}

/// Unit of times that are numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::scenario) enum TimeUnit {
    /// Seconds, with or without a fraction.
    Seconds,
    /// Milliseconds.
    Milliseconds,
    /// Microseconds.
    Microseconds,
    /// Nanoseconds.
    Nanoseconds,
}

/// Recorded traffic: the time of each record, and its partition key and size, unless the producer
/// gives those. The first record comes at the start of the run.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct Trace {
    /// The file, relative to the scenario; it may be compressed with gzip.
    #[schemars(length(min = 1))]
    pub(in crate::scenario) path: String,
    /// How its lines are written; default by the end of the path: `.csv`, `.tsv`, `.txt`,
    /// `.ndjson` or `.jsonl`, before `.gz`.
    pub(in crate::scenario) format: Option<TraceFormat>,
    /// Header of the column, or name of the field, of the time; default `time`.
    pub(in crate::scenario) time_column: Option<String>,
    /// The same of the partition key; default `key`, or none where the producer has a
    /// `partition_key`.
    pub(in crate::scenario) key_column: Option<String>,
    /// The same of the explicit hash key, which a record may leave empty; default
    /// `explicit_hash_key`, if there is one.
    pub(in crate::scenario) explicit_hash_key_column: Option<String>,
    /// The same of the size, whole bytes of data; default `size`, or none where the producer has a
    /// `record_size`.
    pub(in crate::scenario) size_column: Option<String>,
    /// Unit of times that are numbers; default by the size of the first one.
    pub(in crate::scenario) time_unit: Option<TimeUnit>,
    /// How much earlier than a line above a record may be, and then comes when that one does; at
    /// most 1 h, default `0 s`, and `1 s` for `ferrokinesis`.
    pub(in crate::scenario) time_tolerance: Option<Written<Span>>,
    /// The recorded moment in UTC at which the run starts; earlier records are passed over. Default
    /// is the time of the first record.
    pub(in crate::scenario) starts_at: Option<Written<Timestamp>>,
    /// What stands between two fields of `csv`, one ASCII character; default a tab for `.tsv` and
    /// `.txt`, else a comma.
    #[schemars(length(min = 1, max = 1))]
    pub(in crate::scenario) delimiter: Option<String>,
    /// The stream of a `ferrokinesis` capture whose records are taken; needed where there are
    /// several.
    pub(in crate::scenario) stream: Option<String>,
    /// Records for each one of the file, above 0 and at most 10,000; default 1.
    #[schemars(extend("exclusiveMinimum" = 0), range(max = 10000.0))]
    pub(in crate::scenario) rate_scale: Option<f64>,
    /// How much faster than recorded it is replayed, above 0 and at most 10,000: at 2 an hour takes
    /// half an hour; default 1.
    #[schemars(extend("exclusiveMinimum" = 0), range(max = 10000.0))]
    pub(in crate::scenario) speed: Option<f64>,
    /// What to do with a line that is no record; default `stop`.
    pub(in crate::scenario) malformed: Option<MalformedLines>,
}
