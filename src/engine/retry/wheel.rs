//! The slots of the wheel: which records wait for which stretch of time, in no order.

use crate::engine::retry::Waiting;

/// Slots of the coarse level, as many as a word has bits.
pub(super) const COARSE: u64 = 64;
/// Slots of the fine level, which make up one coarse slot.
const FINE: u64 = 1 << FINE_BITS;
pub(super) const FINE_BITS: u32 = 8;
const FINE_WORDS: usize = FINE as usize / 64;
/// Records of a chunk of a coarse slot; the first chunk of a slot grows up to it.
const CHUNK: usize = 128;
const SMALL_CHUNK: usize = 4;
/// The coarse slots. Their records stand in chunks, which are used again as soon as they have been
/// played, so that memory and caches hold what waits and little more.
#[derive(Debug)]
pub(super) struct Coarse {
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
    pub(super) const EMPTY: Self = Self {
        slots: [const { CoarseSlot { full: Vec::new(), last: Vec::new() } }; COARSE as usize],
        occupied: 0,
        spare: Vec::new(),
    };

    /// The chunk, with room, of the slot with the given number since the start of the run.
    #[inline(always)]
    pub(super) fn chunk(&mut self, slot: u64) -> &mut Vec<Waiting> {
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
    pub(super) const fn next(&self, first: u64) -> Option<u64> {
        match self.occupied.rotate_right((first % COARSE) as u32) {
            0 => None,
            bits => Some(first + bits.trailing_zeros() as u64),
        }
    }

    /// Spreads the records of a slot over fine ones that are 2^shift nanoseconds wide.
    pub(super) fn spread(&mut self, slot: u64, shift: u32, fine: &mut Fine) {
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
pub(super) struct Fine {
    slots: [[Vec<Waiting>; 64]; FINE_WORDS],
    /// One bit a slot: whether it has records.
    occupied: [u64; FINE_WORDS],
    /// Empty buffers; the one that was played last, which is in the cache, is the next in use.
    pub(super) spare: Vec<Vec<Waiting>>,
}

impl Fine {
    pub(super) const EMPTY: Self = Self {
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
    pub(super) fn slot(&mut self, slot: u64) -> &mut Vec<Waiting> {
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
    pub(super) fn take(&mut self, slot: u64) -> Vec<Waiting> {
        let (word, bit) = Self::place(slot);
        self.occupied[word] &= !(1 << bit);
        std::mem::take(&mut self.slots[word][bit])
    }

    /// Keeps a buffer whose records have been played.
    pub(super) fn give_back(&mut self, mut buffer: Vec<Waiting>) {
        buffer.clear();
        self.spare.push(buffer);
    }

    #[inline(always)]
    pub(super) fn is_empty(&self) -> bool {
        self.occupied.iter().all(|word| *word == 0)
    }

    /// The first slot with records of the coarse slot that begins with slot `first`.
    #[inline]
    pub(super) fn next(&self, first: u64) -> Option<u64> {
        let word = self.occupied.iter().position(|word| *word != 0)?;
        Some(first + 64 * word as u64 + u64::from(self.occupied[word].trailing_zeros()))
    }
}
