//! A producer at work: draws its records in blocks and deals them, call by call, to the lanes.
//!
//! Times, keys and sizes come from three streams of their own, in the order of the records, so the
//! same records reach the stream whatever its shards, its consumers and the length of a window.
//! `draws` makes the blocks; where a thread has time, it makes those of the next window while the
//! dealer works on the ones before.

mod arrival;
mod draws;
mod key_counter;
mod outbox;

use std::collections::VecDeque;

use crate::engine::lane::Context;
use crate::engine::plan::ProducerPlan;
use crate::engine::sender::{Coming, Sender};
use crate::hash_key::{HashKeyRange, Router};
use crate::model::partition_key::Move;
use crate::random::Randomness;
use crate::scenario::{PutCalls, TraceError};
use crate::time::NANOSECONDS_PER_SECOND;

use arrival::Singles;
pub(super) use arrival::{Arrival, InCall, number_of, producer_of};
use draws::Draws;
pub(super) use draws::{BLOCK, Block};
use key_counter::KeyCounter;
pub(super) use outbox::Outbox;

/// Most blocks that are drawn ahead: two million records, some 40 MB.
const AHEAD_MAX: usize = 1 << 11;
/// Most blocks that are kept to be filled again.
const SPARE_MAX: usize = 4;
/// Keys of highest weight that are counted one by one, so that the counts stay in the cache; at
/// least these, and more where there are many shards.
const COUNTED_KEYS: usize = 1 << 15;
/// The same, by shard.
const COUNTED_KEYS_PER_SHARD: usize = 64;
/// What a producer came up with in one second.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct GeneratedSecond {
    pub(super) records: u64,
    pub(super) bytes: u64,
}

/// What a producer came up with after the warm-up.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Generated {
    pub(super) records: u64,
    pub(super) bytes: u64,
    /// Records larger than the stream allows.
    pub(super) rejected: u64,
    /// First calls of PutRecords that reach the service within the run.
    pub(super) calls: u64,
}

/// One producer in one replication.
#[derive(Debug)]
pub(super) struct Source<'plan> {
    pub(super) draws: Draws<'plan>,
    pub(super) dealer: Dealer<'plan>,
    /// The client, where it needs to hear of every answer.
    pub(super) sender: Option<Sender<'plan>>,
}

/// What becomes of the records of one producer once they are drawn.
#[derive(Debug)]
pub(super) struct Dealer<'plan> {
    plan: &'plan ProducerPlan,
    warm_up: u64,
    horizon: u64,
    max_record_size: u32,
    /// Most bytes of data that the client takes in a record; `u32::MAX` where it takes any.
    max_data: u32,
    /// One when the bytes of the partition key count, zero when not.
    key_bytes_count: u32,
    /// Blocks to be dealt, in order, and some to be filled again.
    drawn: VecDeque<Block>,
    spare: Vec<Block>,
    /// Records dealt in this window, and in the one before.
    dealt: (usize, usize),
    /// Number of the next record, with the producer in the upper bits.
    next: u64,
    batch: Batch,
    /// For the client, where it needs to hear of every answer.
    outbox: Option<Outbox>,
    pub(super) generated: Generated,
    /// Seconds not yet taken for the series of the stream, earliest first.
    seconds: VecDeque<GeneratedSecond>,
    /// The first of them.
    first_second: u64,
    /// Records after the warm-up by key.
    keys: KeyCounter,
}

/// Who plays the records of a producer within a window.
#[derive(Debug)]
pub(super) enum Player<'a, 'plan> {
    /// The client, which has what it needs.
    Sender(&'a mut Sender<'plan>),
    /// The dealer, which sends each record in its turn.
    Dealer(&'a mut Dealer<'plan>),
}

/// What can be done for the next windows meanwhile: a client is dealt its records of the next one,
/// and a block is drawn for the one after.
#[derive(Debug)]
pub(super) struct Ahead<'a, 'plan> {
    dealer: Option<&'a mut Dealer<'plan>>,
    draws: &'a mut Draws<'plan>,
    blocks: usize,
    block: Block,
}

impl Player<'_, '_> {
    /// Records to be dealt that a window is to bring, were it like the last.
    pub(super) const fn expected(&self) -> u64 {
        match self {
            Self::Sender(_) => 0,
            Self::Dealer(dealer) => dealer.expected(),
        }
    }
}

impl Ahead<'_, '_> {
    /// Records that are to be drawn.
    pub(super) const fn records(&self) -> u64 {
        (self.blocks * BLOCK) as u64
    }

    /// Deals what has been drawn and is created before `until`, if that is for a client.
    pub(super) fn deal(&mut self, until: u64) {
        if let Some(dealer) = &mut self.dealer {
            dealer.deal(until, &mut []);
        }
    }

    /// Draws the block.
    pub(super) fn draw(&mut self) {
        if self.blocks > 0 {
            self.draws.fill_jointly(self.blocks, &mut self.block);
        }
    }

    /// What was drawn, if anything.
    pub(super) fn into_block(self) -> Option<Block> {
        (self.blocks > 0).then_some(self.block)
    }
}

/// A PutRecords call that waits for company.
#[derive(Debug, Default)]
struct Batch {
    /// Shard and arrival of each record; the time at the service is set when the call is sent.
    records: Vec<(u16, Arrival)>,
    bytes: u64,
    /// When the call is sent at the latest.
    deadline: u64,
}

impl<'plan> Source<'plan> {
    pub(super) fn new(context: Context<'plan>, index: usize, randomness: Randomness) -> Self {
        let plan = context.plan;
        let waits = &context.replication.waits[index];
        let sending = plan.producers[index].sending.as_ref();
        Self {
            draws: Draws::new(context, index, randomness),
            dealer: Dealer::new(context, index),
            sender: sending.map(|how| Sender::new(plan, index, how, waits)),
        }
    }

    /// Deals every record created before `until` to the lanes' inboxes.
    pub(super) fn deal(&mut self, until: u64, inboxes: &mut [Vec<Arrival>]) {
        while !self.dealer.deal(until, inboxes) {
            self.draw_block();
        }
    }

    /// Draws all that is created before `until`, so that the dealer alone can deal it.
    pub(super) fn draw(&mut self, until: u64) {
        while !self.dealer.has_drawn(until) {
            self.draw_block();
        }
    }

    /// Gives its client, if it has one, what is created before `until` and matters by then.
    pub(super) fn supply(&mut self, until: u64) {
        let (Some(sender), Some(outbox)) = (&self.sender, &mut self.dealer.outbox) else { return };
        if outbox.is_empty() {
            outbox.sort(sender.takes_by_shard());
        }
        self.deal(until, &mut []);
        if let (Some(sender), Some(outbox)) = (&mut self.sender, &mut self.dealer.outbox) {
            sender.begin_window(outbox, sender.sent_before(until));
        }
    }

    /// Gives its client, if it has one, all that is left.
    pub(super) fn supply_rest(&mut self) {
        if let (Some(sender), Some(outbox)) = (&mut self.sender, &mut self.dealer.outbox) {
            outbox.sort(sender.takes_by_shard());
            outbox.begin(u64::MAX);
            sender.begin_window(outbox, self.dealer.horizon);
        }
    }

    fn draw_block(&mut self) {
        let mut block = self.dealer.spare.pop().unwrap_or_default();
        if self.draws.may_be_ahead() {
            self.draws.fill_jointly(self.dealer.blocks_missing(), &mut block);
        } else {
            self.draws.fill(&mut block);
        }
        self.dealer.drawn.push_back(block);
    }

    /// The two halves, to be used at the same time: who plays the records of this window and, if that
    /// `draws_ahead`, what to do so that the next ones find theirs.
    pub(super) fn halves(&mut self, draws_ahead: bool) -> (Player<'_, 'plan>, Ahead<'_, 'plan>) {
        let Self { draws, dealer, sender } = self;
        let blocks = if draws_ahead && draws.may_be_ahead() { dealer.blocks_short() } else { 0 };
        let block = if blocks > 0 { dealer.spare.pop() } else { None };
        let block = block.unwrap_or_default();
        match sender {
            Some(sender) => {
                let dealer = draws_ahead.then_some(dealer);
                (Player::Sender(sender), Ahead { dealer, draws, blocks, block })
            }
            None => (Player::Dealer(dealer), Ahead { dealer: None, draws, blocks, block }),
        }
    }

    /// Why the producer cannot come up with all of its records.
    pub(super) fn failure(&self) -> Option<&TraceError> {
        self.draws.failure()
    }

    /// Follows a move of hash keys to another shard: what has been drawn and not been dealt goes
    /// there too. `router` is that of all open shards after it; `at` says when, and below what the
    /// names of shards are.
    pub(super) fn follow(
        &mut self,
        (moved, is_split): (&Move, bool),
        router: &Router,
        at: (u64, usize),
    ) {
        let Self { draws, dealer, sender } = self;
        if dealer.plan.key_index.is_none() {
            return;
        }
        draws.follow(moved, router);
        for block in &mut dealer.drawn {
            for record in block.cursor..block.times.len() {
                if block.shards[record] == moved.from {
                    let (time, key) = (block.times[record], block.keys[record]);
                    block.shards[record] = draws.again(moved, key, time, record as u64);
                }
            }
        }
        for (shard, arrival) in &mut dealer.batch.records {
            if *shard == moved.from {
                *shard = draws.again(moved, arrival.key(), arrival.created(), arrival.call());
            }
        }
        for record in dealer.outbox.iter_mut().flat_map(Outbox::late_mut) {
            if record.home == moved.from {
                let (key, number) = (record.key, u64::from(record.number));
                record.home = draws.again(moved, key, record.created, number);
            }
        }
        if let Some(sender) = sender {
            let again = |key, created, number| draws.again(moved, key, created, number);
            sender.follow((moved, is_split), at, again);
        }
    }
}

impl<'plan> Dealer<'plan> {
    fn new(context: Context<'plan>, index: usize) -> Self {
        let plan = context.plan;
        let producer = &plan.producers[index];
        let hottest = COUNTED_KEYS.max(COUNTED_KEYS_PER_SHARD * plan.shards);
        let counted_keys = if producer.keys.falls() { hottest } else { usize::MAX };
        Self {
            warm_up: plan.warm_up,
            horizon: plan.horizon,
            max_record_size: plan.max_record_size.0 as u32,
            max_data: producer.max_data(),
            key_bytes_count: u32::from(plan.quotas.partition_key_bytes_count),
            drawn: VecDeque::new(),
            spare: Vec::new(),
            dealt: (0, 0),
            next: (index as u64) << arrival::CALL_BITS,
            batch: Batch::default(),
            outbox: producer.sending.as_ref().map(|_| Outbox::default()),
            generated: Generated::default(),
            seconds: VecDeque::new(),
            first_second: 0,
            keys: KeyCounter::new(counted_keys.min(producer.keys.len())),
            plan: producer,
        }
    }

    /// Deals the drawn records created before `until` to the lanes' inboxes; false when more of
    /// them are to be drawn.
    pub(super) fn deal(&mut self, until: u64, inboxes: &mut [Vec<Arrival>]) -> bool {
        let late = self.plan.sent_before(until);
        if let Some(outbox) = &mut self.outbox {
            outbox.begin(late);
        }
        while let Some(mut block) = self.drawn.pop_front() {
            while let Some(first) = block.times.get(block.cursor).copied() {
                if first >= until {
                    self.drawn.push_front(block);
                    if !self.batch.records.is_empty() && self.batch.deadline < until {
                        self.send(self.batch.deadline, inboxes);
                    }
                    return true;
                }
                // A stretch lies within one second and on one side of the warm-up's end, and in
                // one step of the draws, so that it stays in the cache.
                let second = first / NANOSECONDS_PER_SECOND;
                let mut end = until.min((second + 1) * NANOSECONDS_PER_SECOND);
                if first < self.warm_up {
                    end = end.min(self.warm_up);
                }
                if first < late && self.outbox.is_some() {
                    end = end.min(late);
                }
                let from = block.cursor;
                let step = &block.times[from..block.times.len().min(from + BLOCK)];
                // Mostly all of them; to search would wait for memory ten times.
                let to = match step.last() {
                    Some(last) if *last < end => from + step.len(),
                    _ => from + step.partition_point(|time| *time < end),
                };
                self.deal_stretch(&block, (from, to), first >= late, inboxes);
                block.cursor = to;
            }
            if self.spare.len() < SPARE_MAX {
                self.spare.push(block);
            }
        }
        false
    }

    /// Whether nothing that is created before `until` is to be drawn.
    fn has_drawn(&self, until: u64) -> bool {
        self.drawn.back().and_then(|block| block.times.last()).is_some_and(|last| *last >= until)
    }

    /// Takes a block, if there is one, that comes after those it has.
    pub(super) fn take(&mut self, block: Option<Block>) {
        self.drawn.extend(block);
    }

    /// A window ends: what was dealt in it is what the next one is expected to bring.
    pub(super) fn end_window(&mut self) {
        self.dealt = (0, self.dealt.0);
    }

    /// Records that this window is to bring, were it like the last.
    pub(super) const fn expected(&self) -> u64 {
        self.dealt.1 as u64
    }

    /// Blocks that this window is short of, were it like the last; at least one. Drawing them at once
    /// leaves the tables of the draws in the cache.
    fn blocks_missing(&self) -> usize {
        let (dealt, expected) = self.dealt;
        expected.saturating_sub(dealt).div_ceil(BLOCK).clamp(1, AHEAD_MAX)
    }

    /// Blocks that the window after the next one is short of, were it like the last.
    fn blocks_short(&self) -> usize {
        let expected = self.dealt.1;
        let left: usize = self.drawn.iter().map(Block::left).sum();
        let wanted = 2 * expected + expected / 8 + BLOCK;
        wanted.saturating_sub(left).div_ceil(BLOCK).min(AHEAD_MAX)
    }

    /// What the next second brought, once all that is created in it has been dealt.
    pub(super) fn take_second(&mut self) -> GeneratedSecond {
        self.first_second += 1;
        self.seconds.pop_front().unwrap_or_default()
    }

    /// The shards of the records after the warm-up that wait in a batch.
    pub(super) fn waiting(&self) -> impl Iterator<Item = usize> + '_ {
        let counted = |record: &&(u16, Arrival)| record.1.created() >= self.warm_up;
        self.batch.records.iter().filter(counted).map(|(shard, _)| usize::from(*shard))
    }

    /// Records after the warm-up by key, for the keys of highest weight.
    pub(super) fn all_key_counts(&self) -> Vec<u64> {
        self.keys.all()
    }

    /// The same, since each key came to its shard.
    pub(super) fn key_counts(&self) -> Vec<u64> {
        self.keys.since_moved()
    }

    /// The counted keys of a range of hash keys with their records since they came there, and
    /// begins to count anew.
    pub(super) fn take_key_counts(&mut self, range: HashKeyRange) -> Vec<(usize, u64)> {
        let Some(index) = &self.plan.key_index else { return Vec::new() };
        self.keys.take(self.plan.keys.keys_within(index, range))
    }

    /// Deals the records of the block from `from` to `to`, which lie within one second and on one
    /// side of the warm-up's end, and may all be made too late for the window of a client.
    fn deal_stretch(
        &mut self,
        block: &Block,
        (from, to): (usize, usize),
        are_late: bool,
        inboxes: &mut [Vec<Arrival>],
    ) {
        let first = block.times[from];
        let counted = u64::from(first >= self.warm_up);
        let records = (to - from) as u64;
        self.dealt.0 += to - from;
        let sizes = &block.sizes[from..to];
        let (mut bytes, mut largest) = (0, 0);
        for size in sizes {
            bytes += u64::from(*size);
            largest = largest.max(*size);
        }
        let too_large = if largest <= self.max_record_size.min(self.max_data) {
            0
        } else {
            (from..to).filter(|index| self.is_too_large(block, *index)).count() as u64
        };
        self.generated.records += records * counted;
        self.generated.bytes += bytes * counted;
        self.generated.rejected += too_large * counted;
        let second = (first / NANOSECONDS_PER_SECOND - self.first_second) as usize;
        if self.seconds.len() <= second {
            self.seconds.resize(second + 1, GeneratedSecond::default());
        }
        self.seconds[second].records += records;
        self.seconds[second].bytes += bytes;
        if counted == 1 {
            let keys = &block.keys[from..to];
            if too_large == 0 {
                self.keys.count(keys);
            } else {
                // Those that are too large to be sent are not counted.
                let fits = |(index, _): &(usize, &u32)| !self.is_too_large(block, *index);
                let sent: Vec<u32> =
                    (from..to).zip(keys).filter(fits).map(|(_, key)| *key).collect();
                self.keys.count(&sent);
            }
        }
        if let Some(mut outbox) = self.outbox.take() {
            self.hand_to_client(block, (from, to), too_large > 0, (&mut outbox, are_late));
            self.outbox = Some(outbox);
        } else if self.plan.calls == PutCalls::PutRecord {
            self.send_each(block, (from, to), too_large > 0, inboxes);
        } else {
            for index in from..to {
                self.collect(block, index, inboxes);
            }
        }
    }

    /// Whether a record of the block is more than the stream, or its client, takes.
    fn is_too_large(&self, block: &Block, index: usize) -> bool {
        let size = block.sizes[index];
        let key_bytes = block.key_bytes.get(index).map_or(0, |bytes| u32::from(*bytes));
        let data = size.saturating_sub(key_bytes * self.key_bytes_count);
        size > self.max_record_size || data > self.max_data
    }

    /// Gives the records of the block from `from` to `to` to the client.
    fn hand_to_client(
        &mut self,
        block: &Block,
        (from, to): (usize, usize),
        any_too_large: bool,
        (outbox, are_late): (&mut Outbox, bool),
    ) {
        let records = block.times[from..to].iter().zip(&block.keys[from..to]);
        let places = block.sizes[from..to].iter().zip(&block.shards[from..to]);
        let key_bytes = &block.key_bytes[from..to];
        let counts = self.key_bytes_count;
        let first = self.next;
        self.next += (to - from) as u64;
        let numbers = first..self.next;
        let coming = records.zip(places).zip(key_bytes).zip(numbers).map(
            |((((created, key), (size, home)), key_bytes), number)| {
                let data = size.saturating_sub(u32::from(*key_bytes) * counts);
                let (number, key_bytes) = (number as u32, *key_bytes);
                Coming { created: *created, number, key: *key, data, home: *home, key_bytes }
            },
        );
        if any_too_large {
            let fits = (from..).zip(coming).filter(|(index, _)| !self.is_too_large(block, *index));
            outbox.extend(fits.map(|(_, record)| record), are_late);
        } else {
            outbox.extend(coming, are_late);
        }
    }

    /// Sends each record of the block from `from` to `to` in a call of its own.
    #[inline(never)]
    fn send_each(
        &mut self,
        block: &Block,
        (from, to): (usize, usize),
        any_too_large: bool,
        inboxes: &mut [Vec<Arrival>],
    ) {
        let records = block.times[from..to].iter().zip(&block.keys[from..to]);
        let places = block.sizes[from..to].iter().zip(&block.shards[from..to]);
        let largest = self.max_record_size;
        let mut singles = Singles::new(self.next, self.plan.one_way);
        for ((created, key), (size, shard)) in records.zip(places) {
            if any_too_large && *size > largest {
                singles.skip();
            } else {
                inboxes[usize::from(*shard)].push(singles.next(*created, *size, *key));
            }
        }
        self.next += (to - from) as u64;
    }

    /// Puts a record of the block into the open PutRecords call, and sends that when it is due or
    /// full.
    fn collect(&mut self, block: &Block, index: usize, inboxes: &mut [Vec<Arrival>]) {
        let PutCalls::PutRecords { batch_size, batch_bytes, linger } = self.plan.calls else {
            return;
        };
        let (now, size) = (block.times[index], block.sizes[index]);
        let shard = block.shards[index];
        let number = self.next;
        self.next += 1;
        if size > self.max_record_size {
            return;
        }
        let key = block.keys[index];
        let size_bytes = u64::from(size);
        if !self.batch.records.is_empty() {
            if self.batch.deadline <= now {
                self.send(self.batch.deadline, inboxes);
            } else if self.batch.bytes + size_bytes > batch_bytes.0 {
                self.send(now, inboxes);
            }
        }
        let call = match self.batch.records.first() {
            Some((_, first)) => first.call(),
            None => {
                self.batch.deadline = now + linger.nanoseconds();
                number
            }
        };
        self.batch.records.push((shard, Arrival::new(now, call, 0, size, key)));
        self.batch.bytes += size_bytes;
        if self.batch.records.len() as u64 == batch_size.0 {
            self.send(now, inboxes);
        }
    }

    /// Sends the open call at `now`.
    fn send(&mut self, now: u64, inboxes: &mut [Vec<Arrival>]) {
        let service = now + self.plan.one_way;
        let counted = |record: &(u16, Arrival)| record.1.created() >= self.warm_up;
        if service < self.horizon && self.batch.records.last().is_some_and(counted) {
            self.generated.calls += 1;
        }
        for (shard, arrival) in self.batch.records.drain(..) {
            inboxes[usize::from(shard)].push(arrival.sent(service));
        }
        self.batch.bytes = 0;
    }
}
