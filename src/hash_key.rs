//! Hash keys: where a partition key lands in the space that the shards of a stream share.
//!
//! A partition key becomes the MD5 of its UTF-8 bytes, read as an unsigned 128-bit big-endian
//! number; an explicit hash key replaces that number. The open shards tile the whole space
//! `0 ..= 2^128 - 1` with closed ranges. Source: Kinesis API reference PutRecord and SplitShard.

mod lanes;

use std::fmt;

use md5::{Digest, Md5};

pub use lanes::hash_each;

/// A place in the hash space of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HashKey(pub u128);

/// The hash keys of one shard; both ends belong to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct HashKeyRange {
    /// First hash key.
    pub start: HashKey,
    /// Last hash key.
    pub end: HashKey,
}

impl HashKey {
    /// The last place of the space.
    pub const MAX: Self = Self(u128::MAX);

    /// Where `partition_key` lands when no explicit hash key is given.
    #[must_use]
    pub fn of(partition_key: &[u8]) -> Self {
        Self(u128::from_be_bytes(Md5::digest(partition_key).into()))
    }
}

impl fmt::Display for HashKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl HashKeyRange {
    /// Whether `key` belongs to the range.
    #[must_use]
    pub fn contains(self, key: HashKey) -> bool {
        self.start <= key && key <= self.end
    }

    /// The share of the whole space that the range covers.
    #[must_use]
    pub fn share(self) -> f64 {
        ((self.end.0 - self.start.0) as f64 + 1.0) / 2f64.powi(128)
    }

    /// The ranges of a freshly created stream: shard `i` of `n` starts at `floor(i * 2^128 / n)`.
    ///
    /// Consistent with every published output of real streams.
    ///
    /// # Panics
    /// When `shards` is zero.
    #[must_use]
    pub fn created(shards: u32) -> Vec<Self> {
        assert!(shards > 0, "a stream has at least one shard");
        let start = |index: u32| created_start(index, shards);
        (0..shards)
            .map(|index| Self {
                start: HashKey(start(index)),
                end: HashKey(if index + 1 == shards { u128::MAX } else { start(index + 1) - 1 }),
            })
            .collect()
    }
}

/// `floor(index * 2^128 / shards)` without a 256-bit product.
fn created_start(index: u32, shards: u32) -> u128 {
    let (index, shards) = (u128::from(index), u128::from(shards));
    // 2^128 = quotient * shards + remainder, with u128::MAX = 2^128 - 1.
    let (mut quotient, mut remainder) = (u128::MAX / shards, u128::MAX % shards + 1);
    if remainder == shards {
        (quotient, remainder) = (quotient.wrapping_add(1), 0);
    }
    index.wrapping_mul(quotient) + index * remainder / shards
}

/// The identifier of the shard with the given number: `shardId-000000000012`.
#[must_use]
pub fn shard_id(number: u64) -> String {
    format!("shardId-{number:012}")
}

/// Finds the shard that owns a hash key among ranges in ascending order.
#[derive(Clone, Debug)]
pub struct Router {
    starts: Vec<u128>,
    /// What stands for each range; empty where that is its index.
    targets: Vec<u16>,
}

impl Router {
    /// A router over ranges that tile the space, in ascending order.
    #[must_use]
    pub fn new(ranges: &[HashKeyRange]) -> Self {
        Self { starts: ranges.iter().map(|range| range.start.0).collect(), targets: Vec::new() }
    }

    /// A router over ranges that tile the space, in ascending order, each with the number that
    /// stands for it.
    #[must_use]
    pub fn with_targets(ranges: impl Iterator<Item = (HashKeyRange, u16)>) -> Self {
        let (starts, targets) = ranges.map(|(range, target)| (range.start.0, target)).unzip();
        Self { starts, targets }
    }

    /// Index of the range that owns `key`, or the number that stands for it.
    #[must_use]
    pub fn shard_of(&self, key: HashKey) -> usize {
        let index = self.range_of(key);
        self.targets.get(index).map_or(index, |target| usize::from(*target))
    }

    fn range_of(&self, key: HashKey) -> usize {
        // Among even ranges the upper half of the key already tells which one it is.
        let count = self.starts.len();
        let guess = (((key.0 >> 64) * count as u128) >> 64) as usize;
        let is_after = self.starts[guess] <= key.0;
        let is_before = self.starts.get(guess + 1).is_none_or(|next| key.0 < *next);
        if is_after && is_before {
            return guess;
        }
        self.starts.partition_point(|start| *start <= key.0) - 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Computed outside with another MD5: key, hash key, shard among 2, 3, 4 and 10 created ones.
    const VECTORS: [(&str, u128, [usize; 4]); 6] = [
        ("a", 16_955_237_001_963_240_173_058_271_559_858_726_497, [0, 0, 0, 0]),
        ("123", 42_767_516_990_368_493_138_776_584_305_024_125_808, [0, 0, 0, 1]),
        ("user-123", 250_018_372_642_977_770_877_286_195_909_578_633_128, [1, 2, 2, 7]),
        ("partitionKey-0", 283_893_945_402_358_862_714_065_952_676_399_797_471, [1, 2, 3, 8]),
        ("ключ", 259_726_384_039_714_788_407_059_515_981_389_908_711, [1, 2, 3, 7]),
        ("日本", 103_341_369_634_063_465_466_164_320_543_046_703_539, [0, 0, 1, 3]),
    ];

    #[test]
    fn a_partition_key_lands_where_its_md5_says() {
        for (key, hash, shards) in VECTORS {
            assert_eq!(HashKey::of(key.as_bytes()), HashKey(hash), "{key}");
            for (count, expected) in [2, 3, 4, 10].into_iter().zip(shards) {
                let router = Router::new(&HashKeyRange::created(count));
                assert_eq!(router.shard_of(HashKey(hash)), expected, "{key} of {count}");
            }
        }
    }

    /// shard_of(key) = the i whose range contains key, for even and for uneven ranges.
    #[test]
    fn the_router_finds_the_range_that_contains_the_key() {
        let created = HashKeyRange::created(7);
        let mut uneven = created.clone();
        uneven[2].end = HashKey(uneven[2].start.0 + 9);
        uneven[3].start = HashKey(uneven[2].end.0 + 1);
        for ranges in [created, uneven] {
            let router = Router::new(&ranges);
            for (index, range) in ranges.iter().enumerate() {
                let middle = HashKey(range.start.0 + (range.end.0 - range.start.0) / 2);
                for key in [range.start, middle, range.end] {
                    assert_eq!(router.shard_of(key), index);
                }
            }
        }
    }

    #[test]
    fn created_ranges_are_those_of_real_streams() {
        let starts = |count| {
            HashKeyRange::created(count).iter().map(|range| range.start.0).collect::<Vec<_>>()
        };
        assert_eq!(starts(1), [0]);
        assert_eq!(starts(2), [0, 1 << 127]);
        assert_eq!(
            starts(3),
            [
                0,
                113_427_455_640_312_821_154_458_202_477_256_070_485,
                226_854_911_280_625_642_308_916_404_954_512_140_970
            ]
        );
        assert_eq!(starts(4), [0, 1 << 126, 2 << 126, 3 << 126]);
    }

    #[test]
    fn created_ranges_tile_the_whole_space() {
        for count in [1, 2, 5, 6, 7, 9, 10, 12, 20, 100, 999, 4096, 20_000] {
            let ranges = HashKeyRange::created(count);
            assert_eq!(ranges.len(), count as usize);
            assert_eq!(ranges[0].start, HashKey(0));
            assert_eq!(ranges[ranges.len() - 1].end, HashKey::MAX);
            for pair in ranges.windows(2) {
                assert_eq!(pair[0].end.0 + 1, pair[1].start.0);
            }
        }
    }
}
