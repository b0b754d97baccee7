//! What CloudWatch's minute metrics would have shown, over the truth of single seconds.

use super::axis::{Axis, moment, time_title};
use super::frame::{
    Across, Frame, Margins, Mark, bounds, legend, line, lines_across, nothing, plot, stairs,
};
use super::palette::{BLUE, LIMIT, VERMILLION};
use super::{Chart, ChartError, Hover};
use crate::analysis::number::{percent, plain};
use crate::analysis::{Picture, ResultDocument};

pub(super) fn chart(document: &ResultDocument, picture: &Picture) -> Result<Chart, ChartError> {
    let stream = &document.stream;
    let words = format!(
        "Utilization of the fullest shard. Second by second it reaches {}; the minute metrics \
         IncomingRecords and IncomingBytes would show {} at most. Throttling falls into {} \
         single seconds and {} minutes.",
        percent(stream.truth.hottest_shard_utilization_peak_1s),
        percent(stream.cloudwatch.hottest_shard_utilization_peak_1min),
        stream.truth.seconds_with_throttling,
        stream.cloudwatch.minutes_with_throttling,
    );
    let frame = Frame::new("cloudwatch", "What CloudWatch shows, and what happens", words);
    let rows = &picture.rows;
    let highest = rows.iter().map(|row| row.hottest_shard_utilization_peak_1s).fold(0.0, f64::max);
    let margins = Margins::LINES_NAMED;
    let hover = Hover::by_column(
        bounds(margins, frame.height),
        rows.iter()
            .map(|row| {
                format!(
                    "{}: fullest second {}, fullest minute in CloudWatch {}",
                    moment(row.start_seconds),
                    percent(row.hottest_shard_utilization_peak_1s),
                    percent(row.cloudwatch_hottest_shard_utilization_1min),
                )
            })
            .collect(),
    );
    frame.draw((highest > 0.0).then_some(hover), |area| {
        if highest <= 0.0 {
            return nothing(area, "No shard took a record.");
        }
        legend(
            area,
            &[
                (Mark::Line, VERMILLION, "fullest shard in its fullest second".to_owned()),
                (Mark::Line, BLUE, "fullest shard by the metrics of a minute".to_owned()),
            ],
        )?;
        let x = Axis::time(picture.simulated_seconds);
        let y = Axis::from_zero(highest.max(1.0), |value| format!("{} %", plain(value * 100.0)));
        let title = time_title(picture.simulated_seconds);
        let mut plot = plot(area, margins, (&x, title), (&y, "of the scarcer write limit"))?;
        let truth = rows.iter().map(|row| {
            (row.start_seconds, row.span_seconds, row.hottest_shard_utilization_peak_1s)
        });
        line(&mut plot, stairs(truth), VERMILLION.light, 3)?;
        let minutes = rows.iter().map(|row| {
            (row.start_seconds, row.span_seconds, row.cloudwatch_hottest_shard_utilization_1min)
        });
        line(&mut plot, stairs(minutes), BLUE.light, 5)?;
        let across = [Across { y: 1.0, name: "limit of a shard".to_owned(), tint: LIMIT }];
        lines_across(area, &mut plot, &x, margins, &across)
    })
}
