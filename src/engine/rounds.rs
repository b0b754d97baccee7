//! A window in which some clients hear of every answer, played in rounds.
//!
//! What such a client sends is decided by the answers that it had before, and an answer takes a
//! round trip. So in each round, no longer than the shortest round trip, the clients send what
//! reaches the service in it, the shards that they sent to decide, and what those refused is known
//! when the next round begins. All other shards wait for the end of the window.

use rayon::prelude::*;

use crate::engine::lane::Context;
use crate::engine::replication::{Group, Tallies, merge};
use crate::engine::sender::Sender;
use crate::engine::source::{Arrival, Source, producer_of};

/// Arrivals of a round from which on threads are worth waking.
const PARALLEL_ARRIVALS: usize = 8_192;

/// Plays the shards that clients send to from `from` to `until`. Afterwards the inboxes hold what
/// was dealt to the others.
pub(super) fn play(
    context: Context<'_>,
    (from, until): (u64, u64),
    sources: &mut [Source<'_>],
    groups: &mut [Group],
    inboxes: &mut [Vec<Arrival>],
    tallies: &mut Tallies,
) {
    let round = context.plan.shortest_report().unwrap_or(u64::MAX);
    let several = sources.len() > 1;
    for source in sources.iter_mut().filter(|source| source.sender.is_some()) {
        source.deal(until, inboxes);
    }
    let mut now = from;
    let mut touched: Vec<u16> = Vec::new();
    while now < until {
        let first = sources.iter().filter_map(|source| Some(source.sender.as_ref()?.earliest()));
        let first = first.min().unwrap_or(u64::MAX);
        now = (now + round).max(first).min(until);
        for source in sources.iter_mut() {
            match &mut source.sender {
                Some(sender) => {
                    sender.play_for(now, inboxes);
                    touched.append(&mut sender.touched);
                }
                None => source.deal(now, inboxes),
            }
        }
        touched.sort_unstable();
        touched.dedup();
        advance(&touched, now, context, groups, inboxes, several, tallies);
        touched.clear();
        for tally in tallies.all() {
            for (call, place) in tally.refused.drain(..) {
                if let Some(sender) = &mut sources[producer_of(call)].sender {
                    sender.refuse(call as u32, place);
                }
            }
        }
    }
}

/// Plays the given shards up to `until`.
fn advance(
    shards: &[u16],
    until: u64,
    context: Context<'_>,
    groups: &mut [Group],
    inboxes: &mut [Vec<Arrival>],
    several: bool,
    tallies: &Tallies,
) {
    let Some(size) = groups.first().map(|group| group.lanes.len()) else { return };
    let mut arrivals = 0;
    for shard in shards {
        let shard = usize::from(*shard);
        arrivals += inboxes[shard].len();
        merge(&mut groups[shard / size].lanes[shard % size], &mut inboxes[shard], several);
    }
    let play = |group: &mut Group, tally: &mut _| {
        let first = group.lanes.first().map_or(0, |lane| lane.number);
        let from = shards.partition_point(|shard| usize::from(*shard) < first);
        for shard in &shards[from..] {
            let Some(lane) = group.lanes.get_mut(usize::from(*shard) - first) else { break };
            lane.advance(until, context, tally);
        }
    };
    if arrivals < PARALLEL_ARRIVALS {
        tallies.lend(|tally| {
            let mut done = None;
            for shard in shards {
                let index = usize::from(*shard) / size;
                if done != Some(index) {
                    play(&mut groups[index], tally);
                    done = Some(index);
                }
            }
        });
    } else {
        groups.par_iter_mut().for_each(|group| tallies.lend(|tally| play(group, tally)));
    }
}

impl Sender<'_> {
    /// Plays what this client sends to reach the service before `until`.
    fn play_for(&mut self, until: u64, inboxes: &mut [Vec<Arrival>]) {
        self.play(until.saturating_sub(self.one_way()), inboxes);
    }
}
