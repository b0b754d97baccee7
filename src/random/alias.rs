//! Alias tables: one draw of 64 bits picks one of up to 2^32 weighted alternatives.
//!
//! Method: A. J. Walker, "An efficient method for generating discrete random variables with
//! general distributions", 1977; built by sweeping two cursors over the weights, in place, so
//! that a table of 100 million alternatives takes 8 bytes each and nothing beside.

/// Marks, while a table is built, an entry whose threshold and alias are final; a weight above zero
/// never has this bit.
const FINAL: u64 = 1 << 63;
/// Thresholds are fractions of 2^31.
const THRESHOLD_ONE: f64 = 2_147_483_648.0;

/// A weighted choice among `0 .. len`.
#[derive(Clone, Debug)]
pub struct AliasTable {
    /// Bits 32 to 62: threshold below which the entry's own index is drawn, in fractions of 2^31;
    /// bits 0 to 31: the index that is drawn otherwise.
    entries: Vec<u64>,
}

impl AliasTable {
    /// A table of the given weights; nothing when there is no weight, more than 2^32 of them, or
    /// a sum that is not positive and finite.
    #[must_use]
    pub fn new(weights: Vec<f64>) -> Option<Self> {
        // Until it is final an entry holds the bits of its weight, relative to the mean weight.
        // The standard library reuses the memory of the weights.
        let mut entries: Vec<u64> = weights.into_iter().map(f64::to_bits).collect();
        let sum: f64 = entries.iter().map(|bits| f64::from_bits(*bits)).sum();
        let fits = !entries.is_empty() && u32::try_from(entries.len() - 1).is_ok();
        if !fits || !sum.is_finite() || sum <= 0.0 {
            return None;
        }
        let scale = entries.len() as f64 / sum;
        for entry in &mut entries {
            *entry = (f64::from_bits(*entry) * scale).max(0.0).to_bits();
        }
        pair_up(&mut entries);
        for (index, entry) in entries.iter_mut().enumerate() {
            if *entry & FINAL == 0 {
                // Whatever rounding left over is the mean weight: the entry stands for itself.
                *entry = index as u64;
            }
            *entry &= !FINAL;
        }
        Some(Self { entries })
    }

    /// The alternative that 64 uniform bits pick.
    #[must_use]
    #[inline(always)]
    pub fn pick(&self, bits: u64) -> u32 {
        let product = u128::from(bits) * self.entries.len() as u128;
        let index = (product >> 64) as usize;
        let entry = self.entries[index];
        let beyond = (product as u64) >> 33 >= entry >> 32;
        // No branch could guess this.
        std::hint::select_unpredictable(beyond, entry as u32, index as u32)
    }

    /// Number of alternatives.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is nothing to pick; never true of a table that was built.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

/// Fills each entry below the mean up with a share of one above it.
fn pair_up(entries: &mut [u64]) {
    let next = |entries: &[u64], from: usize, above: bool| {
        (from..entries.len()).find(|index| {
            let entry = entries[*index];
            entry & FINAL == 0 && (f64::from_bits(entry) >= 1.0) == above
        })
    };
    let mut small_cursor = 0;
    let mut large = next(entries, 0, true);
    let mut small = next(entries, 0, false);
    while let (Some(donor), Some(receiver)) = (large, small) {
        small_cursor = small_cursor.max(receiver);
        let own = f64::from_bits(entries[receiver]);
        let threshold = (own * THRESHOLD_ONE).min(THRESHOLD_ONE - 1.0) as u64;
        entries[receiver] = FINAL | threshold << 32 | donor as u64;
        let left = f64::from_bits(entries[donor]) - (1.0 - own);
        entries[donor] = left.max(0.0).to_bits();
        small = None;
        if left < 1.0 {
            large = next(entries, donor + 1, true);
            if donor < small_cursor {
                // The cursor has passed this entry already, so it is next.
                small = Some(donor);
            }
        }
        if small.is_none() {
            small = next(entries, small_cursor, false);
        }
    }
}

#[cfg(test)]
mod tests {
    use rand::Rng;

    use super::*;
    use crate::random::{Purpose, Randomness};

    /// share of index i in the table = weight i / sum, to the resolution of the thresholds.
    fn check_shares(weights: &[f64]) {
        let table = AliasTable::new(weights.to_vec()).expect("weights are legal");
        let mut shares = vec![0.0; weights.len()];
        for (index, entry) in table.entries.iter().enumerate() {
            let own = (entry >> 32) as f64 / THRESHOLD_ONE;
            shares[index] += own;
            shares[*entry as u32 as usize] += 1.0 - own;
        }
        let sum: f64 = weights.iter().sum();
        for (share, weight) in shares.iter().zip(weights) {
            let expected = weight / sum * weights.len() as f64;
            assert!((share - expected).abs() < 1e-6 * expected.max(1.0), "{share} {expected}");
        }
    }

    #[test]
    fn the_table_holds_each_alternative_at_its_weight() {
        check_shares(&[1.0]);
        check_shares(&[1.0, 3.0]);
        check_shares(&[5.0, 0.0, 0.1, 7.0, 0.0, 2.0]);
        check_shares(&[0.0, 0.0, 1.0]);
        let zipf: Vec<f64> = (1..5_000).map(|rank| 1.0 / f64::from(rank)).collect();
        check_shares(&zipf);
        let rising: Vec<f64> = zipf.iter().rev().copied().collect();
        check_shares(&rising);
    }

    #[test]
    fn weights_without_a_sum_make_no_table() {
        assert!(AliasTable::new(vec![]).is_none());
        assert!(AliasTable::new(vec![0.0, 0.0]).is_none());
        assert!(AliasTable::new(vec![f64::NAN]).is_none());
        assert!(AliasTable::new(vec![f64::MAX, f64::MAX]).is_none());
    }

    #[test]
    fn draws_follow_the_weights() {
        let table = AliasTable::new(vec![1.0, 2.0, 7.0]).expect("weights are legal");
        let mut generator = Randomness::new(1, 0).stream("test", Purpose::PartitionKey);
        let mut counts = [0u32; 3];
        for _ in 0..100_000 {
            counts[table.pick(generator.next_u64()) as usize] += 1;
        }
        // Standard deviation of the last is 145.
        assert!(counts[2].abs_diff(70_000) < 750, "{counts:?}");
        assert!(counts[0].abs_diff(10_000) < 500, "{counts:?}");
    }
}
