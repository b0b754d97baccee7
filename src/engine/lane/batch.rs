//! What a micro-batch over all shards does at one of them.

use super::{Context, Lane};
use crate::engine::tally::Tally;

impl Lane {
    /// A batch of a consumer starts at `now`, and works here as `pace` says.
    pub(in crate::engine) fn start_batch(
        &mut self,
        (consumer, now): (usize, u64),
        pace: (u64, u64),
    ) {
        self.readers.start_batch((consumer, now), pace);
    }

    /// The batch of a consumer ends at `now`.
    pub(in crate::engine) fn end_batch(
        &mut self,
        at: (usize, u64),
        context: Context<'_>,
        tally: &mut Tally,
    ) {
        self.readers.end_batch(at, &self.log, context, tally);
    }
}
