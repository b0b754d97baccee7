//! The usage of a stream as `infracost-usage.yml`, for `aws_kinesis_stream`.
//!
//! Infracost knows the resource from Terraform and has prices of its own; what it cannot know is how
//! much is written and read. The keys of both modes are given: it takes those of the mode that the
//! resource has. Source: infracost, `internal/resources/aws/kinesis_stream.go` and the usage file.

use std::fmt::Write;

use crate::analysis::cost::{Usage, quantity};
use crate::analysis::price_book::Item;
use crate::time::MONTH;

/// Keys of infracost, the item that each asks for, and what to know of it.
const KEYS: [(&str, Item, &str); 11] = [
    ("monthly_provisioned_put_units", Item::PutPayloadUnits, "PUT payload units of 25 KB"),
    (
        "monthly_provisioned_extended_retention_gb",
        Item::ExtendedShardHours,
        "shard-hours, which is what infracost multiplies with the price of a shard-hour",
    ),
    ("monthly_provisioned_long_term_retention_gb", Item::LongTermRetention, "GB-months"),
    ("monthly_provisioned_long_term_retrieval_gb", Item::LongTermRetrieval, "GB"),
    ("monthly_provisioned_efo_data_out_gb", Item::EnhancedFanOutData, "GB"),
    ("monthly_provisioned_efo_consumer_hours", Item::EnhancedFanOutHours, "consumer-shard-hours"),
    ("monthly_on_demand_data_in_gb", Item::StandardDataIn, "GB, records in whole KB"),
    ("monthly_on_demand_data_out_gb", Item::StandardDataOut, "GB, records in whole KB"),
    ("monthly_on_demand_efo_data_out_gb", Item::StandardFanOutData, "GB, records in whole KB"),
    ("monthly_on_demand_extended_retention_gb", Item::StandardExtended, "GB-months"),
    ("monthly_on_demand_long_term_retention_gb", Item::StandardLongTerm, "GB-months"),
];

/// A usage file for the Terraform resource at the address `resource`; `about` says where the
/// figures are from.
#[must_use]
pub fn infracost(usage: &Usage, about: &str, resource: &str) -> String {
    let mut text = format!(
        "# Usage of a month of 730 h, measured by shardplan: {}.\n\
         # infracost breakdown --path . --usage-file infracost-usage.yml\n\
         version: 0.1\n\
         resource_usage:\n",
        about.replace(char::is_control, " ")
    );
    // A JSON text is a YAML text: nothing in an address can end the key.
    let key = serde_json::Value::from(resource).to_string();
    let plain = resource.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-'));
    // Writing to a text does not fail.
    let _ = writeln!(text, "  {}:", if plain { resource } else { &key });
    for (name, item, meaning) in KEYS {
        let value = quantity(usage, item, MONTH).decimal();
        let _ = writeln!(text, "    {name}: {value} # {meaning}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::cost::usage_of;
    use crate::analysis::testing;

    #[test]
    fn every_key_is_one_of_infracost_and_the_text_is_yaml() {
        let usage = usage_of(&testing::scenario(), &testing::observation());
        let text = infracost(&usage, "a test", "module.lake[\"eu\"].aws_kinesis_stream.orders");
        let value: serde_json::Value = serde_yaml::from_str(&text).unwrap();
        let of = &value["resource_usage"]["module.lake[\"eu\"].aws_kinesis_stream.orders"];
        assert_eq!(of.as_object().unwrap().len(), KEYS.len());
        // 1,800 records of 500 B a second, of one unit and of 1 KiB each.
        let month = 730.0 * 3_600.0;
        let put_units = of["monthly_provisioned_put_units"].as_f64().unwrap();
        assert!((put_units - 1_800.0 * month).abs() < 1.0, "{put_units}");
        let gigabytes = of["monthly_on_demand_data_in_gb"].as_f64().unwrap();
        let expected = 1_800.0 * month * 1_024.0 / (1u64 << 30) as f64;
        assert!((gigabytes - expected).abs() < 1e-5, "{gigabytes}");
        // One enhanced fan-out consumer on four shards.
        assert_eq!(of["monthly_provisioned_efo_consumer_hours"].as_f64(), Some(4.0 * 730.0));
    }
}
