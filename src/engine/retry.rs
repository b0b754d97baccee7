//! Records that wait for another attempt: a timer wheel of two levels.
//!
//! Coarse slots cover the longest wait; the coarse slot that time is in is spread over fine ones,
//! the fine slot that time is in is put in order. A slot keeps its records themselves, one after
//! another. So however many records wait, a push appends to one of about a hundred buffers and
//! playing reads memory from front to back; what a record costs does not grow with their number.
//! Records that are due at the same time stay in the order in which they came, so those of one
//! call stay together.

/// Fine slots of one coarse slot, a power of two.
const FINE: u64 = 1 << FINE_BITS;
const FINE_BITS: u32 = 6;
/// Coarse slots, as many as a word has bits.
const COARSE: u64 = 64;
/// Narrowest fine slot: 2^21 ns, about two milliseconds. Narrower ones cost more to open than they
/// save in sorting.
const SHIFT_MINIMUM: u32 = 21;

/// A record that waits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Waiting {
    /// When the producer came up with it, in nanoseconds.
    pub(super) created: u64,
    /// The call that it belongs to; see `Arrival`.
    pub(super) call: u64,
    /// When it is sent again, in nanoseconds.
    due: u64,
    /// Bytes as the stream counts them.
    pub(super) size: u32,
    /// Attempts made.
    pub(super) attempts: u32,
}

impl Waiting {
    pub(super) const fn new(created: u64, call: u64, size: u32, attempts: u32) -> Self {
        Self { created, call, due: 0, size, attempts }
    }
}

/// What becomes of a record that was refused once more.
pub(super) enum Refused {
    /// It waits until this time.
    Again(u64),
    /// It was its last attempt.
    GivenUp,
    /// It is not a record of the producer in question.
    NotMine,
}

/// The records of one lane that wait for another attempt.
#[derive(Debug)]
pub(super) struct Retries {
    /// Fine slots are 2^shift nanoseconds wide.
    shift: u32,
    coarse: Level,
    fine: Level,
    /// Number, since the start of the run, of the coarse slot that is spread over the fine ones.
    spread: u64,
    /// Number of the fine slot that is open.
    open_slot: u64,
    /// Records of the open slot, in the order in which they came.
    open: Vec<Waiting>,
    /// Due time within the slot in the upper half, place in `open` in the lower; in order. Those
    /// before `taken` are out.
    order: Vec<u64>,
    taken: usize,
}

/// One level of slots.
#[derive(Debug)]
struct Level {
    /// Empty until something waits here.
    slots: Vec<Vec<Waiting>>,
    /// One bit a slot: whether it has records.
    occupied: [u64; FINE as usize / 64],
    records: usize,
    /// Empty buffers that have grown to the size of a slot.
    spare: Vec<Vec<Waiting>>,
}

impl Level {
    const EMPTY: Self = Self {
        slots: Vec::new(),
        occupied: [0; FINE as usize / 64],
        records: 0,
        spare: Vec::new(),
    };

    #[inline(always)]
    fn push(&mut self, place: usize, record: Waiting) {
        let bit = 1 << (place % 64);
        if self.occupied[place / 64] & bit == 0 {
            self.occupy(place);
        }
        self.records += 1;
        self.slots[place].push(record);
    }

    #[cold]
    fn occupy(&mut self, place: usize) {
        if self.slots.is_empty() {
            self.slots.resize(FINE as usize, Vec::new());
        }
        self.occupied[place / 64] |= 1 << (place % 64);
        self.slots[place] = self.spare.pop().unwrap_or_default();
    }

    /// Takes the records of a slot.
    fn take(&mut self, place: usize) -> Vec<Waiting> {
        let records = std::mem::take(&mut self.slots[place]);
        self.occupied[place / 64] &= !(1 << (place % 64));
        self.records -= records.len();
        records
    }

    /// Keeps a buffer of records that have been played for another slot.
    fn give_back(&mut self, mut buffer: Vec<Waiting>) {
        buffer.clear();
        self.spare.push(buffer);
    }

    /// The first place from `from` on, of `places` and round again, that has records.
    #[inline]
    fn next(&self, from: usize, places: usize) -> Option<usize> {
        if self.records == 0 {
            return None;
        }
        let words = places / 64;
        let mut bits = self.occupied[from / 64] & (u64::MAX << (from % 64));
        for step in 0..=words {
            let word = (from / 64 + step) % words;
            if step > 0 {
                bits = self.occupied[word];
            }
            if bits != 0 {
                return Some(word * 64 + bits.trailing_zeros() as usize);
            }
        }
        None
    }
}

impl Retries {
    /// Nothing waits yet; no wait will be longer than `longest_wait` nanoseconds.
    pub(super) fn new(longest_wait: u64) -> Self {
        let mut shift = SHIFT_MINIMUM;
        // The slot that is spread may be the one before now, and a wait ends within one.
        while (COARSE - 2) << (shift + FINE_BITS) < longest_wait {
            shift += 1;
        }
        Self {
            shift,
            coarse: Level::EMPTY,
            fine: Level::EMPTY,
            spread: 0,
            open_slot: 0,
            open: Vec::new(),
            order: Vec::new(),
            taken: 0,
        }
    }

    /// When the next record is due, if that is before `until`; `u64::MAX` otherwise.
    #[inline(always)]
    pub(super) fn next_due(&mut self, until: u64) -> u64 {
        if self.taken == self.order.len() && self.fine.records + self.coarse.records > 0 {
            self.open_next(until);
        }
        self.first_open_due()
    }

    /// A time before which nothing is due; `u64::MAX` when nothing waits.
    #[inline]
    pub(super) fn none_due_before(&self) -> u64 {
        if self.taken < self.order.len() {
            return self.first_open_due();
        }
        match (self.next_fine(), self.next_coarse()) {
            (Some(slot), _) => slot << self.shift,
            (None, Some(slot)) => slot << (self.shift + FINE_BITS),
            (None, None) => u64::MAX,
        }
    }

    #[inline(always)]
    fn first_open_due(&self) -> u64 {
        match self.order.get(self.taken) {
            Some(entry) => (self.open_slot << self.shift) + (entry >> 32),
            None => u64::MAX,
        }
    }

    /// The record that `next_due` told of.
    #[inline(always)]
    pub(super) fn first(&self) -> &Waiting {
        &self.open[self.order[self.taken] as u32 as usize]
    }

    /// Takes the record that `next_due` told of.
    #[inline]
    pub(super) fn pop(&mut self) -> Waiting {
        let record = *self.first();
        self.taken += 1;
        record
    }

    /// Plays the records due before `limit`, all of which the shard refuses: `again` books a
    /// refusal and says what becomes of the record.
    #[inline]
    pub(super) fn refuse_before(
        &mut self,
        limit: u64,
        mut again: impl FnMut(u64, &mut Waiting) -> Refused,
    ) {
        loop {
            let now = self.next_due(limit);
            if now >= limit {
                return;
            }
            let mut record = *self.first();
            match again(now, &mut record) {
                Refused::Again(due) => {
                    self.taken += 1;
                    self.push(record, now, due);
                }
                Refused::GivenUp => self.taken += 1,
                Refused::NotMine => return,
            }
        }
    }

    /// Lets a record, which failed at `now`, wait until `due`.
    #[inline(always)]
    pub(super) fn push(&mut self, record: Waiting, now: u64, due: u64) {
        if self.taken == self.order.len() && self.fine.records == 0 {
            self.keep_up(now);
        }
        let record = Waiting { due, ..record };
        let coarse = due >> (self.shift + FINE_BITS);
        if coarse != self.spread {
            assert!(coarse.wrapping_sub(self.spread) < COARSE, "a wait is longer than the wheel");
            self.coarse.push((coarse % COARSE) as usize, record);
            return;
        }
        // Nothing happens before the start of the open slot, so nothing falls due before it.
        let fine = due >> self.shift;
        if fine == self.open_slot {
            self.open.push(record);
            self.sort_in_last();
        } else {
            self.fine.push((fine % FINE) as usize, record);
        }
    }

    /// Moves on to `now` where nothing is due before the next coarse slot with records.
    #[inline]
    fn keep_up(&mut self, now: u64) {
        let coarse = now >> (self.shift + FINE_BITS);
        if coarse > self.spread {
            self.spread = coarse;
            self.open_at(now >> self.shift);
        }
    }

    fn open_at(&mut self, slot: u64) {
        self.open_slot = slot;
        self.fine.give_back(std::mem::take(&mut self.open));
        self.order.clear();
        self.taken = 0;
    }

    /// Puts the last record of the open slot in its place.
    #[cold]
    fn sort_in_last(&mut self) {
        let last = self.open.len() - 1;
        let entry = self.entry(last, &self.open[last]);
        let place = self.order[self.taken..].partition_point(|other| *other < entry);
        self.order.insert(self.taken + place, entry);
    }

    #[inline]
    fn entry(&self, place: usize, record: &Waiting) -> u64 {
        (record.due & ((1 << self.shift) - 1)) << 32 | place as u64
    }

    /// Opens the next slot with records if it begins before `until`.
    fn open_next(&mut self, until: u64) {
        if self.fine.records == 0 {
            match self.next_coarse() {
                Some(slot) if slot << (self.shift + FINE_BITS) < until => self.spread_out(slot),
                _ => return,
            }
        }
        let Some(slot) = self.next_fine() else {
            return;
        };
        if slot << self.shift >= until {
            return;
        }
        self.open_at(slot);
        self.open = self.fine.take((slot % FINE) as usize);
        let mut order = std::mem::take(&mut self.order);
        let entries = self.open.iter().enumerate();
        order.extend(entries.map(|(place, record)| self.entry(place, record)));
        order.sort_unstable();
        self.order = order;
    }

    /// Spreads the records of a coarse slot over the fine ones.
    fn spread_out(&mut self, slot: u64) {
        let records = self.coarse.take((slot % COARSE) as usize);
        self.spread = slot;
        for record in &records {
            self.fine.push(((record.due >> self.shift) % FINE) as usize, *record);
        }
        self.coarse.give_back(records);
        // No fine slot is open; the one before the first can take nothing.
        self.open_at((slot << FINE_BITS).wrapping_sub(1));
    }

    /// Number of the next fine slot with records.
    #[inline]
    fn next_fine(&self) -> Option<u64> {
        let place = self.fine.next(0, FINE as usize)?;
        Some((self.spread << FINE_BITS) + place as u64)
    }

    /// Number of the next coarse slot with records.
    #[inline]
    fn next_coarse(&self) -> Option<u64> {
        let first = self.spread + 1;
        let place = self.coarse.next((first % COARSE) as usize, COARSE as usize)? as u64;
        Some(first + (place + COARSE - first % COARSE) % COARSE)
    }

    /// Takes every record that waits, in the order of their due times.
    pub(super) fn drain(&mut self) -> Vec<Waiting> {
        let mut records = Vec::new();
        while self.next_due(u64::MAX) != u64::MAX {
            records.push(self.pop());
        }
        records
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, Randomness};

    fn record(call: u64) -> Waiting {
        Waiting::new(0, call, 0, 1)
    }

    fn take(retries: &mut Retries) -> (u64, u64) {
        let due = retries.next_due(u64::MAX);
        (due, retries.pop().call)
    }

    /// order out of the wheel = order of (due, order in), for pushes that come while it turns.
    #[test]
    fn records_come_out_in_the_order_of_their_due_times() {
        for longest in [1_000_000u64, 5_000_000_000, 600_000_000_000] {
            let draws = Randomness::new(1, 0).identity_draws("wheel", Purpose::RetryJitter);
            let mut retries = Retries::new(longest);
            let mut expected = std::collections::BTreeSet::new();
            let mut now = 0;
            for call in 0..20_000 {
                let due = now + draws.below(call, 0, longest);
                assert!(retries.none_due_before() >= now);
                retries.push(record(call), now, due);
                expected.insert((due, call));
                if draws.below(call, 1, 3) > 0 {
                    let next = take(&mut retries);
                    assert_eq!(expected.pop_first(), Some(next));
                    now = next.0;
                }
            }
            while let Some(next) = expected.pop_first() {
                assert_eq!(take(&mut retries), next);
            }
            assert_eq!(retries.next_due(u64::MAX), u64::MAX);
        }
    }

    #[test]
    fn records_that_are_due_together_keep_their_order() {
        let mut retries = Retries::new(5_000_000_000);
        for call in 0..100 {
            retries.push(record(call), 0, 3_000_000_000);
        }
        let calls: Vec<u64> = retries.drain().iter().map(|record| record.call).collect();
        assert_eq!(calls, (0..100).collect::<Vec<_>>());
    }

    #[test]
    fn nothing_opens_before_its_time() {
        let mut retries = Retries::new(5_000_000_000);
        retries.push(record(7), 0, 3_000_000_000);
        assert_eq!(retries.next_due(2_000_000_000), u64::MAX);
        assert!(retries.none_due_before() <= 3_000_000_000);
        retries.push(record(8), 2_000_000_000, 2_500_000_000);
        assert_eq!(retries.next_due(3_100_000_000), 2_500_000_000);
        assert_eq!(take(&mut retries), (2_500_000_000, 8));
        assert_eq!(take(&mut retries), (3_000_000_000, 7));
    }

    #[test]
    fn a_wheel_that_stood_still_for_long_turns_on() {
        let mut retries = Retries::new(5_000_000_000);
        for round in 0..5u64 {
            let now = round * 1_000_000_000_000 + round;
            retries.push(record(2), now, now + 4_999_999_999);
            retries.push(record(1), now, now + 1);
            assert_eq!(take(&mut retries), (now + 1, 1));
            let later = now + 4_000_000_000;
            retries.push(record(3), later, later + 4_999_999_999);
            assert_eq!(take(&mut retries), (now + 4_999_999_999, 2));
            assert_eq!(take(&mut retries), (later + 4_999_999_999, 3));
        }
    }
}
