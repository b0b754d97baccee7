//! Partition keys to shards, against an MD5 of our own and ranges worked out by hand.
//!
//! Sources: RFC 1321 for MD5; the Kinesis API reference, PutRecord, for the hash of a key; real
//! `list-shards` outputs of created streams for the ranges `floor(i 2^128 / N)`.

use serde_json::Value;

use crate::support::{check_close, observe, result_of};

/// MD5 of `message`, read as a big-endian number. RFC 1321, section 3, as plainly as it goes.
pub(crate) fn md5_number(message: &[u8]) -> u128 {
    const SHIFTS: [[u32; 4]; 4] =
        [[7, 12, 17, 22], [5, 9, 14, 20], [4, 11, 16, 23], [6, 10, 15, 21]];
    let mut padded = message.to_vec();
    padded.push(0x80);
    while padded.len() % 64 != 56 {
        padded.push(0);
    }
    padded.extend((message.len() as u64 * 8).to_le_bytes());
    let mut state = [0x6745_2301_u32, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476];
    for block in padded.chunks(64) {
        let word =
            |index: usize| u32::from_le_bytes(block[index * 4..index * 4 + 4].try_into().unwrap());
        let [mut a, mut b, mut c, mut d] = state;
        for step in 0..64_usize {
            let (mixed, index) = match step / 16 {
                0 => ((b & c) | (!b & d), step),
                1 => ((d & b) | (!d & c), (5 * step + 1) % 16),
                2 => (b ^ c ^ d, (3 * step + 5) % 16),
                _ => (c ^ (b | !d), (7 * step) % 16),
            };
            let constant = (4_294_967_296.0 * ((step + 1) as f64).sin().abs()) as u32;
            let sum = a.wrapping_add(mixed).wrapping_add(constant).wrapping_add(word(index));
            (a, d, c) = (d, c, b);
            b = b.wrapping_add(sum.rotate_left(SHIFTS[step / 16][step % 4]));
        }
        for (total, more) in state.iter_mut().zip([a, b, c, d]) {
            *total = total.wrapping_add(more);
        }
    }
    let bytes: Vec<u8> = state.iter().flat_map(|word| word.to_le_bytes()).collect();
    u128::from_be_bytes(bytes.try_into().unwrap())
}

/// `floor(index 2^128 / shards)`.
fn start_of(index: u128, shards: u128) -> u128 {
    if index == 0 {
        return 0;
    }
    let (mut quotient, mut remainder) = (u128::MAX / shards, u128::MAX % shards + 1);
    if remainder == shards {
        (quotient, remainder) = (quotient + 1, 0);
    }
    index * quotient + index * remainder / shards
}

fn shard_of(hash: u128, shards: u128) -> usize {
    (0..shards).filter(|index| start_of(*index, shards) <= hash).count() - 1
}

/// Keys that the tests route: plain, long, and beyond ASCII.
fn names() -> Vec<String> {
    let mut names: Vec<String> =
        ["a", "123", "user-123", "partitionKey-0", "ключ", "日本", "🦀 crab"]
            .map(str::to_owned)
            .to_vec();
    names.extend((50..60).map(|length| "x".repeat(length)));
    names.extend([64, 119, 120, 256].map(|length| "y".repeat(length)));
    names.extend((0..40).map(|index| format!("tenant-{index}")));
    names
}

/// A stream whose keys are listed with the weights 1, 2, 3, ...; a record is as long as its key.
fn weighted_scenario(names: &[String], stream: &str) -> String {
    let keys: Vec<String> = names
        .iter()
        .enumerate()
        .map(|(index, name)| format!("{{ key: '{name}', weight: {} }}", index + 1))
        .collect();
    format!(
        "version: 1\nname: routing\nduration: 100 s\nstream: {stream}\nproducers:\n  - name: \
         writer\n    client: {{ put_record: {{ round_trip: 0 s }} }}\n    traffic: {{ constant: \
         500 records/s }}\n    record_size: {{ constant: 1 B }}\n    partition_key: {{ weighted: \
         [ {} ] }}\n",
        keys.join(", ")
    )
}

/// The shard of every key, as the result document tells it.
fn check_placement(document: &Value, names: &[String], expected: impl Fn(&str) -> usize) {
    let mut found = 0;
    for (index, shard) in document["shards"].as_array().unwrap().iter().enumerate() {
        for key in shard["hottest_keys"].as_array().unwrap() {
            let key = key["key"].as_str().unwrap();
            assert_eq!(expected(key), index, "{key}");
            found += 1;
        }
        let total: usize = names.len() * (names.len() + 1) / 2;
        let own: usize = names
            .iter()
            .enumerate()
            .filter(|(_, name)| expected(name) == index)
            .map(|(place, _)| place + 1)
            .sum();
        let share = shard["expected_share"].as_f64().unwrap();
        check_close("expected share", share, own as f64 / total as f64, 1e-9);
        let generated = shard["generated_share"].as_f64().unwrap();
        check_close("generated share", generated, share, 0.02);
    }
    assert_eq!(found, names.len(), "every key is generated and named");
}

/// MD5 of the empty message and of RFC 1321's other examples; the golden numbers of real keys.
#[test]
fn our_md5_is_that_of_rfc_1321() {
    assert_eq!(md5_number(b""), 0xd41d_8cd9_8f00_b204_e980_0998_ecf8_427e);
    assert_eq!(md5_number(b"message digest"), 0xf96b_697d_7cb7_938d_525a_2f31_aaf1_61d0);
    assert_eq!(
        md5_number("1234567890".repeat(8).as_bytes()),
        0x57ed_f4a2_2be3_c955_ac49_da2e_2107_b67a
    );
    assert_eq!(md5_number(b"user-123"), 250_018_372_642_977_770_877_286_195_909_578_633_128);
    assert_eq!(md5_number("日本".as_bytes()), 103_341_369_634_063_465_466_164_320_543_046_703_539);
}

/// Fact 2 and fact 7: shard(key) = the i with floor(i 2^128 / N) <= MD5(key) < floor((i+1) 2^128 / N).
#[test]
fn every_key_goes_to_the_shard_whose_range_holds_its_md5() {
    let names = names();
    for shards in [1_u128, 2, 3, 7, 10, 64] {
        let stream = format!("{{ capacity: {{ provisioned: {{ shards: {shards} }} }} }}");
        let document = result_of(&weighted_scenario(&names, &stream), &["--hottest-keys", "100"]);
        check_placement(&document, &names, |key| shard_of(md5_number(key.as_bytes()), shards));
        for (index, shard) in document["shards"].as_array().unwrap().iter().enumerate() {
            let index = index as u128;
            let last =
                if index + 1 == shards { u128::MAX } else { start_of(index + 1, shards) - 1 };
            assert_eq!(shard["starting_hash_key"], start_of(index, shards).to_string());
            assert_eq!(shard["ending_hash_key"], last.to_string());
        }
    }
}

/// Fact 4: with imported ranges a key goes to the open shard that holds its hash; closed ones take
/// nothing.
#[test]
fn imported_ranges_are_kept_as_they_are() {
    let names = names();
    let text = weighted_scenario(&names, "{ hash_ranges: { list_shards: shards.json } }");
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("shards.json"), include_str!("shards.json")).unwrap();
    let path = folder.path().join("imported.yaml");
    std::fs::write(&path, text).unwrap();
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_shardplan"))
        .args(["run", path.to_str().unwrap(), "--format", "json", "--hottest-keys", "100"])
        .output()
        .unwrap();
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    let identifiers: Vec<&str> = document["shards"]
        .as_array()
        .unwrap()
        .iter()
        .map(|shard| shard["shard_id"].as_str().unwrap())
        .collect();
    assert_eq!(
        identifiers,
        ["shardId-000000000006", "shardId-000000000009", "shardId-000000000010"]
    );
    check_placement(&document, &names, |key| shard_of(md5_number(key.as_bytes()), 3));
}

/// Fact 3: an explicit hash key replaces the MD5 of the key; both ends of a range belong to it.
#[test]
fn an_explicit_hash_key_replaces_the_md5() {
    let start = start_of(3, 7);
    let pins =
        [("first", 0, 0), ("before", start - 1, 2), ("at", start, 3), ("last", u128::MAX, 6)];
    let keys: Vec<String> = pins
        .map(|(name, hash, _)| format!("{{ key: {name}, weight: 1, explicit_hash_key: '{hash}' }}"))
        .to_vec();
    let text = weighted_scenario(&names(), "{ capacity: { provisioned: { shards: 7 } } }");
    let set = format!("producers.writer.partition_key={{ weighted: [ {} ] }}", keys.join(", "));
    let run = observe(&text, &[&set]);
    for (name, _, shard) in pins {
        assert_eq!(run.shards[shard].hottest_keys[0].key, name);
        check_close(name, run.shards[shard].expected_share, 0.25, 1e-12);
    }
    let fixed = observe(&text, &[&format!("producers.writer.explicit_hash_key='{start}'")]);
    let taken: Vec<bool> = fixed.shards.iter().map(|shard| shard.incoming_records > 0).collect();
    assert_eq!(taken, [false, false, false, true, false, false, false]);
}

/// Fact 5's opposite: random keys and random explicit hash keys spread by the widths of ranges,
/// and a key's bytes count in UTF-8.
#[test]
fn random_keys_spread_evenly_and_key_bytes_are_those_of_utf_8() {
    let text = weighted_scenario(&names(), "{ capacity: { provisioned: { shards: 4 } } }");
    for set in ["partition_key.random={}", "explicit_hash_key=random"] {
        let run = observe(&text, &[&format!("producers.writer.{set}")]);
        let generated = run.producers[0].generated_records as f64;
        for shard in &run.shards {
            check_close("expected", shard.expected_share, 0.25, 1e-12);
            let error = 5.0 * (generated * 0.25 * 0.75).sqrt();
            check_close(set, shard.generated_records as f64, generated / 4.0, error);
        }
    }
    let run = observe(&text, &["producers.writer.partition_key.single=日本"]);
    let writer = &run.producers[0];
    assert_eq!(writer.generated_bytes, 7 * writer.generated_records, "1 B of data, 6 B of key");
}
