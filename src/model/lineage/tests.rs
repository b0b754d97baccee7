//! Lineages against real streams and an account of their own.

use super::*;

/// Carries out an UpdateShardCount at once.
fn update(lineage: &mut Lineage, target: u32) -> usize {
    let open: Vec<usize> = lineage.open().collect();
    let ranges: Vec<HashKeyRange> =
        open.iter().map(|index| lineage.shards()[*index].range).collect();
    let operations = uniform_scaling(&ranges, target);
    let mut made: Vec<[usize; 2]> = Vec::new();
    for operation in &operations {
        let find = |piece: Piece, made: &[[usize; 2]]| match piece {
            Piece::Open(place) => open[place],
            Piece::Lower(number) => made[number][0],
            Piece::Upper(number) => made[number][1],
        };
        made.push(match *operation {
            Operation::Split(piece, at) => lineage.split(find(piece, &made), Some(at), 0).unwrap(),
            Operation::Merge(lower, upper) => {
                let child = lineage.merge(find(lower, &made), find(upper, &made), 0).unwrap();
                [child, child]
            }
        });
    }
    operations.len()
}

fn numbers(lineage: &Lineage) -> Vec<u64> {
    let id = |index: usize| lineage.shards()[index].shard_id.rsplit('-').next().unwrap().parse();
    lineage.open().map(|index| id(index).unwrap()).collect()
}

fn open_ranges(lineage: &Lineage) -> Vec<HashKeyRange> {
    lineage.open().map(|index| lineage.shards()[index].range).collect()
}

/// Source: risingwavelabs/risingwave issue 9961.
#[test]
fn an_update_from_four_to_three_leaves_shards_6_9_and_10() {
    let mut lineage = Lineage::created(4);
    assert_eq!(update(&mut lineage, 3), 5);
    assert_eq!(numbers(&lineage), [6, 9, 10]);
    assert_eq!(open_ranges(&lineage), HashKeyRange::created(3));
    let parents = |index: usize| {
        let shard = &lineage.shards()[index];
        (shard.parent, shard.adjacent_parent)
    };
    assert_eq!([4, 5].map(parents), [(Some(1), None); 2]);
    assert_eq!(parents(6), (Some(0), Some(4)));
    assert_eq!([7, 8].map(parents), [(Some(2), None); 2]);
    assert_eq!(parents(9), (Some(5), Some(7)));
    assert_eq!(parents(10), (Some(8), Some(3)));
}

/// Shard 7 is made of 4 and 5 and owns exactly the middle third.
#[test]
fn a_stream_taken_from_one_to_two_to_three_has_shard_7_in_the_middle() {
    let mut lineage = Lineage::created(1);
    assert_eq!(update(&mut lineage, 2), 1);
    assert_eq!(numbers(&lineage), [1, 2]);
    assert_eq!(update(&mut lineage, 3), 3);
    assert_eq!(numbers(&lineage), [3, 7, 6]);
    let seven = &lineage.shards()[7];
    assert_eq!((seven.parent, seven.adjacent_parent), (Some(4), Some(5)));
    assert_eq!(seven.range, HashKeyRange::created(3)[1]);
}

#[test]
fn a_split_stream_has_another_boundary_than_a_created_one() {
    let mut lineage = Lineage::created(1);
    lineage.split(0, None, 7).unwrap();
    assert_eq!(open_ranges(&lineage)[1].start, HashKey((1 << 127) - 1));
    assert_eq!(HashKeyRange::created(2)[1].start, HashKey(1 << 127));
    assert_eq!(lineage.shards()[0].closed, Some(7));
    assert_eq!(lineage.shards()[1].opened, 7);
}

/// ops(N -> 2N) = N splits, ops(2N -> N) = N merges.
#[test]
fn doubling_takes_a_split_and_halving_a_merge_for_each_pair() {
    for count in [1, 2, 3, 5, 10, 200] {
        let mut lineage = Lineage::created(count);
        assert_eq!(update(&mut lineage, 2 * count), count as usize);
        assert_eq!(update(&mut lineage, count), count as usize);
        assert_eq!(open_ranges(&lineage), HashKeyRange::created(count));
    }
}

/// A stream that was split at its middle is not cut into slivers of one hash key.
#[test]
fn a_boundary_that_is_off_by_one_stays() {
    let mut lineage = Lineage::created(1);
    lineage.split(0, None, 0).unwrap();
    assert_eq!(update(&mut lineage, 4), 2);
    assert_eq!(lineage.open_count(), 4);
}

/// An account of its own: the boundaries of both streams are laid over each other on a line of
/// whole parts, `from * to` of them, and each new range counts what it touches.
fn independent_operations(from: u128, to: u128) -> (usize, usize) {
    let parts = from * to;
    let old: Vec<u128> = (1..from).map(|index| index * to).collect();
    let new: Vec<u128> = (1..to).map(|index| index * from).collect();
    let splits = new.iter().filter(|boundary| !old.contains(boundary)).count();
    let merges = old.iter().filter(|boundary| !new.contains(boundary)).count();
    assert!(old.iter().chain(&new).all(|boundary| *boundary < parts));
    (splits, merges)
}

/// ops(from -> to) = new boundaries + old ones that go, for every pair of small counts, and the
/// result tiles the space in `to` ranges whose boundaries are those of a created stream.
#[test]
fn updates_between_all_small_counts_agree_with_an_independent_account() {
    for from in 1..=24u32 {
        for to in 1..=48u32 {
            let mut lineage = Lineage::created(from);
            let operations = update(&mut lineage, to);
            let (splits, merges) = independent_operations(u128::from(from), u128::from(to));
            assert_eq!(operations, splits + merges, "{from} to {to}");
            let shards = lineage.shards();
            assert_eq!(shards.len(), from as usize + 2 * splits + merges, "{from} to {to}");
            assert_eq!(lineage.open_count(), to as usize);
            let wanted = HashKeyRange::created(to);
            for (range, wanted) in open_ranges(&lineage).iter().zip(wanted) {
                assert!(range.start.0.abs_diff(wanted.start.0) < 64, "{from} to {to}");
                assert!(range.end.0.abs_diff(wanted.end.0) < 64, "{from} to {to}");
            }
            check_family(&lineage);
        }
    }
}

/// Open shards tile the space; children of a split tile their parent, the child of a merge its two
/// parents; numbers go up.
fn check_family(lineage: &Lineage) {
    let mut next = Some(0);
    for range in open_ranges(lineage) {
        assert_eq!(Some(range.start.0), next);
        next = range.end.0.checked_add(1);
    }
    assert_eq!(next, None);
    for (index, shard) in lineage.shards().iter().enumerate() {
        let Some(parent) = shard.parent else { continue };
        assert!(parent < index);
        let parent = &lineage.shards()[parent];
        assert!(parent.closed.is_some());
        match shard.adjacent_parent {
            Some(upper) => {
                let upper = &lineage.shards()[upper];
                assert_eq!(parent.range.end.0 + 1, upper.range.start.0);
                assert_eq!(
                    (shard.range.start, shard.range.end),
                    (parent.range.start, upper.range.end)
                );
            }
            None => assert!(
                parent.range.contains(shard.range.start) && parent.range.contains(shard.range.end)
            ),
        }
    }
}

#[test]
fn what_the_service_would_refuse_is_refused() {
    let mut lineage = Lineage::created(4);
    assert_eq!(
        lineage.merge(0, 2, 0).unwrap_err().to_string(),
        "`shardId-000000000000` and `shardId-000000000002` are not next to each other"
    );
    assert!(matches!(lineage.merge(1, 0, 0), Err(Refusal::NotAdjacent(..))));
    assert!(matches!(lineage.neighbour_above(3), Err(Refusal::NoNeighbour(_))));
    let start = lineage.shards()[1].range.start;
    assert!(matches!(lineage.split(1, Some(start), 0), Err(Refusal::OutsideRange { .. })));
    lineage.split(1, None, 0).unwrap();
    assert!(matches!(lineage.split(1, None, 0), Err(Refusal::NotOpen(_))));
    assert!(matches!(lineage.open_by_id("shardId-000000000001"), Err(Refusal::NotOpen(_))));
    assert_eq!(lineage.open_by_id("shardId-000000000005"), Ok(5));
    assert_eq!(lineage.owner(start), 4);
}
