//! The constants that a run rested on, the least certain first.
//!
//! A constant of a part that the scenario does not have is left out, unless the scenario sets it.

use super::result::Assumption;
use crate::quotas::{Provenance, QuotaFact, Quotas, RECORD_SIZE_DEFAULT};
use crate::scenario::{
    CapacityMode, PutCalls, Reading, RecordDistribution, ScalingAction, Scenario, ScheduledAction,
};

/// What the run used or the scenario set, the least certain first.
pub(super) fn list(scenario: &Scenario) -> Vec<Assumption> {
    let defaults = Quotas::default().facts();
    let facts = scenario.quotas.facts();
    let mut rows: Vec<(u8, Assumption)> = facts
        .iter()
        .zip(&defaults)
        .filter_map(|(fact, default)| {
            let set = fact.overridden || scenario.quotas_set.iter().any(|name| name == fact.name);
            (set || used(scenario, fact.name)).then(|| row(fact, default, set))
        })
        .collect();
    if scenario.stream.imported {
        rows.push((rank(Provenance::Imported), imported_ranges(scenario)));
    }
    if scenario.stream.record_distribution == RecordDistribution::Auto {
        rows.push((rank(Provenance::Inferred), automatic_distribution()));
    }
    // A stable sort: within one rank the order of the table stays.
    rows.sort_by_key(|(rank, _)| *rank);
    rows.into_iter().map(|(_, assumption)| assumption).collect()
}

/// What a reader should doubt first comes first.
const fn rank(provenance: Provenance) -> u8 {
    match provenance {
        Provenance::Scenario => 0,
        Provenance::Assumed => 1,
        Provenance::Inferred => 2,
        Provenance::Imported => 3,
        Provenance::Documented => 4,
    }
}

fn row(fact: &QuotaFact, default: &QuotaFact, set: bool) -> (u8, Assumption) {
    let provenance = if set { Provenance::Scenario } else { fact.provenance };
    let source = if set {
        let mark = default.provenance.as_str();
        format!(
            "quotas of the scenario; the default is {} ({mark}: {})",
            default.value, fact.source
        )
    } else {
        fact.source.to_owned()
    };
    let assumption = Assumption {
        name: fact.name.to_owned(),
        value: fact.value.clone(),
        provenance: provenance.as_str().to_owned(),
        source,
        description: fact.description.to_owned(),
    };
    (rank(provenance), assumption)
}

fn imported_ranges(scenario: &Scenario) -> Assumption {
    Assumption {
        name: "shards".to_owned(),
        value: format!("{} ranges", scenario.stream.shards.len()),
        provenance: Provenance::Imported.as_str().to_owned(),
        source: "export of the real stream that the scenario names".to_owned(),
        description: "The hash key ranges of the open shards.".to_owned(),
    }
}

fn automatic_distribution() -> Assumption {
    Assumption {
        name: "record_distribution".to_owned(),
        value: "auto, each record on a shard drawn evenly over the hash space".to_owned(),
        provenance: Provenance::Inferred.as_str().to_owned(),
        source: "Kinesis API reference UpdateStreamRecordDistributionStrategy: an even spread; by \
                 which rule is not said"
            .to_owned(),
        description: "How the service distributes the records of an on-demand stream itself."
            .to_owned(),
    }
}

/// Whether a part of the scenario rests on the quota of this name.
fn used(scenario: &Scenario, name: &str) -> bool {
    let puts = |many: bool| {
        scenario
            .producers
            .iter()
            .any(|producer| matches!(producer.client.calls, PutCalls::PutRecords { .. }) == many)
    };
    let reads = |polling: bool| {
        scenario
            .consumers
            .iter()
            .any(|consumer| matches!(consumer.reading, Reading::Polling { .. }) == polling)
    };
    let large_records = scenario.stream.max_record_size > RECORD_SIZE_DEFAULT;
    let stream = &scenario.stream;
    let to_mode = |is_wanted: fn(CapacityMode) -> bool| {
        let is_it = |one: &ScheduledAction| matches!(one.action, ScalingAction::Mode(mode) if is_wanted(mode));
        is_wanted(stream.mode) || stream.scaling.schedule.iter().any(is_it)
    };
    let on_demand = to_mode(CapacityMode::is_on_demand);
    match name {
        "account_shards" => stream.reshards(),
        "reshard_start" | "reshard_operation" => !stream.scaling.is_empty(),
        "mode_changes" => {
            let is_mode = |one: &ScheduledAction| matches!(one.action, ScalingAction::Mode(_));
            stream.scaling.schedule.iter().any(is_mode)
        }
        "cloudwatch_delay" => stream.scaling.policy.is_some(),
        name if name.starts_with("update_shard_count_") => !stream.scaling.is_empty(),
        name if name.starts_with("on_demand_") => on_demand,
        "enhanced_fan_out_consumers_advantage" => {
            reads(false) && matches!(stream.mode, CapacityMode::OnDemandAdvantage { .. })
        }
        "put_record_rounding" => puts(false),
        "shard_write_bytes_burst" => !large_records,
        "shard_write_bytes_burst_large_records" => large_records,
        "shard_read_bytes" | "shard_read_bytes_burst" => reads(true),
        "subscription_duration" => reads(false),
        "put_payload_unit" => scenario.region.is_some(),
        name if name.starts_with("on_demand_") => false,
        name if name.starts_with("put_records_") => puts(true),
        name if name.starts_with("get_records_") => reads(true),
        name if name.starts_with("enhanced_fan_out_") => reads(false),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::testing;

    fn names(scenario: &Scenario) -> Vec<String> {
        list(scenario).into_iter().map(|assumption| assumption.name).collect()
    }

    #[test]
    fn what_is_not_published_stands_before_what_is() {
        let list = list(&testing::scenario());
        let marks: Vec<&str> = list.iter().map(|row| row.provenance.as_str()).collect();
        let first_documented = marks.iter().position(|mark| *mark == "documented").unwrap();
        assert!(marks[..first_documented].contains(&"assumed"));
        assert!(marks[first_documented..].iter().all(|mark| *mark == "documented"));
    }

    #[test]
    fn a_part_that_the_scenario_lacks_has_no_assumptions() {
        let mut scenario = testing::scenario();
        scenario.consumers.truncate(1);
        let names = names(&scenario);
        assert!(names.contains(&"get_records_calls".to_owned()));
        assert!(!names.iter().any(|name| name.starts_with("enhanced_fan_out")), "{names:?}");
    }

    #[test]
    fn a_quota_that_the_scenario_sets_is_marked_so_and_comes_first() {
        let mut scenario = testing::scenario();
        scenario.quotas_set = vec!["put_records_max_records".to_owned()];
        let first = &list(&scenario)[0];
        assert_eq!(first.name, "put_records_max_records");
        assert_eq!(first.provenance, "scenario");
        assert!(first.source.contains("the default is 500 records"), "{}", first.source);
    }
}
