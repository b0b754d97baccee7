//! An aggregated record that is being filled.

use smallvec::SmallVec;

use super::aggregator::Rules;
use super::places::Places;
use super::record::{Coming, Put, UserRecord};
use crate::model::aggregation::{FRAME_BYTES, OUTER_KEY_BYTES, Packed, TableEntry};

/// Records of one shard that wait to go out as one.
#[derive(Debug, Default)]
pub(super) struct Container {
    /// Containers of its shard so far.
    pub(super) number: u32,
    /// By deadline, then in the order in which they came.
    pub(super) users: Vec<UserRecord>,
    /// How many of them are packed: the others wait for that until it matters how large they are.
    packed: usize,
    /// Keys of those that are packed, their places and the bytes of the message.
    keys: u32,
    places: Places,
    bytes: u64,
    /// The library's estimate of the bytes; for those that are not packed, as if no key was there
    /// before.
    estimate: u64,
}

impl Container {
    /// The next one of its shard begins.
    pub(super) fn begin(&mut self) {
        self.number = self.number.wrapping_add(1);
        self.forget_packing();
    }

    /// Takes records, which are to be handed on by `deadline`, into the container of `shard`, until it
    /// can be full; how many, at least one if it cannot yet.
    pub(super) fn put(
        &mut self,
        users: &[UserRecord],
        (shard, deadline): (u16, u64),
        rules: &Rules,
    ) -> usize {
        if self.users.is_empty() {
            self.begin();
        }
        let count = self.make_room(users.iter().map(UserRecord::sizes), rules);
        let added = users[..count].iter().map(|user| user.to_go(shard, deadline));
        if self.users.last().is_none_or(|last| last.deadline <= deadline) {
            self.users.extend(added);
            return count;
        }
        let at = self.users.partition_point(|user| user.deadline <= deadline);
        self.users.splice(at..at, added);
        if at < self.packed {
            self.unpack(rules);
        }
        count
    }

    /// Takes records that are made before `until`, until it can be full; how many. Each is to be handed
    /// on later than all before: those were taken earlier, or taken anew.
    pub(super) fn take(&mut self, coming: &[Coming], until: u64, rules: &Rules) -> usize {
        let made = coming.iter().take_while(|record| record.created < until);
        let count = self.make_room(made.map(|record| (record.data, record.key_bytes)), rules);
        self.users.extend(coming[..count].iter().map(|record| UserRecord {
            deadline: record.created + rules.buffered,
            expires: record.created + rules.lives,
            ..UserRecord::from(*record)
        }));
        count
    }

    /// Makes room for records of so many bytes of data and key, until it can be full: how many.
    #[inline(always)]
    fn make_room(&mut self, sizes: impl Iterator<Item = (u32, u16)>, rules: &Rules) -> usize {
        let first = self.users.len();
        let room = rules.max_records.saturating_sub(first);
        let (mut count, mut estimate) = (0, self.estimate);
        for (data, key_bytes) in sizes.take(room) {
            if estimate >= rules.max_bytes {
                break;
            }
            let place = (0, true);
            estimate += packed((data, key_bytes), place, rules.explicit(first + count)).estimate();
            count += 1;
        }
        self.estimate = estimate;
        count
    }

    /// Gives the last `count` records back.
    pub(super) fn take_back(&mut self, count: usize, rules: &Rules) {
        self.users.truncate(self.users.len() - count);
        self.unpack(rules);
    }

    /// When it is due, and its number, if anything is in it.
    #[inline]
    pub(super) fn due(&self) -> Option<(u64, u32)> {
        self.users.first().map(|first| (first.deadline, self.number))
    }

    #[inline(always)]
    pub(super) fn can_be_full(&self, rules: &Rules) -> bool {
        self.estimate >= rules.max_bytes || self.users.len() >= rules.max_records
    }

    /// Whether it is full; packs it if that depends on it.
    pub(super) fn is_full(&mut self, rules: &Rules) -> bool {
        if self.users.is_empty() {
            return false;
        }
        if self.estimate >= rules.max_bytes {
            self.pack(rules);
        }
        self.can_be_full(rules)
    }

    /// Makes a Kinesis record of what fits into one, and a new container of what is left. `places` is
    /// for those that are packed at once: one table, which stays in the cache. `spare` has buffers.
    pub(super) fn flush(
        &mut self,
        places: &mut Places,
        spare: &mut Vec<Vec<UserRecord>>,
        rules: &Rules,
    ) -> Put {
        if self.packed == 0 {
            std::mem::swap(&mut self.places, places);
            self.pack(rules);
            std::mem::swap(&mut self.places, places);
            places.clear();
        } else {
            self.pack(rules);
        }
        let mut users = std::mem::replace(&mut self.users, spare.pop().unwrap_or_default());
        let mut bytes = self.bytes;
        let mut rest = Vec::new();
        while users.len() > 1 && bytes + FRAME_BYTES > rules.max_bytes
            || users.len() > rules.max_records
        {
            if let Some(user) = users.pop() {
                bytes -= u64::from(user.packed);
                rest.push(user);
            }
        }
        if !rest.is_empty() {
            self.begin();
            self.users.extend(rest.iter().rev());
            self.unpack(rules);
        }
        if let [user] = users[..] {
            users.clear();
            spare.push(users);
            return Put::alone(user);
        }
        let bytes = ((bytes + FRAME_BYTES) as u32, OUTER_KEY_BYTES as u16);
        Put::together(SmallVec::from_vec(users), bytes)
    }

    /// Takes all that are packed for not packed.
    fn unpack(&mut self, rules: &Rules) {
        self.forget_packing();
        for (number, user) in self.users.iter().enumerate() {
            self.estimate += packed(user.sizes(), (0, true), rules.explicit(number)).estimate();
        }
    }

    fn forget_packing(&mut self) {
        (self.packed, self.keys, self.bytes, self.estimate) = (0, 0, 0, 0);
        self.places.clear();
    }

    /// Packs the records that are not yet: finds the places of their keys and what they take.
    fn pack(&mut self, rules: &Rules) {
        // Most have no explicit hash key, and then there is less to do.
        match rules.keys.explicit {
            None => self.pack_each(rules.keys.are_fresh, |_| None),
            Some(_) => self.pack_each(rules.keys.are_fresh, |number| rules.explicit(number)),
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
            let own = packed(user.sizes(), (place, is_new), explicit(number));
            let own_bytes = own.bytes();
            user.packed = own_bytes as u32;
            bytes += own_bytes;
            if !is_new {
                let most = packed(user.sizes(), (place, true), explicit(number));
                known += most.estimate() - own.estimate();
            }
        }
        self.places = places;
        self.keys = next;
        self.bytes += bytes;
        self.estimate -= known;
    }
}

/// How a record of so many bytes of data and key stands in the message: its partition key has a place
/// in the table, and is new there or not.
#[inline(always)]
pub(super) fn packed(
    (data, key_bytes): (u32, u16),
    (place, is_new): (u32, bool),
    explicit_hash_key: Option<TableEntry>,
) -> Packed {
    Packed {
        data: u64::from(data),
        key_index: u64::from(place),
        new_key_bytes: is_new.then_some(u64::from(key_bytes)),
        explicit_hash_key,
    }
}
