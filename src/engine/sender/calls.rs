//! The calls of a client: those that are ready, and those under way.

use std::collections::VecDeque;

use crate::engine::sender::record::Put;
use crate::model::backoff::Waits;

/// One PutRecord or PutRecords call.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) puts: Vec<Put>,
    /// What its draws are made from.
    pub(super) identity: u64,
    /// When it reaches the service, in nanoseconds.
    pub(super) service: u64,
    /// How often it has been sent.
    pub(super) attempt: u32,
    /// No answer will come.
    pub(super) is_lost: bool,
    /// The answer has come, or would have.
    pub(super) is_answered: bool,
    /// A record came to a shard that the client does not know.
    pub(super) is_surprising: bool,
}

impl Call {
    /// It is sent, to reach the service at `service`.
    pub(super) fn send(&mut self, service: u64, waits: &Waits) {
        self.service = service;
        self.attempt += 1;
        self.is_lost = waits.is_lost(self.identity, self.attempt);
        self.is_answered = false;
        self.is_surprising = false;
        for put in &mut self.puts {
            put.is_refused = false;
        }
    }
}

/// Calls of one client.
#[derive(Debug)]
pub(super) struct Calls {
    /// Most calls under way.
    most: u32,
    /// By slot.
    under_way: Vec<Option<Call>>,
    free: Vec<u32>,
    /// Calls that wait for a slot.
    pub(super) ready: VecDeque<Vec<Put>>,
    /// How many of the first of them have failed before.
    again: usize,
    /// Calls started so far.
    started: u64,
}

impl Calls {
    pub(super) fn new(most: u32) -> Self {
        Self {
            most,
            under_way: Vec::new(),
            free: Vec::new(),
            ready: VecDeque::new(),
            again: 0,
            started: 0,
        }
    }

    /// Gives the next call that is ready a slot, if one is free. The call draws by the number of its
    /// first record where `by_record`, else by its own.
    pub(super) fn start(&mut self, by_record: bool) -> Option<u32> {
        if self.room() == 0 {
            return None;
        }
        let puts = self.ready.pop_front()?;
        self.again = self.again.saturating_sub(1);
        let first = puts.first().and_then(|put| put.users.first());
        let identity = match first {
            Some(user) if by_record => u64::from(user.number),
            _ => self.started,
        };
        self.started += 1;
        let call = Call {
            puts,
            identity,
            service: 0,
            attempt: 0,
            is_lost: false,
            is_answered: false,
            is_surprising: false,
        };
        Some(if let Some(slot) = self.free.pop() {
            self.under_way[slot as usize] = Some(call);
            slot
        } else {
            self.under_way.push(Some(call));
            self.under_way.len() as u32 - 1
        })
    }

    /// Lets records that have failed go before all that have not.
    pub(super) fn push_again(&mut self, puts: Vec<Put>) {
        self.ready.insert(self.again, puts);
        self.again += 1;
    }

    /// Whether a call is ready and may be sent.
    pub(super) fn may_start(&self) -> bool {
        !self.ready.is_empty() && self.room() > 0
    }

    /// Calls that may be sent beside those under way.
    pub(super) fn room(&self) -> usize {
        self.most as usize + self.free.len() - self.under_way.len()
    }

    pub(super) fn get(&mut self, slot: u32) -> Option<&mut Call> {
        self.under_way.get_mut(slot as usize)?.as_mut()
    }

    /// Takes a call out of its slot.
    pub(super) fn take(&mut self, slot: u32) -> Option<Call> {
        let call = self.under_way.get_mut(slot as usize)?.take();
        if call.is_some() {
            self.free.push(slot);
        }
        call
    }

    /// The slots in use, in the order in which their calls reach the service.
    pub(super) fn by_service(&self) -> Vec<u32> {
        let mut calls: Vec<(u64, u32)> = (0..)
            .zip(&self.under_way)
            .filter_map(|(slot, call)| Some((call.as_ref()?.service, slot)))
            .collect();
        calls.sort_unstable();
        calls.into_iter().map(|(_, slot)| slot).collect()
    }

    /// Hears that a shard refused a record of a call.
    #[inline]
    pub(super) fn refuse(&mut self, slot: u32, place: u32) {
        if let Some(call) = self.get(slot)
            && let Some(put) = call.puts.get_mut(place as usize)
        {
            put.is_refused = true;
        }
    }

    /// All records, to be told of another shard: those that have yet to reach the service, or to be
    /// sent again.
    pub(super) fn puts_mut(&mut self) -> impl Iterator<Item = &mut Put> {
        let under_way = self.under_way.iter_mut().flatten().flat_map(|call| &mut call.puts);
        under_way.chain(self.ready.iter_mut().flatten())
    }

    /// Takes out the record that has waited for longest.
    pub(super) fn drop_oldest(&mut self) -> Option<Put> {
        let puts = self.ready.front_mut()?;
        if puts.len() > 1 {
            return Some(puts.remove(0));
        }
        self.ready.pop_front()?.pop()
    }
}
