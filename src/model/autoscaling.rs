//! Policies at work: what CloudWatch shows of each minute, and what is asked for.
//!
//! A minute can be read `cloudwatch_delay` after its end, so a policy never sees the present. It
//! asks with UpdateShardCount, within half and double of the open shards. `utils` is the autoscaling
//! of awslabs/amazon-kinesis-scaling-utils.

mod utils;

use std::collections::VecDeque;

use crate::scenario::{AlarmCondition, Policy, PolicyKind, StepAlarm, StepChange};
use crate::time::Span;

use utils::UtilsState;

/// A minute in nanoseconds.
const MINUTE: u64 = 60 * 1_000_000_000;
/// Minutes that are kept: a day.
const MINUTES_KEPT: usize = 1_440;

/// What CloudWatch shows of one minute of the stream.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct MinuteMetrics {
    /// End of the minute, in nanoseconds.
    pub end: u64,
    /// Sum of IncomingRecords.
    pub incoming_records: u64,
    /// Sum of IncomingBytes.
    pub incoming_bytes: u64,
    /// Sum of WriteProvisionedThroughputExceeded.
    pub throttled_records: u64,
    /// Records read by polling consumers.
    pub read_records: u64,
    /// Highest iterator age of any consumer, in milliseconds; nothing without consumers.
    pub iterator_age_ms: Option<u64>,
    /// Open shards at the end of the minute.
    pub open_shards: u32,
}

/// What a shard takes and gives, for utilization.
#[derive(Clone, Copy, Debug)]
pub struct ShardLimits {
    /// Records written a minute.
    pub write_records: f64,
    /// Bytes written a minute.
    pub write_bytes: f64,
    /// Bytes read a minute.
    pub read_bytes: f64,
}

/// What a policy asks for.
#[derive(Clone, Debug, PartialEq)]
pub struct Wish {
    /// Open shards wanted.
    pub shards: u32,
    /// What it saw.
    pub cause: String,
    /// Which alarm acts, for its cool-off.
    alarm: usize,
}

/// What a policy knows of the stream when it looks.
#[derive(Clone, Copy, Debug)]
pub struct StreamNow {
    /// Open shards.
    pub open: u32,
    /// Whether the stream is UPDATING.
    pub is_updating: bool,
}

/// A policy in the course of a run.
#[derive(Debug)]
pub struct Autoscaler {
    policy: Policy,
    limits: ShardLimits,
    /// From the end of a minute until it can be read, in nanoseconds.
    delay: u64,
    minutes: VecDeque<MinuteMetrics>,
    next_check: u64,
    /// When each alarm, or the policy, last changed anything.
    last: Vec<Option<u64>>,
    utils: UtilsState,
}

impl Autoscaler {
    /// A policy that begins to look at the start of the run.
    #[must_use]
    pub fn new(policy: Policy, limits: ShardLimits, delay: Span, open_shards: u32) -> Self {
        let alarms = match &policy.kind {
            PolicyKind::StepAlarms(alarms) => alarms.len(),
            _ => 1,
        };
        Self {
            next_check: policy.check_every.nanoseconds(),
            limits,
            delay: delay.nanoseconds(),
            minutes: VecDeque::new(),
            last: vec![None; alarms],
            utils: UtilsState::new(open_shards),
            policy,
        }
    }

    /// When it looks next, in nanoseconds.
    #[must_use]
    pub const fn next_check(&self) -> u64 {
        self.next_check
    }

    /// Takes in the metrics of a minute.
    pub fn note(&mut self, minute: MinuteMetrics) {
        self.minutes.push_back(minute);
        if self.minutes.len() > MINUTES_KEPT {
            self.minutes.pop_front();
        }
    }

    /// Looks at `now`, in nanoseconds; what it asks for, if anything.
    pub fn look(&mut self, now: u64, stream: StreamNow) -> Option<Wish> {
        self.next_check = now.saturating_add(self.policy.check_every.nanoseconds());
        let (least, most) = (self.policy.min_shards, self.policy.max_shards);
        let wish = match self.policy.kind.clone() {
            PolicyKind::TargetUtilization { target, up_after, down_after, cool_off } => {
                let wish = self.by_target(now, stream, target.0, up_after, down_after)?;
                self.has_cooled_off(0, now, cool_off).then_some(wish)?
            }
            PolicyKind::StepAlarms(alarms) => self.by_alarms(now, stream, &alarms)?,
            PolicyKind::ScalingUtils(utils) => return self.by_utils(now, stream, &utils),
        };
        // UpdateShardCount goes from half to double.
        let bounded = wish.shards.clamp(least, most.max(least));
        let shards = bounded.clamp(stream.open.div_ceil(2), stream.open.saturating_mul(2));
        (shards != stream.open && !stream.is_updating).then_some(Wish { shards, ..wish })
    }

    /// What was asked for at `now` was taken by the service.
    pub fn was_taken(&mut self, now: u64, wish: &Wish, open: u32) {
        if let Some(last) = self.last.get_mut(wish.alarm) {
            *last = Some(now);
        }
        self.utils.was_taken(wish.shards > open);
    }

    /// The latest `count` minutes that can be read at `now`, latest last; nothing where there are
    /// fewer.
    fn visible(&self, now: u64, count: u32) -> Option<Vec<MinuteMetrics>> {
        let readable = |minute: &&MinuteMetrics| minute.end.saturating_add(self.delay) <= now;
        let mut latest: Vec<MinuteMetrics> =
            self.minutes.iter().rev().filter(readable).take(count as usize).copied().collect();
        latest.reverse();
        (latest.len() == count as usize).then_some(latest)
    }

    /// How full the scarcer write limit of so many shards was.
    fn utilization(&self, minute: &MinuteMetrics, shards: u32) -> f64 {
        let records = minute.incoming_records as f64 / self.limits.write_records;
        let bytes = minute.incoming_bytes as f64 / self.limits.write_bytes;
        records.max(bytes) / f64::from(shards.max(1))
    }

    fn has_cooled_off(&self, alarm: usize, now: u64, cool_off: Span) -> bool {
        let last = self.last.get(alarm).copied().flatten();
        last.is_none_or(|last| now >= last.saturating_add(cool_off.nanoseconds()))
    }

    fn by_target(
        &self,
        now: u64,
        stream: StreamNow,
        target: f64,
        up_after: u32,
        down_after: u32,
    ) -> Option<Wish> {
        let loads = |count| -> Option<Vec<f64>> {
            let minutes = self.visible(now, count)?;
            Some(minutes.iter().map(|minute| self.utilization(minute, stream.open)).collect())
        };
        let highest = |loads: &[f64]| loads.iter().copied().fold(0.0, f64::max);
        let wanted = |load: f64| (f64::from(stream.open) * load / target).ceil().max(1.0) as u32;
        if let Some(loads) = loads(up_after)
            && loads.iter().all(|load| *load > target)
        {
            let shards = wanted(highest(&loads)).max(stream.open + 1);
            let cause = above("utilization", highest(&loads), target, up_after);
            return Some(Wish { shards, cause, alarm: 0 });
        }
        let loads = loads(down_after)?;
        let shards = wanted(highest(&loads));
        let cause = format!(
            "utilization at most {} for {down_after} min, target {}",
            percent(highest(&loads)),
            percent(target)
        );
        (shards < stream.open).then_some(Wish { shards, cause, alarm: 0 })
    }

    fn by_alarms(&self, now: u64, stream: StreamNow, alarms: &[StepAlarm]) -> Option<Wish> {
        alarms.iter().enumerate().find_map(|(index, alarm)| {
            let minutes = self.visible(now, alarm.evaluation_minutes)?;
            let breaching = minutes.iter().filter(|minute| self.breaches(minute, alarm)).count();
            let is_in_alarm = breaching >= alarm.breaching_minutes as usize;
            if !is_in_alarm || !self.has_cooled_off(index, now, alarm.cool_off) {
                return None;
            }
            let open = stream.open;
            let shards = match alarm.step {
                StepChange::Add(shards) => open.saturating_add(shards),
                StepChange::Remove(shards) => open.saturating_sub(shards).max(1),
                StepChange::MultiplyBy(factor) => (f64::from(open) * factor).ceil().max(1.0) as u32,
            };
            let cause = format!(
                "{} in {breaching} of {} min",
                describe(&alarm.condition),
                alarm.evaluation_minutes
            );
            Some(Wish { shards, cause, alarm: index })
        })
    }

    fn breaches(&self, minute: &MinuteMetrics, alarm: &StepAlarm) -> bool {
        let utilization = || self.utilization(minute, minute.open_shards);
        let age = minute.iterator_age_ms.map(Span::from_milliseconds);
        match alarm.condition {
            AlarmCondition::UtilizationAbove(than) => utilization() > than.0,
            AlarmCondition::UtilizationBelow(than) => utilization() < than.0,
            AlarmCondition::ThrottledAbove(than) => minute.throttled_records > than.0,
            AlarmCondition::IteratorAgeAbove(than) => age.is_some_and(|age| age > than),
            AlarmCondition::IteratorAgeBelow(than) => age.is_some_and(|age| age < than),
        }
    }
}

fn percent(ratio: f64) -> String {
    format!("{:.0} %", ratio * 100.0)
}

fn above(what: &str, value: f64, than: f64, minutes: u32) -> String {
    format!("{what} up to {} above {} for {minutes} min", percent(value), percent(than))
}

fn describe(condition: &AlarmCondition) -> String {
    match condition {
        AlarmCondition::UtilizationAbove(than) => format!("utilization above {}", percent(than.0)),
        AlarmCondition::UtilizationBelow(than) => format!("utilization below {}", percent(than.0)),
        AlarmCondition::ThrottledAbove(than) => format!("more than {} throttled", than.0),
        AlarmCondition::IteratorAgeAbove(than) => format!("iterator age above {than}"),
        AlarmCondition::IteratorAgeBelow(than) => format!("iterator age below {than}"),
    }
}

#[cfg(test)]
mod tests;
