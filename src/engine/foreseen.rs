//! Records whose attempts are known to their end before they are made.
//!
//! A shard without room refuses nearly all it is asked, and a record that is sent alone comes again at
//! times that depend on nothing else. So once a shard refuses many at a time, all further attempts of
//! a record are foreseen: they are booked as refused, and the record as given up, beforehand. Nothing
//! is left to do for those that fall in a time without room. When the shard has room, the first one
//! that is due is looked for and played; if the shard takes it, what was booked after it is taken
//! back.
//!
//! What stands in the wheel is a word for each attempt. Slots that time passes while the shard has no
//! room are not read. The records stand apart, those of a coarse slot together, until the last of
//! their attempts must have passed.

use crate::engine::key_order::KeyOrder;
use crate::engine::lane::Context;
use crate::engine::retry::Waiting;
use crate::engine::tally::ProducerTally;
use crate::engine::wheel::{COARSE, Coarse, FINE_BITS, Fine};
use crate::model::backoff::Waits;
use crate::time::NANOSECONDS_PER_SECOND;

/// Fine slots are 2^19 ns wide, half of the time from one token to the next of a shard's record limit.
const FINE_SHIFT: u32 = 19;
const COARSE_SHIFT: u32 = FINE_SHIFT + FINE_BITS;
/// Coarse slots of which the records are kept: those that the wheel covers, and those of the second
/// since records were last let go.
const KEPT: u64 = 2 * COARSE;
/// Refusals of a shard in a second from which on its attempts are foreseen: where there are fewer, what
/// waits fits the caches, and it is quicker to look at each attempt when it is due.
pub(super) const MANY_REFUSALS: u64 = 30_000;
/// Most attempts of a record that are foreseen.
const ATTEMPTS: usize = 16;
/// Records that stand together in memory, a power of two.
const CHUNK: usize = 128;
/// Seconds in which attempts are booked: more than the wheel covers.
const SECONDS: u64 = 16;

/// The foreseen attempts of one shard.
#[derive(Debug)]
pub(super) struct Foreseen {
    /// The producer whose attempts are, if they are of any; those of others are not.
    producer: Option<usize>,
    /// Records from this time on, in nanoseconds, count; only those are foreseen.
    warm_up: u64,
    horizon: u64,
    /// Refusals in a second from which on attempts are foreseen, and whether the last one had them.
    many: u64,
    were_many: bool,
    /// None before any attempt is foreseen.
    wheel: Option<Box<Wheel>>,
}

/// A foreseen attempt.
#[derive(Clone, Copy, Debug)]
pub(super) struct Turn {
    place: Place,
    /// The record as it was before the attempt.
    pub(super) record: Waiting,
}

/// Where a record stands.
#[derive(Clone, Copy, Debug)]
struct Place {
    /// Coarse slot, modulo `KEPT`, in which its attempts were foreseen.
    slot: usize,
    index: usize,
}

/// An attempt in the wheel: when it is due, since the start of its coarse slot, in the upper half;
/// the place of its record in the lower.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Entry(u64);

impl Entry {
    /// One that is out, later than any other.
    const OUT: Self = Self(u64::MAX);
    const INDEX_BITS: u32 = u32::BITS - KEPT.ilog2();

    #[inline(always)]
    const fn new(due: u64, place: u32) -> Self {
        Self((due & ((1 << COARSE_SHIFT) - 1)) << u32::BITS | place as u64)
    }

    /// Nanoseconds since the start of its coarse slot.
    #[inline(always)]
    const fn within(self) -> u64 {
        self.0 >> u32::BITS
    }

    const fn place(self) -> Place {
        let place = self.0 as u32;
        Place {
            slot: (place >> Self::INDEX_BITS) as usize,
            index: (place & ((1 << Self::INDEX_BITS) - 1)) as usize,
        }
    }
}

#[derive(Debug)]
struct Wheel {
    /// Number, since the start of the run, of the coarse slot that is spread over the fine ones.
    spread: u64,
    coarse: Coarse<Entry>,
    fine: Fine<Entry>,
    /// Nothing is due from now until then, in nanoseconds.
    none_before: u64,
    /// Fine slot and place in it of the attempt that is due then, where that is known.
    first: Option<(u64, usize)>,
    /// Records by the coarse slot, modulo `KEPT`, in which their attempts were foreseen, in chunks. Their
    /// due time is that of the first one; those that were taken have made no attempts.
    records: [Vec<Vec<Waiting>>; KEPT as usize],
    /// Empty chunks.
    spare: Vec<Vec<Waiting>>,
    /// The first coarse slot of which the records are kept.
    kept_from: u64,
    /// Attempts by the second, modulo `SECONDS`, in which they fall.
    booked: [u64; SECONDS as usize],
}

impl Foreseen {
    /// Nothing is foreseen yet.
    pub(super) fn new(context: Context<'_>) -> Self {
        // Where shards split or merge, what waits goes elsewhere.
        let foresees =
            |waits: &Waits| waits.attempts_ahead(1).is_some() && context.plan.reshards.is_none();
        Self {
            producer: context.replication.waits.iter().position(foresees),
            warm_up: context.plan.warm_up,
            horizon: context.plan.horizon,
            many: context.replication.many_refusals,
            were_many: context.replication.many_refusals == 0,
            wheel: None,
        }
    }

    /// Foresees all further attempts of `record`, of which one more is being refused and the next is due
    /// at `due`. False, and nothing is done, where they are better seen when the time comes.
    #[inline]
    pub(super) fn foresee(&mut self, record: &Waiting, due: u64, waits: &Waits) -> bool {
        if !self.were_many
            || self.producer != Some(record.producer())
            || record.created() < self.warm_up
        {
            return false;
        }
        let made = record.attempts() + 1;
        let ahead = waits.attempts_ahead(made).unwrap_or(0) as usize;
        let mut dues = [0; ATTEMPTS];
        let Some(dues) = dues.get_mut(..ahead).filter(|dues| !dues.is_empty()) else {
            return false;
        };
        if !waits.look_ahead(record.number(), made, due, dues) {
            return false;
        }
        let wheel = self.wheel.as_mut();
        wheel.is_some_and(|wheel| wheel.add(record.waits(made, due), dues, self.horizon))
    }

    /// Time has come to `now`: nothing is due before any more. Comes before anything is foreseen.
    #[inline]
    pub(super) fn turn_to(&mut self, now: u64) {
        if self.were_many && self.producer.is_some() {
            self.wheel.get_or_insert_with(|| Wheel::new(now)).turn_to(now);
        }
    }

    /// When the next attempt from `now` on is due, if that is before `until`; something later
    /// otherwise.
    #[inline]
    pub(super) fn next_due(&mut self, now: u64, until: u64) -> u64 {
        self.wheel.as_mut().map_or(u64::MAX, |wheel| wheel.next_due(now, until))
    }

    /// A time before which nothing is due; `next_due` was asked before.
    #[inline]
    pub(super) fn none_due_before(&self) -> u64 {
        self.wheel.as_ref().map_or(u64::MAX, |wheel| wheel.none_before)
    }

    /// The call of the attempt that `next_due` told of.
    pub(super) fn first_call(&self) -> Option<u64> {
        let wheel = self.wheel.as_ref()?;
        let (slot, index) = wheel.first?;
        Some(wheel.record(wheel.fine.get(slot)[index].place()).call())
    }

    /// Takes the attempt that `next_due` told of, which is no longer booked as refused.
    pub(super) fn pop(&mut self, waits: &Waits) -> Option<Turn> {
        let wheel = self.wheel.as_mut()?;
        let now = wheel.none_before;
        let (slot, index) = wheel.first.take()?;
        let entry = std::mem::replace(&mut wheel.fine.slot(slot)[index], Entry::OUT);
        *wheel.booked_at(now) -= 1;
        let place = entry.place();
        let record = *wheel.record(place);
        let (made, due) = attempts_of(record, waits).find(|(_, due)| *due == now)?;
        Some(Turn { place, record: record.waits(made, due) })
    }

    /// The shard takes the record of `turn`: no more of its attempts are made.
    pub(super) fn take_back(&mut self, turn: &Turn, waits: &Waits) {
        let Some(wheel) = &mut self.wheel else { return };
        wheel.record_mut(turn.place).end();
        let later = attempts_of(turn.record, waits).skip(1);
        for (_, due) in later.take_while(|(_, due)| *due < self.horizon) {
            *wheel.booked_at(due) -= 1;
        }
    }

    /// The second that begins at a time, in nanoseconds, is over: counts what was booked in it, and lets
    /// records go whose last attempt has passed. Gives the refusals, to which come those that were
    /// `seen`.
    pub(super) fn count(
        &mut self,
        (second, seen): (u64, u64),
        order: &mut KeyOrder,
        tallies: &mut [ProducerTally],
    ) -> u64 {
        self.were_many = seen >= self.many;
        let (Some(wheel), Some(producer)) = (&mut self.wheel, self.producer) else { return 0 };
        let tally = &mut tallies[producer];
        let refused = std::mem::take(wheel.booked_at(second));
        self.were_many = seen + refused >= self.many;
        tally.attempts += refused;
        tally.throttled += refused;
        let now = (second + NANOSECONDS_PER_SECOND).min(self.horizon) >> COARSE_SHIFT;
        while wheel.kept_from + COARSE < now {
            let slot = (wheel.kept_from % KEPT) as usize;
            for mut passed in wheel.records[slot].drain(..) {
                for record in passed.drain(..).filter(|record| !record.has_ended()) {
                    tally.given_up += 1;
                    order.leave(producer, record.key);
                }
                wheel.spare.push(passed);
            }
            wheel.kept_from += 1;
        }
        refused
    }

    /// The run ends: gives how many records have been given up since some were last let go, and how
    /// many wait for attempts after the end.
    pub(super) fn finish(&self, waits: &[Waits]) -> (u64, u64) {
        let (mut given_up, mut waiting) = (0, 0);
        let (Some(wheel), Some(producer)) = (&self.wheel, self.producer) else { return (0, 0) };
        let waits = &waits[producer];
        for record in wheel.records.iter().flatten().flatten().filter(|record| !record.has_ended())
        {
            let ends = attempts_of(*record, waits).all(|(_, due)| due < self.horizon);
            *if ends { &mut given_up } else { &mut waiting } += 1;
        }
        (given_up, waiting)
    }

    /// The producer whose attempts are foreseen.
    pub(super) const fn producer(&self) -> Option<usize> {
        self.producer
    }
}

/// The attempts of `record` that are to come if none is taken: how many are made before each, and when
/// it is due.
fn attempts_of(record: Waiting, waits: &Waits) -> impl Iterator<Item = (u32, u64)> {
    let next = move |(made, due): &(u32, u64)| {
        let made = made + 1;
        (made < waits.attempts()).then(|| (made, due + waits.after(record.number(), made)))
    };
    std::iter::successors(Some((record.attempts(), record.due())), next)
}

impl Wheel {
    fn new(now: u64) -> Box<Self> {
        Box::new(Self {
            spread: now >> COARSE_SHIFT,
            coarse: Coarse::EMPTY,
            fine: Fine::EMPTY,
            none_before: u64::MAX,
            first: None,
            records: [const { Vec::new() }; KEPT as usize],
            spare: Vec::new(),
            kept_from: now >> COARSE_SHIFT,
            booked: [0; SECONDS as usize],
        })
    }

    #[inline(always)]
    const fn booked_at(&mut self, time: u64) -> &mut u64 {
        &mut self.booked[(time / NANOSECONDS_PER_SECOND % SECONDS) as usize]
    }

    fn record(&self, place: Place) -> &Waiting {
        &self.records[place.slot][place.index / CHUNK][place.index % CHUNK]
    }

    fn record_mut(&mut self, place: Place) -> &mut Waiting {
        &mut self.records[place.slot][place.index / CHUNK][place.index % CHUNK]
    }

    /// Adds a record with attempts at `dues`, which do not matter from `horizon` on. False where the
    /// wheel does not reach that far.
    #[inline]
    fn add(&mut self, record: Waiting, dues: &[u64], horizon: u64) -> bool {
        let last = dues.last().map_or(0, |due| (*due).min(horizon));
        let slot = (self.spread % KEPT) as usize;
        let chunks = &mut self.records[slot];
        let before = chunks.len().saturating_sub(1) * CHUNK;
        let index = before + chunks.last().map_or(0, Vec::len);
        if (last >> COARSE_SHIFT) - self.spread >= COARSE || index == 1 << Entry::INDEX_BITS {
            return false;
        }
        if index == chunks.len() * CHUNK {
            chunks.push(self.spare.pop().unwrap_or_else(|| Vec::with_capacity(CHUNK)));
        }
        chunks[index / CHUNK].push(record);
        let place = (slot << Entry::INDEX_BITS | index) as u32;
        for due in dues {
            if *due >= horizon {
                break;
            }
            *self.booked_at(*due) += 1;
            let (entry, coarse) = (Entry::new(*due, place), *due >> COARSE_SHIFT);
            if coarse == self.spread {
                self.fine.slot(*due >> FINE_SHIFT).push(entry);
            } else {
                self.coarse.chunk(coarse).push(entry);
            }
        }
        // Of two at the same time the earlier call comes first, which is to be seen.
        if dues[0] <= self.none_before {
            (self.none_before, self.first) = (dues[0], None);
        }
        true
    }

    fn turn_to(&mut self, now: u64) {
        let coarse = now >> COARSE_SHIFT;
        if coarse <= self.spread {
            return;
        }
        self.fine.clear(self.spread << FINE_BITS);
        while let Some(slot) = self.coarse.next(self.spread + 1).filter(|slot| *slot < coarse) {
            self.coarse.empty(slot, |_| ());
        }
        self.spread = coarse;
        self.coarse.spread(coarse, &mut self.fine, |entry| {
            coarse << FINE_BITS | entry.within() >> FINE_SHIFT
        });
    }

    #[inline]
    fn next_due(&mut self, now: u64, until: u64) -> u64 {
        while self.none_before < until && (self.first.is_none() || self.none_before < now) {
            self.search(now);
        }
        self.none_before
    }

    /// Looks for the first attempt from `now` on, or finds that there is none for some time.
    #[inline(never)]
    fn search(&mut self, now: u64) {
        let from = now.max(self.none_before);
        self.turn_to(from);
        self.first = None;
        let start = self.spread << FINE_BITS;
        while let Some(slot) = self.fine.next(start) {
            if slot >= from >> FINE_SHIFT
                && let Some(index) = self.first_of(slot, Entry::new(from, 0))
            {
                let entry = self.fine.slot(slot)[index];
                if self.record(entry.place()).has_ended() {
                    self.fine.slot(slot)[index] = Entry::OUT;
                    continue;
                }
                self.none_before = (self.spread << COARSE_SHIFT) + entry.within();
                self.first = Some((slot, index));
                return;
            }
            // All that is in it has passed.
            let passed = self.fine.take(slot);
            self.fine.give_back(passed);
        }
        let next = self.coarse.next(self.spread + 1);
        self.none_before = next.map_or(u64::MAX, |slot| slot << COARSE_SHIFT);
    }

    /// The place of the first attempt of a fine slot that does not come before `from`.
    #[inline]
    fn first_of(&self, slot: u64, from: Entry) -> Option<usize> {
        let entries = self.fine.get(slot);
        // No branch could guess which one it is.
        let later = |entry: &Entry| if *entry >= from { *entry } else { Entry::OUT };
        let first = entries.iter().map(later).fold(Entry::OUT, Ord::min);
        if first == Entry::OUT {
            return None;
        }
        let together = |entry: &Entry| entry.within() == first.within();
        if entries.iter().filter(|entry| together(entry)).count() > 1 {
            let together = (0..entries.len()).filter(|index| together(&entries[*index]));
            return together.min_by_key(|index| self.record(entries[*index].place()).call());
        }
        entries.iter().position(|entry| *entry == first)
    }
}
