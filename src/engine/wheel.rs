//! The slots of a timer wheel: what is due in which stretch of time, in no order.

/// Slots of the coarse level, as many as a word has bits.
pub(super) const COARSE: u64 = 64;
/// Slots of the fine level, which make up one coarse slot.
const FINE: u64 = 1 << FINE_BITS;
pub(super) const FINE_BITS: u32 = 8;
const FINE_WORDS: usize = FINE as usize / 64;
/// Bytes of a chunk of a coarse slot; the first chunk of a slot grows up to it.
const CHUNK_BYTES: usize = 4_096;
const SMALL_CHUNK: usize = 4;

/// The coarse slots. What is in them stands in chunks, which are used again as soon as it has been
/// played, so that memory and caches hold what waits and little more.
#[derive(Debug)]
pub(super) struct Coarse<T> {
    slots: [CoarseSlot<T>; COARSE as usize],
    /// One bit a slot: whether there is anything in it.
    occupied: u64,
    /// Empty chunks.
    spare: Vec<Vec<T>>,
}

#[derive(Debug)]
struct CoarseSlot<T> {
    full: Vec<Vec<T>>,
    /// The chunk that is filled.
    last: Vec<T>,
}

impl<T: Copy> Coarse<T> {
    const CHUNK: usize = CHUNK_BYTES / size_of::<T>();

    pub(super) const EMPTY: Self = Self {
        slots: [const { CoarseSlot { full: Vec::new(), last: Vec::new() } }; COARSE as usize],
        occupied: 0,
        spare: Vec::new(),
    };

    /// The chunk, with room, of the slot with the given number since the start of the run.
    #[inline(always)]
    pub(super) fn chunk(&mut self, slot: u64) -> &mut Vec<T> {
        let place = (slot % COARSE) as usize;
        if self.slots[place].last.len() == self.slots[place].last.capacity() {
            self.make_room(place);
        }
        &mut self.slots[place].last
    }

    #[inline(never)]
    fn make_room(&mut self, place: usize) {
        // A slot that is empty has no room.
        self.occupied |= 1 << place;
        let slot = &mut self.slots[place];
        match slot.last.capacity() {
            0 => slot.last = self.spare.pop().unwrap_or_else(|| Vec::with_capacity(SMALL_CHUNK)),
            length if length < Self::CHUNK => slot.last.reserve_exact(length),
            _ => {
                let next = self.spare.pop().unwrap_or_else(|| Vec::with_capacity(Self::CHUNK));
                slot.full.push(std::mem::replace(&mut slot.last, next));
            }
        }
    }

    /// The next slot from `first` on, of as many as there are, that has any.
    #[inline]
    pub(super) const fn next(&self, first: u64) -> Option<u64> {
        match self.occupied.rotate_right((first % COARSE) as u32) {
            0 => None,
            bits => Some(first + bits.trailing_zeros() as u64),
        }
    }

    /// Spreads what is in a slot over the fine slots that `fine_slot_of` says.
    #[inline]
    pub(super) fn spread(
        &mut self,
        slot: u64,
        fine: &mut Fine<T>,
        fine_slot_of: impl Fn(&T) -> u64,
    ) {
        self.empty(slot, |chunk| {
            for one in chunk {
                fine.slot(fine_slot_of(one)).push(*one);
            }
        });
    }

    /// Empties a slot; `each` sees its chunks before.
    #[inline]
    pub(super) fn empty(&mut self, slot: u64, mut each: impl FnMut(&[T])) {
        let place = (slot % COARSE) as usize;
        self.occupied &= !(1 << place);
        let Self { slots, spare, .. } = self;
        let CoarseSlot { full, last } = &mut slots[place];
        for mut chunk in full.drain(..).chain(std::iter::once(std::mem::take(last))) {
            each(&chunk);
            chunk.clear();
            spare.push(chunk);
        }
    }
}

/// The fine slots of one coarse slot.
#[derive(Debug)]
pub(super) struct Fine<T> {
    slots: [[Vec<T>; 64]; FINE_WORDS],
    /// One bit a slot: whether there is anything in it.
    occupied: [u64; FINE_WORDS],
    /// Empty buffers; the one that was played last, which is in the cache, is the next in use.
    pub(super) spare: Vec<Vec<T>>,
}

impl<T> Fine<T> {
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
    pub(super) fn slot(&mut self, slot: u64) -> &mut Vec<T> {
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

    /// What is in a slot.
    #[inline(always)]
    pub(super) fn get(&self, slot: u64) -> &[T] {
        let (word, bit) = Self::place(slot);
        &self.slots[word][bit]
    }

    /// Empties all slots of the coarse slot that begins with slot `first`.
    pub(super) fn clear(&mut self, first: u64) {
        while let Some(slot) = self.next(first) {
            let passed = self.take(slot);
            self.give_back(passed);
        }
    }

    /// Takes what is in a slot.
    pub(super) fn take(&mut self, slot: u64) -> Vec<T> {
        let (word, bit) = Self::place(slot);
        self.occupied[word] &= !(1 << bit);
        std::mem::take(&mut self.slots[word][bit])
    }

    /// Keeps a buffer of which all has been played.
    pub(super) fn give_back(&mut self, mut buffer: Vec<T>) {
        buffer.clear();
        self.spare.push(buffer);
    }

    #[inline(always)]
    pub(super) fn is_empty(&self) -> bool {
        self.occupied.iter().all(|word| *word == 0)
    }

    /// The first slot that has any, of the coarse slot that begins with slot `first`.
    #[inline]
    pub(super) fn next(&self, first: u64) -> Option<u64> {
        let word = self.occupied.iter().position(|word| *word != 0)?;
        Some(first + 64 * word as u64 + u64::from(self.occupied[word].trailing_zeros()))
    }
}
