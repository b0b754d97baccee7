//! The price list files of AWS, turned into prices of ours.
//!
//! A file of the bulk API has `products` and `terms.OnDemand` by SKU; the output of `aws pricing
//! get-products` has the same of one product in each text of its `PriceList`. Products of Kinesis
//! Data Streams are told apart by their `operation`, those of Lambda and Firehose by `group`,
//! `operation` and `usagetype`. Source: AWS Billing user guide, "Reading the service price list
//! file"; the product filters of infracost for the operations.

use serde_json::Value;

use super::{Confidence, Date, Item, Price};
use crate::units::{Quantity, Usd};

/// What came out of a price list file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imported {
    /// Prices that a bill can use.
    pub prices: Vec<Price>,
    /// Usage types of products that no bill of ours has.
    pub left_out: Vec<String>,
}

/// Why a file cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OfferError {
    /// It is not JSON.
    #[error("it is not JSON: {0}")]
    NotJson(String),
    /// It is JSON of another kind.
    #[error("it is no price list of AWS: it has neither `products` and `terms` nor a `PriceList`")]
    NotOffer,
    /// Nothing in it is billed by a stream or its consumers.
    #[error(
        "it has no price that a bill of a stream uses; wanted are the price lists AmazonKinesis, \
         AmazonKinesisFirehose and AWSLambda"
    )]
    NothingUsed,
    /// A product has no price in dollars, no date or no region.
    #[error("the product {sku} ({usage_type}) has no {what}")]
    Incomplete {
        /// Stock-keeping unit.
        sku: String,
        /// Its usage type.
        usage_type: String,
        /// What it lacks.
        what: &'static str,
    },
    /// Two products are the same to a bill but not in price.
    #[error("{first} and {second} are both {item} in {region}, at different prices")]
    Ambiguous {
        /// One stock-keeping unit.
        first: String,
        /// Another one.
        second: String,
        /// The item of ours.
        item: &'static str,
        /// The region.
        region: String,
    },
}

/// The prices in the text of a price list file.
///
/// # Errors
/// [`OfferError`] when it is no such file, or leaves open what a price is.
pub fn import(text: &str) -> Result<Imported, OfferError> {
    let root: Value =
        serde_json::from_str(text).map_err(|error| OfferError::NotJson(error.to_string()))?;
    let products = products(&root)?;
    let mut found: Vec<(Price, String)> = Vec::new();
    let mut left_out: Vec<String> = Vec::new();
    for product in &products {
        let usage_type = product.attribute("usagetype").to_owned();
        let Some(item) = product.item() else {
            if !left_out.contains(&usage_type) {
                left_out.push(usage_type);
            }
            continue;
        };
        for price in product.prices(item)? {
            let same = |(other, _): &&(Price, String)| {
                (other.item, &other.region, other.from) == (price.item, &price.region, price.from)
            };
            match found.iter().find(same) {
                Some((other, _)) if other.price == price.price => {}
                Some((_, sku)) => {
                    return Err(OfferError::Ambiguous {
                        first: sku.clone(),
                        second: product.sku.to_owned(),
                        item: item.fact().name,
                        region: price.region,
                    });
                }
                None => found.push((price, product.sku.to_owned())),
            }
        }
    }
    if found.is_empty() {
        return Err(OfferError::NothingUsed);
    }
    Ok(Imported { prices: found.into_iter().map(|(price, _)| price).collect(), left_out })
}

/// One product with its terms.
#[derive(Debug)]
struct Product {
    sku: String,
    attributes: Value,
    /// On-demand terms by code.
    terms: Value,
    /// The name of the price list.
    offer: String,
    /// When the list was published.
    published: Option<Date>,
}

/// All products of either kind of file.
fn products(root: &Value) -> Result<Vec<Product>, OfferError> {
    if let Some(list) = root["PriceList"].as_array() {
        return list.iter().map(product_of_query).collect();
    }
    let (Some(products), true) = (root["products"].as_object(), root["terms"].is_object()) else {
        return Err(OfferError::NotOffer);
    };
    let published = root["publicationDate"].as_str().and_then(Date::parse);
    let offer = root["offerCode"].as_str().unwrap_or_default();
    let of = |(sku, product): (&String, &Value)| Product {
        sku: sku.clone(),
        attributes: product["attributes"].clone(),
        terms: root["terms"]["OnDemand"][sku.as_str()].clone(),
        offer: offer.to_owned(),
        published,
    };
    Ok(products.iter().map(of).collect())
}

/// One element of `aws pricing get-products`: a text that is JSON again.
fn product_of_query(element: &Value) -> Result<Product, OfferError> {
    let parsed = match element.as_str() {
        Some(text) => serde_json::from_str(text)
            .map_err(|error| OfferError::NotJson(format!("an element of PriceList: {error}")))?,
        None => element.clone(),
    };
    Ok(Product {
        sku: parsed["product"]["sku"].as_str().unwrap_or_default().to_owned(),
        attributes: parsed["product"]["attributes"].clone(),
        terms: parsed["terms"]["OnDemand"].clone(),
        offer: parsed["serviceCode"].as_str().unwrap_or_default().to_owned(),
        published: parsed["publicationDate"].as_str().and_then(Date::parse),
    })
}

/// Operations of Kinesis Data Streams that are one item each.
const STREAM_OPERATIONS: [(&str, Item); 20] = [
    ("PutRequest", Item::PutPayloadUnits),
    ("LongTermRetentionByteHrs", Item::LongTermRetention),
    ("LongTermRetentionDataRetrieval", Item::LongTermRetrieval),
    ("ConsumerHour", Item::EnhancedFanOutHours),
    ("EnhancedFanoutDataRetrieval", Item::EnhancedFanOutData),
    ("OnDemandStreamHr", Item::StreamHours),
    ("OnDemandDataIngested", Item::StandardDataIn),
    ("OnDemandDataRetrieval", Item::StandardDataOut),
    ("OnDemandEFODataRetrieval", Item::StandardFanOutData),
    ("OnDemandExtendedRetentionByteHrs", Item::StandardExtended),
    ("OnDemandLongTermRetentionByteHrs", Item::StandardLongTerm),
    ("AdvantageDataIngested", Item::AdvantageDataIn),
    ("AdvantageDataIngestionShortfall", Item::AdvantageDataInShortfall),
    ("AdvantageIngestionShortfall", Item::AdvantageDataInShortfall),
    ("AdvantageDataRetrieval", Item::AdvantageDataOut),
    ("AdvantageDataRetrievalShortfall", Item::AdvantageDataOutShortfall),
    ("AdvantageRetrievalShortfall", Item::AdvantageDataOutShortfall),
    ("AdvantageEFODataRetrieval", Item::AdvantageFanOutData),
    ("AdvantageExtRetentionByteHrs", Item::AdvantageExtended),
    ("AdvantageLTRetentionByteHrs", Item::AdvantageLongTerm),
];

/// What usage types begin with elsewhere than in us-east-1, where the region is not written out.
const USAGE_PREFIXES: [(&str, &str); 33] = [
    ("USE1-", "us-east-1"),
    ("USE2-", "us-east-2"),
    ("USW1-", "us-west-1"),
    ("USW2-", "us-west-2"),
    ("UGE1-", "us-gov-east-1"),
    ("UGW1-", "us-gov-west-1"),
    ("CAN1-", "ca-central-1"),
    ("CAN2-", "ca-west-1"),
    ("MXC1-", "mx-central-1"),
    ("SAE1-", "sa-east-1"),
    ("EU-", "eu-west-1"),
    ("EUW1-", "eu-west-1"),
    ("EUW2-", "eu-west-2"),
    ("EUW3-", "eu-west-3"),
    ("EUC1-", "eu-central-1"),
    ("EUC2-", "eu-central-2"),
    ("EUN1-", "eu-north-1"),
    ("EUS1-", "eu-south-1"),
    ("EUS2-", "eu-south-2"),
    ("AFS1-", "af-south-1"),
    ("MES1-", "me-south-1"),
    ("MEC1-", "me-central-1"),
    ("ILC1-", "il-central-1"),
    ("APE1-", "ap-east-1"),
    ("APN1-", "ap-northeast-1"),
    ("APN2-", "ap-northeast-2"),
    ("APN3-", "ap-northeast-3"),
    ("APS1-", "ap-southeast-1"),
    ("APS2-", "ap-southeast-2"),
    ("APS3-", "ap-south-1"),
    ("APS4-", "ap-southeast-3"),
    ("APS5-", "ap-south-2"),
    ("APS6-", "ap-southeast-4"),
];

impl Product {
    fn attribute(&self, name: &str) -> &str {
        self.attributes[name].as_str().unwrap_or_default()
    }

    /// What a bill of ours calls it.
    fn item(&self) -> Option<Item> {
        // The free tier of an account stands at the location "Any".
        if self.attribute("location") == "Any" {
            return None;
        }
        let service = match self.attribute("servicecode") {
            "" => self.offer.as_str(),
            code => code,
        };
        match service {
            "AmazonKinesis" => self.stream_item(),
            "AWSLambda" => match self.attribute("group") {
                "AWS-Lambda-Requests" => Some(Item::LambdaRequests),
                "AWS-Lambda-Duration" => Some(Item::LambdaDurationX86),
                "AWS-Lambda-Duration-ARM" => Some(Item::LambdaDurationArm),
                _ => None,
            },
            "AmazonKinesisFirehose" => self.firehose_item(),
            _ => None,
        }
    }

    fn stream_item(&self) -> Option<Item> {
        let (usage_type, operation) = (self.attribute("usagetype"), self.attribute("operation"));
        let advantage = self.attribute("kinesisAdvantageOperation");
        if usage_type.ends_with("Storage-ShardHour") {
            return Some(Item::ShardHours);
        }
        if usage_type.ends_with("Extended-ShardHour") {
            return Some(Item::ExtendedShardHours);
        }
        let named = STREAM_OPERATIONS.iter().find(|(name, _)| *name == operation);
        let named = named.or_else(|| STREAM_OPERATIONS.iter().find(|(name, _)| *name == advantage));
        named.map(|(_, item)| *item)
    }

    fn firehose_item(&self) -> Option<Item> {
        let usage_type = self.attribute("usagetype");
        match self.attribute("operation") {
            "DataFormatConversion" => return Some(Item::FirehoseConversion),
            "VpcBandwidth" => return Some(Item::FirehoseVpcData),
            "RunVpcInstance" => return Some(Item::FirehoseVpcHours),
            _ => {}
        }
        if usage_type.ends_with("S3DeliveryObjectCount") {
            Some(Item::FirehosePartitionedObjects)
        } else if usage_type.contains("JQ") {
            Some(Item::FirehoseJqHours)
        } else if usage_type.contains("DynamicPartitioning") {
            Some(Item::FirehosePartitioning)
        } else if self.attribute("group") == "Event-by-Event Processing"
            || usage_type == "BilledBytes"
            || usage_type.ends_with("-BilledBytes")
        {
            Some(Item::FirehoseData)
        } else {
            None
        }
    }

    fn region(&self) -> Option<String> {
        let code = self.attribute("regionCode");
        if !code.is_empty() {
            return Some(code.to_owned());
        }
        let usage_type = self.attribute("usagetype");
        let known = USAGE_PREFIXES.iter().find(|(prefix, _)| usage_type.starts_with(prefix));
        match known {
            Some((_, region)) => Some((*region).to_owned()),
            // The oldest region has no prefix; of another one nobody knows.
            None => {
                let prefix = usage_type.split('-').next().unwrap_or_default();
                let is_code = prefix.len() == 4
                    && prefix.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit());
                (!is_code).then(|| "us-east-1".to_owned())
            }
        }
    }

    fn incomplete(&self, what: &'static str) -> OfferError {
        let usage_type = self.attribute("usagetype").to_owned();
        OfferError::Incomplete { sku: self.sku.clone(), usage_type, what }
    }

    /// One price a price dimension of its on-demand terms.
    fn prices(&self, item: Item) -> Result<Vec<Price>, OfferError> {
        let region = self.region().ok_or_else(|| self.incomplete("region"))?;
        let mut prices = Vec::new();
        for term in self.terms.as_object().into_iter().flat_map(|terms| terms.values()) {
            let effective = term["effectiveDate"].as_str().and_then(Date::parse);
            let date = self
                .published
                .or(effective)
                .ok_or_else(|| self.incomplete("date of publication"))?;
            let dimensions = term["priceDimensions"].as_object();
            for dimension in dimensions.into_iter().flat_map(|dimensions| dimensions.values()) {
                let usd = dimension["pricePerUnit"]["USD"].as_str().and_then(Usd::parse);
                let from = dimension["beginRange"].as_str().unwrap_or("0");
                prices.push(Price {
                    region: region.clone(),
                    item,
                    from: Quantity::parse(from)
                        .ok_or_else(|| self.incomplete("number as `beginRange`"))?,
                    price: usd.ok_or_else(|| self.incomplete("price in USD"))?,
                    date,
                    confidence: Confidence::Confirmed,
                    source: format!("AWS Price List {}, SKU {}", self.offer, self.sku),
                });
            }
        }
        if prices.is_empty() { Err(self.incomplete("price on demand")) } else { Ok(prices) }
    }
}

#[cfg(test)]
mod tests;
