//! Open shards over time, beside those that the load would need if keys spread evenly.

use super::axis::{Axis, moment, time_title};
use super::frame::{Frame, Margins, Mark, bounds, legend, line, nothing, plot, stairs};
use super::load::Measure;
use super::palette::{BLUE, VERMILLION};
use super::{Chart, ChartError, Hover};
use crate::analysis::number::{count, of, plain};
use crate::analysis::{Picture, ResultDocument, SeriesRow};

pub(super) fn chart(document: &ResultDocument, picture: &Picture) -> Result<Chart, ChartError> {
    let needed: Vec<f64> = picture.rows.iter().map(|row| needed(row, picture)).collect();
    let most = needed.iter().copied().fold(0.0, f64::max);
    let stream = &document.stream;
    let open = if stream.shards_start == stream.shards_end {
        of(stream.shards_end, "shard")
    } else {
        format!("{} to {}", count(stream.shards_start), of(stream.shards_end, "shard"))
    };
    let words = format!(
        "{open} open, {}. If all keys were equal, the load would fill {} at its busiest bin; what \
         it needs beyond that is skew and bursts.",
        stream.mode,
        of(most.ceil() as u64, "shard"),
    );
    let frame = Frame::new("shards", "Open shards, and what an even load would fill", words);
    let hover = Hover {
        area: bounds(Margins::USUAL, frame.height),
        columns: picture
            .rows
            .iter()
            .zip(&needed)
            .map(|(row, needed)| {
                format!(
                    "{}: {} open, load of {} full shards",
                    moment(row.start_seconds),
                    count(open_at(picture, row.start_seconds)),
                    plain(*needed),
                )
            })
            .collect(),
        rows: Vec::new(),
        cells: Vec::new(),
        meaning: "",
    };
    let is_empty = picture.rows.is_empty();
    frame.draw((!is_empty).then_some(hover), |area| {
        if is_empty {
            return nothing(area, "No time was simulated.");
        }
        legend(
            area,
            &[
                (Mark::Line, BLUE, format!("open shards ({})", stream.mode)),
                (Mark::Line, VERMILLION, "full shards' worth of load".to_owned()),
            ],
        )?;
        let x = Axis::time(picture.simulated_seconds);
        let highest = picture.shards.iter().map(|from| from.open_shards).max().unwrap_or(0);
        let y = Axis::from_zero((highest as f64).max(most), plain);
        let title = time_title(picture.simulated_seconds);
        let mut plot = plot(area, Margins::USUAL, (&x, title), (&y, "shards"))?;
        let loads = picture.rows.iter().zip(&needed);
        let bins = loads.map(|(row, needed)| (row.start_seconds, row.span_seconds, *needed));
        line(&mut plot, stairs(bins), VERMILLION.light, 4)?;
        line(&mut plot, open_line(picture), BLUE.light, 6)
    })
}

/// The offered load of a bin in full shards, by the scarcer limit.
fn needed(row: &SeriesRow, picture: &Picture) -> f64 {
    let load = |measure: Measure| measure.of_row(row).0 / measure.of_shard(picture);
    load(Measure::Records).max(load(Measure::Bytes))
}

fn open_at(picture: &Picture, seconds: f64) -> u64 {
    let until = picture.shards.iter().take_while(|from| from.start_seconds <= seconds);
    until.last().map_or(0, |from| from.open_shards)
}

fn open_line(picture: &Picture) -> Vec<(f64, f64)> {
    let ends = picture.shards.iter().skip(1).map(|next| next.start_seconds);
    let ends = ends.chain([picture.simulated_seconds]);
    let spans =
        picture.shards.iter().zip(ends).map(|(from, end)| {
            (from.start_seconds, end - from.start_seconds, from.open_shards as f64)
        });
    stairs(spans).collect()
}
