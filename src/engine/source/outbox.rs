//! What a producer deals to a client that hears of every answer.
//!
//! A client plays its own time: what it sends reaches the service half a round trip later. So in a
//! window it needs what is made before the window ends there; what is made later waits.

use crate::engine::sender::Coming;

/// Records for one client, by time.
#[derive(Debug, Default)]
pub(in crate::engine) struct Outbox {
    /// Each list for one shard, or all records in the first.
    pub(in crate::engine) lists: Vec<Vec<Coming>>,
    pub(in crate::engine) is_by_shard: bool,
    /// Those made when the client's window is over.
    late: Vec<Coming>,
}

impl Outbox {
    /// Gets ready for a window: into how many lists records go, if by shard.
    pub(super) fn sort(&mut self, shards: Option<usize>) {
        self.is_by_shard = shards.is_some();
        let lists = shards.unwrap_or(1).max(self.lists.len());
        self.lists.resize_with(lists, Vec::new);
    }

    /// Whether nothing lies ready.
    pub(super) fn is_empty(&self) -> bool {
        self.lists.iter().all(Vec::is_empty)
    }

    /// What has waited and is made before `until` is waited for no more.
    pub(super) fn begin(&mut self, until: u64) {
        let due = self.late.partition_point(|record| record.created < until);
        if due > 0 {
            let mut late = std::mem::take(&mut self.late);
            self.extend(late.drain(..due), false);
            self.late = late;
        }
    }

    /// Takes records, which are made after all it has, and maybe too late.
    #[inline(always)]
    pub(super) fn extend(&mut self, records: impl Iterator<Item = Coming>, are_late: bool) {
        if are_late {
            self.late.extend(records);
        } else if self.is_by_shard {
            let lists = self.lists.as_mut_slice();
            for record in records {
                lists[usize::from(record.home)].push(record);
            }
        } else {
            self.lists[0].extend(records);
        }
    }

    /// Those that wait, to be told of another shard.
    pub(super) fn late_mut(&mut self) -> &mut [Coming] {
        &mut self.late
    }
}
