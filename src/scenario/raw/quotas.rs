//! The overrides of quotas as they are written, generated from the table of quotas.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::quotas::{WriteLimiter, quota_table};
use crate::scenario::quantity::Written;
use crate::time::Span;
use crate::units::{ByteRate, Bytes, CallRate, Calls, Ratio, RecordRate, Records, Shards};

macro_rules! define_written_quotas {
    ($(
        $(#[doc = $doc:literal])+
        $name:ident: $kind:ty = $value:expr, $provenance:ident, $source:literal;
    )+) => {
        /// Constants of the service; each has the value that AWS documents, or a stated guess.
        #[derive(Debug, Default, Deserialize, JsonSchema)]
        #[serde(deny_unknown_fields)]
        pub(in crate::scenario) struct Quotas {
            $($(#[doc = $doc])+ pub(in crate::scenario) $name: Option<Written<$kind>>,)+
        }

        impl Quotas {
            /// Lays the values that are written over `quotas` and lists their names.
            pub(in crate::scenario) fn apply(
                &self,
                quotas: &mut crate::quotas::Quotas,
            ) -> Vec<String> {
                let mut set = Vec::new();
                $(if let Some(Written(value)) = self.$name {
                    quotas.$name = value;
                    set.push(stringify!($name).to_owned());
                })+
                set
            }
        }
    };
}
quota_table!(define_written_quotas);
