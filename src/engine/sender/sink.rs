//! The buffer of a Flink sink, and the window that bounds what is under way.
//!
//! Additive increase, multiplicative decrease: a request of which nothing failed adds ten records to
//! the window, any other takes a hundredth away. Records that failed go to the head of the buffer.
//! Source: `KinesisStreamsSinkWriter.java` of apache/flink-connector-aws, and
//! `AsyncSinkWriter.java` and `AIMDScalingStrategy.java` of apache/flink.

use std::collections::VecDeque;

use crate::engine::sender::record::Put;
use crate::scenario::FlinkSink;

/// The buffer and the window of one writer.
#[derive(Debug)]
pub(super) struct Sink {
    limits: FlinkSink,
    max_records: usize,
    max_bytes: u64,
    queue: VecDeque<Put>,
    bytes: u64,
    /// Records under way.
    under_way: u64,
    /// Most records under way.
    window: u64,
    /// When it looks again whether a record has waited for long enough.
    pub(super) wakes_at: Option<u64>,
}

impl Sink {
    pub(super) fn new(limits: FlinkSink, max_records: u64, max_bytes: u64) -> Self {
        Self {
            limits,
            max_records: max_records as usize,
            max_bytes,
            queue: VecDeque::new(),
            bytes: 0,
            under_way: 0,
            window: limits.window_start.0,
            wakes_at: None,
        }
    }

    /// Whether the application may hand over another record.
    pub(super) fn has_room(&self) -> bool {
        (self.queue.len() as u64) < self.limits.max_buffered_requests.0
    }

    pub(super) fn add(&mut self, put: Put) {
        self.bytes += put.bytes();
        self.queue.push_back(put);
    }

    /// The records of the next request, if there is one to be made at `now` and room for it.
    pub(super) fn next_request(&mut self, now: u64) -> Option<Vec<Put>> {
        let most = self.max_records.min(self.window as usize);
        let is_due = self.queue.front()?.deadline <= now;
        if !is_due && self.queue.len() < most && self.bytes < self.max_bytes {
            return None;
        }
        let records = most.min(self.queue.len());
        if self.under_way + records as u64 > self.window {
            return None;
        }
        let mut request = Vec::with_capacity(records);
        let mut bytes = 0;
        while request.len() < records {
            let Some(put) = self.queue.front() else { break };
            if bytes + put.bytes() > self.max_bytes && !request.is_empty() {
                break;
            }
            bytes += put.bytes();
            request.extend(self.queue.pop_front());
        }
        self.bytes -= bytes;
        self.under_way += request.len() as u64;
        Some(request)
    }

    /// When the record at the head of the buffer has waited for long enough.
    pub(super) fn due(&self) -> Option<u64> {
        self.queue.front().map(|put| put.deadline)
    }

    /// The answer to a request of so many records has come at `now`; those that failed go to the
    /// head of the buffer, and with the next request.
    pub(super) fn answered(&mut self, records: u64, failed: Vec<Put>, now: u64) {
        self.under_way -= records;
        self.window = if failed.is_empty() {
            (self.window + self.limits.window_increase.0).min(self.limits.window_max.0)
        } else {
            (self.window * 99 + 50) / 100
        };
        self.window = self.window.max(1);
        for mut put in failed.into_iter().rev() {
            put.deadline = now;
            self.bytes += put.bytes();
            self.queue.push_front(put);
        }
    }

    /// The records that wait.
    pub(super) fn puts(&self) -> impl Iterator<Item = &Put> {
        self.queue.iter()
    }

    /// The same, to be told of another shard.
    pub(super) fn puts_mut(&mut self) -> impl Iterator<Item = &mut Put> {
        self.queue.iter_mut()
    }
}
