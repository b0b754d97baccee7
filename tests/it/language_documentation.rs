//! What is published about the language is true: its reference, its schema, its examples.

use shardplan::scenario::{self, Source};

use crate::language::{DOCUMENTATION, GOOD, check_good};

#[test]
fn every_example_of_the_documentation_is_a_good_scenario() {
    let defaults = [
        ("version", "version: 1\n"),
        ("name", "name: example\n"),
        ("duration", "duration: 1 h\n"),
        (
            "stream",
            "stream: { capacity: { provisioned: { shards: 4 } } }\n",
        ),
        (
            "producers",
            "producers: [ { name: p, client: { put_record: {} }, traffic: { constant: 1 records/s \
             }, record_size: { constant: 1 KiB }, partition_key: { single: k } } ]\n",
        ),
    ];
    let mut examples = 0;
    for fence in DOCUMENTATION.split("```yaml\n").skip(1) {
        let mut text = fence.split("```").next().unwrap().to_owned();
        for (key, default) in defaults {
            if !text
                .lines()
                .any(|line| line.starts_with(&format!("{key}:")))
            {
                text.push_str(default);
            }
        }
        check_good(&text, &[]);
        examples += 1;
    }
    assert!(examples >= 8, "{examples}");
}

#[test]
fn the_documentation_names_every_quota_with_its_default() {
    for fact in shardplan::quotas::Quotas::default().facts() {
        let row = format!("| `{}` | `{}` |", fact.name, fact.value);
        assert!(DOCUMENTATION.contains(&row), "{row}");
    }
}

#[test]
fn the_published_schema_is_the_one_of_the_code() {
    let published = include_str!("../../docs/scenario.schema.json");
    let generated = serde_json::to_string_pretty(&scenario::schema()).unwrap();
    assert_eq!(
        published.trim_end(),
        generated,
        "write `shardplan schema` to docs/"
    );
}

#[test]
fn every_default_of_a_quota_can_be_written() {
    for fact in shardplan::quotas::Quotas::default().facts() {
        let over = format!("quotas.{}={}", fact.name, fact.value);
        let scenario = check_good(GOOD, &[&over]);
        assert!(
            scenario.quotas_set.contains(&fact.name.to_owned()),
            "{over}"
        );
    }
}

#[test]
fn every_shipped_scenario_is_good() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path
            .extension()
            .is_some_and(|extension| extension == "yaml")
        {
            let folder = path.parent().unwrap();
            let source = Source::from_bytes("shipped", std::fs::read(&path).unwrap()).unwrap();
            let read = scenario::read(&source, &[], &mut |name| {
                std::fs::read(folder.join(name)).map_err(|error| error.to_string())
            });
            read.unwrap_or_else(|problems| panic!("{}", problems.render(false)));
        }
    }
}
