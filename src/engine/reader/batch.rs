//! What a micro-batch over all shards does to a consumer at one of them.

use super::{Readers, State};
use crate::engine::lane::Context;
use crate::engine::log::Log;
use crate::engine::tally::Tally;

impl Readers {
    /// User records of this shard that a batch of the consumer would take at `now`.
    pub(in crate::engine) fn batch_records(&self, consumer: usize, now: u64) -> u64 {
        match &self.readers[consumer].state {
            State::Prefetch(prefetch) => prefetch.user_records(now),
            _ => 0,
        }
    }

    /// When a batch of the consumer can have more of this shard.
    pub(in crate::engine) fn batch_available(&self, consumer: usize) -> u64 {
        match &self.readers[consumer].state {
            State::Prefetch(prefetch) => prefetch.available(),
            _ => u64::MAX,
        }
    }

    /// A batch of the consumer starts at `now`: from when on it works here, and how long on each user
    /// record. Where there was no room for more, there is now.
    pub(in crate::engine) fn start_batch(
        &mut self,
        (consumer, now): (usize, u64),
        pace: (u64, u64),
    ) {
        let reader = &mut self.readers[consumer];
        if let State::Prefetch(prefetch) = &mut reader.state {
            prefetch.start(now, pace);
            reader.next = reader.next.max(now);
        }
    }

    /// The batch of the consumer ends at `now`.
    pub(in crate::engine) fn end_batch(
        &mut self,
        (consumer, now): (usize, u64),
        log: &Log,
        context: Context<'_>,
        tally: &mut Tally,
    ) {
        let reader = &mut self.readers[consumer];
        if let State::Prefetch(prefetch) = &mut reader.state {
            reader.position.look_back(now, log, context, tally);
            prefetch.end(&mut reader.position, context, &mut tally.consumers[consumer]);
            // A closed shard that has been read to its end is finished now, and not before.
            reader.next = reader.next.max(now);
        }
    }
}
