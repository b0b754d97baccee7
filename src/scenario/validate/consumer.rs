//! Consumers, and what a run must meet.

use super::client::ROUND_TRIP;
use super::scaling::child_shards;
use super::{Context, incident, micro_batch, or, service};
use crate::scenario::raw;
use crate::scenario::structure::did_you_mean;
use crate::scenario::tree::{Node, shorten};
use crate::scenario::{
    CapacityMode, ChildShards, Consumer, Objective, Processing, Reading, StartPosition, Work,
};
use crate::time::Span;
use crate::units::Records;

/// Below this a simulated poll loop says nothing about the service, whose calls take longer.
const INTERVAL_MINIMUM: Span = Span::from_milliseconds(1);
/// What most consumers poll at, and what AWS advises.
const INTERVAL: Span = Span::SECOND;

/// Checks the consumers.
pub(super) fn consumers(
    raw: &[raw::Consumer],
    node: &Node,
    mode: CapacityMode,
    context: &mut Context<'_, '_>,
) -> Vec<Consumer> {
    let (quota, most) = match mode {
        CapacityMode::OnDemandAdvantage { .. } => (
            "enhanced_fan_out_consumers_advantage",
            context.quotas.enhanced_fan_out_consumers_advantage.0,
        ),
        _ => ("enhanced_fan_out_consumers", context.quotas.enhanced_fan_out_consumers.0),
    };
    let mut enhanced = 0;
    let mut all = Vec::new();
    for (index, raw) in raw.iter().enumerate() {
        let node = node.item(index);
        if let Some(key) = enhanced_key(raw) {
            enhanced += 1;
            if enhanced == most + 1 {
                let at = node.at(key);
                let message = format!("this is enhanced fan-out consumer {enhanced} of the stream");
                let help = format!(
                    "a stream in mode {} allows {most} (quota `{quota}`); let some consumers poll",
                    mode.as_str()
                );
                context.error("too-many", at, message).help(help);
            }
        }
        all.push(consumer(raw, node, context));
    }
    all
}

/// The key of a consumer that reads by enhanced fan-out.
fn enhanced_key(raw: &raw::Consumer) -> Option<&'static str> {
    let enhanced = Some(raw::FanOut::Enhanced);
    let polling = Some(raw::FanOut::Polling);
    let kinds = [
        ("enhanced_fan_out", raw.enhanced_fan_out.is_some()),
        ("lambda", raw.lambda.as_ref().is_some_and(|raw| raw.fan_out == enhanced)),
        ("kcl", raw.kcl.as_ref().is_some_and(|raw| raw.fan_out != polling)),
        ("flink", raw.flink.as_ref().is_some_and(|raw| raw.fan_out == enhanced)),
        ("micro_batch", raw.micro_batch.as_ref().is_some_and(|raw| raw.fan_out == enhanced)),
    ];
    kinds.into_iter().find(|kind| kind.1).map(|kind| kind.0)
}

fn consumer(raw: &raw::Consumer, node: &Node, context: &mut Context<'_, '_>) -> Consumer {
    let name = raw.name.0.0.clone();
    let joins_at = or(raw.joins_at.as_ref(), Span::ZERO);
    if joins_at > Span::ZERO && joins_at >= context.duration {
        let message = format!("`{name}` joins at {joins_at}, but the run ends before");
        context.error("out-of-range", node.at("joins_at"), message).help("let it join earlier");
    }
    let start = raw.start.as_ref().map_or(StartPosition::TrimHorizon, |start| {
        incident::position(start, joins_at, node.at("start"), context)
    });
    let base = Consumer {
        name,
        reading: Reading::EnhancedFanOut { round_trip: ROUND_TRIP },
        processing: Processing::default(),
        joins_at,
        start,
        checkpoint_interval: Span::ZERO,
        work: Work::Loop,
        child_shards: ChildShards::default(),
    };
    if let Some(raw) = &raw.enhanced_fan_out {
        let round_trip = or(raw.round_trip.as_ref(), ROUND_TRIP);
        return Consumer {
            reading: Reading::EnhancedFanOut { round_trip },
            processing: processing(raw.processing.as_ref()),
            checkpoint_interval: or(raw.checkpoint_interval.as_ref(), Span::ZERO),
            child_shards: child_shards(
                raw.child_shards,
                raw.child_shards_found_every.as_ref(),
                node.at("enhanced_fan_out"),
                context,
            ),
            ..base
        };
    }
    if let Some(raw) = &raw.lambda {
        let enhanced = raw.fan_out == Some(raw::FanOut::Enhanced);
        let round_trip = or(raw.round_trip.as_ref(), ROUND_TRIP);
        return Consumer {
            reading: service::reading(enhanced, round_trip, context),
            processing: processing(raw.processing.as_ref()),
            work: Work::Lambda(service::lambda(raw, node.at("lambda"), context)),
            ..base
        };
    }
    if let Some(raw) = &raw.firehose {
        let round_trip = or(raw.round_trip.as_ref(), ROUND_TRIP);
        return Consumer {
            reading: service::reading(false, round_trip, context),
            work: Work::Firehose(service::firehose(raw, node.at("firehose"), context)),
            ..base
        };
    }
    if let Some(raw) = &raw.kcl {
        return service::kcl(raw, base, node.at("kcl"), context);
    }
    if let Some(raw) = &raw.flink {
        return service::flink(raw, base, node.at("flink"), context);
    }
    if let Some(raw) = &raw.micro_batch {
        return micro_batch::micro_batch(raw, base, node.at("micro_batch"), context);
    }
    polling(raw, base, node, context)
}

fn polling(
    raw: &raw::Consumer,
    base: Consumer,
    node: &Node,
    context: &mut Context<'_, '_>,
) -> Consumer {
    let node = node.at("polling");
    let polling = raw.polling.as_ref();
    let interval = or(polling.and_then(|raw| raw.interval.as_ref()), INTERVAL);
    if interval < INTERVAL_MINIMUM {
        let message = format!("`interval` must be at least 1 ms, but it is {interval}");
        let help = "a shard answers 5 calls a second to all polling consumers together";
        context.error("out-of-range", node.at("interval"), message).help(help);
    }
    let most = context.quotas.get_records_max_records;
    let max_records =
        or(polling.and_then(|raw| raw.max_records.as_ref()), Records(10_000).min(most));
    if max_records == Records(0) || max_records > most {
        let most = most.0;
        let message =
            format!("`max_records` must be from 1 to {most}, but it is {}", max_records.0);
        let help = "no GetRecords call returns more (quota `get_records_max_records`)";
        context.error("out-of-range", node.at("max_records"), message).help(help);
    }
    let round_trip = or(polling.and_then(|raw| raw.round_trip.as_ref()), ROUND_TRIP);
    let reading = Reading::Polling { interval, max_records, round_trip };
    Consumer {
        reading,
        processing: processing(polling.and_then(|raw| raw.processing.as_ref())),
        checkpoint_interval: or(
            polling.and_then(|raw| raw.checkpoint_interval.as_ref()),
            Span::ZERO,
        ),
        child_shards: child_shards(
            polling.and_then(|raw| raw.child_shards),
            polling.and_then(|raw| raw.child_shards_found_every.as_ref()),
            node,
            context,
        ),
        ..base
    }
}

pub(super) fn processing(raw: Option<&raw::Processing>) -> Processing {
    raw.map_or_else(Processing::default, |raw| Processing {
        per_batch: or(raw.per_batch.as_ref(), Span::ZERO),
        per_record: or(raw.per_record.as_ref(), Span::ZERO),
    })
}

/// Checks the objectives; they keep the order of the file.
pub(super) fn objectives(
    raw: &raw::Objectives,
    node: &Node,
    consumers: &[Consumer],
    has_region: bool,
    context: &mut Context<'_, '_>,
) -> Vec<Objective> {
    let mut all = Vec::new();
    for key in node.keys() {
        let node = node.at(key);
        if key == "figures" {
            let figures = raw.figures.iter().flatten().enumerate();
            all.extend(
                figures.map(|(figure, of)| Objective::Figure { figure, at_most: of.at_most }),
            );
            continue;
        }
        all.extend(match key {
            "write_throttled" => {
                raw.write_throttled.as_ref().map(|of| Objective::WriteThrottled(of.at_most.0))
            }
            "given_up" => raw.given_up.as_ref().map(|of| Objective::GivenUp(of.at_most.0)),
            "put_latency_p99" => {
                raw.put_latency_p99.as_ref().map(|of| Objective::PutLatencyP99(of.at_most.0))
            }
            "iterator_age_p99" => raw.iterator_age_p99.as_ref().map(|of| {
                let consumer = consumer_of(of, node, key, consumers, context);
                Objective::IteratorAgeP99 { consumer, at_most: of.at_most.0 }
            }),
            "end_to_end_latency_p99" => raw.end_to_end_latency_p99.as_ref().map(|of| {
                let consumer = consumer_of(of, node, key, consumers, context);
                Objective::EndToEndLatencyP99 { consumer, at_most: of.at_most.0 }
            }),
            "cost_per_month" => raw.cost_per_month.as_ref().map(|of| {
                if !has_region {
                    let message = "`cost_per_month` needs a region, because prices differ";
                    let help = "write for example `region: us-east-1` at the head of the file";
                    context.error("missing-region", node, message).help(help);
                }
                Objective::CostPerMonth(of.at_most.0)
            }),
            _ => None,
        });
    }
    all
}

/// The index of the consumer that an objective names.
fn consumer_of(
    raw: &raw::ConsumerObjective,
    node: &Node,
    key: &str,
    consumers: &[Consumer],
    context: &mut Context<'_, '_>,
) -> Option<usize> {
    if consumers.is_empty() {
        let message = format!("`{key}` needs a consumer, but the scenario has none");
        context.error("unknown-consumer", node, message).help("add one under `consumers`");
        return None;
    }
    let name = raw.consumer.as_ref()?;
    let index = consumers.iter().position(|consumer| consumer.name == *name);
    if index.is_none() {
        let names: Vec<_> = consumers.iter().map(|consumer| consumer.name.as_str()).collect();
        let message = format!("there is no consumer `{}`", shorten(name));
        let help = match did_you_mean(name, &names) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("the consumers are {}", names.join(", ")),
        };
        context.error("unknown-consumer", node.at("consumer"), message).help(help);
    }
    index
}
