//! A window in which some clients hear of every answer, played in rounds.
//!
//! What such a client sends is decided by the answers that it had before, and an answer takes a
//! round trip. So in each round, no longer than the shortest round trip, the clients send what
//! reaches the service in it, the shards that they sent to decide, and what those refused is known
//! when the next round begins. All other shards wait for the end of the window.

use rayon::prelude::*;

use crate::engine::lane::{Context, Lane};
use crate::engine::replication::{Group, Tallies, merge};
use crate::engine::sender::Sender;
use crate::engine::source::{Arrival, Player, producer_of};

/// Arrivals of a round from which on threads are worth waking.
const PARALLEL_ARRIVALS: usize = 8_192;

/// Plays the shards that clients send to from `from` to `until`; clients have the records that they
/// need, and all others have been drawn. Afterwards the inboxes hold what was dealt to shards that no
/// client sent to.
pub(super) fn play(
    context: Context<'_>,
    (from, until): (u64, u64),
    players: &mut [Player<'_, '_>],
    (groups, counts_demand): (&mut [Group], bool),
    inboxes: &mut [Vec<Arrival>],
    tallies: &mut Tallies,
) {
    let homes = homes(groups);
    let round = context.plan.shortest_report().unwrap_or(u64::MAX);
    let several = players.len() > 1;
    let mut now = from;
    let mut touched: Vec<u16> = Vec::new();
    while now < until {
        let first = players.iter().filter_map(Player::earliest).min().unwrap_or(u64::MAX);
        now = now.saturating_add(round).max(first).min(until);
        for player in players.iter_mut() {
            match player {
                Player::Sender(sender) => {
                    sender.play_for(now, inboxes);
                    touched.append(&mut sender.touched);
                }
                Player::Dealer(dealer) => {
                    dealer.deal(now, inboxes);
                }
            }
        }
        touched.sort_unstable();
        touched.dedup();
        for slot in &touched {
            let (group, place) = homes[usize::from(*slot)];
            let lane = &mut groups[group as usize].lanes[place as usize];
            merge(lane, &mut inboxes[usize::from(*slot)], several, counts_demand);
        }
        advance(&touched, &homes, now, context, groups, tallies);
        touched.clear();
        for tally in tallies.all() {
            for (call, place) in tally.refused.drain(..) {
                if let Player::Sender(sender) = &mut players[producer_of(call)] {
                    sender.refuse(call as u32, place);
                }
            }
        }
    }
}

/// The group, and the place in it, of each open shard, by what routes call it.
fn homes(groups: &[Group]) -> Vec<(u32, u32)> {
    let mut homes = Vec::new();
    for (group, lanes) in (0..).zip(groups) {
        for (place, lane) in (0..).zip(&lanes.lanes).filter(|(_, lane)| lane.closed == u64::MAX) {
            let slot = usize::from(lane.slot);
            homes.resize(homes.len().max(slot + 1), (0, 0));
            homes[slot] = (group, place);
        }
    }
    homes
}

/// Plays the given shards up to `until`.
fn advance(
    slots: &[u16],
    homes: &[(u32, u32)],
    until: u64,
    context: Context<'_>,
    groups: &mut [Group],
    tallies: &Tallies,
) {
    let home = |slot: &u16| homes[usize::from(*slot)];
    let arrivals: usize = slots
        .iter()
        .map(home)
        .map(|(group, place)| groups[group as usize].lanes[place as usize].inbox.len())
        .sum();
    if arrivals < PARALLEL_ARRIVALS {
        tallies.lend(|tally| {
            for (group, place) in slots.iter().map(home) {
                groups[group as usize].lanes[place as usize].advance(until, context, tally);
            }
        });
        return;
    }
    groups.par_iter_mut().for_each(|group| {
        let is_touched =
            |lane: &&mut Lane| lane.closed == u64::MAX && slots.binary_search(&lane.slot).is_ok();
        tallies.lend(|tally| {
            for lane in group.lanes.iter_mut().filter(is_touched) {
                lane.advance(until, context, tally);
            }
        });
    });
}

impl Player<'_, '_> {
    /// Before when nothing of a client can reach the service.
    fn earliest(&self) -> Option<u64> {
        match self {
            Self::Sender(sender) => Some(sender.earliest()),
            Self::Dealer(_) => None,
        }
    }
}

impl Sender<'_> {
    /// Plays what this client sends to reach the service before `until`.
    fn play_for(&mut self, until: u64, inboxes: &mut [Vec<Arrival>]) {
        self.play(self.sent_before(until), inboxes);
    }
}
