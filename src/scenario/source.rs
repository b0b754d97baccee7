//! The texts that a scenario is made of: a file, and overrides of single values.
//!
//! An override walks down the tree along its path, makes the maps that are missing and puts its
//! value there. Where the path picks another alternative than the file, the file's one goes away.
//! Whether the result makes sense is for `structure` to say, which then points at the override.

use super::diagnostic::{Diagnostic, Diagnostics, Excerpt, Problems};
use super::schema::{Shape, View};
use super::structure::did_you_mean;
use super::tree::{Entry, Node, Place, Value, shorten};
use super::yaml;

/// Most keys in the path of an override.
const PATH_KEYS_MAX: usize = 32;
/// How overrides are named in diagnostics.
const OVERRIDE_NAME: &str = "--set";

/// The text of a scenario.
#[derive(Clone, Debug)]
pub struct Source {
    /// The path, as diagnostics show it.
    pub name: String,
    /// The content.
    pub text: String,
}

/// One `--set path=value`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Override {
    /// Keys, names or indices of list elements, with dots between them.
    pub path: String,
    /// The value in YAML; `null` takes the key away.
    pub value: String,
}

impl Source {
    /// The text of a file.
    ///
    /// # Errors
    /// A diagnostic when the file is larger than 1 MiB or is not UTF-8, with the first bad byte.
    pub fn from_bytes(name: impl Into<String>, bytes: Vec<u8>) -> Result<Self, Diagnostics> {
        let name = name.into();
        if bytes.len() > yaml::TEXT_BYTES_MAX {
            return Err(too_large(&name));
        }
        match String::from_utf8(bytes) {
            Ok(text) => {
                let text = text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text);
                Ok(Self { name, text })
            }
            Err(error) => {
                let at = error.utf8_error().valid_up_to();
                let bytes = error.into_bytes();
                Err(Diagnostics::one(not_utf8(&name, &bytes, at)))
            }
        }
    }

    pub(super) fn check_size(&self) -> Result<(), Diagnostics> {
        if self.text.len() > yaml::TEXT_BYTES_MAX {
            return Err(too_large(&self.name));
        }
        Ok(())
    }
}

fn too_large(name: &str) -> Diagnostics {
    let message = "the text is larger than the 1 MiB that a scenario may have";
    let mut diagnostic = Diagnostic::new("too-large", message, Excerpt::new(name, "", 1, 0..0));
    diagnostic.help("put long lists of keys into a file and name it with `partition_key: file`");
    Diagnostics::one(diagnostic)
}

/// Points at the first byte that is not UTF-8, `at` bytes from the start.
pub(super) fn not_utf8(name: &str, bytes: &[u8], at: usize) -> Diagnostic {
    let (before, after) = bytes.split_at(at.min(bytes.len()));
    let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
    let start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1);
    let mut text = String::from_utf8_lossy(&before[start..]).into_owned();
    let start = text.len();
    let rest = after.split(|byte| *byte == b'\n').next().unwrap_or_default();
    text.push_str(&String::from_utf8_lossy(&rest[..rest.len().min(80)]));
    let end = start + text[start..].chars().next().map_or(0, char::len_utf8);
    let byte = after.first().copied().unwrap_or_default();
    let message = format!("the file is not UTF-8: byte 0x{byte:02x} at position {at}");
    let mut diagnostic =
        Diagnostic::new("not-utf8", message, Excerpt::new(name, &text, line, start..end));
    diagnostic.help("save the file as UTF-8");
    diagnostic
}

impl Override {
    /// Reads the argument of `--set`.
    ///
    /// # Errors
    /// A diagnostic when there is no `=` or nothing before it.
    pub fn parse(text: &str) -> Result<Self, Diagnostics> {
        match text.split_once('=') {
            Some((path, value)) if !path.trim().is_empty() => {
                Ok(Self { path: path.trim().to_owned(), value: value.to_owned() })
            }
            _ => {
                let message = "an override is a path, `=` and a value";
                let excerpt = Excerpt::new(OVERRIDE_NAME, text, 1, 0..text.len());
                let mut diagnostic = Diagnostic::new("bad-override", message, excerpt);
                diagnostic.help("for example `--set stream.capacity.provisioned.shards=32`");
                Err(Diagnostics::one(diagnostic))
            }
        }
    }

    /// The override as a text that diagnostics point into.
    pub(super) fn text(&self) -> String {
        format!("{}={}", self.path, self.value)
    }

    /// The name of every override in diagnostics.
    pub(super) const fn name() -> &'static str {
        OVERRIDE_NAME
    }
}

/// Lays one override over the tree; `source` is its number among the texts.
pub(super) fn apply(
    over: &Override,
    source: usize,
    root: &mut Node,
    view: Option<View<'_>>,
    problems: &mut Problems,
) {
    let base = over.path.len() + 1;
    let whole = Place { source, start: 0, end: over.path.len() };
    if over.value.len() > yaml::TEXT_BYTES_MAX {
        problems.add("too-large", whole, "the value has more than 1 MiB");
        return;
    }
    let value = match yaml::read(&over.value, source, base) {
        Ok(value) => value,
        Err(error) if error.code == "empty-file" => Node { value: Value::Null, place: whole },
        Err(error) => {
            let (start, end) = (error.start + base, error.end + base);
            let problem = problems.add(error.code, Place { source, start, end }, error.message);
            if let Some(help) = error.help {
                problem.help(help);
            }
            return;
        }
    };
    let segments = segments(&over.path, source);
    let is_empty = |segment: &(&str, Place)| segment.0.is_empty();
    if segments.len() > PATH_KEYS_MAX || segments.iter().any(is_empty) {
        let help = "for example `--set stream.capacity.provisioned.shards=32`";
        let message = "the path must be keys with one dot between them";
        problems.add("bad-override", whole, message).help(help);
        return;
    }
    if over.value.trim().is_empty() {
        let help = "write a value after `=`, or `null` to take the key away";
        problems.add("missing-value", whole, "the override has no value").help(help);
        return;
    }
    set(root, view, &segments, value, problems);
}

/// Puts a value of a variant at a path; `place` is that of the path.
pub(super) fn put(
    path: &str,
    place: Place,
    value: Node,
    root: &mut Node,
    view: Option<View<'_>>,
    problems: &mut Problems,
) {
    let segments: Vec<(&str, Place)> = path.split('.').map(|key| (key, place)).collect();
    if segments.len() > PATH_KEYS_MAX || segments.iter().any(|segment| segment.0.is_empty()) {
        let message = "the path must be keys with one dot between them";
        let help = "for example `stream.capacity.provisioned.shards: 32`";
        problems.add("bad-override", place, message).help(help);
        return;
    }
    set(root, view, &segments, value, problems);
}

/// The keys of a path, each with its place.
fn segments(path: &str, source: usize) -> Vec<(&str, Place)> {
    let mut start = 0;
    path.split('.')
        .map(|key| {
            let place = Place { source, start, end: start + key.len() };
            start = place.end + 1;
            (key, place)
        })
        .collect()
}

fn set(
    node: &mut Node,
    view: Option<View<'_>>,
    segments: &[(&str, Place)],
    value: Node,
    problems: &mut Problems,
) {
    match &node.value {
        Value::List(_) => set_element(node, view, segments, value, problems),
        _ if matches!(view.map(View::shape), Some(Shape::List(_))) => {
            let Some((key, place)) = segments.first() else {
                return;
            };
            let message = format!("there is no element `{}`: the list is empty", shorten(key));
            problems.add("unknown-element", *place, message);
        }
        _ => set_key(node, view, segments, value, problems),
    }
}

fn set_key(
    node: &mut Node,
    view: Option<View<'_>>,
    segments: &[(&str, Place)],
    mut value: Node,
    problems: &mut Problems,
) {
    let Some(((key, place), rest)) = segments.split_first() else {
        return;
    };
    if !matches!(node.value, Value::Map(_)) {
        *node = Node { value: Value::Map(Vec::new()), place: *place };
    }
    let (excluded, below) = view.map_or((Vec::new(), None), |view| alternatives(view, key));
    let Value::Map(entries) = &mut node.value else {
        return;
    };
    entries.retain(|entry| !excluded.contains(&entry.key.as_str()));
    let index = entries.iter().position(|entry| entry.key == *key);
    if rest.is_empty() {
        if matches!(value.value, Value::List(_) | Value::Map(_) | Value::Null) {
            value.place = *place;
        }
        let removes = matches!(value.value, Value::Null) && (index.is_some() || below.is_some());
        entries.retain(|entry| entry.key != *key);
        if !removes {
            let entry = Entry { key: (*key).to_owned(), key_place: *place, value };
            entries.insert(index.unwrap_or(entries.len()), entry);
        }
        return;
    }
    let index = index.unwrap_or_else(|| {
        let value = Node { value: Value::Null, place: *place };
        entries.push(Entry { key: (*key).to_owned(), key_place: *place, value });
        entries.len() - 1
    });
    set(&mut entries[index].value, below, rest, value, problems);
}

/// The keys that `key` excludes from its map, and the schema below it.
fn alternatives<'a>(view: View<'a>, key: &str) -> (Vec<&'a str>, Option<View<'a>>) {
    match view.shape() {
        Shape::Alternatives(kinds) => {
            let below = kinds.iter().find(|kind| kind.0 == key).map(|kind| kind.1);
            let excluded = match below {
                Some(_) => {
                    kinds.into_iter().map(|kind| kind.0).filter(|kind| *kind != key).collect()
                }
                None => Vec::new(),
            };
            (excluded, below)
        }
        _ => {
            let groups = view.groups("oneOf");
            let own = groups.iter().find(|group| group.contains(&key)).cloned();
            let excluded = match own {
                Some(own) => {
                    groups.into_iter().flatten().filter(|other| !own.contains(other)).collect()
                }
                None => Vec::new(),
            };
            (excluded, view.property(key))
        }
    }
}

/// An element of a list, by its name (which may contain dots) or by its index.
fn set_element(
    node: &mut Node,
    view: Option<View<'_>>,
    segments: &[(&str, Place)],
    mut value: Node,
    problems: &mut Problems,
) {
    let below = view.and_then(|view| match view.shape() {
        Shape::List(items) => Some(items),
        _ => None,
    });
    let Value::List(items) = &mut node.value else {
        return;
    };
    let Some((index, used)) = find_element(items, segments) else {
        let Some((key, place)) = segments.first() else {
            return;
        };
        let names: Vec<_> = items.iter().filter_map(Node::name).collect();
        let message = format!("there is no element `{}`", shorten(key));
        let help = match did_you_mean(key, &names) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None if items.is_empty() => "the list is empty".to_owned(),
            None if names.is_empty() => format!("write an index from 0 to {}", items.len() - 1),
            None => format!("the names are {}", names.join(", ")),
        };
        problems.add("unknown-element", *place, message).help(help);
        return;
    };
    let (own, rest) = segments.split_at(used);
    if !rest.is_empty() {
        set(&mut items[index], below, rest, value, problems);
    } else if matches!(value.value, Value::Null) {
        items.remove(index);
    } else {
        value.place = own.first().map_or(value.place, |segment| segment.1);
        items[index] = value;
    }
}

/// The index of the element and how many segments name it; the longest name wins.
fn find_element(items: &[Node], segments: &[(&str, Place)]) -> Option<(usize, usize)> {
    for used in (1..=segments.len()).rev() {
        let name = segments[..used].iter().map(|segment| segment.0).collect::<Vec<_>>().join(".");
        if let Some(index) = items.iter().position(|item| item.name() == Some(&name)) {
            return Some((index, used));
        }
    }
    let index: usize = segments.first()?.0.parse().ok()?;
    (index < items.len()).then_some((index, 1))
}
