//! Records that wait for another attempt: a timer wheel of two levels.
//!
//! Coarse slots cover the longest wait; the coarse slot that time is in is spread over fine ones,
//! and the fine slot that time is in is open. A slot keeps its records themselves, one after
//! another, so that playing reads memory from front to back and a record costs much the same
//! however many wait.
//!
//! Where a shard has no room, what is due before it has some is refused in whatever order; only
//! then the first record is looked for. The open slot is put in order where more of its records
//! are played one by one. Records that are due at the same time are played by call.

use crate::engine::source::{Arrival, number_of};
use crate::engine::wheel::{COARSE, Coarse, FINE_BITS, Fine};

/// Narrowest fine slot: 2^19 ns, about half of the time from one token to the next of a shard's
/// record limit, so that most slots are refused as a whole.
const SHIFT_MINIMUM: u32 = 19;

/// A record that waits. Packed, because reading and writing what waits is most of the work of a
/// run in which most attempts fail.
#[derive(Clone, Copy, Debug)]
pub(super) struct Waiting {
    /// When it is sent again, in nanoseconds.
    due: u64,
    /// Producer in the upper 8 bits; below, when it came up with the record, in nanoseconds.
    producer_and_created: u64,
    /// Number of its call in the upper 40 bits; below, bytes as the stream counts them.
    number_and_size: u64,
    /// Number of the partition key among those of its producer.
    pub(super) key: u32,
    /// Attempts made; `COPY` is added where the stream has taken the record already.
    attempts: u32,
}

/// Mark of a record that the stream has taken and the producer, for want of an answer, sends again.
const COPY: u32 = 1 << 31;

/// Bits of a time; a run is shorter than two years.
const TIME_BITS: u32 = 56;
/// Bits of the size of a record; the largest has 2^23.3 bytes.
const SIZE_BITS: u32 = 24;

impl Waiting {
    const NONE: Self =
        Self { due: 0, producer_and_created: 0, number_and_size: 0, key: 0, attempts: 0 };

    /// The record of `arrival`, which has made `attempts`.
    #[inline(always)]
    pub(super) const fn new(arrival: &Arrival, attempts: u32) -> Self {
        let producer = arrival.producer() as u64;
        Self {
            due: 0,
            producer_and_created: producer << TIME_BITS | arrival.created(),
            number_and_size: number_of(arrival.call()) << SIZE_BITS | arrival.size() as u64,
            key: arrival.key(),
            attempts,
        }
    }

    /// When it is sent again, in nanoseconds.
    pub(super) const fn due(&self) -> u64 {
        self.due
    }

    /// When the producer came up with it, in nanoseconds.
    #[inline(always)]
    pub(super) const fn created(&self) -> u64 {
        self.producer_and_created & ((1 << TIME_BITS) - 1)
    }

    /// Index of its producer.
    #[inline(always)]
    pub(super) const fn producer(&self) -> usize {
        (self.producer_and_created >> TIME_BITS) as usize
    }

    /// Number of its call among those of its producer.
    #[inline(always)]
    pub(super) const fn number(&self) -> u64 {
        self.number_and_size >> SIZE_BITS
    }

    /// The call that it belongs to; see `Arrival`.
    #[inline(always)]
    pub(super) const fn call(&self) -> u64 {
        (self.producer_and_created >> TIME_BITS) << TIME_BITS | self.number()
    }

    /// Attempts made.
    #[inline(always)]
    pub(super) const fn attempts(&self) -> u32 {
        self.attempts & !COPY
    }

    /// The same record when it has made `attempts` and is sent again at `due`.
    #[inline(always)]
    pub(super) const fn waits(self, attempts: u32, due: u64) -> Self {
        Self { due, attempts, ..self }
    }

    /// No more attempts are made.
    pub(super) const fn end(&mut self) {
        self.attempts = 0;
    }

    /// Whether no more attempts are made.
    #[inline(always)]
    pub(super) const fn has_ended(&self) -> bool {
        self.attempts == 0
    }

    /// One attempt more is made.
    #[inline(always)]
    pub(super) const fn attempt(&mut self) {
        self.attempts += 1;
    }

    /// Whether the stream has taken the record already.
    #[inline(always)]
    pub(super) const fn is_copy(&self) -> bool {
        self.attempts & COPY != 0
    }

    /// The stream has taken the record, and the producer does not know.
    pub(super) const fn make_copy(&mut self) {
        self.attempts |= COPY;
    }

    /// Bytes as the stream counts them.
    #[inline(always)]
    pub(super) const fn size(&self) -> u32 {
        self.number_and_size as u32 & ((1 << SIZE_BITS) - 1)
    }

    /// What records are played by: earlier calls first at the same time.
    #[inline(always)]
    const fn key(&self) -> (u64, u64) {
        (self.due, self.call())
    }
}

/// The records of one lane that wait for another attempt.
#[derive(Debug)]
pub(super) struct Retries {
    /// Fine slots are 2^shift nanoseconds wide.
    shift: u32,
    coarse: Coarse<Waiting>,
    fine: Fine<Waiting>,
    /// Number, since the start of the run, of the coarse slot that is spread over the fine ones.
    spread: u64,
    /// Number of the fine slot that is open.
    open_slot: u64,
    /// Records of the open slot, in the order in which they came; those with `OUT` are out.
    open: Vec<Waiting>,
    /// Records of the open slot that are not out.
    left: usize,
    order: Order,
    /// How often the first record of the open slot was searched for.
    searches: u32,
    /// Where the order is known: due time within the slot in the upper half, place in `open` in
    /// the lower; in order. Those before `taken` are out.
    sorted: Vec<u64>,
    taken: usize,
}

/// What is known of the order in the open slot.
#[derive(Clone, Copy, Debug)]
enum Order {
    Unknown,
    /// The place of the first record; any place when there is none.
    First(usize),
    /// Everything.
    Sorted,
}

/// Due time of a record of the open slot that is out.
const OUT: u64 = u64::MAX;
/// Searches for the first record of a slot, after which the slot is sorted. A shard that has no
/// room for most records asks for the first one once or twice a slot.
const SEARCHES: u32 = 2;

/// Appends a copy of `record` that has made `attempts` and is due at `due`.
///
/// The copy goes from memory to memory and is changed there: put together on the stack first, its
/// parts would be on their way to the cache while the whole is read back.
#[inline(always)]
fn append(slot: &mut Vec<Waiting>, record: &Waiting, attempts: u32, due: u64) {
    slot.push(*record);
    if let Some(copy) = slot.last_mut() {
        copy.attempts = attempts;
        copy.due = due;
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
            coarse: Coarse::EMPTY,
            fine: Fine::EMPTY,
            spread: 0,
            open_slot: 0,
            open: Vec::new(),
            left: 0,
            order: Order::First(0),
            searches: 0,
            sorted: Vec::new(),
            taken: 0,
        }
    }

    /// Turns to `now`, before which everything has been played. Gives the end of the coarse slot
    /// that it lies in: until then records may be pushed out of the order of time.
    #[inline]
    pub(super) fn turn_to(&mut self, now: u64) -> u64 {
        let coarse = now >> (self.shift + FINE_BITS);
        if self.left == 0 && self.fine.is_empty() {
            match self.next_coarse() {
                Some(slot) if slot <= coarse => self.spread_out(slot),
                _ => self.keep_up(now),
            }
        }
        (coarse + 1) << (self.shift + FINE_BITS)
    }

    /// When the next record is due, if that is before `until`; something later otherwise.
    #[inline]
    pub(super) fn next_due(&mut self, until: u64) -> u64 {
        if self.left == 0 && !self.open_next(until) {
            return u64::MAX;
        }
        if matches!(self.order, Order::Unknown) {
            self.search();
        }
        self.first().due
    }

    /// A time before which nothing is due; `u64::MAX` when nothing waits.
    #[inline]
    pub(super) fn none_due_before(&self) -> u64 {
        if self.left > 0 {
            return match self.order {
                Order::Unknown => self.open_slot << self.shift,
                Order::First(_) | Order::Sorted => self.first().due,
            };
        }
        match (self.next_fine(), self.next_coarse()) {
            (Some(slot), _) => slot << self.shift,
            (None, Some(slot)) => slot << (self.shift + FINE_BITS),
            (None, None) => u64::MAX,
        }
    }

    /// Place of the first record of the open slot, which `next_due` found.
    #[inline]
    fn first_place(&self) -> usize {
        match self.order {
            Order::First(place) => place,
            _ => self.sorted[self.taken] as u32 as usize,
        }
    }

    /// The record that `next_due` told of.
    #[inline]
    pub(super) fn first(&self) -> &Waiting {
        &self.open[self.first_place()]
    }

    /// Takes the record that `next_due` told of.
    pub(super) fn pop(&mut self) -> Waiting {
        let place = self.first_place();
        let record = self.open[place];
        self.open[place].due = OUT;
        self.left -= 1;
        if matches!(self.order, Order::Sorted) {
            self.taken += 1;
        } else {
            // Records of one call stand side by side.
            let next = self.open.get(place + 1);
            let same_call = next.is_some_and(|next| next.key() == record.key());
            self.order = match same_call {
                true => Order::First(place + 1),
                false if self.left == 0 => Order::First(0),
                false => Order::Unknown,
            };
        }
        record
    }

    /// Plays the records due before `limit`, all of which the shard refuses; `again` books a
    /// refusal at a time and says when the record is due again, if at all. Those due before
    /// `limit` are not played in the order of time: it would make no difference.
    #[inline]
    pub(super) fn refuse_before(
        &mut self,
        limit: u64,
        mut again: impl FnMut(u64, &Waiting) -> Option<u64>,
    ) {
        loop {
            if self.left == 0 && !self.open_next(limit) {
                return;
            }
            if matches!(self.order, Order::First(_)) && self.first().due >= limit {
                return;
            }
            let empty = self.fine.spare.pop().unwrap_or_default();
            let slot = std::mem::replace(&mut self.open, empty);
            self.left = 0;
            self.order = Order::First(0);
            self.sorted.clear();
            self.taken = 0;
            for record in &slot {
                let now = record.due;
                if now < limit {
                    if let Some(due) = again(now, record) {
                        // It lies in the coarse slot that is spread.
                        let slot = self.slot_at(due, record.call());
                        append(slot, record, record.attempts + 1, due);
                    }
                } else if now != OUT {
                    append(self.open_slot_for(now, record.call()), record, record.attempts, now);
                }
            }
            self.fine.give_back(slot);
        }
    }

    /// Lets a record, whose attempt failed at `now`, wait until `due`.
    #[inline(always)]
    pub(super) fn push(&mut self, record: &Waiting, now: u64, due: u64) {
        append(self.slot_for(now, due, record.call()), record, record.attempts, due);
    }

    /// Lets a record, whose first attempt failed at `now`, wait until `due`.
    #[inline(always)]
    pub(super) fn push_first(&mut self, record: Waiting, now: u64, due: u64) {
        let slot = self.slot_for(now, due, record.call());
        slot.push(Waiting::NONE);
        if let Some(copy) = slot.last_mut() {
            copy.due = due;
            copy.producer_and_created = record.producer_and_created;
            copy.number_and_size = record.number_and_size;
            copy.key = record.key;
            copy.attempts = 1;
        }
    }

    /// The slot of a record of `call` that failed at `now` and is due at `due`.
    #[inline(always)]
    fn slot_for(&mut self, now: u64, due: u64, call: u64) -> &mut Vec<Waiting> {
        if self.left == 0 && self.fine.is_empty() {
            self.keep_up(now);
        }
        self.slot_at(due, call)
    }

    /// The slot of a record of `call` that is due at `due`, where the wheel has come to the present.
    #[inline(always)]
    fn slot_at(&mut self, due: u64, call: u64) -> &mut Vec<Waiting> {
        let coarse = due >> (self.shift + FINE_BITS);
        if coarse != self.spread {
            let ahead = coarse.wrapping_sub(self.spread);
            assert!(ahead < COARSE, "a wait is longer than the wheel");
            return self.coarse.chunk(coarse);
        }
        // Nothing happens before the start of the open slot, so nothing falls due before it.
        let fine = due >> self.shift;
        if fine == self.open_slot { self.open_slot_for(due, call) } else { self.fine.slot(fine) }
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
        let played = std::mem::take(&mut self.open);
        self.fine.give_back(played);
        self.left = 0;
        self.order = Order::First(0);
        self.searches = 0;
        self.sorted.clear();
        self.taken = 0;
    }

    /// The open slot, to which a record of `call` is added that is due at `due`.
    fn open_slot_for(&mut self, due: u64, call: u64) -> &mut Vec<Waiting> {
        let place = self.open.len();
        self.left += 1;
        match self.order {
            Order::Unknown => {}
            Order::First(first) => {
                if self.left == 1 || (due, call) < self.open[first].key() {
                    self.order = Order::First(place);
                }
            }
            Order::Sorted => {
                let place_of = |entry: &u64| {
                    let other = *entry as u32 as usize;
                    (self.open[other].key(), other) < ((due, call), place)
                };
                let after = self.sorted[self.taken..].partition_point(place_of);
                self.sorted.insert(self.taken + after, self.entry(place, due));
            }
        }
        &mut self.open
    }

    /// Finds the first record of the open slot, or puts all in order when that pays.
    #[inline(never)]
    fn search(&mut self) {
        self.searches += 1;
        if self.searches > SEARCHES {
            self.sort();
            return;
        }
        let mut first = (u64::MAX, u64::MAX);
        let mut place = 0;
        for (index, record) in self.open.iter().enumerate() {
            if record.key() < first && record.due != OUT {
                first = record.key();
                place = index;
            }
        }
        self.order = Order::First(place);
    }

    fn sort(&mut self) {
        let mut sorted = std::mem::take(&mut self.sorted);
        let left = self.open.iter().enumerate().filter(|(_, record)| record.due != OUT);
        sorted.extend(left.map(|(place, record)| self.entry(place, record.due)));
        sorted.sort_unstable();
        for due_together in sorted.chunk_by_mut(|one, other| one >> 32 == other >> 32) {
            if due_together.len() > 1 {
                due_together.sort_unstable_by_key(|entry| {
                    let place = *entry as u32 as usize;
                    (self.open[place].key(), place)
                });
            }
        }
        self.sorted = sorted;
        self.taken = 0;
        self.order = Order::Sorted;
    }

    #[inline]
    fn entry(&self, place: usize, due: u64) -> u64 {
        let within = due & ((1 << self.shift) - 1);
        (within >> self.shift.saturating_sub(32)) << 32 | place as u64
    }

    /// Opens the next slot with records if it begins before `until`; whether it did.
    fn open_next(&mut self, until: u64) -> bool {
        if self.fine.is_empty() {
            match self.next_coarse() {
                Some(slot) if slot << (self.shift + FINE_BITS) < until => self.spread_out(slot),
                _ => return false,
            }
        }
        let Some(slot) = self.next_fine() else {
            return false;
        };
        if slot << self.shift >= until {
            return false;
        }
        self.open_at(slot);
        self.open = self.fine.take(slot);
        self.left = self.open.len();
        self.order = Order::Unknown;
        true
    }

    /// Spreads the records of a coarse slot over the fine ones.
    fn spread_out(&mut self, slot: u64) {
        self.spread = slot;
        let shift = self.shift;
        self.coarse.spread(slot, &mut self.fine, |record| record.due >> shift);
        // No fine slot is open; the one before the first can take nothing.
        self.open_at((slot << FINE_BITS).wrapping_sub(1));
    }

    /// Number of the next fine slot with records.
    #[inline]
    fn next_fine(&self) -> Option<u64> {
        self.fine.next(self.spread << FINE_BITS)
    }

    /// Number of the next coarse slot with records.
    #[inline]
    fn next_coarse(&self) -> Option<u64> {
        self.coarse.next(self.spread + 1)
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
mod tests;
