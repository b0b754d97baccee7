//! What happens to a consumer at which time: when it does not work, and when it works slowly.

use crate::scenario::{Consumer, Incident, IncidentKind, StartPosition};
use crate::time::Span;

/// A time in which a consumer does not work.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stop {
    /// When it begins, in nanoseconds.
    pub(super) from: u64,
    /// When the consumer works again, in nanoseconds.
    pub(super) until: u64,
    pub(super) kind: StopKind,
}

/// How a consumer stops, and where it reads on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StopKind {
    /// It has not begun yet.
    Absent(StartPosition),
    /// It is killed, and reads on from its last checkpoint.
    Killed,
    /// It finishes what it has in hand, and reads on from there.
    InOrder,
    /// It is killed, and reads on from a new position.
    Moved(StartPosition),
}

/// The stops of a consumer in order of time, none touching another, and its slow times.
#[derive(Clone, Debug, Default)]
pub(super) struct Timetable {
    pub(super) stops: Vec<Stop>,
    slow: Vec<Slow>,
    /// When the destination throttles: from and until, in nanoseconds.
    throttled: Vec<(u64, u64)>,
    /// Records on which the function fails.
    pub(super) poisons: Vec<Poison>,
}

/// A record on which the function fails: the first that the shard takes from `from` on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Poison {
    pub(super) shard: usize,
    /// In nanoseconds, as `until`, when the function has been mended.
    pub(super) from: u64,
    pub(super) until: u64,
}

#[derive(Clone, Copy, Debug)]
struct Slow {
    from: u64,
    until: u64,
    factor: f64,
}

impl Timetable {
    /// The timetable of the consumer with the given index.
    pub(super) fn new(index: usize, consumer: &Consumer, incidents: &[Incident]) -> Self {
        let mut own = Self::default();
        if consumer.joins_at > Span::ZERO {
            let until = consumer.joins_at.nanoseconds();
            own.stops.push(Stop { from: 0, until, kind: StopKind::Absent(consumer.start) });
        }
        for incident in incidents.iter().filter(|incident| incident.consumer == index) {
            let from = incident.at.nanoseconds();
            let until = from.saturating_add(incident.lasts.nanoseconds());
            let kind = match incident.kind {
                IncidentKind::Outage => StopKind::Killed,
                IncidentKind::Deploy => StopKind::InOrder,
                IncidentKind::Replay(position) => StopKind::Moved(position),
                IncidentKind::WorkerLoss(_) => continue,
                IncidentKind::Poison(shard) => {
                    own.poisons.push(Poison { shard, from, until });
                    continue;
                }
                IncidentKind::Throttling => {
                    own.throttled.push((from, until));
                    continue;
                }
                IncidentKind::Slowdown(factor) => {
                    own.slow.push(Slow { from, until, factor });
                    continue;
                }
            };
            own.stops.push(Stop { from, until, kind });
        }
        own.stops.sort_by_key(|stop| stop.from);
        own.poisons.sort_by_key(|poison| poison.from);
        own
    }

    /// `nanoseconds` of processing that begins at `now`.
    #[inline]
    pub(super) fn lasting(&self, nanoseconds: u64, now: u64) -> u64 {
        match self.slow.iter().find(|slow| (slow.from..slow.until).contains(&now)) {
            Some(slow) => (nanoseconds as f64 * slow.factor).round() as u64,
            None => nanoseconds,
        }
    }

    /// When the destination takes what is written at `now`, in nanoseconds.
    pub(super) fn throttled_until(&self, now: u64) -> u64 {
        let throttled = self.throttled.iter().find(|(from, until)| (*from..*until).contains(&now));
        throttled.map_or(now, |(_, until)| *until)
    }
}

/// The first moment whose records are needed again by one of `stops`, in nanoseconds.
pub(super) fn needs_from(stops: &[Stop], retention: u64) -> u64 {
    let needs = stops.iter().map(|stop| match stop.kind {
        StopKind::Moved(StartPosition::At(at)) => at.nanoseconds(),
        StopKind::Moved(StartPosition::TrimHorizon) => stop.from.saturating_sub(retention),
        _ => u64::MAX,
    });
    needs.min().unwrap_or(u64::MAX)
}
