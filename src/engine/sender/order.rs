//! Whether the records of a key reach the stream in the order of their creation.

use rustc_hash::FxHashMap;

use crate::engine::sender::record::{Turn, UserRecord};

/// Most keys for which a table is kept. Each takes four bytes, once it has come; its draws and its route
/// take twelve.
const TABLE_KEYS: usize = 1 << 27;

/// The latest record of each key that the stream took.
#[derive(Debug)]
pub(super) enum Latest {
    /// By number of the key: the number of the record, and one.
    Table(Vec<u32>),
    /// The same, where there are too many keys for a table.
    Map(FxHashMap<u32, u32>),
}

impl Latest {
    pub(super) fn new(keys: usize) -> Self {
        if keys <= TABLE_KEYS {
            Self::Table(vec![0; keys])
        } else {
            Self::Map(FxHashMap::default())
        }
    }

    /// Notes that the stream took a record; whether one of its key that was made later was taken
    /// before.
    #[inline]
    pub(super) fn take(&mut self, user: &UserRecord) -> bool {
        match self {
            Self::Table(latest) => {
                latest.get_mut(user.key as usize).is_some_and(|latest| follow(latest, user.number))
            }
            Self::Map(latest) => follow(latest.entry(user.key).or_default(), user.number),
        }
    }

    /// Notes the same of several records; how many of them came after a later one of their key.
    #[inline]
    pub(super) fn take_all(&mut self, users: &[UserRecord]) -> u64 {
        match self {
            Self::Table(latest) => {
                let latest = latest.as_mut_slice();
                let mut overtaken = 0;
                for user in users {
                    if let Some(latest) = latest.get_mut(user.key as usize) {
                        overtaken += u64::from(follow(latest, user.number));
                    }
                }
                overtaken
            }
            Self::Map(_) => users.iter().filter(|user| self.take(user)).count() as u64,
        }
    }
}

/// Lets the record of the given number follow the latest one of its key; whether it came too late.
#[inline(always)]
fn follow(latest: &mut u32, number: u32) -> bool {
    let number = number.wrapping_add(1);
    let is_overtaken = *latest != 0 && Turn(number).after(Turn(*latest)) < 0;
    // No branch could guess this.
    *latest = std::hint::select_unpredictable(is_overtaken, *latest, number);
    is_overtaken
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::sender::record::Coming;

    fn user(key: u32, number: u32) -> UserRecord {
        Coming { created: 0, number, key, data: 1, home: 0, key_bytes: 1 }.into()
    }

    #[test]
    fn records_together_are_the_same_as_one_by_one() {
        let users =
            [(0, 0), (1, 3), (1, 2), (0, 1), (2, 9), (1, 4), (2, 5), (2, 6), (9, 1), (9, 0)]
                .map(|(key, number)| user(key, number));
        for (keys, expected) in [(3, 3), (TABLE_KEYS + 1, 4)] {
            // Keys beyond those of the producer have no order in a table.
            let (mut each, mut together) = (Latest::new(keys), Latest::new(keys));
            let overtaken: Vec<bool> = users.iter().map(|user| each.take(user)).collect();
            assert_eq!(overtaken[..8], [false, false, true, false, false, false, true, true]);
            assert_eq!(together.take_all(&users), expected);
            assert_eq!(overtaken.iter().filter(|late| **late).count() as u64, expected);
        }
    }

    #[test]
    fn numbers_that_begin_again_stay_in_order() {
        let mut latest = Latest::new(1);
        let late = [u32::MAX - 2, u32::MAX - 1, 1, 0].map(|number| latest.take(&user(0, number)));
        assert_eq!(late, [false, false, false, true]);
    }
}
