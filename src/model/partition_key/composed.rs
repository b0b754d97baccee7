//! Keys of several parts: templates, times and salts.
//!
//! A key is a row of digits, one for each part and one for the time, and its number is what they
//! make in a mixed radix. Every part is drawn from a random stream of its own, so that another part,
//! or a salt, leaves the draws of the others as they were. Combinations of the likeliest values of
//! each part (all of them, where there are not too many) have a table of routes and are counted
//! one by one. Any other key is composed and hashed for each record, many at a time.

mod routes;

use rand::Rng;

use super::names::Names;
use super::time_bins::TimeBins;
use super::{KeySpace, Placement, Route};
use crate::hash_key::{HashKey, hash_each};
use crate::random::{Generator, Purpose, Randomness, scale};
use crate::scenario::{KeyComposition, KeyPiece, TimeUnit};

pub use routes::ComposedRoutes;

/// Most combinations in the table of routes: 16 MB, and as much again for the counts.
const COUNTED_MAX: u64 = 1 << 22;
/// Marks a key that is not counted one by one.
const NOT_COUNTED: u32 = u32::MAX;

/// What a key of several parts is made of.
#[derive(Clone, Debug)]
pub(super) struct Composition {
    pieces: Vec<Piece>,
    parts: Vec<Part>,
    bins: Option<TimeBins>,
    /// Whether a part is fresh for every record.
    is_fresh: bool,
    /// Values of each part that combinations in the table have, then stretches of time.
    counted: Vec<u32>,
    /// All values of each part, then stretches of time.
    all: Vec<u32>,
}

#[derive(Clone, Debug)]
enum Piece {
    Text(Vec<u8>),
    Part(usize),
    Time(TimeUnit),
}

#[derive(Clone, Debug)]
struct Part {
    /// Name in the template; empty for the key and for the bucket of a salt.
    name: String,
    purpose: Purpose,
    values: KeySpace,
}

/// The random streams of the parts of one producer's keys, with room for a block of draws.
#[derive(Debug)]
pub struct KeyDraws {
    parts: Vec<Generator>,
    /// Hash keys, where they are fresh for every record.
    hash_keys: Generator,
    /// Digits of the records of a block, by part; then of the time.
    digits: Vec<Vec<u32>>,
    /// Records of a block whose keys are not in the table.
    others: Vec<usize>,
}

impl KeyDraws {
    pub(super) fn new(names: &Names, randomness: Randomness, producer: &str) -> Self {
        let parts: &[Part] = match names {
            Names::Composed(composition) => &composition.parts,
            _ => &[],
        };
        let stream = |part: &Part| {
            // A key that is salted draws as it would without its salt.
            let named = if part.name.is_empty() { "" } else { "/" };
            randomness.stream(&format!("{producer}{named}{}", part.name), part.purpose)
        };
        Self {
            parts: parts.iter().map(stream).collect(),
            hash_keys: randomness.stream(producer, Purpose::HashKey),
            digits: vec![Vec::new(); parts.len() + 1],
            others: Vec::new(),
        }
    }
}

impl Composition {
    pub(super) fn new(keys: &KeyComposition, bins: Option<TimeBins>) -> Self {
        let pieces = keys.pieces.iter().map(|piece| match piece {
            KeyPiece::Text(text) => Piece::Text(text.clone().into_bytes()),
            KeyPiece::Part(part) => Piece::Part(*part),
            KeyPiece::Time(unit) => Piece::Time(*unit),
        });
        let last = keys.parts.len().saturating_sub(1);
        let parts: Vec<Part> = (0..)
            .zip(&keys.parts)
            .map(|(index, part)| Part {
                name: part.name.clone(),
                purpose: if keys.salted && index == last {
                    Purpose::Salt
                } else {
                    Purpose::PartitionKey
                },
                values: KeySpace::of_part(&part.values),
            })
            .collect();
        // A fresh part has one value as far as digits go.
        let sizes = parts.iter().map(|part| part.values.len().max(1) as u32);
        let stretches = bins.as_ref().map_or(1, TimeBins::len) as u32;
        let all: Vec<u32> = sizes.chain([stretches]).collect();
        Self {
            pieces: pieces.collect(),
            parts,
            bins,
            is_fresh: keys.is_fresh(),
            counted: largest_box(&all, COUNTED_MAX),
            all,
        }
    }

    pub(super) const fn is_fresh(&self) -> bool {
        self.is_fresh
    }

    /// Number of combinations that are counted one by one.
    pub(super) fn counted(&self) -> usize {
        if self.is_fresh { 0 } else { product(&self.counted) as usize }
    }

    /// The weight of a counted combination.
    pub(super) fn weight(&self, index: usize) -> f64 {
        let mut weight = 1.0;
        let mut times = |place, digit| weight *= self.digit_weight(place, digit);
        each_digit(index, &self.counted, &mut times);
        weight
    }

    /// Puts the name of a counted combination at the end of `buffer`.
    pub(super) fn write(&self, index: usize, buffer: &mut Vec<u8>) {
        self.writer(&self.counted)(index, buffer);
    }

    /// Bytes of the name of a counted combination.
    pub(super) fn name_bytes(&self, index: usize) -> usize {
        let mut buffer = Vec::new();
        self.write(index, &mut buffer);
        buffer.len()
    }

    fn digit_weight(&self, place: usize, digit: usize) -> f64 {
        match self.parts.get(place) {
            Some(part) => part.values.names.weight(digit),
            None => self.bins.as_ref().map_or(1.0, |bins| bins.weight(digit)),
        }
    }

    /// The share of the records that the first values at each place, so many of them, have.
    fn share_of(&self, counts: &[u32]) -> f64 {
        (0..)
            .zip(counts.iter().zip(&self.all))
            .filter(|(_, (count, all))| count < all)
            .map(|(place, (count, all))| {
                self.weight_of_first(place, *count) / self.weight_of_first(place, *all)
            })
            .product()
    }

    /// The weight of the first `count` values at a place.
    fn weight_of_first(&self, place: usize, count: u32) -> f64 {
        match self.parts.get(place) {
            Some(part) => part.values.names.weight_of_first(count as usize),
            None => (0..count as usize).map(|bin| self.digit_weight(place, bin)).sum(),
        }
    }

    /// Puts the names of combinations at the end of a buffer, one after the other.
    fn writer(&self, radix: &[u32]) -> impl FnMut(usize, &mut Vec<u8>) {
        let mut digits = vec![0; radix.len()];
        move |index, buffer| {
            each_digit(index, radix, |place, digit| digits[place] = digit);
            self.write_pieces(buffer, |place| digits[place]);
        }
    }

    /// The weights of some combinations; a digit that stays has its weight worked out once.
    fn weights_of(&self, combinations: std::ops::Range<usize>, radix: &[u32]) -> Vec<f64> {
        let mut before: Vec<(usize, f64)> = vec![(usize::MAX, 0.0); radix.len()];
        combinations
            .map(|index| {
                let mut weight = 1.0;
                each_digit(index, radix, |place, digit| {
                    if before[place].0 != digit {
                        before[place] = (digit, self.digit_weight(place, digit));
                    }
                    weight *= before[place].1;
                });
                weight
            })
            .collect()
    }

    fn write_pieces(&self, buffer: &mut Vec<u8>, digit: impl Fn(usize) -> usize) {
        for piece in &self.pieces {
            match (piece, &self.bins) {
                (Piece::Text(text), _) => buffer.extend_from_slice(text),
                (Piece::Part(part), _) => {
                    self.parts[*part].values.names.write(digit(*part), buffer);
                }
                (Piece::Time(unit), Some(bins)) => {
                    bins.write(digit(self.parts.len()), *unit, buffer);
                }
                (Piece::Time(_), None) => {}
            }
        }
    }

    /// Draws the keys of a block; see [`KeySpace::place`].
    pub(super) fn place(
        &self,
        routes: &ComposedRoutes,
        draws: &mut KeyDraws,
        times: &[u64],
        keys: &mut [u32],
        mut placed: impl FnMut(usize, Route),
    ) {
        let KeyDraws { parts, hash_keys, digits, others } = draws;
        for ((part, generator), digits) in self.parts.iter().zip(parts).zip(digits.iter_mut()) {
            digits.resize(times.len(), 0);
            part.values.fill(generator, digits);
        }
        if let (Some(stretches), Some(bins)) = (digits.last_mut(), &self.bins) {
            stretches.clear();
            stretches.extend(times.iter().map(|time| bins.of(*time) as u32));
        }
        let digits: &[Vec<u32>] = digits;
        let digit = |place: usize, record: usize| {
            digits.get(place).and_then(|digits| digits.get(record)).copied().unwrap_or(0)
        };
        others.clear();
        for (record, key) in keys.iter_mut().enumerate() {
            let mut index = Some(0);
            for (place, size) in self.counted.iter().enumerate() {
                let digit = digit(place, record);
                index = index.filter(|_| digit < *size).map(|index| index * size + digit);
            }
            *key = index.unwrap_or(NOT_COUNTED);
            match routes.counted.get(*key as usize) {
                Some(route) => placed(record, *route),
                None => {
                    *key = NOT_COUNTED;
                    others.push(record);
                }
            }
        }
        let write = |record: usize, buffer: &mut Vec<u8>| {
            self.write_pieces(buffer, |place| digit(place, record) as usize);
        };
        let others = others.iter().copied();
        if routes.placement == Placement::Fresh {
            let fresh_bytes = self.fresh_bytes();
            let mut name = Vec::new();
            for record in others {
                name.clear();
                write(record, &mut name);
                let hash_key = HashKey(u128::from(hash_keys.next_u64()) << 64);
                placed(record, routes.route(hash_key, name.len() + fresh_bytes));
            }
        } else {
            let fresh_bytes = self.fresh_bytes();
            // A number beyond those of the counted keys that stands for the name, and tells about
            // where it lands.
            let first = routes.counted.len() as u32;
            hash_each(others, write, |record, hash_key, key_bytes| {
                keys[record] =
                    first + scale((hash_key.0 >> 64) as u64, u64::from(u32::MAX - first)) as u32;
                placed(record, routes.route(hash_key, key_bytes + fresh_bytes));
            });
        }
    }

    /// Bytes of the fresh parts, which no name shows.
    fn fresh_bytes(&self) -> usize {
        let of_piece = |piece: &Piece| match piece {
            Piece::Part(part) => match self.parts[*part].values.names {
                Names::Fresh { key_bytes } => usize::from(key_bytes),
                _ => 0,
            },
            _ => 0,
        };
        self.pieces.iter().map(of_piece).sum()
    }
}

/// How many of the first values of each place to combine, so that there are at most so many
/// combinations: the time in full where it can be, then places with few values, and as even a
/// part as there is room for of the others.
fn largest_box(sizes: &[u32], most: u64) -> Vec<u32> {
    let mut order: Vec<usize> = (0..sizes.len()).collect();
    let time = sizes.len().saturating_sub(1);
    order.sort_by_key(|place| (*place != time, sizes[*place]));
    let mut kept = vec![1; sizes.len()];
    let mut room = most;
    for (done, place) in order.iter().enumerate() {
        let left = (sizes.len() - done) as u32;
        let even = if *place == time { room } else { root(room, left) };
        kept[*place] = u64::from(sizes[*place]).min(even) as u32;
        room /= u64::from(kept[*place]);
    }
    kept
}

/// The largest number whose power is at most `most`, which is more than zero.
fn root(most: u64, power: u32) -> u64 {
    let fits = |root: u64| root.checked_pow(power).is_some_and(|product| product <= most);
    // The nearest whole number may be one too many.
    let nearest = libm::round(libm::pow(most as f64, 1.0 / f64::from(power))) as u64;
    if fits(nearest) { nearest.max(1) } else { nearest.saturating_sub(1).max(1) }
}

/// The digits of a number in the given radix, the last one first.
fn each_digit(mut index: usize, radix: &[u32], mut digit: impl FnMut(usize, usize)) {
    for (place, size) in radix.iter().enumerate().rev() {
        digit(place, index % *size as usize);
        index /= *size as usize;
    }
}

fn product(sizes: &[u32]) -> u64 {
    sizes.iter().fold(1, |product, size| product.saturating_mul(u64::from(*size)))
}
