//! The output of `aws kinesis list-shards`: the ranges of a real stream.
//!
//! Hash keys are decimal strings. A shard with an `EndingSequenceNumber` is closed and takes no
//! records. The open shards must tile the hash space: each starts where the one before it ends.
//! Source: Kinesis API reference ListShards.

use serde::Deserialize;

use super::Context;
use crate::hash_key::{HashKey, HashKeyRange};
use crate::quotas::SHARDS_LIMIT;
use crate::scenario::ShardDefinition;
use crate::scenario::diagnostic::{Diagnostic, Diagnostics, Excerpt};
use crate::scenario::quantity::Quantity;
use crate::scenario::source::not_utf8;
use crate::scenario::tree::{Node, floor_boundary, shorten};

/// The code of problems in a list of shards.
const CODE: &str = "bad-shard-file";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ListShards {
    shards: Vec<Shard>,
    next_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Shard {
    shard_id: String,
    hash_key_range: Range,
    sequence_number_range: Option<SequenceNumbers>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Range {
    starting_hash_key: String,
    ending_hash_key: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SequenceNumbers {
    ending_sequence_number: Option<String>,
}

impl Shard {
    fn is_open(&self) -> bool {
        let numbers = self.sequence_number_range.as_ref();
        numbers.is_none_or(|numbers| numbers.ending_sequence_number.is_none())
    }
}

/// What is wrong with a list of shards.
enum Wrong {
    /// At a place of the file.
    At(Box<Diagnostic>),
    /// With the list as a whole: the message, and what to do about it.
    Whole(String, Option<&'static str>),
}

/// The open shards in the order of their ranges; nothing when the file has a problem.
pub(super) fn read(
    path: &str,
    node: &Node,
    context: &mut Context<'_, '_>,
) -> Option<Vec<ShardDefinition>> {
    let bytes = context.read_file(path, node)?;
    match parse(path, &bytes) {
        Ok(shards) => return Some(shards),
        Err(Wrong::At(diagnostic)) => {
            context.problems.push(node.place, *diagnostic);
        }
        Err(Wrong::Whole(message, help)) => {
            let problem = context.error(CODE, node, message);
            if let Some(help) = help {
                problem.help(help);
            }
        }
    }
    None
}

/// The open shards of the output of `aws kinesis list-shards`, in the order of their ranges; `path`
/// is the name of the file.
///
/// # Errors
/// What is wrong with the file.
pub fn open_shards(path: &str, bytes: &[u8]) -> Result<Vec<ShardDefinition>, Diagnostics> {
    parse(path, bytes).map_err(|wrong| match wrong {
        Wrong::At(diagnostic) => Diagnostics::one(*diagnostic),
        Wrong::Whole(message, help) => {
            let text = String::from_utf8_lossy(bytes);
            let first = text.lines().next().unwrap_or_default();
            let first = &first[..floor_boundary(first, 80)];
            let mut problem =
                Diagnostic::new(CODE, message, Excerpt::new(path, first, 1, 0..first.len()));
            if let Some(help) = help {
                problem.help(help);
            }
            Diagnostics::one(problem)
        }
    })
}

fn parse(path: &str, bytes: &[u8]) -> Result<Vec<ShardDefinition>, Wrong> {
    let at = |diagnostic| Wrong::At(Box::new(diagnostic));
    let text = std::str::from_utf8(bytes)
        .map_err(|error| at(not_utf8(path, bytes, error.valid_up_to())))?;
    let list: ListShards =
        serde_json::from_str(text).map_err(|error| at(bad_json(path, text, &error)))?;
    if list.next_token.is_some() {
        let message = format!("`{path}` is one page of several: it has a `NextToken`");
        let help = "run `aws kinesis list-shards` without `--max-items` and `--max-results`";
        return Err(Wrong::Whole(message, Some(help)));
    }
    let open = list.shards.iter().filter(|shard| shard.is_open());
    let mut shards = open
        .map(definition)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|problem| Wrong::Whole(format!("`{path}`: {problem}"), None))?;
    shards.sort_by_key(|shard| shard.range.start);
    if let Some(twice) = twice(&shards) {
        let message = format!("`{path}` has the open shard `{twice}` twice");
        return Err(Wrong::Whole(message, None));
    }
    check_tiles(&shards).map_err(|problem| {
        let message = format!("the open shards of `{path}` {problem}");
        let help = "open shards cover every hash key exactly once; was the file edited, or is the \
                    stream being resharded?";
        Wrong::Whole(message, Some(help))
    })?;
    Ok(shards)
}

fn bad_json(path: &str, text: &str, error: &serde_json::Error) -> Diagnostic {
    let line = error.line().max(1);
    let shown = text.lines().nth(line - 1).unwrap_or_default();
    let shown = &shown[..floor_boundary(shown, 200)];
    let start = floor_boundary(shown, error.column().saturating_sub(1));
    let end = start + shown[start..].chars().next().map_or(0, char::len_utf8);
    let message = error.to_string();
    let message = message.split(" at line ").next().unwrap_or_default();
    let message = format!("this is not the output of `aws kinesis list-shards`: {message}");
    let excerpt = Excerpt::new(path, shown, line, start..end);
    let mut diagnostic = Diagnostic::new(CODE, message, excerpt);
    diagnostic.help("write it with `aws kinesis list-shards --stream-name NAME --output json`");
    diagnostic
}

fn definition(shard: &Shard) -> Result<ShardDefinition, String> {
    let id = shorten(&shard.shard_id);
    let key = |text: &str| {
        HashKey::parse(text).map_err(|error| format!("shard `{id}`: {}", error.message))
    };
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if !(1..=128).contains(&shard.shard_id.len()) || !shard.shard_id.chars().all(is_plain) {
        return Err(format!("`{}` is not the identifier of a shard", id.escape_debug()));
    }
    let start = key(&shard.hash_key_range.starting_hash_key)?;
    let end = key(&shard.hash_key_range.ending_hash_key)?;
    if end < start {
        return Err(format!("shard `{id}` ends at {end}, before it starts at {start}"));
    }
    Ok(ShardDefinition { shard_id: shard.shard_id.clone(), range: HashKeyRange { start, end } })
}

/// An identifier that several shards have.
fn twice(shards: &[ShardDefinition]) -> Option<&str> {
    let mut ids: Vec<&str> = shards.iter().map(|shard| shard.shard_id.as_str()).collect();
    ids.sort_unstable();
    ids.windows(2).find(|pair| pair[0] == pair[1]).map(|pair| pair[0])
}

/// Whether the shards, in the order of their starts, cover the hash space exactly once.
fn check_tiles(shards: &[ShardDefinition]) -> Result<(), String> {
    let (Some(first), Some(last)) = (shards.first(), shards.last()) else {
        return Err("are none: every shard is closed".to_owned());
    };
    if shards.len() > SHARDS_LIMIT as usize {
        return Err(format!("are {}, more than {SHARDS_LIMIT}", shards.len()));
    }
    let gap = |start: u128, end: u128, where_: &str| {
        Err(format!("leave a gap from {start} to {end}, {where_}"))
    };
    if first.range.start.0 > 0 {
        let before = format!("before shard `{}`", first.shard_id);
        return gap(0, first.range.start.0 - 1, &before);
    }
    for pair in shards.windows(2) {
        let (left, right) = (&pair[0], &pair[1]);
        let (end, start) = (left.range.end.0, right.range.start.0);
        if start <= end {
            return Err(format!(
                "overlap from {start} to {}: shards `{}` and `{}`",
                end.min(right.range.end.0),
                left.shard_id,
                right.shard_id
            ));
        }
        if start - end > 1 {
            let between = format!("between shards `{}` and `{}`", left.shard_id, right.shard_id);
            return gap(end + 1, start - 1, &between);
        }
    }
    if last.range.end != HashKey::MAX {
        let after = format!("after shard `{}`", last.shard_id);
        return gap(last.range.end.0 + 1, u128::MAX, &after);
    }
    Ok(())
}
