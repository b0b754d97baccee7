//! Leases of the Kinesis Client Library: which worker has which shard, and how long a shard waits
//! when its worker is lost.
//!
//! Source: awslabs/amazon-kinesis-client 3.5.1, 2026. A worker renews its leases every third of the
//! failover time. In version 2 every worker looks at all leases each two failover times and takes
//! what has not been renewed since it last looked; in version 3 the leader does so, and the new
//! owner asks once in a failover time what is its own. Then up to two seconds pass until it reads.

use crate::engine::lane::Context;
use crate::engine::timetable::{Stop, StopKind};
use crate::scenario::{Consumer, Incident, IncidentKind, Work};
use crate::time::NANOSECONDS_PER_SECOND;

/// Draws of a shard and of a worker, apart from those of first calls.
const OF_SHARD: u64 = 1 << 48;
const OF_WORKER: u64 = 1 << 49;
/// Of the four draws of a shard for each loss, the one of its next worker.
const OWNER: u64 = 3;

/// The worker of each shard: version 2 spreads their number evenly, version 3 their load.
pub(super) fn spread(consumer: &Consumer, shares: &[f64]) -> Vec<u32> {
    let Work::Kcl(kcl) = &consumer.work else {
        return Vec::new();
    };
    let workers = kcl.workers as usize;
    if kcl.version < 3 {
        return (0..shares.len()).map(|shard| (shard % workers) as u32).collect();
    }
    let mut by_load: Vec<usize> = (0..shares.len()).collect();
    by_load.sort_by(|one, other| shares[*other].total_cmp(&shares[*one]));
    let mut loads = vec![0.0_f64; workers];
    let mut owners = vec![0; shares.len()];
    for shard in by_load {
        let least = (0..workers).min_by(|one, other| loads[*one].total_cmp(&loads[*other]));
        let worker = least.unwrap_or(0);
        // Some load even without records, so that idle shards are spread as well.
        loads[worker] += shares[shard].max(1e-9);
        owners[shard] = worker as u32;
    }
    owners
}

/// When workers of a consumer are lost, and how many.
pub(super) fn losses(consumer: usize, incidents: &[Incident]) -> Vec<(u64, u32)> {
    let own = incidents.iter().filter(|incident| incident.consumer == consumer);
    let mut losses: Vec<(u64, u32)> = own
        .filter_map(|incident| match incident.kind {
            IncidentKind::WorkerLoss(lost) => Some((incident.at.nanoseconds(), lost)),
            _ => None,
        })
        .collect();
    losses.sort_unstable();
    losses
}

/// The worker that holds the lease of a shard at `now`, or takes it over.
pub(super) fn owner(consumer: usize, shard: usize, now: u64, context: Context<'_>) -> usize {
    let plan = &context.plan.consumers[consumer];
    let Work::Kcl(kcl) = &plan.work else {
        return 0;
    };
    let draws = context.replication.phases[consumer];
    let turn = (shard as u64 % u64::from(kcl.workers)) as u32;
    let mut owner = plan.owners.get(shard).copied().unwrap_or(turn);
    let mut workers = kcl.workers;
    for (number, (from, count)) in (0_u64..).zip(&plan.losses) {
        if *from > now {
            break;
        }
        workers -= count;
        if owner >= workers {
            let draw = 4 * number + OWNER;
            owner = draws.below(OF_SHARD | shard as u64, draw, u64::from(workers)) as u32;
        }
    }
    owner as usize
}

/// The stops of a shard whose workers are lost.
pub(super) fn lost(consumer: usize, shard: usize, context: Context<'_>) -> Vec<Stop> {
    let plan = &context.plan.consumers[consumer];
    let Work::Kcl(kcl) = &plan.work else {
        return Vec::new();
    };
    let draws = context.replication.phases[consumer];
    let own = |index: u64, bound: u64| draws.below(OF_SHARD | shard as u64, index, bound);
    let failover = kcl.failover_time.nanoseconds();
    let look = 2 * failover;
    // A shard that came of others goes to the worker whose turn it is.
    let turn = (shard as u64 % u64::from(kcl.workers)) as u32;
    let mut owner = plan.owners.get(shard).copied().unwrap_or(turn);
    let mut workers = kcl.workers;
    let mut stops = Vec::new();
    for (number, (from, count)) in (0_u64..).zip(&plan.losses) {
        workers -= count;
        if owner < workers {
            continue;
        }
        let renewed = from.saturating_sub(own(4 * number, failover / 3));
        // The first who looks after the last renewal sees that there was none when it looks again.
        let lookers = if kcl.version < 3 { workers } else { 1 };
        let seen = (0..lookers).map(|worker| {
            let phase = draws.below(OF_WORKER | u64::from(worker), 0, look);
            (renewed + look - phase).div_ceil(look) * look + phase - look
        });
        let first = seen.map(|seen| if seen < renewed { seen + look } else { seen }).min();
        let taken = first.unwrap_or(renewed) + look;
        let asked = if kcl.version < 3 { 0 } else { own(4 * number + 1, failover) };
        let begun = NANOSECONDS_PER_SECOND + own(4 * number + 2, NANOSECONDS_PER_SECOND);
        let until = taken.max(*from) + asked + begun;
        stops.push(Stop { from: *from, until, kind: StopKind::Killed });
        owner = own(4 * number + OWNER, u64::from(workers)) as u32;
    }
    stops
}
