//! What all charts have in common: title, legend, axes, lines across, and words where there is
//! nothing to draw.

use plotters::chart::{ChartBuilder, ChartContext};
use plotters::coord::Shift;
use plotters::coord::ranged1d::{DefaultFormatting, KeyPointHint};
use plotters::drawing::DrawingArea;
use plotters::element::{Cross, PathElement, Rectangle, Text};
use plotters::prelude::{Cartesian2d, IntoDrawingArea, Ranged, SVGBackend};
use plotters::series::LineSeries;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, FontStyle, FontTransform, IntoFont, RGBColor, ShapeStyle, TextStyle};

use super::axis::Axis;
use super::palette::{AXIS, GRID, INK, PAPER, SOFT_INK, Tint};
use super::{Chart, ChartError, HEIGHT, Hover, WIDTH, svg};

/// Size of a title in units of the drawing.
const TITLE: f64 = 36.0;
/// Size of words and labels.
pub(super) const WORDS: f64 = 26.0;
/// plotters divides the size of a font by this before it writes it.
const SIZE_OF_PLOTTERS: f64 = 1.24;
/// Columns of a unit that a character of the widest font of the list takes, over its size.
const WIDTH_OF_CHARACTER: f64 = 0.6;
/// From a line's name to the next.
const LEGEND_GAP: f64 = 42.0;
/// The mark of a line and the space before its name.
pub(super) const MARK_WIDTH: f64 = 44.0;
/// Least distance of two labels at the right of a plot.
const LABEL_DISTANCE: f64 = 32.0;

/// Where things stand, in units of the drawing.
#[derive(Clone, Copy, Debug)]
pub(super) struct Margins {
    pub(super) left: u32,
    pub(super) right: u32,
    pub(super) top: u32,
    pub(super) bottom: u32,
}

impl Margins {
    /// Room for labels of numbers at the left, and little at the right.
    pub(super) const USUAL: Self = Self { left: 184, right: 50, top: 158, bottom: 104 };
    /// The same with room for the names of lines at the right.
    pub(super) const LINES_NAMED: Self = Self { left: 184, right: 290, top: 158, bottom: 104 };
}

/// How the colour of an entry of a legend is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    Line,
    Area,
    /// Not a colour but a shape, as it is drawn.
    Cross,
    /// No mark: words that say what a figure in the drawing is.
    Words,
}

/// Which faint lines lie behind a plot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mesh {
    /// Level, at the ticks of the upright axis.
    Level,
    /// Upright, at the ticks of the level axis: for bars that lie.
    Upright,
    /// None: for cells and ribbons, which fill their rows.
    None,
}

/// Height of a chart that says that there is nothing to draw.
pub(super) const HEIGHT_OF_NOTHING: u32 = 240;

/// A line across the plot with its name at the right.
#[derive(Clone, Debug)]
pub(super) struct Across {
    pub(super) y: f64,
    pub(super) name: String,
    pub(super) tint: Tint,
}

pub(super) type Area<'drawing> = DrawingArea<SVGBackend<'drawing>, Shift>;
pub(super) type Plot<'area, 'drawing> =
    ChartContext<'area, SVGBackend<'drawing>, Cartesian2d<Axis, Axis>>;
pub(super) type Drawn = Result<(), Box<dyn std::error::Error + Send + Sync>>;

impl Ranged for Axis {
    type FormatOption = DefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, limit: (i32, i32)) -> i32 {
        let share = (value - self.min) / (self.max - self.min);
        limit.0 + (share * f64::from(limit.1 - limit.0)).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, _hint: Hint) -> Vec<f64> {
        self.ticks.iter().map(|tick| tick.0).collect()
    }

    fn range(&self) -> std::ops::Range<f64> {
        self.min..self.max
    }
}

/// A chart before it is drawn.
#[derive(Clone, Debug)]
pub(super) struct Frame {
    pub(super) id: &'static str,
    pub(super) title: String,
    pub(super) description: String,
    pub(super) height: u32,
}

impl Frame {
    pub(super) fn new(id: &'static str, title: &str, description: String) -> Self {
        Self { id, title: title.to_owned(), description, height: HEIGHT }
    }

    /// Draws the title and what `draw` adds, and tidies it.
    pub(super) fn draw(
        self,
        hover: Option<Hover>,
        draw: impl FnOnce(&Area<'_>) -> Drawn,
    ) -> Result<Chart, ChartError> {
        let mut drawing = String::new();
        let area = SVGBackend::with_string(&mut drawing, (WIDTH, self.height)).into_drawing_area();
        let drawn = area.fill(&PAPER.light).map_err(Into::into).and_then(|()| {
            bold(&area, &self.title, (40, 30), TITLE)?;
            draw(&area)?;
            area.present().map_err(Into::into)
        });
        drop(area);
        drawn.map_err(|error: Box<dyn std::error::Error + Send + Sync>| ChartError {
            chart: self.id,
            reason: error.to_string(),
        })?;
        let svg = svg::tidy(&drawing, self.id, &self.title, &self.description);
        Ok(Chart { id: self.id, title: self.title, description: self.description, svg, hover })
    }
}

/// Left, top, right and bottom of the plot within `margins`.
pub(super) fn bounds(margins: Margins, height: u32) -> [f64; 4] {
    [
        f64::from(margins.left),
        f64::from(margins.top),
        f64::from(WIDTH - margins.right),
        f64::from(height - margins.bottom),
    ]
}

/// A coordinate system with axes, ticks and titles in it, and level lines behind.
pub(super) fn plot<'area, 'drawing>(
    area: &'area Area<'drawing>,
    margins: Margins,
    x: (&Axis, &str),
    y: (&Axis, &str),
) -> Result<Plot<'area, 'drawing>, Box<dyn std::error::Error + Send + Sync>> {
    plot_on(area, margins, x, y, Mesh::Level)
}

/// The same with another mesh behind.
pub(super) fn plot_on<'area, 'drawing>(
    area: &'area Area<'drawing>,
    margins: Margins,
    (x, x_title): (&Axis, &str),
    (y, y_title): (&Axis, &str),
    mesh: Mesh,
) -> Result<Plot<'area, 'drawing>, Box<dyn std::error::Error + Send + Sync>> {
    let mut plot = ChartBuilder::on(area)
        .margin_left(40)
        .margin_right(margins.right)
        .margin_top(margins.top)
        .margin_bottom(50)
        .x_label_area_size(margins.bottom - 50)
        .y_label_area_size(margins.left - 40)
        .build_cartesian_2d(x.clone(), y.clone())?;
    let mut style_of_mesh = plot.configure_mesh();
    if mesh != Mesh::Upright {
        style_of_mesh.disable_x_mesh();
    }
    if mesh != Mesh::Level {
        style_of_mesh.disable_y_mesh();
    }
    style_of_mesh
        // Keeps the first labels of both axes apart where they meet.
        .set_all_tick_mark_size(16)
        .light_line_style(GRID.light.stroke_width(0))
        .bold_line_style(GRID.light.stroke_width(2))
        .axis_style(AXIS.light.stroke_width(2))
        .label_style(style(WORDS, SOFT_INK))
        .x_labels(x.ticks.len().max(2))
        .y_labels(y.ticks.len().max(2))
        .x_label_formatter(&|value| x.label(*value))
        .y_label_formatter(&|value| y.label(*value))
        .draw()?;
    let height = area.dim_in_pixel().1;
    let [left, top, right, bottom] = bounds(margins, height);
    let middle = ((left + right) / 2.0) as i32;
    text(area, x_title, (middle, height as i32 - 22), HPos::Center, SOFT_INK)?;
    let turned = style(WORDS, SOFT_INK)
        .transform(FontTransform::Rotate270)
        .pos(Pos::new(HPos::Center, VPos::Center));
    area.draw(&Text::new(y_title.to_owned(), (18, ((top + bottom) / 2.0) as i32), turned))?;
    Ok(plot)
}

/// The backend has no metrics of fonts; it is told sizes, and positions are ours.
fn style(size: f64, tint: Tint) -> TextStyle<'static> {
    ("sans-serif", size * SIZE_OF_PLOTTERS).into_font().color(&tint.light)
}

fn bold(area: &Area<'_>, words: &str, at: (i32, i32), size: f64) -> Drawn {
    let font = ("sans-serif", size * SIZE_OF_PLOTTERS)
        .into_font()
        .style(FontStyle::Bold)
        .color(&INK.light);
    area.draw(&Text::new(words.to_owned(), at, font))?;
    Ok(())
}

/// Words at a place, vertically in its middle.
pub(super) fn text(area: &Area<'_>, words: &str, at: (i32, i32), side: HPos, tint: Tint) -> Drawn {
    let style = style(WORDS, tint).pos(Pos::new(side, VPos::Center));
    area.draw(&Text::new(words.to_owned(), at, style))?;
    Ok(())
}

/// Words on a piece of paper of their own, so that no line behind strikes them out.
pub(super) fn text_on_paper(
    area: &Area<'_>,
    words: &str,
    at: (i32, i32),
    side: HPos,
    tint: Tint,
) -> Drawn {
    let width = width_of(words) as i32;
    let left = match side {
        HPos::Left => at.0,
        HPos::Right => at.0 - width,
        HPos::Center => at.0 - width / 2,
    };
    let corners = [(left - 4, at.1 - 18), (left + width + 4, at.1 + 18)];
    area.draw(&Rectangle::new(corners, PAPER.light.filled()))?;
    text(area, words, at, side, tint)
}

/// About as wide as words can be, in units of the drawing.
pub(super) fn width_of(words: &str) -> f64 {
    words.chars().count() as f64 * WORDS * WIDTH_OF_CHARACTER
}

/// Words that fit into `width`.
pub(super) fn fitted(words: &str, width: f64) -> String {
    let fits = (width / (WORDS * WIDTH_OF_CHARACTER)).floor().max(2.0) as usize;
    let clean = |character: char| if character.is_control() { ' ' } else { character };
    if words.chars().count() <= fits {
        return words.chars().map(clean).collect();
    }
    let head = (fits - 1).div_ceil(2);
    let tail = fits - 1 - head;
    let all: Vec<char> = words.chars().map(clean).collect();
    let end: String = all[all.len() - tail..].iter().collect();
    format!("{}…{end}", all[..head].iter().collect::<String>())
}

/// Names of what is drawn, below the title, as far as one row holds them.
pub(super) fn legend(area: &Area<'_>, entries: &[(Mark, Tint, String)]) -> Drawn {
    let room = f64::from(WIDTH) - 80.0;
    let width = |name: &String| MARK_WIDTH + width_of(name);
    let sum = |names: &[String]| {
        names.iter().map(|name| width(name) + LEGEND_GAP).sum::<f64>() - LEGEND_GAP
    };
    let fitted_to = |longest: f64| -> Vec<String> {
        entries.iter().map(|entry| fitted(&entry.2, longest)).collect()
    };
    // Names are shortened only where not all of them fit.
    let mut names = fitted_to(800.0);
    if sum(&names) > room {
        names = fitted_to(260.0);
    }
    let all = sum(&names);
    let middle = 112;
    let mut left = 40.0;
    for (index, ((mark, tint, _), name)) in entries.iter().zip(&names).enumerate() {
        let more = format!("and {} more", entries.len() - index);
        if all > room && left + width(name) + LEGEND_GAP + width_of(&more) > 40.0 + room {
            return text(area, &more, (left as i32, middle), HPos::Left, SOFT_INK);
        }
        let from = left as i32;
        swatch(area, *mark, *tint, (from, middle))?;
        let start = if *mark == Mark::Words { from } else { from + MARK_WIDTH as i32 };
        text(area, name, (start, middle), HPos::Left, INK)?;
        left += width(name) + LEGEND_GAP;
    }
    Ok(())
}

/// The mark before a name in a legend.
pub(super) fn swatch(area: &Area<'_>, mark: Mark, tint: Tint, (from, middle): (i32, i32)) -> Drawn {
    let to = from + 32;
    match mark {
        Mark::Line => {
            let path = vec![(from, middle), (to, middle)];
            area.draw(&PathElement::new(path, tint.light.stroke_width(6)))?;
        }
        Mark::Area => {
            let corners = [(from, middle - 12), (to, middle + 12)];
            area.draw(&Rectangle::new(corners, tint.light.filled()))?;
        }
        Mark::Cross => {
            let style = ShapeStyle { color: tint.light.to_rgba(), filled: false, stroke_width: 4 };
            area.draw(&Cross::new((from + 20, middle), 9, style))?;
        }
        Mark::Words => {}
    }
    Ok(())
}

/// One line of words in place of a plot.
pub(super) fn nothing(area: &Area<'_>, words: &str) -> Drawn {
    let (width, height) = area.dim_in_pixel();
    text(area, words, (width as i32 / 2, height as i32 / 2), HPos::Center, SOFT_INK)
}

/// A line through points.
pub(super) fn line(
    plot: &mut Plot<'_, '_>,
    points: impl IntoIterator<Item = (f64, f64)>,
    color: RGBColor,
    width: u32,
) -> Drawn {
    plot.draw_series(LineSeries::new(points, color.stroke_width(width)))?;
    Ok(())
}

/// Lines across the whole plot, each named at its right end, the names kept apart.
pub(super) fn lines_across(
    area: &Area<'_>,
    plot: &mut Plot<'_, '_>,
    x: &Axis,
    margins: Margins,
    lines: &[Across],
) -> Drawn {
    for across in lines {
        line(plot, [(x.min, across.y), (x.max, across.y)], across.tint.light, 3)?;
    }
    let names: Vec<(f64, String, Tint)> =
        lines.iter().map(|across| (across.y, across.name.clone(), across.tint)).collect();
    names_at_right(area, plot, x, margins, &names)
}

/// Names at the right of a plot at their heights, kept apart.
pub(super) fn names_at_right(
    area: &Area<'_>,
    plot: &Plot<'_, '_>,
    x: &Axis,
    margins: Margins,
    names: &[(f64, String, Tint)],
) -> Drawn {
    let height = |y: f64| f64::from(plot.backend_coord(&(x.max, y)).1);
    let mut named: Vec<(f64, &str, Tint)> =
        names.iter().map(|(y, name, tint)| (height(*y), name.as_str(), *tint)).collect();
    named.sort_by(|one, other| one.0.total_cmp(&other.0));
    let mut before = f64::NEG_INFINITY;
    let left = WIDTH - margins.right + 14;
    for (wish, name, tint) in named {
        let at = wish.max(before + LABEL_DISTANCE);
        before = at;
        let name = fitted(name, f64::from(margins.right) - 24.0);
        text(area, &name, (left as i32, at as i32), HPos::Left, tint)?;
    }
    Ok(())
}

/// The corners of bins: a line that is level within each bin.
pub(super) fn stairs(
    bins: impl IntoIterator<Item = (f64, f64, f64)>,
) -> impl Iterator<Item = (f64, f64)> {
    bins.into_iter().flat_map(|(start, span, value)| [(start, value), (start + span, value)])
}
