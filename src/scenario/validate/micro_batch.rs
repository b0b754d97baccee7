//! Jobs of Spark Structured Streaming: what they may be told, and their defaults.
//!
//! Sources: Databricks, options of the Amazon Kinesis connector, 2026 (10,000 records a fetch,
//! 1.0 MB/s a shard, fetches 400 ms apart, 10 s of gathering, 5 shards a task);
//! awslabs/spark-sql-kinesis-connector, `KinesisOptions.scala`, 2026 (100,000 records of a shard a
//! batch, new shards looked for every second). Without a trigger a batch follows the one before at
//! once (Apache Spark 3.5, Structured Streaming guide, Triggers).

use super::service::check_range;
use super::{Context, or};
use crate::scenario::tree::Node;
use crate::scenario::{ChildShards, Consumer, MicroBatch, Reading, Work, raw};
use crate::time::Span;
use crate::units::{Rate, Records};

/// A job, and how it reads.
pub(super) fn micro_batch(
    raw: &raw::MicroBatch,
    base: Consumer,
    node: &Node,
    context: &mut Context<'_, '_>,
) -> Consumer {
    let round_trip = or(raw.round_trip.as_ref(), super::client::ROUND_TRIP);
    let polls = raw.fan_out != Some(raw::FanOut::Enhanced);
    let reading = if polls {
        let interval = or(raw.fetch_interval.as_ref(), Span::from_milliseconds(400));
        let bounds = (Span::from_milliseconds(1), Span::from_seconds(3_600));
        check_range(("fetch_interval", interval), bounds, node, context);
        let most = context.quotas.get_records_max_records;
        let max_records = or(raw.max_records.as_ref(), Records(10_000).min(most));
        check_range(("max_records", max_records), (Records(1), most), node, context);
        Reading::Polling { interval, max_records, round_trip }
    } else {
        for key in ["fetch_interval", "max_records", "fetch_rate"] {
            if node.keys().any(|own| own == key) {
                let message = format!("`{key}` is for polling, but the job reads by fan-out here");
                let help = "write `fan_out: polling`, or leave it out";
                context.error("conflict", node.at(key), message).help(help);
            }
        }
        Reading::EnhancedFanOut { round_trip }
    };
    let default_rate = Rate::per_second(1_000_000);
    let rate = raw.fetch_rate.as_ref().map_or(default_rate, |written| written.0.0);
    if rate.amount() == 0 {
        let message = "`fetch_rate` must be more than nothing";
        let help = "the connector allows up to 2 MB/s a shard";
        context.error("out-of-range", node.at("fetch_rate"), message).help(help);
    }
    let job = MicroBatch {
        trigger: or(raw.trigger.as_ref(), Span::ZERO),
        fetch_rate: polls.then_some(rate),
        fetch_duration: or(raw.fetch_duration.as_ref(), Span::from_seconds(10)),
        max_records_per_batch: or(raw.max_records_per_batch.as_ref(), Records(100_000)),
        shards_per_task: raw.shards_per_task.unwrap_or(5),
        tasks_at_once: raw.tasks_at_once,
    };
    let hour = Span::from_seconds(3_600);
    let trigger = ("trigger", job.trigger);
    check_range(trigger, (Span::ZERO, Span::from_seconds(86_400)), node, context);
    check_range(("fetch_duration", job.fetch_duration), (Span::ZERO, hour), node, context);
    let most = ("max_records_per_batch", job.max_records_per_batch);
    check_range(most, (Records(1), Records(10_000_000)), node, context);
    Consumer {
        reading,
        processing: super::consumer::processing(raw.processing.as_ref()),
        work: Work::MicroBatch(job),
        child_shards: ChildShards { found_every: Span::SECOND, ..ChildShards::default() },
        ..base
    }
}
