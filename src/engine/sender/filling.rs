//! The container of one shard, filled with what the application makes for the shard.
//!
//! While nothing else happens on a shard, what its container takes in is known beforehand: all that
//! is made until the container is due, or full. So it is filled at once up to that moment, and
//! where something comes between, what is made later is taken out again.

use super::aggregator::Rules;
use super::container::Container;
use super::places::Places;
use super::record::{Coming, Put, UserRecord};
use super::{Event, Moment};

/// A shard's container, and what is made for the shard.
#[derive(Debug, Default)]
pub(super) struct Filling {
    pub(super) container: Container,
    /// What is made in this window, by time, if records come by shard.
    pub(super) coming: Vec<Coming>,
    /// How many of them are in the container, or went out of it.
    pub(super) taken: usize,
    /// Whether all that is in the container has come, and nothing else has.
    pub(super) is_settled: bool,
    /// Buffers of user records that are done with.
    pub(super) spare: Vec<Vec<UserRecord>>,
}

impl Filling {
    /// Fills the container up to the first moment before `until` at which it is to be closed; says
    /// when and why that is.
    pub(super) fn fill(&mut self, shard: u16, until: u64, rules: &Rules) -> Option<(u64, Event)> {
        let Self { container, coming, taken, .. } = self;
        let deadline = match container.due() {
            Some((deadline, _)) => deadline,
            None => {
                let first = coming.get(*taken)?;
                container.begin();
                first.created + rules.buffered
            }
        };
        loop {
            *taken += container.take(&coming[*taken..], deadline, rules);
            if !container.can_be_full(rules) {
                return self.due(shard).filter(|_| deadline < until);
            }
            if container.is_full(rules) {
                let last = coming[..*taken].last()?;
                return Some((last.created, Event::Full(last.turn(), shard, container.number)));
            }
        }
    }

    /// When and why the container is to be closed if nothing more comes.
    pub(super) fn due(&self, shard: u16) -> Option<(u64, Event)> {
        let (deadline, number) = self.container.due()?;
        Some((deadline, Event::Aggregate(shard, number)))
    }

    /// Takes out of the container what has not come by `moment`.
    pub(super) fn settle(&mut self, moment: Moment, rules: &Rules) {
        let taken = &self.coming[..self.taken];
        if taken.last().is_none_or(|last| moment.has_come(last)) {
            return;
        }
        let come = taken.partition_point(|record| moment.has_come(record));
        self.container.take_back(taken.len() - come, rules);
        self.taken = come;
    }

    /// Closes the container, and those after it that are full.
    pub(super) fn close(&mut self, places: &mut Places, rules: &Rules, made: &mut Vec<Put>) {
        made.push(self.container.flush(places, &mut self.spare, rules));
        self.close_full(places, rules, made);
    }

    /// Closes the container, and those after it, as long as they are full.
    pub(super) fn close_full(&mut self, places: &mut Places, rules: &Rules, made: &mut Vec<Put>) {
        while self.container.is_full(rules) {
            made.push(self.container.flush(places, &mut self.spare, rules));
        }
    }
}
