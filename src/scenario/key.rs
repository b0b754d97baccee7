//! Which partition key a record gets, and what order that keeps: legal by construction.

use crate::hash_key::HashKey;
use crate::scenario::{Producer, RecordDistribution, Stream};
use crate::units::{Bytes, Ratio};

/// Which partition key a record gets.
#[derive(Clone, Debug, PartialEq)]
pub enum PartitionKey {
    /// `keys` names, all equally likely.
    Uniform {
        /// Number of distinct keys.
        keys: u64,
        /// Names.
        format: KeyFormat,
    },
    /// `keys` names, the n-th (from zero) with weight `(n + 1)^-exponent`.
    Zipf {
        /// Number of distinct keys.
        keys: u64,
        /// Exponent; zero is uniform.
        exponent: f64,
        /// Names.
        format: KeyFormat,
    },
    /// `keys` names, of which the first `hot` have `share` of the records evenly, and the others
    /// the rest.
    HotSet {
        /// Number of distinct keys.
        keys: u64,
        /// Number of hot ones among them; at least one and fewer than `keys`.
        hot: u64,
        /// Share of the hot keys together; at least `hot / keys`.
        share: Ratio,
        /// Names.
        format: KeyFormat,
    },
    /// Named keys with weights; from the scenario or from a file of real keys with counts.
    Weighted {
        /// The keys, unique, each with a positive weight.
        keys: Vec<WeightedKey>,
        /// The file that they come from, as the scenario names it.
        file: Option<String>,
    },
    /// A fresh key for every record, such as a UUID.
    Random {
        /// Length of a key.
        key_bytes: Bytes,
    },
    /// Several parts in one key: templates, times, salts.
    Composed(KeyComposition),
    /// No key at all; only where the stream distributes its records itself.
    Absent,
}

/// A key of several parts, each drawn on its own.
#[derive(Clone, Debug, PartialEq)]
pub struct KeyComposition {
    /// What stands in the key, from left to right; at least one piece.
    pub pieces: Vec<KeyPiece>,
    /// What the pieces refer to.
    pub parts: Vec<KeyPart>,
    /// Whether the last part is the bucket of a salt.
    pub salted: bool,
}

/// A piece of a composed key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyPiece {
    /// Always the same.
    Text(String),
    /// The part of this index.
    Part(usize),
    /// The time at which the record was generated, in UTC.
    Time(TimeUnit),
}

/// A part of a composed key.
#[derive(Clone, Debug, PartialEq)]
pub struct KeyPart {
    /// Name in the template; empty for the key and for the bucket of a salt.
    pub name: String,
    /// How it is drawn: any kind but a composition or none.
    pub values: PartitionKey,
}

/// How finely a key tells the time. Finer units are larger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TimeUnit {
    /// `2026-01-01`.
    Date,
    /// `2026-01-01T00`.
    Hour,
    /// `2026-01-01T00:00`.
    Minute,
}

impl TimeUnit {
    /// Every unit, coarsest first.
    pub const ALL: [Self; 3] = [Self::Date, Self::Hour, Self::Minute];

    /// Its word in a template.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Date => "date",
            Self::Hour => "hour",
            Self::Minute => "minute",
        }
    }

    /// Seconds for which the text stays the same.
    #[must_use]
    pub const fn seconds(self) -> u64 {
        match self {
            Self::Date => 86_400,
            Self::Hour => 3_600,
            Self::Minute => 60,
        }
    }

    /// Characters of its text in the years before 10000.
    #[must_use]
    pub const fn characters(self) -> usize {
        match self {
            Self::Date => 10,
            Self::Hour => 13,
            Self::Minute => 16,
        }
    }
}

/// Which records of a producer reach the stream in the order in which they were generated, as long
/// as none is sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordOrdering {
    /// Those of one partition key.
    PerKey,
    /// Those of one key and bucket; a salt divides every key.
    PerKeyAndBucket,
    /// None: every record has a place of its own.
    None,
}

impl Producer {
    /// The order that its way of placing records on `stream` keeps.
    #[must_use]
    pub fn ordering(&self, stream: &Stream) -> RecordOrdering {
        let is_auto = stream.record_distribution == RecordDistribution::Auto;
        match self.explicit_hash_key {
            _ if is_auto => return RecordOrdering::None,
            Some(ExplicitHashKey::Random) => return RecordOrdering::None,
            // One place for all records: a salt divides nothing.
            Some(ExplicitHashKey::Fixed(_)) => return RecordOrdering::PerKey,
            None => {}
        }
        match &self.partition_key {
            keys if keys.is_fresh() => RecordOrdering::None,
            PartitionKey::Composed(KeyComposition { salted: true, .. }) => {
                RecordOrdering::PerKeyAndBucket
            }
            _ => RecordOrdering::PerKey,
        }
    }
}

impl PartitionKey {
    /// Whether no two records share a key.
    #[must_use]
    pub fn is_fresh(&self) -> bool {
        match self {
            Self::Random { .. } | Self::Absent => true,
            Self::Composed(composition) => composition.is_fresh(),
            Self::Uniform { .. }
            | Self::Zipf { .. }
            | Self::HotSet { .. }
            | Self::Weighted { .. } => false,
        }
    }
}

impl KeyComposition {
    /// Whether a part is fresh for every record, and so the whole key.
    #[must_use]
    pub fn is_fresh(&self) -> bool {
        self.parts.iter().any(|part| matches!(part.values, PartitionKey::Random { .. }))
    }

    /// The finest unit of time in the key.
    #[must_use]
    pub fn time_unit(&self) -> Option<TimeUnit> {
        let unit = |piece: &KeyPiece| match piece {
            KeyPiece::Time(unit) => Some(*unit),
            _ => None,
        };
        self.pieces.iter().filter_map(unit).max()
    }
}

/// One key of a weighted list.
#[derive(Clone, Debug, PartialEq)]
pub struct WeightedKey {
    /// The partition key.
    pub key: String,
    /// Relative weight; positive and finite.
    pub weight: f64,
    /// Replaces the MD5 of the key when present.
    pub explicit_hash_key: Option<HashKey>,
}

/// Where a producer's explicit hash keys come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExplicitHashKey {
    /// A fresh uniform one for every record: even spread, no order by key.
    Random,
    /// The same one for every record.
    Fixed(HashKey),
}

/// Names of generated keys: the text before and after the index, which starts at zero.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyFormat {
    /// Text before the index.
    pub prefix: String,
    /// Text after the index.
    pub suffix: String,
}

impl KeyFormat {
    /// The key of the given index.
    #[must_use]
    pub fn key(&self, index: u64) -> String {
        format!("{}{index}{}", self.prefix, self.suffix)
    }
}
