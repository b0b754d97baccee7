//! What a sender holds: user records, and the Kinesis records that it makes of them.

use std::cmp::Ordering;

use smallvec::{SmallVec, smallvec};

/// A record as the application gave it to the client.
#[derive(Clone, Copy, Debug)]
pub(in crate::engine) struct UserRecord {
    /// When the producer came up with it, in nanoseconds.
    pub(in crate::engine) created: u64,
    /// When it is to be handed on at the latest.
    pub(super) deadline: u64,
    /// When the client gives it up.
    pub(super) expires: u64,
    /// Number within its producer.
    pub(in crate::engine) number: u32,
    /// Number of its partition key among those of its producer.
    pub(in crate::engine) key: u32,
    /// Bytes of data.
    pub(in crate::engine) data: u32,
    /// Bytes that it adds to the aggregated record that it waits in.
    pub(super) packed: u32,
    /// The shard that the client takes it to go to, as routes name it.
    pub(in crate::engine) shard: u16,
    /// The shard that its hash key belongs to.
    pub(super) home: u16,
    /// Bytes of the partition key.
    pub(in crate::engine) key_bytes: u16,
    /// Whether the stream has it already, though the client does not know.
    pub(super) is_copy: bool,
    /// It came to another shard than its own, within an aggregated record.
    pub(super) is_astray: bool,
}

/// A record that the application has yet to give to the client; many of them wait.
#[derive(Clone, Copy, Debug)]
pub(in crate::engine) struct Coming {
    /// When the producer comes up with it, in nanoseconds.
    pub(in crate::engine) created: u64,
    /// Number within its producer.
    pub(in crate::engine) number: u32,
    /// Number of its partition key among those of its producer.
    pub(in crate::engine) key: u32,
    /// Bytes of data.
    pub(in crate::engine) data: u32,
    /// The shard that its hash key belongs to.
    pub(in crate::engine) home: u16,
    /// Bytes of the partition key.
    pub(in crate::engine) key_bytes: u16,
}

impl Coming {
    /// Its turn among the records of its producer.
    #[inline]
    pub(super) const fn turn(&self) -> Turn {
        Turn(self.number)
    }
}

/// The number of a record as an order: numbers begin again after four billion, so that of two which
/// are near each other the one that follows is the later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Turn(pub(super) u32);

impl Turn {
    /// By how many records it comes after another; below zero if before.
    #[inline]
    pub(super) const fn after(self, other: Self) -> i32 {
        self.0.wrapping_sub(other.0) as i32
    }
}

impl Ord for Turn {
    fn cmp(&self, other: &Self) -> Ordering {
        self.after(*other).cmp(&0)
    }
}

impl PartialOrd for Turn {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl From<Coming> for UserRecord {
    #[inline]
    fn from(record: Coming) -> Self {
        let Coming { created, number, key, data, home, key_bytes } = record;
        Self {
            created,
            deadline: 0,
            expires: u64::MAX,
            number,
            key,
            data,
            packed: 0,
            shard: home,
            home,
            key_bytes,
            is_copy: false,
            is_astray: false,
        }
    }
}

impl UserRecord {
    /// Bytes of data and partition key.
    #[inline]
    pub(super) const fn bytes(&self) -> u64 {
        self.data as u64 + self.key_bytes as u64
    }

    /// Bytes of data, and of the partition key.
    #[inline(always)]
    pub(super) const fn sizes(&self) -> (u32, u16) {
        (self.data, self.key_bytes)
    }

    /// The same record, taken to go to `shard` and to be handed on by `deadline`.
    #[inline]
    pub(super) const fn to_go(self, shard: u16, deadline: u64) -> Self {
        Self { shard, deadline, is_astray: false, ..self }
    }

    /// What the client holds of it.
    #[inline]
    pub(super) const fn held(&self) -> Held {
        Held { records: 1, bytes: self.bytes() }
    }
}

/// A Kinesis record: one user record, or many in one.
#[derive(Debug)]
pub(super) struct Put {
    pub(super) users: SmallVec<[UserRecord; 1]>,
    /// Bytes of data.
    pub(super) data: u32,
    /// Bytes of the partition key.
    pub(super) key_bytes: u16,
    /// The shard that the client takes it to go to, as routes name it.
    pub(super) shard: u16,
    /// The shard that it goes to: that of its first user record.
    pub(super) home: u16,
    /// Whether each of its user records belongs to that shard, is new to the stream and came to no
    /// other shard.
    pub(super) is_plain: bool,
    /// The shard refused it.
    pub(super) is_refused: bool,
    /// When the oldest of its user records was made, in nanoseconds.
    pub(super) created: u64,
    /// When it is to be sent at the latest.
    pub(super) deadline: u64,
    /// When the first of its user records expires.
    pub(super) expires: u64,
    /// Bytes of data and partition keys of its user records.
    user_bytes: u64,
}

impl Put {
    /// The Kinesis record that a user record is when it goes alone.
    #[inline]
    pub(super) fn alone(user: UserRecord) -> Self {
        Self {
            data: user.data,
            key_bytes: user.key_bytes,
            shard: user.shard,
            home: user.home,
            is_plain: !user.is_copy,
            is_refused: false,
            created: user.created,
            deadline: user.deadline,
            expires: user.expires,
            user_bytes: user.bytes(),
            users: smallvec![user],
        }
    }

    /// The Kinesis record of so many bytes that user records are together, of which there is one at
    /// least; it is due when the first is.
    pub(super) fn together(
        users: SmallVec<[UserRecord; 1]>,
        (data, key_bytes): (u32, u16),
    ) -> Self {
        let mut put = Self::alone(users[0]);
        (put.data, put.key_bytes) = (data, key_bytes);
        for user in &users[1..] {
            put.created = put.created.min(user.created);
            put.expires = put.expires.min(user.expires);
            put.user_bytes += user.bytes();
        }
        put.users = users;
        put.look_at_users();
        put
    }

    /// Sees where its user records belong, whether the stream has any of them, and whether any is known
    /// to have come to a shard that was not its own.
    pub(super) fn look_at_users(&mut self) {
        self.home = self.users.first().map_or(self.home, |user| user.home);
        let is_plain =
            |user: &UserRecord| user.home == self.home && !user.is_copy && !user.is_astray;
        self.is_plain = self.users.iter().all(is_plain);
    }

    /// User records in it that were made at `warm_up` or later.
    #[inline]
    pub(super) fn counted(&self, warm_up: u64) -> u64 {
        if self.created >= warm_up {
            return self.users.len() as u64;
        }
        self.users.iter().filter(|user| user.created >= warm_up).count() as u64
    }

    /// What the client holds of its user records.
    #[inline]
    pub(super) fn held(&self) -> Held {
        Held { records: self.users.len() as u64, bytes: self.user_bytes }
    }

    /// Bytes of data and partition key.
    #[inline]
    pub(super) const fn bytes(&self) -> u64 {
        self.data as u64 + self.key_bytes as u64
    }
}

/// What a client holds of its application's records.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Held {
    pub(super) records: u64,
    pub(super) bytes: u64,
}

impl Held {
    /// Adds other records.
    #[inline]
    pub(super) const fn add(&mut self, more: Self) {
        self.records += more.records;
        self.bytes += more.bytes;
    }

    /// The client has done with records.
    #[inline]
    pub(super) const fn release(&mut self, done: Self) {
        self.records -= done.records;
        self.bytes -= done.bytes;
    }
}
