//! From what plotters writes to a small file that a screen reader can name.

use super::palette::{LIMIT, OBJECTIVE, hexadecimal, style};

/// Rectangles of one colour that follow each other, as one path.
#[derive(Debug, Default)]
struct Run {
    fill: String,
    path: String,
}

/// The drawing of plotters, for a page: named by title and description, rectangles of one colour
/// joined, limits dashed, no size of its own.
pub(super) fn tidy(drawing: &str, id: &str, title: &str, description: &str) -> String {
    let mut text = String::with_capacity(drawing.len() / 2);
    let mut run = Run::default();
    for line in drawing.lines() {
        if let Some((fill, rectangle)) = filled_rectangle(line) {
            if run.fill != fill {
                flush(&mut text, &mut run);
                run.fill = fill.to_owned();
            }
            run.path.push_str(&rectangle);
            continue;
        }
        flush(&mut text, &mut run);
        if line.starts_with("<svg") {
            text.push_str(&opening(line, id, title, description));
        } else {
            text.push_str(&plain(line));
        }
        text.push('\n');
    }
    flush(&mut text, &mut run);
    // plotters ends the text of a label with a line feed.
    text.replace("\n</text>", "</text>")
}

/// A drawing as a file of its own, with the style sheet for dark screens.
#[must_use]
pub fn standalone(svg: &str) -> String {
    let style = format!("<style>{}</style>\n", style());
    match svg.split_once('\n') {
        Some((opening, rest)) => format!("{opening}\n{style}{rest}"),
        None => svg.to_owned(),
    }
}

fn opening(line: &str, id: &str, title: &str, description: &str) -> String {
    let view = attribute(line, "viewBox").unwrap_or_default();
    format!(
        "<svg class=\"chart\" viewBox=\"{view}\" xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" \
         aria-labelledby=\"{id}-title {id}-desc\" font-family=\"DejaVu Sans, Verdana, sans-serif\">\
         \n<title id=\"{id}-title\">{}</title>\n<desc id=\"{id}-desc\">{}</desc>",
        escape(title),
        escape(description),
    )
}

/// Text between two tags.
pub(super) fn escape(text: &str) -> String {
    let disturbs = |character: char| character.is_control() && character != '\n';
    text.replace(disturbs, " ").replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn attribute<'line>(line: &'line str, name: &str) -> Option<&'line str> {
    let start = line.find(&format!(" {name}=\""))? + name.len() + 3;
    line[start..].split('"').next()
}

/// The colour of a filled, opaque rectangle and its outline as a path.
fn filled_rectangle(line: &str) -> Option<(&str, String)> {
    if !line.starts_with("<rect ") || attribute(line, "opacity") != Some("1") {
        return None;
    }
    let fill = attribute(line, "fill").filter(|fill| *fill != "none")?;
    let [x, y, width, height] =
        ["x", "y", "width", "height"].map(|name| attribute(line, name).unwrap_or("0"));
    Some((fill, format!("M{x} {y}h{width}v{height}h-{width}z")))
}

fn flush(text: &mut String, run: &mut Run) {
    if !run.path.is_empty() {
        // Cells that touch must not let the paper through.
        text.push_str(&format!(
            "<path fill=\"{}\" shape-rendering=\"crispEdges\" d=\"{}\"/>\n",
            run.fill, run.path
        ));
    }
    *run = Run::default();
}

/// An element without attributes that say nothing, and with the dashes of its colour.
fn plain(line: &str) -> String {
    let line = line
        .replace(" opacity=\"1\"", "")
        .replace(" stroke=\"none\"", "")
        .replace(" font-family=\"sans-serif\"", "")
        .replace(" \"/>", "\"/>");
    for (color, dashes) in [(LIMIT.light, "18 10"), (OBJECTIVE.light, "4 8")] {
        let stroke = format!("stroke=\"{}\"", hexadecimal(color));
        if line.contains(&stroke) {
            return line.replace(&stroke, &format!("{stroke} stroke-dasharray=\"{dashes}\""));
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    const DRAWING: &str =
        "<svg width=\"8\" height=\"4\" viewBox=\"0 0 8 4\" xmlns=\"http://www.w3.org/2000/svg\">
<rect x=\"0\" y=\"0\" width=\"2\" height=\"1\" opacity=\"1\" fill=\"#FFFFFF\" stroke=\"none\"/>
<rect x=\"2\" y=\"0\" width=\"2\" height=\"1\" opacity=\"1\" fill=\"#FFFFFF\" stroke=\"none\"/>
<rect x=\"4\" y=\"0\" width=\"2\" height=\"1\" opacity=\"1\" fill=\"#000000\" stroke=\"none\"/>
<text x=\"1\" y=\"1\" opacity=\"1\" fill=\"#000000\">
word
</text>
</svg>
";

    #[test]
    fn rectangles_of_one_colour_are_one_path_in_the_order_of_drawing() {
        let svg = tidy(DRAWING, "load", "Load", "a < b");
        assert_eq!(svg.matches("<path").count(), 2);
        assert!(svg.contains("d=\"M0 0h2v1h-2zM2 0h2v1h-2z\""), "{svg}");
        assert!(svg.contains("<desc id=\"load-desc\">a &lt; b</desc>"), "{svg}");
        assert!(svg.contains(">\nword</text>"), "{svg}");
    }

    #[test]
    fn a_file_of_its_own_carries_the_style_of_dark_screens() {
        let svg = standalone(&tidy(DRAWING, "load", "Load", "words"));
        assert!(svg.starts_with("<svg ") && svg.contains("prefers-color-scheme:dark"), "{svg}");
    }
}
