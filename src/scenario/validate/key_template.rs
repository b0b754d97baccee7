//! Partition keys of several parts: templates, times and salts.

use std::collections::BTreeMap;

use super::Context;
use super::partition_key::{Kind, longest, simple};
use crate::quotas::PARTITION_KEY_CHARACTERS;
use crate::scenario::raw;
use crate::scenario::structure::did_you_mean;
use crate::scenario::tree::{Node, shorten};
use crate::scenario::{KeyComposition, KeyFormat, KeyPart, KeyPiece, PartitionKey, TimeUnit};

/// How a salted key is written when nothing else is said.
const SALT_FORMAT: &str = "{key}#{bucket}";

/// A piece of a format before it is known what its words mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Piece<'a> {
    Text(&'a str),
    Word(&'a str),
}

/// Checks a template and its parts.
pub(super) fn template(
    raw: &raw::Template,
    node: &Node,
    context: &mut Context<'_, '_>,
) -> PartitionKey {
    let nothing = BTreeMap::new();
    let written = raw.parts.as_ref().unwrap_or(&nothing);
    let parts_node = node.at("parts");
    let found = pieces(&raw.format);
    let mut parts = Vec::with_capacity(written.len());
    for (name, part) in written {
        let at = parts_node.at(name);
        if unit(name).is_some() {
            let message = format!("`{{{name}}}` is the time of the record, so no part can be");
            context.error("bad-key-format", at, message).help("give the part another name");
        } else if !found.contains(&Piece::Word(name)) {
            let message = format!("the part `{}` is not in `format`", shorten(name));
            let help = format!("write `{{{}}}` where it belongs, or take it away", shorten(name));
            context.error("bad-key-format", at, message).help(help);
        }
        let values = simple(&kind(part), "{n}", at, context);
        refuse_hash_keys(&values, "of a template", at, context);
        parts.push(KeyPart { name: name.clone(), values });
    }
    let names: Vec<&str> = written.keys().map(String::as_str).collect();
    let format_node = node.at("format");
    let resolved = found.into_iter().filter_map(|piece| match piece {
        Piece::Text(text) => Some(KeyPiece::Text(text.to_owned())),
        Piece::Word(word) => match (unit(word), names.iter().position(|name| *name == word)) {
            (Some(unit), _) => Some(KeyPiece::Time(unit)),
            (None, Some(index)) => Some(KeyPiece::Part(index)),
            (None, None) => {
                unknown_word(word, &names, format_node, context);
                None
            }
        },
    });
    let pieces: Vec<KeyPiece> = resolved.collect();
    if pieces.iter().all(|piece| matches!(piece, KeyPiece::Text(_))) && !has_words(&raw.format) {
        let message = format!("`{}` is the same key for every record", shorten(&raw.format));
        let help = "write `{part}` for each part, or use `single` for one key";
        context.error("bad-key-format", format_node, message).help(help);
    }
    let keys = PartitionKey::Composed(KeyComposition { pieces, parts, salted: false });
    check_length(&keys, format_node, context);
    keys
}

/// Checks a key that is a time.
pub(super) fn time(raw: &raw::TimeKey, node: &Node, context: &mut Context<'_, '_>) -> PartitionKey {
    let node = node.at("format");
    let mut units = 0;
    let mut resolved = Vec::new();
    for piece in pieces(&raw.format) {
        match piece {
            Piece::Text(text) => resolved.push(KeyPiece::Text(text.to_owned())),
            Piece::Word(word) => match unit(word) {
                Some(unit) => {
                    units += 1;
                    resolved.push(KeyPiece::Time(unit));
                }
                None => unknown_word(word, &[], node, context),
            },
        }
    }
    if units == 0 && !has_words(&raw.format) {
        let message = format!("`{}` does not have the time in it", shorten(&raw.format));
        let help = "write `{date}`, `{hour}` or `{minute}` where it belongs";
        context.error("bad-key-format", node, message).help(help);
    }
    let composition = KeyComposition { pieces: resolved, parts: Vec::new(), salted: false };
    let keys = PartitionKey::Composed(composition);
    check_length(&keys, node, context);
    keys
}

/// Divides `keys` into the buckets of the salt, if there is one.
pub(super) fn salted(
    keys: PartitionKey,
    raw: &raw::PartitionKey,
    node: &Node,
    context: &mut Context<'_, '_>,
) -> PartitionKey {
    let Some(buckets) = raw.salt else {
        if raw.salt_format.is_some() {
            let at = node.at("salt_format");
            let help = "write `salt: 16` beside it for sixteen buckets";
            context.error("missing-key", at, "`salt_format` has no `salt`").help(help);
        }
        return keys;
    };
    let salt_node = node.at("salt");
    if keys.is_fresh() {
        let message = "these keys are fresh for every record, so a salt divides nothing";
        let help = "they are spread evenly already: leave the salt out";
        context.error("conflict", salt_node, message).help(help);
    }
    refuse_hash_keys(&keys, "with a salt", salt_node, context);
    let format = raw.salt_format.as_deref().unwrap_or(SALT_FORMAT);
    let pieces = salt_pieces(format, node.at("salt_format"), context);
    let mut composition = match keys {
        PartitionKey::Composed(composition) => composition,
        values => KeyComposition {
            pieces: vec![KeyPiece::Part(0)],
            parts: vec![KeyPart { name: String::new(), values }],
            salted: false,
        },
    };
    let bucket = composition.parts.len();
    let format = KeyFormat { prefix: String::new(), suffix: String::new() };
    let values = PartitionKey::Uniform { keys: u64::from(buckets), format };
    composition.parts.push(KeyPart { name: String::new(), values });
    let key = std::mem::take(&mut composition.pieces);
    for piece in pieces {
        match piece {
            Piece::Text(text) => composition.pieces.push(KeyPiece::Text(text.to_owned())),
            Piece::Word("key") => composition.pieces.extend(key.iter().cloned()),
            Piece::Word(_) => composition.pieces.push(KeyPiece::Part(bucket)),
        }
    }
    composition.salted = true;
    let keys = PartitionKey::Composed(composition);
    let at = if raw.salt_format.is_some() { node.at("salt_format") } else { salt_node };
    check_length(&keys, at, context);
    keys
}

/// The pieces of a salt's format, which has key and bucket once each.
fn salt_pieces<'a>(format: &'a str, node: &Node, context: &mut Context<'_, '_>) -> Vec<Piece<'a>> {
    let found = pieces(format);
    let count = |word| found.iter().filter(|piece| **piece == Piece::Word(word)).count();
    let words = found.iter().filter(|piece| matches!(piece, Piece::Word(_))).count();
    if (count("key"), count("bucket"), words) != (1, 1, 2) {
        let message = format!("`{}` does not make a salted key", shorten(format));
        let help = "write `{key}` and `{bucket}` once each, such as `{key}#{bucket}`";
        context.error("bad-key-format", node, message).help(help);
    }
    found
}

/// The texts and words of a format. A word is of letters, digits, `-` and `_`; other braces stand
/// for themselves.
fn pieces(format: &str) -> Vec<Piece<'_>> {
    let is_word = |text: &str| {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        !text.is_empty() && text.chars().all(is_plain)
    };
    let mut pieces = Vec::new();
    let (mut text, mut rest) = (0, 0);
    while let Some(open) = format[rest..].find('{').map(|at| at + rest) {
        rest = open + 1;
        let Some(close) = format[rest..].find('}').map(|at| at + rest) else {
            break;
        };
        if is_word(&format[rest..close]) {
            if text < open {
                pieces.push(Piece::Text(&format[text..open]));
            }
            pieces.push(Piece::Word(&format[rest..close]));
            rest = close + 1;
            text = rest;
        }
    }
    if text < format.len() {
        pieces.push(Piece::Text(&format[text..]));
    }
    pieces
}

fn has_words(format: &str) -> bool {
    pieces(format).iter().any(|piece| matches!(piece, Piece::Word(_)))
}

fn unit(word: &str) -> Option<TimeUnit> {
    TimeUnit::ALL.into_iter().find(|unit| unit.word() == word)
}

/// A word in braces that is neither a part nor a time.
fn unknown_word(word: &str, parts: &[&str], node: &Node, context: &mut Context<'_, '_>) {
    let mut known: Vec<&str> = TimeUnit::ALL.map(TimeUnit::word).to_vec();
    known.extend(parts);
    let message = format!("`{{{}}}` stands for nothing", shorten(word));
    let help = match did_you_mean(word, &known) {
        Some(meant) => format!("did you mean `{{{meant}}}`?"),
        None if word == "n" => "`{n}` belongs in the `format` of a part".to_owned(),
        None if parts.is_empty() => {
            "a time is `{date}`, `{hour}` or `{minute}`; a `template` has other parts".to_owned()
        }
        None => format!("say under `parts` how `{}` is drawn", shorten(word)),
    };
    context.error("bad-key-format", node, message).help(help);
}

/// A hash key of its own can only belong to a whole key.
fn refuse_hash_keys(keys: &PartitionKey, place: &str, node: &Node, context: &mut Context<'_, '_>) {
    if let PartitionKey::Weighted { keys, .. } = keys
        && keys.iter().any(|key| key.explicit_hash_key.is_some())
    {
        let message = format!("a key {place} has no `explicit_hash_key`");
        let help = "the hash of the whole key decides its shard; take the hash keys away";
        context.error("conflict", node, message).help(help);
    }
}

fn check_length(keys: &PartitionKey, node: &Node, context: &mut Context<'_, '_>) {
    if let PartitionKey::Composed(composition) = keys
        && composition.pieces.is_empty()
    {
        // None of its words means anything, which has been said.
        return;
    }
    let longest = longest(keys);
    if !(1..=PARTITION_KEY_CHARACTERS).contains(&longest) {
        let message = format!("the longest of these keys has {longest} characters");
        let help = format!("a partition key has 1 to {PARTITION_KEY_CHARACTERS} characters");
        context.error("key-length", node, message).help(help);
    }
}

fn kind(part: &raw::KeyPart) -> Kind<'_> {
    match part {
        raw::KeyPart::Uniform(raw) => Kind::Uniform(raw),
        raw::KeyPart::Zipf(raw) => Kind::Zipf(raw),
        raw::KeyPart::HotSet(raw) => Kind::HotSet(raw),
        raw::KeyPart::Weighted(keys) => Kind::Weighted(keys),
        raw::KeyPart::Single(key) => Kind::Single(&key.0),
        raw::KeyPart::Random(raw) => Kind::Random(raw),
        raw::KeyPart::File(raw) => Kind::File(raw),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_format_is_texts_and_words() {
        let (text, word) = (Piece::Text, Piece::Word);
        assert_eq!(pieces("{a}-{b}"), [word("a"), text("-"), word("b")]);
        assert_eq!(pieces("x/{a}{b}/"), [text("x/"), word("a"), word("b"), text("/")]);
        assert_eq!(pieces("{{a}}"), [text("{"), word("a"), text("}")]);
        assert_eq!(pieces("{\"id\":{a}}"), [text("{\"id\":"), word("a"), text("}")]);
        assert_eq!(pieces("{ a } {"), [text("{ a } {")]);
        assert_eq!(pieces("{}ключ{a}"), [text("{}ключ"), word("a")]);
        assert_eq!(pieces(""), []);
    }
}
