//! A scenario changed in one respect, for the commands that try many: another number of shards,
//! more traffic, other names of generated keys, a salt.
//!
//! The digest stays that of the scenario that was written.

use super::{
    KeyComposition, KeyFormat, KeyPart, KeyPiece, PartitionKey, Scenario, ShardDefinition, Spike,
    Trace, Traffic,
};
use crate::hash_key::{HashKeyRange, shard_id};
use crate::units::{Rate, RecordRate};

impl Scenario {
    /// The same on a freshly created stream of so many shards, at least one.
    #[must_use]
    pub fn with_shards(&self, shards: u32) -> Self {
        let mut changed = self.clone();
        changed.stream.shards = created(shards);
        changed.stream.imported = false;
        changed
    }

    /// The same on a stream with these open shards.
    #[must_use]
    pub fn with_open_shards(&self, shards: Vec<ShardDefinition>) -> Self {
        let mut changed = self.clone();
        changed.stream.shards = shards;
        changed.stream.imported = true;
        changed
    }

    /// The same with so many thousandths of all traffic.
    #[must_use]
    pub fn with_load(&self, thousandths: u64) -> Self {
        let mut changed = self.clone();
        for producer in &mut changed.producers {
            producer.traffic = producer.traffic.scaled(thousandths);
        }
        changed
    }

    /// The same with generated keys of other names: draw by draw, another fall of the same lottery.
    /// Real names, and names that are written out, stay.
    #[must_use]
    pub fn with_names_redrawn(&self, draw: u32) -> Self {
        let mut changed = self.clone();
        for producer in &mut changed.producers {
            redraw(&mut producer.partition_key, draw);
        }
        changed
    }

    /// Whether any producer's keys have generated names that are placed by their hash.
    #[must_use]
    pub fn has_generated_names(&self) -> bool {
        self.producers.iter().any(|producer| {
            producer.explicit_hash_key.is_none() && is_generated(&producer.partition_key)
        })
    }

    /// The same with the keys of one producer divided into so many buckets, in place of the salt
    /// that it has.
    #[must_use]
    pub fn with_salt(&self, producer: usize, buckets: u32) -> Self {
        let mut changed = self.clone();
        if let Some(producer) = changed.producers.get_mut(producer) {
            let keys = std::mem::replace(&mut producer.partition_key, PartitionKey::Absent);
            producer.partition_key = salted(keys, buckets);
        }
        changed
    }
}

/// The shards of a freshly created stream.
pub(super) fn created(shards: u32) -> Vec<ShardDefinition> {
    HashKeyRange::created(shards.max(1))
        .into_iter()
        .zip(0..)
        .map(|(range, number)| ShardDefinition { shard_id: shard_id(number), range })
        .collect()
}

fn is_generated(keys: &PartitionKey) -> bool {
    match keys {
        PartitionKey::Uniform { .. } | PartitionKey::Zipf { .. } | PartitionKey::HotSet { .. } => {
            true
        }
        PartitionKey::Weighted { .. } | PartitionKey::Random { .. } | PartitionKey::Absent => false,
        PartitionKey::Composed(composition) => {
            !composition.is_fresh()
                && composition.parts.iter().enumerate().any(|(index, part)| {
                    !is_bucket(composition, index) && is_generated(&part.values)
                })
        }
    }
}

/// Whether a part is the bucket of a salt, whose names are numbers that the producer makes up.
fn is_bucket(composition: &KeyComposition, part: usize) -> bool {
    composition.salted && part + 1 == composition.parts.len()
}

fn redraw(keys: &mut PartitionKey, draw: u32) {
    match keys {
        PartitionKey::Uniform { format, .. }
        | PartitionKey::Zipf { format, .. }
        | PartitionKey::HotSet { format, .. } => format.prefix = redrawn(&format.prefix, draw),
        PartitionKey::Composed(composition) => {
            for part in 0..composition.parts.len() {
                if !is_bucket(composition, part) {
                    redraw(&mut composition.parts[part].values, draw);
                }
            }
        }
        PartitionKey::Weighted { .. } | PartitionKey::Random { .. } | PartitionKey::Absent => {}
    }
}

/// Another text, of the same length where that is long enough to tell many draws apart.
fn redrawn(prefix: &str, draw: u32) -> String {
    const LETTERS: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";
    let mut code = String::new();
    let mut rest = draw;
    for _ in 0..3 {
        code.push(char::from(LETTERS[(rest % 36) as usize]));
        rest /= 36;
    }
    // The first three characters give way to the code.
    code.extend(prefix.chars().skip(3));
    code
}

fn salted(keys: PartitionKey, buckets: u32) -> PartitionKey {
    let format = KeyFormat { prefix: String::new(), suffix: String::new() };
    let values = PartitionKey::Uniform { keys: u64::from(buckets), format };
    let part = KeyPart { name: String::new(), values };
    let mut composition = match keys {
        PartitionKey::Composed(composition) => composition,
        values => KeyComposition {
            pieces: vec![KeyPiece::Part(0)],
            parts: vec![KeyPart { name: String::new(), values }],
            salted: false,
        },
    };
    if composition.salted {
        composition.parts.pop();
    } else {
        composition.pieces.push(KeyPiece::Text("#".to_owned()));
        composition.pieces.push(KeyPiece::Part(composition.parts.len()));
        composition.salted = true;
    }
    composition.parts.push(part);
    PartitionKey::Composed(composition)
}

impl Traffic {
    /// So many thousandths of the rate at every moment.
    #[must_use]
    pub fn scaled(&self, thousandths: u64) -> Self {
        let rate = |rate: &RecordRate| RecordRate(scaled(rate.0, thousandths));
        match self {
            Self::Constant(constant) => Self::Constant(rate(constant)),
            Self::Steps(steps) => {
                Self::Steps(steps.iter().map(|(at, step)| (*at, rate(step))).collect())
            }
            Self::Ramp { from, to, start, end } => {
                Self::Ramp { from: rate(from), to: rate(to), start: *start, end: *end }
            }
            Self::Spike(spike) => {
                Self::Spike(Spike { base: rate(&spike.base), peak: rate(&spike.peak), ..*spike })
            }
            Self::Diurnal { mean, peak_to_mean, peak_at } => {
                Self::Diurnal { mean: rate(mean), peak_to_mean: *peak_to_mean, peak_at: *peak_at }
            }
            Self::Weekly { mean, peak_to_mean, peak_at, days, starts_at } => Self::Weekly {
                mean: rate(mean),
                peak_to_mean: *peak_to_mean,
                peak_at: *peak_at,
                days: *days,
                starts_at: *starts_at,
            },
            Self::Growth { per_month, of } => {
                Self::Growth { per_month: *per_month, of: Box::new(of.scaled(thousandths)) }
            }
            Self::Sum(parts) => {
                Self::Sum(parts.iter().map(|part| part.scaled(thousandths)).collect())
            }
            Self::Trace(trace) => {
                let mut trace = Trace::clone(trace);
                trace.rate_scale *= thousandths as f64 / 1_000.0;
                Self::Trace(std::sync::Arc::new(trace))
            }
        }
    }
}

/// So many thousandths of a rate; where the fraction does not fit, its last digits go.
fn scaled(rate: Rate, thousandths: u64) -> Rate {
    let mut amount = u128::from(rate.amount()) * u128::from(thousandths);
    let mut per = u128::from(rate.per_nanoseconds()) * 1_000;
    let fits = |number: u128| u64::try_from(number).is_ok();
    while !fits(amount) || !fits(per) {
        amount /= 2;
        per /= 2;
    }
    let span = crate::time::Span::from_nanoseconds(per as u64);
    Rate::new(amount as u64, span)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Span;

    #[test]
    fn a_scaled_rate_is_exact_where_it_fits() {
        let rate = Rate::new(1_320, Span::SECOND);
        assert_eq!(scaled(rate, 1_000), rate);
        assert_eq!(scaled(rate, 1_500), Rate::per_second(1_980));
        let huge = Rate::new(999_999_999_999_999_989, Span::from_nanoseconds(999_999_937));
        let ratio = scaled(huge, 1_001).as_per_second() / huge.as_per_second();
        assert!((ratio - 1.001).abs() < 1e-9);
    }

    #[test]
    fn a_salt_makes_the_keys_that_a_written_one_makes() {
        let keys = PartitionKey::Weighted {
            keys: vec![super::super::WeightedKey {
                key: "acme".to_owned(),
                weight: 1.0,
                explicit_hash_key: None,
            }],
            file: None,
        };
        let PartitionKey::Composed(four) = salted(keys.clone(), 4) else { panic!("composed") };
        assert!(four.salted && four.parts.len() == 2);
        let again = salted(PartitionKey::Composed(four), 6);
        assert_eq!(again, salted(keys, 6));
    }

    #[test]
    fn redrawn_names_differ_and_keep_their_length() {
        let names: Vec<String> = (0..200).map(|draw| redrawn("sales-orders-", draw)).collect();
        assert!(names.iter().all(|name| name.len() == "sales-orders-".len()));
        let mut distinct = names.clone();
        distinct.sort();
        distinct.dedup();
        assert_eq!(distinct.len(), names.len());
    }
}
