//! Records are packed late and many at a time, and put into containers beforehand; what goes out is
//! as if each came and were packed at once.

use proptest::prelude::*;

use super::*;
use crate::engine::sender::container::packed;
use crate::model::aggregation::FRAME_BYTES;

const MAX_BYTES: u64 = 2_000;
const MAX_RECORDS: usize = 90;
const BUFFERED: u64 = 100;

/// Numbers of the user records, and bytes of data, of the Kinesis records that `users` make in one
/// container, where each is packed as it comes; of the last ones, which wait, only how many.
fn packed_at_once(users: &[UserRecord], rules: &Rules) -> (Vec<(Vec<u32>, u32)>, usize) {
    let pack = |place: usize, users: &[UserRecord]| {
        let user = &users[place];
        let index = users[..place].iter().position(|other| other.key == user.key);
        let distinct = |users: &[UserRecord]| {
            let mut seen: Vec<u32> = users.iter().map(|user| user.key).collect();
            seen.sort_unstable();
            seen.dedup();
            seen.len()
        };
        let key_place = distinct(&users[..index.unwrap_or(place)]) as u32;
        if rules.keys.are_fresh {
            return packed(user.sizes(), (place as u32, true), rules.explicit(place));
        }
        packed(user.sizes(), (key_place, index.is_none()), rules.explicit(place))
    };
    let (mut made, mut waiting) = (Vec::new(), users.to_vec());
    let mut open = 0;
    while open < waiting.len() {
        open += 1;
        let estimate: u64 = (0..open).map(|place| pack(place, &waiting).estimate()).sum();
        if estimate < MAX_BYTES && open < MAX_RECORDS {
            continue;
        }
        waiting[..open].sort_by_key(|user| user.deadline);
        let bytes = |count| (0..count).map(|place| pack(place, &waiting).bytes()).sum::<u64>();
        let mut count = open;
        while count > 1 && bytes(count) + FRAME_BYTES > MAX_BYTES {
            count -= 1;
        }
        let alone = waiting[0].data;
        let data = if count == 1 { alone } else { (bytes(count) + FRAME_BYTES) as u32 };
        made.push((waiting.drain(..count).map(|user| user.number).collect(), data));
        open -= count;
        // What is left begins the next one, and can fill it.
        open = open.saturating_sub(1);
    }
    (made, waiting.len())
}

fn rules(keys: Keys) -> Rules {
    Rules {
        max_bytes: MAX_BYTES,
        max_records: MAX_RECORDS,
        keys,
        buffered: BUFFERED,
        lives: 30_000,
    }
}

fn check_packing(keys: Keys, count: u32, user: impl Fn(u32) -> (u32, u32)) {
    check_deadlines(keys, count, user, u64::from);
}

fn check_deadlines(
    keys: Keys,
    count: u32,
    user: impl Fn(u32) -> (u32, u32),
    deadline: impl Fn(u32) -> u64,
) {
    let rules = rules(keys);
    let users: Vec<UserRecord> = (0..count)
        .map(|number| {
            let (key, data) = user(number);
            let coming = Coming { created: 0, number, key, data, home: 0, key_bytes: 9 };
            UserRecord { deadline: 5 + deadline(number), ..coming.into() }
        })
        .collect();
    let (expected, waiting) = packed_at_once(&users, &rules);
    let mut aggregator = Aggregator::new(rules, 1);
    let mut made = Vec::new();
    for user in &users {
        let mut full = Vec::new();
        aggregator.put(std::slice::from_ref(user), (0, user.deadline), &mut full);
        made.append(&mut full);
    }
    let numbers = |put: &Put| put.users.iter().map(|user| user.number).collect();
    let seen: Vec<(Vec<u32>, u32)> = made.iter().map(|put| (numbers(put), put.data)).collect();
    assert_eq!((seen, aggregator.users().count()), (expected, waiting));
    for put in &made {
        let bytes: u64 = put.users.iter().map(UserRecord::bytes).sum();
        assert_eq!((put.held().records, put.held().bytes), (put.users.len() as u64, bytes));
    }
}

const PLAIN: Keys = Keys { are_fresh: false, explicit: None };

#[test]
fn records_of_few_keys_fill_a_container_as_if_packed_at_once() {
    for keys in [1, 2, 7, 60, 1_000] {
        for data in [1, 20, 127, 128, 700] {
            check_packing(PLAIN, 900, |number| (number * 7 % keys, data + number % 5));
        }
    }
}

#[test]
fn records_of_all_sizes_fill_a_container_as_if_packed_at_once() {
    let size = |number: u32| number.wrapping_mul(0x9E37_79B9) >> 21;
    check_packing(PLAIN, 900, |number| (size(number + 1) % 11, size(number)));
    check_packing(PLAIN, 900, |number| (number, size(number)));
}

#[test]
fn fresh_and_explicit_hash_keys_are_packed_with_their_tables() {
    for explicit in [None, Some((39, true)), Some((38, false))] {
        for are_fresh in [false, true] {
            let keys = Keys { are_fresh, explicit };
            check_packing(keys, 500, |number| (number / 3 % 4, 30 + number % 90));
        }
    }
}

#[test]
fn records_that_are_due_earlier_go_out_earlier() {
    // Some are due before all that came before them, some at the same time.
    let deadline = |number: u32| u64::from(number) * 10 + u64::from(number % 7) * 40;
    let earlier = |number: u32| 10_000 - u64::from(number / 2);
    for keys in [PLAIN, Keys { are_fresh: false, explicit: Some((38, false)) }] {
        for size in [1, 40, 400] {
            check_deadlines(keys, 700, |number| (number % 5, size + number % 30), deadline);
            check_deadlines(keys, 700, |number| (number * 7 % 90, size), earlier);
        }
    }
}

/// A Kinesis record that was made: when, for which shard, of what user records, and its bytes.
type Made = (u64, u16, Vec<u32>, u32);

/// What comes again: when, to which shard, and the records.
type Again = (u64, u16, Vec<UserRecord>);

fn noted(now: u64, made: &mut Vec<Put>, all: &mut Vec<Made>) {
    all.extend(made.drain(..).map(|put| {
        let numbers = put.users.iter().map(|user| user.number).collect();
        (now, put.shard, numbers, put.data)
    }));
}

/// Puts users into their containers, from one that is full to the next.
fn put_all(
    aggregator: &mut Aggregator,
    (now, shard, users): (u64, u16, &[UserRecord]),
    deadline: u64,
    all: &mut Vec<Made>,
) {
    let mut rest = users;
    while !rest.is_empty() {
        let mut made = Vec::new();
        let (count, _) = aggregator.put(rest, (shard, deadline), &mut made);
        noted(now, &mut made, all);
        rest = &rest[count..];
    }
}

/// Each record is put into its container as it comes, each container closed when it is due.
fn one_by_one(rules: Rules, shards: usize, coming: &[Coming], again: &[Again]) -> Vec<Made> {
    let mut aggregator = Aggregator::new(rules, shards);
    let (mut all, mut coming, mut again) = (Vec::new(), coming.iter(), again.iter());
    let mut user = coming.next();
    let mut retry = again.next();
    loop {
        let due = aggregator.dues().min();
        let due_at = due.map_or(u64::MAX, |(at, _)| at);
        let retry_at = retry.map_or(u64::MAX, |(at, ..)| *at);
        let user_at = user.map_or(u64::MAX, |record| record.created);
        if let Some((now, shard, users)) = retry.filter(|_| retry_at <= due_at.min(user_at)) {
            put_all(&mut aggregator, (*now, *shard, users), now + BUFFERED / 2, &mut all);
            retry = again.next();
        } else if let Some((now, Event::Aggregate(shard, number))) =
            due.filter(|_| due_at <= user_at)
        {
            let mut made = Vec::new();
            aggregator.close(shard, number, now, &mut made);
            noted(now, &mut made, &mut all);
        } else if let Some(record) = user {
            let (now, one) = (record.created, [UserRecord::from(*record)]);
            put_all(&mut aggregator, (now, record.home, &one), now + BUFFERED, &mut all);
            user = coming.next();
        } else {
            return all;
        }
    }
}

/// Containers are filled beforehand, in windows of `window`.
fn beforehand(
    rules: Rules,
    shards: usize,
    (coming, again): (&[Coming], &[Again]),
    window: u64,
) -> Vec<Made> {
    let mut aggregator = Aggregator::new(rules, shards);
    let (mut all, mut events, mut moment) =
        (Vec::new(), std::collections::BTreeSet::new(), Moment::default());
    let mut again = again.iter().peekable();
    let last =
        coming.iter().map(|record| record.created).chain(again.clone().map(|one| one.0)).max();
    let end = last.unwrap_or(0) + 2 * BUFFERED;
    for until in (0..=end).step_by(window as usize).map(|from| from + window) {
        let mut lists: Vec<Vec<Coming>> = vec![Vec::new(); shards];
        let in_window = |record: &&Coming| (until - window..until).contains(&record.created);
        for record in coming.iter().filter(in_window) {
            lists[usize::from(record.home)].push(*record);
        }
        aggregator.begin_window(&mut lists);
        loop {
            events.extend(aggregator.fill(until));
            let due_at = events.first().map_or(u64::MAX, |(at, _)| *at);
            let retry_at = again.peek().map_or(u64::MAX, |one| one.0);
            let now = due_at.min(retry_at);
            if now >= until {
                break;
            }
            if moment.at < now {
                moment = Moment { at: now, record: None };
            }
            if retry_at <= due_at {
                let Some((_, shard, users)) = again.next() else { break };
                aggregator.settle(*shard, moment);
                put_all(&mut aggregator, (now, *shard, users), now + BUFFERED / 2, &mut all);
                continue;
            }
            let mut made = Vec::new();
            match events.pop_first() {
                Some((_, Event::Aggregate(shard, number))) => {
                    aggregator.close(shard, number, now, &mut made);
                }
                Some((_, Event::Full(record, shard, number))) => {
                    moment.record = Some(record);
                    aggregator.close_full(shard, number, &mut made);
                }
                other => panic!("{other:?}"),
            }
            noted(now, &mut made, &mut all);
        }
    }
    all
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever comes in between, and whenever: containers that are filled beforehand give the same
    /// records at the same times, though many happen at one moment.
    #[test]
    fn what_is_filled_beforehand_is_as_if_it_came_one_by_one(
        records in proptest::collection::vec((0_u64..9, 0_u16..3, 0_u32..12, 1_u32..400), 0..600),
        again in proptest::collection::vec((0_u64..3_000, 0_u16..3, 1_usize..130, 1_u32..90), 0..12),
        window in 1_u64..900,
        are_fresh: bool,
        explicit in proptest::option::of((1_u64..40, any::<bool>())),
    ) {
        let rules = rules(Keys { are_fresh, explicit });
        let mut created = 0;
        let coming: Vec<Coming> = (0..)
            .zip(&records)
            .map(|(index, (after, home, key, data))| {
                created += after;
                // Numbers begin again after four billion.
                let number = (u32::MAX - 300).wrapping_add(index);
                Coming { created, number, key: *key, data: *data, home: *home, key_bytes: 5 }
            })
            .collect();
        let mut again: Vec<Again> = again
            .iter()
            .map(|(at, shard, count, data)| {
                let user = |number| UserRecord {
                    shard: *shard,
                    ..Coming {
                        created: 0, number, key: number % 7, data: *data, home: *shard, key_bytes: 5,
                    }.into()
                };
                (*at, *shard, (0..*count as u32).map(user).collect())
            })
            .collect();
        again.sort_by_key(|(at, ..)| *at);
        let expected = one_by_one(rules, 3, &coming, &again);
        prop_assert_eq!(beforehand(rules, 3, (&coming, &again), window), expected);
    }
}
