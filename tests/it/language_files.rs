//! Files that a scenario names: real keys with counts, and the shards of a real stream.

use shardplan::hash_key::{HashKey, HashKeyRange};
use shardplan::scenario::{self, PartitionKey};

use crate::language::{GOOD, check_bad, check_good, read};

#[test]
fn keys_come_from_a_file_with_their_counts() {
    let keys = |file: &str| {
        let over = format!("producers.web.partition_key.file={file}");
        let scenario = check_good(GOOD, &[&over]);
        let PartitionKey::Weighted { keys, file } = scenario.producers[0].partition_key.clone()
        else {
            panic!("weighted")
        };
        assert!(file.is_some());
        keys.into_iter().map(|key| (key.key, key.weight)).collect::<Vec<_>>()
    };
    let pairs = |all: &[(&str, f64)]| {
        all.iter().map(|(key, weight)| ((*key).to_owned(), *weight)).collect::<Vec<_>>()
    };
    let named = keys("{ path: keys.csv, key_column: user, count_column: events }");
    assert_eq!(named, pairs(&[("ann", 6.0), ("bob, jr", 2.5)]));
    assert_eq!(keys("{ path: plain.csv }"), pairs(&[("a", 2.0), ("b", 1.0)]));
    assert_eq!(keys("{ path: keys.tsv }"), pairs(&[("a b", 3.0), ("c,d", 4.0)]));
    let semicolon = keys("{ path: semicolon.csv, delimiter: ';' }");
    assert_eq!(semicolon, pairs(&[("a", 1.0), ("b", 2.0)]));
    let whole = keys("{ path: bars.txt, delimiter: ',' }");
    assert_eq!(whole, pairs(&[("a|1", 1.0), ("b|2", 1.0)]), "as was asked for");
}

#[test]
fn a_bad_row_is_shown_with_its_file_and_line() {
    let problems = |file: &str| {
        let over = format!("producers.web.partition_key.file={file}");
        let problems = read(GOOD, &[&over]).unwrap_err();
        let name = |each: &scenario::Diagnostic| each.source_name().to_owned();
        problems.all().iter().map(|each| (name(each), each.line())).collect::<Vec<_>>()
    };
    let at = |name: &str, line| (name.to_owned(), line);
    assert_eq!(problems("{ path: bad.csv }"), [at("bad.csv", 3), at("bad.csv", 4)]);
    assert_eq!(problems("{ path: latin1.csv }"), [at("latin1.csv", 2)]);
    assert_eq!(problems("{ path: keys.csv, key_column: usr }"), [at("keys.csv", 1)]);
    assert_eq!(problems("{ path: zero.csv }"), [at("--set", 1)]);
    assert_eq!(problems("{ path: none.csv }"), [at("--set", 1)]);
    assert_eq!(problems("{ path: keys.csv, delimiter: é }"), [at("--set", 1)]);
    assert_eq!(problems("{ path: semicolons.csv }"), [at("semicolons.csv", 1)]);
    assert_eq!(problems("{ path: bars.txt }"), [at("bars.txt", 1)]);
}

#[test]
fn shards_come_from_an_export_of_a_real_stream() {
    let import = ["stream.capacity=null", "stream.hash_ranges.list_shards=shards.json"];
    let scenario = check_good(GOOD, &import);
    let third = HashKey(113_427_455_640_312_821_154_458_202_477_256_070_485);
    assert!(scenario.stream.imported);
    let ids: Vec<_> = scenario.stream.shards.iter().map(|shard| shard.shard_id.as_str()).collect();
    assert_eq!(ids, ["shardId-000000000006", "shardId-000000000009", "shardId-000000000010"]);
    assert_eq!(scenario.stream.shards[1].range.start, third);
    let ranges: Vec<_> = scenario.stream.shards.iter().map(|shard| shard.range).collect();
    assert_eq!(ranges, HashKeyRange::created(3));
    check_bad(GOOD, &[import[1]], &[("shards-differ", 10, 38)]);
    for (file, wanted) in [
        ("gap.json", "gap from 10 to 19"),
        ("broken.json", "list-shards"),
        ("twice.json", "the open shard `s-1` twice"),
        ("escape.json", "is not the identifier of a shard"),
    ] {
        let over = format!("stream.hash_ranges.list_shards={file}");
        let problems = read(GOOD, &[import[0], &over]).unwrap_err();
        let problem = &problems.all()[0];
        assert_eq!(problem.code(), "bad-shard-file");
        assert!(problem.message().contains(wanted), "{}", problem.message());
    }
}
