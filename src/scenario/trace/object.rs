//! One line of JSON: the fields that a trace names, and the capture of the ferrokinesis emulator.
//!
//! Source of the capture: `CaptureRecord` of ferrokinesis, commit c0cbace (2026-04): `op`, `ts` in
//! milliseconds since 1970, `stream`, `partition_key`, `data` in base64, an `explicit_hash_key`
//! where one was given, and `sequence_number` and `shard_id` of the answer.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

/// Fields that a trace can name.
pub(super) const FIELDS: usize = 4;

/// The texts of the named fields of a line; nothing for one that is absent or null.
pub(super) type Fields<'line> = [Option<Cow<'line, str>>; FIELDS];

/// The fields of `line` of the given names.
///
/// # Errors
/// What is wrong with the line.
pub(super) fn fields<'line>(
    line: &'line [u8],
    names: [Option<&str>; FIELDS],
) -> Result<Fields<'line>, String> {
    let mut reader = serde_json::Deserializer::from_slice(line);
    let read = Named { names }.deserialize(&mut reader);
    let raw = read.and_then(|raw| reader.end().map(|()| raw)).map_err(|error| wrong(&error))?;
    let mut fields = Fields::default();
    for ((field, raw), name) in fields.iter_mut().zip(raw).zip(names) {
        let (Some(raw), Some(name)) = (raw, name) else { continue };
        *field = scalar(raw.get()).map_err(|()| format!("`{name}` is neither text nor number"))?;
    }
    Ok(fields)
}

/// An error without its line, which counts from the start of the text it was given.
fn wrong(error: &serde_json::Error) -> String {
    let message = error.to_string();
    let message = message.split(" at line ").next().unwrap_or_default();
    format!("the line is not a JSON object: {message} (column {})", error.column())
}

/// The text of a value, which is read as it is written, so that no digit of a number is lost.
fn scalar(raw: &str) -> Result<Option<Cow<'_, str>>, ()> {
    match raw.as_bytes().first() {
        Some(b'"') => match raw.get(1..raw.len() - 1) {
            Some(plain) if !plain.contains('\\') => Ok(Some(Cow::Borrowed(plain))),
            _ => serde_json::from_str(raw).map(|text| Some(Cow::Owned(text))).map_err(|_| ()),
        },
        Some(b'-' | b'0'..=b'9') => Ok(Some(Cow::Borrowed(raw))),
        Some(b'n') => Ok(None),
        _ => Err(()),
    }
}

/// Takes the values of the named keys out of a map.
struct Named<'a> {
    names: [Option<&'a str>; FIELDS],
}

impl<'line> DeserializeSeed<'line> for Named<'_> {
    type Value = [Option<&'line RawValue>; FIELDS];

    fn deserialize<D: serde::Deserializer<'line>>(
        self,
        deserializer: D,
    ) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'line> Visitor<'line> for Named<'_> {
    type Value = [Option<&'line RawValue>; FIELDS];

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<M: MapAccess<'line>>(self, mut map: M) -> Result<Self::Value, M::Error> {
        let mut values = [None; FIELDS];
        while let Some(Name(key)) = map.next_key()? {
            let is_wanted = |name: &Option<&str>| *name == Some(key.as_ref());
            if self.names.iter().any(is_wanted) {
                let value: &RawValue = map.next_value()?;
                // One field may be more than one part of the record.
                let wanted = values.iter_mut().zip(&self.names).filter(|pair| is_wanted(pair.1));
                wanted.for_each(|(place, _)| *place = Some(value));
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(values)
    }
}

/// A key of a map, borrowed where it has no escapes.
#[derive(Deserialize)]
#[serde(transparent)]
struct Name<'line>(#[serde(borrow)] Cow<'line, str>);

/// A record of a capture; what stands in other fields is no part of a trace.
#[derive(Debug, Deserialize)]
pub(super) struct Capture<'line> {
    /// Milliseconds since 1970.
    pub(super) ts: u64,
    /// The stream that took the record.
    #[serde(borrow)]
    pub(super) stream: Cow<'line, str>,
    #[serde(borrow)]
    pub(super) partition_key: Cow<'line, str>,
    /// The data in base64.
    #[serde(borrow)]
    pub(super) data: Cow<'line, str>,
    #[serde(borrow, default)]
    pub(super) explicit_hash_key: Option<Cow<'line, str>>,
}

impl<'line> Capture<'line> {
    /// Reads a line.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn read(line: &'line [u8]) -> Result<Self, String> {
        serde_json::from_slice(line).map_err(|error| wrong(&error))
    }

    /// Bytes of the data.
    ///
    /// # Errors
    /// When it is not base64.
    pub(super) fn data_bytes(&self) -> Result<u64, String> {
        let digits = self.data.trim_end_matches('=');
        let padding = self.data.len() - digits.len();
        let is_digit =
            |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_');
        // Four digits hold three bytes; one digit alone holds none.
        if !self.data.len().is_multiple_of(4) || padding > 2 || !digits.bytes().all(is_digit) {
            return Err("`data` is not base64".to_owned());
        }
        Ok(digits.len() as u64 * 6 / 8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_taken_as_they_are_written() {
        let names = [Some("t"), Some("k"), None, Some("t")];
        let line = br#"{"t":1767225600.123456789,"x":{"t":[1]},"k":"a\u0020\"b"}"#;
        let read = fields(line, names).unwrap();
        assert_eq!(read[0].as_deref(), Some("1767225600.123456789"));
        assert_eq!(read[1].as_deref(), Some("a \"b"));
        assert_eq!((read[2].as_deref(), read[3].as_deref()), (None, read[0].as_deref()));
        assert_eq!(fields(br#"{"t":null}"#, names).unwrap()[0], None);
        assert!(fields(br#"{"t":[1]}"#, names).unwrap_err().contains("`t` is neither"));
        assert!(fields(br#"{"t":1,"k":"ab"#, names).unwrap_err().contains("EOF"));
        assert!(fields(b"[1]", names).unwrap_err().contains("not a JSON object"));
        assert!(fields(br#"{"t":1} {"t":2}"#, names).is_err());
    }

    #[test]
    fn base64_tells_the_length_of_what_it_holds() {
        let bytes = |data: &str| {
            let line = format!(
                r#"{{"op":"PutRecord","ts":1,"stream":"s","partition_key":"k","data":"{data}","sequence_number":"1","shard_id":"shardId-000000000000"}}"#
            );
            Capture::read(line.as_bytes()).unwrap().data_bytes().ok()
        };
        assert_eq!(bytes(""), Some(0));
        assert_eq!((bytes("YQ=="), bytes("YWI="), bytes("YWJj")), (Some(1), Some(2), Some(3)));
        assert_eq!((bytes("YQ"), bytes("Y==="), bytes("Y Q=")), (None, None, None));
    }
}
