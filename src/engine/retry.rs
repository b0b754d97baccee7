//! Records that wait for another attempt: a slab of records and a timer wheel of calls.
//!
//! What waits is a call, or the part of it that failed on this shard: a chain of records that will
//! be sent again together. The wheel has slots of equal width over the longest wait; a slot keeps
//! its entries in chunks of one cache line and sorts them only when it opens. Entries come out in
//! the order of (due time, place in the slab), which depends on nothing but the lane's own past.

/// No record, no chunk.
pub(super) const NONE: u32 = u32::MAX;
/// Slots of the wheel, a power of two.
const SLOTS: u64 = 8_192;
/// Narrowest slot: 2^20 ns, about a millisecond.
const SLOT_SHIFT_MINIMUM: u32 = 20;
/// Entries of a chunk, so that it fills a cache line.
const CHUNK_ENTRIES: usize = 7;

/// A record that waits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Waiting {
    /// When the producer came up with it, in nanoseconds.
    pub(super) created: u64,
    /// The call that it belongs to; see `Arrival`.
    pub(super) call: u64,
    /// Bytes as the stream counts them.
    pub(super) size: u32,
    /// Attempts made.
    pub(super) attempts: u32,
    /// The next record of the same call, or `NONE`.
    pub(super) next: u32,
}

/// What becomes of a record that was refused once more.
pub(super) enum Refused {
    /// It waits until this time.
    Again(u64),
    /// It was its last attempt.
    GivenUp,
    /// It is not a single record of the producer in question.
    NotMine,
}

/// Records that failed together and will be sent again together.
#[derive(Clone, Copy, Debug)]
pub(super) struct Chain {
    pub(super) head: u32,
    pub(super) tail: u32,
}

impl Chain {
    pub(super) const EMPTY: Self = Self { head: NONE, tail: NONE };
}

/// The records of one lane that wait for another attempt.
#[derive(Debug)]
pub(super) struct Retries {
    records: Vec<Waiting>,
    free: Vec<u32>,
    wheel: Wheel,
}

impl Retries {
    /// Nothing waits yet; no wait will be longer than `longest_wait` nanoseconds.
    pub(super) fn new(longest_wait: u64) -> Self {
        Self { records: Vec::new(), free: Vec::new(), wheel: Wheel::new(longest_wait) }
    }

    /// When the next call is due, if that is before `until`; `u64::MAX` otherwise.
    #[inline]
    pub(super) fn next_due(&mut self, until: u64) -> u64 {
        self.wheel.next_due(until)
    }

    /// A time before which nothing is due; `u64::MAX` when nothing waits.
    #[inline]
    pub(super) fn none_due_before(&self) -> u64 {
        self.wheel.none_due_before()
    }

    /// The first record of the call that `next_due` told of.
    #[inline]
    pub(super) fn first(&self) -> u32 {
        self.wheel.first()
    }

    /// Takes the call that `next_due` told of; gives its first record.
    #[inline]
    pub(super) fn pop(&mut self) -> u32 {
        self.wheel.pop()
    }

    /// The record at `index`.
    #[inline]
    pub(super) fn record(&self, index: u32) -> &Waiting {
        &self.records[index as usize]
    }

    /// Puts a failed record at the end of `chain`.
    #[inline]
    pub(super) fn add(&mut self, chain: &mut Chain, record: Waiting) {
        let index = match self.free.pop() {
            Some(index) => {
                self.records[index as usize] = record;
                index
            }
            None => {
                self.records.push(record);
                (self.records.len() - 1) as u32
            }
        };
        self.link(chain, index);
    }

    /// Puts the record at `index`, which failed again, at the end of `chain`.
    #[inline]
    pub(super) fn keep(&mut self, chain: &mut Chain, index: u32) {
        let record = &mut self.records[index as usize];
        record.attempts += 1;
        record.next = NONE;
        self.link(chain, index);
    }

    #[inline]
    fn link(&mut self, chain: &mut Chain, index: u32) {
        if chain.tail == NONE {
            chain.head = index;
        } else {
            self.records[chain.tail as usize].next = index;
        }
        chain.tail = index;
    }

    /// Forgets the record at `index`, which waits no longer.
    #[inline]
    pub(super) fn release(&mut self, index: u32) {
        self.free.push(index);
    }

    /// Lets `chain`, which failed at `now`, wait until `due`.
    #[inline]
    pub(super) fn schedule(&mut self, chain: Chain, now: u64, due: u64) {
        self.wheel.push(now, due, chain.head);
    }

    /// Plays the calls that are due before `limit` and hold one record each, all of which the shard
    /// refuses: `again` books a refusal and gives the time of the next attempt, or nothing when
    /// that was the last. Stops at the first call that `again` has nothing to do with.
    #[inline]
    pub(super) fn refuse_before(
        &mut self,
        limit: u64,
        mut again: impl FnMut(u64, &mut Waiting) -> Refused,
    ) {
        loop {
            let now = self.wheel.next_due(limit);
            if now >= limit {
                return;
            }
            let index = self.wheel.first();
            match again(now, &mut self.records[index as usize]) {
                Refused::Again(due) => {
                    self.wheel.pop();
                    self.wheel.push(now, due, index);
                }
                Refused::GivenUp => {
                    self.wheel.pop();
                    self.free.push(index);
                }
                Refused::NotMine => return,
            }
        }
    }

    /// Every record that waits, in no particular order.
    pub(super) fn waiting(&self) -> impl Iterator<Item = &Waiting> {
        let mut live = vec![true; self.records.len()];
        for index in &self.free {
            live[*index as usize] = false;
        }
        self.records.iter().zip(live).filter_map(|(record, live)| live.then_some(record))
    }
}

/// Up to seven entries of a slot and the chunk before.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
struct Chunk {
    /// Time within the slot in the upper half, record in the lower.
    entries: [u64; CHUNK_ENTRIES],
    next: u32,
    length: u32,
}

#[derive(Debug)]
struct Wheel {
    shift: u32,
    /// First chunk of each slot, counted from one; zero where the slot is empty. Memory that is
    /// zero from the start costs nothing until it is used.
    slots: Vec<u32>,
    /// One bit a slot: whether it has entries.
    occupied: Vec<u64>,
    chunks: Vec<Chunk>,
    free: u32,
    /// Entries of the open slot in order; those before `taken` are out.
    open: Vec<u64>,
    taken: usize,
    /// Number of the open slot since the start of the run; all earlier ones are empty.
    open_slot: u64,
    /// Entries in closed slots.
    closed: usize,
}

impl Wheel {
    fn new(longest_wait: u64) -> Self {
        let mut shift = SLOT_SHIFT_MINIMUM;
        // One slot is open and one partly over, so two of them do not count.
        while (SLOTS - 2) << shift < longest_wait {
            shift += 1;
        }
        Self {
            shift,
            slots: vec![0; SLOTS as usize],
            occupied: vec![0; SLOTS as usize / 64],
            chunks: Vec::new(),
            free: NONE,
            open: Vec::new(),
            taken: 0,
            open_slot: 0,
            closed: 0,
        }
    }

    #[inline]
    fn push(&mut self, now: u64, due: u64, record: u32) {
        if self.taken == self.open.len() {
            // Whatever fell due before now has been played, so these slots are empty.
            self.open_slot = self.open_slot.max((now >> self.shift).saturating_sub(1));
        }
        let slot = due >> self.shift;
        let within = due & ((1 << self.shift) - 1);
        let entry = within << 32 | u64::from(record);
        if slot == self.open_slot {
            self.push_open(entry);
            return;
        }
        // Nothing happens before the start of the open slot, so nothing falls due before it.
        assert!(slot.wrapping_sub(self.open_slot) < SLOTS, "a wait is longer than the wheel");
        let place = (slot % SLOTS) as usize;
        let head = self.slots[place].wrapping_sub(1);
        match self.chunks.get_mut(head as usize) {
            Some(chunk) if (chunk.length as usize) < CHUNK_ENTRIES => {
                chunk.entries[chunk.length as usize] = entry;
                chunk.length += 1;
            }
            _ => self.push_chunk(place, head, entry),
        }
        self.closed += 1;
    }

    /// Puts an entry in its place among those of the open slot.
    fn push_open(&mut self, entry: u64) {
        let place = self.open[self.taken..].partition_point(|other| *other < entry);
        self.open.insert(self.taken + place, entry);
    }

    /// Begins a new chunk of the slot at `place` with `entry`.
    fn push_chunk(&mut self, place: usize, head: u32, entry: u64) {
        let mut chunk = Chunk { entries: [0; CHUNK_ENTRIES], next: head, length: 1 };
        chunk.entries[0] = entry;
        let index = self.free;
        if index == NONE {
            self.chunks.push(chunk);
            self.slots[place] = self.chunks.len() as u32;
        } else {
            self.free = self.chunks[index as usize].next;
            self.chunks[index as usize] = chunk;
            self.slots[place] = index + 1;
        }
        self.occupied[place / 64] |= 1 << (place % 64);
    }

    #[inline]
    fn next_due(&mut self, until: u64) -> u64 {
        if self.taken == self.open.len() {
            if self.closed == 0 {
                return u64::MAX;
            }
            self.open_next(until);
        }
        match self.open.get(self.taken) {
            Some(entry) => (self.open_slot << self.shift) + (entry >> 32),
            None => u64::MAX,
        }
    }

    /// No call is due before this time.
    #[inline]
    fn none_due_before(&self) -> u64 {
        match self.open.get(self.taken) {
            Some(entry) => (self.open_slot << self.shift) + (entry >> 32),
            None if self.closed == 0 => u64::MAX,
            None => self.next_occupied() << self.shift,
        }
    }

    /// The record of the entry that `next_due` told of.
    #[inline]
    fn first(&self) -> u32 {
        self.open[self.taken] as u32
    }

    /// Takes the entry that `next_due` told of; gives its record.
    #[inline]
    fn pop(&mut self) -> u32 {
        let record = self.first();
        self.taken += 1;
        record
    }

    /// Opens the next slot with entries if it begins before `until`.
    fn open_next(&mut self, until: u64) {
        let slot = self.next_occupied();
        if slot << self.shift >= until {
            return;
        }
        self.open_slot = slot;
        self.open.clear();
        self.taken = 0;
        let place = (slot % SLOTS) as usize;
        self.occupied[place / 64] &= !(1 << (place % 64));
        let mut index = std::mem::take(&mut self.slots[place]).wrapping_sub(1);
        while index != NONE {
            let chunk = self.chunks[index as usize];
            self.open.extend_from_slice(&chunk.entries[..chunk.length as usize]);
            self.chunks[index as usize].next = self.free;
            self.free = index;
            index = chunk.next;
        }
        self.closed -= self.open.len();
        self.open.sort_unstable();
    }

    /// The first slot after the open one that has entries; there is one.
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
        unreachable!("entries are counted");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, Randomness};

    /// order out of the wheel = order of (due, record), for pushes that come in while it turns.
    #[test]
    fn entries_come_out_in_the_order_of_their_due_times() {
        for longest in [1_000_000u64, 5_000_000_000, 600_000_000_000] {
            let draws = Randomness::new(1, 0).identity_draws("wheel", Purpose::RetryJitter);
            let mut wheel = Wheel::new(longest);
            let mut expected = std::collections::BTreeSet::new();
            let mut now = 0;
            for record in 0..20_000u32 {
                let due = now + draws.below(u64::from(record), 0, longest);
                assert!(wheel.none_due_before() >= now);
                wheel.push(now, due, record);
                expected.insert((due, record));
                if draws.below(u64::from(record), 1, 3) == 0 {
                    continue;
                }
                let due = wheel.next_due(u64::MAX);
                let popped = (due, wheel.pop());
                assert_eq!(expected.pop_first(), Some(popped));
                now = due;
            }
            while let Some(next) = expected.pop_first() {
                let due = wheel.next_due(u64::MAX);
                assert_eq!((due, wheel.pop()), next);
            }
            assert_eq!(wheel.next_due(u64::MAX), u64::MAX);
        }
    }

    #[test]
    fn nothing_opens_before_its_time() {
        let mut wheel = Wheel::new(5_000_000_000);
        wheel.push(0, 3_000_000_000, 7);
        assert_eq!(wheel.next_due(2_000_000_000), u64::MAX);
        assert!(wheel.none_due_before() <= 3_000_000_000);
        wheel.push(2_000_000_000, 2_500_000_000, 8);
        assert_eq!(wheel.next_due(3_100_000_000), 2_500_000_000);
        assert_eq!((wheel.pop(), wheel.next_due(u64::MAX), wheel.pop()), (8, 3_000_000_000, 7));
    }
    #[test]
    fn a_wheel_that_stood_still_for_long_turns_on() {
        let mut wheel = Wheel::new(5_000_000_000);
        for round in 0..5u64 {
            let now = round * 1_000_000_000_000 + round;
            wheel.push(now, now + 4_999_999_999, 2);
            wheel.push(now, now + 1, 1);
            assert_eq!((wheel.next_due(u64::MAX), wheel.pop()), (now + 1, 1));
            let later = now + 4_000_000_000;
            wheel.push(later, later + 4_999_999_999, 3);
            assert_eq!((wheel.next_due(u64::MAX), wheel.pop()), (now + 4_999_999_999, 2));
            assert_eq!((wheel.next_due(u64::MAX), wheel.pop()), (later + 4_999_999_999, 3));
        }
    }
}
