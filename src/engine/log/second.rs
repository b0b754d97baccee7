//! The records of one second as a whole.

use super::LogRecord;

/// Keys that are remembered of a second, evenly taken from its records.
const KEYS: usize = 8;

/// How the records of an old second are kept.
#[derive(Clone, Debug)]
pub(super) enum Form {
    /// As a whole: they are alike in being counted or not.
    Run(Run),
    /// One by one: some are counted and some are not.
    Mixed(Box<[LogRecord]>),
}

/// Records of one second, spread evenly between the first and the last of them.
#[derive(Clone, Debug)]
pub(super) struct Run {
    /// Bytes of all.
    bytes: u64,
    /// Records of the application in all.
    user_records: u64,
    /// When the first was accepted, in nanoseconds.
    first: u64,
    /// Mean time from creation to acceptance, in nanoseconds.
    waited: u64,
    /// The first moment that is counted if the records are; else the first that is not, so that
    /// no spread record changes sides.
    created_least: u64,
    created_most: u64,
    /// Time from the first to the last, below a second, in nanoseconds.
    span: u32,
    count: u32,
    /// Keys taken evenly from the records, where someone looks at keys.
    keys: Option<Box<[u32; KEYS]>>,
}

impl Form {
    /// The form of the records of one second; `records` are not empty.
    pub(super) fn of(records: &[LogRecord], warm_up: u64, keeps_keys: bool) -> Self {
        let is_counted = |record: &LogRecord| record.created >= warm_up;
        let counted = is_counted(&records[0]);
        if records.iter().any(|record| is_counted(record) != counted) {
            return Self::Mixed(records.into());
        }
        let count = records.len();
        let (first, last) = (records[0].accepted, records[count - 1].accepted);
        let waited: u128 =
            records.iter().map(|record| u128::from(record.accepted - record.created)).sum();
        let key = |index: usize| records[index * count / KEYS].key();
        Self::Run(Run {
            bytes: records.iter().map(|record| u64::from(record.size())).sum(),
            user_records: records.iter().map(|record| u64::from(record.user_records())).sum(),
            first,
            waited: (waited / count as u128) as u64,
            created_least: if counted { warm_up } else { 0 },
            created_most: if counted { u64::MAX } else { warm_up.saturating_sub(1) },
            span: (last - first) as u32,
            count: count as u32,
            keys: keeps_keys.then(|| Box::new(std::array::from_fn(key))),
        })
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Self::Run(run) => run.count as usize,
            Self::Mixed(records) => records.len(),
        }
    }

    pub(super) fn record(&self, index: usize) -> LogRecord {
        match self {
            Self::Run(run) => run.record(index as u64),
            Self::Mixed(records) => records[index],
        }
    }

    /// How many records were accepted before `bound`.
    pub(super) fn accepted_before(&self, bound: u64) -> usize {
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = usize::midpoint(low, high);
            if self.record(middle).accepted < bound {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }

    /// How many records of `from..to` are counted, and their bytes.
    pub(super) fn counted(&self, from: usize, to: usize, warm_up: u64) -> (u64, u64) {
        match self {
            Self::Run(run) if run.created_most == u64::MAX => {
                let (from, to) = (from as u64, to as u64);
                (to - from, run.bytes_before(to) - run.bytes_before(from))
            }
            Self::Run(_) => (0, 0),
            Self::Mixed(records) => {
                let counted = records[from..to].iter().filter(|record| record.created >= warm_up);
                counted.fold((0, 0), |(records, bytes), record| {
                    (records + 1, bytes + u64::from(record.size()))
                })
            }
        }
    }
}

impl Run {
    /// Bytes of the first `count` records: whole bytes that add up to all.
    fn bytes_before(&self, count: u64) -> u64 {
        self.part(self.bytes, count)
    }

    /// Records of the application in the first `count` records: they add up to all as well.
    fn user_records_before(&self, count: u64) -> u64 {
        self.part(self.user_records, count)
    }

    fn part(&self, whole: u64, count: u64) -> u64 {
        (u128::from(whole) * u128::from(count) / u128::from(self.count)) as u64
    }

    fn record(&self, index: u64) -> LogRecord {
        let others = u64::from(self.count - 1).max(1);
        let accepted = self.first + u64::from(self.span) * index / others;
        let created = accepted.saturating_sub(self.waited);
        let keys = self.keys.as_deref();
        let created = created.clamp(self.created_least, self.created_most).min(accepted);
        let size = self.bytes_before(index + 1) - self.bytes_before(index);
        let users = self.user_records_before(index + 1) - self.user_records_before(index);
        let key = keys.map_or(0, |keys| keys[index as usize * KEYS / self.count as usize]);
        LogRecord::new((accepted, created), size as u32, key).holding(users as u32)
    }
}
