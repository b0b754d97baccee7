//! Records that wait for another attempt: a timer wheel.
//!
//! The wheel has slots of equal width over the longest wait. A slot keeps its records themselves,
//! in chunks of a few, so that playing it reads memory from front to back however many records
//! wait. When a slot opens, its records are laid out in the order in which they came and sorted by
//! due time; records of one call that are due together stay together, in their order.

/// No chunk.
const NONE: u32 = u32::MAX;
/// Slots of the wheel, a power of two.
const SLOTS: u64 = 8_192;
/// Narrowest slot: 2^20 ns, about a millisecond.
const SLOT_SHIFT_MINIMUM: u32 = 20;
/// Records of a chunk.
const CHUNK_RECORDS: usize = 6;

/// A record that waits.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Waiting {
    /// When the producer came up with it, in nanoseconds.
    pub(super) created: u64,
    /// The call that it belongs to; see `Arrival`.
    pub(super) call: u64,
    /// Bytes as the stream counts them.
    pub(super) size: u32,
    /// Attempts made.
    pub(super) attempts: u32,
    /// When it is due, in nanoseconds from the start of its slot.
    within: u32,
}

impl Waiting {
    pub(super) const fn new(created: u64, call: u64, size: u32, attempts: u32) -> Self {
        Self { created, call, size, attempts, within: 0 }
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
    shift: u32,
    slots: Vec<Slot>,
    /// One bit a slot: whether it has records.
    occupied: Vec<u64>,
    chunks: Vec<Chunk>,
    /// First of the chunks that are not in use.
    free: u32,
    /// Records of the open slot, in the order in which they came.
    open: Vec<Waiting>,
    /// Due time within the slot in the upper half, place in `open` in the lower; in order. Those
    /// before `taken` are out.
    order: Vec<u64>,
    taken: usize,
    /// Number of the open slot since the start of the run; all earlier ones are empty.
    open_slot: u64,
    /// Records in closed slots.
    closed: usize,
}

/// Where the records of a closed slot are. All zero means none: memory that is zero from the start
/// costs nothing until it is used.
#[derive(Clone, Copy, Debug, Default)]
struct Slot {
    /// First and last chunk, counted from one.
    first: u32,
    last: u32,
    records: u32,
}

#[derive(Clone, Copy, Debug)]
struct Chunk {
    records: [Waiting; CHUNK_RECORDS],
    next: u32,
}

impl Retries {
    /// Nothing waits yet; no wait will be longer than `longest_wait` nanoseconds.
    pub(super) fn new(longest_wait: u64) -> Self {
        let mut shift = SLOT_SHIFT_MINIMUM;
        // The open slot may be the one before now, and a wait ends within one.
        while (SLOTS - 3) << shift < longest_wait {
            shift += 1;
        }
        Self {
            shift,
            slots: vec![Slot::default(); SLOTS as usize],
            occupied: vec![0; SLOTS as usize / 64],
            chunks: Vec::new(),
            free: NONE,
            open: Vec::new(),
            order: Vec::new(),
            taken: 0,
            open_slot: 0,
            closed: 0,
        }
    }

    /// When the next record is due, if that is before `until`; `u64::MAX` otherwise.
    #[inline]
    pub(super) fn next_due(&mut self, until: u64) -> u64 {
        if self.taken == self.order.len() {
            if self.closed == 0 {
                return u64::MAX;
            }
            self.open_next(until);
        }
        self.first_open_due()
    }

    /// A time before which nothing is due; `u64::MAX` when nothing waits.
    #[inline]
    pub(super) fn none_due_before(&self) -> u64 {
        if self.taken == self.order.len() && self.closed > 0 {
            return self.next_occupied() << self.shift;
        }
        self.first_open_due()
    }

    #[inline(always)]
    fn first_open_due(&self) -> u64 {
        match self.order.get(self.taken) {
            Some(entry) => (self.open_slot << self.shift) + (entry >> 32),
            None => u64::MAX,
        }
    }

    /// The record that `next_due` told of.
    #[inline]
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
    #[inline]
    pub(super) fn push(&mut self, mut record: Waiting, now: u64, due: u64) {
        if self.taken == self.order.len() {
            // Whatever fell due before now has been played, so these slots are empty.
            self.open_slot = self.open_slot.max((now >> self.shift).saturating_sub(1));
        }
        let number = due >> self.shift;
        record.within = (due & ((1 << self.shift) - 1)) as u32;
        if number == self.open_slot {
            self.push_open(record);
            return;
        }
        // Nothing happens before the start of the open slot, so nothing falls due before it.
        assert!(number.wrapping_sub(self.open_slot) < SLOTS, "a wait is longer than the wheel");
        let place = (number % SLOTS) as usize;
        let slot = self.slots[place];
        let within_chunk = slot.records as usize % CHUNK_RECORDS;
        if within_chunk == 0 {
            self.push_chunk(place, record);
        } else {
            self.chunks[slot.last as usize - 1].records[within_chunk] = record;
            self.slots[place].records += 1;
        }
        self.closed += 1;
    }

    /// Puts a record in its place among those of the open slot.
    fn push_open(&mut self, record: Waiting) {
        let entry = u64::from(record.within) << 32 | self.open.len() as u64;
        self.open.push(record);
        let place = self.order[self.taken..].partition_point(|other| *other < entry);
        self.order.insert(self.taken + place, entry);
    }

    /// Begins a new chunk at the end of the slot at `place`.
    fn push_chunk(&mut self, place: usize, record: Waiting) {
        let mut records = [Waiting::default(); CHUNK_RECORDS];
        records[0] = record;
        let chunk = Chunk { records, next: NONE };
        let index = self.free;
        let number = if index == NONE {
            self.chunks.push(chunk);
            self.chunks.len() as u32
        } else {
            self.free = self.chunks[index as usize].next;
            self.chunks[index as usize] = chunk;
            index + 1
        };
        let slot = &mut self.slots[place];
        slot.records += 1;
        if slot.first == 0 {
            slot.first = number;
            self.occupied[place / 64] |= 1 << (place % 64);
        } else {
            self.chunks[slot.last as usize - 1].next = number - 1;
        }
        slot.last = number;
    }

    /// Opens the next slot with records if it begins before `until`.
    fn open_next(&mut self, until: u64) {
        let number = self.next_occupied();
        if number << self.shift >= until {
            return;
        }
        self.open_slot = number;
        self.open.clear();
        self.order.clear();
        self.taken = 0;
        let place = (number % SLOTS) as usize;
        self.occupied[place / 64] &= !(1 << (place % 64));
        let slot = std::mem::take(&mut self.slots[place]);
        let mut left = slot.records as usize;
        let mut index = slot.first.wrapping_sub(1);
        while left > 0 {
            let chunk = &mut self.chunks[index as usize];
            let records = left.min(CHUNK_RECORDS);
            self.open.extend_from_slice(&chunk.records[..records]);
            left -= records;
            let next = std::mem::replace(&mut chunk.next, self.free);
            self.free = index;
            index = next;
        }
        let entry =
            |(place, record): (usize, &Waiting)| u64::from(record.within) << 32 | place as u64;
        self.order.extend(self.open.iter().enumerate().map(entry));
        self.order.sort_unstable();
        self.closed -= self.open.len();
    }

    /// The first slot after the open one that has records; there is one.
    fn next_occupied(&self) -> u64 {
        let first = self.open_slot + 1;
        let place = first % SLOTS;
        let words = self.occupied.len() as u64;
        let mut word = place / 64;
        let mut bits = self.occupied[word as usize] & (u64::MAX << (place % 64));
        for _ in 0..=words {
            if bits != 0 {
                let found = word * 64 + u64::from(bits.trailing_zeros());
                return first + (found + SLOTS - place) % SLOTS;
            }
            word = (word + 1) % words;
            bits = self.occupied[word as usize];
        }
        unreachable!("records are counted");
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
