//! Whether the records of a key reach the stream in the order of their creation.

use rustc_hash::FxHashMap;

/// Most keys for which a table is kept; each takes four bytes.
const TABLE_KEYS: usize = 1 << 22;

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

    /// Notes that the stream took the record of the given number; whether one of its key that was
    /// made later was taken before.
    #[inline]
    pub(super) fn take(&mut self, key: u32, number: u32) -> bool {
        let latest = match self {
            Self::Table(latest) => match latest.get_mut(key as usize) {
                Some(latest) => latest,
                None => return false,
            },
            Self::Map(latest) => latest.entry(key).or_default(),
        };
        let number = number.wrapping_add(1);
        // Numbers begin again after four billion.
        let is_overtaken = *latest != 0 && (number.wrapping_sub(*latest) as i32) < 0;
        if !is_overtaken {
            *latest = number;
        }
        is_overtaken
    }
}
