//! The records of a shard that some consumer has yet to read, in the order of acceptance.
//!
//! A record that waits for long is seen as part of its second: the records of an *old second* keep
//! their number, their bytes and the time between the first and the last of them, and are spread
//! evenly in between. Whether a second is old depends only on the moment at which someone reads,
//! so what is read is the same for any window; that old seconds also take little memory is done
//! at barriers, behind that view. A day of backlog of a full shard fits a few megabytes so.

mod record;
mod second;

use std::borrow::Cow;
use std::collections::VecDeque;

use crate::time::NANOSECONDS_PER_SECOND;

pub(super) use record::LogRecord;
use second::Form;

/// Seconds after which the records of a second are seen as a whole.
const OLD_SECONDS: u64 = 60;

/// A second whose records are kept as a whole.
#[derive(Debug)]
struct OldSecond {
    /// Place of its first record.
    place: u64,
    form: Form,
}

/// The log of one shard. Places are counted from the start of the run, so they stay valid when
/// the log forgets what everyone has read.
#[derive(Debug, Default)]
pub(super) struct Log {
    /// Seconds that are kept as a whole, the oldest first.
    old: VecDeque<OldSecond>,
    records: Vec<LogRecord>,
    /// Place of the first of `records`.
    first: u64,
    /// Place of the first record that is kept one by one; what is before is old or forgotten.
    live: u64,
    /// Place after the last record before the end of each second not yet sampled.
    marks: VecDeque<u64>,
    /// The second of the first of them.
    first_mark: u64,
    /// Records created before are not counted, in nanoseconds.
    warm_up: u64,
    /// Place after the last record that is not counted.
    counted_from: u64,
    /// Whether someone looks at the keys of records.
    keeps_keys: bool,
    /// Producer and key of each of `records`, where the order of keys over shards is watched; then
    /// no second is kept as a whole.
    keys: Option<Vec<u64>>,
}

const fn start_of_second(time: u64) -> u64 {
    time - time % NANOSECONDS_PER_SECOND
}

impl Log {
    /// An empty log of a shard that opens at the second of `times`, in nanoseconds, with the first
    /// as the warm-up; it keeps keys, or watches their order over shards, or neither.
    pub(super) fn new(times: (u64, u64), keeps_keys: bool, watches_order: bool) -> Self {
        Self {
            warm_up: times.0,
            first_mark: times.1 / NANOSECONDS_PER_SECOND,
            keeps_keys,
            keys: watches_order.then(Vec::new),
            ..Self::default()
        }
    }

    /// The moment before which records are old for someone who reads at `now`.
    const fn old_before(&self, now: u64) -> u64 {
        if self.keys.is_some() {
            return 0;
        }
        (now / NANOSECONDS_PER_SECOND).saturating_sub(OLD_SECONDS) * NANOSECONDS_PER_SECOND
    }

    /// Whether the order of keys over shards is watched.
    #[inline]
    pub(super) const fn watches_order(&self) -> bool {
        self.keys.is_some()
    }

    /// Notes the keys of records that are appended at the same time.
    #[inline]
    pub(super) fn extend_keys(&mut self, keys: impl Iterator<Item = u64>) {
        if let Some(own) = &mut self.keys {
            own.extend(keys);
        }
    }

    /// The keys of the records from `place` on.
    pub(super) fn keys_from(&self, place: u64) -> &[u64] {
        self.keys.as_ref().map_or(&[], |keys| &keys[(place - self.first) as usize..])
    }

    #[inline]
    pub(super) fn push(&mut self, record: LogRecord) {
        self.records.push(record);
        if record.created < self.warm_up {
            self.counted_from = self.end();
        }
    }

    /// Appends several records, of which only those from the index `counted` on are counted.
    #[inline]
    pub(super) fn extend(&mut self, records: impl Iterator<Item = LogRecord>, counted: usize) {
        if counted > 0 {
            self.counted_from = self.end() + counted as u64;
        }
        self.records.extend(records);
    }

    /// Whether all records from `place` on are counted.
    #[inline]
    pub(super) const fn all_counted_from(&self, place: u64) -> bool {
        place >= self.counted_from
    }

    /// Place of the first record that is kept.
    pub(super) fn start(&self) -> u64 {
        self.old.front().map_or(self.live, |old| old.place)
    }

    /// Place after the last record.
    pub(super) fn end(&self) -> u64 {
        self.first + self.records.len() as u64
    }

    /// The records from `place` on, which are kept one by one.
    #[inline]
    fn from(&self, place: u64) -> &[LogRecord] {
        &self.records[(place - self.first) as usize..]
    }

    /// The records from `place` on as someone sees them who reads at `now`: all of them, or at
    /// least as many as one answer of up to `most_records` and `most_bytes` holds, and one more.
    #[inline]
    pub(super) fn view<'log>(
        &'log self,
        place: u64,
        now: u64,
        (most_records, most_bytes): (usize, u64),
        scratch: &'log mut Vec<LogRecord>,
    ) -> &'log [LogRecord] {
        let bound = self.old_before(now);
        if place >= self.live {
            let rest = self.from(place);
            if rest.first().is_none_or(|record| record.accepted >= bound) {
                return rest;
            }
        }
        self.spread(place, bound, most_records + 1, most_bytes, scratch);
        scratch
    }

    /// Fills `scratch` with records from `place` on, of which the first is old.
    fn spread(
        &self,
        mut place: u64,
        bound: u64,
        most_records: usize,
        most_bytes: u64,
        scratch: &mut Vec<LogRecord>,
    ) {
        scratch.clear();
        let mut bytes = 0;
        while let Some((start, form)) = self.old_second(place, bound) {
            for index in (place - start) as usize..form.len() {
                let record = form.record(index);
                bytes += u64::from(record.size());
                scratch.push(record);
                if scratch.len() >= most_records || bytes > most_bytes {
                    return;
                }
            }
            place = start + form.len() as u64;
        }
        scratch.extend(self.from(place).iter().take(most_records - scratch.len()));
    }

    /// The old second that holds the record at `place`, and the place where it begins.
    fn old_second(&self, place: u64, bound: u64) -> Option<(u64, Cow<'_, Form>)> {
        if place < self.live {
            let index = self.old.partition_point(|old| old.place <= place);
            let old = &self.old[index - 1];
            return Some((old.place, Cow::Borrowed(&old.form)));
        }
        let record = self.from(place).first()?;
        (record.accepted < bound).then(|| {
            let start = start_of_second(record.accepted);
            let (from, to) = self.raw_second(start);
            let form = Form::of(&self.records[from..to], self.warm_up, self.keeps_keys);
            (self.first + from as u64, Cow::Owned(form))
        })
    }

    /// Where the records of the second that starts at `start` are among those kept one by one.
    fn raw_second(&self, start: u64) -> (usize, usize) {
        let from = self.live_index();
        let kept = &self.records[from..];
        let first = kept.partition_point(|record| record.accepted < start);
        let rest = &kept[first..];
        let end = start + NANOSECONDS_PER_SECOND;
        let count = rest.partition_point(|record| record.accepted < end);
        (from + first, from + first + count)
    }

    fn live_index(&self) -> usize {
        (self.live - self.first) as usize
    }

    /// When the record at `place` was accepted, as someone sees it at `now`; none when there is no
    /// such record.
    pub(super) fn accepted(&self, place: u64, now: u64) -> Option<u64> {
        let bound = self.old_before(now);
        if place >= self.live {
            let record = self.from(place).first()?;
            if record.accepted >= bound {
                return Some(record.accepted);
            }
        }
        let (start, form) = self.old_second(place, bound)?;
        Some(form.record((place - start) as usize).accepted)
    }

    /// The place after all records from `place` on that were accepted before `bound`, and how many
    /// of them from `counted_from` on are counted, as someone sees it at `now`.
    pub(super) fn pass(
        &self,
        mut place: u64,
        now: u64,
        bound: u64,
        counted_from: u64,
    ) -> (u64, u64) {
        let old = self.old_before(now);
        let mut counted = 0;
        while let Some((start, form)) = self.old_second(place, old) {
            let end = form.accepted_before(bound);
            let first = (counted_from.max(place).saturating_sub(start) as usize).min(end);
            counted += form.counted(first, end, self.warm_up).0;
            place = place.max(start + end as u64);
            if end < form.len() {
                return (place, counted);
            }
        }
        let passed = self.from(place).iter().take_while(|record| record.accepted < bound);
        for record in passed {
            counted += u64::from(place >= counted_from && record.created >= self.warm_up);
            place += 1;
        }
        (place, counted)
    }

    /// Records, and their bytes, that are counted from `place` on, as someone sees it at `now`.
    pub(super) fn counted_from(&self, mut place: u64, now: u64) -> (u64, u64) {
        let (mut records, mut bytes) = (0, 0);
        while let Some((start, form)) = self.old_second(place, self.old_before(now)) {
            let more = form.counted((place - start) as usize, form.len(), self.warm_up);
            records += more.0;
            bytes += more.1;
            place = start + form.len() as u64;
        }
        for record in self.from(place).iter().filter(|record| record.created >= self.warm_up) {
            records += 1;
            bytes += u64::from(record.size());
        }
        (records, bytes)
    }

    /// Marks the end of a second.
    pub(super) fn mark(&mut self) {
        self.marks.push_back(self.end());
    }

    /// Place after the last record before the end of `second`, once that is over.
    #[inline]
    pub(super) fn mark_of(&self, second: u64) -> Option<u64> {
        self.marks.get((second - self.first_mark) as usize).copied()
    }

    /// Forgets, at the barrier `until`, marks, which every reader has sampled, and the seconds that
    /// lie before the record at `place` and before `keep`; makes old seconds whole.
    pub(super) fn forget_before(&mut self, place: u64, keep: u64, until: u64) {
        self.first_mark += self.marks.len() as u64;
        self.marks.clear();
        while let Some(front) = self.old.front() {
            let end = front.place + front.form.len() as u64;
            if end > place || front.form.record(0).accepted >= start_of_second(keep) {
                break;
            }
            self.old.pop_front();
        }
        if self.old.is_empty() {
            self.forget_raw(place, keep.min(until));
        }
        self.make_old(self.old_before(until));
        // Moving the rest costs its length, so it must be worth it.
        let dead = self.live_index();
        if dead == self.records.len() {
            self.records.clear();
            self.keys.iter_mut().for_each(Vec::clear);
            self.first = self.live;
        } else if dead > self.records.len() / 2 {
            self.records.drain(..dead);
            self.keys.iter_mut().for_each(|keys| drop(keys.drain(..dead)));
            self.first = self.live;
        }
    }

    /// Forgets whole seconds before the one of the record at `place` and the one of `keep`.
    fn forget_raw(&mut self, place: u64, keep: u64) {
        let read = (place.max(self.live) - self.first) as usize;
        let unread = self.records.get(read).map_or(u64::MAX, |record| record.accepted);
        let start = start_of_second(unread.min(keep));
        let kept = &self.records[self.live_index()..];
        self.live += kept.partition_point(|record| record.accepted < start) as u64;
    }

    /// Keeps the seconds before `bound`, which are old for everyone from now on, as a whole.
    fn make_old(&mut self, bound: u64) {
        while let Some(record) = self.records.get(self.live_index()) {
            if record.accepted >= bound {
                return;
            }
            let (from, to) = self.raw_second(start_of_second(record.accepted));
            let form = Form::of(&self.records[from..to], self.warm_up, self.keeps_keys);
            self.old.push_back(OldSecond { place: self.live, form });
            self.live = self.first + to as u64;
        }
    }
}

#[cfg(test)]
mod tests;
