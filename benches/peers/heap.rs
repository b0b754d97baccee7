//! The plain way to write it: one `BinaryHeap`, an event a record, floats for time and tokens.
//!
//! This is what a competent afternoon gives, with the crates that one would reach for:
//! `rand_distr` for arrivals, keys and sizes, `hdrhistogram` for latencies, MD5 routing worked out
//! once a key. The benchmark measures shardplan against it; the tests use it as an independent
//! oracle. It must therefore import nothing from shardplan and share no method with it: no lanes,
//! no integer token buckets, no alias tables.

#![allow(
    dead_code,
    reason = "each program that includes this file reads its own choice of figures"
)]
#![allow(clippy::expect_used, reason = "a peer for measurements and tests, not shipped")]

use std::cmp::Ordering;
use std::collections::{BinaryHeap, VecDeque};

use hdrhistogram::Histogram;
use md5::{Digest, Md5};
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use rand_distr::{Distribution, Exp, LogNormal, Zipf};

const MIB: f64 = 1_048_576.0;
const WRITE_RECORDS_PER_SECOND: f64 = 1_000.0;
const WRITE_BYTES_PER_SECOND: f64 = MIB;
const READ_BYTES_PER_SECOND: f64 = 2.0 * MIB;
const READ_CALL_BYTES: f64 = 10.0 * MIB;

/// One stream, one producer that retries, one polling consumer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Work {
    /// Shards, with the hash key ranges of a freshly created stream.
    pub(crate) shards: usize,
    /// Partition keys `key-0`, `key-1`, ...
    pub(crate) keys: usize,
    /// Exponent of their Zipf distribution; zero is uniform.
    pub(crate) exponent: f64,
    /// Poisson arrivals, in records a second.
    pub(crate) rate: f64,
    /// Mean of the log-normal record size, in bytes.
    pub(crate) size_mean: f64,
    /// Standard deviation of the logarithm of the size.
    pub(crate) size_sigma: f64,
    /// Records that a rested shard takes at once; the limit itself is 1,000 a second.
    pub(crate) burst_records: f64,
    /// Attempts in all, the first one included.
    pub(crate) attempts: u32,
    /// Bound of the full-jitter wait after the first attempt, in seconds; doubles with each.
    pub(crate) backoff_base: f64,
    /// Largest bound of the wait, in seconds.
    pub(crate) backoff_max: f64,
    /// From one call of the consumer on a shard to the next, in seconds.
    pub(crate) poll_interval: f64,
    /// Most records that one call returns.
    pub(crate) poll_records: usize,
    /// Simulated seconds.
    pub(crate) duration: f64,
    /// Seed of the only random stream.
    pub(crate) seed: u64,
}

impl Work {
    /// Reference work W1: Zipf keys, one shard of sixteen offered 2.4 times its limit.
    pub(crate) const W1: Self = Self {
        shards: 16,
        keys: 100_000,
        exponent: 1.1,
        rate: 12_000.0,
        size_mean: 700.0,
        size_sigma: 0.6,
        burst_records: 1_000.0,
        attempts: 8,
        backoff_base: 0.1,
        backoff_max: 5.0,
        poll_interval: 1.0,
        poll_records: 10_000,
        duration: 600.0,
        seed: 1,
    };

    /// Reference work W0: the same with milder keys; nothing throttles.
    pub(crate) const W0: Self = Self { exponent: 0.5, ..Self::W1 };

    /// So many equal keys that thousands of shards share them evenly; nothing throttles.
    pub(crate) const EVEN: Self = Self { keys: 2_000_000, exponent: 0.0, ..Self::W1 };
}

/// What came of it.
#[derive(Clone, Debug)]
pub(crate) struct Figures {
    /// Records generated.
    pub(crate) records: u64,
    /// Times that a record reached a shard.
    pub(crate) attempts: u64,
    /// Records taken.
    pub(crate) accepted: u64,
    /// Attempts refused.
    pub(crate) throttled: u64,
    /// Records whose last attempt was refused.
    pub(crate) given_up: u64,
    /// Records read by the consumer.
    pub(crate) delivered: u64,
    /// From generation to being read, in microseconds.
    pub(crate) latency_us: Histogram<u64>,
    /// Time from acceptance to being read of the last record of each call, in microseconds.
    pub(crate) age_us: Histogram<u64>,
}

impl Figures {
    fn new() -> Self {
        let histogram =
            || Histogram::new_with_bounds(1, 3_600_000_000, 3).expect("these bounds are legal");
        Self {
            records: 0,
            attempts: 0,
            accepted: 0,
            throttled: 0,
            given_up: 0,
            delivered: 0,
            latency_us: histogram(),
            age_us: histogram(),
        }
    }

    /// Throttled attempts over all attempts.
    pub(crate) fn throttled_ratio(&self) -> f64 {
        self.throttled as f64 / self.attempts as f64
    }

    /// Records given up over records generated.
    pub(crate) fn given_up_ratio(&self) -> f64 {
        self.given_up as f64 / self.records as f64
    }

    /// A quantile of the latency, in milliseconds.
    pub(crate) fn latency_ms(&self, quantile: f64) -> f64 {
        self.latency_us.value_at_quantile(quantile) as f64 / 1e3
    }
}

#[derive(Clone, Copy, Debug)]
struct Record {
    created: f64,
    accepted: f64,
    shard: usize,
    size: f64,
    attempts: u32,
}

#[derive(Clone, Copy, Debug)]
enum Event {
    Arrival,
    Retry(Record),
    Poll(usize),
}

/// An event with its time; the order is reversed because `BinaryHeap` hands out the greatest.
#[derive(Clone, Copy, Debug)]
struct Scheduled {
    time: f64,
    order: u64,
    event: Event,
}

impl PartialEq for Scheduled {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Scheduled {}

impl PartialOrd for Scheduled {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Scheduled {
    fn cmp(&self, other: &Self) -> Ordering {
        other.time.total_cmp(&self.time).then_with(|| other.order.cmp(&self.order))
    }
}

/// Tokens that flow back at a constant rate, up to a burst.
#[derive(Debug)]
struct TokenBucket {
    tokens: f64,
    per_second: f64,
    burst: f64,
    refilled_at: f64,
}

impl TokenBucket {
    fn new(per_second: f64, burst: f64) -> Self {
        Self { tokens: burst, per_second, burst, refilled_at: 0.0 }
    }

    fn refill(&mut self, now: f64) {
        let returned = (now - self.refilled_at) * self.per_second;
        self.tokens = (self.tokens + returned).min(self.burst);
        self.refilled_at = now;
    }
}

#[derive(Debug)]
struct Shard {
    write_records: TokenBucket,
    write_bytes: TokenBucket,
    read_bytes: TokenBucket,
    log: VecDeque<Record>,
}

impl Shard {
    fn new(burst_records: f64) -> Self {
        Self {
            write_records: TokenBucket::new(WRITE_RECORDS_PER_SECOND, burst_records),
            write_bytes: TokenBucket::new(WRITE_BYTES_PER_SECOND, WRITE_BYTES_PER_SECOND),
            read_bytes: TokenBucket::new(READ_BYTES_PER_SECOND, READ_BYTES_PER_SECOND),
            log: VecDeque::new(),
        }
    }

    fn accepts(&mut self, now: f64, size: f64) -> bool {
        self.write_records.refill(now);
        self.write_bytes.refill(now);
        if self.write_records.tokens < 1.0 || self.write_bytes.tokens < size {
            return false;
        }
        self.write_records.tokens -= 1.0;
        self.write_bytes.tokens -= size;
        true
    }
}

struct Simulation {
    work: Work,
    rng: SmallRng,
    arrivals: Exp<f64>,
    zipf: Zipf<f64>,
    sizes: LogNormal<f64>,
    shard_of_key: Vec<usize>,
    shards: Vec<Shard>,
    events: BinaryHeap<Scheduled>,
    order: u64,
    figures: Figures,
}

impl Simulation {
    fn new(work: Work) -> Self {
        let mu = work.size_mean.ln() - work.size_sigma * work.size_sigma / 2.0;
        let mut simulation = Self {
            work,
            rng: SmallRng::seed_from_u64(work.seed),
            arrivals: Exp::new(work.rate).expect("the rate is positive"),
            zipf: Zipf::new(work.keys as f64, work.exponent).expect("there are keys"),
            sizes: LogNormal::new(mu, work.size_sigma).expect("sigma is not negative"),
            shard_of_key: (0..work.keys).map(|key| shard_of(key, work.shards)).collect(),
            shards: (0..work.shards).map(|_| Shard::new(work.burst_records)).collect(),
            events: BinaryHeap::new(),
            order: 0,
            figures: Figures::new(),
        };
        let first = simulation.arrivals.sample(&mut simulation.rng);
        simulation.schedule(first, Event::Arrival);
        for shard in 0..work.shards {
            let phase = (shard as f64 + 0.5) / work.shards as f64;
            simulation.schedule(phase * work.poll_interval, Event::Poll(shard));
        }
        simulation
    }

    fn schedule(&mut self, time: f64, event: Event) {
        self.order += 1;
        self.events.push(Scheduled { time, order: self.order, event });
    }

    fn run(mut self) -> Figures {
        while let Some(Scheduled { time, event, .. }) = self.events.pop() {
            if time >= self.work.duration {
                break;
            }
            match event {
                Event::Arrival => self.arrive(time),
                Event::Retry(record) => self.attempt(time, record),
                Event::Poll(shard) => self.poll(time, shard),
            }
        }
        self.figures
    }

    fn arrive(&mut self, now: f64) {
        let key = self.zipf.sample(&mut self.rng) as usize - 1;
        let size = self.sizes.sample(&mut self.rng).floor().clamp(1.0, MIB);
        let shard = self.shard_of_key[key];
        self.figures.records += 1;
        self.attempt(now, Record { created: now, accepted: now, shard, size, attempts: 0 });
        let next = now + self.arrivals.sample(&mut self.rng);
        self.schedule(next, Event::Arrival);
    }

    fn attempt(&mut self, now: f64, mut record: Record) {
        record.attempts += 1;
        self.figures.attempts += 1;
        let shard = &mut self.shards[record.shard];
        if shard.accepts(now, record.size) {
            record.accepted = now;
            shard.log.push_back(record);
            self.figures.accepted += 1;
            return;
        }
        self.figures.throttled += 1;
        if record.attempts == self.work.attempts {
            self.figures.given_up += 1;
            return;
        }
        let doubled = self.work.backoff_base * f64::from(1u32 << (record.attempts - 1));
        let wait = self.rng.random::<f64>() * doubled.min(self.work.backoff_max);
        self.schedule(now + wait, Event::Retry(record));
    }

    fn poll(&mut self, now: f64, index: usize) {
        let shard = &mut self.shards[index];
        shard.read_bytes.refill(now);
        if shard.read_bytes.tokens > 0.0 {
            let (mut records, mut bytes, mut last_accepted) = (0, 0.0, now);
            while let Some(record) = shard.log.front() {
                if records == self.work.poll_records || bytes + record.size > READ_CALL_BYTES {
                    break;
                }
                records += 1;
                bytes += record.size;
                last_accepted = record.accepted;
                self.figures.latency_us.saturating_record(microseconds(now - record.created));
                shard.log.pop_front();
            }
            shard.read_bytes.tokens -= bytes;
            self.figures.delivered += records as u64;
            self.figures.age_us.saturating_record(microseconds(now - last_accepted));
        }
        self.schedule(now + self.work.poll_interval, Event::Poll(index));
    }
}

fn microseconds(seconds: f64) -> u64 {
    (seconds * 1e6) as u64
}

/// The shard that MD5 sends `key-{key}` to; shard ranges are even.
fn shard_of(key: usize, shards: usize) -> usize {
    let hash = u128::from_be_bytes(Md5::digest(format!("key-{key}")).into());
    // floor(hash * shards / 2^128) in two halves, so that nothing overflows.
    let (high, low) = (hash >> 64, hash & u128::from(u64::MAX));
    let shards = shards as u128;
    ((high * shards + ((low * shards) >> 64)) >> 64) as usize
}

/// Plays `work` from start to end.
pub(crate) fn run(work: Work) -> Figures {
    Simulation::new(work).run()
}
