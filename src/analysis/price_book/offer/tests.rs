//! Price lists in the shape of AWS's own, with made-up prices.

use super::*;
use crate::analysis::price_book::{PriceBook, PricingMode};

const KINESIS: &str = include_str!("../../../../tests/it/data/price-list/AmazonKinesis.json");
const LAMBDA: &str = include_str!("../../../../tests/it/data/price-list/AWSLambda.json");
const FIREHOSE: &str =
    include_str!("../../../../tests/it/data/price-list/AmazonKinesisFirehose.json");

fn price(book: &PriceBook, item: Item) -> String {
    book.of("eu-north-1", item)[0].price.to_string()
}

#[test]
fn the_price_list_of_kinesis_gives_every_item_of_a_stream() {
    let imported = import(KINESIS).unwrap();
    assert_eq!(imported.left_out.len(), 1, "{:?}", imported.left_out);
    let book = PriceBook::new(imported.prices);
    for item in Item::ALL.iter().filter(|item| item.fact().mode.is_some()) {
        assert_eq!(book.of("eu-north-1", *item).len(), 1, "{item:?}");
    }
    assert_eq!(price(&book, Item::ShardHours), "0.016 USD");
    assert_eq!(price(&book, Item::ExtendedShardHours), "0.021 USD");
    assert_eq!(price(&book, Item::PutPayloadUnits), "0.000000015 USD");
    assert_eq!(price(&book, Item::AdvantageDataIn), "0.034 USD");
    let first = &book.of("eu-north-1", Item::ShardHours)[0];
    assert_eq!(first.date.to_string(), "2026-10-02", "the list's, not the term's");
    assert!(first.source.starts_with("AWS Price List AmazonKinesis, SKU "), "{}", first.source);
    assert_eq!(Item::find(Some(PricingMode::Provisioned), "shard_hours"), Some(first.item));
}

#[test]
fn tiers_are_kept_and_the_free_tier_is_not_a_price() {
    let book = PriceBook::new(import(LAMBDA).unwrap().prices);
    let tiers = book.of("eu-north-1", Item::LambdaDurationX86);
    let starts: Vec<String> = tiers.iter().map(|tier| tier.from.to_string()).collect();
    assert_eq!(starts, ["0", "6,000,000,000", "15,000,000,000"]);
    assert_eq!(price(&book, Item::LambdaRequests), "0.0000002 USD");
    assert!(book.of("us-east-1", Item::LambdaRequests).is_empty());
    let book = PriceBook::new(import(FIREHOSE).unwrap().prices);
    assert_eq!(book.of("eu-north-1", Item::FirehoseData).len(), 3);
    assert_eq!(price(&book, Item::FirehoseConversion), "0.019 USD");
    assert_eq!(price(&book, Item::FirehoseVpcData), "0.01 USD");
}

#[test]
fn the_output_of_a_query_is_read_as_well_and_a_usage_type_tells_the_region() {
    let root: Value = serde_json::from_str(KINESIS).unwrap();
    let mut elements = Vec::new();
    for (sku, product) in root["products"].as_object().unwrap() {
        let mut product = product.clone();
        product["attributes"].as_object_mut().unwrap().remove("regionCode");
        let element = serde_json::json!({
            "product": product,
            "serviceCode": "AmazonKinesis",
            "terms": { "OnDemand": root["terms"]["OnDemand"][sku] },
            "version": "20261002182411",
            "publicationDate": "2026-10-02T18:24:11Z",
        });
        elements.push(Value::String(element.to_string()));
    }
    let query = serde_json::json!({ "FormatVersion": "aws_v1", "PriceList": elements });
    assert_eq!(import(&query.to_string()), import(KINESIS));
}

#[test]
fn what_is_no_price_list_says_so() {
    assert!(matches!(import("x"), Err(OfferError::NotJson(_))));
    assert_eq!(import("{}"), Err(OfferError::NotOffer));
    let other = KINESIS.replace("\"AmazonKinesis\"", "\"AmazonEC2\"");
    assert_eq!(import(&other), Err(OfferError::NothingUsed));
    let yuan = KINESIS.replace("\"USD\"", "\"CNY\"");
    let message = import(&yuan).unwrap_err().to_string();
    assert!(message.ends_with("(EUN1-Storage-ShardHour) has no price in USD"), "{message}");
}

#[test]
fn two_prices_of_one_item_are_not_chosen_from() {
    let doubled = KINESIS.replace("EUN1-Extended-ShardHour", "EUN1-Storage-ShardHour");
    let message = import(&doubled).unwrap_err().to_string();
    assert!(message.contains("are both shard_hours in eu-north-1"), "{message}");
}

#[test]
fn an_unknown_prefix_is_not_taken_for_the_oldest_region() {
    let region = |usage_type: &str| {
        let attributes = serde_json::json!({ "usagetype": usage_type });
        let product = Product {
            sku: String::new(),
            attributes,
            terms: Value::Null,
            offer: String::new(),
            published: None,
        };
        product.region()
    };
    assert_eq!(region("Storage-ShardHour").as_deref(), Some("us-east-1"));
    assert_eq!(region("EU-Storage-ShardHour").as_deref(), Some("eu-west-1"));
    assert_eq!(region("APN1-Storage-ShardHour").as_deref(), Some("ap-northeast-1"));
    assert_eq!(region("XXC1-Storage-ShardHour"), None);
}
