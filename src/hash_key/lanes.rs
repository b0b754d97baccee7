//! Many hash keys at once: MD5 of several names side by side.
//!
//! One MD5 is a chain in which each step waits for the one before. Here each step is a loop over
//! many chains, which the compiler turns into vectors, so that a hundred million keys are hashed in
//! seconds: measured, 32 lanes took 40 ns a name where one after another took 145 ns, and other
//! numbers of lanes were slower. Source: RFC 1321, section 3.4. Names of more than 55 bytes need a
//! second block and are hashed alone.

use super::HashKey;

/// Names that are hashed side by side.
const LANES: usize = 32;
/// Longest name that fits one block beside its end mark and its length.
const NAME_BYTES_MAX: usize = 55;
/// Bytes of a block.
const BLOCK: usize = 64;

/// One word of every lane.
type Words = [u32; LANES];

/// `floor(2^32 * abs(sin(i + 1)))`.
const SINES: [u32; 64] = [
    0xd76a_a478,
    0xe8c7_b756,
    0x2420_70db,
    0xc1bd_ceee,
    0xf57c_0faf,
    0x4787_c62a,
    0xa830_4613,
    0xfd46_9501,
    0x6980_98d8,
    0x8b44_f7af,
    0xffff_5bb1,
    0x895c_d7be,
    0x6b90_1122,
    0xfd98_7193,
    0xa679_438e,
    0x49b4_0821,
    0xf61e_2562,
    0xc040_b340,
    0x265e_5a51,
    0xe9b6_c7aa,
    0xd62f_105d,
    0x0244_1453,
    0xd8a1_e681,
    0xe7d3_fbc8,
    0x21e1_cde6,
    0xc337_07d6,
    0xf4d5_0d87,
    0x455a_14ed,
    0xa9e3_e905,
    0xfcef_a3f8,
    0x676f_02d9,
    0x8d2a_4c8a,
    0xfffa_3942,
    0x8771_f681,
    0x6d9d_6122,
    0xfde5_380c,
    0xa4be_ea44,
    0x4bde_cfa9,
    0xf6bb_4b60,
    0xbebf_bc70,
    0x289b_7ec6,
    0xeaa1_27fa,
    0xd4ef_3085,
    0x0488_1d05,
    0xd9d4_d039,
    0xe6db_99e5,
    0x1fa2_7cf8,
    0xc4ac_5665,
    0xf429_2244,
    0x432a_ff97,
    0xab94_23a7,
    0xfc93_a039,
    0x655b_59c3,
    0x8f0c_cc92,
    0xffef_f47d,
    0x8584_5dd1,
    0x6fa8_7e4f,
    0xfe2c_e6e0,
    0xa301_4314,
    0x4e08_11a1,
    0xf753_7e82,
    0xbd3a_f235,
    0x2ad7_d2bb,
    0xeb86_d391,
];

/// Hashes the names of the given numbers, in order: `write` puts the name of a number at the end of
/// a buffer, `found` gets the number, the hash key and the bytes of the name.
pub fn hash_each(
    numbers: impl Iterator<Item = usize>,
    mut write: impl FnMut(usize, &mut Vec<u8>),
    mut found: impl FnMut(usize, HashKey, usize),
) {
    let mut group = Group::new();
    let mut name = Vec::with_capacity(256);
    for number in numbers {
        name.clear();
        write(number, &mut name);
        group.add(number, &name);
        if group.used == LANES {
            group.finish(&mut found);
        }
    }
    group.finish(&mut found);
}

/// Names that wait to be hashed together.
struct Group {
    blocks: [[u8; BLOCK]; LANES],
    numbers: [usize; LANES],
    lengths: [usize; LANES],
    /// The hash keys of names that are too long.
    alone: [Option<HashKey>; LANES],
    used: usize,
}

impl Group {
    const fn new() -> Self {
        Self {
            blocks: [[0; BLOCK]; LANES],
            numbers: [0; LANES],
            lengths: [0; LANES],
            alone: [None; LANES],
            used: 0,
        }
    }

    fn add(&mut self, number: usize, name: &[u8]) {
        let lane = self.used;
        self.used += 1;
        self.numbers[lane] = number;
        self.lengths[lane] = name.len();
        self.alone[lane] = None;
        if name.len() > NAME_BYTES_MAX {
            self.alone[lane] = Some(HashKey::of(name));
            return;
        }
        let block = &mut self.blocks[lane];
        *block = [0; BLOCK];
        block[..name.len()].copy_from_slice(name);
        block[name.len()] = 0x80;
        block[BLOCK - 8..].copy_from_slice(&(name.len() as u64 * 8).to_le_bytes());
    }

    fn finish(&mut self, found: &mut impl FnMut(usize, HashKey, usize)) {
        if self.used == 0 {
            return;
        }
        let digests = digest(&self.blocks);
        let names = self.numbers.iter().zip(&self.lengths).zip(&self.alone).take(self.used);
        for (lane, ((number, length), alone)) in names.enumerate() {
            let hash_key = alone.unwrap_or_else(|| {
                // The digest is four little-endian words; the hash key reads it big-endian.
                let [a, b, c, d] =
                    digests.each_ref().map(|words| u128::from(words[lane].swap_bytes()));
                HashKey(a << 96 | b << 64 | c << 32 | d)
            });
            found(*number, hash_key, *length);
        }
        self.used = 0;
    }
}

/// The words of the digests of one block each.
fn digest(blocks: &[[u8; BLOCK]; LANES]) -> [Words; 4] {
    let mut message = [[0; LANES]; 16];
    for (lane, block) in blocks.iter().enumerate() {
        for (word, bytes) in message.iter_mut().zip(block.as_chunks::<4>().0) {
            word[lane] = u32::from_le_bytes(*bytes);
        }
    }
    let start = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476];
    let [mut a, mut b, mut c, mut d] = start.map(|word| [word; LANES]);
    /// Sixteen steps: which bits are mixed, which word each step takes, how far each turns.
    macro_rules! round {
        ($first:literal, $mix:expr, $factor:literal, $offset:literal, $($shift:literal)+) => {
            for step in ($first..$first + 16).step_by(4) {
                let mut next = step;
                $(
                    let word = &message[(next * $factor + $offset) % 16];
                    turn::<$shift>(&mut a, &b, &c, &d, word, SINES[next], $mix);
                    (a, b, c, d) = (d, a, b, c);
                    next += 1;
                )+
                debug_assert_eq!(next, step + 4);
            }
        };
    }
    round!(0, |b, c, d| (b & c) | (!b & d), 1, 0, 7 12 17 22);
    round!(16, |b, c, d| (d & b) | (!d & c), 5, 1, 5 9 14 20);
    round!(32, |b, c, d| b ^ c ^ d, 3, 5, 4 11 16 23);
    round!(48, |b, c, d| c ^ (b | !d), 7, 0, 6 10 15 21);
    let mut state = [a, b, c, d];
    for (words, before) in state.iter_mut().zip(start) {
        words.iter_mut().for_each(|word| *word = word.wrapping_add(before));
    }
    state
}

/// One step in every lane.
#[inline(always)]
fn turn<const SHIFT: u32>(
    a: &mut Words,
    b: &Words,
    c: &Words,
    d: &Words,
    message: &Words,
    sine: u32,
    mix: impl Fn(u32, u32, u32) -> u32,
) {
    for lane in 0..LANES {
        let sum = a[lane].wrapping_add(mix(b[lane], c[lane], d[lane]));
        let sum = sum.wrapping_add(message[lane]).wrapping_add(sine);
        a[lane] = b[lane].wrapping_add(sum.rotate_left(SHIFT));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every length around the borders of a block, in every lane, against another MD5.
    #[test]
    fn names_hashed_side_by_side_are_those_hashed_alone() {
        let name = |number: usize| "ключ-0123456789 ".repeat(9)[..].as_bytes()[..number].to_vec();
        let mut next = 3;
        hash_each(
            3..130,
            |number, buffer| buffer.extend_from_slice(&name(number)),
            |number, hash_key, length| {
                assert_eq!((number, length), (next, next));
                assert_eq!(hash_key, HashKey::of(&name(number)), "{number} bytes");
                next += 1;
            },
        );
        assert_eq!(next, 130);
    }
}
