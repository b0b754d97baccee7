//! Whether consumers handle the records of a partition key in the order in which the stream took
//! them, across shards that split and merge.
//!
//! Within a shard a consumer reads in order. So a record is handled too late only where a record of
//! its key from a shard that opened later was handled before it; that can be while a closed shard is
//! not read to its end. Only then is anything noted.

use rustc_hash::FxHashMap;

use crate::engine::plan::ProducerPlan;

/// Stands for the key of a record whose producer keeps no order.
pub(super) const NO_ORDER: u64 = u64::MAX;

/// The key of a record as it is known over shards: producer and number of the key.
#[inline]
pub(super) const fn key_over_shards(plan: &ProducerPlan, producer: usize, key: u32) -> u64 {
    if plan.is_ordered { (producer as u64) << 32 | key as u64 } else { NO_ORDER }
}

/// A record that a consumer handled.
#[derive(Clone, Copy, Debug)]
pub(super) struct Handled {
    /// Number of the shard; children have higher ones than their parents.
    pub(super) shard: usize,
    /// Index of the consumer.
    pub(super) consumer: usize,
    pub(super) key: u64,
    /// When it was done with it, in nanoseconds.
    pub(super) done: u64,
    /// When the producer came up with it, in nanoseconds.
    pub(super) created: u64,
}

/// What is known of the order of one consumer.
#[derive(Debug, Default)]
struct OfConsumer {
    /// When the first record of a key was done, by shard.
    first: FxHashMap<u64, Vec<(usize, u64)>>,
    /// Records not yet judged: what was done before them may not be known.
    pending: Vec<Handled>,
    out_of_order: u64,
}

/// The order of all consumers.
#[derive(Debug)]
pub(super) struct ChildOrder {
    consumers: Vec<OfConsumer>,
    warm_up: u64,
}

impl ChildOrder {
    pub(super) fn new(consumers: usize, warm_up: u64) -> Self {
        Self { consumers: (0..consumers).map(|_| OfConsumer::default()).collect(), warm_up }
    }

    /// Takes in what was handled since the last barrier.
    pub(super) fn note(&mut self, handled: impl Iterator<Item = Handled>) {
        for handled in handled {
            let own = &mut self.consumers[handled.consumer];
            let of_key = own.first.entry(handled.key).or_default();
            // In order of time within a shard, so the first to come was the first.
            if !of_key.iter().any(|(shard, _)| *shard == handled.shard) {
                of_key.push((handled.shard, handled.done));
            }
            own.pending.push(handled);
        }
    }

    /// Judges the records that were done before `until`, of which all is known.
    pub(super) fn judge(&mut self, until: u64) {
        let warm_up = self.warm_up;
        for own in &mut self.consumers {
            let OfConsumer { first, pending, out_of_order } = own;
            pending.retain(|record| {
                if record.done >= until {
                    return true;
                }
                let later = first.get(&record.key).into_iter().flatten();
                let overtaken =
                    later.clone().any(|(shard, done)| *shard > record.shard && *done < record.done);
                *out_of_order += u64::from(overtaken && record.created >= warm_up);
                false
            });
        }
    }

    /// Forgets what was handled: every closed shard is read to its end.
    pub(super) fn forget(&mut self) {
        for own in &mut self.consumers {
            if own.pending.is_empty() {
                own.first.clear();
            }
        }
    }

    /// Records handled after a later one of their key, by consumer.
    pub(super) fn out_of_order(&self) -> Vec<u64> {
        self.consumers.iter().map(|own| own.out_of_order).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn handled(shard: usize, key: u64, done: u64) -> Handled {
        Handled { shard, consumer: 0, key, done, created: 0 }
    }

    #[test]
    fn a_record_is_late_when_a_later_shard_gave_one_of_its_key_before() {
        let mut order = ChildOrder::new(1, 0);
        let parent = [handled(0, 7, 10), handled(0, 7, 30), handled(0, 8, 40)];
        let child = [handled(2, 7, 20), handled(2, 7, 50)];
        order.note(parent.into_iter().chain(child));
        order.judge(100);
        assert_eq!(order.out_of_order(), [1], "the one of key 7 done at 30, after 20");
    }

    /// The count does not depend on which barrier what is told of.
    #[test]
    fn what_is_done_beyond_the_barrier_is_judged_later() {
        let mut order = ChildOrder::new(1, 0);
        order.note([handled(0, 7, 30)].into_iter());
        order.judge(25);
        order.note([handled(2, 7, 28)].into_iter());
        order.judge(50);
        assert_eq!(order.out_of_order(), [1]);
    }
}
