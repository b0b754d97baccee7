//! JSON: the result document itself, indented, fields in the order of its types.

use serde::Serialize;

/// `document` as indented JSON with a line feed at the end.
///
/// # Errors
/// When the document holds what JSON cannot say; the result document holds nothing of the kind.
pub fn json(document: &impl Serialize) -> Result<String, serde_json::Error> {
    let mut text = serde_json::to_string_pretty(document)?;
    text.push('\n');
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::testing::document;

    #[test]
    fn the_same_result_gives_the_same_bytes_and_reads_back() {
        let text = json(&document()).unwrap();
        assert_eq!(text, json(&document()).unwrap());
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["scenario"]["name"], "orders");
        assert!(text.ends_with("}\n"));
    }

    #[test]
    fn a_hash_key_is_text_since_no_json_number_holds_it() {
        let value: serde_json::Value = serde_json::from_str(&json(&document()).unwrap()).unwrap();
        let end = value["shards"][0]["ending_hash_key"].as_str().unwrap();
        assert_eq!(end.parse::<u128>().unwrap(), u128::MAX / 4);
    }
}
