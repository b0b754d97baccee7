//! What happens to consumers on a timetable, and where they begin to read.

use crate::time::Span;

/// A position of the stream, resolved at the moment when a consumer begins to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StartPosition {
    /// The oldest record that the stream still has.
    TrimHorizon,
    /// The first record that comes after.
    Latest,
    /// The first record that the stream took at this time since the start of the run or later.
    At(Span),
}

/// One incident.
#[derive(Clone, Debug, PartialEq)]
pub struct Incident {
    /// When it begins, since the start of the run.
    pub at: Span,
    /// How long it lasts; zero for what is done at once.
    pub lasts: Span,
    /// Index of the consumer.
    pub consumer: usize,
    /// What happens.
    pub kind: IncidentKind,
}

/// What happens to a consumer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum IncidentKind {
    /// It is killed and comes back at the end.
    Outage,
    /// It stops in good order and comes back at the end.
    Deploy,
    /// Batches that begin meanwhile take so many times as long.
    Slowdown(f64),
    /// So many of its workers are lost for good; others take over their leases.
    WorkerLoss(u32),
    /// What it writes to takes nothing.
    Throttling,
    /// Its function fails on one record of the shard with this index.
    Poison(usize),
    /// It reads on from another position.
    Replay(StartPosition),
}

impl IncidentKind {
    /// The word of the language.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Outage => "outage",
            Self::Deploy => "deploy",
            Self::Slowdown(_) => "slowdown",
            Self::WorkerLoss(_) => "worker_loss",
            Self::Throttling => "destination_throttled",
            Self::Poison(_) => "poison",
            Self::Replay(_) => "replay",
        }
    }

    /// Incidents of the same group cannot happen to a consumer at the same time.
    #[must_use]
    pub const fn group(self) -> u8 {
        match self {
            Self::Outage | Self::Deploy | Self::Replay(_) | Self::WorkerLoss(_) => 0,
            Self::Slowdown(_) => 1,
            Self::Throttling => 2,
            Self::Poison(_) => 3,
        }
    }
}
