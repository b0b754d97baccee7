//! Open shards and modes over time, beside the shards that the load would fill if keys spread
//! evenly; what was asked to change them, and when that was done.

use super::axis::{Axis, moment, time_title};
use super::frame::{Frame, Margins, Mark, bounds, legend, line, nothing, plot, stairs};
use super::load::{Measure, most_open};
use super::palette::{BLUE, VERMILLION};
use super::ribbons::{RIBBONS, changes, entries, ribbons};
use super::{Chart, ChartError, HEIGHT, Hover};
use crate::analysis::number::{count, of, percent, plain};
use crate::analysis::{Picture, ResultDocument, SeriesRow};

pub(super) fn chart(document: &ResultDocument, picture: &Picture) -> Result<Chart, ChartError> {
    let needed: Vec<f64> = picture.rows.iter().map(|row| needed(row, picture)).collect();
    let most = needed.iter().copied().fold(0.0, f64::max);
    let words = format!(
        "{} open, {}. If all keys were equal, the load would fill {} at its busiest bin; what it \
         needs beyond that is skew and bursts.{}",
        open(document, picture),
        document.stream.mode.replace('_', " "),
        of(most.ceil() as u64, "shard"),
        changes(document),
    );
    let mut frame = Frame::new("shards", "Open shards, and what an even load would fill", words);
    let room = if document.scaling.is_some() { RIBBONS } else { 0 };
    frame.height = HEIGHT + room;
    let margins = Margins { top: Margins::USUAL.top + room, ..Margins::USUAL };
    let hover = Hover::by_column(bounds(margins, frame.height), columns(picture, &needed));
    let is_empty = picture.rows.is_empty();
    frame.draw((!is_empty).then_some(hover), |area| {
        if is_empty {
            return nothing(area, "No time was simulated.");
        }
        let mut names = vec![
            (Mark::Line, BLUE, "open shards".to_owned()),
            (Mark::Line, VERMILLION, "load in shards".to_owned()),
        ];
        names.extend(entries(document));
        legend(area, &names)?;
        let x = Axis::time(picture.simulated_seconds);
        let y = Axis::from_zero((most_open(picture) as f64).max(most), plain);
        let title = time_title(picture.simulated_seconds);
        let mut plot = plot(area, margins, (&x, title), (&y, "shards"))?;
        let loads = picture.rows.iter().zip(&needed);
        let bins = loads.map(|(row, needed)| (row.start_seconds, row.span_seconds, *needed));
        line(&mut plot, stairs(bins), VERMILLION.light, 4)?;
        line(&mut plot, open_line(picture), BLUE.light, 6)?;
        if room > 0 { ribbons(area, &plot, document, picture) } else { Ok(()) }
    })
}

/// How many shards are open, in words.
fn open(document: &ResultDocument, picture: &Picture) -> String {
    let (start, end) = (document.stream.shards_start, document.stream.shards_end);
    if picture.shards.len() <= 1 {
        return of(end, "shard");
    }
    let most = most_open(picture);
    format!(
        "{} at the start, {} at the most, {} at the end",
        of(start, "shard"),
        count(most),
        count(end)
    )
}

fn columns(picture: &Picture, needed: &[f64]) -> Vec<String> {
    let rows = picture.rows.iter().zip(needed);
    rows.map(|(row, needed)| {
        format!(
            "{}: {} open, load of {} full shards, {} of attempts throttled",
            moment(row.start_seconds),
            count(open_at(picture, row.start_seconds)),
            plain(*needed),
            percent(row.write_throttled_ratio),
        )
    })
    .collect()
}

/// The offered load of a bin in full shards, by the scarcer limit; of records that a client puts
/// into one, those that were taken.
fn needed(row: &SeriesRow, picture: &Picture) -> f64 {
    let [records, bytes] = [Measure::Records, Measure::Bytes].map(|measure| {
        let (offered, taken) = measure.of_row(row);
        let is_alike = measure == Measure::Bytes || !picture.is_aggregated;
        (if is_alike { offered } else { taken }) / measure.of_shard(picture)
    });
    records.max(bytes)
}

fn open_at(picture: &Picture, seconds: f64) -> u64 {
    let until = picture.shards.iter().take_while(|from| from.start_seconds <= seconds);
    until.last().map_or(0, |from| from.open_shards)
}

/// The open shards as a line of level pieces.
pub(super) fn open_line(picture: &Picture) -> Vec<(f64, f64)> {
    let ends = picture.shards.iter().skip(1).map(|next| next.start_seconds);
    let ends = ends.chain([picture.simulated_seconds]);
    let spans =
        picture.shards.iter().zip(ends).map(|(from, end)| {
            (from.start_seconds, end - from.start_seconds, from.open_shards as f64)
        });
    stairs(spans).collect()
}
