//! The autoscaling of awslabs/amazon-kinesis-scaling-utils, as its program does it.
//!
//! Every check looks at the last minutes of IncomingBytes and IncomingRecords (PUT) and of what is
//! read (GET), over the capacity of the number of shards that it last looked up, which it does every
//! `refreshShardsNumberAfterMin` and not after its own changes. The metric that is used more votes:
//! up with `scaleAfterMins` high samples, down with as many low ones; a minute that cannot be read
//! yet counts as low. PUT and GET are joined: up if either is up, down if both are. After a change
//! it waits until the stream is ACTIVE, and the cool-off counts from then. Where UpdateShardCount is
//! refused the program splits and merges one by one; that is not modelled. Source:
//! StreamMonitor.java, StreamScalingUtils.java, StreamMetricManager.java of the project.

use super::{Autoscaler, MINUTE, MinuteMetrics, StreamNow, Wish, percent};
use crate::scenario::{ScalingUtils, UtilsStep};

/// What the program remembers.
#[derive(Debug)]
pub(super) struct UtilsState {
    /// Shards that it believes are open.
    believed: u32,
    /// When it last looked them up, in nanoseconds.
    looked_up: u64,
    /// Whether the change under way, if one is, adds shards.
    waits_for: Option<bool>,
    last_up: Option<u64>,
    last_down: Option<u64>,
}

impl UtilsState {
    pub(super) const fn new(open_shards: u32) -> Self {
        Self {
            believed: open_shards,
            looked_up: 0,
            waits_for: None,
            last_up: None,
            last_down: None,
        }
    }

    pub(super) const fn was_taken(&mut self, is_up: bool) {
        self.waits_for = Some(is_up);
    }
}

/// A vote on one operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Vote {
    Up,
    Down,
    Nothing,
}

/// High and low samples of one metric, and its running mean.
#[derive(Clone, Copy, Debug, Default)]
struct Samples {
    high: u32,
    low: u32,
    mean: f64,
}

impl Autoscaler {
    pub(super) fn by_utils(
        &mut self,
        now: u64,
        stream: StreamNow,
        utils: &ScalingUtils,
    ) -> Option<Wish> {
        if stream.is_updating {
            // It polls until the stream is ACTIVE, and checks an interval later.
            return None;
        }
        if let Some(is_up) = self.utils.waits_for.take() {
            let last = if is_up { &mut self.utils.last_up } else { &mut self.utils.last_down };
            *last = Some(now);
            return None;
        }
        let window = utils.up.iter().chain(&utils.down).map(|step| step.after_minutes).max()?;
        let from = now.saturating_sub(u64::from(window) * MINUTE);
        let readable = |minute: &&MinuteMetrics| {
            minute.end.saturating_add(self.delay) <= now && minute.end > from
        };
        let minutes: Vec<MinuteMetrics> = self.minutes.iter().filter(readable).copied().collect();
        let vote = self.vote(&minutes, window, utils);
        if now.saturating_sub(self.utils.looked_up) > utils.refresh_every.nanoseconds() {
            self.utils.believed = stream.open;
            self.utils.looked_up = now;
        }
        let (step, last, is_up) = match vote.0 {
            Vote::Up => (utils.up?, self.utils.last_up, true),
            Vote::Down => (utils.down?, self.utils.last_down, false),
            Vote::Nothing => return None,
        };
        let cool_off = step.cool_off.nanoseconds();
        if last.is_some_and(|last| now.saturating_sub(cool_off) < last) {
            return None;
        }
        let (least, most) = (self.policy.min_shards, self.policy.max_shards);
        let shards = target(stream.open, &step, is_up).clamp(least, most.max(least));
        let way = if is_up { "above" } else { "below" };
        let cause = format!(
            "scaling-utils: {} {way} {} for {} min, over {} shards as it believes",
            vote.1,
            percent(step.threshold),
            step.after_minutes,
            self.utils.believed
        );
        (shards != stream.open).then_some(Wish { shards, cause, alarm: 0 })
    }

    /// The joined vote and the operations that were looked at.
    fn vote(
        &self,
        minutes: &[MinuteMetrics],
        window: u32,
        utils: &ScalingUtils,
    ) -> (Vote, &'static str) {
        let put = |minute: &MinuteMetrics| {
            [
                minute.incoming_bytes as f64 / self.limits.write_bytes,
                minute.incoming_records as f64 / self.limits.write_records,
            ]
        };
        let get = |minute: &MinuteMetrics| {
            // CloudWatch counts the bytes of answers; here records of the mean size.
            let mean = minute.incoming_bytes as f64 / minute.incoming_records.max(1) as f64;
            // Twice the records that can be written, as the program has it.
            let records = minute.read_records as f64;
            [records * mean / self.limits.read_bytes, records / (2.0 * self.limits.write_records)]
        };
        let put = utils.on_put.then(|| self.vote_on(minutes, window, utils, put));
        let get = utils.on_get.then(|| self.vote_on(minutes, window, utils, get));
        match (put, get) {
            (Some(put), Some(get)) if put == Vote::Up || get == Vote::Up => {
                (Vote::Up, "PUT or GET")
            }
            (Some(Vote::Down), Some(Vote::Down)) => (Vote::Down, "PUT and GET"),
            (Some(_), Some(_)) | (None, None) => (Vote::Nothing, ""),
            (Some(put), None) => (put, "PUT"),
            (None, Some(get)) => (get, "GET"),
        }
    }

    fn vote_on(
        &self,
        minutes: &[MinuteMetrics],
        window: u32,
        utils: &ScalingUtils,
        filled: impl Fn(&MinuteMetrics) -> [f64; 2],
    ) -> Vote {
        let high = utils.up.map_or(f64::INFINITY, |step| step.threshold);
        let low = utils.down.map_or(f64::NEG_INFINITY, |step| step.threshold);
        let mut samples = [Samples::default(); 2];
        for minute in minutes {
            for (samples, filled) in samples.iter_mut().zip(filled(minute)) {
                let used = filled / f64::from(self.utils.believed.max(1));
                samples.mean =
                    if samples.mean > 0.0 { f64::midpoint(samples.mean, used) } else { used };
                samples.high += u32::from(used > high);
                samples.low += u32::from(used <= high && used < low);
            }
        }
        let missing = window.saturating_sub(minutes.len() as u32);
        let [bytes, records] = samples;
        let used_more = if bytes.mean >= records.mean { bytes } else { records };
        if utils.up.is_some_and(|step| used_more.high >= step.after_minutes) {
            Vote::Up
        } else if utils.down.is_some_and(|step| used_more.low + missing >= step.after_minutes) {
            Vote::Down
        } else {
            Vote::Nothing
        }
    }
}

/// `StreamScalingUtils.getNewShardCount`: a percentage below 100 is added, one from 100 on is the
/// whole; downward one up to 100 is taken away, one above divides.
pub(super) fn target(open: u32, step: &UtilsStep, is_up: bool) -> u32 {
    let percent = f64::from(step.percent.unwrap_or(0));
    let open_shards = f64::from(open);
    match (is_up, step.count) {
        (true, Some(count)) => open.saturating_add(count),
        (false, Some(count)) => open.saturating_sub(count).max(1),
        (true, None) => {
            let factor = if percent < 100.0 { 100.0 + percent } else { percent } / 100.0;
            (open_shards * factor).ceil() as u32
        }
        (false, None) if percent > 100.0 => ((open_shards * 100.0 / percent).floor() as u32).max(1),
        (false, None) => open.saturating_sub((open_shards * percent / 100.0).floor() as u32).max(1),
    }
}
