//! How large the records are that a producer library packs into one.
//!
//! The format is four magic bytes, a Protocol Buffers message of a table of partition keys, a
//! table of explicit hash keys and the records, and the MD5 of the message. Source:
//! `aggregation-format.md` of awslabs/amazon-kinesis-producer; the estimate is that of its
//! `user_record` and `kinesis_record`.

/// Bytes around the message: the magic number and the digest.
pub const FRAME_BYTES: u64 = 20;
/// Bytes of the partition key that the KPL gives to every record that it packs: `a`.
pub const OUTER_KEY_BYTES: u64 = 1;

/// One user record, with where its keys stand in the tables of the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packed {
    /// Bytes of data.
    pub data: u64,
    /// Place of its partition key in the table, from zero.
    pub key_index: u64,
    /// Bytes of the partition key if it is the first record with it.
    pub new_key_bytes: Option<u64>,
    /// Place and bytes of its explicit hash key, if it has one.
    pub explicit_hash_key: Option<TableEntry>,
}

/// An entry of a table of the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TableEntry {
    /// Place in the table, from zero.
    pub index: u64,
    /// Bytes of its text.
    pub bytes: u64,
    /// Whether no record before has it.
    pub is_new: bool,
}

impl Packed {
    /// Bytes that the record adds to the message.
    #[must_use]
    #[inline]
    pub const fn bytes(&self) -> u64 {
        let mut inner = field(self.key_index) + field(self.data) + self.data;
        let mut tables = match self.new_key_bytes {
            Some(bytes) => field(bytes) + bytes,
            None => 0,
        };
        if let Some(entry) = self.explicit_hash_key {
            inner += field(entry.index);
            if entry.is_new {
                tables += field(entry.bytes) + entry.bytes;
            }
        }
        tables + field(inner) + inner
    }

    /// What the KPL takes that to be, when it decides whether a record is full.
    #[must_use]
    #[inline]
    pub const fn estimate(&self) -> u64 {
        let mut bytes = self.data + 5;
        if let Some(key) = self.new_key_bytes {
            bytes += key + 3;
        }
        match self.explicit_hash_key {
            Some(entry) if entry.is_new => bytes + entry.bytes + 3,
            _ => bytes,
        }
    }
}

/// Bytes of a tag and of a number, or of the length of what follows.
#[inline]
const fn field(number: u64) -> u64 {
    // Seven bits to each byte, at least one byte: of n bits n * 9 / 64 is n / 7, for all that
    // there are.
    1 + ((number | 1).ilog2() as u64 * 9 + 73) / 64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Records of `data` bytes that fit into `limit` bytes, and the one at which the estimate
    /// reaches it.
    fn fill(limit: u64, data: u64, distinct_keys: bool) -> (u64, u64) {
        let record = |index: u64| Packed {
            data,
            key_index: if distinct_keys { index } else { 0 },
            new_key_bytes: (distinct_keys || index == 0).then_some(36),
            explicit_hash_key: None,
        };
        let (mut bytes, mut fits) = (FRAME_BYTES, 0);
        while bytes + record(fits).bytes() <= limit {
            bytes += record(fits).bytes();
            fits += 1;
        }
        let (mut estimate, mut fires) = (0, 0);
        while estimate < limit {
            estimate += record(fires).estimate();
            fires += 1;
        }
        (fits, fires)
    }

    /// Counted with the Protocol Buffers library and the constants of the KPL's source.
    #[test]
    fn as_many_records_fit_as_in_the_real_format() {
        let expected = [
            (50, 540, 545, 913),
            (100, 353, 356, 482),
            (200, 207, 210, 245),
            (500, 93, 95, 100),
            (1_000, 48, 50, 50),
            (4_000, 12, 13, 12),
        ];
        for (data, distinct, fires, shared) in expected {
            assert_eq!(fill(51_200, data, true), (distinct, fires), "{data} B, keys of their own");
            assert_eq!(fill(51_200, data, false).0, shared, "{data} B, one key");
        }
    }

    #[test]
    fn lengths_take_a_byte_for_every_seven_bits() {
        let bytes: Vec<u64> =
            [0, 127, 128, 16_383, 16_384, 2_097_151, 2_097_152].map(|n| field(n) - 1).to_vec();
        assert_eq!(bytes, [1, 1, 2, 2, 3, 3, 4]);
    }
}
