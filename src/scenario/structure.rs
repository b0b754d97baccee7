//! Holds the tree against the schema of the language and reports everything that does not fit.
//!
//! The schema is generated from the raw types, so a tree without complaints decodes into them.

mod scalar;

use super::diagnostic::Problems;
use super::not_modelled;
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
        if let Shape::Anything = shape {
            return;
        }
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
            Shape::Entries(values) => self.entries(values, node, owner),
            Shape::List(items) => self.list(view, items, node, owner),
            Shape::Words(words) => self.word(view, &words, &[], node, owner),
            Shape::Format(format) => self.format(format, node, owner),
            Shape::Number { whole } => self.number(view, whole, node, owner),
            Shape::Text => self.text(view, node, owner),
            Shape::Anything => {}
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
            return self.not_an_alternative(view, kinds, node, owner);
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
            let message =
                format!("{owner} is both {} and {}", quoted(&first.key), quoted(&second.key));
            let problem = self.problems.add("two-alternatives", second.key_place, message);
            problem.help("keep one of them");
            if first.key_place.source == second.key_place.source {
                let place = first.key_place;
                problem.context(place.start..place.end, "the other one");
            }
        }
        if entries.is_empty() {
            let message = format!("{owner} must be one kind, but it is empty");
            let help = format!("the kinds are {}", list(&names));
            self.problems.add("missing-alternative", node.place, message).help(help);
        }
    }

    /// Alternatives that are not a map: one of the words that fit too, or often the kind alone, or
    /// its value alone.
    fn not_an_alternative(
        &mut self,
        view: View<'_>,
        kinds: &[(&str, View<'_>)],
        node: &Node,
        owner: &str,
    ) {
        let names: Vec<_> = kinds.iter().map(|kind| kind.0).collect();
        let words = view.words();
        if let (Value::Text(text), false) = (&node.value, words.is_empty())
            && !names.contains(&text.as_str())
        {
            return self.word(view, &words, &names, node, owner);
        }
        let message = format!("{owner} must be a map with one kind, but it is {}", say(node));
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
        self.problems.add("wrong-type", node.place, message).help(help);
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

    /// A map whose keys the author chooses.
    fn entries(&mut self, values: View<'_>, node: &Node, owner: &str) {
        let Value::Map(entries) = &node.value else {
            return self.wrong_type(node, owner, "a map of names and what they stand for");
        };
        for entry in entries {
            self.value(values, &entry.value, &quoted(&entry.key));
        }
    }

    /// A scalar or a list for a map: often the value of the map's one necessary key.
    fn not_a_map(&mut self, view: View<'_>, node: &Node, owner: &str) {
        let message = format!("{owner} must be a map of keys and values, but it is {}", say(node));
        let problem = self.problems.add("wrong-type", node.place, message);
        if let ([key], Some(text)) = (view.required().as_slice(), node.value.scalar()) {
            let owner = owner.trim_matches('`');
            problem.help(format!("write `{owner}: {{ {key}: {} }}`", shorten(text)));
            return;
        }
        let kinds: Vec<_> = view.groups("oneOf").into_iter().flatten().collect();
        if kinds.len() > 2 {
            problem.help(format!("the kinds are {}", list(&kinds)));
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
                ("two-alternatives", format!("{owner} has keys that exclude each other"))
            } else if touched == 1 {
                ("missing-key", format!("{owner} is not complete"))
            } else {
                ("missing-alternative", format!("{owner} does not say which kind it is"))
            };
            let place = match groups.iter().flatten().rfind(|key| has(key)) {
                Some(key) if touched > 1 => {
                    node.entry(key).map_or(node.place, |entry| entry.key_place)
                }
                _ => node.place,
            };
            let help = if exactly { "write exactly one: " } else { "write at least one: " };
            self.problems.add(code, place, message).help(format!("{help}{choices}"));
        }
    }

    fn list(&mut self, view: View<'_>, items: View<'_>, node: &Node, owner: &str) {
        let Value::List(elements) = &node.value else {
            return self.wrong_type(node, owner, "a list, with `- ` before each element");
        };
        let length = elements.len() as f64;
        if let Some(least) = view.number("minItems").filter(|least| length < *least) {
            let message = match length {
                0.0 => format!("{owner} is empty"),
                _ => format!("{owner} has {length} elements, but needs {least}"),
            };
            self.problems.add("too-few", node.place, message);
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

    /// A key that the schema does not have: mistyped, or a word of the wider language.
    fn unknown(&mut self, view: View<'_>, names: &[&str], entry: &Entry, owner: &str, what: &str) {
        let key = shorten(&entry.key);
        if let Some(instead) = not_modelled::instead_of(view.name, &entry.key) {
            let message = format!("`{key}` is not modelled in this version");
            self.problems.add("not-modelled", entry.key_place, message).help(instead);
            return;
        }
        let code = if what == "kind" { "unknown-alternative" } else { "unknown-key" };
        let message = format!("`{key}` is not a {what} of {owner}");
        let problem = self.problems.add(code, entry.key_place, message);
        problem.help(match did_you_mean(&entry.key, names) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None if view.words().contains(&entry.key.as_str()) => {
                format!("write `{key}` alone, without a map")
            }
            None => match not_modelled::elsewhere(view.name, &entry.key) {
                Some(place) => place.to_owned(),
                None => format!("the {what}s are {}", list(names)),
            },
        });
    }
}

fn say(node: &Node) -> String {
    node.value.describe()
}

fn quoted(key: &str) -> String {
    format!("`{}`", shorten(key))
}

/// The first line of a description.
fn one_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

/// `a`, `b`, `c`.
fn list(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// `a` and `b`.
fn all(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" and ")
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
        .map(|name| (strsim::damerau_levenshtein(&lower, &name.to_lowercase()), *name))
        .filter(|(distance, name)| *distance <= (name.len() / 3).max(1))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}
