//! The least capacity that meets the objectives.
//!
//! First what needs no simulation: a key that no shard count carries, counts that an even spread
//! would overload, counts whose hottest shard is overloaded by where the keys fall. Then
//! simulation, of every count that is left, upwards, until one passes. More shards are not always
//! better, since each count redraws where the keys fall, so nothing is assumed of a count that was
//! not looked at. Where the names of keys are made up, a count must also carry the 95th percentile
//! of other names.
//!
//! Behind this door: `load`, `packing`, `reading` and `forecast` are the account without chance,
//! `lottery` the other names, `account` what a linter asks of them, `cure` what the advice of
//! findings does, `one_key` the key that is too hot, `trial` a simulation and its judgement, `search`
//! the way through the counts, `modes` the modes in which the service decides, `reverse` the most
//! load of a given capacity, `document` the answers.

mod account;
mod cure;
mod document;
mod forecast;
pub(in crate::analysis) mod load;
mod lottery;
mod modes;
mod one_key;
mod packing;
mod reading;
mod reverse;
mod search;
mod trial;

pub use account::{LoadAccount, hottest_key_alone};
pub(in crate::analysis) use cure::{Account, Cure, is_saltable};
pub use document::{
    Headroom, KeyNames, ModePlan, NoShardCount, Rejection, ReverseDocument, ReverseTried, SaltPlan,
    SizingCandidate, SizingDocument, SizingPlan,
};
pub use reverse::reverse;
pub use trial::Observer;

use self::load::Load;
use self::one_key::TooHot;
use self::trial::{Bench, words};
use super::price_book::PriceBook;
use crate::engine::Unfinished;
use crate::scenario::{Objective, RecordOrdering, Scenario};
use crate::time::Span;
use crate::units::Ratio;

/// What a scenario without objectives must meet: this share of attempts throttled at most.
const DEFAULT_THROTTLED: f64 = 0.001;
/// And, where there are consumers, this iterator age at most.
const DEFAULT_AGE: Span = Span::from_seconds(60);

/// What the person who sizes chooses.
#[derive(Clone, Copy, Debug)]
pub struct SizingOptions {
    /// Largest number of shards to look at.
    pub shards_max: u32,
    /// Growth of the load in a month of 730 h, as a ratio.
    pub growth_per_month: Option<f64>,
}

/// The least number of shards that the forecast lets pass, without a simulation; none where no
/// count up to `shards_max` will do.
#[must_use]
pub fn least_by_forecast(scenario: &Scenario, shards_max: u32) -> Option<u32> {
    let (scenario, _) = with_objectives(scenario);
    let load = Load::of(&scenario);
    if one_key::too_hot(&scenario, &load).is_some() {
        return None;
    }
    search::least_by_forecast(&scenario, &load, shards_max)
}

/// The scenario with objectives, and whether they are the default ones.
pub(super) fn with_objectives(scenario: &Scenario) -> (Scenario, bool) {
    let mut changed = scenario.clone();
    let is_default = changed.objectives.is_empty();
    if is_default {
        changed.objectives.push(Objective::WriteThrottled(Ratio(DEFAULT_THROTTLED)));
        if !changed.consumers.is_empty() {
            changed
                .objectives
                .push(Objective::IteratorAgeP99 { consumer: None, at_most: DEFAULT_AGE });
        }
    }
    (changed, is_default)
}

/// The bound on the throttled share of attempts.
fn throttled_target(scenario: &Scenario) -> Option<f64> {
    scenario.objectives.iter().find_map(|objective| match objective {
        Objective::WriteThrottled(ratio) => Some(ratio.0),
        _ => None,
    })
}

/// The least number of shards that meets the objectives of `scenario`.
///
/// # Errors
/// [`Unfinished`] when the observer said so.
pub fn size(
    scenario: &Scenario,
    options: &SizingOptions,
    prices: &PriceBook,
    observer: &Observer<'_>,
) -> Result<SizingDocument, Unfinished> {
    let (as_it_is, objectives_are_default) = with_objectives(scenario);
    let scenario = modes::as_provisioned(&as_it_is);
    let load = Load::of(&scenario);
    let bench = Bench { observer, prices };
    let mut document = empty_document(&scenario, objectives_are_default);
    if let Some(too_hot) = one_key::too_hot(&scenario, &load) {
        document.no_shard_count = Some(no_shard_count(&scenario, &load, &too_hot, options, bench)?);
        document.modes = modes::on_demand(&as_it_is, &load, bench)?;
        return Ok(document);
    }
    search::search(&scenario, &load, options, bench, &mut document)?;
    document.modes.extend(modes::of_plan(&document));
    document.modes.extend(modes::on_demand(&as_it_is, &load, bench)?);
    if let Some(plan) = &document.plan {
        let chosen = scenario.with_shards(plan.shards as u32);
        let growth = options.growth_per_month;
        document.headroom = reverse::headroom(&chosen, &load, growth, bench)?;
    }
    Ok(document)
}

/// The plan of [`size`] alone: the fewest shards, or why there are none.
///
/// # Errors
/// [`Unfinished`] when the observer said so.
pub fn fewest_shards(
    scenario: &Scenario,
    shards_max: u32,
    prices: &PriceBook,
    observer: &Observer<'_>,
) -> Result<Result<u32, String>, Unfinished> {
    let (scenario, objectives_are_default) = with_objectives(scenario);
    let load = Load::of(&scenario);
    if let Some(TooHot { key, .. }) = one_key::too_hot(&scenario, &load) {
        let producer = &scenario.producers[key.producer].name;
        let key = key.key.escape_debug();
        return Ok(Err(format!(
            "no count of shards is safe: the key \"{key}\" of {producer} is alone more than a shard \
             takes"
        )));
    }
    let mut document = empty_document(&scenario, objectives_are_default);
    let options = SizingOptions { shards_max, growth_per_month: None };
    let bench = Bench { observer, prices };
    search::least(&scenario, &load, &options, bench, &mut document)?;
    let last = || document.candidates.last()?.rejection.as_ref().map(|last| &last.reason);
    Ok(document.plan.as_ref().map(|plan| plan.shards as u32).ok_or_else(|| {
        let why = last().map(|reason| format!(": {}", reason.trim_end_matches('.')));
        format!("no count of shards up to {shards_max} is safe{}", why.unwrap_or_default())
    }))
}

/// A document without an answer.
fn empty_document(scenario: &Scenario, objectives_are_default: bool) -> SizingDocument {
    SizingDocument {
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
        scenario: scenario.name.clone(),
        digest: scenario.digest.clone(),
        question: scenario.question.clone(),
        seed: scenario.seed,
        objectives: scenario.objectives.iter().map(|each| words(scenario, *each)).collect(),
        objectives_are_default,
        throttled_target: throttled_target(scenario),
        plan: None,
        no_shard_count: None,
        shards_as_written: None,
        key_names: KeyNames {
            kind: if scenario.has_generated_names() { "generated" } else { "real" }.to_owned(),
            draws: u64::from(lottery::draws(scenario)),
        },
        candidates: Vec::new(),
        larger_counts_that_fail: Vec::new(),
        headroom: None,
        modes: Vec::new(),
    }
}

fn no_shard_count(
    scenario: &Scenario,
    load: &Load,
    too_hot: &TooHot,
    options: &SizingOptions,
    bench: Bench<'_>,
) -> Result<NoShardCount, Unfinished> {
    let key = &too_hot.key;
    let (objective, _) = (too_hot.objective, too_hot.value);
    let smallest_salt = match one_key::smallest_salt(scenario, load, too_hot, options.shards_max) {
        Some(salt) => {
            Some(search::confirm_salt(scenario, load, key.producer, salt, options, bench)?)
        }
        None => None,
    };
    Ok(NoShardCount {
        key: key.key.clone(),
        producer: scenario.producers[key.producer].name.clone(),
        share_of_producer: key.share,
        offered_records_per_second: too_hot.records_per_second,
        offered_bytes_per_second: too_hot.bytes_per_second,
        shard_takes_records_per_second: too_hot.shard_records_per_second,
        limit: if too_hot.by_bytes { "bytes" } else { "records" }.to_owned(),
        objective: words(scenario, objective),
        value_at_least: too_hot.value,
        smallest_salt,
        ordering_given_up: match too_hot.ordering {
            RecordOrdering::PerKey => {
                "records of one key stay in order now; with a salt only those of one bucket do"
            }
            RecordOrdering::PerKeyAndBucket => {
                "records of one key and bucket stay in order; with more buckets fewer of a key do"
            }
            RecordOrdering::None => "none: these records have no order now",
        }
        .to_owned(),
    })
}

#[cfg(test)]
mod tests;
