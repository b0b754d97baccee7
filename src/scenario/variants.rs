//! Several scenarios from one file: its variants, and the points of its sweep.
//!
//! Both lay values over the tree as `--set` does, then check and resolve it again, so a variant is
//! as legal as the scenario itself. Neither is part of the scenario: its digest does not know them.

use super::Scenario;
use super::diagnostic::Diagnostics;
use super::quantity::Decimal;
use super::reader::{Reading, start};
use super::source::{Override, Source, put};
use super::tree::{Node, Place, Value, shorten};
use super::validate::Files;

/// Most points of a sweep.
const POINTS_MAX: usize = 10_000;
/// Points of a range that does not say how many.
const RANGE_POINTS: usize = 5;
/// The name of the scenario without a variant.
const BASELINE: &str = "baseline";

/// One of several scenarios to compare.
#[derive(Clone, Debug)]
pub struct Variant {
    /// `baseline`, or the name of the variant.
    pub name: String,
    /// What it changes, as `path=value`.
    pub changes: Vec<String>,
    /// The scenario with these changes.
    pub scenario: Scenario,
}

/// A grid of scenarios.
#[derive(Clone, Debug)]
pub struct Sweep {
    /// The paths that change, in the order of the file.
    pub paths: Vec<String>,
    /// Every combination of values; the last path changes quickest.
    pub points: Vec<SweepPoint>,
}

/// One scenario of a grid.
#[derive(Clone, Debug)]
pub struct SweepPoint {
    /// The values, as they are written, in the order of the paths.
    pub values: Vec<String>,
    /// The scenario with these values.
    pub scenario: Scenario,
}

/// Reads a scenario and its variants, the scenario itself first, as `baseline`.
///
/// # Errors
/// Everything that is wrong with the scenario; then everything that is wrong with its variants.
pub fn read_variants(
    source: &Source,
    overrides: &[Override],
    files: &mut Files<'_>,
) -> Result<Vec<Variant>, Diagnostics> {
    let mut reading = start(source, overrides)?;
    let baseline = reading.resolve_base(files)?;
    let mut all = vec![Variant { name: BASELINE.into(), changes: Vec::new(), scenario: baseline }];
    let variants = reading.root.entry("variants").map(|entry| entry.value.clone());
    let Some(Node { value: Value::List(variants), .. }) = variants else {
        return Ok(all);
    };
    for variant in &variants {
        let name = variant.name().unwrap_or_default().to_owned();
        if all.iter().any(|other| other.name == name) {
            let message = format!("the name `{}` is taken", shorten(&name));
            let problem = reading.problems.add("duplicate-name", variant.at("name").place, message);
            problem.help("`baseline` is the scenario without a variant");
            continue;
        }
        let changes = entries(variant.at("set"));
        let scenario = reading.changed(&changes, files);
        let changes = changes.iter().map(|(path, _, value)| format!("{path}={}", text(value)));
        let changes = changes.collect();
        all.extend(scenario.map(|scenario| Variant { name, changes, scenario }));
    }
    reading.done()?;
    Ok(all)
}

/// Reads the grid of a scenario; none where it has no `sweep`.
///
/// # Errors
/// Everything that is wrong with the scenario; then what is wrong with its grid.
pub fn read_sweep(
    source: &Source,
    overrides: &[Override],
    files: &mut Files<'_>,
) -> Result<Option<Sweep>, Diagnostics> {
    let mut reading = start(source, overrides)?;
    reading.resolve_base(files)?;
    let Some(sweep) = reading.root.entry("sweep").map(|entry| entry.value.clone()) else {
        return Ok(None);
    };
    let mut axes: Vec<(String, Place, Vec<Choice>)> = Vec::new();
    for (path, place, value) in entries(&sweep) {
        match axis(&value, &path, &reading.root) {
            Ok(values) => axes.push((path, place, values)),
            Err(message) => {
                let help = "write a list of values, or factors of the value that is there, such as \
                            `1x..3x` or `0.5x..2x by 0.25x`";
                reading.problems.add("bad-sweep", value.place, message).help(help);
            }
        }
    }
    let count = axes.iter().map(|axis| axis.2.len()).fold(1, usize::saturating_mul);
    if count > POINTS_MAX {
        let message = format!("the grid has {count} points, more than {POINTS_MAX}");
        reading.problems.add("too-many", sweep.place, message);
    }
    reading.check()?;
    let mut points = Vec::with_capacity(count);
    for number in 0..count {
        let mut rest = number;
        let (mut chosen, mut values) = (Vec::new(), Vec::new());
        for (path, place, choices) in axes.iter().rev() {
            let choice = &choices[rest % choices.len()];
            chosen.push((path.clone(), *place, choice.value.clone()));
            values.push(choice.label.clone());
            rest /= choices.len();
        }
        chosen.reverse();
        values.reverse();
        if let Some(scenario) = reading.changed(&chosen, files) {
            points.push(SweepPoint { values, scenario });
        } else {
            break;
        }
    }
    reading.done()?;
    Ok(Some(Sweep { paths: axes.into_iter().map(|axis| axis.0).collect(), points }))
}

impl Reading {
    /// The scenario with some paths replaced; nothing when that is wrong, which is then reported.
    fn changed(
        &mut self,
        changes: &[(String, Place, Node)],
        files: &mut Files<'_>,
    ) -> Option<Scenario> {
        let mut root = self.root.clone();
        let before = self.problems.len();
        for (path, place, value) in changes {
            put(path, *place, value.clone(), &mut root, self.schema.root(), &mut self.problems);
        }
        if self.problems.len() > before {
            return None;
        }
        self.resolve(&root, files)
    }
}

/// The entries of a map: key, place of the key, value.
fn entries(node: &Node) -> Vec<(String, Place, Node)> {
    match &node.value {
        Value::Map(entries) => entries
            .iter()
            .map(|entry| (entry.key.clone(), entry.key_place, entry.value.clone()))
            .collect(),
        _ => Vec::new(),
    }
}

/// A value in one line: a text as it is, anything else as JSON.
fn text(node: &Node) -> String {
    match node.value.scalar() {
        Some(text) => text.to_owned(),
        None => node.to_json().to_string(),
    }
}

/// A value of a path of a sweep.
struct Choice {
    /// As it is written: `8`, `1.5x`.
    label: String,
    value: Node,
}

/// The values of one path of a sweep.
fn axis(value: &Node, path: &str, root: &Node) -> Result<Vec<Choice>, String> {
    let values = match &value.value {
        Value::List(items) => items.clone(),
        Value::Text(text) => {
            let factors = range(text)?;
            factors
                .into_iter()
                .map(|factor| Node { value: Value::Text(factor), ..value.clone() })
                .collect()
        }
        _ => return Err(format!("`{}` is neither a list nor a range", shorten(path))),
    };
    if values.is_empty() {
        return Err(format!("`{}` has no value to try", shorten(path)));
    }
    values
        .into_iter()
        .map(|value| {
            let label = text(&value);
            let Some(factor) = value.value.scalar().and_then(factor) else {
                return Ok(Choice { label, value });
            };
            let wrong =
                |what: &str| format!("`{}` {what} that a factor could change", shorten(path));
            let base = find(root, path).ok_or_else(|| wrong("has no value"))?;
            let mut changed = Node { place: value.place, ..base.clone() };
            if scale(&mut changed, factor) {
                Ok(Choice { label, value: changed })
            } else {
                Err(wrong("is no number"))
            }
        })
        .collect()
}

/// The number of a factor: 1.5 of `1.5x`.
fn factor(text: &str) -> Option<f64> {
    let number = text.trim().strip_suffix('x')?.trim().parse::<f64>().ok()?;
    (number.is_finite() && number >= 0.0).then_some(number)
}

/// The factors of `1x..3x` and of `1x..3x by 0.5x`.
fn range(text: &str) -> Result<Vec<String>, String> {
    let wrong = || format!("`{}` is not a range of factors", shorten(text));
    let (bounds, step) = match text.split_once(" by ") {
        Some((bounds, step)) => (bounds, Some(factor(step).ok_or_else(wrong)?)),
        None => (text, None),
    };
    let (from, to) = bounds.split_once("..").ok_or_else(wrong)?;
    let (from, to) = (factor(from).ok_or_else(wrong)?, factor(to).ok_or_else(wrong)?);
    let step = step.unwrap_or((to - from) / (RANGE_POINTS - 1) as f64);
    if from >= to || step <= 0.0 || (to - from) / step > POINTS_MAX as f64 {
        return Err(wrong());
    }
    // A little more than the end, so that rounding loses no point.
    let points = ((to - from) / step + 1e-9).floor() as usize;
    let at = |point: usize| from + step * point as f64;
    Ok((0..=points).map(|point| format!("{}x", (at(point) * 1e6).round() / 1e6)).collect())
}

/// The value at a path; elements of a list go by name or index.
fn find<'a>(root: &'a Node, path: &str) -> Option<&'a Node> {
    let mut node = root;
    for key in path.split('.') {
        node = match &node.value {
            Value::List(items) => items
                .iter()
                .find(|item| item.name() == Some(key))
                .or_else(|| items.get(key.parse::<usize>().ok()?))?,
            _ => &node.entry(key)?.value,
        };
    }
    Some(node)
}

/// Multiplies a number with or without a unit, or every rate of records below; whether there was
/// anything to multiply.
fn scale(node: &mut Node, factor: f64) -> bool {
    match &mut node.value {
        Value::Map(entries) => {
            let mut any = false;
            for entry in entries {
                any |= scale_rates(&mut entry.value, factor);
            }
            any
        }
        Value::List(items) => {
            items.iter_mut().fold(false, |any, item| scale_rates(item, factor) | any)
        }
        _ => scale_scalar(node, factor),
    }
}

/// Multiplies every rate of records in a tree.
fn scale_rates(node: &mut Node, factor: f64) -> bool {
    match node.value.scalar() {
        Some(text) => text.contains("record") && text.contains('/') && scale_scalar(node, factor),
        None => scale(node, factor),
    }
}

fn scale_scalar(node: &mut Node, factor: f64) -> bool {
    let Some(text) = node.value.scalar() else { return false };
    let end = text.find(|c: char| !matches!(c, '0'..='9' | '.' | '_')).unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let Some(number) = number.parse::<f64>().ok().filter(|number| number.is_finite()) else {
        return false;
    };
    // Six decimals are kept: a factor is not meant to the last digit.
    let product = (number * factor * 1e6).round() / 1e6;
    let is_count = unit.is_empty() && Decimal::parse(text).is_some_and(|it| it.whole().is_some());
    let product = if is_count { product.round() } else { product };
    node.value = if unit.is_empty() {
        Value::Number(product.to_string())
    } else {
        Value::Text(format!("{product}{unit}"))
    };
    true
}

/// What every command but `compare` and `sweep` leaves out.
pub(super) fn without(root: &Node) -> Node {
    let mut root = root.clone();
    if let Value::Map(entries) = &mut root.value {
        entries.retain(|entry| !matches!(entry.key.as_str(), "variants" | "sweep"));
    }
    root
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_has_both_ends() {
        assert_eq!(range("1x..3x").unwrap(), ["1x", "1.5x", "2x", "2.5x", "3x"]);
        assert_eq!(range("0.5x..1x by 0.25x").unwrap(), ["0.5x", "0.75x", "1x"]);
        assert_eq!(range("1x..2x by 0.1x").unwrap().len(), 11);
        for wrong in ["1..3", "3x..1x", "1x..3", "1x..2x by 0x", "1x", "ax..bx"] {
            assert!(range(wrong).is_err(), "{wrong}");
        }
    }
}
