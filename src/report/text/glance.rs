//! The run at a glance: lines of small bars over time, and the hottest shards as strips.

use super::layout::{Page, Paint, shorten};
use crate::analysis::number::{milliseconds, percent, plain, seconds};
use crate::analysis::{HeatRow, Picture, SeriesRow};

/// From nothing to all of the scale.
const BARS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
/// Stands where a shard refuses records.
const REFUSES: char = '!';
/// Columns of names at the left.
const NAME: usize = 20;
/// Columns of figures at the right.
const FIGURE: usize = 24;
/// Shards, or groups of neighbours, that get a strip.
const STRIPS: usize = 6;
/// Consumers that get a line.
const CONSUMERS: usize = 4;

/// What a column shows.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Column {
    /// From zero to one.
    height: f64,
    refuses: bool,
}

pub(super) fn over_time(picture: &Picture, page: &mut Page) {
    if picture.rows.is_empty() {
        return;
    }
    let columns = (page.width() - NAME - FIGURE - 6).min(picture.rows.len());
    let each = picture.simulated_seconds / columns as f64;
    page.heading(&format!("Over time, from the start to {}", seconds(picture.simulated_seconds)));
    series(picture, page, columns);
    strips(picture, page, columns.min(picture.heat.columns));
    let words = format!(
        "A column is about {}. Bars of shards and of the fullest second are full at the limit; \
         {REFUSES} marks refused records.",
        seconds(each.max(1.0)),
    );
    page.paragraph("  ", 2, &words);
}

fn series(picture: &Picture, page: &mut Page, columns: usize) {
    let take = |value: fn(&SeriesRow) -> f64| picture.rows.iter().map(value).collect::<Vec<f64>>();
    let offered = take(|row| row.generated_records_per_second);
    bars(page, "offered", &offered, None, columns, |most| format!("{} records/s", plain(most)));
    let throttled = take(|row| row.write_throttled_ratio);
    bars(page, "throttled", &throttled, None, columns, percent);
    let fullest = take(|row| row.hottest_shard_utilization_peak_1s);
    bars(page, "fullest second", &fullest, Some(1.0), columns, percent);
    let consumers = picture.rows[0].consumers.iter().map(|seen| seen.name.clone());
    for (index, name) in consumers.enumerate().take(CONSUMERS) {
        let age = |row: &SeriesRow| row.consumers[index].iterator_age_ms_max as f64;
        let ages: Vec<f64> = picture.rows.iter().map(age).collect();
        bars(page, &format!("age at {name}"), &ages, None, columns, milliseconds);
    }
}

/// A line of bars, the highest of which, or `full`, has the whole height.
fn bars(
    page: &mut Page,
    name: &str,
    values: &[f64],
    full: Option<f64>,
    columns: usize,
    show: impl Fn(f64) -> String,
) {
    let most = values.iter().copied().fold(0.0, f64::max);
    let scale = full.unwrap_or(most);
    let line: String = highest(values, columns)
        .into_iter()
        .map(|value| bar(if scale > 0.0 { value / scale } else { 0.0 }))
        .collect();
    row(page, name, &line, &format!("max {}", show(most)));
}

/// The shards that refuse most, then the fullest ones.
fn strips(picture: &Picture, page: &mut Page, columns: usize) {
    // Where a shard is not open it has no value.
    let sum = |values: &[f64]| values.iter().filter(|value| !value.is_nan()).sum::<f64>();
    let mut rows: Vec<&HeatRow> = picture.heat.rows.iter().collect();
    // Stable: equal shards stay in the order of their ranges.
    rows.sort_by(|one, other| {
        let heat = |row: &HeatRow| (sum(&row.throttled_ratio), sum(&row.utilization));
        let (one, other) = (heat(one), heat(other));
        other.0.total_cmp(&one.0).then(other.1.total_cmp(&one.1))
    });
    for row_of_map in rows.into_iter().take(STRIPS) {
        let full = highest(&row_of_map.utilization, columns);
        let refused = highest(&row_of_map.throttled_ratio, columns);
        let cells: Vec<Column> = full
            .into_iter()
            .zip(refused)
            .map(|(height, ratio)| Column { height, refuses: ratio > 0.0 })
            .collect();
        let open = row_of_map.utilization.iter().filter(|value| !value.is_nan()).count();
        let mean = sum(&row_of_map.utilization) / open.max(1) as f64;
        let strip = painted(page, &cells);
        row(page, &name(row_of_map), &strip, &format!("mean {}", percent(mean)));
    }
}

fn painted(page: &Page, cells: &[Column]) -> String {
    let mut strip = String::new();
    let mut start = 0;
    while start < cells.len() {
        let refuses = cells[start].refuses;
        let alike = cells[start..].iter().take_while(|cell| cell.refuses == refuses).count();
        let run = &cells[start..start + alike];
        let text: String =
            run.iter().map(|cell| if refuses { REFUSES } else { bar(cell.height) }).collect();
        strip.push_str(&if refuses { page.paint(Paint::Red, &text) } else { text });
        start += alike;
    }
    strip
}

fn row(page: &mut Page, name: &str, line: &str, figure: &str) {
    page.line(&format!("  {:<NAME$}  {line}  {figure}", shorten(name, NAME)));
}

fn name(row: &HeatRow) -> String {
    let number = |shard_id: &str| {
        let digits = shard_id.trim_start_matches("shardId-").trim_start_matches('0');
        if digits.is_empty() { "0".to_owned() } else { digits.to_owned() }
    };
    let (first, last) = (number(&row.first_shard_id), number(&row.last_shard_id));
    if first == last { format!("shard {first}") } else { format!("shards {first} to {last}") }
}

fn bar(height: f64) -> char {
    let most = BARS.len() - 1;
    // What is not zero is seen.
    let least = usize::from(height > 0.0);
    BARS[((height * most as f64).round() as usize).clamp(least, most)]
}

/// The highest value that falls into each of `columns`.
fn highest(values: &[f64], columns: usize) -> Vec<f64> {
    let mut most = vec![0.0_f64; columns.min(values.len())];
    let columns = most.len();
    for (index, value) in values.iter().enumerate() {
        let column = &mut most[index * columns / values.len()];
        *column = column.max(*value);
    }
    most
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::{picture, testing};

    fn glance(width: usize, color: bool) -> String {
        let picture = picture(&testing::scenario(), &testing::observation());
        let mut page = Page::new(width, color);
        over_time(&picture, &mut page);
        page.finish()
    }

    #[test]
    fn the_shard_that_refuses_comes_first_and_is_marked() {
        let text = glance(100, false);
        let strips: Vec<&str> = text.lines().filter(|line| line.starts_with("  shard ")).collect();
        assert!(strips[0].starts_with("  shard 0") && strips[0].contains("!!!!"), "{text}");
        assert!(strips[0].ends_with("mean 100 %") && !strips[1].contains('!'), "{text}");
        assert!(glance(100, true).contains("\u{1b}[1;31m!!!!"));
    }

    #[test]
    fn lines_fill_the_page_and_no_more() {
        for width in [80, 100, 120] {
            let text = glance(width, false);
            let widest = text.lines().map(|line| line.chars().count()).max().unwrap();
            assert!(widest <= width && widest > width - 20, "{width}: {text}");
        }
    }

    #[test]
    fn the_highest_of_what_falls_into_a_column_is_kept() {
        assert_eq!(highest(&[1.0, 5.0, 2.0, 0.0, 3.0], 2), [5.0, 3.0]);
        assert_eq!(highest(&[1.0], 10), [1.0]);
        assert_eq!((bar(0.0), bar(0.001), bar(7.0)), (' ', '▁', '█'));
    }
}
