//! Records that wait for another attempt: a timer wheel of two levels.
//!
//! Coarse slots cover the longest wait; the coarse slot that time is in is spread over fine ones,
//! the fine slot that time is in is put in order. A slot keeps its records themselves, one after
//! another. So however many records wait, a push appends to one of about a hundred buffers and
//! playing reads memory from front to back; what a record costs does not grow with their number.
//! Records that are due at the same time stay in the order in which they came, so those of one
//! call stay together.

/// Slots of the coarse level, as many as a word has bits.
const COARSE: u64 = 64;
/// Slots of the fine level, which make up one coarse slot.
const FINE: u64 = 1 << FINE_BITS;
const FINE_BITS: u32 = 8;
const FINE_WORDS: usize = FINE as usize / 64;
/// Records of a chunk of a coarse slot; the first chunk of a slot grows up to it.
const CHUNK: usize = 128;
const SMALL_CHUNK: usize = 4;
/// Narrowest fine slot: 2^21 ns, about two milliseconds. Narrower ones cost more to open than they
/// save in sorting.
const SHIFT_MINIMUM: u32 = 19;

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
    const NONE: Self = Self { created: 0, call: 0, due: 0, size: 0, attempts: 0 };

    pub(super) const fn new(created: u64, call: u64, size: u32, attempts: u32) -> Self {
        Self { created, call, due: 0, size, attempts }
    }

    /// What records are played by: earlier calls first at the same time.
    #[inline(always)]
    const fn key(&self) -> (u64, u64) {
        (self.due, self.call)
    }
}

/// The records of one lane that wait for another attempt.
#[derive(Debug)]
pub(super) struct Retries {
    /// Fine slots are 2^shift nanoseconds wide.
    shift: u32,
    coarse: Coarse,
    fine: Fine,
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

/// The coarse slots. Their records stand in chunks, which are used again as soon as they have been
/// played, so that memory and caches hold what waits and little more.
#[derive(Debug)]
struct Coarse {
    slots: [CoarseSlot; COARSE as usize],
    /// One bit a slot: whether it has records.
    occupied: u64,
    /// Empty chunks.
    spare: Vec<Vec<Waiting>>,
}

#[derive(Debug)]
struct CoarseSlot {
    full: Vec<Vec<Waiting>>,
    /// The chunk that is filled.
    last: Vec<Waiting>,
}

impl Coarse {
    const EMPTY: Self = Self {
        slots: [const { CoarseSlot { full: Vec::new(), last: Vec::new() } }; COARSE as usize],
        occupied: 0,
        spare: Vec::new(),
    };

    /// The chunk, with room, of the slot with the given number since the start of the run.
    #[inline(always)]
    fn chunk(&mut self, slot: u64) -> &mut Vec<Waiting> {
        let place = (slot % COARSE) as usize;
        self.occupied |= 1 << place;
        if self.slots[place].last.len() == self.slots[place].last.capacity() {
            self.make_room(place);
        }
        &mut self.slots[place].last
    }

    #[inline(never)]
    fn make_room(&mut self, place: usize) {
        let slot = &mut self.slots[place];
        match slot.last.capacity() {
            0 => slot.last = self.spare.pop().unwrap_or_else(|| Vec::with_capacity(SMALL_CHUNK)),
            records if records < CHUNK => slot.last.reserve_exact(records),
            _ => {
                let next = self.spare.pop().unwrap_or_else(|| Vec::with_capacity(CHUNK));
                slot.full.push(std::mem::replace(&mut slot.last, next));
            }
        }
    }

    /// The next slot from `first` on, of as many as there are, that has records.
    #[inline]
    const fn next(&self, first: u64) -> Option<u64> {
        match self.occupied.rotate_right((first % COARSE) as u32) {
            0 => None,
            bits => Some(first + bits.trailing_zeros() as u64),
        }
    }

    /// Spreads the records of a slot over fine ones that are 2^shift nanoseconds wide.
    fn spread(&mut self, slot: u64, shift: u32, fine: &mut Fine) {
        let place = (slot % COARSE) as usize;
        self.occupied &= !(1 << place);
        let Self { slots, spare, .. } = self;
        let CoarseSlot { full, last } = &mut slots[place];
        for mut chunk in full.drain(..).chain(std::iter::once(std::mem::take(last))) {
            for record in &chunk {
                let slot = fine.slot(record.due >> shift);
                slot.push(*record);
            }
            chunk.clear();
            spare.push(chunk);
        }
    }
}

/// The fine slots of one coarse slot.
#[derive(Debug)]
struct Fine {
    slots: [[Vec<Waiting>; 64]; FINE_WORDS],
    /// One bit a slot: whether it has records.
    occupied: [u64; FINE_WORDS],
    /// Empty buffers; the one that was played last, which is in the cache, is the next in use.
    spare: Vec<Vec<Waiting>>,
}

impl Fine {
    const EMPTY: Self = Self {
        slots: [const { [const { Vec::new() }; 64] }; FINE_WORDS],
        occupied: [0; FINE_WORDS],
        spare: Vec::new(),
    };

    /// Word and bit of the slot with the given number since the start of the run.
    #[inline(always)]
    const fn place(slot: u64) -> (usize, usize) {
        ((slot / 64) as usize % FINE_WORDS, slot as usize % 64)
    }

    #[inline(always)]
    fn slot(&mut self, slot: u64) -> &mut Vec<Waiting> {
        let (word, bit) = Self::place(slot);
        if self.occupied[word] & (1 << bit) == 0 {
            self.occupy(word, bit);
        }
        &mut self.slots[word][bit]
    }

    #[inline(never)]
    fn occupy(&mut self, word: usize, bit: usize) {
        self.occupied[word] |= 1 << bit;
        self.slots[word][bit] = self.spare.pop().unwrap_or_default();
    }

    /// Takes the records of a slot.
    fn take(&mut self, slot: u64) -> Vec<Waiting> {
        let (word, bit) = Self::place(slot);
        self.occupied[word] &= !(1 << bit);
        std::mem::take(&mut self.slots[word][bit])
    }

    /// Keeps a buffer whose records have been played.
    fn give_back(&mut self, mut buffer: Vec<Waiting>) {
        buffer.clear();
        self.spare.push(buffer);
    }

    #[inline(always)]
    fn is_empty(&self) -> bool {
        self.occupied.iter().all(|word| *word == 0)
    }

    /// The first slot with records of the coarse slot that begins with slot `first`.
    #[inline]
    fn next(&self, first: u64) -> Option<u64> {
        let word = self.occupied.iter().position(|word| *word != 0)?;
        Some(first + 64 * word as u64 + u64::from(self.occupied[word].trailing_zeros()))
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
                        self.push(record, record.attempts + 1, now, due);
                    }
                } else if now != OUT {
                    append(self.open_slot_for(now, record.call), record, record.attempts, now);
                }
            }
            self.fine.give_back(slot);
        }
    }

    /// Lets a record, which failed at `now` and has made `attempts`, wait until `due`.
    #[inline(always)]
    pub(super) fn push(&mut self, record: &Waiting, attempts: u32, now: u64, due: u64) {
        append(self.slot_for(now, due, record.call), record, attempts, due);
    }

    /// Lets a record, whose first attempt failed at `now`, wait until `due`.
    #[inline(always)]
    pub(super) fn push_first(&mut self, record: Waiting, now: u64, due: u64) {
        let slot = self.slot_for(now, due, record.call);
        slot.push(Waiting::NONE);
        if let Some(copy) = slot.last_mut() {
            copy.created = record.created;
            copy.call = record.call;
            copy.due = due;
            copy.size = record.size;
            copy.attempts = 1;
        }
    }

    /// The slot of a record of `call` that failed at `now` and is due at `due`.
    #[inline(always)]
    fn slot_for(&mut self, now: u64, due: u64, call: u64) -> &mut Vec<Waiting> {
        if self.left == 0 && self.fine.is_empty() {
            self.keep_up(now);
        }
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
        self.coarse.spread(slot, self.shift, &mut self.fine);
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
                retries.push(&record(call), 1, now, due);
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
            retries.push(&record(call), 1, 0, 3_000_000_000);
        }
        let calls: Vec<u64> = retries.drain().iter().map(|record| record.call).collect();
        assert_eq!(calls, (0..100).collect::<Vec<_>>());
    }

    #[test]
    fn nothing_opens_before_its_time() {
        let mut retries = Retries::new(5_000_000_000);
        retries.push(&record(7), 1, 0, 3_000_000_000);
        assert_eq!(retries.next_due(2_000_000_000), u64::MAX);
        assert!(retries.none_due_before() <= 3_000_000_000);
        retries.push(&record(8), 1, 2_000_000_000, 2_500_000_000);
        assert_eq!(retries.next_due(3_100_000_000), 2_500_000_000);
        assert_eq!(take(&mut retries), (2_500_000_000, 8));
        assert_eq!(take(&mut retries), (3_000_000_000, 7));
    }

    #[test]
    fn a_wheel_that_stood_still_for_long_turns_on() {
        let mut retries = Retries::new(5_000_000_000);
        for round in 0..5u64 {
            let now = round * 1_000_000_000_000 + round;
            retries.push(&record(2), 1, now, now + 4_999_999_999);
            retries.push(&record(1), 1, now, now + 1);
            assert_eq!(take(&mut retries), (now + 1, 1));
            let later = now + 4_000_000_000;
            retries.push(&record(3), 1, later, later + 4_999_999_999);
            assert_eq!(take(&mut retries), (now + 4_999_999_999, 2));
            assert_eq!(take(&mut retries), (later + 4_999_999_999, 3));
        }
    }
}
