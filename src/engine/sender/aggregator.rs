//! Aggregation as the KPL does it: user records of one predicted shard share a Kinesis record.
//!
//! A container is closed when its estimated size reaches the limit, when it holds as many records
//! as it may, or when the deadline of one of its records comes. What goes out is the longest run
//! of records, by deadline, whose exact size fits; the others begin the next container.

use smallvec::SmallVec;

use super::filling::Filling;
use super::places::Places;
use super::record::{Coming, Put, UserRecord};
use super::{Event, Moment};
use crate::engine::source::InCall;
use crate::model::aggregation::TableEntry;
use crate::scenario::{Aggregation, Kpl};

/// How the keys of a producer stand in an aggregated record.
#[derive(Clone, Copy, Debug)]
pub(in crate::engine) struct Keys {
    /// Whether each record has a key of its own.
    pub(in crate::engine) are_fresh: bool,
    /// Bytes of the explicit hash key of each record, and whether all have the same.
    pub(in crate::engine) explicit: Option<(u64, bool)>,
}

/// What is the same for all shards.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rules {
    pub(super) max_bytes: u64,
    pub(super) max_records: usize,
    pub(super) keys: Keys,
    /// How long a record that is made may wait in a container, and until it expires; nanoseconds.
    pub(super) buffered: u64,
    pub(super) lives: u64,
}

#[derive(Debug)]
pub(super) struct Aggregator {
    rules: Rules,
    /// By shard.
    fillings: Vec<Filling>,
    /// Shards of which something was put in, or went out, since they were last filled.
    changed: Vec<u16>,
    /// For containers that are packed at once.
    places: Places,
}

impl Aggregator {
    pub(super) fn new(rules: Rules, shards: usize) -> Self {
        let fillings = (0..shards).map(|_| Filling::default()).collect();
        Self { rules, fillings, changed: Vec::new(), places: Places::default() }
    }

    /// Whether it can take what is made for each shard beforehand: not where a record would be due
    /// as it comes.
    pub(super) const fn takes_by_shard(&self) -> bool {
        self.rules.buffered > 0
    }

    /// Takes what is made for each shard in a window; what it had is done with.
    pub(super) fn begin_window(&mut self, lists: &mut [Vec<Coming>]) {
        self.changed.clear();
        for ((shard, filling), list) in (0..).zip(&mut self.fillings).zip(lists) {
            std::mem::swap(&mut filling.coming, list);
            list.clear();
            filling.taken = 0;
            filling.is_settled = true;
            self.changed.push(shard);
        }
    }

    /// What is made for each shard in this window.
    pub(super) fn coming(&self) -> impl Iterator<Item = &[Coming]> {
        self.fillings.iter().map(|filling| &filling.coming[..])
    }

    /// Fills the containers that have changed up to when they are to be closed next, if that is
    /// before `until`; gives when that is, and why.
    pub(super) fn fill(&mut self, until: u64) -> impl Iterator<Item = (u64, Event)> {
        let Self { fillings, changed, rules, .. } = self;
        changed.drain(..).filter_map(move |shard| {
            let filling = &mut fillings[usize::from(shard)];
            filling.is_settled = false;
            filling.fill(shard, until, rules)
        })
    }

    /// Something comes to a shard at `moment`: takes out of its container what has not come by then.
    pub(super) fn settle(&mut self, shard: u16, moment: Moment) {
        let filling = &mut self.fillings[usize::from(shard)];
        if !filling.is_settled {
            filling.settle(moment, &self.rules);
            self.change(shard);
        }
    }

    /// Gives what has not come by `moment`, shard by shard: containers are no longer filled beforehand.
    pub(super) fn leave(&mut self, moment: Moment) -> Vec<Coming> {
        let mut left = Vec::new();
        for filling in &mut self.fillings {
            filling.settle(moment, &self.rules);
            left.extend(filling.coming.drain(filling.taken..));
        }
        self.changed.clear();
        left
    }

    /// Takes back the buffer of user records that are done with.
    #[inline]
    pub(super) fn give_back(&mut self, shard: u16, users: SmallVec<[UserRecord; 1]>) {
        if users.spilled() {
            let mut users = users.into_vec();
            users.clear();
            self.fillings[usize::from(shard)].spare.push(users);
        }
    }

    /// Puts records, which are to be handed on by `deadline`, into the container of `shard` until one
    /// is full, and that goes to `made`. Gives how many, and when the container is due, if that is new.
    pub(super) fn put(
        &mut self,
        users: &[UserRecord],
        (shard, deadline): (u16, u64),
        made: &mut Vec<Put>,
    ) -> (usize, Option<(u64, Event)>) {
        let Self { fillings, places, rules, .. } = self;
        let filling = &mut fillings[usize::from(shard)];
        let was = filling.due(shard);
        let mut count = 0;
        while count < users.len() && made.is_empty() {
            count += filling.container.put(&users[count..], (shard, deadline), rules);
            if filling.container.can_be_full(rules) {
                filling.close_full(places, rules, made);
            }
        }
        (count, filling.due(shard).filter(|due| was != Some(*due)))
    }

    /// Closes the container if it still is the one that was due; gives when the next one is.
    pub(super) fn close(
        &mut self,
        shard: u16,
        number: u32,
        now: u64,
        made: &mut Vec<Put>,
    ) -> Option<(u64, Event)> {
        let filling = &mut self.fillings[usize::from(shard)];
        if filling.container.due().is_none_or(|(due, open)| due > now || open != number) {
            return None;
        }
        filling.close(&mut self.places, &self.rules, made);
        self.change(shard);
        self.fillings[usize::from(shard)].due(shard)
    }

    /// Closes the container if it still is the one that was to be full.
    pub(super) fn close_full(&mut self, shard: u16, number: u32, made: &mut Vec<Put>) {
        let filling = &mut self.fillings[usize::from(shard)];
        if filling.container.number == number && filling.container.is_full(&self.rules) {
            filling.close(&mut self.places, &self.rules, made);
            self.change(shard);
        }
    }

    /// What is in the container of a shard has come, and something else may have.
    fn change(&mut self, shard: u16) {
        let filling = &mut self.fillings[usize::from(shard)];
        if !std::mem::replace(&mut filling.is_settled, true) {
            self.changed.push(shard);
        }
    }

    /// Makes room for shards with names below `slots`.
    pub(super) fn reach(&mut self, slots: usize) {
        if self.fillings.len() < slots {
            self.fillings.resize_with(slots, Filling::default);
        }
    }

    /// When each container is due.
    pub(super) fn dues(&self) -> impl Iterator<Item = (u64, Event)> {
        (0..).zip(&self.fillings).filter_map(|(shard, filling)| filling.due(shard))
    }

    /// The records that wait, to be told of another shard.
    pub(super) fn users_mut(&mut self) -> impl Iterator<Item = &mut UserRecord> {
        self.fillings.iter_mut().flat_map(|filling| &mut filling.container.users)
    }

    /// The records that wait.
    pub(super) fn users(&self) -> impl Iterator<Item = &UserRecord> {
        self.fillings.iter().flat_map(|filling| &filling.container.users)
    }
}

impl Rules {
    pub(super) fn new(limits: Aggregation, kpl: &Kpl, keys: Keys) -> Self {
        Self {
            max_bytes: limits.max_bytes.0,
            max_records: limits.max_records.0.min(u64::from(InCall::USERS_MAX)) as usize,
            keys,
            buffered: kpl.max_buffered_time.nanoseconds(),
            lives: kpl.time_to_live.nanoseconds(),
        }
    }

    /// How the explicit hash key of the record of the given number in its container stands in the
    /// table of those, if it has one.
    #[inline(always)]
    pub(super) fn explicit(&self, number: usize) -> Option<TableEntry> {
        self.keys.explicit.map(|(bytes, is_shared)| TableEntry {
            index: if is_shared { 0 } else { number as u64 },
            bytes,
            is_new: !is_shared || number == 0,
        })
    }
}

#[cfg(test)]
mod tests;
