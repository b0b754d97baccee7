//! How many partition keys have how many records: what a curve of concentration is drawn from.
//!
//! Keys are counted by their number of records, so that a hundred million cold keys take a few
//! rows.

use std::collections::BTreeMap;

/// Partition keys of all producers by their number of records, of those counted one by one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyCounts {
    /// How many keys have that many records.
    keys_by_records: BTreeMap<u64, u64>,
}

impl KeyCounts {
    /// Adds the records of one key; a key without records is none.
    pub fn add(&mut self, records: u64) {
        if records > 0 {
            *self.keys_by_records.entry(records).or_default() += 1;
        }
    }

    /// From the hottest keys to the coldest: records of each, and how many keys have as many.
    pub fn hottest_first(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        self.keys_by_records.iter().rev().map(|(records, keys)| (*records, *keys))
    }

    /// Keys that have records.
    #[must_use]
    pub fn keys(&self) -> u64 {
        self.keys_by_records.values().sum()
    }

    /// Their records.
    #[must_use]
    pub fn records(&self) -> u64 {
        self.keys_by_records.iter().map(|(records, keys)| records * keys).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_with_as_many_records_are_one_row() {
        let mut counts = KeyCounts::default();
        for records in [3, 0, 7, 3, 1] {
            counts.add(records);
        }
        assert_eq!(counts.hottest_first().collect::<Vec<_>>(), [(7, 1), (3, 2), (1, 1)]);
        assert_eq!((counts.keys(), counts.records()), (4, 14));
    }
}
