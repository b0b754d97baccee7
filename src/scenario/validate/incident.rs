//! Incidents: whom they meet, and that they do not contradict each other.

use super::{Context, or, service};
use crate::scenario::raw;
use crate::scenario::structure::did_you_mean;
use crate::scenario::tree::{Node, shorten};
use crate::scenario::{Consumer, Incident, IncidentKind, StartPosition, Work};
use crate::time::Span;

/// Checks the incidents; they keep the order of the file. `met` are the consumers, and the number of
/// shards.
pub(super) fn incidents(
    raw: &[raw::Incident],
    node: &Node,
    met: (&[Consumer], usize),
    context: &mut Context<'_, '_>,
) -> Vec<Incident> {
    let mut all: Vec<Incident> = Vec::new();
    for (index, raw) in raw.iter().enumerate() {
        let node = node.item(index);
        for incident in incident(raw, node, (met, &all), context) {
            check_clash(&incident, (met.0, &all), node, context);
            all.push(incident);
        }
    }
    all
}

/// Reports an incident that meets its consumer while another of the same kind lasts.
fn check_clash(
    incident: &Incident,
    (consumers, all): (&[Consumer], &[Incident]),
    node: &Node,
    context: &mut Context<'_, '_>,
) {
    let end = |incident: &Incident| match incident.kind {
        IncidentKind::WorkerLoss(_) => incident.at + service::FAILOVER_LONGEST,
        _ => incident.at + incident.lasts,
    };
    let clashes = |other: &&Incident| {
        other.consumer == incident.consumer
            && other.kind.group() == incident.kind.group()
            && !matches!(other.kind, IncidentKind::Poison(_))
            && other.at <= end(incident)
            && incident.at <= end(other)
    };
    if let Some(other) = all.iter().find(clashes) {
        let message = format!(
            "`{}` has {} from {} on already, which is not over by then",
            consumers[incident.consumer].name,
            article(other.kind),
            other.at,
        );
        let help = "let one end before the other begins, or write one that lasts longer";
        context.error("conflict", node.at("at"), message).help(help);
    }
}

fn article(kind: IncidentKind) -> &'static str {
    match kind {
        IncidentKind::Outage => "an outage",
        IncidentKind::Deploy => "a deploy",
        IncidentKind::Slowdown(_) => "a slowdown",
        IncidentKind::Throttling => "a throttled destination",
        IncidentKind::Poison(_) => "a poison record",
        IncidentKind::Replay(_) => "a replay",
        IncidentKind::WorkerLoss(_) => "a loss of workers",
    }
}

/// The incident of one element, one for each consumer that it meets.
fn incident(
    raw: &raw::Incident,
    node: &Node,
    ((consumers, shards), all): ((&[Consumer], usize), &[Incident]),
    context: &mut Context<'_, '_>,
) -> Vec<Incident> {
    let at = raw.at.0;
    if at >= context.duration {
        let message =
            format!("the incident begins at {at}, but the run ends at {}", context.duration);
        let help = "let it begin earlier, or make `duration` longer";
        context.error("out-of-range", node.at("at"), message).help(help);
    }
    let Some((key, name, kind)) = kind(raw, node, context) else {
        return Vec::new();
    };
    let lasts = lasting(raw, kind, node, context);
    let Some(name) = name else {
        let met = (0..consumers.len()).filter(|index| consumers[*index].joins_at <= at);
        let met: Vec<_> = met.map(|consumer| Incident { at, lasts, consumer, kind }).collect();
        if met.is_empty() {
            let message = "no consumer has joined by then";
            let help = "add one under `consumers`, or let the incident begin later";
            context.error("unknown-consumer", node.at(key), message).help(help);
        }
        return met;
    };
    let Some(consumer) = consumer_of(name, node.at(key), consumers, context) else {
        return Vec::new();
    };
    let incident = Incident { at, lasts, consumer, kind };
    check(&incident, &consumers[consumer], (node, key), context);
    match kind {
        IncidentKind::WorkerLoss(lost) => {
            let before = incidents_before(consumer, all);
            check_workers(lost, &consumers[consumer], before, node.at(key), context);
        }
        IncidentKind::Poison(shard) if shard >= shards => {
            let message = format!("there is no shard {shard} at the start");
            let help = format!("write one from 0 to {}", shards.saturating_sub(1));
            context.error("out-of-range", node.at(key).at("shard"), message).help(help);
        }
        _ => {}
    }
    vec![incident]
}

/// What happens, its key, and to whom; to everyone where it does not say.
fn kind<'raw>(
    raw: &'raw raw::Incident,
    node: &Node,
    context: &mut Context<'_, '_>,
) -> Option<(&'static str, Option<&'raw str>, IncidentKind)> {
    Some(if let Some(of) = &raw.outage {
        ("outage", of.consumer.as_deref(), IncidentKind::Outage)
    } else if let Some(of) = &raw.deploy {
        ("deploy", of.consumer.as_deref(), IncidentKind::Deploy)
    } else if let Some(of) = &raw.slowdown {
        ("slowdown", Some(&of.consumer), IncidentKind::Slowdown(of.factor))
    } else if let Some(of) = &raw.worker_loss {
        let lost = of.workers.unwrap_or(1);
        ("worker_loss", Some(&of.consumer), IncidentKind::WorkerLoss(lost))
    } else if let Some(of) = &raw.destination_throttled {
        ("destination_throttled", Some(&of.consumer), IncidentKind::Throttling)
    } else if let Some(of) = &raw.poison {
        let shard = of.shard.unwrap_or(0) as usize;
        ("poison", Some(&of.consumer), IncidentKind::Poison(shard))
    } else {
        let of = raw.replay.as_ref()?;
        let from = position(&of.from, raw.at.0, node.at("replay").at("from"), context);
        ("replay", Some(&of.consumer), IncidentKind::Replay(from))
    })
}

/// How long it lasts: no time for what is done at once, to the end for a record that stays bad.
fn lasting(
    raw: &raw::Incident,
    kind: IncidentKind,
    node: &Node,
    context: &mut Context<'_, '_>,
) -> Span {
    let lasts = or(raw.lasts.as_ref(), Span::ZERO);
    let at_once = matches!(kind, IncidentKind::Replay(_) | IncidentKind::WorkerLoss(_));
    if matches!(kind, IncidentKind::Poison(_)) && raw.lasts.is_none() {
        let end = context.duration.nanoseconds().saturating_sub(raw.at.0.nanoseconds());
        return Span::from_nanoseconds(end);
    }
    if at_once && raw.lasts.is_some() {
        let message = format!("{} is done at once and has no `for`", article(kind));
        context.error("conflict", node.at("for"), message).help("leave `for` out");
    } else if !at_once && lasts == Span::ZERO {
        let at = if raw.lasts.is_some() { node.at("for") } else { node };
        let message = format!("{} must last for some time", article(kind));
        context.error("out-of-range", at, message).help("write how long it lasts: `for: 2 h`");
    }
    lasts
}

/// Reports an incident that cannot meet its consumer.
fn check(
    incident: &Incident,
    consumer: &Consumer,
    (node, key): (&Node, &str),
    context: &mut Context<'_, '_>,
) {
    let name = &consumer.name;
    if consumer.joins_at > incident.at {
        let message = format!("`{name}` joins at {}, after the incident", consumer.joins_at);
        context
            .error("conflict", node.at("at"), message)
            .help("let the incident begin after `joins_at`");
    }
    if matches!(incident.kind, IncidentKind::Slowdown(_)) && consumer.takes_no_time() {
        let message =
            format!("the processing of `{name}` takes no time, which nothing makes longer");
        let help = "give the consumer a `processing` with `per_batch` or `per_record`";
        context.error("conflict", node.at(key), message).help(help);
    }
    if incident.kind == IncidentKind::Throttling && !matches!(consumer.work, Work::Firehose(_)) {
        let message = format!("`{name}` does not write to a destination of its own");
        let help = "only a `firehose` does; write a `slowdown` or an `outage`";
        context.error("conflict", node.at(key), message).help(help);
    }
    let fails = matches!(consumer.work, Work::Lambda(_));
    if matches!(incident.kind, IncidentKind::Poison(_)) && !fails {
        let message = format!("`{name}` has no function that could fail on a record");
        let help = "only a `lambda` tries a record again; other applications catch the error";
        context.error("conflict", node.at(key), message).help(help);
    }
}

/// Workers of a consumer that incidents take before.
fn incidents_before(consumer: usize, all: &[Incident]) -> u32 {
    let losses =
        all.iter().filter(|other| other.consumer == consumer).map(|other| match other.kind {
            IncidentKind::WorkerLoss(lost) => lost,
            _ => 0,
        });
    losses.sum()
}

/// Some workers must be left.
fn check_workers(
    lost: u32,
    consumer: &Consumer,
    before: u32,
    node: &Node,
    context: &mut Context<'_, '_>,
) {
    let name = &consumer.name;
    let Work::Kcl(kcl) = &consumer.work else {
        let message = format!("`{name}` has no workers");
        let help = "only a `kcl` consumer has; write an `outage`";
        context.error("conflict", node, message).help(help);
        return;
    };
    if before + lost >= kcl.workers {
        let message = format!("no worker of the {} of `{name}` would be left", kcl.workers);
        let help = "give the consumer more `workers`, or write an `outage`";
        context.error("out-of-range", node, message).help(help);
    }
}

/// A position that is known by `now`.
pub(super) fn position(
    raw: &raw::StartPosition,
    now: Span,
    node: &Node,
    context: &mut Context<'_, '_>,
) -> StartPosition {
    match raw {
        raw::StartPosition::TrimHorizon => StartPosition::TrimHorizon,
        raw::StartPosition::Latest => StartPosition::Latest,
        raw::StartPosition::At(at) => {
            if at.0 > now {
                let message =
                    format!("the position at {} lies after {now}, when reading begins", at.0);
                let help = "write an earlier time since the start of the run, or `latest`";
                context.error("out-of-range", node.at("at"), message).help(help);
            }
            StartPosition::At(at.0)
        }
    }
}

fn consumer_of(
    name: &str,
    node: &Node,
    consumers: &[Consumer],
    context: &mut Context<'_, '_>,
) -> Option<usize> {
    let index = consumers.iter().position(|consumer| consumer.name == name);
    if index.is_none() {
        let names: Vec<_> = consumers.iter().map(|consumer| consumer.name.as_str()).collect();
        let message = format!("there is no consumer `{}`", shorten(name));
        let help = match did_you_mean(name, &names) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None if names.is_empty() => "add one under `consumers`".to_owned(),
            None => format!("the consumers are {}", names.join(", ")),
        };
        context.error("unknown-consumer", node.at("consumer"), message).help(help);
    }
    index
}
