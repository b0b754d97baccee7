//! What a sender holds: user records, and the Kinesis records that it makes of them.

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
    /// When it is to be sent at the latest.
    pub(super) deadline: u64,
    /// When the first of its user records expires.
    pub(super) expires: u64,
    /// The shard refused it.
    pub(super) is_refused: bool,
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
            deadline: user.deadline,
            expires: user.expires,
            is_refused: false,
            users: smallvec![user],
        }
    }

    /// When the oldest of its user records was made, in nanoseconds.
    pub(super) fn created(&self) -> u64 {
        self.users.iter().map(|user| user.created).min().unwrap_or(0)
    }

    /// Bytes of data and partition key.
    #[inline]
    pub(super) const fn bytes(&self) -> u64 {
        self.data as u64 + self.key_bytes as u64
    }
}
