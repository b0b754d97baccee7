//! Variants and sweeps as they are written: paths, and what to put there.

use std::borrow::Cow;
use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

use crate::scenario::quantity::{Name, Written};

/// The scenario with some values replaced, for `shardplan compare`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "variants are laid over the tree, before it becomes these types")]
pub(in crate::scenario) struct Variant {
    /// Unique among the variants, and not `baseline`.
    pub(in crate::scenario) name: Written<Name>,
    /// Paths with dots, as `--set` takes them, and the values to put there.
    #[schemars(length(min = 1))]
    pub(in crate::scenario) set: BTreeMap<String, Anything>,
}

/// Whatever the path allows.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
#[expect(dead_code, reason = "variants are laid over the tree, before it becomes these types")]
pub(in crate::scenario) struct Anything(serde_json::Value);

impl JsonSchema for Anything {
    fn schema_name() -> Cow<'static, str> {
        "Anything".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "description": "Whatever the path allows.", "x-anything": true })
    }
}
