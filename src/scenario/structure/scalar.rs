//! Holds single values against the schema: words, quantities, numbers and texts.

use super::{Walk, did_you_mean, list, say};
use crate::scenario::not_modelled;
use crate::scenario::quantity::{self, Decimal};
use crate::scenario::schema::View;
use crate::scenario::tree::{Node, Value, shorten};

impl Walk<'_> {
    /// One of `words`; beside them, a map of one of `kinds` would do.
    pub(super) fn word(
        &mut self,
        view: View<'_>,
        words: &[&str],
        kinds: &[&str],
        node: &Node,
        owner: &str,
    ) {
        let text = match &node.value {
            Value::Text(text) => text,
            Value::Map(entries) if entries.len() == 1 => &entries[0].key,
            _ => return self.wrong_type(node, owner, &format!("one of {}", list(words))),
        };
        if words.contains(&text.as_str()) && matches!(node.value, Value::Text(_)) {
            return;
        }
        if let Some(instead) = not_modelled::instead_of(view.name, text) {
            let message = format!("`{text}` is not modelled in this version");
            self.problems.add("not-modelled", node.place, message).help(instead);
            return;
        }
        let maps =
            if kinds.is_empty() { String::new() } else { format!(", or a map of {}", list(kinds)) };
        let words_or_maps = format!("{}{maps}", list(words));
        let message = format!("{owner} must be one of {words_or_maps}, but it is {}", say(node));
        let problem = self.problems.add("unknown-word", node.place, message);
        if let Some(meant) = did_you_mean(text, words).or(did_you_mean(text, kinds)) {
            problem.help(format!("did you mean `{meant}`?"));
        }
    }

    pub(super) fn format(&mut self, format: &str, node: &Node, owner: &str) {
        let wants_text = matches!(format, "name" | "region" | "partition-key" | "write-limiter");
        let text = match &node.value {
            Value::Number(_) | Value::Boolean(_) if wants_text => {
                return self.needs_quotes(node, owner);
            }
            Value::Text(_) if format == "true-or-false" => {
                return self.wrong_type(node, owner, "`true` or `false`");
            }
            value => value.scalar(),
        };
        let Some(text) = text else {
            return self.wrong_type(node, owner, &format!("{}, in one piece", noun(format)));
        };
        if let Some(Err(error)) = quantity::check(format, text) {
            let message = format!("{owner}: {}", error.message);
            let problem = self.problems.add(error.code, node.place, message);
            if let Some(help) = error.help {
                problem.help(help);
            }
        }
    }

    pub(super) fn number(&mut self, view: View<'_>, whole: bool, node: &Node, owner: &str) {
        let wanted = if whole { "a whole number" } else { "a number" };
        let decimal = match &node.value {
            Value::Number(text) => Decimal::parse(text),
            Value::Text(text) if is_not_finite(text) => {
                let message = format!("{owner} must be finite, but it is {}", say(node));
                self.problems.add("out-of-range", node.place, message);
                return;
            }
            Value::Text(text) if Decimal::parse(text.trim()).is_some() => {
                let message = format!("{owner} must be {wanted}, but it is text in quotes");
                let help = "take the quotes away";
                self.problems.add("wrong-type", node.place, message).help(help);
                return;
            }
            _ => return self.wrong_type(node, owner, wanted),
        };
        let Some(decimal) = decimal else {
            return self.wrong_type(node, owner, &format!("{wanted} in plain decimal digits"));
        };
        if whole && decimal.whole().is_none() {
            return self.wrong_type(node, owner, wanted);
        }
        self.range(view, decimal, whole, node, owner);
    }

    pub(super) fn range(
        &mut self,
        view: View<'_>,
        decimal: Decimal,
        whole: bool,
        node: &Node,
        owner: &str,
    ) {
        let value = decimal.as_f64();
        let least = view.number("minimum");
        let above = view.number("exclusiveMinimum");
        let most = view.number("maximum");
        let beyond_64_bits = whole && decimal.whole().is_none_or(|value| value > u64::MAX.into());
        let fits = least.is_none_or(|least| value >= least)
            && above.is_none_or(|above| value > above)
            && most.is_none_or(|most| value <= most)
            && value.is_finite()
            && !beyond_64_bits;
        if fits {
            return;
        }
        let bounds = match (least, above, most) {
            (Some(least), _, Some(most)) if least >= most => grouped(least),
            (Some(least), _, Some(most)) => {
                format!("from {} to {}", grouped(least), grouped(most))
            }
            (_, Some(above), Some(most)) => {
                format!("above {} and at most {}", grouped(above), grouped(most))
            }
            _ => format!("from 0 to {}", u64::MAX),
        };
        let written = shorten(node.value.scalar().unwrap_or_default());
        let message = format!("{owner} must be {bounds}, but it is {written}");
        let problem = self.problems.add("out-of-range", node.place, message);
        if let Some(reason) = view.text("x-reason") {
            problem.help(reason);
        }
    }

    pub(super) fn text(&mut self, view: View<'_>, node: &Node, owner: &str) {
        match &node.value {
            Value::Text(text) => {
                let length = text.chars().count() as f64;
                let short = view.number("minLength").is_some_and(|least| length < least);
                let long = view.number("maxLength").is_some_and(|most| length > most);
                if short || long {
                    let message = format!("{owner} has {length} characters");
                    let least = view.number("minLength").unwrap_or(0.0);
                    let help = match view.number("maxLength") {
                        Some(most) => format!("write from {least} to {most} characters"),
                        None => format!("write at least {least}"),
                    };
                    self.problems.add("bad-length", node.place, message).help(help);
                }
            }
            Value::Number(_) | Value::Boolean(_) => self.needs_quotes(node, owner),
            _ => self.wrong_type(node, owner, "text"),
        }
    }

    pub(super) fn needs_quotes(&mut self, node: &Node, owner: &str) {
        let message = format!("{owner} must be text, but YAML reads {} here", say(node));
        let help = format!("put it in quotes: `\"{}\"`", node.value.scalar().unwrap_or_default());
        self.problems.add("wrong-type", node.place, message).help(help);
    }

    pub(super) fn wrong_type(&mut self, node: &Node, owner: &str, wanted: &str) {
        let message = format!("{owner} must be {wanted}, but it is {}", say(node));
        self.problems.add("wrong-type", node.place, message);
    }
}

/// What a format holds, with an article.
fn noun(format: &str) -> String {
    let words = format.replace('-', " ");
    if words.starts_with("random") { words } else { format!("a {words}") }
}

fn is_not_finite(text: &str) -> bool {
    matches!(text.trim_start_matches(['+', '-', '.']).to_ascii_lowercase().as_str(), "nan" | "inf")
}

/// A bound with commas between thousands.
fn grouped(bound: f64) -> String {
    let plain = bound.to_string();
    if !plain.bytes().all(|byte| byte.is_ascii_digit()) {
        return plain;
    }
    let mut text = String::new();
    for (index, digit) in plain.chars().enumerate() {
        if index > 0 && (plain.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
