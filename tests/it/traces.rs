//! Recorded traffic: a trace is replayed as it was, and a line that is no record is named.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output};

use flate2::Compression;
use flate2::write::GzEncoder;
use shardplan::engine::{Control, Options, simulate};
use shardplan::hash_key::HashKey;
use shardplan::metrics::Observation;
use shardplan::scenario::{self, Diagnostics, Override, Scenario, Source};
use shardplan::time::Span;

/// Every record is tried once, and none is throttled.
const REPLAY: &str = "
version: 1
name: replay
duration: 100 s
stream: { capacity: { provisioned: { shards: 4 } } }
producers:
  - name: recorded
    client: { put_record: { round_trip: 0 s, retries: { attempts: 1 } } }
    traffic: { trace: { path: trace.csv } }
quotas: { shard_write_records: 100000 records/s, shard_write_records_burst: 100000 records,
  shard_write_bytes: 1 GiB/s, shard_write_bytes_burst: 1 GiB }
";

/// One record: milliseconds since the first one, key, bytes of data.
type Recorded = (u64, String, usize);

/// The time of the first record, in milliseconds since 1970.
const START_MS: u64 = 1_767_225_600_123;

/// Irregular times, many of them equal, keys of all kinds and sizes from nothing on.
fn recorded() -> Vec<Recorded> {
    let mut state = 1_u64;
    let mut draw = |bound: u64| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % bound
    };
    let mut at = 0;
    (0..4_000)
        .map(|index| {
            at += if index == 0 { 0 } else { draw(5) * draw(10) };
            let key = match draw(4) {
                0 => "hot".to_owned(),
                1 => format!("käse,\"{}\"", draw(9)),
                _ => format!("key-{}", draw(500)),
            };
            (at, key, draw(300) as usize)
        })
        .collect()
}

fn csv(records: &[Recorded]) -> String {
    let mut text = "time,note,size,key\n".to_owned();
    for (at, key, size) in records {
        let (at, key) = (START_MS + at, key.replace('"', "\"\""));
        writeln!(text, "{}.{:03},x,{size},\"{key}\"", at / 1_000, at % 1_000).unwrap();
    }
    text
}

fn ndjson(records: &[Recorded]) -> String {
    let mut text = String::new();
    for (at, key, size) in records {
        let line = serde_json::json!({ "size": size, "key": key, "time": START_MS + at });
        writeln!(text, "{line}").unwrap();
    }
    text
}

/// What the capture of ferrokinesis looks like (`CaptureRecord` in its `capture.rs`).
fn capture(records: &[Recorded]) -> String {
    let mut text = String::new();
    for (index, (at, key, size)) in records.iter().enumerate() {
        let padding = (3 - size % 3) % 3;
        let data = "QUJD".repeat(size.div_ceil(3));
        let data = format!("{}{}", &data[..data.len() - padding], "=".repeat(padding));
        let line = serde_json::json!({
            "op": if index % 2 == 0 { "PutRecord" } else { "PutRecords" },
            "ts": START_MS + at,
            "stream": "orders",
            "partition_key": key,
            "data": data,
            "sequence_number": format!("4966898313221487{index:012}"),
            "shard_id": "shardId-000000000000",
        });
        writeln!(text, "{line}").unwrap();
    }
    text
}

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

fn try_read(file: &[u8], overrides: &[&str]) -> Result<Scenario, Diagnostics> {
    let overrides: Vec<_> = overrides.iter().map(|over| Override::parse(over).unwrap()).collect();
    let source = Source { name: "test.yaml".to_owned(), text: REPLAY.to_owned() };
    scenario::read(&source, &overrides, &mut |_| Ok(file.to_vec()))
}

#[track_caller]
fn read(file: &[u8], overrides: &[&str]) -> Scenario {
    try_read(file, overrides).unwrap_or_else(|problems| panic!("{}", problems.render(false)))
}

fn run(scenario: &Scenario, options: &Options) -> Observation {
    simulate(scenario, options, &|_| Control::Continue).unwrap().remove(0)
}

fn played(file: &[u8], overrides: &[&str]) -> Observation {
    run(&read(file, overrides), &Options::default())
}

/// Code, file and line of each problem.
fn problems(file: &[u8], overrides: &[&str]) -> Vec<(String, String, usize)> {
    let problems = try_read(file, overrides).unwrap_err();
    let problem = |each: &scenario::Diagnostic| {
        (each.code().to_owned(), each.source_name().to_owned(), each.line())
    };
    problems.all().iter().map(problem).collect()
}

fn path(name: &str) -> String {
    format!("producers.recorded.traffic.trace.path={name}")
}

/// Records and bytes of each shard that the records of a trace come to.
fn expected_by_shard(records: &[Recorded], shards: u128) -> Vec<(u64, u64)> {
    let mut sums = vec![(0, 0); shards as usize];
    for (_, key, size) in records {
        let shard = HashKey::of(key.as_bytes()).0 / (u128::MAX / shards + 1);
        sums[shard as usize].0 += 1;
        sums[shard as usize].1 += (size + key.len()) as u64;
    }
    sums
}

fn by_shard(seen: &Observation) -> Vec<(u64, u64)> {
    seen.shards.iter().map(|shard| (shard.incoming_records, shard.incoming_bytes)).collect()
}

#[test]
fn a_trace_of_any_format_gives_exactly_its_counts_and_bytes() {
    let records = recorded();
    let expected = expected_by_shard(&records, 4);
    let texts = [
        ("trace.csv", csv(&records), None),
        ("trace.ndjson", ndjson(&records), None),
        ("trace.jsonl", ndjson(&records), None),
        (
            "capture",
            capture(&records),
            Some("producers.recorded.traffic.trace.format=ferrokinesis"),
        ),
    ];
    for (name, text, format) in texts {
        let plain = path(name);
        let compressed = path(&format!("{name}.gz"));
        for (path, file) in [(plain, text.clone().into_bytes()), (compressed, gzip(&text))] {
            let overrides: Vec<&str> = [path.as_str()].into_iter().chain(format).collect();
            let seen = played(&file, &overrides);
            assert!(by_shard(&seen) == expected, "{path}");
            let bytes: u64 = records.iter().map(|(_, key, size)| (key.len() + size) as u64).sum();
            let producer = &seen.producers[0];
            assert_eq!((producer.generated_records, producer.generated_bytes), (4_000, bytes));
        }
    }
}

/// Seconds of the run: the times of the trace, counted from its first record.
#[test]
fn every_record_comes_at_its_time() {
    let records = recorded();
    let mut expected = vec![0_u64; 100];
    for (at, ..) in &records {
        expected[(at / 1_000) as usize] += 1;
    }
    let options = Options { series_step: Some(Span::SECOND), ..Options::default() };
    for (speed, divided) in [("1", 1), ("2", 2)] {
        let over = format!("producers.recorded.traffic.trace.speed={speed}");
        let seen = run(&read(csv(&records).as_bytes(), &[&over]), &options);
        let mut expected: Vec<u64> =
            expected.chunks(divided).map(|them| them.iter().sum()).collect();
        expected.resize(100, 0);
        let rows: Vec<u64> = seen.series.rows().map(|row| row.generated_records).collect();
        assert_eq!(rows, expected, "speed {speed}");
    }
}

#[test]
fn shards_windows_and_calls_change_no_record_of_a_trace() {
    let file = csv(&recorded());
    let total = |seen: &Observation| {
        by_shard(seen).into_iter().fold((0, 0), |sum, next| (sum.0 + next.0, sum.1 + next.1))
    };
    let reference = played(file.as_bytes(), &[]);
    for shards in [1, 2, 7, 64] {
        let over = format!("stream.capacity.provisioned.shards={shards}");
        let other = played(file.as_bytes(), &[&over]);
        assert_eq!(total(&other), total(&reference), "{shards}");
    }
    let batched = "producers.recorded.client={ put_records: { linger: 20 ms } }";
    assert_eq!(total(&played(file.as_bytes(), &[batched])), total(&reference));
    for milliseconds in [1, 17, 5_000] {
        let window = Some(Span::from_milliseconds(milliseconds));
        let options = Options { window, ..Options::default() };
        let other = run(&read(file.as_bytes(), &[]), &options);
        assert!(by_shard(&other) == by_shard(&reference), "{milliseconds}");
    }
}

/// Before a split the parent takes its records, from then on each child those of its half.
#[test]
fn a_trace_follows_shards_that_split() {
    let records = recorded();
    let split =
        "stream.scaling={ schedule: [ { at: 1 s, split: { shard: shardId-000000000001 } } ] }";
    let seen = played(csv(&records).as_bytes(), &[split, "quotas.reshard_start=19 s"]);
    let closed = seen.shards[1].closed.unwrap().nanoseconds() / 1_000_000;
    let mut expected = vec![(0, 0); 6];
    for (at, key, size) in &records {
        let eighth = (HashKey::of(key.as_bytes()).0 / (u128::MAX / 8 + 1)) as usize;
        let shard = match (eighth, *at < closed) {
            (2, false) => 4,
            (3, false) => 5,
            _ => eighth / 2,
        };
        expected[shard].0 += 1;
        expected[shard].1 += (size + key.len()) as u64;
    }
    assert!(expected.iter().all(|shard| shard.0 > 0), "{expected:?}");
    assert_eq!(by_shard(&seen), expected);
}

#[test]
fn a_whole_rate_scale_is_exact_and_any_other_one_close_and_the_same_each_time() {
    let records = recorded();
    let file = csv(&records);
    let count = |scale: &str| {
        let over = format!("producers.recorded.traffic.trace.rate_scale={scale}");
        by_shard(&played(file.as_bytes(), &[&over]))
    };
    let expected = expected_by_shard(&records, 4);
    let tripled: Vec<_> =
        expected.iter().map(|(records, bytes)| (3 * records, 3 * bytes)).collect();
    assert_eq!(count("3"), tripled);
    let quarter = count("0.25");
    assert_eq!(quarter, count("0.25"));
    // Four standard deviations of a binomial of 4,000 records and a quarter.
    let all: u64 = quarter.iter().map(|shard| shard.0).sum();
    assert!(all.abs_diff(1_000) < 110, "{all}");
}

#[test]
fn a_run_shorter_than_the_trace_plays_what_comes_before_its_end() {
    let records = recorded();
    let file = csv(&records);
    let before = records.iter().filter(|(at, ..)| *at < 7_000).count();
    let scenario = read(file.as_bytes(), &["duration=7 s"]);
    let trace = scenario.producers[0].traffic.trace().unwrap();
    assert_eq!(trace.records, before as u64);
    assert_eq!(trace.beyond.unwrap().line, before as u64 + 2, "below a header");
    assert_eq!(run(&scenario, &Options::default()).producers[0].generated_records, before as u64);
}

#[test]
fn a_run_may_start_in_the_middle_of_a_trace() {
    let records = recorded();
    let starts_at = "producers.recorded.traffic.trace.starts_at=2026-01-01T00:00:10Z";
    let scenario = read(csv(&records).as_bytes(), &[starts_at]);
    let later = records.iter().filter(|(at, ..)| *at >= 10_000 - 123).count();
    let trace = scenario.producers[0].traffic.trace().unwrap();
    assert_eq!((trace.records, trace.earlier_records), (later as u64, (4_000 - later) as u64));
    let never = "producers.recorded.traffic.trace.starts_at=2027-01-01";
    assert_eq!(problems(csv(&records).as_bytes(), &[never])[0].0, "bad-trace");
}

#[test]
fn columns_have_any_name_or_no_header_and_parts_may_come_from_the_scenario() {
    let named = "producers.recorded.traffic.trace={ path: t.csv, time_column: when, key_column: \
                 who, size_column: bytes, explicit_hash_key_column: where }";
    let rows = "who;when\n".replace(';', ",bytes,where,")
        + "a,10,,2026-01-01T00:00:00Z\nb,20,0,2026-01-01T01:00:01.5+01:00\n";
    let seen = played(rows.as_bytes(), &[named]);
    assert_eq!(
        seen.shards[0].incoming_bytes,
        expected_by_shard(&[(0, "a".into(), 10)], 4)[0].1 + 21
    );
    let bare = "1767225600000,a,10\n1767225600500,b,20\n";
    let seen = played(bare.as_bytes(), &[]);
    let records = [(0, "a".to_owned(), 10), (500, "b".to_owned(), 20)];
    assert_eq!(by_shard(&seen), expected_by_shard(&records, 4));
    let given = [
        "producers.recorded.partition_key={ single: k }",
        "producers.recorded.record_size={ constant: 99 B }",
    ];
    let seen = played(b"time\n0\n0.5\n99.999\n", &given);
    assert_eq!(by_shard(&seen).iter().map(|shard| shard.1).sum::<u64>(), 300);
    let mut both = given.to_vec();
    both.push("producers.recorded.traffic.trace.key_column=key");
    assert_eq!(problems(b"time,key\n0,a\n", &both)[0].0, "conflict");
}

#[test]
fn a_bad_line_stops_with_its_number_or_is_left_out_and_counted() {
    let file = b"time,key,size\n1,a,10\n2,b,ten\n3,c,10\n2.5,d,10\n4,e\n\n5,,10\n6,f,10\n7,g,1";
    let line = |line| ("bad-trace-line".to_owned(), "trace.csv".to_owned(), line);
    assert_eq!(problems(file, &[]), [line(3), line(5), line(6), line(8)]);
    let skip = "producers.recorded.traffic.trace.malformed=skip";
    let scenario = read(file, &[skip]);
    let trace = scenario.producers[0].traffic.trace().unwrap();
    assert_eq!((trace.records, trace.malformed_lines), (4, 4));
    assert_eq!(trace.malformed_line_first, Some(3));
    let seen = run(&scenario, &Options::default());
    assert_eq!(by_shard(&seen).iter().map(|shard| shard.0).sum::<u64>(), 4);
    let tolerance = "producers.recorded.traffic.trace.time_tolerance=500 ms";
    assert_eq!(problems(file, &[tolerance]), [line(3), line(6), line(8)]);
    let moved = read(file, &[skip, tolerance]);
    let trace = moved.producers[0].traffic.trace().unwrap();
    assert_eq!((trace.records, trace.malformed_lines, trace.moved_records), (5, 3, 1));
    let cut = br#"{"time":1,"key":"a","size":1}
{"time":2,"key":"b","si"#;
    let file = ("bad-trace-line".to_owned(), "trace.ndjson".to_owned(), 2);
    assert_eq!(problems(cut, &[&path("trace.ndjson")]), [file]);
}

#[test]
fn a_compressed_trace_that_is_cut_off_is_named_with_its_line() {
    let records = recorded();
    let whole = gzip(&csv(&records));
    let cut = &whole[..whole.len() / 2];
    let found = problems(cut, &[]);
    let skip = "producers.recorded.traffic.trace.malformed=skip";
    let scenario = read(cut, &[skip]);
    let trace = scenario.producers[0].traffic.trace().unwrap();
    // A header above, and the line that is not whole below.
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].2 as u64, trace.records + 2);
    assert_eq!((trace.malformed_lines, trace.damaged_line), (1, Some(trace.records + 2)));
    let played = &records[..trace.records as usize];
    assert_eq!(by_shard(&run(&scenario, &Options::default())), expected_by_shard(played, 4));
}

#[test]
fn a_capture_of_several_streams_needs_a_name() {
    let mut text = capture(&recorded()[..3]);
    text += &capture(&recorded()[3..5]).replace("\"orders\"", "\"clicks\"");
    let format = "producers.recorded.traffic.trace.format=ferrokinesis";
    assert_eq!(problems(text.as_bytes(), &[format])[0].2, 4);
    for (stream, records) in [("orders", 3), ("clicks", 2)] {
        let over = format!("producers.recorded.traffic.trace.stream={stream}");
        assert_eq!(
            played(text.as_bytes(), &[format, &over]).producers[0].generated_records,
            records
        );
    }
}

/// Calls that were answered at the same time stand in any order.
#[test]
fn a_capture_may_go_back_by_a_little() {
    let mut lines: Vec<String> =
        capture(&recorded()).lines().map(|line| line.to_owned() + "\n").collect();
    lines.swap(100, 130);
    let format = "producers.recorded.traffic.trace.format=ferrokinesis";
    let scenario = read(lines.concat().as_bytes(), &[format]);
    let trace = scenario.producers[0].traffic.trace().unwrap();
    assert!(trace.moved_records > 0 && trace.records == 4_000);
    assert_eq!(by_shard(&run(&scenario, &Options::default())), expected_by_shard(&recorded(), 4));
}

fn run_in(folder: &Path, arguments: &[&str]) -> Output {
    let arguments = ["run", "replay.yaml"].iter().chain(arguments);
    let program = env!("CARGO_BIN_EXE_shardplan");
    Command::new(program).args(arguments).current_dir(folder).output().unwrap()
}

fn folder(trace: &[u8]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("replay.yaml"), REPLAY).unwrap();
    std::fs::write(folder.path().join("trace.csv"), trace).unwrap();
    folder
}

#[test]
fn a_bad_line_is_exit_code_2_and_nothing_is_written() {
    let folder = folder(b"time,key,size\n1,a,10\n2,b,1o\n");
    let output = run_in(folder.path(), &["--out", "pack", "--format", "json"]);
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{message}");
    assert!(message.contains("trace.csv:3") && message.contains("`1o`"), "{message}");
    assert!(!folder.path().join("pack").exists());
}

#[test]
fn the_result_says_what_was_left_out() {
    let folder = folder(b"time,key,size\n1,a,10\n2,b,1o\n3,c,9\n250,d,9\n");
    let skip = "producers.recorded.traffic.trace.malformed=skip";
    let output = run_in(folder.path(), &["--format", "json", "--set", skip]);
    let result: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let trace = &result["producers"][0]["trace"];
    assert_eq!((&trace["file_records"], &trace["malformed_lines"]), (&2.into(), &1.into()));
    assert_eq!((&trace["malformed_line_first"], &trace["beyond_line"]), (&3.into(), &5.into()));
    let findings = result["findings"].as_array().unwrap();
    let codes: Vec<_> = findings.iter().map(|each| each["code"].as_str().unwrap()).collect();
    assert!(codes.contains(&"malformed-trace-lines"), "{codes:?}");
    assert!(codes.contains(&"trace-longer-than-run"), "{codes:?}");
}

/// The numbers of threads and of replications change nothing, and a trace has one course.
#[test]
fn every_replication_meets_the_same_records() {
    let file = csv(&recorded());
    let scenario = read(file.as_bytes(), &["replications=3"]);
    let pool = |threads| rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    let all = pool(3)
        .install(|| simulate(&scenario, &Options::default(), &|_| Control::Continue).unwrap());
    let alone = pool(1).install(|| run(&scenario, &Options::default()));
    for replication in &all {
        assert!(by_shard(replication) == by_shard(&alone));
    }
}

/// What is written between the reading of the scenario and the run is an error, not a result.
#[test]
fn a_trace_that_changes_ends_the_run() {
    use std::sync::atomic::{AtomicBool, Ordering};
    static CHANGED: AtomicBool = AtomicBool::new(false);
    let source = Source { name: "test.yaml".to_owned(), text: REPLAY.to_owned() };
    let open = || -> std::io::Result<Box<dyn std::io::Read + Send>> {
        let rows: &[u8] = if CHANGED.load(Ordering::Relaxed) {
            b"time,key,size\n1,a,10\n2,b,11\n"
        } else {
            b"time,key,size\n1,a,10\n2,b,10\n"
        };
        Ok(Box::new(rows))
    };
    let nothing = &mut |_: &str| Err(String::new());
    let file = &mut |_: &str| Ok(scenario::StreamedFile::new(open));
    let scenario = scenario::read_streaming(&source, &[], nothing, file).unwrap();
    CHANGED.store(true, Ordering::Relaxed);
    let error = simulate(&scenario, &Options::default(), &|_| Control::Continue).unwrap_err();
    assert!(error.to_string().contains("`trace.csv` has changed"), "{error}");
}
