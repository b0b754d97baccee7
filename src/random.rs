//! Random numbers: named streams for what is drawn in order, and draws by identity for what
//! happens to one record.
//!
//! A stream is named by seed, replication, component and purpose, so that adding a consumer, or a
//! purpose, leaves every other stream as it was. What happens to a record (the jitter of its
//! retries) is drawn from the identity of its call and attempt instead, so that it is the same on
//! 8 shards and on 16: variants of a scenario meet common random numbers.

mod alias;

use md5::{Digest, Md5};
use rand::SeedableRng;
use rand::rngs::Xoshiro256PlusPlus;

pub use alias::AliasTable;

/// The generator of every named stream.
pub type Generator = Xoshiro256PlusPlus;

/// What a stream is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Distances between the records of a producer.
    ArrivalTime,
    /// Beginnings and ends of the bursts of a producer.
    Burst,
    /// Partition keys of a producer.
    PartitionKey,
    /// Buckets of salted partition keys of a producer.
    Salt,
    /// Hash keys of a producer whose keys have several parts, one fresh for every record.
    HashKey,
    /// Record sizes of a producer.
    RecordSize,
    /// Which records of a trace come once more.
    TraceCopy,
    /// Waits before the retries of a producer.
    RetryJitter,
    /// Calls of a producer whose answers are lost.
    LostAnswer,
    /// The moment of a consumer's first call on each shard.
    PollPhase,
    /// Invocations and records on which the function of a consumer fails.
    Failure,
    /// When a consumer finds a shard that came of others.
    ChildShard,
    /// Where records go that were on their way to a shard that closes.
    Reroute,
}

impl Purpose {
    const fn label(self) -> &'static str {
        match self {
            Self::ArrivalTime => "arrival-time",
            Self::Burst => "burst",
            Self::PartitionKey => "partition-key",
            Self::Salt => "salt",
            Self::HashKey => "hash-key",
            Self::RecordSize => "record-size",
            Self::TraceCopy => "trace-copy",
            Self::RetryJitter => "retry-jitter",
            Self::LostAnswer => "lost-answer",
            Self::PollPhase => "poll-phase",
            Self::Failure => "failure",
            Self::ChildShard => "child-shard",
            Self::Reroute => "reroute",
        }
    }
}

/// The randomness of one replication, from which every component takes its own part.
#[derive(Clone, Copy, Debug)]
pub struct Randomness {
    seed: u64,
    replication: u32,
}

impl Randomness {
    /// The randomness of the given replication under the given seed.
    #[must_use]
    pub const fn new(seed: u64, replication: u32) -> Self {
        Self { seed, replication }
    }

    /// A stream for what `component` draws in order for `purpose`.
    #[must_use]
    pub fn stream(self, component: &str, purpose: Purpose) -> Generator {
        let mut seed = [0; 32];
        let (low, high) = seed.split_at_mut(16);
        low.copy_from_slice(&self.digest(component, purpose, 0));
        high.copy_from_slice(&self.digest(component, purpose, 1));
        Generator::from_seed(seed)
    }

    /// Draws by identity for what `component` needs for `purpose`.
    #[must_use]
    pub fn identity_draws(self, component: &str, purpose: Purpose) -> IdentityDraws {
        let digest = self.digest(component, purpose, 2);
        let mut key = [0; 8];
        key.copy_from_slice(&digest[..8]);
        IdentityDraws { key: u64::from_le_bytes(key) }
    }

    fn digest(self, component: &str, purpose: Purpose, part: u8) -> [u8; 16] {
        let mut digest = Md5::new();
        digest.update(self.seed.to_le_bytes());
        digest.update(self.replication.to_le_bytes());
        digest.update([part]);
        digest.update(purpose.label());
        digest.update([0]);
        digest.update(component);
        digest.finalize().into()
    }
}

/// The odd constant that spreads identities: 2^64 over the golden ratio.
const SPREAD: u64 = 0x9E37_79B9_7F4A_7C15;

/// A counter-based generator: the same identity always draws the same number.
#[derive(Clone, Copy, Debug)]
pub struct IdentityDraws {
    key: u64,
}

impl IdentityDraws {
    /// 64 uniform bits for the `index`-th draw of `identity` (below 2^56).
    ///
    /// The identity is spread by an odd constant and mixed by the finalizer of SplitMix64
    /// (Steele, Lea, Flood 2014), so different identities, and the first 256 draws of each, never
    /// draw the same bits.
    #[must_use]
    #[inline]
    pub const fn bits(self, identity: u64, index: u64) -> u64 {
        self.of_index(index).bits(identity)
    }

    /// The `index`-th draw of every identity.
    #[must_use]
    #[inline]
    pub const fn of_index(self, index: u64) -> IndexedDraws {
        let upper = (index << 56).wrapping_mul(SPREAD);
        IndexedDraws { offset: upper.wrapping_add(self.key).wrapping_add((index >> 8) << 32) }
    }

    /// A whole number below `bound`, or zero when `bound` is zero.
    #[must_use]
    #[inline]
    pub const fn below(self, identity: u64, index: u64, bound: u64) -> u64 {
        scale(self.bits(identity, index), bound)
    }
}

/// One draw of each identity, made ready.
#[derive(Clone, Copy, Debug)]
pub struct IndexedDraws {
    offset: u64,
}

impl IndexedDraws {
    /// 64 uniform bits for `identity` (below 2^56), as [`IdentityDraws::bits`] gives them.
    #[must_use]
    #[inline]
    pub const fn bits(self, identity: u64) -> u64 {
        let mut bits = identity.wrapping_mul(SPREAD).wrapping_add(self.offset);
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        bits ^ (bits >> 31)
    }

    /// A whole number below `bound`, or zero when `bound` is zero.
    #[must_use]
    #[inline]
    pub const fn below(self, identity: u64, bound: u64) -> u64 {
        scale(self.bits(identity), bound)
    }
}

/// Maps 64 uniform bits to a whole number below `bound`.
#[must_use]
#[inline]
pub const fn scale(bits: u64, bound: u64) -> u64 {
    ((bits as u128 * bound as u128) >> 64) as u64
}

#[cfg(test)]
mod tests {
    use rand::Rng;

    use super::*;

    #[test]
    fn streams_differ_by_every_part_of_their_name() {
        let first = |seed, replication, component, purpose| {
            Randomness::new(seed, replication).stream(component, purpose).next_u64()
        };
        let base = first(1, 0, "web", Purpose::ArrivalTime);
        assert_eq!(base, first(1, 0, "web", Purpose::ArrivalTime));
        assert_ne!(base, first(2, 0, "web", Purpose::ArrivalTime));
        assert_ne!(base, first(1, 1, "web", Purpose::ArrivalTime));
        assert_ne!(base, first(1, 0, "app", Purpose::ArrivalTime));
        assert_ne!(base, first(1, 0, "web", Purpose::RecordSize));
    }

    /// sum over the unit interval: the mean of n uniform draws is 1/2 +- 5 / sqrt(12 n).
    #[test]
    fn draws_by_identity_are_uniform_over_identities_and_over_attempts() {
        let draws = Randomness::new(7, 0).identity_draws("web", Purpose::RetryJitter);
        let tolerance = 5.0 / (12.0 * 100_000.0f64).sqrt();
        for fixed in [1, 5] {
            let by_identity: f64 = (0..100_000).map(|i| draws.bits(i, fixed) as f64).sum();
            assert!((by_identity / 1e5 / 2f64.powi(64) - 0.5).abs() < tolerance);
        }
        let mut buckets = [0u32; 16];
        for identity in 0..10_000 {
            for attempt in 0..8 {
                buckets[draws.below(identity, attempt, 16) as usize] += 1;
            }
        }
        // 80,000 draws over 16 buckets: 5,000 each, standard deviation 68.
        assert!(buckets.iter().all(|count| count.abs_diff(5_000) < 350), "{buckets:?}");
    }
}
