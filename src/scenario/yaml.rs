//! Reads YAML into the tree of places: the only module that knows the YAML crate.
//!
//! Budgets bound what a hostile text can cost: its length, its nesting, the number of its values
//! and what its aliases expand to. Duplicate keys, a second document and tags that would change
//! the type of a value are errors.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_yaml::budget::BudgetBreach;
use serde_yaml::options::{DuplicateKeyPolicy, MergeKeyPolicy, NonFiniteFloatPolicy};
use serde_yaml::{Location, Options, Spanned};

use super::tree::{Entry, Node, Place, Value, floor_boundary};

/// Most bytes of the text of a scenario.
pub(super) const TEXT_BYTES_MAX: usize = 1 << 20;
/// Deepest nesting of maps and lists; a scenario needs about ten.
const DEPTH_MAX: usize = 32;
/// Most values of a scenario, aliases expanded. A weighted list of 20,000 keys needs 100,000.
const NODES_MAX: usize = 200_000;

/// Why a text is not YAML that a scenario may be written in.
#[derive(Debug)]
pub(super) struct YamlError {
    /// Stable code.
    pub(super) code: &'static str,
    /// What is wrong.
    pub(super) message: String,
    /// What to do about it.
    pub(super) help: Option<&'static str>,
    /// Where, in bytes of the text.
    pub(super) start: usize,
    /// Byte after the last one.
    pub(super) end: usize,
}

/// Reads the one document in `text`; places are those of `source`, moved right by `base` bytes.
pub(super) fn read(text: &str, source: usize, base: usize) -> Result<Node, YamlError> {
    let spanned: Spanned<Loose> = serde_yaml::from_str_with_options(text, options())
        .map_err(|error| describe(text, error.without_snippet()))?;
    let placer = Placer { text, source, base };
    Ok(placer.node(spanned, None))
}

fn options() -> Options {
    serde_yaml::options! {
        budget: serde_yaml::budget! {
            max_depth: DEPTH_MAX,
            flow_nesting_limit: DEPTH_MAX,
            max_nodes: NODES_MAX,
            max_events: 3 * NODES_MAX,
            max_total_scalar_bytes: 2 * TEXT_BYTES_MAX,
            max_anchors: 1_000,
            max_aliases: 10_000,
            max_recorded_anchor_events: NODES_MAX,
            max_recorded_anchor_bytes: 4 * TEXT_BYTES_MAX,
            max_merge_keys: 10_000,
            max_documents: 1,
            enforce_alias_anchor_ratio: false,
        },
        alias_limits: serde_yaml::alias_limits! {
            max_total_replayed_events: NODES_MAX,
            max_replay_stack_depth: DEPTH_MAX,
        },
        duplicate_keys: DuplicateKeyPolicy::Error,
        merge_keys: MergeKeyPolicy::Merge,
        strict_booleans: true,
        emit_comments: false,
        reject_unsupported_tags: true,
        non_finite_float_policy: NonFiniteFloatPolicy::AsString,
        with_snippet: false,
    }
}

/// Puts the error of the crate into our words and finds its bytes.
fn describe(text: &str, error: &serde_yaml::Error) -> YamlError {
    use serde_yaml::Error;
    let (start, end) = error
        .location()
        .map_or((0, 0), |location| bytes_of(text, location));
    let error = match error {
        Error::AliasError { error, .. } => error.without_snippet(),
        error => error,
    };
    let (code, message) = match error {
        Error::DuplicateMappingKey { key, .. } => {
            let key = key
                .as_ref()
                .map_or_else(|| "a key".to_owned(), |key| format!("`{key}`"));
            ("duplicate-key", format!("{key} stands twice in one map"))
        }
        Error::MultipleDocuments { .. } => ("multiple-documents", SECOND_DOCUMENT.to_owned()),
        Error::Eof { .. } => ("empty-file", "the scenario is empty".to_owned()),
        Error::Budget { breach, .. } => describe_breach(breach),
        Error::AliasReplayLimitExceeded { .. }
        | Error::AliasExpansionLimitExceeded { .. }
        | Error::AliasReplayStackDepthExceeded { .. }
        | Error::AliasReplayCounterOverflow { .. } => ("too-complex", ALIASES.to_owned()),
        other => ("yaml-syntax", plain_message(&other.to_string())),
    };
    if message.contains("recursion limit") {
        return YamlError {
            code: "too-complex",
            message: too_deep(),
            help: None,
            start,
            end,
        };
    }
    let help = HELPS
        .iter()
        .find(|help| message.contains(help.0))
        .map(|help| help.1);
    YamlError {
        code,
        message,
        help,
        start,
        end,
    }
}

const SECOND_DOCUMENT: &str = "a scenario is one YAML document, but a second one starts here";
const ALIASES: &str = "the aliases of the text expand to more than a scenario may need";

/// What the parser says, and what its reader can do about it.
const HELPS: [(&str, &str); 7] = [
    (
        "mapping values are not allowed",
        "put a text that contains `: ` in quotes",
    ),
    ("tabs disallowed", "indent with blanks"),
    (
        "did not find expected key",
        "compare the indentation of this line with the lines above",
    ),
    (
        "did not find expected ',' or '}'",
        "a `{` before this place has no `}`, or a comma is missing",
    ),
    (
        "did not find expected ',' or ']'",
        "a `[` before this place has no `]`, or a comma is missing",
    ),
    (
        "unknown anchor",
        "a text that starts with `*` belongs in quotes; `&name` makes an anchor",
    ),
    (
        "unsupported tag",
        "a text that starts with `!` belongs in quotes",
    ),
];

fn too_deep() -> String {
    format!("maps and lists are nested deeper than {DEPTH_MAX}")
}

fn describe_breach(breach: &BudgetBreach) -> (&'static str, String) {
    let message = match breach {
        BudgetBreach::Documents { .. } => {
            return ("multiple-documents", SECOND_DOCUMENT.to_owned());
        }
        BudgetBreach::Depth { .. } => too_deep(),
        BudgetBreach::Nodes { .. } | BudgetBreach::Events { .. } => {
            format!("the text has more than {NODES_MAX} values")
        }
        _ => ALIASES.to_owned(),
    };
    ("too-complex", message)
}

/// The message without the position that the crate appends; ours is shown by the snippet.
fn plain_message(message: &str) -> String {
    let end = [" at line ", " at byte "]
        .iter()
        .filter_map(|mark| message.find(mark))
        .min();
    message[..end.unwrap_or(message.len())].trim().to_owned()
}

/// The bytes that a location covers, kept inside the text and on character boundaries.
fn bytes_of(text: &str, location: Location) -> (usize, usize) {
    let span = location.span();
    let start = match span.byte_offset() {
        Some(offset) => usize::try_from(offset).unwrap_or(text.len()),
        None => byte_of_line_column(text, location.line(), location.column()),
    };
    let length = span
        .byte_len()
        .and_then(|length| usize::try_from(length).ok())
        .unwrap_or(0);
    let start = floor_boundary(text, start);
    let end = floor_boundary(text, start.saturating_add(length));
    let first_line = text[start..end]
        .lines()
        .next()
        .unwrap_or_default()
        .trim_end();
    (start, start + first_line.len())
}

/// Where a line and a column, both counted from one, stand in the text.
fn byte_of_line_column(text: &str, line: u64, column: u64) -> usize {
    let mut start = 0;
    for _ in 1..line {
        match text[start..].find('\n') {
            Some(length) => start += length + 1,
            None => return text.len(),
        }
    }
    let columns = usize::try_from(column.saturating_sub(1)).unwrap_or(0);
    let offset = text[start..]
        .char_indices()
        .nth(columns)
        .map_or(text.len() - start, |c| c.0);
    start + offset
}

/// A value without places, as the crate hands it over.
enum Loose {
    Null,
    Boolean(bool),
    Number,
    Text(String),
    List(Vec<Spanned<Loose>>),
    Map(Vec<(Spanned<String>, Spanned<Loose>)>),
}

/// Turns loose values into nodes.
struct Placer<'a> {
    text: &'a str,
    source: usize,
    base: usize,
}

impl Placer<'_> {
    fn place(&self, location: Location) -> Place {
        let (start, end) = bytes_of(self.text, location);
        Place {
            source: self.source,
            start: start + self.base,
            end: end + self.base,
        }
    }

    /// `owner` is the place of the key that the value belongs to, when there is one.
    fn node(&self, spanned: Spanned<Loose>, owner: Option<Place>) -> Node {
        let own = self.place(spanned.defined);
        let value = match spanned.value {
            Loose::Null => Value::Null,
            Loose::Boolean(value) => Value::Boolean(value),
            Loose::Number => {
                let (start, end) = (own.start - self.base, own.end - self.base);
                Value::Number(self.text[start..end].to_owned())
            }
            Loose::Text(text) => Value::Text(text),
            Loose::List(items) => Value::List(
                items
                    .into_iter()
                    .map(|item| self.node(item, None))
                    .collect(),
            ),
            Loose::Map(entries) => Value::Map(
                entries
                    .into_iter()
                    .map(|(key, value)| self.entry(key, value))
                    .collect(),
            ),
        };
        let place = match &value {
            Value::Null => owner.unwrap_or(own),
            Value::List(items) => owner
                .or_else(|| items.first().map(|item| item.place))
                .unwrap_or(own),
            Value::Map(entries) => owner
                .or_else(|| entries.first().map(|entry| entry.key_place))
                .unwrap_or(own),
            _ => own,
        };
        Node { value, place }
    }

    fn entry(&self, key: Spanned<String>, value: Spanned<Loose>) -> Entry {
        let key_place = self.place(key.defined);
        Entry {
            key: key.value,
            key_place,
            value: self.node(value, Some(key_place)),
        }
    }
}

impl<'de> Deserialize<'de> for Loose {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(LooseVisitor)
    }
}

struct LooseVisitor;

impl<'de> Visitor<'de> for LooseVisitor {
    type Value = Loose;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a YAML value")
    }

    fn visit_unit<E>(self) -> Result<Loose, E> {
        Ok(Loose::Null)
    }

    fn visit_none<E>(self) -> Result<Loose, E> {
        Ok(Loose::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Loose, E> {
        Ok(Loose::Boolean(value))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Loose, E> {
        Ok(Loose::Number)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Loose, E> {
        Ok(Loose::Number)
    }

    fn visit_i128<E>(self, _: i128) -> Result<Loose, E> {
        Ok(Loose::Number)
    }

    fn visit_u128<E>(self, _: u128) -> Result<Loose, E> {
        Ok(Loose::Number)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Loose, E> {
        Ok(Loose::Number)
    }

    fn visit_str<E>(self, text: &str) -> Result<Loose, E> {
        Ok(Loose::Text(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Loose, E> {
        Ok(Loose::Text(text))
    }

    fn visit_bytes<E: serde::de::Error>(self, _: &[u8]) -> Result<Loose, E> {
        Err(E::custom("binary values have no place in a scenario"))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Loose, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = access.next_element()? {
            items.push(item);
        }
        Ok(Loose::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Loose, A::Error> {
        let mut entries = Vec::new();
        while let Some(key) = access.next_key::<Spanned<String>>()? {
            let value = access.next_value()?;
            entries.push((key, value));
        }
        Ok(Loose::Map(entries))
    }
}
