//! Tests of `keys`.

use super::*;

fn table(text: &str) -> KeyTable {
    let mut counter = KeyCounter::new("keys.csv", KeyColumns::default());
    counter.add(text.as_bytes()).unwrap();
    counter.finish().unwrap()
}

fn question(shards: &[u32]) -> KeysQuestion {
    KeysQuestion {
        shards: shards.to_vec(),
        imported: None,
        traffic: None,
        record_size: None,
        hottest_over_mean_at_most: 1.25,
        hottest_keys: 10,
    }
}

/// Sum of the loads = sum of the counts, and each key is counted on the shard of its MD5.
#[test]
fn every_key_is_counted_once_on_the_shard_of_its_hash() {
    let text: String = (0..5_000).map(|key| format!("device-{key},{}\n", key % 7 + 1)).collect();
    let table = table(&text);
    let document = spread(&table, "keys.csv", &question(&[1, 3, 8, 50]));
    let expected: f64 = (0..5_000).map(|key| f64::from(key % 7 + 1)).sum();
    for spread in &document.spreads {
        let ranges = HashKeyRange::created(spread.shards as u32);
        let mut records = vec![0.0; ranges.len()];
        for key in 0..5_000 {
            let hash_key = HashKey::of(format!("device-{key}").as_bytes());
            let shard = ranges.iter().position(|range| range.contains(hash_key)).unwrap();
            records[shard] += f64::from(key % 7 + 1);
        }
        let found: Vec<f64> = spread.shard_loads.iter().map(|shard| shard.records).collect();
        assert_eq!(found, records);
        assert!((found.iter().sum::<f64>() - expected).abs() < 1e-9);
        assert_eq!(spread.shard_loads.iter().map(|shard| shard.keys).sum::<u64>(), 5_000);
    }
}

#[test]
fn repeated_keys_add_up_and_zero_counts_go() {
    let table = table("a,2\nb,1\na,3\nc,0\n");
    assert_eq!((table.keys(), table.rows()), (2, 4));
    let document = spread(&table, "keys.csv", &question(&[2]));
    assert_eq!(document.hottest_keys[0].key, "a");
    assert!((document.hottest_keys[0].share - 5.0 / 6.0).abs() < 1e-12);
    assert!((document.concentration.effective_keys - 36.0 / 26.0).abs() < 1e-9);
}

#[test]
fn blocks_and_lines_of_any_end_give_the_same_keys() {
    let text: String = (0..30_000).map(|key| format!("k{},1\r\n", key % 9_999)).collect();
    let whole = table(&text);
    let mut counter = KeyCounter::new("keys.csv", KeyColumns::default());
    let (first, second) = text.as_bytes().split_at(text.find("k500,").unwrap());
    counter.add(first).unwrap();
    counter.add(second).unwrap();
    let parts = counter.finish().unwrap();
    assert_eq!(whole.falling_weights(), parts.falling_weights());
    assert_eq!(whole.keys(), 9_999);
}

/// Of 1,000 records/s a shard and a heaviest key of half of all, 2,001 records/s are too many for
/// any count and 2,000 are not for two or more.
#[test]
fn a_key_beyond_a_shard_is_seen_at_once_and_salted() {
    let table = table("big,500\nsmall-1,250\nsmall-2,250\n");
    let rate = |per_second| Some(RecordRate(crate::units::Rate::per_second(per_second)));
    let beyond = KeysQuestion { traffic: rate(2_001), ..question(&[4]) };
    let document = spread(&table, "keys.csv", &beyond);
    assert_eq!(document.best.shards, None);
    assert!(document.best.reason.contains("no shard count will help"), "{}", document.best.reason);
    let salt = document.spreads[0].smallest_salt.as_ref().unwrap();
    assert!(salt.buckets >= 2 && salt.hottest_share * 2_001.0 <= 1_000.0);
    let within = KeysQuestion { traffic: rate(2_000), ..question(&[4]) };
    let best = spread(&table, "keys.csv", &within).best.shards.unwrap();
    let loads = table.loads(&HashKeyRange::created(best as u32));
    assert!(hottest(&loads, table.weight()).1 <= 0.5);
}

/// The salt found is the smallest: worked out key by key.
#[test]
fn the_smallest_salt_is_that_of_hashing_every_bucket() {
    let table = table("big,700\na,60\nb,60\nc,60\nd,60\ne,60\n");
    let ranges = HashKeyRange::created(6);
    let most = 1.6 / 6.0;
    let hottest_with = |buckets: u32| {
        let mut sums = [0.0; 6];
        for (key, weight) in
            [("big", 700.0), ("a", 60.0), ("b", 60.0), ("c", 60.0), ("d", 60.0), ("e", 60.0)]
        {
            for bucket in 0..buckets {
                let hash_key = HashKey::of(format!("{key}#{bucket}").as_bytes());
                let shard = ranges.iter().position(|range| range.contains(hash_key)).unwrap();
                sums[shard] += weight / f64::from(buckets) / 1_000.0;
            }
        }
        sums.into_iter().fold(0.0, f64::max)
    };
    let expected = (2..=salt::BUCKETS_MAX).find(|buckets| hottest_with(*buckets) <= most);
    let targets = [salt::Target { ranges: &ranges, share_most: most }];
    let found = salt::smallest(&table, &targets)[0];
    assert_eq!(found.map(|salt| salt.buckets), expected);
    assert!(expected.is_some());
}

#[test]
fn bad_rows_are_named_by_their_lines() {
    let mut counter = KeyCounter::new("keys.csv", KeyColumns::default());
    counter.add(b"key,count\na,1\nb,many\n").unwrap();
    counter.add(b"c,2\n,3\n").unwrap();
    let problem = counter.finish().unwrap_err();
    assert!(problem.contains("line 3 has the count `many`"), "{problem}");
    assert!(problem.contains("line 5 has a key of 0 characters"), "{problem}");
    let empty = KeyCounter::new("keys.csv", KeyColumns::default());
    assert!(empty.finish().unwrap_err().contains("no key"));
}
