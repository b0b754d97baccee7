//! The JSON Schema of the language, generated from the raw types, and how `structure` reads it.

use serde_json::{Map, Value};

use super::raw;
use crate::quotas::Quotas;

/// A schema: a map of keywords.
pub(super) type Keywords = Map<String, Value>;

/// The published JSON Schema of a scenario.
#[must_use]
pub fn schema() -> Value {
    let mut schema = schemars::schema_for!(raw::Scenario).to_value();
    remove_null(&mut schema);
    add_quota_defaults(&mut schema);
    if let Value::Object(root) = &mut schema {
        root.insert("title".to_owned(), "shardplan scenario".into());
    }
    schema
}

/// An optional key may be left out, but it may not be empty: takes `null` out of every type.
fn remove_null(schema: &mut Value) {
    match schema {
        Value::Array(items) => items.iter_mut().for_each(remove_null),
        Value::Object(keywords) => {
            if let Some(Value::Array(types)) = keywords.get_mut("type") {
                types.retain(|name| name != "null");
                if let [only] = types.as_slice() {
                    let only = only.clone();
                    keywords.insert("type".to_owned(), only);
                }
            }
            if let Some(Value::Array(options)) = keywords.get("anyOf")
                && let [Value::Object(wanted), null] = options.as_slice()
                && null.get("type") == Some(&"null".into())
            {
                let wanted = wanted.clone();
                keywords.shift_remove("anyOf");
                keywords.extend(wanted);
            }
            keywords.values_mut().for_each(remove_null);
        }
        _ => {}
    }
}

/// Writes the default of each quota beside its description.
fn add_quota_defaults(schema: &mut Value) {
    for fact in Quotas::default().facts() {
        let path = format!("/$defs/Quotas/properties/{}", fact.name);
        if let Some(Value::Object(property)) = schema.pointer_mut(&path) {
            let default = fact.value.parse::<bool>().map_or(fact.value.into(), Value::Bool);
            property.insert("default".to_owned(), default);
        }
    }
}

/// The schema with a way to follow its references.
pub(super) struct Schema {
    root: Value,
}

/// One schema within the whole, references resolved.
#[derive(Clone, Copy)]
pub(super) struct View<'a> {
    root: &'a Value,
    keywords: &'a Keywords,
    /// Name of the definition, such as `Producer`; empty for the root and for schemas in place.
    pub(super) name: &'a str,
}

/// What a value must be.
pub(super) enum Shape<'a> {
    /// A map with exactly one of the given keys, or one of the words of the view.
    Alternatives(Vec<(&'a str, View<'a>)>),
    /// A map with the given keys.
    Map(&'a Keywords),
    /// A map of any keys with the given values.
    Entries(View<'a>),
    /// A list of the given elements.
    List(View<'a>),
    /// One of a few words.
    Words(Vec<&'a str>),
    /// A scalar of one of our formats.
    Format(&'a str),
    /// A number, with or without a fraction.
    Number {
        /// Whether it must be whole.
        whole: bool,
    },
    /// Any text.
    Text,
    /// Any value, which is checked where it is put.
    Anything,
}

impl Schema {
    /// The schema of a scenario.
    pub(super) fn new() -> Self {
        Self { root: schema() }
    }

    /// The schema of the whole file.
    pub(super) fn root(&self) -> Option<View<'_>> {
        let keywords = self.root.as_object()?;
        Some(View { root: &self.root, keywords, name: "Scenario" })
    }
}

impl<'a> View<'a> {
    /// A schema below this one, references followed.
    fn below(self, value: &'a Value) -> Option<Self> {
        let keywords = value.as_object()?;
        let Some(Value::String(reference)) = keywords.get("$ref") else {
            return Some(Self { keywords, name: "", ..self });
        };
        let target = self.root.pointer(reference.strip_prefix('#')?)?;
        let name = reference.rsplit('/').next().unwrap_or_default();
        Some(Self { keywords: target.as_object()?, name, ..self })
    }

    /// The schema of a property of a map.
    pub(super) fn property(self, key: &str) -> Option<Self> {
        match self.keywords.get("properties") {
            Some(properties) => self.below(properties.get(key)?),
            None => self.below(self.keywords.get("additionalProperties")?),
        }
    }

    /// Whether an empty map will do.
    pub(super) fn takes_nothing(self) -> bool {
        let groups = ["oneOf", "anyOf"];
        self.required().is_empty() && groups.iter().all(|group| self.groups(group).is_empty())
    }

    /// What a property of a map is for.
    pub(super) fn description(self, key: &str) -> Option<&'a str> {
        self.keywords.get("properties")?.get(key)?.get("description")?.as_str()
    }

    /// A keyword with a number.
    pub(super) fn number(self, keyword: &str) -> Option<f64> {
        self.keywords.get(keyword)?.as_f64()
    }

    /// A keyword with a text.
    pub(super) fn text(self, keyword: &str) -> Option<&'a str> {
        self.keywords.get(keyword)?.as_str()
    }

    /// The keys that must be present.
    pub(super) fn required(self) -> Vec<&'a str> {
        texts(self.keywords.get("required"))
    }

    /// Groups of keys of which exactly one must be present (`oneOf`), or at least one (`anyOf`).
    pub(super) fn groups(self, keyword: &str) -> Vec<Vec<&'a str>> {
        let options = self.keywords.get(keyword).and_then(Value::as_array);
        options.into_iter().flatten().map(|option| texts(option.get("required"))).collect()
    }

    /// The words among the alternatives.
    pub(super) fn words(self) -> Vec<&'a str> {
        let options = self.keywords.get("oneOf").and_then(Value::as_array);
        let words = options.into_iter().flatten().filter_map(|option| option.get("const"));
        words.filter_map(Value::as_str).collect()
    }

    /// What a value must be.
    pub(super) fn shape(self) -> Shape<'a> {
        if self.keywords.contains_key("x-anything") {
            return Shape::Anything;
        }
        if let Some(format) = self.text("format")
            && super::quantity::check(format, "").is_some()
        {
            return Shape::Format(format);
        }
        if let Some(Value::Object(properties)) = self.keywords.get("properties") {
            return Shape::Map(properties);
        }
        let values = self.keywords.get("additionalProperties");
        if let Some(values) = values.and_then(|values| self.below(values)) {
            return Shape::Entries(values);
        }
        if let Some(Value::Array(options)) = self.keywords.get("oneOf") {
            let words = self.words();
            if words.len() == options.len() {
                return Shape::Words(words);
            }
            return Shape::Alternatives(self.alternatives(options));
        }
        match self.text("type") {
            Some("array") => match self.keywords.get("items").and_then(|items| self.below(items)) {
                Some(items) => Shape::List(items),
                None => Shape::Text,
            },
            Some("integer") => Shape::Number { whole: true },
            Some("number") => Shape::Number { whole: false },
            _ => Shape::Text,
        }
    }

    fn alternatives(self, options: &'a [Value]) -> Vec<(&'a str, Self)> {
        let properties = options.iter().filter_map(|option| option.get("properties")?.as_object());
        properties
            .flatten()
            .filter_map(|(key, value)| Some((key.as_str(), self.below(value)?)))
            .collect()
    }
}

fn texts(value: Option<&Value>) -> Vec<&str> {
    value.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::quantity;

    #[test]
    fn every_example_of_the_schema_is_read() {
        let schema = schema();
        let definitions = schema["$defs"].as_object().unwrap();
        let mut examples = 0;
        for definition in definitions.values() {
            let Some(all) = definition.get("examples").and_then(Value::as_array) else {
                continue;
            };
            let format = definition["format"].as_str().unwrap();
            for example in all {
                let text = example.as_str().map_or(example.to_string(), str::to_owned);
                assert_eq!(quantity::check(format, &text), Some(Ok(())), "{text}");
                examples += 1;
            }
        }
        assert!(examples > 20, "{examples}");
    }

    #[test]
    fn nothing_in_the_schema_may_be_null() {
        assert!(!schema().to_string().contains("null"));
    }
}
