//! Bills from the command line: reports, price books, hand-overs, and what is refused.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

const SCENARIO: &str = "\
version: 1
name: small
region: us-east-1
duration: 30 s
stream:
  capacity: { provisioned: { shards: 4 } }
producers:
  - name: web
    client: { put_records: {} }
    traffic: { constant: 1500 records/s }
    record_size: { constant: 200 B }
    partition_key: { uniform: { keys: 1000 } }
consumers:
  - { name: archive, polling: { interval: 1 s } }
";

const PRICE_LISTS: [&str; 3] =
    ["AmazonKinesis.json", "AmazonKinesisFirehose.json", "AWSLambda.json"];

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("small.yaml"), SCENARIO).unwrap();
    let lists = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/data/price-list");
    for name in PRICE_LISTS {
        std::fs::copy(lists.join(name), folder.path().join(name)).unwrap();
    }
    folder
}

/// Standard output and standard error of a run that ends with `code`.
fn check(folder: &Path, arguments: &[&str], code: i32) -> (String, String) {
    let output: Output = Command::new(env!("CARGO_BIN_EXE_shardplan"))
        .current_dir(folder)
        .args(arguments)
        .env_remove("COLUMNS")
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let (out, errors) = (text(output.stdout), text(output.stderr));
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {errors}");
    (out, errors)
}

fn json(folder: &Path, arguments: &[&str]) -> Value {
    serde_json::from_str(&check(folder, arguments, 0).0).unwrap()
}

/// Four shards are 43.80 USD in a month of 730 h.
#[test]
fn a_run_has_a_bill_in_text_and_json() {
    let folder = folder();
    let (text, errors) = check(folder.path(), &["run", "small.yaml"], 0);
    assert!(text.contains("Cost of a month of 730 h in us-east-1, provisioned"), "{text}");
    let shards = text.lines().find(|line| line.contains("Open shards")).unwrap();
    let cells: Vec<&str> = shards.split_whitespace().collect();
    assert_eq!(cells[2..], ["2,920", "shard-h", "0.015", "43.80"]);
    assert!(!errors.contains("warning"), "{errors}");
    let cost = &json(folder.path(), &["run", "small.yaml", "--format", "json"])["cost"];
    assert_eq!((&cost["region"], &cost["currency"]), (&"us-east-1".into(), &"USD".into()));
    let shards = &cost["lines"][0];
    assert_eq!(shards["item"], "shard_hours");
    assert_eq!(shards["quantity"], 2_920.0);
    assert_eq!(shards["monthly_usd"], 43.8);
}

#[test]
fn without_a_region_there_is_no_bill_and_a_way_to_one() {
    let folder = folder();
    let none = ["--set", "region=null"];
    let (text, _) = check(folder.path(), &[&["run", "small.yaml"], &none[..]].concat(), 0);
    assert!(text.contains("No bill: the scenario names no region"), "{text}");
    let (_, errors) = check(folder.path(), &[&["cost", "small.yaml"], &none[..]].concat(), 2);
    assert!(errors.contains("`--set region=us-east-1`"), "{errors}");
    let bound = ["--set", "objectives.cost_per_month.at_most=5 USD"];
    let (_, errors) =
        check(folder.path(), &[&["run", "small.yaml"], &none[..], &bound[..]].concat(), 2);
    assert!(errors.contains("needs a region"), "{errors}");
}

#[test]
fn a_region_without_prices_is_an_error_where_a_bill_is_asked_for() {
    let folder = folder();
    let north = ["--set", "region=eu-north-1"];
    let (_, errors) = check(folder.path(), &[&["cost", "small.yaml"], &north[..]].concat(), 2);
    assert!(errors.contains("ap-northeast-1, us-east-1, us-east-2, us-west-2"), "{errors}");
    assert!(errors.contains("shardplan prices import"), "{errors}");
    let bound = ["--set", "objectives.cost_per_month.at_most=5 USD"];
    let arguments = [&["run", "small.yaml"], &north[..], &bound[..]].concat();
    assert!(check(folder.path(), &arguments, 2).1.contains("eu-north-1"));
    let (text, _) = check(folder.path(), &[&["run", "small.yaml"], &north[..]].concat(), 0);
    assert!(text.contains("No bill: the price book has no prices of streams"), "{text}");
}

#[test]
fn a_price_that_is_missing_is_named_before_the_run() {
    let folder = folder();
    let fan_out = "consumers=[ { name: alerts, enhanced_fan_out: {} } ]";
    let day = ["--set", "duration=300 d", "--set", "region=ap-northeast-1", "--set", fan_out];
    let (_, errors) = check(folder.path(), &[&["cost", "small.yaml"], &day[..]].concat(), 2);
    assert!(errors.contains("no price in ap-northeast-1 of provisioned.enhanced_fan_out_hours"));
    assert!(errors.contains("shardplan prices import"), "{errors}");
}

#[test]
fn a_bill_is_bounded_by_an_objective() {
    let folder = folder();
    for (bound, code) in [("60 USD", 1), ("70 USD", 0)] {
        let set = format!("objectives.cost_per_month.at_most={bound}");
        // Four shards are 43.80 USD, 600 records/s about 22.08.
        let slower = "producers.web.traffic.constant=600 records/s";
        let arguments = ["run", "small.yaml", "--set", &set, "--set", slower];
        let (text, _) = check(folder.path(), &arguments, code);
        assert!(text.contains("cost_per_month") && text.contains("USD   at most"), "{text}");
    }
}

#[test]
fn price_lists_become_a_book_that_prices_another_region() {
    let folder = folder();
    let import = [&["prices", "import", "--out", "book.csv"], &PRICE_LISTS[..]].concat();
    let (_, errors) = check(folder.path(), &import, 0);
    assert!(errors.contains("1 usage type left out that no bill here has"), "{errors}");
    let (book, _) = check(folder.path(), &["prices", "import", "AmazonKinesis.json"], 0);
    assert!(book.contains("eu-north-1,provisioned,shard_hours,0,shard-hour,0.016,2026-10-02"));
    let arguments = ["--set", "region=eu-north-1", "--prices", "book.csv", "--format", "json"];
    let document = json(folder.path(), &[&["cost", "small.yaml"], &arguments[..]].concat());
    assert_eq!(document["cost"]["price_date"], "2026-10-02");
    assert_eq!(document["cost"]["lines"][0]["monthly_usd"], 2_920.0 * 0.016);
    assert!(document["modes"].as_array().unwrap().iter().all(|mode| mode["cost"].is_object()));
    let (_, errors) =
        check(folder.path(), &["cost", "small.yaml", "--prices", "AmazonKinesis.json"], 2);
    assert!(errors.contains("it looks like JSON; make a book"), "{errors}");
    let twice = ["prices", "import", "AWSLambda.json", "AWSLambda.json"];
    assert!(check(folder.path(), &twice, 2).1.contains("give each price list once"));
    assert!(check(folder.path(), &["prices", "import", "small.yaml"], 2).1.contains("not JSON"));
}

#[test]
fn a_book_of_ones_own_goes_before_the_built_in_one_and_says_when_it_is_old() {
    let folder = folder();
    let row = "region,mode,dimension,from,unit,price_usd,date,confidence,source\n\
               us-east-1,provisioned,shard_hours,0,shard-hour,0.010,2024-02-29,confirmed,contract\n";
    std::fs::write(folder.path().join("own.csv"), row).unwrap();
    let arguments = ["run", "small.yaml", "--prices", "own.csv"];
    let (text, errors) = check(folder.path(), &arguments, 0);
    assert!(text.contains("29.20"), "2,920 at a cent: {text}");
    assert!(errors.contains("warning: the bill has prices of 2024-02-29, which are"), "{errors}");
    assert!(!text.contains("warning"), "the age stands in no report");
    let (shown, _) = check(folder.path(), &["prices", "show", "--region", "us-east-1"], 0);
    assert!(
        shown.lines().all(|line| line.starts_with("us-east-1,") || line.starts_with("region,"))
    );
}

#[test]
fn modes_stand_side_by_side_with_what_they_throttle() {
    let folder = folder();
    let document = json(folder.path(), &["cost", "small.yaml", "--format", "json"]);
    let modes = document["modes"].as_array().unwrap();
    let names: Vec<&str> = modes.iter().map(|mode| mode["name"].as_str().unwrap()).collect();
    let expected = [
        "provisioned_as_is",
        "provisioned_smallest_safe",
        "on_demand_standard",
        "on_demand_advantage",
    ];
    assert_eq!(names, expected);
    assert_eq!((&modes[0]["shards"], &modes[1]["shards"]), (&4.into(), &2.into()));
    assert_eq!(modes[1]["is_safe"], true);
    for on_demand in &modes[2..] {
        assert_eq!(on_demand["write_throttled_ratio"], 0.0);
        assert_eq!(on_demand["shards"], 4);
        assert!(on_demand["is_safe"] == true && on_demand["note"].is_null(), "{on_demand}");
    }
    let fee = &modes[2]["cost"]["lines"][0];
    assert_eq!(fee["item"], "stream_hours");
    assert_eq!(fee["monthly_usd"], 29.2);
    assert_eq!(document["break_evens"].as_array().unwrap().len(), 3);
    let (text, _) = check(folder.path(), &["cost", "small.yaml"], 0);
    for words in ["The same traffic in each mode", "starts here with 4 shards", "as the load grows"]
    {
        assert!(text.contains(words), "{words}: {text}");
    }
    let (markdown, _) = check(folder.path(), &["cost", "small.yaml", "--format", "markdown"], 0);
    assert!(markdown.contains("| **Total** |") && markdown.contains("| on-demand Standard |"));
    let again = check(folder.path(), &["cost", "small.yaml"], 0).0;
    assert_eq!(text, again);
}

#[test]
fn a_hot_key_has_no_safe_count_of_shards() {
    let folder = folder();
    let hot = "producers.web.partition_key={ single: k }";
    let arguments = ["cost", "small.yaml", "--set", hot, "--format", "json"];
    let document = json(folder.path(), &arguments);
    let safe = &document["modes"][1];
    assert!(safe["cost"].is_null() && safe["shards"].is_null());
    assert!(safe["note"].as_str().unwrap().starts_with("no count of shards is safe"), "{safe}");
    let standard = &document["modes"][2];
    assert!(standard["is_safe"] == false && standard["monthly_usd"].is_number(), "{standard}");
}

/// A stream that is on-demand already stands as it is, beside the two other modes; one that takes
/// less than it is sent costs less, and says what it lost.
#[test]
fn an_on_demand_stream_is_compared_with_shards_and_with_the_other_mode() {
    let folder = folder();
    let on_demand = ["--set", "stream.capacity={ on_demand: { shards: 1 } }"];
    let arguments = [&["cost", "small.yaml", "--format", "json"], &on_demand[..]].concat();
    let document = json(folder.path(), &arguments);
    let modes = document["modes"].as_array().unwrap();
    let names: Vec<&str> = modes.iter().map(|mode| mode["name"].as_str().unwrap()).collect();
    let expected = ["on_demand_standard_as_is", "provisioned_smallest_safe", "on_demand_advantage"];
    assert_eq!(names, expected);
    assert_eq!(modes[0]["is_safe"], false, "one shard takes 1,000 of 1,500 records/s");
    assert!(modes[0]["write_throttled_ratio"].as_f64().unwrap() > 0.3);
    assert_eq!((&modes[1]["shards"], &modes[1]["is_safe"]), (&2.into(), &true.into()));
    let warm = ["--warm-throughput", "2 MiB/s", "--on-demand-shards", "1"];
    let document = json(folder.path(), &[&arguments[..], &warm[..]].concat());
    let advantage = &document["modes"][2];
    assert_eq!((&advantage["shards"], &advantage["is_safe"]), (&2.into(), &true.into()));
}

#[test]
fn what_is_not_simulated_on_shards_that_change_says_so_in_its_row() {
    let folder = folder();
    let replay = "incidents=[ { at: 10 s, replay: { consumer: archive, from: trim_horizon } } ]";
    let arguments = ["cost", "small.yaml", "--set", replay];
    let document = json(folder.path(), &[&arguments[..], &["--format", "json"]].concat());
    let standard = &document["modes"][2];
    assert!(standard["is_safe"].is_null() && standard["monthly_usd"].is_number(), "{standard}");
    let note = standard["note"].as_str().unwrap();
    assert!(note.starts_with("not simulated: a replay over shards"), "{note}");
    let (text, _) = check(folder.path(), &arguments, 0);
    assert!(text.contains("On-demand Standard: not simulated: a replay"), "{text}");
    let (markdown, _) =
        check(folder.path(), &[&arguments[..], &["--format", "markdown"]].concat(), 0);
    assert!(markdown.contains("not simulated: a replay"), "{markdown}");
}

#[test]
fn what_other_commands_try_has_a_price_too() {
    let folder = folder();
    let row = "region,mode,dimension,from,unit,price_usd,date,confidence,source\n\
               us-east-1,provisioned,shard_hours,0,shard-hour,1,2026-08-01,confirmed,contract\n\
               us-east-1,provisioned,put_payload_units,0,unit,0,2026-08-01,confirmed,contract\n";
    std::fs::write(folder.path().join("own.csv"), row).unwrap();
    let more = "variants: [ { name: two, set: { stream.capacity.provisioned.shards: 2 } } ]\n\
                sweep: { stream.capacity.provisioned.shards: [2, 4] }\n";
    std::fs::write(folder.path().join("more.yaml"), format!("{SCENARIO}{more}")).unwrap();
    let run = |command| {
        let own = ["--prices", "own.csv", "--format", "json", "--replications", "2"];
        json(folder.path(), &[&[command, "more.yaml"], &own[..]].concat())
    };
    assert_eq!(run("size")["plan"]["monthly_usd"], 1_460.0);
    let compared = run("compare");
    let usd = |index: usize| &compared["variants"][index]["monthly_usd"];
    assert_eq!(*usd(0), 2_920.0);
    assert_eq!(*usd(1), 1_460.0);
    let figures = compared["figures"].as_array().unwrap();
    let cost = figures.iter().find(|figure| figure["name"] == "cost.monthly_usd").unwrap();
    assert_eq!(cost["variants"][1]["difference"]["mean"], -1_460.0);
    let points = &run("sweep")["points"];
    assert_eq!((&points[0]["monthly_usd"], &points[1]["monthly_usd"]), (usd(1), usd(0)));
    let (text, _) = check(folder.path(), &["sweep", "more.yaml", "--prices", "own.csv"], 0);
    assert!(text.contains("1,460.00"), "{text}");
    let none = ["--set", "region=eu-north-1", "--prices", "own.csv"];
    for command in ["size", "compare", "sweep"] {
        let (_, errors) = check(folder.path(), &[&[command, "more.yaml"], &none[..]].concat(), 2);
        assert!(errors.contains("eu-north-1"), "{command}: {errors}");
    }
}

#[test]
fn the_usage_is_handed_over_to_infracost_without_prices() {
    let folder = folder();
    let address = "aws_kinesis_stream.orders";
    let arguments = ["cost", "small.yaml", "--format", "infracost", "--resource", address];
    let (text, _) = check(folder.path(), &[&arguments[..], &["--set", "region=null"]].concat(), 0);
    assert!(
        text.contains("version: 0.1\nresource_usage:\n  aws_kinesis_stream.orders:\n"),
        "{text}"
    );
    assert!(text.contains("    monthly_provisioned_put_units: "), "{text}");
    check(folder.path(), &["run", "small.yaml", "--out", "pack"], 0);
    let in_pack = std::fs::read_to_string(folder.path().join("pack/infracost-usage.yml")).unwrap();
    assert_eq!(in_pack, check(folder.path(), &arguments[..4], 0).0);
    check(folder.path(), &["run", "small.yaml", "--out", "pack", "--set", "region=null"], 0);
    assert!(!folder.path().join("pack/infracost-usage.yml").exists());
    let summary = std::fs::read_to_string(folder.path().join("pack/summary.md")).unwrap();
    assert!(!summary.contains("| **Total** |"), "{summary}");
}
