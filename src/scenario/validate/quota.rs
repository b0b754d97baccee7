//! What overrides of quotas must hold, so that the model can count with them.

use super::Context;
use crate::quotas::{Quotas, WriteLimiter};
use crate::scenario::tree::Node;
use crate::time::Span;

/// Rates and amounts more than zero, rounding steps powers of two.
pub(super) fn check(node: &Node, context: &mut Context<'_, '_>) {
    let quotas = context.quotas.clone();
    for (name, is_zero) in must_be_positive(&quotas) {
        if is_zero {
            let message = format!("`{name}` must be more than zero");
            let help = "with nothing allowed, nothing would ever pass";
            context.error("out-of-range", node.at(name), message).help(help);
        }
    }
    let whole_records = quotas.shard_write_records.0.as_per_second() >= 1.0;
    if quotas.shard_write_limiter == WriteLimiter::FixedWindow && !whole_records {
        let message = "a fixed window of one second would never let a record pass at this rate";
        let help = "raise it to 1 records/s or more, or use `shard_write_limiter: token_bucket`";
        context.error("out-of-range", node.at("shard_write_records"), message).help(help);
    }
    let roundings = [
        ("put_record_rounding", quotas.put_record_rounding),
        ("put_records_rounding", quotas.put_records_rounding),
        ("on_demand_data_in_rounding", quotas.on_demand_data_in_rounding),
        ("on_demand_data_out_rounding", quotas.on_demand_data_out_rounding),
    ];
    for (name, step) in roundings {
        if !step.0.is_power_of_two() {
            let message = format!("`{name}` must be a power of two, but it is {step}");
            let help = "write `1 KiB` as the service rounds, or `1 B` for no rounding";
            context.error("out-of-range", node.at(name), message).help(help);
        }
    }
}

/// Quotas of zero would stop the model for good.
fn must_be_positive(quotas: &Quotas) -> Vec<(&'static str, bool)> {
    macro_rules! amounts {
        ($($name:ident),+ $(,)?) => { vec![$((stringify!($name), quotas.$name.0 == 0)),+] };
    }
    macro_rules! rates {
        ($($name:ident),+ $(,)?) => {
            [$((stringify!($name), quotas.$name.0.amount() == 0)),+]
        };
    }
    let mut all = amounts!(
        shard_write_records_burst,
        shard_write_bytes_burst,
        shard_write_bytes_burst_large_records,
        put_records_max_records,
        put_records_max_bytes,
        get_records_calls_burst,
        shard_read_bytes_burst,
        get_records_max_records,
        get_records_max_bytes,
        enhanced_fan_out_event_bytes,
        enhanced_fan_out_event_records,
        put_payload_unit,
        update_shard_count_shards,
        account_shards,
        on_demand_shards,
    );
    all.extend(rates!(
        shard_write_records,
        shard_write_bytes,
        get_records_calls,
        shard_read_bytes,
        enhanced_fan_out_bytes,
        on_demand_write_bytes,
        on_demand_write_bytes_other_regions,
    ));
    all.push(("subscription_duration", quotas.subscription_duration == Span::ZERO));
    all.push(("reshard_start", quotas.reshard_start == Span::ZERO));
    all.push(("on_demand_split_time", quotas.on_demand_split_time == Span::ZERO));
    all.push(("on_demand_memory", quotas.on_demand_memory == Span::ZERO));
    all.push(("on_demand_split_load", quotas.on_demand_split_load.0 <= 0.0));
    all
}
