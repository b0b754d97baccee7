//! Changes of shards and salts.

use super::{Run, element};
use crate::analysis::figures::{Totals, hottest_shard};
use crate::analysis::result::Finding;
use crate::analysis::sizing::{Cure, is_saltable};

/// Above this multiple of the mean, the spread is at fault and not the number of shards.
const UNEVEN: f64 = 1.5;
/// A bucket of a hot key that just fits would be a hot key again by chance.
const SALT_MARGIN: f64 = 1.15;

impl Run<'_> {
    /// What ends all throttling.
    pub(super) fn throttling(&self) -> Option<&Cure> {
        let cure = self.throttling.get_or_init(|| {
            if Totals::of(self.seen).throttled == 0 {
                return None;
            }
            let uneven = self.seen.shards.len() > 1
                && hottest_shard(self.scenario, self.seen).is_some_and(|(_, over)| over >= UNEVEN);
            self.account().against_throttling(uneven)
        });
        cure.as_ref()
    }

    /// A salt that divides the key; the one that ends throttling where that is enough.
    pub(super) fn hot_key(&self, finding: &Finding) -> Option<Cure> {
        let keys = self.seen.shards.iter().flat_map(|shard| &shard.hottest_keys);
        let key = keys.into_iter().find(|key| key.key == finding.subject)?;
        if !is_saltable(self.scenario.producers.get(key.producer)?) {
            return None;
        }
        let evidence = |name: &str| {
            finding.evidence.iter().find(|each| each.name == name).map(|each| each.value)
        };
        let load = evidence("shard_limits_filled")? * evidence("busiest_minute_over_mean")?;
        let buckets = (load * SALT_MARGIN).ceil().max(2.0) as u32;
        let divides = |cure: &&Cure| {
            cure.salts.iter().any(|(producer, salt)| *producer == key.producer && *salt >= buckets)
        };
        let own = || Cure { shards: None, salts: vec![(key.producer, buckets)] };
        Some(self.throttling().filter(divides).cloned().unwrap_or_else(own))
    }

    /// The smallest salt that evens out the shards.
    pub(super) fn hot_shard(&self, finding: &Finding) -> Option<Cure> {
        if self.seen.scaling.is_some() {
            return None;
        }
        if let Some(cure) = self.throttling().filter(|cure| self.account().is_even_after(cure)) {
            return Some(cure.clone());
        }
        let shard = self.seen.shards.iter().find(|shard| shard.shard_id == finding.subject)?;
        self.account().against_hot_shard(shard.hottest_keys.first()?.producer)
    }

    /// The smallest salt that brings records to every shard.
    pub(super) fn idle_shards(&self) -> Option<Cure> {
        if self.seen.scaling.is_some() {
            return None;
        }
        match self.throttling().filter(|cure| self.account().is_filled_after(cure)) {
            Some(cure) => Some(cure.clone()),
            None => self.account().against_idle_shards(),
        }
    }

    /// A change of shards and salts as it is set.
    pub(super) fn written(&self, cure: &Cure) -> Option<Vec<String>> {
        let mut set = Vec::new();
        if let Some(shards) = cure.shards {
            if self.scenario.stream.imported {
                set.push("stream.hash_ranges=null".to_owned());
            }
            set.push(format!("stream.capacity.provisioned.shards={shards}"));
        }
        for (index, buckets) in &cure.salts {
            let name = element(&self.scenario.producers.get(*index)?.name, *index);
            set.push(format!("producers.{name}.partition_key.salt={buckets}"));
        }
        (!set.is_empty()).then_some(set)
    }
}
