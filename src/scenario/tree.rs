//! The text of a scenario as a tree in which every value and every key knows where it stands.
//!
//! The tree says nothing about meaning: it is what YAML saw, with anchors and merge keys resolved.
//! `structure` holds it against the schema, and every later complaint is placed with its help.

use serde_json::{Map, Number};

use super::quantity::Decimal;

/// A stretch of one of the texts that a scenario is made of, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    /// Which text: zero is the file, the others are overrides in the order of the command line.
    pub(super) source: usize,
    /// First byte.
    pub(super) start: usize,
    /// Byte after the last one.
    pub(super) end: usize,
}

/// A value and where it stands: a scalar at itself, a map or list at the key that owns it.
#[derive(Clone, Debug)]
pub(super) struct Node {
    /// What it is.
    pub(super) value: Value,
    /// Where to point when something is wrong with it.
    pub(super) place: Place,
}

/// What YAML saw.
#[derive(Clone, Debug)]
pub(super) enum Value {
    /// Nothing, `~` or `null`.
    Null,
    /// `true` or `false`.
    Boolean(bool),
    /// A plain number, as it is written.
    Number(String),
    /// Any other scalar.
    Text(String),
    /// A sequence.
    List(Vec<Node>),
    /// A mapping in the order of the text; keys are unique.
    Map(Vec<Entry>),
}

/// A key and its value.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    /// The key.
    pub(super) key: String,
    /// Where the key stands.
    pub(super) key_place: Place,
    /// The value.
    pub(super) value: Node,
}

impl Value {
    /// The kind of value, with an article, for messages.
    pub(super) fn describe(&self) -> String {
        match self {
            Self::Null => "nothing".to_owned(),
            Self::Boolean(value) => format!("`{value}`"),
            Self::Number(text) => format!("the number `{}`", shorten(text)),
            Self::Text(text) => format!("the text `{}`", shorten(text)),
            Self::List(_) => "a list".to_owned(),
            Self::Map(_) => "a map".to_owned(),
        }
    }

    /// The text of a scalar; nothing for maps, lists and null.
    pub(super) fn scalar(&self) -> Option<&str> {
        match self {
            Self::Boolean(true) => Some("true"),
            Self::Boolean(false) => Some("false"),
            Self::Number(text) | Self::Text(text) => Some(text),
            Self::Null | Self::List(_) | Self::Map(_) => None,
        }
    }
}

impl Node {
    /// The entry of a map with the given key.
    pub(super) fn entry(&self, key: &str) -> Option<&Entry> {
        match &self.value {
            Value::Map(entries) => entries.iter().find(|entry| entry.key == key),
            _ => None,
        }
    }

    /// The value under `key`, or the node itself when it has none: the best place for a complaint.
    pub(super) fn at(&self, key: &str) -> &Self {
        self.entry(key).map_or(self, |entry| &entry.value)
    }

    /// The element of a list at `index`, or the node itself.
    pub(super) fn item(&self, index: usize) -> &Self {
        match &self.value {
            Value::List(items) => items.get(index).unwrap_or(self),
            _ => self,
        }
    }

    /// The keys of a map in the order of the text.
    pub(super) fn keys(&self) -> impl Iterator<Item = &str> {
        let entries = match &self.value {
            Value::Map(entries) => entries.as_slice(),
            _ => &[],
        };
        entries.iter().map(|entry| entry.key.as_str())
    }

    /// The name of a list's element: the text under its key `name`.
    pub(super) fn name(&self) -> Option<&str> {
        self.entry("name")
            .and_then(|entry| entry.value.value.scalar())
    }

    /// The same tree without places. Whole numbers that 64 bits cannot hold become text.
    pub(super) fn to_json(&self) -> serde_json::Value {
        match &self.value {
            Value::Null => serde_json::Value::Null,
            Value::Boolean(value) => (*value).into(),
            Value::Text(text) => text.as_str().into(),
            Value::Number(text) => number_to_json(text),
            Value::List(items) => items.iter().map(Self::to_json).collect(),
            Value::Map(entries) => entries
                .iter()
                .map(|entry| (entry.key.clone(), entry.value.to_json()))
                .collect::<Map<_, _>>()
                .into(),
        }
    }
}

/// Whole numbers of 64 bits stay whole however they are written (`1e3`); others become floats.
fn number_to_json(text: &str) -> serde_json::Value {
    let Some(decimal) = Decimal::parse(text) else {
        return text.into();
    };
    if let Some(whole) = decimal.whole() {
        return match u64::try_from(whole) {
            Ok(whole) if !decimal.negative => whole.into(),
            _ => text.into(),
        };
    }
    match text.parse::<f64>().ok().and_then(Number::from_f64) {
        Some(number) => number.into(),
        None => text.into(),
    }
}

/// At most 60 characters of a text, so that no message runs away; control characters are escaped.
pub(super) fn shorten(text: &str) -> String {
    const MOST: usize = 60;
    let mut short = String::new();
    for (index, character) in text.chars().enumerate() {
        if index == MOST {
            short.push('…');
            break;
        }
        if character.is_control() {
            short.extend(character.escape_debug());
        } else {
            short.push(character);
        }
    }
    short
}

/// The last character boundary of `text` that is not after `at`.
pub(super) fn floor_boundary(text: &str, at: usize) -> usize {
    let at = at.min(text.len());
    (0..=at)
        .rev()
        .find(|at| text.is_char_boundary(*at))
        .unwrap_or(0)
}
