//! UpdateShardCount: the splits and merges that make the ranges uniform.
//!
//! The service cuts shards at the boundaries of the new ranges and merges the pieces, from the
//! lowest hash key up. Evidence: an update from 4 to 3 shards leaves shards 6, 9 and 10
//! (risingwavelabs/risingwave issue 9961); a stream taken from 1 to 2 to 3 has shard 7 made of 4
//! and 5. The boundaries of N ranges are `floor(i * 2^128 / N)`, as those of a created stream.

use std::collections::VecDeque;

use crate::hash_key::{HashKey, HashKeyRange};

/// A boundary this near to where it should be stays: shards that were split at their middle are off
/// by a hash key or two, and nobody would cut off a single one.
const NEAR: u128 = 1 << 20;

/// What an operation takes in: a shard that was open before, or what an operation before it made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece {
    /// The open shard with this place in the order of the ranges.
    Open(usize),
    /// The lower, or only, child of the operation with this place in the list.
    Lower(usize),
    /// The upper child of the split with this place in the list.
    Upper(usize),
}

/// One step of an update.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Splits a shard at the first hash key of the upper child.
    Split(Piece, HashKey),
    /// Merges two neighbours, the lower one first.
    Merge(Piece, Piece),
}

/// The operations that turn open shards of the given ranges, in ascending order, into `target`
/// uniform ones.
///
/// # Panics
/// When `target` is zero.
#[must_use]
pub fn uniform_scaling(open: &[HashKeyRange], target: u32) -> Vec<Operation> {
    let mut operations = Vec::new();
    let mut rest: VecDeque<(Piece, HashKeyRange)> =
        open.iter().enumerate().map(|(index, range)| (Piece::Open(index), *range)).collect();
    for wanted in HashKeyRange::created(target) {
        // What has been put together for this range so far.
        let mut together: Option<Piece> = None;
        while let Some((piece, range)) = rest.pop_front() {
            let is_beyond = range.end.0.saturating_sub(wanted.end.0) > NEAR;
            // The boundary is in the middle of this shard: what is above it goes on.
            let piece = if is_beyond {
                let at = HashKey(wanted.end.0 + 1);
                let number = operations.len();
                operations.push(Operation::Split(piece, at));
                rest.push_front((Piece::Upper(number), HashKeyRange { start: at, end: range.end }));
                Piece::Lower(number)
            } else {
                piece
            };
            if let Some(before) = together {
                operations.push(Operation::Merge(before, piece));
                together = Some(Piece::Lower(operations.len() - 1));
            } else {
                together = Some(piece);
            }
            if is_beyond || wanted.end.0 - range.end.0.min(wanted.end.0) <= NEAR {
                break;
            }
        }
    }
    operations
}
