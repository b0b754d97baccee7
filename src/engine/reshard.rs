//! Shards that split and merge while the stream runs.
//!
//! A change of the open shards is a barrier: a window ends there. What was on its way to a shard
//! that closes, first attempts and records that wait for another, goes to the child that owns its
//! hash key, and so does everything that the producers deal from then on. A closed shard stays until
//! every consumer has read it. At the same moment what was under way is done first, then the
//! timetable is followed, then the minute that has ended is looked at.

use std::collections::VecDeque;

use crate::engine::child_order::ChildOrder;
use crate::engine::lane::{Context, Lane, LaneCounts, LeftOver};
use crate::engine::observe::hottest_of_range;
use crate::engine::replication::{Group, StreamRecord, Tallies};
use crate::engine::seconds::SecondRow;
use crate::engine::source::{Arrival, Source};
use crate::hash_key::Router;
use crate::metrics::{HotKey, ModeMark, ReadSoFar, ShardSeries, UsedSoFar};
use crate::model::autoscaling::{Autoscaler, StreamNow};
use crate::model::capacity::{Cause, ControlPlane, MinuteLoad, Outcome, Reshard};
use crate::model::lineage::{Lineage, Shard};
use crate::model::partition_key::Move;
use crate::scenario::{CapacityMode, ScalingAction, ScheduledAction};
use crate::time::Span;

/// A minute in nanoseconds.
const MINUTE: u64 = 60 * 1_000_000_000;

/// What a change of the shards reaches into.
pub(super) struct StreamState<'a, 'plan> {
    pub(super) groups: &'a mut Vec<Group>,
    pub(super) sources: &'a mut Vec<Source<'plan>>,
    pub(super) inboxes: &'a mut Vec<Vec<Arrival>>,
}

/// What is left of a shard that is closed and read to its end.
#[derive(Clone, Debug)]
pub(super) struct Retired {
    pub(super) number: usize,
    pub(super) counts: LaneCounts,
    pub(super) totals: SecondRow,
    pub(super) series: ShardSeries,
}

/// The open shards of one replication, and what changes them.
#[derive(Debug)]
pub(super) struct Resharding {
    pub(super) plane: ControlPlane,
    /// Calls not yet made, earliest first.
    schedule: VecDeque<ScheduledAction>,
    /// Whether the service decides for itself, now or later.
    looks_at_minutes: bool,
    next_minute: u64,
    policy: Option<Autoscaler>,
    /// By number of the shard: what routes call it, or called it.
    slots: Vec<u16>,
    free_slots: Vec<u16>,
    /// By number of the shard: the group that its lane is in.
    homes: Vec<u32>,
    /// By number of the shard: its share of all records to expect.
    pub(super) expected_shares: Vec<f64>,
    /// By number of the shard: its hottest keys, once it is closed.
    pub(super) hottest: Vec<Vec<HotKey>>,
    /// By number of the shard: when each consumer finished it, once that is so.
    finished: Vec<Option<Vec<u64>>>,
    pub(super) retired: Vec<Retired>,
    pub(super) order: ChildOrder,
    /// Whether a closed shard is not read to its end.
    is_draining: bool,
    /// By change: attempts throttled before it was asked for, and until it was done.
    pub(super) throttled: Vec<(u64, Option<u64>)>,
    /// What had been used at each change of the mode.
    pub(super) mode_marks: Vec<ModeMark>,
}

impl Resharding {
    /// Nothing where the shards of the scenario never change.
    pub(super) fn new(context: Context<'_>, groups: usize) -> Option<Self> {
        let plan = context.plan;
        let reshards = plan.reshards.as_ref()?;
        let shards = plan.shards_at_start.iter();
        let lineage = Lineage::new(shards.map(|shard| (shard.shard_id.clone(), shard.range)));
        let schedule: VecDeque<ScheduledAction> = reshards.scaling.schedule.clone().into();
        let looks_at_minutes = reshards.mode.is_on_demand()
            || schedule.iter().any(|one| matches!(one.action, ScalingAction::Mode(_)));
        let policy = reshards.scaling.policy.clone().map(|policy| {
            let open = plan.shards as u32;
            Autoscaler::new(policy, reshards.limits, reshards.cloudwatch_delay, open)
        });
        let sees_minutes = looks_at_minutes || policy.is_some();
        let size = plan.shards.div_ceil(groups.max(1)).max(1);
        Some(Self {
            plane: ControlPlane::new(reshards.rules.clone(), reshards.mode, lineage),
            schedule,
            looks_at_minutes,
            next_minute: if sees_minutes { MINUTE } else { u64::MAX },
            policy,
            slots: (0..plan.shards).map(|number| number as u16).collect(),
            free_slots: Vec::new(),
            homes: (0..plan.shards).map(|number| (number / size) as u32).collect(),
            expected_shares: plan.expected_shares.clone(),
            hottest: vec![Vec::new(); plan.shards],
            finished: vec![None; plan.shards],
            retired: Vec::new(),
            order: ChildOrder::new(plan.consumers.len(), plan.warm_up),
            is_draining: false,
            throttled: Vec::new(),
            mode_marks: Vec::new(),
        })
    }

    /// The next moment after `from` at which the open shards may change or a decision is made.
    pub(super) fn next_barrier(&self, from: u64) -> u64 {
        let call = self.schedule.front().map_or(u64::MAX, |call| call.at.nanoseconds());
        let check = self.policy.as_ref().map_or(u64::MAX, Autoscaler::next_check);
        let next = call.min(self.plane.next_change()).min(self.next_minute).min(check);
        if next > from { next } else { from + 1 }
    }

    /// Whether lanes count what producers send to them.
    pub(super) const fn counts_demand(&self) -> bool {
        self.looks_at_minutes
    }

    /// The shards so far, by number.
    pub(super) fn shards(&self) -> &[Shard] {
        self.plane.lineage().shards()
    }

    /// The shards that a shard came of.
    pub(super) fn parents(&self, number: usize) -> impl Iterator<Item = usize> {
        let shard = &self.shards()[number];
        [shard.parent, shard.adjacent_parent].into_iter().flatten()
    }

    /// The shards that came of a shard.
    pub(super) fn children(&self, number: usize) -> Vec<usize> {
        let later = number + 1..self.shards().len();
        later.filter(|child| self.parents(*child).any(|parent| parent == number)).collect()
    }

    /// When a consumer finished a shard, as far as is known; `u64::MAX` where it is not.
    pub(super) fn finished_by(&self, number: usize, consumer: usize) -> u64 {
        self.finished[number].as_ref().map_or(u64::MAX, |all| all[consumer])
    }

    /// What routes call a shard.
    pub(super) fn slot(&self, number: usize) -> usize {
        usize::from(self.slots[number])
    }

    /// Carries out what is due at `now`, up to which everything has been played.
    pub(super) fn settle(
        &mut self,
        now: u64,
        mut state: StreamState<'_, '_>,
        tallies: &mut Tallies,
        stream: &mut StreamRecord,
        context: Context<'_>,
    ) {
        if self.plane.next_change() <= now {
            for reshard in self.plane.advance(now) {
                self.apply(reshard, now, &mut state, context);
            }
        }
        while self.schedule.front().is_some_and(|call| call.at.nanoseconds() <= now) {
            if let Some(call) = self.schedule.pop_front() {
                let before = self.plane.mode();
                self.plane.call(now, &call.action, Cause::Schedule);
                self.mark_mode(before, now, tallies);
            }
        }
        if self.next_minute <= now {
            self.look_at_minute(now, state.groups, stream);
            self.next_minute += MINUTE;
        }
        self.follow_policy(now);
        self.retire(now, state.groups);
        self.note_throttled(tallies);
        stream.open_shards = self.plane.lineage().open_count() as u32;
    }

    /// Notes what has been used when the mode is no longer that of `before`.
    fn mark_mode(&mut self, before: CapacityMode, now: u64, tallies: &mut Tallies) {
        if before.as_str() != self.plane.mode().as_str() {
            let at = Span::from_nanoseconds(now);
            self.mode_marks.push(ModeMark { at, before, used: used_so_far(tallies) });
        }
    }

    fn look_at_minute(&mut self, now: u64, groups: &mut [Group], stream: &mut StreamRecord) {
        let mut minute = std::mem::take(&mut stream.minute);
        if let Some(policy) = &mut self.policy {
            minute.end = now;
            minute.open_shards = self.plane.lineage().open_count() as u32;
            policy.note(minute);
        }
        if !self.looks_at_minutes {
            return;
        }
        let mut loads = vec![MinuteLoad::default(); self.slots.len()];
        for lane in groups.iter_mut().flat_map(|group| &mut group.lanes) {
            loads[lane.number] = std::mem::take(&mut lane.demand);
        }
        self.plane.look_at_minute(now, |number| loads[number]);
    }

    /// Lets the policy look at what can be seen, and ask.
    fn follow_policy(&mut self, now: u64) {
        let Some(policy) = &mut self.policy else { return };
        if policy.next_check() > now || self.plane.mode().is_on_demand() {
            return;
        }
        let open = self.plane.lineage().open_count() as u32;
        let seen = StreamNow { open, is_updating: self.plane.is_updating() };
        if let Some(wish) = policy.look(now, seen) {
            let action = ScalingAction::UpdateShardCount(wish.shards);
            if self.plane.call(now, &action, Cause::Policy(wish.cause.clone())) {
                policy.was_taken(now, &wish, open);
            }
        }
    }

    /// Notes how many attempts were throttled when a change was asked for and when it was done.
    fn note_throttled(&mut self, tallies: &mut Tallies) {
        let changes = self.plane.changes();
        let is_noted = |(index, change): (usize, &crate::model::capacity::CapacityChange)| {
            let noted = self.throttled.get(index);
            noted.is_some_and(|(_, after)| after.is_some() || change.outcome == Outcome::UnderWay)
        };
        if changes.iter().enumerate().rev().take(64).all(is_noted) {
            return;
        }
        let total: u64 = tallies
            .all()
            .flat_map(|tally| tally.producers.iter().map(|producer| producer.throttled))
            .sum();
        self.throttled.resize(changes.len(), (total, None));
        for (change, noted) in changes.iter().zip(&mut self.throttled) {
            if change.outcome != Outcome::UnderWay && noted.1.is_none() {
                noted.1 = Some(total);
            }
        }
    }

    /// Lets readers that waited for parents go on, in the order of the shards: parents come first.
    pub(super) fn read_children(
        &mut self,
        until: u64,
        groups: &mut [Group],
        tallies: &mut Tallies,
        context: Context<'_>,
    ) {
        if !self.is_draining {
            return;
        }
        let mut waiting: Vec<(usize, usize, usize)> = Vec::new();
        for (group, lanes) in groups.iter().enumerate() {
            for (place, lane) in lanes.lanes.iter().enumerate() {
                if lane.readers.wait_for_parents() {
                    waiting.push((lane.number, group, place));
                } else if lane.closed != u64::MAX {
                    self.finished[lane.number] = Some(lane.readers.finished().collect());
                }
            }
        }
        waiting.sort_unstable();
        for (number, group, place) in waiting {
            let latest = |consumer: usize| {
                let finished = |parent| self.finished_by(parent, consumer);
                self.parents(number).map(finished).max().unwrap_or(0)
            };
            let lane = &mut groups[group].lanes[place];
            lane.readers.begin_after(latest, context);
            if let Some(tally) = tallies.all().next() {
                lane.read(until, context, tally);
                if context.plan.has_joint_reads {
                    lane.end_window(until, context, tally);
                }
            }
            if lane.closed != u64::MAX {
                self.finished[number] = Some(lane.readers.finished().collect());
            }
        }
        for lane in groups.iter_mut().flat_map(|group| &mut group.lanes) {
            if lane.readers.is_watched {
                self.order.note(lane.readers.handled.drain(..));
            }
        }
        self.order.judge(until);
        self.stop_watching(until, groups);
    }

    /// Children of shards that are read to their ends need no watching any more.
    fn stop_watching(&mut self, until: u64, groups: &mut [Group]) {
        let shards = self.plane.lineage().shards();
        let mut open: Vec<&mut Lane> = groups
            .iter_mut()
            .flat_map(|group| &mut group.lanes)
            .filter(|lane| lane.readers.is_watched)
            .collect();
        open.sort_unstable_by_key(|lane| lane.number);
        // Whether a shard, or one that it came of, is not read to its end.
        let mut is_unread: Vec<usize> = Vec::new();
        let mut any_closed = false;
        for lane in open {
            let shard = &shards[lane.number];
            let comes_of_unread = [shard.parent, shard.adjacent_parent]
                .iter()
                .flatten()
                .any(|parent| is_unread.binary_search(parent).is_ok());
            let is_read = lane.readers.finished().all(|finished| finished <= until);
            any_closed |= lane.closed != u64::MAX;
            if lane.closed != u64::MAX && !is_read || comes_of_unread {
                is_unread.push(lane.number);
            } else if lane.closed == u64::MAX {
                lane.readers.is_watched = false;
            }
        }
        if is_unread.is_empty() {
            self.order.forget();
            self.is_draining = any_closed;
        }
    }

    /// Takes the lanes out of which nothing comes any more.
    fn retire(&mut self, now: u64, groups: &mut [Group]) {
        for group in groups {
            if group.lanes.iter().any(|lane| lane.is_over(now)) {
                for lane in std::mem::take(&mut group.lanes) {
                    if lane.is_over(now) {
                        self.finished[lane.number] = Some(lane.readers.finished().collect());
                        let number = lane.number;
                        let (counts, totals, series) = lane.into_parts();
                        self.retired.push(Retired { number, counts, totals, series });
                    } else {
                        group.lanes.push(lane);
                    }
                }
            }
        }
    }

    /// Changes lanes, routes and what is on its way as the shards have changed.
    fn apply(
        &mut self,
        reshard: Reshard,
        now: u64,
        state: &mut StreamState<'_, '_>,
        context: Context<'_>,
    ) {
        self.is_draining = true;
        let range = |this: &Self, number: usize| this.shards()[number].range;
        let (parents, children) = match reshard {
            Reshard::Split { parent, children } => (vec![parent], children.to_vec()),
            Reshard::Merge { parents, child } => (parents.to_vec(), vec![child]),
        };
        for parent in &parents {
            let hottest = hottest_of_range(context.plan, state.sources, range(self, *parent));
            self.hottest[*parent] = hottest;
        }
        self.share_out(&parents, &children, context);
        let slot = self.slots[parents[0]];
        let moved = match reshard {
            Reshard::Split { parent, children } => Move {
                range: range(self, children[1]),
                from: slot,
                to: self.free_slots.pop().unwrap_or(state.inboxes.len() as u16),
                owned: range(self, parent),
            },
            Reshard::Merge { parents, .. } => {
                let upper = range(self, parents[1]);
                Move { range: upper, from: self.slots[parents[1]], to: slot, owned: upper }
            }
        };
        if state.inboxes.len() <= usize::from(moved.to) {
            state.inboxes.resize_with(usize::from(moved.to) + 1, Vec::new);
        }
        if parents.len() > 1 {
            self.free_slots.push(moved.from);
        }
        let slots_of_children = [slot, moved.to];
        for (child, slot) in children.iter().zip(slots_of_children) {
            self.slots.resize(child + 1, slot);
            self.slots[*child] = slot;
            self.open_lane(*child, slot, now, state.groups, context);
        }
        let open = self.plane.lineage().open();
        let router = Router::with_targets(open.map(|index| {
            (
                self.plane.lineage().shards()[index].range,
                self.slots.get(index).copied().unwrap_or(0),
            )
        }));
        let is_split = matches!(reshard, Reshard::Split { .. });
        let at = (now, state.inboxes.len());
        let sources = state.sources.iter_mut();
        sources.for_each(|source| source.follow((&moved, is_split), &router, at));
        for parent in parents {
            let from = self.slots[parent];
            let generated = state.sources.iter_mut().filter_map(|source| {
                let slots = &mut source.sender.as_mut()?.generated;
                Some(std::mem::take(slots.get_mut(usize::from(from))?))
            });
            let generated: u64 = generated.sum();
            let group = self.homes[parent] as usize;
            let lanes = &mut state.groups[group].lanes;
            let Some(lane) = lanes.iter_mut().find(|lane| lane.number == parent) else { continue };
            lane.counts.generated_records += generated;
            let left_over = lane.close(now);
            self.rehouse(left_over, from, &moved, &children, now, state);
        }
        for child in children {
            self.lane_mut(child, state.groups).into_iter().for_each(Lane::sort_arrivals);
        }
    }

    /// The share of the records that the children are to expect: their parents', by the weights of
    /// the keys that are counted one by one, or else by their parts of the range.
    fn share_out(&mut self, parents: &[usize], children: &[usize], context: Context<'_>) {
        let parents_share: f64 = parents.iter().map(|parent| self.expected_shares[*parent]).sum();
        let weight = |number: usize| -> f64 {
            let range = self.shards()[number].range;
            let of_producers = context.plan.producers.iter().map(|producer| {
                let keys = producer.key_index.as_ref().into_iter();
                let keys = keys.flat_map(|index| producer.keys.keys_within(index, range));
                let weights: f64 = keys.map(|key| producer.keys.weight(key as usize)).sum();
                weights * producer.expected_records
            });
            of_producers.sum()
        };
        let mut weights: Vec<f64> = children.iter().map(|child| weight(*child)).collect();
        let spread = context.plan.producers.iter().any(|producer| producer.keys.is_empty());
        if spread || weights.iter().sum::<f64>() <= 0.0 {
            weights = children.iter().map(|child| self.shards()[*child].range.share()).collect();
        }
        let sum: f64 = weights.iter().sum();
        for (child, weight) in children.iter().zip(weights) {
            self.expected_shares.resize(child + 1, 0.0);
            self.expected_shares[*child] = parents_share * weight / sum;
        }
    }

    fn open_lane(
        &mut self,
        number: usize,
        slot: u16,
        now: u64,
        groups: &mut [Group],
        context: Context<'_>,
    ) {
        let smallest = (0..groups.len()).min_by_key(|index| groups[*index].lanes.len());
        let home = smallest.unwrap_or(0);
        self.homes.resize(number + 1, home as u32);
        self.homes[number] = home as u32;
        self.hottest.resize(number + 1, Vec::new());
        self.finished.resize(number + 1, None);
        groups[home].lanes.push(Lane::new(number, slot, now, true, context));
    }

    fn lane_mut<'a>(&self, number: usize, groups: &'a mut [Group]) -> Option<&'a mut Lane> {
        let lanes = &mut groups[self.homes[number] as usize].lanes;
        lanes.iter_mut().find(|lane| lane.number == number)
    }

    /// Takes what was on its way to a shard called `from` to the children that own its hash keys.
    fn rehouse(
        &self,
        left_over: LeftOver,
        from: u16,
        moved: &Move,
        children: &[usize],
        now: u64,
        state: &mut StreamState<'_, '_>,
    ) {
        let homes: Vec<Option<u16>> = left_over
            .arrivals
            .iter()
            .map(|arrival| state.sources[arrival.producer()].sender.as_mut()?.home_of(arrival))
            .collect();
        let sources = &*state.sources;
        let again = |producer: usize, key: u32, created: u64, number: u64| {
            if from == moved.from {
                sources[producer].draws.again(moved, key, created, number)
            } else {
                from
            }
        };
        let child_of = |slot: u16| {
            let is_it = |child: &&usize| self.slots[**child] == slot;
            children.iter().find(is_it).copied().unwrap_or(children[0])
        };
        for (arrival, home) in left_over.arrivals.into_iter().zip(homes) {
            let drawn =
                || again(arrival.producer(), arrival.key(), arrival.created(), arrival.call());
            let slot = home.unwrap_or_else(drawn);
            if let Some(lane) = self.lane_mut(child_of(slot), state.groups) {
                lane.take_arrival(arrival);
            }
        }
        for record in left_over.waiting {
            let slot = again(record.producer(), record.key, record.created(), record.number());
            if let Some(lane) = self.lane_mut(child_of(slot), state.groups) {
                lane.take_waiting(&record, now);
            }
        }
        for (producer, key, watched) in left_over.watched {
            // Only keys that keep an order are watched, and those have one place.
            let slot = again(producer, key, 0, 0);
            if let Some(lane) = self.lane_mut(child_of(slot), state.groups) {
                lane.take_watched(producer, key, watched);
            }
        }
    }
}

/// What the stream has been used for, over all tallies.
fn used_so_far(tallies: &mut Tallies) -> UsedSoFar {
    let mut used = UsedSoFar::default();
    for tally in tallies.all() {
        for producer in &tally.producers {
            used.billed.add(producer.billed);
            used.billed_duplicates.add(producer.billed_duplicates);
            used.accepted_bytes += producer.accepted_bytes;
        }
        used.consumers.resize(tally.consumers.len(), ReadSoFar::default());
        for (read, consumer) in used.consumers.iter_mut().zip(&tally.consumers) {
            read.read_bytes += consumer.read_bytes;
            read.data_out_bytes += consumer.data_out_bytes;
            read.long_term_read_bytes += consumer.long_term_read_bytes;
        }
    }
    used
}
