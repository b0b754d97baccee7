//! How a record counts on a bill: in PUT payload units and in rounded bytes.
//!
//! A provisioned stream bills each accepted record by units of 25 KB, an on-demand stream by its
//! bytes rounded up to whole kilobytes. Throttled attempts are not billed, copies that are accepted
//! are. Source: Kinesis Data Streams pricing, 2026.

use crate::quotas::Quotas;

/// Records as a bill counts them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BilledRecords {
    /// PUT payload units.
    pub put_payload_units: u64,
    /// Bytes, each record rounded up.
    pub data_in_bytes: u64,
}

/// The steps by which a record is billed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BillingSteps {
    /// Bytes of a PUT payload unit; at least one.
    put_payload_unit: u64,
    /// Low bits that rounding up a written record clears.
    data_in_mask: u64,
    /// Low bits that rounding up a read record clears.
    data_out_mask: u64,
}

impl BillingSteps {
    /// The steps of the given quotas, of which the roundings are powers of two.
    #[must_use]
    pub fn new(quotas: &Quotas) -> Self {
        Self {
            put_payload_unit: quotas.put_payload_unit.0.max(1),
            data_in_mask: quotas.on_demand_data_in_rounding.0.max(1) - 1,
            data_out_mask: quotas.on_demand_data_out_rounding.0.max(1) - 1,
        }
    }

    /// Adds one record of `size` bytes.
    #[inline]
    pub fn add(self, size: u64, billed: &mut BilledRecords) {
        billed.put_payload_units += self.put_payload_units(size);
        billed.data_in_bytes += (size + self.data_in_mask) & !self.data_in_mask;
    }

    /// PUT payload units of a record of `size` bytes; an empty one is billed like any other.
    #[inline]
    #[must_use]
    pub fn put_payload_units(self, size: u64) -> u64 {
        // Nearly all records are of one unit, and a division costs more than all the rest.
        if size <= self.put_payload_unit { 1 } else { size.div_ceil(self.put_payload_unit) }
    }

    /// Bytes that reading a record of `size` bytes is billed for.
    #[inline]
    #[must_use]
    pub const fn data_out_bytes(self, size: u64) -> u64 {
        (size + self.data_out_mask) & !self.data_out_mask
    }
}

impl BilledRecords {
    /// Adds what was counted elsewhere.
    pub const fn add(&mut self, other: Self) {
        self.put_payload_units += other.put_payload_units;
        self.data_in_bytes += other.data_in_bytes;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::KIB;

    /// Source: Kinesis Data Streams pricing: 5 KB is one unit, 45 KB are two, 1 MB are 40.
    #[test]
    fn a_unit_pays_for_25_kilobytes_of_one_record() {
        let steps = BillingSteps::new(&Quotas::default());
        for (size, units) in [(5 * KIB, 1), (45 * KIB, 2), (1_000 * KIB, 40), (1_024 * KIB, 41)] {
            assert_eq!(steps.put_payload_units(size), units, "{size} B");
        }
        for (size, units) in [(0, 1), (1, 1), (25_600, 1), (25_601, 2), (51_200, 2), (51_201, 3)] {
            assert_eq!(steps.put_payload_units(size), units, "{size} B");
        }
    }

    /// Source: Kinesis Data Streams pricing: a record of 4.5 KB is billed as 5 KB.
    #[test]
    fn an_on_demand_stream_bills_whole_kilobytes_of_each_record() {
        let steps = BillingSteps::new(&Quotas::default());
        let mut billed = BilledRecords::default();
        steps.add(4_608, &mut billed);
        assert_eq!(billed, BilledRecords { put_payload_units: 1, data_in_bytes: 5 * KIB });
        steps.add(1, &mut billed);
        assert_eq!(billed.data_in_bytes, 6 * KIB);
        assert_eq!(steps.data_out_bytes(1_025), 2 * KIB);
        assert_eq!(steps.data_out_bytes(KIB), KIB);
    }

    #[test]
    fn without_rounding_bytes_are_what_they_are() {
        let mut quotas = Quotas::default();
        quotas.on_demand_data_in_rounding.0 = 1;
        quotas.on_demand_data_out_rounding.0 = 1;
        let steps = BillingSteps::new(&quotas);
        let mut billed = BilledRecords::default();
        steps.add(4_609, &mut billed);
        assert_eq!((billed.data_in_bytes, steps.data_out_bytes(7)), (4_609, 7));
    }
}
