//! A recorded producer at work: reads the records of its trace in blocks, in place of drawing them.
//!
//! At a `rate_scale` of 1 every record comes once, as it was. At any other, each record has as many
//! copies as the whole part says, and one more with the probability of the rest, drawn from a
//! stream of its own. Copies have the key and the size of their record and stand at even distances
//! between it and the next one of the file, so that a scale makes no burst that was not there.

use rand::RngExt;

use crate::engine::plan::RecordedPlan;
use crate::engine::source::BLOCK;
use crate::hash_key::HashKey;
use crate::random::Generator;
use crate::scenario::{Step, TraceError, TraceReader, TraceRecord};

/// Numbers of keys that are not told apart begin here, above all that are; below 2^31, as many
/// bits of their hash tell them from one another.
const OTHER_KEYS: u32 = 1 << 31;

/// One record, or one copy of it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Replayed {
    /// When it comes, in nanoseconds.
    pub(super) time: u64,
    /// Number of its key.
    pub(super) key: u32,
    /// Bytes of its key in UTF-8.
    pub(super) key_bytes: u16,
    /// Bytes of data.
    pub(super) size: u32,
    /// Where it belongs, when its key is not told apart.
    pub(super) hash_key: Option<HashKey>,
}

/// Replays a trace.
#[derive(Debug)]
pub(super) struct Replay<'plan> {
    plan: &'plan RecordedPlan,
    horizon: u64,
    /// Nothing once the trace is at its end.
    reader: Option<TraceReader>,
    /// What the reader reads into.
    record: TraceRecord,
    copy_draws: Generator,
    /// The record whose copies come next.
    current: Replayed,
    /// How many copies of it there are, and how many of them have come.
    copies: u64,
    copies_made: u64,
    /// The record after it.
    following: Option<Replayed>,
    /// From the current record to the following one, in nanoseconds.
    gap: u64,
    failure: Option<TraceError>,
    block: Vec<Replayed>,
}

impl<'plan> Replay<'plan> {
    /// A replay from the start of the trace to `horizon`, in nanoseconds.
    pub(super) fn new(plan: &'plan RecordedPlan, horizon: u64, copy_draws: Generator) -> Self {
        let mut replay = Self {
            plan,
            horizon,
            reader: None,
            record: TraceRecord::default(),
            copy_draws,
            current: Replayed::default(),
            copies: 0,
            copies_made: 0,
            following: None,
            gap: 0,
            failure: None,
            block: Vec::with_capacity(BLOCK),
        };
        match plan.trace.reader() {
            Ok(reader) => replay.reader = Some(reader),
            Err(error) => replay.failure = Some(error),
        }
        replay.following = replay.read();
        replay
    }

    /// Where a record lands whose key is not told apart, from what is left of its key.
    pub(super) fn hash_key(&self, key: u32) -> Option<HashKey> {
        let is_other = key & OTHER_KEYS != 0 && self.plan.trace.has_keys();
        let known = HashKey(u128::from(key & !OTHER_KEYS) << 97);
        is_other.then(|| self.plan.fixed().unwrap_or(known))
    }

    /// Why the trace could not be replayed to its end.
    pub(super) fn failure(&self) -> Option<&TraceError> {
        self.failure.as_ref()
    }

    /// What is replayed, and the next records of it in order of time, fewer than a block only at the
    /// end.
    pub(super) fn next_block(&mut self) -> (&'plan RecordedPlan, &[Replayed]) {
        self.block.clear();
        while self.block.len() < BLOCK {
            if self.copies_made == self.copies {
                if !self.advance() {
                    break;
                }
                continue;
            }
            let later = u128::from(self.gap) * u128::from(self.copies_made);
            let time = self.current.time + (later / u128::from(self.copies)) as u64;
            self.copies_made += 1;
            if time < self.horizon {
                self.block.push(Replayed { time, ..self.current });
            }
        }
        (self.plan, &self.block)
    }

    /// Goes on to the next record; false at the end.
    fn advance(&mut self) -> bool {
        let Some(current) = self.following.take() else {
            return false;
        };
        self.following = self.read();
        let next = match (&self.following, &self.reader) {
            (Some(following), _) => Some(following.time),
            (None, Some(reader)) => reader.beyond().map(|beyond| beyond.offset),
            (None, None) => None,
        };
        self.current = current;
        self.gap = next.map_or(0, |next| next - current.time);
        self.copies_made = 0;
        self.copies = self.draw_copies();
        true
    }

    fn draw_copies(&mut self) -> u64 {
        let scale = self.plan.trace.rate_scale;
        let whole = scale.floor();
        let rest = scale - whole;
        let more = rest > 0.0 && self.copy_draws.random::<f64>() < rest;
        whole as u64 + u64::from(more)
    }

    /// The next record of the file.
    fn read(&mut self) -> Option<Replayed> {
        if self.failure.is_some() {
            return None;
        }
        let (trace, reader) = (&self.plan.trace, self.reader.as_mut()?);
        loop {
            match reader.next(&mut self.record) {
                Ok(Step::Record) => break,
                Ok(Step::Malformed) => {}
                Ok(Step::End) => {
                    if !trace.is_what_was_read(reader) {
                        self.failure = Some(trace.changed());
                    }
                    return None;
                }
                Err(error) => {
                    let error = trace.unreadable(reader.line(), error.to_string());
                    self.failure = Some(error);
                    return None;
                }
            }
        }
        Some(self.replayed())
    }

    fn replayed(&self) -> Replayed {
        let TraceRecord { offset, key, explicit_hash_key, size_bytes } = &self.record;
        let number = self.plan.trace.key_number(key, *explicit_hash_key);
        let hash_key = match number {
            Some(_) => None,
            None => Some(explicit_hash_key.unwrap_or_else(|| HashKey::of(key.as_bytes()))),
        };
        let other = hash_key.map_or(0, |hash_key| (hash_key.0 >> 97) as u32);
        Replayed {
            time: *offset,
            key: number.unwrap_or(OTHER_KEYS | other),
            key_bytes: key.len() as u16,
            size: *size_bytes,
            hash_key,
        }
    }
}
