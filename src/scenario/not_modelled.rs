//! Words that the language knows but this version does not simulate, and what to use instead.
//!
//! Someone who writes one of them has not mistyped, so a bare "unknown key" would mislead.

/// A word, the raw type that it stands in, and what to do instead.
type Row = (&'static str, &'static str, &'static str);

const RANGES: &str = "import the ranges with `hash_ranges`, or run once for each shard count";

const ROWS: [Row; 12] = [
    (
        "Scenario",
        "cost",
        "name the `region`, and bound the bill with the objective `cost_per_month`",
    ),
    ("Stream", "mode", "write `capacity: { provisioned: { shards: N } }`"),
    ("HashRanges", "describe_stream", RANGES),
    ("PutRecord", "time_to_live", "bound the wait with `retries: { attempts: N }`"),
    ("PutRecords", "time_to_live", "bound the wait with `retries: { attempts: N }`"),
    ("PutRecord", "rate_limit", "lower the rate of `traffic`"),
    ("PutRecords", "rate_limit", "lower the rate of `traffic`"),
    ("Objectives", "read_throttled", "bound `iterator_age_p99`, which grows when reads throttle"),
    ("Objectives", "expired", "bound `iterator_age_p99` well below the retention"),
    ("Objectives", "backlog", "bound `iterator_age_p99`"),
    ("Objectives", "utilization", "bound `write_throttled`"),
    ("Objectives", "put_latency_p50", "bound `put_latency_p99`"),
];

const SALT: &str = "write it beside the kind: `partition_key: { zipf: { ... }, salt: 16 }`";

/// Words that are simulated, but belong elsewhere.
const MISPLACED: [Row; 11] = [
    ("Trace", "time_scale", "write `speed`: at 2 an hour is replayed in half an hour"),
    ("Trace", "scale", "write `rate_scale` for more records, `speed` for a faster replay"),
    ("PartitionKey", "format", "write `format` within the kind: `zipf: { format: ... }`"),
    ("Uniform", "salt", SALT),
    ("Zipf", "salt", SALT),
    ("HotSet", "salt", SALT),
    ("Template", "salt", SALT),
    ("TimeKey", "salt", SALT),
    ("KeyFile", "salt", SALT),
    ("Random", "salt", "a random key is spread evenly; leave the salt out"),
    ("Producer", "salt", SALT),
];

/// Where `word` belongs, when it is none of the raw type `within`.
pub(super) fn elsewhere(within: &str, word: &str) -> Option<&'static str> {
    MISPLACED.iter().find(|row| row.0 == within && row.1 == word).map(|row| row.2)
}

/// What to use in place of `word` within the raw type `within`.
pub(super) fn instead_of(within: &str, word: &str) -> Option<&'static str> {
    ROWS.iter().find(|row| row.0 == within && row.1 == word).map(|row| row.2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::schema;

    #[test]
    fn every_row_stands_in_a_type_of_the_language_and_is_no_word_of_it() {
        let schema = schema();
        for (within, word, instead) in ROWS.into_iter().chain(MISPLACED) {
            assert!(!instead.is_empty() && !instead.ends_with('.'), "{within}.{word}");
            let own = match within {
                "Scenario" => schema.pointer("/properties"),
                _ => schema.pointer(&format!("/$defs/{within}")),
            };
            let own = own.unwrap_or_else(|| panic!("no type {within}"));
            assert!(own.pointer(&format!("/properties/{word}")).is_none(), "{within}.{word}");
            let kinds = own.get("oneOf").and_then(serde_json::Value::as_array);
            for kind in kinds.into_iter().flatten() {
                assert!(kind.pointer(&format!("/properties/{word}")).is_none(), "{within}.{word}");
            }
        }
    }
}
