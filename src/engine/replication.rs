//! One replication: windows, barriers, and what is added up at the end.
//!
//! While the lanes play one window, the producers deal the next. Both meet at the barrier, where
//! whatever couples lanes is settled in a fixed order: the stream's series and the PutRecords calls
//! that were resent to several shards at once. Nothing in a lane looks beyond its own past, so the
//! length of a window changes no figure.

use std::sync::{Mutex, PoisonError};

use rayon::prelude::*;

use crate::engine::joint::{self, Fleet};
use crate::engine::lane::{Context, Lane};
use crate::engine::observe::observe;
use crate::engine::plan::{Plan, ReplicationPlan};
use crate::engine::reshard::{Resharding, StreamState};
use crate::engine::rounds;
use crate::engine::shared::{Task, run_all};
use crate::engine::source::{Ahead, Arrival, Block, Player, Source, producer_of};
use crate::engine::tally::Tally;
use crate::engine::{Control, Options, Unfinished};
use crate::metrics::{
    ConsumerStep, CountedSeconds, IncidentWatch, Observation, StreamSeries, StreamStep,
};
use crate::model::autoscaling::MinuteMetrics;
use crate::random::Randomness;
use crate::scenario::PutCalls;
use crate::time::{NANOSECONDS_PER_SECOND, Span};

/// Most groups of lanes; each is one task between two barriers.
const GROUPS: usize = 64;
/// Records of a window: few enough to stay in the caches, many enough that a barrier costs little.
const RECORDS_PER_WINDOW: f64 = 49_152.0;
/// Records of a window and lane, so that a lane, once its state is in the cache, has work to do.
const RECORDS_PER_LANE: f64 = 256.0;
/// Most records that a producer is to come up with in a window, so that a peak far above the mean
/// does not fill the memory; above the peaks of a day.
const RECORDS_MAX: f64 = 262_144.0;
/// Nanoseconds, or so, that it takes to deal a record, to draw one, and to play an attempt with what
/// comes of it; from these follows what is begun first where threads share a window.
const DEALING: u64 = 3;
const DRAWING: u64 = 6;
const ATTEMPT: u64 = 8;
/// Longest window, so that progress shows and an interruption is heard.
const LONGEST_WINDOW: u64 = 3_600 * NANOSECONDS_PER_SECOND;

/// Lanes that are played one after another by one task.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) lanes: Vec<Lane>,
    /// Attempts in the last window.
    work: u64,
}

impl Group {
    /// Plays its lanes up to `until`.
    fn advance(&mut self, until: u64, context: Context<'_>, tallies: &Tallies) {
        tallies.lend(|tally| {
            tally.work = 0;
            for lane in &mut self.lanes {
                lane.advance(until, context, tally);
            }
            self.work = tally.work;
        });
    }
}

/// One tally for each thread: what is added up by another thread comes to the same sums, and a
/// tally that is used by one thread stays in the cache of its core.
#[derive(Debug)]
pub(super) struct Tallies(Vec<Mutex<Tally>>);

impl Tallies {
    fn new(plan: &Plan) -> Self {
        let tally = || Tally::new(plan.producers.len(), plan.consumers.len());
        Self((0..rayon::current_num_threads().max(1)).map(|_| Mutex::new(tally())).collect())
    }

    /// Lends the tally of this thread to `task`.
    pub(super) fn lend<T>(&self, task: impl FnOnce(&mut Tally) -> T) -> T {
        let index = rayon::current_thread_index().unwrap_or(0) % self.0.len();
        task(&mut self.0[index].lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// All tallies, while no task runs.
    pub(super) fn all(&mut self) -> impl Iterator<Item = &mut Tally> {
        self.0.iter_mut().map(|tally| tally.get_mut().unwrap_or_else(PoisonError::into_inner))
    }
}

/// What is known of the whole stream between barriers.
#[derive(Debug)]
pub(super) struct StreamRecord {
    pub(super) series: StreamSeries,
    keeps_series: bool,
    pub(super) counted: CountedSeconds,
    pub(super) incidents: IncidentWatch,
    /// Seconds that have been added.
    seconds: u64,
    /// PutRecords calls that were sent again, by producer.
    pub(super) repeated_calls: Vec<u64>,
    /// Shards that are open now.
    pub(super) open_shards: u32,
    /// What CloudWatch is to show of the minute that has not ended.
    pub(super) minute: MinuteMetrics,
}

impl StreamRecord {
    fn new(context: Context<'_>) -> Self {
        let (plan, replication) = (context.plan, context.replication);
        let span = Span::from_nanoseconds;
        Self {
            series: StreamSeries::new(replication.series_step),
            keeps_series: replication.keeps_series,
            counted: CountedSeconds::new(
                span(plan.warm_up),
                span(plan.horizon),
                plan.consumers.len(),
            ),
            incidents: IncidentWatch::new(plan.incidents.iter().copied(), plan.consumers.len()),
            seconds: 0,
            repeated_calls: vec![0; plan.producers.len()],
            open_shards: plan.shards as u32,
            minute: MinuteMetrics::default(),
        }
    }

    /// Adds the next second of the stream.
    fn push(&mut self, second: &StreamStep) {
        self.counted.push(second);
        self.incidents.push(second);
        if self.keeps_series {
            self.series.push(second);
        }
        self.seconds += 1;
        let minute = &mut self.minute;
        minute.incoming_records += second.incoming_records;
        minute.incoming_bytes += second.incoming_bytes;
        minute.throttled_records += second.write_throttled_records;
        for consumer in &second.consumers {
            minute.read_records += consumer.read_records;
            minute.iterator_age_ms = minute.iterator_age_ms.max(Some(consumer.iterator_age_ms_max));
        }
    }
}

/// Length of a window in nanoseconds for the load of `plan`.
fn window_length(plan: &Plan, options: &Options) -> u64 {
    if let Some(window) = options.window {
        return window.nanoseconds().max(1);
    }
    let records = RECORDS_PER_WINDOW.max(RECORDS_PER_LANE * plan.shards as f64);
    let rate = plan.expected_records() / plan.horizon as f64;
    ((records / rate.max(f64::MIN_POSITIVE)) as u64).clamp(1_000_000, LONGEST_WINDOW)
}

/// Whether there are more threads than replications that are played at the same time.
fn has_threads_to_spare(plan: &Plan) -> bool {
    rayon::current_num_threads() > plan.replications as usize
}

/// Runs one replication; `at_barrier` hears of simulated nanoseconds and records generated.
pub(super) fn run(
    plan: &Plan,
    replication_plan: &ReplicationPlan,
    randomness: Randomness,
    options: &Options,
    at_barrier: &(dyn Fn(u64, u64) -> Control + Sync),
) -> Result<Observation, Unfinished> {
    let context = Context { plan, replication: replication_plan };
    let mut sources: Vec<Source<'_>> =
        (0..plan.producers.len()).map(|index| Source::new(context, index, randomness)).collect();
    let mut groups = groups(context);
    let mut tallies = Tallies::new(plan);
    let mut fleet = Fleet::new(plan);
    let mut inboxes: Vec<Vec<Arrival>> = (0..plan.shards).map(|_| Vec::new()).collect();
    let mut stream = StreamRecord::new(context);
    let mut resharding = Resharding::new(context, groups.len());
    let window = window_length(plan, options);
    let records_max = RECORDS_MAX.max(RECORDS_PER_LANE * plan.shards as f64);
    let hears = sources.iter().any(|source| source.sender.is_some());
    let end_of_window = |from: u64, resharding: &Option<Resharding>| {
        let end = plan.window_end(from, window, records_max);
        resharding.as_ref().map_or(end, |resharding| end.min(resharding.next_barrier(from)))
    };
    if let Some(resharding) = &mut resharding {
        let state =
            StreamState { groups: &mut groups, sources: &mut sources, inboxes: &mut inboxes };
        resharding.settle(0, state, &mut tallies, &mut stream, context);
    }
    // What is drawn early would follow a reshard in another way.
    let draws_ahead = has_threads_to_spare(plan) && resharding.is_none();
    let mut before = 0;
    let mut until = end_of_window(0, &resharding);
    if !hears {
        deal(&mut sources, until, &mut inboxes);
    }
    let counts_demand = resharding.as_ref().is_some_and(Resharding::counts_demand);
    loop {
        let may_change = resharding.as_ref().is_some_and(|these| these.next_barrier(0) <= until);
        let mut next = end_of_window(until, &resharding);
        if hears {
            for source in &mut sources {
                source.draw(until);
                source.supply(until);
            }
            let window = (before, until);
            let lanes = (&mut groups[..], counts_demand);
            by_halves(&mut sources, draws_ahead, |players, ahead| {
                let play =
                    || rounds::play(context, window, players, lanes, &mut inboxes, &mut tallies);
                let prepare = |ahead: &mut Ahead<'_, '_>| {
                    ahead.deal(next);
                    ahead.draw();
                };
                rayon::join(play, || ahead.par_iter_mut().for_each(prepare));
            });
        }
        hand_over(&mut groups, &mut inboxes, sources.len() > 1, counts_demand);
        if may_change || hears {
            // Who is dealt what is known when the shards are, or when the answers are.
            advance(&mut groups, until, context, &tallies);
        } else {
            let lanes = (&mut groups[..], &tallies);
            let times = (until, next);
            advance_and_deal(lanes, times, context, &mut sources, &mut inboxes, draws_ahead);
        }
        let family = resharding.as_ref();
        read_jointly(&mut groups, until, context, (&mut tallies, &mut fleet), family);
        if let Some(resharding) = &mut resharding {
            resharding.read_children(until, &mut groups, &mut tallies, context);
        }
        settle(&mut tallies, &mut sources, until, plan, &mut stream);
        if let Some(error) = sources.iter().find_map(Source::failure) {
            return Err(error.clone().into());
        }
        if let Some(resharding) = resharding.as_mut().filter(|_| may_change) {
            let state =
                StreamState { groups: &mut groups, sources: &mut sources, inboxes: &mut inboxes };
            resharding.settle(until, state, &mut tallies, &mut stream, context);
        }
        if may_change && until < plan.horizon {
            next = end_of_window(until, &resharding);
            if !hears {
                deal(&mut sources, next, &mut inboxes);
            }
        }
        let generated = sources.iter().map(|source| source.dealer.generated.records).sum();
        if at_barrier(until, generated) == Control::Stop {
            return Err(Unfinished::Interrupted);
        }
        if until == plan.horizon {
            break;
        }
        sources.iter_mut().for_each(|source| source.dealer.end_window());
        before = until;
        until = next;
    }
    for source in &mut sources {
        source.supply_rest();
        if let Some(sender) = &mut source.sender {
            sender.finish(&mut inboxes);
        }
    }
    if let Some(tally) = tallies.all().next() {
        fleet.finish(context, tally);
    }
    finish(&mut groups, &mut tallies, &mut sources, context, &mut stream);
    Ok(observe(
        context,
        &sources,
        groups,
        resharding.as_ref(),
        tallies,
        (stream, &fleet),
        options.hottest_keys,
    ))
}

fn groups(context: Context<'_>) -> Vec<Group> {
    let plan = context.plan;
    let size = plan.shards.div_ceil(GROUPS);
    (0..plan.shards)
        .step_by(size)
        .map(|first| Group {
            lanes: (first..(first + size).min(plan.shards))
                .map(|index| Lane::new(index, index as u16, 0, false, context))
                .collect(),
            work: 0,
        })
        .collect()
}

/// Lets every producer deal what it creates before `until`.
fn deal(sources: &mut [Source<'_>], until: u64, inboxes: &mut [Vec<Arrival>]) {
    for source in sources {
        source.deal(until, inboxes);
    }
}

/// Plays all lanes up to `until`, and meanwhile lets every producer deal what it creates before
/// `next`; where it `draws_ahead`, what comes after is drawn, too.
fn advance_and_deal(
    (groups, tallies): (&mut [Group], &Tallies),
    (until, next): (u64, u64),
    context: Context<'_>,
    sources: &mut [Source<'_>],
    inboxes: &mut [Vec<Arrival>],
    draws_ahead: bool,
) {
    if !draws_ahead {
        let lanes = || advance(groups, until, context, tallies);
        rayon::join(|| deal(sources, next, inboxes), lanes);
        return;
    }
    by_halves(sources, true, |players, ahead| {
        let dealt: u64 = players.iter().map(Player::expected).sum();
        let mut tasks = vec![Task::new(DEALING * dealt, || {
            for player in players {
                if let Player::Dealer(dealer) = player {
                    dealer.deal(next, inboxes);
                }
            }
        })];
        tasks.extend(ahead.iter_mut().map(|ahead| {
            let length = DRAWING * ahead.records();
            Task::new(length, || ahead.draw())
        }));
        tasks.extend(groups.iter_mut().map(|group| {
            Task::new(ATTEMPT * group.work, || group.advance(until, context, tallies))
        }));
        run_all(tasks);
    });
    // Where there was less than the window needs.
    deal(sources, next, inboxes);
}

/// Lends `task` the players of all sources, and what is to be done ahead meanwhile; what was drawn goes
/// to the dealers.
fn by_halves<'plan>(
    sources: &mut [Source<'plan>],
    draws_ahead: bool,
    task: impl FnOnce(&mut [Player<'_, 'plan>], &mut [Ahead<'_, 'plan>]),
) {
    let (mut players, mut ahead): (Vec<_>, Vec<_>) =
        sources.iter_mut().map(|source| source.halves(draws_ahead)).unzip();
    task(&mut players, &mut ahead);
    let drawn: Vec<Option<Block>> = ahead.into_iter().map(Ahead::into_block).collect();
    for (source, block) in sources.iter_mut().zip(drawn) {
        source.dealer.take(block);
    }
}

/// Gives the dealt arrivals to the lanes. Each producer deals in order of time; where there are
/// several, their arrivals are merged by time, then producer, then number.
fn hand_over(
    groups: &mut [Group],
    inboxes: &mut [Vec<Arrival>],
    several: bool,
    counts_demand: bool,
) {
    for group in groups {
        for lane in group.lanes.iter_mut().filter(|lane| lane.closed == u64::MAX) {
            let inbox = &mut inboxes[usize::from(lane.slot)];
            merge(lane, inbox, several, counts_demand);
        }
    }
}

/// Gives the arrivals in `inbox`, of one producer or of `several`, to a lane.
pub(super) fn merge(lane: &mut Lane, inbox: &mut Vec<Arrival>, several: bool, counts_demand: bool) {
    if counts_demand {
        lane.demand.records += inbox.len() as u64;
        lane.demand.bytes += inbox.iter().map(|one| u64::from(one.size())).sum::<u64>();
    }
    if lane.inbox.is_empty() {
        std::mem::swap(&mut lane.inbox, inbox);
    } else {
        lane.inbox.append(inbox);
    }
    if several {
        lane.inbox.sort_by_key(|arrival| (arrival.service(), arrival.call()));
    }
}

/// Plays all lanes up to `until`, the groups with most work in the last window first.
fn advance(groups: &mut [Group], until: u64, context: Context<'_>, tallies: &Tallies) {
    let mut order: Vec<&mut Group> = groups.iter_mut().collect();
    order.sort_by_key(|group| std::cmp::Reverse(group.work));
    let groups = order.into_par_iter().with_max_len(1);
    groups.for_each(|group| group.advance(until, context, tallies));
}

/// Plays the reads of consumers that couple shards.
fn read_jointly(
    groups: &mut [Group],
    until: u64,
    context: Context<'_>,
    (tallies, fleet): (&mut Tallies, &mut Fleet),
    resharding: Option<&Resharding>,
) {
    let tally = tallies.all().next();
    if let Some(tally) = tally.filter(|_| context.plan.has_joint_reads) {
        let lanes = groups.iter_mut().flat_map(|group| &mut group.lanes);
        joint::advance(lanes, until, context, (tally, fleet), resharding);
    }
}

/// The barrier: adds the closed seconds to the stream's series and counts resent calls.
fn settle(
    tallies: &mut Tallies,
    sources: &mut [Source<'_>],
    until: u64,
    plan: &Plan,
    stream: &mut StreamRecord,
) {
    let closed = until / NANOSECONDS_PER_SECOND;
    add_rows(tallies, sources, closed, plan, stream);
    count_repeated_calls(tallies, plan, stream);
    for tally in tallies.all() {
        tally.rows.forget_before(closed);
    }
}

/// Adds the seconds before `until_second`, in which nothing happens any more: lanes have closed
/// them, and producers have dealt beyond.
fn add_rows(
    tallies: &mut Tallies,
    sources: &mut [Source<'_>],
    until_second: u64,
    plan: &Plan,
    stream: &mut StreamRecord,
) {
    let mut row = StreamStep {
        consumers: vec![ConsumerStep::default(); plan.consumers.len()],
        ..StreamStep::default()
    };
    for second in stream.seconds..until_second {
        let mut consumers = std::mem::take(&mut row.consumers);
        consumers.fill(ConsumerStep::default());
        row = StreamStep { consumers, open_shards: stream.open_shards, ..StreamStep::default() };
        for source in &mut *sources {
            let generated = source.dealer.take_second();
            row.generated_records += generated.records;
            row.generated_bytes += generated.bytes;
        }
        for tally in tallies.all() {
            let rows = &tally.rows;
            let index = (second - rows.first) as usize;
            if let Some(writes) = rows.writes.get(index) {
                row.incoming_records += writes.incoming_records;
                row.incoming_bytes += writes.incoming_bytes;
                row.write_throttled_records += writes.write_throttled_records;
                row.shards_throttling_max += writes.shards_throttling;
                row.utilization_1s_max = row.utilization_1s_max.max(writes.utilization_max);
            }
            let reads = rows.reads.iter().skip(index * plan.consumers.len());
            for (total, more) in row.consumers.iter_mut().zip(reads) {
                total.read_records += more.read_records;
                total.read_throttled_calls += more.read_throttled_calls;
                total.backlog_records += more.backlog_records;
                total.iterator_age_ms_max = total.iterator_age_ms_max.max(more.iterator_age_ms_max);
                total.in_hand_age_ms_max = total.in_hand_age_ms_max.max(more.in_hand_age_ms_max);
                let in_cloudwatch = &mut total.iterator_age_cloudwatch_ms_max;
                *in_cloudwatch = (*in_cloudwatch).max(more.iterator_age_cloudwatch_ms_max);
            }
        }
        stream.push(&row);
    }
}

/// A resent call reaches all its shards at the same moment, so all its parts stand in the tallies
/// of one window and can be counted as one.
fn count_repeated_calls(tallies: &mut Tallies, plan: &Plan, stream: &mut StreamRecord) {
    if plan.producers.iter().all(|producer| producer.calls == PutCalls::PutRecord) {
        return;
    }
    let mut calls: Vec<(u64, u32)> = Vec::new();
    for tally in tallies.all() {
        calls.append(&mut tally.repeated_calls);
    }
    calls.sort_unstable();
    calls.dedup();
    for (call, _) in calls {
        stream.repeated_calls[producer_of(call)] += 1;
    }
}

fn finish(
    groups: &mut [Group],
    tallies: &mut Tallies,
    sources: &mut [Source<'_>],
    context: Context<'_>,
    stream: &mut StreamRecord,
) {
    let lent = &*tallies;
    groups.par_iter_mut().for_each(|group| {
        lent.lend(|tally| {
            for lane in &mut group.lanes {
                lane.finish(context, tally);
            }
        });
    });
    let seconds = context.plan.horizon.div_ceil(NANOSECONDS_PER_SECOND);
    add_rows(tallies, sources, seconds, context.plan, stream);
}
