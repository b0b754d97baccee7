//! Consumers that couple shards: functions that share a concurrency, Firehose streams that gather
//! records of all shards in one buffer.
//!
//! Writing never depends on reading, so once the lanes have written up to a barrier, one loop plays
//! all reads of these consumers, and of those that share read limits with them, over all shards in
//! the order of time, then consumer, then shard. That is exact, and the same for any window and
//! any number of threads; scenarios without such a consumer do not pay for it.

mod batches;
mod delivery;
mod threads;

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use crate::engine::lane::{Context, Lane};
use crate::engine::mapping::{Held, Place};
use crate::engine::plan::Plan;
use crate::engine::reshard::Resharding;
use crate::engine::tally::Tally;
use crate::metrics::BatchObservation;
use crate::scenario::{Lambda, Work};

pub(super) use delivery::Delivery;
pub(super) use threads::Threads;

use batches::Batches;

/// Stands for all shards: the buffer of a Firehose stream.
const ALL_SHARDS: usize = usize::MAX;

/// What consumers have in common over all shards.
#[derive(Debug)]
pub(super) struct Fleet {
    pools: Vec<Pool>,
    /// One entry a consumer.
    services: Vec<Service>,
    deliveries: Vec<Option<Delivery>>,
    batches: Vec<Option<Batches>>,
    threads: Vec<Option<Threads>>,
    /// Lanes of mappings that an invocation has been set aside for, and when.
    granted: Vec<(Place, usize, u64)>,
}

/// Invocations that may run at the same time.
#[derive(Debug)]
struct Pool {
    most: u64,
    running: u64,
    /// Lanes of mappings that wait, the longest first.
    waiting: VecDeque<(Place, usize)>,
}

/// One function.
#[derive(Debug, Default)]
struct Service {
    pool: usize,
    running: u64,
    running_max: u64,
    /// When the execution environments that are not in use came free; the last is used first.
    idle: Vec<u64>,
}

impl Fleet {
    pub(super) fn new(plan: &Plan) -> Self {
        let lambda = |index: usize| match &plan.consumers[index].work {
            Work::Lambda(lambda) => Some(lambda),
            _ => None,
        };
        let consumers = 0..plan.consumers.len();
        let reserved =
            |index| lambda(index).and_then(|lambda: &Lambda| lambda.reserved_concurrency);
        let taken: u64 = consumers.clone().filter_map(reserved).sum();
        let account = plan.quotas.lambda_account_concurrency.0;
        let pool = |most| Pool { most, running: 0, waiting: VecDeque::new() };
        let mut pools = vec![pool(account.saturating_sub(taken).max(1))];
        let services = consumers.clone().map(|index| {
            let mut own = Service::default();
            if let Some(most) = reserved(index) {
                own.pool = pools.len();
                pools.push(pool(most));
            }
            own
        });
        let services = services.collect();
        let batches = consumers.clone().map(|index| match &plan.consumers[index].work {
            Work::MicroBatch(job) => Some(Batches::new(job)),
            _ => None,
        });
        let batches = batches.collect();
        let threads = plan.consumers.iter().map(|consumer| Threads::new(&consumer.work)).collect();
        let deliveries = consumers.map(|index| match &plan.consumers[index].work {
            Work::Firehose(firehose) => Some(Delivery::new(firehose)),
            _ => None,
        });
        let deliveries = deliveries.collect();
        Self { pools, services, deliveries, batches, threads, granted: Vec::new() }
    }

    /// Takes room for an invocation of `lane`, or a place among those who wait for it.
    pub(super) fn acquire(&mut self, lane: (Place, usize)) -> bool {
        let consumer = lane.0.consumer;
        let pool = &mut self.pools[self.services[consumer].pool];
        if pool.running >= pool.most {
            pool.waiting.push_back(lane);
            return false;
        }
        pool.running += 1;
        self.count(consumer);
        true
    }

    fn count(&mut self, consumer: usize) {
        let service = &mut self.services[consumer];
        service.running += 1;
        service.running_max = service.running_max.max(service.running);
    }

    /// An invocation ends: whoever waits longest goes next.
    pub(super) fn release(&mut self, consumer: usize, now: u64) {
        let service = &mut self.services[consumer];
        service.running -= 1;
        service.idle.push(now);
        let pool = &mut self.pools[service.pool];
        if let Some((at, lane)) = pool.waiting.pop_front() {
            self.granted.push((at, lane, now));
            self.count(at.consumer);
        } else {
            pool.running -= 1;
        }
    }

    /// Whether an invocation that starts now needs a new execution environment.
    pub(super) fn is_cold(&mut self, consumer: usize, now: u64, lambda: &Lambda) -> bool {
        let freed = self.services[consumer].idle.pop();
        let is_cold = freed.is_none_or(|freed| now - freed > lambda.warm_for.nanoseconds());
        if is_cold {
            // All others are older still.
            self.services[consumer].idle.clear();
        }
        is_cold
    }

    /// Takes a mapping's lanes out of those who wait.
    pub(super) fn forget(&mut self, at: Place) {
        let pool = &mut self.pools[self.services[at.consumer].pool];
        pool.waiting.retain(|(other, _)| (other.consumer, other.shard) != (at.consumer, at.shard));
    }

    /// Hands records of a Firehose stream over to its buffer.
    pub(super) fn gather(
        &mut self,
        consumer: usize,
        records: &mut Vec<Held>,
        now: u64,
        context: Context<'_>,
        tally: &mut Tally,
    ) {
        if let Some(delivery) = &mut self.deliveries[consumer] {
            delivery.gather(consumer, records, now, context, tally);
        }
    }

    /// Until when a Firehose stream does not read.
    pub(super) fn blocked_until(&self, consumer: usize) -> u64 {
        self.deliveries[consumer].as_ref().map_or(0, |delivery| delivery.blocked_until)
    }

    /// A batch of a job can have records from `available` on.
    pub(super) fn has_fetched(&mut self, consumer: usize, available: u64) {
        if let Some(batches) = &mut self.batches[consumer] {
            batches.has_fetched(available);
        }
    }

    /// The batch of a job that runs is killed at `now`.
    pub(super) fn kill_batch(&mut self, consumer: usize, now: u64) {
        if let Some(batches) = &mut self.batches[consumer] {
            batches.kill(now);
        }
    }

    /// The threads of an application that bounds them.
    pub(super) fn threads(&mut self, consumer: usize) -> Option<&mut Threads> {
        self.threads[consumer].as_mut()
    }

    /// What the batches of a job came to.
    pub(super) fn batches(&self, consumer: usize) -> Option<BatchObservation> {
        self.batches[consumer].as_ref().map(Batches::observation)
    }

    /// When something happens next to a consumer that belongs to no shard, if anything can.
    fn due(&self, consumer: usize) -> Option<u64> {
        let delivery = self.deliveries[consumer].as_ref().map(Delivery::due);
        delivery.or_else(|| self.batches[consumer].as_ref().map(Batches::due))
    }

    /// Most invocations of each consumer at the same time.
    pub(super) fn concurrency_max(&self, consumer: usize) -> u64 {
        self.services[consumer].running_max
    }

    /// Counts what is in the buffers when the run ends.
    pub(super) fn finish(&mut self, context: Context<'_>, tally: &mut Tally) {
        for (consumer, delivery) in self.deliveries.iter_mut().enumerate() {
            if let Some(delivery) = delivery {
                delivery.finish(context, &mut tally.consumers[consumer]);
            }
        }
    }
}

/// Plays all reads of consumers that couple shards before `until`.
pub(super) fn advance<'lanes>(
    lanes: impl Iterator<Item = &'lanes mut Lane>,
    until: u64,
    context: Context<'_>,
    (tally, fleet): (&mut Tally, &mut Fleet),
    resharding: Option<&Resharding>,
) {
    let mut lanes: Vec<&mut Lane> = lanes.collect();
    lanes.sort_unstable_by_key(|lane| lane.number);
    let joint: Vec<usize> = (0..context.plan.consumers.len())
        .filter(|index| context.plan.consumers[*index].is_joint)
        .collect();
    let mut events = BinaryHeap::new();
    let due = |lane: &Lane, consumer| lane.read_due(consumer, context);
    for (shard, lane) in lanes.iter().enumerate() {
        let all = joint.iter().map(|consumer| Reverse((due(lane, *consumer), *consumer, shard)));
        events.extend(all.filter(|event| event.0.0 < until));
    }
    let ends = joint.iter().filter_map(|index| Some((fleet.due(*index)?, *index)));
    events.extend(ends.map(|(end, consumer)| Reverse((end, consumer, ALL_SHARDS))));
    while let Some(Reverse((now, consumer, shard))) = events.pop() {
        if now >= until {
            break;
        }
        if shard != ALL_SHARDS {
            let lane = &mut lanes[shard];
            if due(lane, consumer) != now {
                // What it was to do then has come otherwise; it stands here again.
                continue;
            }
            lane.read_jointly((consumer, now, until), context, (tally, fleet));
            events.push(Reverse((due(lane, consumer), consumer, shard)));
            if let Some(resharding) = resharding
                && lane.readers.finished_by(consumer) != u64::MAX
            {
                for child in begin_children((consumer, shard), resharding, &mut lanes, context) {
                    events.push(Reverse((due(lanes[child], consumer), consumer, child)));
                }
            }
        } else if fleet.due(consumer).is_none_or(|due| due != now) {
            continue;
        } else if let Some(delivery) = &mut fleet.deliveries[consumer] {
            delivery.end_interval(consumer, now, context, tally);
        } else if let Some(batches) = &mut fleet.batches[consumer] {
            batches.act((consumer, now), &mut lanes, context, tally);
            let all = lanes.iter().enumerate().map(|(index, lane)| (due(lane, consumer), index));
            events.extend(all.map(|(due, shard)| Reverse((due, consumer, shard))));
        }
        if let Some(due) = fleet.due(consumer) {
            events.push(Reverse((due, consumer, ALL_SHARDS)));
        }
        while let Some((at, lane, now)) = fleet.granted.pop() {
            if let Some(index) = place_of(at.shard, &lanes) {
                lanes[index].grant(at.consumer, lane, now);
                events.push(Reverse((due(lanes[index], at.consumer), at.consumer, index)));
            }
        }
    }
    for lane in lanes.into_iter().filter(|lane| !lane.readers.wait_for_parents()) {
        lane.end_window(until, context, tally);
    }
}

/// Lets a consumer that has finished the shard at a place begin with the children of it, where it has
/// finished all their parents; gives the places of those.
fn begin_children(
    (consumer, place): (usize, usize),
    resharding: &Resharding,
    lanes: &mut [&mut Lane],
    context: Context<'_>,
) -> Vec<usize> {
    let children = resharding.children(lanes[place].number);
    let mut begun = Vec::new();
    for child in children {
        let finished = |parent| match place_of(parent, lanes) {
            Some(place) => lanes[place].readers.finished_by(consumer),
            None => resharding.finished_by(parent, consumer),
        };
        let after = resharding.parents(child).map(finished).max().unwrap_or(0);
        if let Some(place) = place_of(child, lanes) {
            lanes[place].readers.begin(consumer, |_| after, context);
            begun.push(place);
        }
    }
    begun
}

/// Where a shard is among `lanes`, which are in the order of their numbers.
fn place_of(number: usize, lanes: &[&mut Lane]) -> Option<usize> {
    lanes.binary_search_by_key(&number, |lane| lane.number).ok()
}
