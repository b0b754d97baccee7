//! What a stream costs: usage as it was measured, times prices, line by line.
//!
//! Behind this door: `usage` is how much of each item was used in a time, whoever measured it;
//! `bill` prices it for a month; `downstream` counts what consumers use of other services;
//! `measured` and `services` take the usage of a run from its observation; `growth` is the same traffic at
//! another load, `modes` the ways to be billed for it side by side, and where one becomes cheaper
//! than another.
//!
//! Quantities and money are integers and exact decimals. A quantity is rounded once, to a millionth
//! of its unit or to whole things; an amount is that quantity times the price, rounded to a
//! millionth of a dollar; a total is the exact sum of its lines. Halves go away from zero.

mod bill;
pub mod downstream;
mod growth;
mod measured;
mod modes;
mod result;
mod services;
mod usage;

#[cfg(test)]
mod golden;
#[cfg(test)]
mod published;

pub use bill::{Bill, BillError, BillLine, bill, bill_of_modes, quantity};
pub use growth::{BreakEven, GrowthRow};
pub use measured::{mode_of, modes_of, probe_of, usage_by_mode, usage_of};
pub use modes::{
    Alternatives, ModeBill, ModesDocument, Simulated, compare_modes, is_safe, most_shards_to_try,
    without_cost,
};
pub use result::{
    CostLine, CostReplications, CostResult, GroupTotal, ModeTime, RetryCost, cost_of_replications,
    cost_result,
};
pub(in crate::analysis) use result::{mean_monthly_usd, monthly_total};
pub(in crate::analysis) use services::TRANSFORM_MEMORY;
pub use usage::{Amount, ConsumerUsage, DownstreamUsage, ReadKind, StreamUsage, Usage};

/// How every figure of a bill is rounded, for reports.
pub const ROUNDING: &str = "quantities to a millionth of their unit, counts to whole ones; amounts \
    to a millionth of a dollar, shown to the cent; the total is the sum of the lines";
