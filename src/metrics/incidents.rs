//! What incidents did to the consumers that they met, second by second.

use std::collections::VecDeque;

use super::series::{ConsumerStep, StreamStep};
use crate::time::{NANOSECONDS_PER_SECOND, Span};

/// Seconds before an incident that show how far behind its consumer normally is.
const SECONDS_BEFORE: usize = 60;
/// A consumer that is no further behind than this is not behind, in milliseconds.
const NORMAL_LEAST_MS: u64 = 1_000;

/// What one incident came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IncidentObservation {
    /// Highest true iterator age of any shard from its beginning until the consumer has caught up,
    /// in milliseconds.
    pub iterator_age_ms_max: u64,
    /// Most records that its consumer had yet to read in that time.
    pub backlog_records_max: u64,
    /// How long after its end the consumer had caught up; none when the run ended before.
    pub drained_after: Option<Span>,
}

/// Age of the oldest record that is not done, read or not: what has been read in one large answer is
/// not caught up with before it has been worked through.
fn undone_ms(step: &ConsumerStep) -> u64 {
    step.iterator_age_ms_max.max(step.in_hand_age_ms_max)
}

/// Follows the incidents of a run.
#[derive(Clone, Debug)]
pub struct IncidentWatch {
    incidents: Vec<Watched>,
    /// The next second.
    next: u64,
    /// Ages of each consumer in the last seconds, in milliseconds.
    recent: Vec<VecDeque<u64>>,
}

#[derive(Clone, Debug)]
struct Watched {
    consumer: usize,
    /// Begin and end in nanoseconds.
    at: u64,
    end: u64,
    /// The age up to which the consumer counts as caught up, known once the incident has begun.
    normal_ms: Option<u64>,
    seen: IncidentObservation,
}

impl Watched {
    /// It has begun, and its consumer has not caught up since.
    fn is_open(&self) -> bool {
        self.normal_ms.is_some() && self.seen.drained_after.is_none()
    }
}

impl IncidentWatch {
    /// Incidents as the index of the consumer, the begin and the length of each.
    #[must_use]
    pub fn new(incidents: impl Iterator<Item = (usize, Span, Span)>, consumers: usize) -> Self {
        let incidents = incidents.map(|(consumer, at, lasts)| Watched {
            consumer,
            at: at.nanoseconds(),
            end: (at + lasts).nanoseconds(),
            normal_ms: None,
            seen: IncidentObservation::default(),
        });
        Self {
            incidents: incidents.collect(),
            next: 0,
            recent: vec![VecDeque::with_capacity(SECONDS_BEFORE); consumers],
        }
    }

    /// Looks at the next second of the run.
    pub fn push(&mut self, second: &StreamStep) {
        self.next += 1;
        if self.incidents.is_empty() {
            return;
        }
        let end_of_second = self.next * NANOSECONDS_PER_SECOND;
        for index in 0..self.incidents.len() {
            let incident = &self.incidents[index];
            let (consumer, has_begun) = (incident.consumer, incident.at < end_of_second);
            if !has_begun || incident.seen.drained_after.is_some() {
                continue;
            }
            let normal_ms = incident.normal_ms.unwrap_or_else(|| self.normal_ms(consumer));
            let step = second.consumers[consumer];
            let incident = &mut self.incidents[index];
            incident.normal_ms = Some(normal_ms);
            let seen = &mut incident.seen;
            seen.iterator_age_ms_max = seen.iterator_age_ms_max.max(step.iterator_age_ms_max);
            seen.backlog_records_max = seen.backlog_records_max.max(step.backlog_records);
            if incident.end < end_of_second && undone_ms(&step) <= normal_ms {
                seen.drained_after = Some(Span::from_nanoseconds(end_of_second - incident.end));
            }
        }
        for (recent, step) in self.recent.iter_mut().zip(&second.consumers) {
            if recent.len() == SECONDS_BEFORE {
                recent.pop_front();
            }
            recent.push_back(undone_ms(step));
        }
    }

    /// How far behind a consumer was before: that of an incident which it has not got over, or the
    /// highest age of the last minute.
    fn normal_ms(&self, consumer: usize) -> u64 {
        let of_consumer = |other: &&Watched| other.consumer == consumer && other.is_open();
        let open = self.incidents.iter().find(of_consumer);
        open.and_then(|other| other.normal_ms).unwrap_or_else(|| {
            let highest = self.recent[consumer].iter().copied().max().unwrap_or(0);
            highest.max(NORMAL_LEAST_MS)
        })
    }

    /// What the incidents came to, in their order.
    #[must_use]
    pub fn into_observations(self) -> Vec<IncidentObservation> {
        self.incidents.into_iter().map(|incident| incident.seen).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn watched(ages_ms: impl Iterator<Item = u64>, incidents: &[(u64, u64)]) -> IncidentWatch {
        let span = Span::from_seconds;
        let incidents = incidents.iter().map(|(at, lasts)| (0, span(*at), span(*lasts)));
        let mut watch = IncidentWatch::new(incidents, 1);
        for age_ms in ages_ms {
            let step = ConsumerStep { iterator_age_ms_max: age_ms, ..ConsumerStep::default() };
            watch.push(&StreamStep { consumers: vec![step], ..StreamStep::default() });
        }
        watch
    }

    #[test]
    fn a_consumer_has_caught_up_when_it_is_as_late_as_before() {
        let ages = |second: u64| match second {
            0..100 => 2_000 + second % 7,
            100..130 => (second - 99) * 1_000,
            _ => (30_000_u64).saturating_sub((second - 129) * 2_000),
        };
        let seen = watched((0..200).map(ages), &[(100, 30)]).into_observations();
        assert_eq!(seen[0].iterator_age_ms_max, 30_000);
        assert_eq!(seen[0].drained_after, Some(Span::from_seconds(14)));
    }

    #[test]
    fn an_incident_within_another_is_over_with_it() {
        let ages = |second: u64| if second < 10 { 0 } else { 50_000 };
        let seen = watched((0..60).map(ages), &[(10, 5), (30, 5)]).into_observations();
        assert_eq!((seen[0].drained_after, seen[1].drained_after), (None, None));
        let ages = |second: u64| if second % 50 < 10 { 0 } else { 50_000 };
        let seen = watched((0..60).map(ages), &[(10, 5), (30, 5)]).into_observations();
        assert_eq!(seen[0].drained_after, Some(Span::from_seconds(36)));
        assert_eq!(seen[1].drained_after, Some(Span::from_seconds(16)));
    }
}
