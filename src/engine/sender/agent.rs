//! The flow of a Kinesis Agent: one back-off for all of its calls.
//!
//! A call that failed in part adds the share that failed to a factor, one that failed as a whole
//! adds one, a success divides it by ten. While the factor is above zero the agent sleeps after each
//! call that it sends. Source: `AsyncPublisherService.java` of awslabs/amazon-kinesis-agent; that a
//! sleep is cut into pieces of 250 ms there is left out.

use crate::model::backoff::Waits;
use crate::scenario::AgentBackoff;

/// Share by which a sleep is drawn longer or shorter.
const JITTER: f64 = 0.3;

/// How one flow backs off.
#[derive(Debug)]
pub(super) struct Flow {
    backoff: AgentBackoff,
    factor: f64,
    /// Before when no call is sent, in nanoseconds.
    pub(super) open_at: u64,
    /// Calls sent so far.
    sent: u64,
    /// When it is woken.
    pub(super) wakes_at: Option<u64>,
}

impl Flow {
    pub(super) const fn new(backoff: AgentBackoff) -> Self {
        Self { backoff, factor: 0.0, open_at: 0, sent: 0, wakes_at: None }
    }

    /// A call has been sent at `now`.
    pub(super) fn sent(&mut self, now: u64, waits: &Waits) {
        self.sent += 1;
        if self.factor <= 0.0 {
            return;
        }
        let initial = self.backoff.initial.nanoseconds() as f64;
        let sleep =
            (initial * libm::exp2(self.factor - 1.0)).min(self.backoff.max.nanoseconds() as f64);
        let width = (2.0 * JITTER * sleep) as u64;
        self.open_at = now + ((1.0 - JITTER) * sleep) as u64 + waits.draw(self.sent, width);
    }

    /// The answer to a call has come at `now`, of which a share has failed.
    pub(super) fn answered(&mut self, failed: f64, now: u64) {
        if failed > 0.0 {
            self.factor += failed;
            return;
        }
        self.factor /= 10.0;
        if self.factor < 1.0 {
            self.factor = 0.0;
            self.open_at = self.open_at.min(now);
        }
    }
}
