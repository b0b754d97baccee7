//! What the seconds after the warm-up come to, whatever the step of the series.
//!
//! Whoever needs the busiest second, the worst moment of a consumer or the growth of its backlog
//! finds it here: each second is looked at once, when it is complete, and then only its step is
//! kept. What is kept here does not grow with the run.

use super::age_counts::AgeCounts;
use super::series::StreamStep;
use crate::time::{NANOSECONDS_PER_SECOND, Span};

const SECONDS_PER_MINUTE: u64 = 60;

/// Figures of the whole seconds after the warm-up, the last of which may be a part of one.
#[derive(Clone, Debug)]
pub struct CountedSeconds {
    /// The first second that counts, from the start of the run.
    pub first: u64,
    /// How many seconds count.
    pub seconds: u64,
    /// Records that producers came up with.
    pub generated: RecordsByMinute,
    /// Records that the stream took.
    pub incoming: RecordsByMinute,
    /// Most records generated in a second.
    pub generated_records_1s_max: u64,
    /// Most bytes generated in a second.
    pub generated_bytes_1s_max: u64,
    /// Most records taken in a second.
    pub incoming_records_1s_max: u64,
    /// Most bytes taken in a second.
    pub incoming_bytes_1s_max: u64,
    /// Most records taken in a minute of the run, as CloudWatch would show it.
    pub incoming_records_1min_max: u64,
    /// Most bytes taken in a minute of the run, as CloudWatch would show it.
    pub incoming_bytes_1min_max: u64,
    /// Attempts refused.
    pub write_throttled_records: u64,
    /// Seconds in which attempts were refused.
    pub seconds_with_throttling: u64,
    /// Minutes of the run in which attempts were refused.
    pub minutes_with_throttling: u64,
    /// One entry a consumer, in the order of the scenario.
    pub consumers: Vec<CountedConsumer>,
    /// The next second.
    next: u64,
    /// Seconds in a third of the time that counts.
    third: u64,
    /// The minute of the run that is open: records, bytes, attempts refused.
    minute: (u64, u64, u64),
}

/// Records of the seconds that count, and of the busiest whole minute from the first of them on.
#[derive(Clone, Copy, Debug, Default)]
pub struct RecordsByMinute {
    /// Records.
    pub records: u64,
    /// Records of the busiest whole minute; none when the time is shorter.
    pub busiest_minute: Option<u64>,
    /// Records of the minute that is open.
    open: u64,
}

/// Figures of one consumer in the seconds that count.
#[derive(Clone, Debug, Default)]
pub struct CountedConsumer {
    /// Backlog in records at the ends of the seconds of the first, second and last third of the
    /// time, added up. Each third has [`CountedSeconds::third`] seconds.
    pub backlog_records_by_third: [u64; 3],
    /// Highest true iterator age of any shard, in milliseconds.
    pub iterator_age_ms_max: u64,
    /// The first second with that age, from the start of the run.
    pub iterator_age_max_second: u64,
    /// Highest true iterator age of any shard when the run ended, in milliseconds; known of a run
    /// in which no second counts, too.
    pub iterator_age_ms_at_end: u64,
    /// Highest true iterator ages of any shard at the end of each second.
    pub iterator_ages_ms: AgeCounts,
}

impl CountedSeconds {
    /// No second yet of a run of `simulated`, of which those after `warm_up` will count.
    #[must_use]
    pub fn new(warm_up: Span, simulated: Span, consumers: usize) -> Self {
        let first = warm_up.nanoseconds().div_ceil(NANOSECONDS_PER_SECOND);
        let all = simulated.nanoseconds().div_ceil(NANOSECONDS_PER_SECOND);
        Self {
            first,
            seconds: 0,
            generated: RecordsByMinute::default(),
            incoming: RecordsByMinute::default(),
            generated_records_1s_max: 0,
            generated_bytes_1s_max: 0,
            incoming_records_1s_max: 0,
            incoming_bytes_1s_max: 0,
            incoming_records_1min_max: 0,
            incoming_bytes_1min_max: 0,
            write_throttled_records: 0,
            seconds_with_throttling: 0,
            minutes_with_throttling: 0,
            consumers: vec![CountedConsumer::default(); consumers],
            next: 0,
            third: all.saturating_sub(first) / 3,
            minute: (0, 0, 0),
        }
    }

    /// Seconds in a third of the time that counts.
    #[must_use]
    pub const fn third(&self) -> u64 {
        self.third
    }

    /// Looks at the next second of the run.
    pub fn push(&mut self, second: &StreamStep) {
        let now = self.next;
        self.next += 1;
        for (own, seen) in self.consumers.iter_mut().zip(&second.consumers) {
            own.iterator_age_ms_at_end = seen.iterator_age_ms_max;
        }
        if now < self.first {
            return;
        }
        self.push_writes(now, second);
        let part = (now - self.first).checked_div(self.third).unwrap_or(3) as usize;
        for (own, seen) in self.consumers.iter_mut().zip(&second.consumers) {
            if let Some(sum) = own.backlog_records_by_third.get_mut(part) {
                *sum += seen.backlog_records;
            }
            if self.seconds == 0 || seen.iterator_age_ms_max > own.iterator_age_ms_max {
                own.iterator_age_ms_max = seen.iterator_age_ms_max;
                own.iterator_age_max_second = now;
            }
            own.iterator_ages_ms.record(seen.iterator_age_ms_max);
        }
        self.seconds += 1;
    }

    fn push_writes(&mut self, now: u64, second: &StreamStep) {
        let raise = |highest: &mut u64, value: u64| *highest = (*highest).max(value);
        raise(&mut self.generated_records_1s_max, second.generated_records);
        raise(&mut self.generated_bytes_1s_max, second.generated_bytes);
        raise(&mut self.incoming_records_1s_max, second.incoming_records);
        raise(&mut self.incoming_bytes_1s_max, second.incoming_bytes);
        let end_of_minute = (self.seconds + 1).is_multiple_of(SECONDS_PER_MINUTE);
        self.generated.add(second.generated_records, end_of_minute);
        self.incoming.add(second.incoming_records, end_of_minute);

        if now.is_multiple_of(SECONDS_PER_MINUTE) {
            self.minute = (0, 0, 0);
        }
        let throttled = second.write_throttled_records;
        self.write_throttled_records += throttled;
        self.seconds_with_throttling += u64::from(throttled > 0);
        self.minutes_with_throttling += u64::from(throttled > 0 && self.minute.2 == 0);
        self.minute.0 += second.incoming_records;
        self.minute.1 += second.incoming_bytes;
        self.minute.2 += throttled;
        // Sums only grow, so those of a minute that is still open may be looked at.
        raise(&mut self.incoming_records_1min_max, self.minute.0);
        raise(&mut self.incoming_bytes_1min_max, self.minute.1);
    }
}

impl RecordsByMinute {
    fn add(&mut self, records: u64, end_of_minute: bool) {
        self.records += records;
        self.open += records;
        if end_of_minute {
            let minute = std::mem::take(&mut self.open);
            self.busiest_minute = self.busiest_minute.max(Some(minute));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::ConsumerStep;

    fn counted(warm_up: u64, seconds: u64) -> CountedSeconds {
        let span = Span::from_seconds;
        let mut counted = CountedSeconds::new(span(warm_up), span(seconds), 1);
        for second in 0..seconds {
            counted.push(&StreamStep {
                generated_records: second,
                generated_bytes: 10 * second,
                incoming_records: 1_000 - second,
                incoming_bytes: 9,
                write_throttled_records: u64::from(second == 59 || second == 70 || second == 71),
                consumers: vec![ConsumerStep {
                    backlog_records: second,
                    iterator_age_ms_max: if second % 50 == 20 { 700 } else { second },
                    ..ConsumerStep::default()
                }],
                ..StreamStep::default()
            });
        }
        counted
    }

    #[test]
    fn a_minute_of_the_run_counts_from_the_end_of_the_warm_up_on() {
        let counted = counted(30, 200);
        assert_eq!((counted.first, counted.seconds), (30, 170));
        assert_eq!(counted.incoming_records_1s_max, 970);
        assert_eq!(counted.incoming_bytes_1min_max, 9 * 60);
        // The second minute is whole, and busier than the thirty seconds of the first.
        let second_minute: u64 = (60..120).map(|second| 1_000 - second).sum();
        assert_eq!(counted.incoming_records_1min_max, second_minute);
        assert_eq!((counted.seconds_with_throttling, counted.minutes_with_throttling), (3, 2));
        assert_eq!(counted.write_throttled_records, 3);
    }

    #[test]
    fn the_busiest_minute_is_whole_and_begins_with_the_warm_ups_end() {
        let seen = counted(30, 200);
        assert_eq!(seen.generated.records, (30..200u64).sum::<u64>());
        assert_eq!(seen.generated.busiest_minute, Some((90..150).sum::<u64>()));
        assert_eq!(counted(30, 89).generated.busiest_minute, None);
    }

    #[test]
    fn a_consumer_is_seen_at_its_worst_in_thirds_and_at_the_end() {
        let counted = counted(30, 200);
        let consumer = &counted.consumers[0];
        assert_eq!(counted.third(), 56);
        let third = |first: u64| (first..first + 56).sum::<u64>();
        assert_eq!(consumer.backlog_records_by_third, [third(30), third(86), third(142)]);
        assert_eq!((consumer.iterator_age_ms_max, consumer.iterator_age_max_second), (700, 70));
        assert_eq!(consumer.iterator_age_ms_at_end, 199);
    }

    #[test]
    fn a_run_that_is_all_warm_up_counts_nothing() {
        let counted = counted(200, 200);
        assert_eq!((counted.seconds, counted.third(), counted.generated.records), (0, 0, 0));
        assert_eq!(counted.consumers[0].iterator_age_ms_at_end, 199);
    }
}
