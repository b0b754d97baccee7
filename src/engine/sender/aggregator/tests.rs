//! Records are packed late and many at a time; what goes out is as if each were packed at once.

use super::*;
use crate::engine::sender::record::Coming;

const MAX_BYTES: u64 = 2_000;
const MAX_RECORDS: usize = 90;

/// Numbers of the user records, and bytes of data, of the Kinesis records that `users` make in one
/// container, where each is packed as it comes; of the last ones, which wait, only how many.
fn packed_at_once(users: &[UserRecord], keys: Keys) -> (Vec<(Vec<u32>, u32)>, usize) {
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
        if keys.are_fresh {
            return packed(user, (place as u32, true), keys.explicit(place));
        }
        packed(user, (key_place, index.is_none()), keys.explicit(place))
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

fn check_packing(keys: Keys, count: u32, user: impl Fn(u32) -> (u32, u32)) {
    check_deadlines(keys, count, user, u64::from);
}

fn check_deadlines(
    keys: Keys,
    count: u32,
    user: impl Fn(u32) -> (u32, u32),
    deadline: impl Fn(u32) -> u64,
) {
    let limits = Aggregation {
        max_bytes: crate::units::Bytes(MAX_BYTES),
        max_records: crate::units::Records(MAX_RECORDS as u64),
    };
    let users: Vec<UserRecord> = (0..count)
        .map(|number| {
            let (key, data) = user(number);
            let coming = Coming { created: 0, number, key, data, home: 0, key_bytes: 9 };
            UserRecord { deadline: 5 + deadline(number), ..coming.into() }
        })
        .collect();
    let (expected, waiting) = packed_at_once(&users, keys);
    let mut aggregator = Aggregator::new(limits, keys, 1);
    let mut made = Vec::new();
    let mut latest = 0;
    for user in &users {
        let is_last = user.deadline >= latest && !aggregator.is_empty(0);
        latest = latest.max(user.deadline);
        let turn = if is_last {
            aggregator.put_last(*user)
        } else {
            aggregator.put(user, (0, user.deadline))
        };
        if let Some(was_due) = turn {
            aggregator.see_to(0, was_due, &mut made);
        }
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
