//! What a lane hands over when its shard closes, and takes over when it opens.

use super::Lane;
use crate::engine::key_order::Watched;
use crate::engine::retry::Waiting;
use crate::engine::source::Arrival;

/// What was on its way to a shard when it closed.
#[derive(Debug)]
pub(in crate::engine) struct LeftOver {
    pub(in crate::engine) arrivals: Vec<Arrival>,
    pub(in crate::engine) waiting: Vec<Waiting>,
    /// Producer, number of the key, and what is known of it.
    pub(in crate::engine) watched: Vec<(usize, u32, Watched)>,
}

impl Lane {
    /// Closes the shard at `now`, up to which everything has been played, and hands over what was
    /// on its way here: first attempts, records that wait for another, and the keys of those.
    pub(in crate::engine) fn close(&mut self, now: u64) -> LeftOver {
        self.closed = now;
        self.seconds.close_shard(now);
        self.readers.close_shard(now);
        LeftOver {
            arrivals: std::mem::take(&mut self.inbox),
            waiting: self.retries.drain(),
            watched: self.order.take().collect(),
        }
    }

    /// Takes over a first attempt that was on its way to a parent.
    pub(in crate::engine) fn take_arrival(&mut self, arrival: Arrival) {
        self.inbox.push(arrival);
    }

    /// Takes over a record that waits for another attempt.
    pub(in crate::engine) fn take_waiting(&mut self, record: &Waiting, now: u64) {
        self.retries.push(record, now, record.due());
    }

    /// Takes over what was watched of a key at a parent.
    pub(in crate::engine) fn take_watched(&mut self, producer: usize, key: u32, watched: Watched) {
        self.order.adopt(producer, key, watched);
    }

    /// Puts first attempts that came of several parents in order.
    pub(in crate::engine) fn sort_arrivals(&mut self) {
        self.inbox.sort_by_key(|arrival| (arrival.service(), arrival.call()));
    }

    /// Whether the shard is closed and everyone has read it before `now`, so that nothing happens
    /// here any more.
    pub(in crate::engine) fn is_over(&self, now: u64) -> bool {
        self.seconds.are_over() && self.readers.are_finished(now)
    }
}
