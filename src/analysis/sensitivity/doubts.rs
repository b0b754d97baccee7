//! What is to doubt in a scenario: constants that AWS does not publish or gives as typical ones,
//! those that the scenario sets itself, and what it assumes of clients and their network.

use super::vary::{Other, varied, varied_span};
use crate::analysis::assumption;
use crate::scenario::{Objective, Reading, Scenario, Work};
use crate::time::Span;

/// Published, but as what is typical.
const TYPICAL: [&str; 1] = ["enhanced_fan_out_propagation"];
/// These change the bill alone.
const OF_BILLS: [&str; 3] =
    ["put_payload_unit", "on_demand_data_out_rounding", "on_demand_data_in_rounding"];

/// Something that could be otherwise.
#[derive(Clone, Debug)]
pub struct Doubt {
    /// Its path in a scenario.
    pub name: String,
    /// How sure it is: `documented`, `inferred`, `assumed` or `scenario`.
    pub provenance: String,
    /// The value in force.
    pub value: String,
    /// What it could be instead.
    pub alternatives: Vec<Alternative>,
}

/// Another value of it.
#[derive(Clone, Debug)]
pub struct Alternative {
    /// As a scenario writes it.
    pub value: String,
    /// How to get there.
    pub change: Change,
}

/// A change of a scenario.
#[derive(Clone, Debug)]
pub enum Change {
    /// `path=value`, to be read with the scenario, because it may not be allowed.
    Set(String),
    /// The scenario with the change.
    Made(Box<Scenario>),
}

/// Everything that is to doubt, in the order of the ledger of assumptions.
#[must_use]
pub fn doubts(scenario: &Scenario) -> Vec<Doubt> {
    let mut doubts = of_service(scenario);
    doubts.extend(of_clients(scenario));
    doubts.retain(|doubt| !doubt.alternatives.is_empty());
    doubts
}

fn of_service(scenario: &Scenario) -> Vec<Doubt> {
    let asks_of_cost =
        scenario.objectives.iter().any(|each| matches!(each, Objective::CostPerMonth(_)));
    let ledger = assumption::list(scenario).into_iter();
    let doubtful = ledger.filter(|row| {
        let is_doubtful = row.provenance != "documented" && row.provenance != "imported";
        (is_doubtful || TYPICAL.contains(&row.name.as_str()))
            && (asks_of_cost || !OF_BILLS.contains(&row.name.as_str()))
    });
    doubtful
        .map(|row| {
            let name = format!("quotas.{}", row.name);
            let values = [Other::Half, Other::Double]
                .into_iter()
                .filter_map(|other| varied(&scenario.quotas, &row.name, other));
            let alternatives = values
                .map(|value| {
                    let change = Change::Set(format!("{name}={value}"));
                    Alternative { value, change }
                })
                .collect();
            Doubt { name, provenance: row.provenance, value: row.value, alternatives }
        })
        .collect()
}

/// What a scenario assumes of clients, where it matters to a run.
fn of_clients(scenario: &Scenario) -> Vec<Doubt> {
    let mut doubts = Vec::new();
    let mut add = |name: String, now: Span, change: &dyn Fn(&mut Scenario, Span)| {
        let made = |other| {
            let span = varied_span(now, other)?;
            let mut changed = scenario.clone();
            change(&mut changed, span);
            let change = Change::Made(Box::new(changed));
            Some(Alternative { value: span.to_string(), change })
        };
        let alternatives = [Other::Half, Other::Double].into_iter().filter_map(made).collect();
        let (provenance, value) = ("assumed".to_owned(), now.to_string());
        doubts.push(Doubt { name, provenance, value, alternatives });
    };
    for (index, producer) in scenario.producers.iter().enumerate() {
        let name = format!("producers.{}.client round_trip", producer.name);
        add(name, producer.client.round_trip, &|changed, span| {
            changed.producers[index].client.round_trip = span;
        });
    }
    for (index, consumer) in scenario.consumers.iter().enumerate() {
        let of = format!("consumers.{}.{}", consumer.name, consumer.kind());
        let now = match consumer.reading {
            Reading::Polling { round_trip, .. } | Reading::EnhancedFanOut { round_trip } => {
                round_trip
            }
        };
        add(format!("{of}.round_trip"), now, &|changed, span| match &mut changed.consumers[index]
            .reading
        {
            Reading::Polling { round_trip, .. } | Reading::EnhancedFanOut { round_trip } => {
                *round_trip = span;
            }
        });
        match &consumer.work {
            Work::Lambda(lambda) => {
                add(format!("{of}.cold_start"), lambda.cold_start, &|changed, span| {
                    if let Work::Lambda(lambda) = &mut changed.consumers[index].work {
                        lambda.cold_start = span;
                    }
                });
            }
            Work::Firehose(firehose) => {
                add(format!("{of}.delivery"), firehose.delivery, &|changed, span| {
                    if let Work::Firehose(firehose) = &mut changed.consumers[index].work {
                        firehose.delivery = span;
                    }
                });
            }
            Work::Loop | Work::Kcl(_) | Work::Flink | Work::MicroBatch(_) => {}
        }
    }
    doubts
}
