//! Offered and accepted load against the capacity of the stream.

use plotters::series::AreaSeries;
use plotters::style::Color;

use super::axis::{Axis, moment, time_title};
use super::frame::{
    Drawn, Frame, Margins, Mark, bounds, legend, line, names_at_right, nothing, plot, stairs,
};
use super::palette::{BLUE, LIMIT, MISSING, PAPER, VERMILLION};
use super::{Chart, ChartError, Hover};
use crate::analysis::number::{bytes, count, of, percent, plain};
use crate::analysis::{Picture, ResultDocument, SeriesRow};
use crate::units::MIB;

/// The unit of the limit that is fuller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Measure {
    Records,
    Bytes,
}

impl Measure {
    /// Records or bytes, whichever fills more shards in the busiest bin; bytes where records are
    /// not counted alike before and after a client.
    pub(super) fn scarcer(picture: &Picture) -> Self {
        if picture.is_aggregated {
            return Self::Bytes;
        }
        let highest = |measure: Self| {
            let rows = picture.rows.iter();
            let shards = rows.map(|row| measure.of_row(row).0 / measure.of_shard(picture));
            shards.fold(0.0, f64::max)
        };
        if highest(Self::Bytes) > highest(Self::Records) { Self::Bytes } else { Self::Records }
    }

    pub(super) fn axis_title(self) -> &'static str {
        match self {
            Self::Records => "records/s",
            Self::Bytes => "MiB/s",
        }
    }

    /// What one shard takes, in the unit of the axis.
    pub(super) fn of_shard(self, picture: &Picture) -> f64 {
        match self {
            Self::Records => picture.shard_records_per_second,
            Self::Bytes => picture.shard_bytes_per_second / MIB as f64,
        }
    }

    /// What is offered in a bin, and what is taken, in the unit of the axis.
    pub(super) fn of_row(self, row: &SeriesRow) -> (f64, f64) {
        let (offered, taken, unit) = match self {
            Self::Records => (row.generated_records, row.incoming_records, 1.0),
            Self::Bytes => (row.generated_bytes, row.incoming_bytes, MIB as f64),
        };
        let seconds = if row.span_seconds > 0.0 { row.span_seconds } else { 1.0 };
        (offered as f64 / unit / seconds, taken as f64 / unit / seconds)
    }

    fn show(self, value: f64) -> String {
        match self {
            Self::Records => format!("{} records/s", plain(value)),
            Self::Bytes => format!("{}/s", bytes(value * MIB as f64)),
        }
    }
}

pub(super) fn chart(document: &ResultDocument, picture: &Picture) -> Result<Chart, ChartError> {
    let measure = Measure::scarcer(picture);
    let capacity = measure.of_shard(picture) * most_open(picture) as f64;
    let loads: Vec<(f64, f64)> = picture.rows.iter().map(|row| measure.of_row(row)).collect();
    let highest = loads.iter().map(|load| load.0.max(load.1)).fold(0.0, f64::max);
    let frame = Frame::new(
        "load",
        "Load offered and accepted, against what the shards could take",
        description(document, picture, measure, (highest, capacity)),
    );
    let hover =
        Hover::by_column(bounds(Margins::LINES_NAMED, frame.height), columns(picture, measure));
    let is_empty = highest <= 0.0;
    frame.draw((!is_empty).then_some(hover), |area| {
        if is_empty {
            return nothing(area, "No records were generated.");
        }
        let mut entries = vec![
            (Mark::Line, VERMILLION, "offered".to_owned()),
            (Mark::Line, BLUE, "accepted".to_owned()),
        ];
        if document.stream.write_throttled_records > 0 {
            let words = "offered but not accepted at the time";
            entries.push((Mark::Area, MISSING, words.to_owned()));
        }
        legend(area, &entries)?;
        let x = Axis::time(picture.simulated_seconds);
        let y = Axis::from_zero(highest.max(capacity), plain);
        let margins = Margins::LINES_NAMED;
        let title = time_title(picture.simulated_seconds);
        let mut plot = plot(area, margins, (&x, title), (&y, measure.axis_title()))?;
        lines(&mut plot, picture, measure)?;
        limit(&mut plot, picture, measure)?;
        // The line itself follows the shards; here its end is named.
        let shards = picture.shards.last().map_or(0, |from| from.open_shards);
        let y = measure.of_shard(picture) * shards as f64;
        names_at_right(area, &plot, &x, margins, &[(y, of(shards, "shard"), LIMIT)])
    })
}

fn lines(plot: &mut super::frame::Plot<'_, '_>, picture: &Picture, measure: Measure) -> Drawn {
    let corners = |which: fn((f64, f64)) -> f64| {
        let bins = picture
            .rows
            .iter()
            .map(move |row| (row.start_seconds, row.span_seconds, which(measure.of_row(row))));
        stairs(bins).collect::<Vec<_>>()
    };
    let (offered, accepted) = (corners(|load| load.0), corners(|load| load.1));
    // What lies between the two lines: the area below the one without that below the other.
    plot.draw_series(AreaSeries::new(offered.clone(), 0.0, MISSING.light.filled()))?;
    plot.draw_series(AreaSeries::new(accepted.clone(), 0.0, PAPER.light.filled()))?;
    line(plot, offered, VERMILLION.light, 5)?;
    line(plot, accepted, BLUE.light, 4)
}

/// Most shards that are open at the same time.
pub(super) fn most_open(picture: &Picture) -> u64 {
    picture.shards.iter().map(|from| from.open_shards).max().unwrap_or(0)
}

/// What the open shards take, from change to change.
fn limit(plot: &mut super::frame::Plot<'_, '_>, picture: &Picture, measure: Measure) -> Drawn {
    let of_shard = measure.of_shard(picture);
    let corners = super::shards::open_line(picture).into_iter();
    line(plot, corners.map(|(at, shards)| (at, shards * of_shard)), LIMIT.light, 3)
}

fn columns(picture: &Picture, measure: Measure) -> Vec<String> {
    let rows = picture.rows.iter();
    rows.map(|row| {
        let (offered, accepted) = measure.of_row(row);
        format!(
            "{}: offered {}, accepted {}, {} attempts throttled",
            moment(row.start_seconds),
            measure.show(offered),
            measure.show(accepted),
            count(row.write_throttled_records),
        )
    })
    .collect()
}

fn description(
    document: &ResultDocument,
    picture: &Picture,
    measure: Measure,
    (highest, capacity): (f64, f64),
) -> String {
    let stream = &document.stream;
    let throttled = if stream.write_throttled_records == 0 {
        "Nothing was throttled.".to_owned()
    } else {
        format!("{} of all attempts were throttled.", percent(stream.write_throttled_ratio))
    };
    let shards = of(most_open(picture), "shard");
    let shards = if picture.shards.len() > 1 { format!("at most {shards}") } else { shards };
    format!(
        "The busiest bin is offered {}, {} of the {} that {shards} could take if keys spread \
         evenly. {throttled}",
        measure.show(highest),
        percent(highest / capacity),
        measure.show(capacity),
    )
}
