//! The digest of a scenario: MD5 over what it says, whatever its layout.
//!
//! Comments, blanks, quotes, the order of keys and the way in which a value came (file, anchor or
//! override) do not change it; any value and any byte of a file that it names do.

use md5::{Digest as _, Md5};
use serde_json::Value;

/// A digest in the making.
pub(super) struct Digest(Md5);

impl Digest {
    /// The digest of the resolved scenario, before any file.
    pub(super) fn new(scenario: &Value) -> Self {
        let mut text = String::new();
        write_canonical(scenario, &mut text);
        Self(Md5::new_with_prefix(text.as_bytes()))
    }

    /// Adds a file that the scenario names; its name is part of the scenario already.
    pub(super) fn add_file(&mut self, bytes: &[u8]) {
        self.0.update((bytes.len() as u64).to_le_bytes());
        self.0.update(bytes);
    }

    /// 32 hexadecimal digits.
    pub(super) fn finish(self) -> String {
        self.0
            .finalize()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }
}

/// JSON without blanks, keys in alphabetical order.
fn write_canonical(value: &Value, text: &mut String) {
    match value {
        Value::Array(items) => {
            text.push('[');
            for item in items {
                write_canonical(item, text);
                text.push(',');
            }
            text.push(']');
        }
        Value::Object(entries) => {
            let mut entries: Vec<_> = entries.iter().collect();
            entries.sort_by_key(|entry| entry.0);
            text.push('{');
            for (key, value) in entries {
                text.push_str(&Value::String(key.clone()).to_string());
                text.push(':');
                write_canonical(value, text);
                text.push(',');
            }
            text.push('}');
        }
        scalar => text.push_str(&scalar.to_string()),
    }
}
