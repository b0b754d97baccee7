//! Aggregation as the KPL does it: user records of one predicted shard share a Kinesis record.
//!
//! A container is closed when its estimated size reaches the limit, when it holds as many records
//! as it may, or when the deadline of one of its records comes. What goes out is the longest run
//! of records, by deadline, whose exact size fits; the others begin the next container.

use smallvec::SmallVec;

use crate::engine::sender::Event;
use crate::engine::sender::places::Places;
use crate::engine::sender::record::{Put, UserRecord};
use crate::engine::source::InCall;
use crate::model::aggregation::{FRAME_BYTES, OUTER_KEY_BYTES, Packed, TableEntry};
use crate::scenario::Aggregation;

/// How the keys of a producer stand in an aggregated record.
#[derive(Clone, Copy, Debug)]
pub(in crate::engine) struct Keys {
    /// Whether each record has a key of its own.
    pub(in crate::engine) are_fresh: bool,
    /// Bytes of the explicit hash key of each record, and whether all have the same.
    pub(in crate::engine) explicit: Option<(u64, bool)>,
}

#[derive(Debug)]
pub(super) struct Aggregator {
    max_bytes: u64,
    max_records: usize,
    keys: Keys,
    containers: Vec<Container>,
    /// Number of the next container.
    next: u32,
    /// For containers that are packed at once: one table, which stays in the cache.
    places: Places,
    /// Buffers of user records that are done with.
    spare: Vec<Vec<UserRecord>>,
}

/// Records of one shard that wait to go out as one.
#[derive(Debug, Default)]
struct Container {
    number: u32,
    users: Vec<UserRecord>,
    /// How many of them are packed: the others wait for that until it matters how large they are.
    packed: usize,
    /// Keys of those that are packed, their places and the bytes of the message.
    keys: u32,
    places: Places,
    bytes: u64,
    /// The library's estimate of the bytes; for those that are not packed, as if no key was there
    /// before.
    estimate: u64,
    deadline: u64,
    is_sorted: bool,
}

/// When a container is due.
#[derive(Clone, Copy, Debug)]
pub(super) struct Due {
    pub(super) shard: u16,
    pub(super) container: u32,
    pub(super) deadline: u64,
}

impl Due {
    /// What happens then, and when.
    pub(super) const fn event(self) -> (u64, Event) {
        (self.deadline, Event::Aggregate(self.shard, self.container))
    }
}

impl Aggregator {
    pub(super) fn new(limits: Aggregation, keys: Keys, shards: usize) -> Self {
        Self {
            max_bytes: limits.max_bytes.0,
            max_records: limits.max_records.0.min(u64::from(InCall::USERS_MAX)) as usize,
            keys,
            containers: (0..shards).map(|_| Container::default()).collect(),
            next: 1,
            places: Places::default(),
            spare: Vec::new(),
        }
    }

    /// Takes back the buffer of user records that are done with.
    #[inline]
    pub(super) fn give_back(&mut self, users: SmallVec<[UserRecord; 1]>) {
        if users.spilled() {
            let mut users = users.into_vec();
            users.clear();
            self.spare.push(users);
        }
    }

    /// Sees to a container after a record was put into it that was due at `was_due` before: what is
    /// full goes to `made`. Gives when the container is due, if that is new.
    pub(super) fn see_to(&mut self, shard: u16, was_due: u64, made: &mut Vec<Put>) -> Option<Due> {
        let container = &self.containers[usize::from(shard)];
        let (is_known, number) = (container.deadline == was_due, container.number);
        if !self.is_full(shard) {
            return if is_known { None } else { self.due(shard) };
        }
        self.close_full(shard, made);
        self.due(shard).filter(|due| !is_known || due.container != number)
    }

    /// Closes the container if it still is the one that was due; gives when the next one is.
    pub(super) fn close(
        &mut self,
        shard: u16,
        number: u32,
        now: u64,
        made: &mut Vec<Put>,
    ) -> Option<Due> {
        let container = &self.containers[usize::from(shard)];
        if container.number != number || container.users.is_empty() || container.deadline > now {
            return None;
        }
        self.flush(shard, made);
        self.close_full(shard, made);
        self.due(shard)
    }

    /// Makes room for shards with names below `slots`.
    pub(super) fn reach(&mut self, slots: usize) {
        if self.containers.len() < slots {
            self.containers.resize_with(slots, Container::default);
        }
    }

    /// The records that wait, to be told of another shard.
    pub(super) fn users_mut(&mut self) -> impl Iterator<Item = &mut UserRecord> {
        self.containers.iter_mut().flat_map(|container| &mut container.users)
    }

    /// The records that wait.
    pub(super) fn users(&self) -> impl Iterator<Item = &UserRecord> {
        self.containers.iter().flat_map(|container| &container.users)
    }

    fn due(&self, shard: u16) -> Option<Due> {
        let container = &self.containers[usize::from(shard)];
        let (number, deadline) = (container.number, container.deadline);
        (!container.users.is_empty()).then_some(Due { shard, container: number, deadline })
    }

    fn close_full(&mut self, shard: u16, made: &mut Vec<Put>) {
        while self.is_full(shard) {
            self.flush(shard, made);
        }
    }

    fn is_full(&mut self, shard: u16) -> bool {
        let container = &mut self.containers[usize::from(shard)];
        if container.users.is_empty() {
            return false;
        }
        if container.estimate >= self.max_bytes {
            container.pack(self.keys);
        }
        self.can_be_full(shard)
    }

    /// Puts a record, which is to be handed on by `deadline`, into the container of `shard`. Gives when
    /// that was due before, `u64::MAX` if it was empty, where it is to be seen to: it can be full, or
    /// is due at another time.
    #[inline]
    pub(super) fn put(&mut self, user: &UserRecord, (shard, deadline): (u16, u64)) -> Option<u64> {
        let container = &mut self.containers[usize::from(shard)];
        if container.users.is_empty() {
            container.begin(self.next);
            self.next = self.next.wrapping_add(1);
        }
        let last = container.users.last().map_or(0, |last| last.deadline);
        container.is_sorted &= deadline >= last;
        let was_due = container.deadline;
        container.deadline = was_due.min(deadline);
        container.add(*user, self.keys);
        // Written to the copy: if the record was changed and then copied, the copy would wait for it.
        if let Some(copy) = container.users.last_mut() {
            (copy.shard, copy.deadline, copy.is_astray) = (shard, deadline, false);
        }
        let is_known = container.deadline == was_due && !self.can_be_full(shard);
        (!is_known).then_some(was_due)
    }

    /// As `put`, for a record whose deadline comes after those of all before, into a container that
    /// is not empty.
    #[inline(always)]
    pub(super) fn put_last(&mut self, user: UserRecord) -> Option<u64> {
        let container = &mut self.containers[usize::from(user.shard)];
        container.add(user, self.keys);
        let was_due = container.deadline;
        self.can_be_full(user.shard).then_some(was_due)
    }

    /// Whether nothing waits for a shard.
    #[inline(always)]
    pub(super) fn is_empty(&self, shard: u16) -> bool {
        self.containers[usize::from(shard)].users.is_empty()
    }

    #[inline(always)]
    fn can_be_full(&self, shard: u16) -> bool {
        let container = &self.containers[usize::from(shard)];
        container.estimate >= self.max_bytes || container.users.len() >= self.max_records
    }

    /// Makes a Kinesis record of what fits into one, and a new container of what is left.
    fn flush(&mut self, shard: u16, made: &mut Vec<Put>) {
        let index = usize::from(shard);
        let container = &mut self.containers[index];
        if !container.is_sorted {
            container.unpack(self.keys);
            container.users.sort_by_key(|user| user.deadline);
        }
        if container.packed == 0 {
            std::mem::swap(&mut container.places, &mut self.places);
            container.pack(self.keys);
            std::mem::swap(&mut container.places, &mut self.places);
            self.places.clear();
        } else {
            container.pack(self.keys);
        }
        let room = self.spare.pop().unwrap_or_default();
        let mut users = std::mem::replace(&mut container.users, room);
        let mut bytes = container.bytes;
        let mut rest = Vec::new();
        while users.len() > 1 && bytes + FRAME_BYTES > self.max_bytes
            || users.len() > self.max_records
        {
            if let Some(user) = users.pop() {
                bytes -= u64::from(user.packed);
                rest.push(user);
            }
        }
        for user in rest.iter().rev() {
            self.put(user, (shard, user.deadline));
        }
        let users = SmallVec::from_vec(users);
        if users.len() == 1 {
            made.push(Put::alone(users[0]));
            self.give_back(users);
        } else {
            let bytes = ((bytes + FRAME_BYTES) as u32, OUTER_KEY_BYTES as u16);
            made.push(Put::together(users, bytes));
        }
    }
}

impl Container {
    fn begin(&mut self, number: u32) {
        self.number = number;
        self.packed = 0;
        self.keys = 0;
        self.places.clear();
        self.bytes = 0;
        self.estimate = 0;
        self.deadline = u64::MAX;
        self.is_sorted = true;
    }

    #[inline(always)]
    fn add(&mut self, user: UserRecord, keys: Keys) {
        let number = self.users.len();
        self.estimate += packed(&user, (0, true), keys.explicit(number)).estimate();
        self.users.push(user);
    }

    /// Takes all that are packed for not packed.
    fn unpack(&mut self, keys: Keys) {
        if self.packed == 0 {
            return;
        }
        (self.packed, self.keys, self.bytes) = (0, 0, 0);
        self.places.clear();
        self.estimate = 0;
        for (number, user) in self.users.iter().enumerate() {
            self.estimate += packed(user, (0, true), keys.explicit(number)).estimate();
        }
    }

    /// Packs the records that are not yet: finds the places of their keys and what they take.
    fn pack(&mut self, keys: Keys) {
        // Most have no explicit hash key, and then there is less to do.
        match keys.explicit {
            None => self.pack_each(keys.are_fresh, |_| None),
            Some(_) => self.pack_each(keys.are_fresh, |number| keys.explicit(number)),
        }
    }

    #[inline(always)]
    fn pack_each(&mut self, are_fresh: bool, explicit: impl Fn(usize) -> Option<TableEntry>) {
        let numbers = self.packed..;
        let users = &mut self.users[self.packed..];
        self.packed += users.len();
        // Copies stay in registers.
        let mut places = std::mem::take(&mut self.places);
        let (mut next, mut bytes, mut known) = (self.keys, 0, 0);
        if !are_fresh {
            places.reserve(users.len());
        }
        for (number, user) in numbers.zip(users) {
            let place = if are_fresh { next } else { places.place_of(user.key, next) };
            let is_new = place == next;
            next += u32::from(is_new);
            let own = packed(user, (place, is_new), explicit(number));
            let own_bytes = own.bytes();
            user.packed = own_bytes as u32;
            bytes += own_bytes;
            if !is_new {
                let most = packed(user, (place, true), explicit(number));
                known += most.estimate() - own.estimate();
            }
        }
        self.places = places;
        self.keys = next;
        self.bytes += bytes;
        self.estimate -= known;
    }
}

impl Keys {
    /// How the explicit hash key of the record of the given number stands in its table, if it has
    /// one.
    #[inline(always)]
    fn explicit(self, number: usize) -> Option<TableEntry> {
        self.explicit.map(|(bytes, is_shared)| TableEntry {
            index: if is_shared { 0 } else { number as u64 },
            bytes,
            is_new: !is_shared || number == 0,
        })
    }
}

/// How a record stands in the message: its partition key has a place in the table, and is new there
/// or not.
#[inline(always)]
fn packed(
    user: &UserRecord,
    (place, is_new): (u32, bool),
    explicit_hash_key: Option<TableEntry>,
) -> Packed {
    Packed {
        data: u64::from(user.data),
        key_index: u64::from(place),
        new_key_bytes: is_new.then_some(u64::from(user.key_bytes)),
        explicit_hash_key,
    }
}

#[cfg(test)]
mod tests;
