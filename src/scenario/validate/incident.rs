//! Incidents: whom they meet, and that they do not contradict each other.

use super::{Context, or, service};
use crate::scenario::raw;
use crate::scenario::structure::did_you_mean;
use crate::scenario::tree::{Node, shorten};
use crate::scenario::{Consumer, Incident, IncidentKind, StartPosition, Work};
use crate::time::Span;

/// Checks the incidents; they keep the order of the file.
pub(super) fn incidents(
    raw: &[raw::Incident],
    node: &Node,
    consumers: &[Consumer],
    context: &mut Context<'_, '_>,
) -> Vec<Incident> {
    let mut all: Vec<Incident> = Vec::new();
    for (index, raw) in raw.iter().enumerate() {
        let node = node.item(index);
        let Some(incident) = incident(raw, node, (consumers, &all), context) else {
            continue;
        };
        let end = |incident: &Incident| match incident.kind {
            IncidentKind::WorkerLoss(_) => incident.at + service::FAILOVER_LONGEST,
            _ => incident.at + incident.lasts,
        };
        let clashes = |other: &&Incident| {
            other.consumer == incident.consumer
                && other.kind.group() == incident.kind.group()
                && other.at <= end(&incident)
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
        all.push(incident);
    }
    all
}

fn article(kind: IncidentKind) -> &'static str {
    match kind {
        IncidentKind::Outage => "an outage",
        IncidentKind::Deploy => "a deploy",
        IncidentKind::Slowdown(_) => "a slowdown",
        IncidentKind::Throttling => "a throttled destination",
        IncidentKind::Replay(_) => "a replay",
        IncidentKind::WorkerLoss(_) => "a loss of workers",
    }
}

fn incident(
    raw: &raw::Incident,
    node: &Node,
    (consumers, all): (&[Consumer], &[Incident]),
    context: &mut Context<'_, '_>,
) -> Option<Incident> {
    let at = raw.at.0;
    if at >= context.duration {
        let message =
            format!("the incident begins at {at}, but the run ends at {}", context.duration);
        let help = "let it begin earlier, or make `duration` longer";
        context.error("out-of-range", node.at("at"), message).help(help);
    }
    let (key, name, kind) = if let Some(of) = &raw.outage {
        ("outage", &of.consumer, IncidentKind::Outage)
    } else if let Some(of) = &raw.deploy {
        ("deploy", &of.consumer, IncidentKind::Deploy)
    } else if let Some(of) = &raw.slowdown {
        ("slowdown", &of.consumer, IncidentKind::Slowdown(of.factor))
    } else if let Some(of) = &raw.worker_loss {
        ("worker_loss", &of.consumer, IncidentKind::WorkerLoss(of.workers.unwrap_or(1)))
    } else if let Some(of) = &raw.destination_throttled {
        ("destination_throttled", &of.consumer, IncidentKind::Throttling)
    } else {
        let of = raw.replay.as_ref()?;
        let from = position(&of.from, at, node.at("replay").at("from"), context);
        ("replay", &of.consumer, IncidentKind::Replay(from))
    };
    let lasts = or(raw.lasts.as_ref(), Span::ZERO);
    let at_once = matches!(kind, IncidentKind::Replay(_) | IncidentKind::WorkerLoss(_));
    if at_once && raw.lasts.is_some() {
        let message = format!("{} is done at once and has no `for`", article(kind));
        context.error("conflict", node.at("for"), message).help("leave `for` out");
    } else if !at_once && lasts == Span::ZERO {
        let at = if raw.lasts.is_some() { node.at("for") } else { node };
        let message = format!("{} must last for some time", article(kind));
        context.error("out-of-range", at, message).help("write how long it lasts: `for: 2 h`");
    }
    let consumer = consumer_of(name, node.at(key), consumers, context)?;
    if consumers[consumer].joins_at > at {
        let message =
            format!("`{name}` joins at {}, after the incident", consumers[consumer].joins_at);
        context
            .error("conflict", node.at("at"), message)
            .help("let the incident begin after `joins_at`");
    }
    if matches!(kind, IncidentKind::Slowdown(_)) && consumers[consumer].takes_no_time() {
        let message =
            format!("the processing of `{name}` takes no time, which nothing makes longer");
        let help = "give the consumer a `processing` with `per_batch` or `per_record`";
        context.error("conflict", node.at(key), message).help(help);
    }
    if let IncidentKind::WorkerLoss(lost) = kind {
        check_workers(
            lost,
            &consumers[consumer],
            incidents_before(consumer, all),
            node.at(key),
            context,
        );
    }
    let writes = matches!(consumers[consumer].work, Work::Firehose(_));
    if kind == IncidentKind::Throttling && !writes {
        let message = format!("`{name}` does not write to a destination of its own");
        let help = "only a `firehose` does; write a `slowdown` or an `outage`";
        context.error("conflict", node.at(key), message).help(help);
    }
    Some(Incident { at, lasts, consumer, kind })
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
