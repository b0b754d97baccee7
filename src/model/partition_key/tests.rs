//! Keys, their weights and their places, against sums and hashes of the plainest kind.

use super::*;
use crate::random::Purpose;
use crate::scenario::{KeyComposition, KeyFormat, KeyPart, KeyPiece, TimeUnit, WeightedKey};
use crate::time::{Span, Timestamp};
use crate::units::{Bytes, Ratio};

fn format() -> KeyFormat {
    KeyFormat { prefix: "key-".to_owned(), suffix: String::new() }
}

fn weighted(list: &[(&str, f64)]) -> PartitionKey {
    PartitionKey::Weighted {
        keys: list
            .iter()
            .map(|(key, weight)| WeightedKey {
                key: (*key).to_owned(),
                weight: *weight,
                explicit_hash_key: None,
            })
            .collect(),
        file: None,
    }
}

#[test]
fn a_key_goes_to_the_shard_that_owns_its_md5() {
    let keys = PartitionKey::Uniform { keys: 50_000, format: format() };
    let ranges = HashKeyRange::created(7);
    let (_, Routes::ByKey(routes), shares) = KeySpace::new(&keys, None, None, &ranges) else {
        panic!("keys are named");
    };
    for index in [0, 1, 99, 16_384, 49_999] {
        let name = format!("key-{index}");
        let hash_key = HashKey::of(name.as_bytes());
        assert!(ranges[routes[index].shard as usize].contains(hash_key));
        assert_eq!(routes[index].key_bytes as usize, name.len());
    }
    for (shard, share) in shares.iter().enumerate() {
        let count = routes.iter().filter(|route| route.shard as usize == shard).count();
        assert!((share - count as f64 / 50_000.0).abs() < 1e-12);
    }
}

#[test]
fn shares_are_the_sums_of_weights() {
    // Shards of the keys among 4: see the vectors of `hash_key`.
    let list = [("a", 1.0), ("user-123", 5.0), ("日本", 2.0), ("partitionKey-0", 2.0)];
    let (space, _, shares) = KeySpace::new(&weighted(&list), None, None, &HashKeyRange::created(4));
    for (share, expected) in shares.iter().zip([0.1, 0.2, 0.5, 0.2]) {
        assert!((share - expected).abs() < 1e-12);
    }
    assert_eq!(space.name(0), "user-123", "keys are numbered by falling weight");
}

#[test]
fn an_explicit_hash_key_overrules_the_md5() {
    let list = weighted(&[("a", 1.0), ("user-123", 5.0)]);
    let last = ExplicitHashKey::Fixed(HashKey::MAX);
    let (_, _, shares) = KeySpace::new(&list, Some(last), None, &HashKeyRange::created(3));
    assert!((shares[2] - 1.0).abs() < 1e-12);
    let random = Some(ExplicitHashKey::Random);
    let fresh = KeySpace::new(&list, random, None, &HashKeyRange::created(4));
    let (_, Routes::Fresh { key_bytes, .. }, shares) = fresh else {
        panic!("hash keys are fresh");
    };
    assert_eq!(key_bytes, [8, 1]);
    assert!(shares.iter().all(|share| (share - 0.25).abs() < 1e-12));
}

#[test]
fn zipf_draws_follow_the_exponent() {
    // One table, and a small one before a large one.
    for distinct in [1_000, 200_000] {
        let key = PartitionKey::Zipf { keys: distinct, exponent: 1.1, format: format() };
        let mut keys = vec![0; 400_000];
        let mut generator = Randomness::new(1, 0).stream("test", Purpose::PartitionKey);
        KeySpace::of_part(&key).fill(&mut generator, &mut keys);
        let weight = |ranks: std::ops::RangeInclusive<u64>| -> f64 {
            ranks.map(|rank| (rank as f64).powf(-1.1)).sum()
        };
        let last = HOT_KEYS as u64;
        for (from, to) in [(1, 1), (2, 2), (10, 10), (100, 1_000), (last - 99, last + 1)] {
            let expected = weight(from..=to) / weight(1..=distinct) * 400_000.0;
            let ranks = |key: &&u32| (from..=to).contains(&(u64::from(**key) + 1));
            let count = keys.iter().filter(ranks).count() as f64;
            if to <= distinct {
                let tolerance = 5.0 * expected.sqrt();
                assert!((count - expected).abs() < tolerance, "{from}: {count} {expected}");
            }
        }
    }
}

fn part(name: &str, values: PartitionKey) -> KeyPart {
    KeyPart { name: name.to_owned(), values }
}

fn numbers(keys: u64) -> PartitionKey {
    let format = KeyFormat { prefix: String::new(), suffix: String::new() };
    PartitionKey::Uniform { keys, format }
}

fn composed(pieces: Vec<KeyPiece>, parts: Vec<KeyPart>, salted: bool) -> PartitionKey {
    PartitionKey::Composed(KeyComposition { pieces, parts, salted })
}

fn text(text: &str) -> KeyPiece {
    KeyPiece::Text(text.to_owned())
}

/// `key#bucket` of so many keys and buckets.
fn salted(keys: u64, buckets: u64) -> PartitionKey {
    let key = PartitionKey::Uniform { keys, format: format() };
    let pieces = vec![KeyPiece::Part(0), text("#"), KeyPiece::Part(1)];
    composed(pieces, vec![part("", key), part("", numbers(buckets))], true)
}

/// The shard of a key, with none of the tables.
fn shard_of(name: &str, ranges: &[HashKeyRange]) -> usize {
    let hash_key = HashKey::of(name.as_bytes());
    ranges.iter().position(|range| range.contains(hash_key)).unwrap()
}

/// weight(hot) = share / K, weight(other) = (1 - share) / (N - K); so do the draws, within five
/// standard deviations.
#[test]
fn a_hot_set_has_its_share() {
    let (keys, hot, share) = (1_000, 10, 0.8);
    let key = PartitionKey::HotSet { keys, hot, share: Ratio(share), format: format() };
    let ranges = HashKeyRange::created(8);
    let (space, _, shares) = KeySpace::new(&key, None, None, &ranges);
    let mut expected = vec![0.0; 8];
    for index in 0..keys {
        let weight = if index < hot { share / 10.0 } else { (1.0 - share) / 990.0 };
        expected[shard_of(&format!("key-{index}"), &ranges)] += weight;
    }
    for (share, expected) in shares.iter().zip(expected) {
        assert!((share - expected).abs() < 1e-12);
    }
    let mut drawn = vec![0; 100_000];
    let mut generator = Randomness::new(1, 0).stream("test", Purpose::PartitionKey);
    space.fill(&mut generator, &mut drawn);
    let of_hot = drawn.iter().filter(|key| u64::from(**key) < hot).count() as f64;
    assert!((of_hot - 80_000.0).abs() < 5.0 * (100_000.0f64 * 0.8 * 0.2).sqrt(), "{of_hot}");
    let last = drawn.iter().filter(|key| **key == 999).count() as f64;
    let expected = 100_000.0 * 0.2 / 990.0;
    assert!((last - expected).abs() < 5.0 * expected.sqrt(), "{last}");
    assert!(drawn.iter().all(|key| u64::from(*key) < keys));
}

/// share(shard) = sum over tenants and devices of w(tenant) w(device) there.
#[test]
fn a_template_multiplies_the_weights_of_its_parts() {
    let tenants = weighted(&[("acme", 6.0), ("blue", 3.0), ("coil", 1.0)]);
    let pieces = vec![KeyPiece::Part(0), text("/"), KeyPiece::Part(1)];
    let key = composed(pieces, vec![part("tenant", tenants), part("device", numbers(50))], false);
    let ranges = HashKeyRange::created(5);
    let (space, routes, shares) = KeySpace::new(&key, None, None, &ranges);
    let mut expected = vec![0.0; 5];
    for (tenant, weight) in [("acme", 0.6), ("blue", 0.3), ("coil", 0.1)] {
        for device in 0..50 {
            expected[shard_of(&format!("{tenant}/{device}"), &ranges)] += weight / 50.0;
        }
    }
    for (share, expected) in shares.iter().zip(expected) {
        assert!((share - expected).abs() < 1e-12, "{share} {expected}");
    }
    assert_eq!(space.len(), 150);
    for (index, route) in routes.counted().iter().enumerate() {
        let name = space.name(index);
        assert_eq!(usize::from(route.shard), shard_of(&name, &ranges), "{name}");
        assert_eq!(usize::from(route.key_bytes), name.len());
    }
    assert_eq!((space.name(0), space.name(149)), ("acme/0".to_owned(), "coil/49".to_owned()));
}

/// Every record goes to MD5(key#bucket), with the key drawn as it is without the salt and the
/// bucket from a stream of its own, both where there is a table and where there are too many.
#[test]
fn salted_records_go_where_the_salted_name_hashes() {
    let ranges = HashKeyRange::created(16);
    for (keys, all_counted) in [(1_000, true), (1_000_000, false)] {
        let (space, routes, shares) = KeySpace::new(&salted(keys, 16), None, None, &ranges);
        assert!((shares.iter().sum::<f64>() - 1.0).abs() < 1e-9);
        assert_eq!(space.len() as u64 == keys * 16, all_counted);
        let Routes::Composed(routes) = &routes else { panic!("the key has two parts") };
        let randomness = Randomness::new(3, 1);
        let mut draws = space.draws(randomness, "web");
        let mut key_draws = randomness.stream("web", Purpose::PartitionKey);
        let mut salt_draws = randomness.stream("web", Purpose::Salt);
        let mut counts = [0; 16];
        for _ in 0..4 {
            let mut numbers = vec![0; 1_000];
            let mut placed = vec![Route::default(); 1_000];
            let times = vec![0; 1_000];
            let put = |record: usize, route| placed[record] = route;
            space.place(routes, &mut draws, &times, &mut numbers, put);
            for (number, route) in numbers.iter().zip(&placed) {
                let key = scale(key_draws.next_u64(), keys);
                let bucket = scale(salt_draws.next_u64(), 16);
                let name = format!("key-{key}#{bucket}");
                assert_eq!(usize::from(route.shard), shard_of(&name, &ranges));
                assert_eq!(usize::from(route.key_bytes), name.len());
                counts[bucket as usize] += 1;
                if (*number as usize) < space.len() {
                    assert_eq!(space.name(*number as usize), name);
                } else {
                    assert!(!all_counted);
                }
            }
        }
        // 4,000 records in 16 buckets: 250 each, standard deviation 15.
        assert!(counts.iter().all(|count: &i32| (count - 250).abs() < 77), "{counts:?}");
    }
}

/// The share of a combination that is not hashed is that of its range: the shares of 2^30 keys are
/// those of hashing a part of them, within the noise of that part.
#[test]
fn more_combinations_than_can_be_hashed_are_spread_as_hashes_are() {
    let zipf = PartitionKey::Zipf { keys: 1 << 20, exponent: 1.5, format: format() };
    let pieces = vec![KeyPiece::Part(0), text("#"), KeyPiece::Part(1)];
    let key = composed(pieces, vec![part("", zipf), part("", numbers(1_024))], true);
    let ranges = HashKeyRange::created(4);
    let (_, _, shares) = KeySpace::new(&key, None, None, &ranges);
    assert!((shares.iter().sum::<f64>() - 1.0).abs() < 1e-9);
    // The hottest key has 38 % of the records, in 1,024 buckets of which each shard has a quarter.
    for share in shares {
        assert!((share - 0.25).abs() < 5.0 * 0.38 * (0.25 * 0.75 / 1_024.0f64).sqrt(), "{share}");
    }
}

/// key(t) = the start of the unit of time that starts_at + t lies in.
#[test]
fn a_time_key_is_the_time_at_which_the_record_is_made() {
    let starts_at = Timestamp::from_unix_seconds(1_767_225_600 + 23 * 3_600 + 3_540);
    let hour = 3_600_000_000_000;
    let cases = [
        (TimeUnit::Minute, 0, "2026-01-01T23:59"),
        (TimeUnit::Minute, 59_999_999_999, "2026-01-01T23:59"),
        (TimeUnit::Minute, 60_000_000_000, "2026-01-02T00:00"),
        (TimeUnit::Hour, 60_000_000_000, "2026-01-02T00"),
        (TimeUnit::Hour, 60_000_000_000 + hour, "2026-01-02T01"),
        (TimeUnit::Date, 59_999_999_999, "2026-01-01"),
        (TimeUnit::Date, u64::MAX, "2026-01-02"),
    ];
    let ranges = HashKeyRange::created(6);
    for (unit, time, name) in cases {
        let bins = TimeBins::new(unit, starts_at, Span::from_seconds(2 * 3_600));
        let key = composed(vec![KeyPiece::Time(unit)], Vec::new(), false);
        let (space, routes, _) = KeySpace::new(&key, None, Some(bins), &ranges);
        let Routes::Composed(routes) = &routes else { panic!("the key has a time") };
        let mut draws = space.draws(Randomness::new(1, 0), "web");
        let (mut number, mut found) = ([0], Route::default());
        space.place(routes, &mut draws, &[time], &mut number, |_, route| found = route);
        assert_eq!(space.name(number[0] as usize), name);
        assert_eq!(usize::from(found.shard), shard_of(name, &ranges));
    }
}

/// A key of the time weighs what is expected while it lasts, after the warm-up.
#[test]
fn times_weigh_by_the_records_within_them() {
    let starts_at = Timestamp::DEFAULT_START;
    let ranges = HashKeyRange::created(64);
    let bins = TimeBins::new(TimeUnit::Hour, starts_at, Span::from_seconds(3 * 3_600));
    let spans = |bounds: &[u64]| bounds.windows(2).map(|pair| (pair[1] - pair[0]) as f64).collect();
    let bins = bins.weighted(Span::from_seconds(1_800), spans);
    let key = composed(vec![KeyPiece::Time(TimeUnit::Hour)], Vec::new(), false);
    let (_, _, shares) = KeySpace::new(&key, None, Some(bins), &ranges);
    let mut expected = vec![0.0; 64];
    for (hour, weight) in [(0, 0.2), (1, 0.4), (2, 0.4)] {
        expected[shard_of(&format!("2026-01-01T0{hour}"), &ranges)] += weight;
    }
    for (share, expected) in shares.iter().zip(expected) {
        assert!((share - expected).abs() < 1e-12);
    }
}

/// A fresh part makes the whole key fresh: even shares, and a length that counts its bytes.
#[test]
fn a_fresh_part_spreads_the_whole_key() {
    let random = PartitionKey::Random { key_bytes: Bytes(36) };
    let pieces = vec![KeyPiece::Part(0), text("-"), KeyPiece::Part(1)];
    let key = composed(pieces, vec![part("tenant", numbers(1)), part("id", random)], false);
    let ranges = HashKeyRange::created(4);
    let (space, routes, shares) = KeySpace::new(&key, None, None, &ranges);
    assert!(shares.iter().all(|share| (share - 0.25).abs() < 1e-12));
    let Routes::Composed(routes) = &routes else { panic!("the key has two parts") };
    let mut draws = space.draws(Randomness::new(1, 0), "web");
    let (mut numbers, mut counts) = (vec![0; 4_000], [0; 4]);
    space.place(routes, &mut draws, &vec![0; 4_000], &mut numbers, |_, route| {
        assert_eq!(route.key_bytes, 38);
        counts[usize::from(route.shard)] += 1;
    });
    assert!(counts.iter().all(|count: &i32| (count - 1_000).abs() < 137), "{counts:?}");
    assert!(space.is_empty() && routes.counted().is_empty());
}
