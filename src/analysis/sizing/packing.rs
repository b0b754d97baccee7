//! What the records of a producer come to in the stream, at the least: a client that packs several
//! into one sends fewer and larger ones.
//!
//! How full they get depends on the rate of a shard. Full ones are the bound that the truth is not
//! better than, so that no count is refused that aggregation would let pass.

use crate::model::aggregation::{FRAME_BYTES, OUTER_KEY_BYTES, Packed};
use crate::scenario::{Aggregation, Kpl, LogBatches, Method, Producer, PutCalls, Scenario};

/// A record of one size in the stream.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct InStream {
    /// Kinesis records that it comes to: one, or a part of one.
    pub(super) put_records: f64,
    /// Bytes of them as the byte limit counts them.
    pub(super) charged_bytes: f64,
}

/// How the client of a producer makes Kinesis records.
#[derive(Clone, Copy, Debug)]
pub(super) enum Packing {
    /// One of each, its bytes rounded up to a step.
    Alone { rounding: f64 },
    /// As many in one as fit.
    Aggregated { limits: Aggregation, has_fresh_keys: bool },
    /// Compressed, those of one key in one.
    Batches { limits: LogBatches, has_fresh_keys: bool },
}

impl Packing {
    pub(super) fn of(producer: &Producer, scenario: &Scenario) -> Self {
        let has_fresh_keys = producer.partition_key.is_fresh();
        let method = producer.client.sending.as_ref().map(|sending| &sending.method);
        match (method, producer.client.calls) {
            (Some(Method::Kpl(Kpl { aggregation: Some(limits), .. })), _) => {
                Self::Aggregated { limits: *limits, has_fresh_keys }
            }
            (Some(Method::LogBatches(limits)), _) => {
                Self::Batches { limits: *limits, has_fresh_keys }
            }
            (_, PutCalls::PutRecord) => {
                Self::Alone { rounding: scenario.quotas.put_record_rounding.0 as f64 }
            }
            (_, PutCalls::PutRecords { .. }) => Self::Alone { rounding: 1.0 },
        }
    }

    /// A record with so many bytes of data and of its key.
    pub(super) fn in_stream(self, data: u64, key: f64) -> InStream {
        match self {
            Self::Alone { rounding } => InStream {
                put_records: 1.0,
                charged_bytes: ((data as f64 + key) / rounding).ceil() * rounding,
            },
            Self::Aggregated { limits, has_fresh_keys } => {
                let new_key_bytes = has_fresh_keys.then_some(key as u64);
                let packed = Packed { data, key_index: 0, new_key_bytes, explicit_hash_key: None };
                let part = packed.estimate() as f64 / limits.max_bytes.0 as f64;
                if part > 1.0 || limits.max_records.0 < 2 {
                    return Self::Alone { rounding: 1.0 }.in_stream(data, key);
                }
                let put_records = part.max(1.0 / limits.max_records.0 as f64);
                let around = (FRAME_BYTES + OUTER_KEY_BYTES) as f64;
                let charged_bytes = packed.bytes() as f64 + put_records * around;
                InStream { put_records, charged_bytes }
            }
            Self::Batches { limits, has_fresh_keys } => {
                let part = data as f64 / limits.max_bytes.0.max(1) as f64;
                let most = if has_fresh_keys { 1.0 } else { limits.max_events.0 as f64 };
                let put_records = part.max(1.0 / most.max(1.0)).min(1.0);
                let around = limits.envelope.0 as f64 + key;
                let charged_bytes = data as f64 / limits.compression + put_records * around;
                InStream { put_records, charged_bytes }
            }
        }
    }
}

/// How many times what a shard takes the producer sends to it at most, where it holds back what is
/// beyond: what a shard refuses for certain is no more than that.
pub(super) fn sends_most(producer: &Producer, scenario: &Scenario) -> f64 {
    let Some(sending) = &producer.client.sending else { return f64::INFINITY };
    match &sending.method {
        Method::Kpl(kpl) => kpl.rate_limit.map_or(f64::INFINITY, |limit| {
            limit.records.as_per_second() / scenario.quotas.shard_write_records.0.as_per_second()
        }),
        Method::LogBatches(_) => f64::INFINITY,
        // A call that waits for its next attempt keeps its place among those under way.
        Method::Resend | Method::Agent(_) | Method::FlinkSink(_) => 0.0,
    }
}
