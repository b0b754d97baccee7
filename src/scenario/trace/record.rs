//! A record of a trace, made of the texts of its parts.

use super::TraceColumns;
use super::clock::TraceClock;
use super::object::FIELDS;
use super::reader::Malformed;
use crate::hash_key::HashKey;
use crate::quotas::PARTITION_KEY_CHARACTERS;
use crate::scenario::tree::shorten;

/// Larger than any record that a stream takes.
const SIZE_BYTES_MAX: u64 = 1_000_000_000;
/// One record of a trace; keeps its memory from record to record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TraceRecord {
    /// Nanoseconds of simulated time since the first record.
    pub offset: u64,
    /// The partition key; empty where the trace has none.
    pub key: String,
    /// Replaces the MD5 of the key when present.
    pub explicit_hash_key: Option<HashKey>,
    /// Bytes of data; zero where the trace has no sizes.
    pub size_bytes: u32,
}

/// Fills `record` but for its offset; answers with its time.
pub(super) fn fill(
    columns: &TraceColumns,
    [time, key, explicit, size_text]: [Option<&str>; FIELDS],
    clock: &mut TraceClock,
    record: &mut TraceRecord,
) -> Result<u128, Malformed> {
    let absent = |name: &str| Malformed::from(format!("the line has no `{}`", shorten(name)));
    let time = time.ok_or_else(|| absent(&columns.time))?;
    if let Some(name) = &columns.key {
        set_key(key.ok_or_else(|| absent(name))?, record)?;
        record.explicit_hash_key = hash_key(explicit)?;
    }
    if let Some(name) = &columns.size {
        let text = size_text.ok_or_else(|| absent(name))?.trim();
        let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let bytes = text.parse().ok().filter(|_| is_number).ok_or_else(|| {
            format!("the size `{}` is not a whole number of bytes", shorten(text))
        })?;
        record.size_bytes = size(bytes)?;
    }
    // Last, so that the notation of times is that of the first good line.
    let time = time.trim();
    clock.read(time).map_err(|what| format!("the time `{}` {what}", shorten(time)).into())
}

pub(super) fn set_key(key: &str, record: &mut TraceRecord) -> Result<(), Malformed> {
    let characters =
        if key.len() > PARTITION_KEY_CHARACTERS { key.chars().count() } else { key.len() };
    if !(1..=PARTITION_KEY_CHARACTERS).contains(&characters) {
        let message = format!(
            "the partition key has {characters} characters, not 1 to {PARTITION_KEY_CHARACTERS}"
        );
        return Err(message.into());
    }
    record.key.clear();
    record.key.push_str(key);
    Ok(())
}

/// The explicit hash key, where there is one.
pub(super) fn hash_key(text: Option<&str>) -> Result<Option<HashKey>, Malformed> {
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(None) };
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    let hash_key = text.parse().ok().filter(|_| is_number).map(HashKey);
    let wrong = || format!("`{}` is not a hash key, 0 to 2^128 - 1", shorten(text));
    Ok(Some(hash_key.ok_or_else(wrong)?))
}

pub(super) fn size(bytes: u64) -> Result<u32, Malformed> {
    let fits = bytes <= SIZE_BYTES_MAX;
    let wrong = || Malformed::from(format!("the size is {bytes} bytes, more than a gigabyte"));
    if fits { Ok(bytes as u32) } else { Err(wrong()) }
}
