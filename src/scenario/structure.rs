//! Holds the tree against the schema of the language and reports everything that does not fit.
//!
//! The schema is generated from the raw types, so a tree without complaints decodes into them.

use super::diagnostic::Problems;
use super::not_modelled;
use super::quantity::{self, Decimal};
use super::schema::{Schema, Shape, View};
use super::tree::{Entry, Node, Value, shorten};

/// Reports every structural problem of the tree.
pub(super) fn check(schema: &Schema, root: &Node, problems: &mut Problems) {
    if let Some(view) = schema.root() {
        Walk { problems }.value(view, root, "the scenario");
    }
}

struct Walk<'a> {
    problems: &'a mut Problems,
}

impl Walk<'_> {
    /// `owner` names the value in messages.
    fn value(&mut self, view: View<'_>, node: &Node, owner: &str) {
        let shape = view.shape();
        if let Value::Null = node.value {
            let message = format!("{owner} has no value");
            let problem = self.problems.add("missing-value", node.place, message);
            problem.help(match shape {
                Shape::Map(_) if view.takes_nothing() => {
                    "write `{}` to take all defaults, or leave the key out"
                }
                _ => "write a value, or leave the key out where it is optional",
            });
            return;
        }
        match shape {
            Shape::Alternatives(kinds) => self.alternatives(view, &kinds, node, owner),
            Shape::Map(_) => self.map(view, node, owner),
            Shape::List(items) => self.list(view, items, node, owner),
            Shape::Words(words) => self.word(view, &words, node, owner),
            Shape::Format(format) => self.format(format, node, owner),
            Shape::Number { whole } => self.number(view, whole, node, owner),
            Shape::Text => self.text(view, node, owner),
        }
    }

    fn alternatives(
        &mut self,
        view: View<'_>,
        kinds: &[(&str, View<'_>)],
        node: &Node,
        owner: &str,
    ) {
        let names: Vec<_> = kinds.iter().map(|kind| kind.0).collect();
        let Value::Map(entries) = &node.value else {
            return self.not_an_alternative(kinds, node, owner);
        };
        let mut known: Vec<&Entry> = Vec::new();
        for entry in entries {
            match kinds.iter().find(|kind| kind.0 == entry.key) {
                Some((_, below)) => {
                    known.push(entry);
                    self.value(*below, &entry.value, &quoted(&entry.key));
                }
                None => self.unknown(view, &names, entry, owner, "kind"),
            }
        }
        if let [first, second, ..] = known.as_slice() {
            let message = format!(
                "{owner} is both {} and {}",
                quoted(&first.key),
                quoted(&second.key)
            );
            let problem = self
                .problems
                .add("two-alternatives", second.key_place, message);
            problem.help("keep one of them");
            if first.key_place.source == second.key_place.source {
                let place = first.key_place;
                problem.context(place.start..place.end, "the other one");
            }
        }
        if entries.is_empty() {
            let message = format!("{owner} must be one kind, but it is empty");
            let help = format!("the kinds are {}", list(&names));
            self.problems
                .add("missing-alternative", node.place, message)
                .help(help);
        }
    }

    /// Alternatives that are not even a map: often the kind alone, or its value alone.
    fn not_an_alternative(&mut self, kinds: &[(&str, View<'_>)], node: &Node, owner: &str) {
        let names: Vec<_> = kinds.iter().map(|kind| kind.0).collect();
        let message = format!(
            "{owner} must be a map with one kind, but it is {}",
            say(node)
        );
        let key = owner.trim_matches('`');
        let help = match &node.value {
            Value::Text(text) if names.contains(&text.as_str()) => {
                format!("write `{key}: {{ {text}: {{}} }}` and its parameters within")
            }
            Value::Text(text) if names.contains(&"constant") => {
                format!("write `{key}: {{ constant: {} }}`", shorten(text))
            }
            _ => format!("the kinds are {}", list(&names)),
        };
        self.problems
            .add("wrong-type", node.place, message)
            .help(help);
    }

    fn map(&mut self, view: View<'_>, node: &Node, owner: &str) {
        let Value::Map(entries) = &node.value else {
            return self.not_a_map(view, node, owner);
        };
        let Shape::Map(properties) = view.shape() else {
            return;
        };
        let names: Vec<_> = properties.keys().map(String::as_str).collect();
        let mut meant = Vec::new();
        let mut unknown = false;
        for entry in entries {
            if self.problems.is_full() {
                return;
            }
            if let Some(below) = view.property(&entry.key) {
                self.value(below, &entry.value, &quoted(&entry.key));
            } else {
                unknown = true;
                meant.extend(did_you_mean(&entry.key, &names));
                self.unknown(view, &names, entry, owner, "key");
            }
        }
        for key in view.required() {
            if node.entry(key).is_none() && !meant.contains(&key) {
                let message = format!("{owner} needs the key `{key}`");
                let problem = self.problems.add("missing-key", node.place, message);
                if let Some(about) = view.description(key) {
                    problem.help(format!("`{key}`: {}", one_line(about)));
                }
            }
        }
        if !unknown {
            self.groups(view, node, owner);
        }
    }

    /// A scalar or a list for a map: often the value of the map's one necessary key.
    fn not_a_map(&mut self, view: View<'_>, node: &Node, owner: &str) {
        let message = format!(
            "{owner} must be a map of keys and values, but it is {}",
            say(node)
        );
        let problem = self.problems.add("wrong-type", node.place, message);
        if let ([key], Some(text)) = (view.required().as_slice(), node.value.scalar()) {
            let owner = owner.trim_matches('`');
            problem.help(format!("write `{owner}: {{ {key}: {} }}`", shorten(text)));
        }
    }

    /// Groups of keys of which one has to be there.
    fn groups(&mut self, view: View<'_>, node: &Node, owner: &str) {
        let has = |key: &&str| node.entry(key).is_some();
        for (keyword, exactly) in [("oneOf", true), ("anyOf", false)] {
            let groups = view.groups(keyword);
            if groups.is_empty() {
                continue;
            }
            let whole = groups.iter().filter(|group| group.iter().all(has)).count();
            let touched = groups.iter().filter(|group| group.iter().any(has)).count();
            if whole == 1 && touched == 1 || whole > 0 && !exactly {
                continue;
            }
            let choices: Vec<_> = groups.iter().map(|group| all(group)).collect();
            let choices = choices.join(", or ");
            let (code, message) = if touched > 1 {
                (
                    "two-alternatives",
                    format!("{owner} has keys that exclude each other"),
                )
            } else if touched == 1 {
                ("missing-key", format!("{owner} is not complete"))
            } else {
                (
                    "missing-alternative",
                    format!("{owner} does not say which kind it is"),
                )
            };
            let place = match groups.iter().flatten().filter(|key| has(key)).last() {
                Some(key) if touched > 1 => {
                    node.entry(key).map_or(node.place, |entry| entry.key_place)
                }
                _ => node.place,
            };
            let help = if exactly {
                "write exactly one: "
            } else {
                "write at least one: "
            };
            self.problems
                .add(code, place, message)
                .help(format!("{help}{choices}"));
        }
    }

    fn list(&mut self, view: View<'_>, items: View<'_>, node: &Node, owner: &str) {
        let Value::List(elements) = &node.value else {
            return self.wrong_type(node, owner, "a list, with `- ` before each element");
        };
        let length = elements.len() as f64;
        if view.number("minItems").is_some_and(|least| length < least) {
            self.problems
                .add("too-few", node.place, format!("{owner} is empty"));
        }
        if let Some(most) = view.number("maxItems").filter(|most| length > *most) {
            let message = format!("{owner} has {length} elements, but at most {most} may be");
            self.problems.add("too-many", node.place, message);
        }
        for (index, element) in elements.iter().enumerate() {
            let name = element.name().map_or_else(
                || format!("element {} of {owner}", index + 1),
                |name| format!("`{}` of {owner}", shorten(name)),
            );
            self.value(items, element, &name);
        }
    }

    fn word(&mut self, view: View<'_>, words: &[&str], node: &Node, owner: &str) {
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
            self.problems
                .add("not-modelled", node.place, message)
                .help(instead);
            return;
        }
        let message = format!(
            "{owner} must be one of {}, but it is {}",
            list(words),
            say(node)
        );
        let problem = self.problems.add("unknown-word", node.place, message);
        if let Some(meant) = did_you_mean(text, words) {
            problem.help(format!("did you mean `{meant}`?"));
        }
    }

    fn format(&mut self, format: &str, node: &Node, owner: &str) {
        let wants_text = matches!(
            format,
            "name" | "region" | "partition-key" | "write-limiter"
        );
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

    fn number(&mut self, view: View<'_>, whole: bool, node: &Node, owner: &str) {
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
                self.problems
                    .add("wrong-type", node.place, message)
                    .help(help);
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

    fn range(&mut self, view: View<'_>, decimal: Decimal, whole: bool, node: &Node, owner: &str) {
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

    fn text(&mut self, view: View<'_>, node: &Node, owner: &str) {
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
                    self.problems
                        .add("bad-length", node.place, message)
                        .help(help);
                }
            }
            Value::Number(_) | Value::Boolean(_) => self.needs_quotes(node, owner),
            _ => self.wrong_type(node, owner, "text"),
        }
    }

    fn needs_quotes(&mut self, node: &Node, owner: &str) {
        let message = format!("{owner} must be text, but YAML reads {} here", say(node));
        let help = format!(
            "put it in quotes: `\"{}\"`",
            node.value.scalar().unwrap_or_default()
        );
        self.problems
            .add("wrong-type", node.place, message)
            .help(help);
    }

    fn wrong_type(&mut self, node: &Node, owner: &str, wanted: &str) {
        let message = format!("{owner} must be {wanted}, but it is {}", say(node));
        self.problems.add("wrong-type", node.place, message);
    }

    /// A key that the schema does not have: mistyped, or a word of the wider language.
    fn unknown(&mut self, view: View<'_>, names: &[&str], entry: &Entry, owner: &str, what: &str) {
        let key = shorten(&entry.key);
        if let Some(instead) = not_modelled::instead_of(view.name, &entry.key) {
            let message = format!("`{key}` is not modelled in this version");
            self.problems
                .add("not-modelled", entry.key_place, message)
                .help(instead);
            return;
        }
        let code = if what == "kind" {
            "unknown-alternative"
        } else {
            "unknown-key"
        };
        let message = format!("`{key}` is not a {what} of {owner}");
        let problem = self.problems.add(code, entry.key_place, message);
        problem.help(match did_you_mean(&entry.key, names) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("the {what}s are {}", list(names)),
        });
    }
}

fn say(node: &Node) -> String {
    node.value.describe()
}

fn quoted(key: &str) -> String {
    format!("`{}`", shorten(key))
}

/// What a format holds, with an article.
fn noun(format: &str) -> String {
    let words = format.replace('-', " ");
    if words.starts_with("random") {
        words
    } else {
        format!("a {words}")
    }
}

fn is_not_finite(text: &str) -> bool {
    matches!(
        text.trim_start_matches(['+', '-', '.'])
            .to_ascii_lowercase()
            .as_str(),
        "nan" | "inf"
    )
}

/// The first line of a description.
fn one_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
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

/// `a`, `b`, `c`.
fn list(names: &[&str]) -> String {
    names
        .iter()
        .map(|name| format!("`{name}`"))
        .collect::<Vec<_>>()
        .join(", ")
}

/// `a` and `b`.
fn all(names: &[&str]) -> String {
    names
        .iter()
        .map(|name| format!("`{name}`"))
        .collect::<Vec<_>>()
        .join(" and ")
}

/// The one of `names` that is closest to `word`, when it is close.
pub(super) fn did_you_mean<'a>(word: &str, names: &[&'a str]) -> Option<&'a str> {
    const LONGEST: usize = 64;
    if word.len() > LONGEST {
        return None;
    }
    let lower = word.to_lowercase().replace('-', "_");
    names
        .iter()
        .map(|name| {
            (
                strsim::damerau_levenshtein(&lower, &name.to_lowercase()),
                *name,
            )
        })
        .filter(|(distance, name)| *distance <= (name.len() / 3).max(1))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}
