//! Bytes that a small input stands for: an input of a few bytes must reach blocks of many thousands of values.

use std::sync::LazyLock;

use arbitrary::{Arbitrary, Unstructured};

/// Bytes of [`base`].
pub const BASE_BYTES: usize = 300_000;

/// As many items as the input says, at most `limit`: its own way to make a list gives one or none mostly.
pub fn some<'a, T: Arbitrary<'a>>(
    input: &mut Unstructured<'a>,
    limit: usize,
) -> arbitrary::Result<Vec<T>> {
    let count = input.int_in_range(0..=limit)?;
    (0..count).map(|_| input.arbitrary()).collect()
}

/// A generator with a fixed law (xorshift64), so that an input means the same for ever.
pub struct Random(u64);

impl Random {
    /// A generator for `seed`.
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// The next number.
    pub fn next_u64(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// A number from 0 to 255: the smaller, the likelier, as if `skew` + 1 coins had to fall alike.
    fn skewed(&mut self, skew: u8) -> u8 {
        let mut byte = self.next_u64() >> 56;
        for _ in 0..skew % 8 {
            byte = (byte * (self.next_u64() >> 56)) >> 8;
        }
        byte as u8
    }
}

/// How bytes are made.
#[derive(Arbitrary, Debug, Clone)]
pub enum Law {
    /// Uniform noise.
    Noise(u16),
    /// Bytes near one value, as exponents are: what Huffman coding is for.
    Skewed { seed: u16, skew: u8, around: u8 },
    /// One byte.
    Constant(u8),
    /// Words that occur again and again.
    Text(u16),
    /// Floats of one magnitude in the width of the values.
    Weights { seed: u16, scale: u8 },
    /// NaN payloads, negative zeros, subnormals, infinities in the width of the values.
    Special(u16),
    /// Integers that count up.
    Ramp { first: u32, step: u16 },
    /// These bytes, again and again.
    Given(Vec<u8>),
}

impl Law {
    /// `length` bytes, for values of `width` bytes.
    pub fn bytes(&self, length: usize, width: usize) -> Vec<u8> {
        match self {
            Self::Noise(seed) => {
                let mut random = Random::new((*seed).into());
                (0..length)
                    .map(|_| (random.next_u64() >> 56) as u8)
                    .collect()
            }
            Self::Skewed { seed, skew, around } => {
                let mut random = Random::new((*seed).into());
                let byte = |_| random.skewed(*skew).wrapping_add(*around);
                (0..length).map(byte).collect()
            }
            Self::Constant(byte) => vec![*byte; length],
            Self::Text(seed) => text(*seed, length),
            Self::Weights { seed, scale } => {
                let mut random = Random::new((*seed).into());
                let exponent = u64::from(*scale) << 56 >> 1;
                let value = |_| exponent ^ random.next_u64() & 0x83ff_ffff_ffff_ffff;
                values((0..).map(value), length, width)
            }
            Self::Special(seed) => {
                let mut random = Random::new((*seed).into());
                values((0..).map(|_| special(&mut random)), length, width)
            }
            Self::Ramp { first, step } => {
                let value = |place: u64| {
                    let value = u64::from(*first).wrapping_add(place * u64::from(*step));
                    value << (64 - 8 * width)
                };
                values((0..).map(value), length, width)
            }
            Self::Given(bytes) if bytes.is_empty() => vec![0; length],
            Self::Given(bytes) => bytes.iter().copied().cycle().take(length).collect(),
        }
    }
}

/// The top `width` bytes of each number.
fn values(numbers: impl Iterator<Item = u64>, length: usize, width: usize) -> Vec<u8> {
    let count = length.div_ceil(width);
    let mut bytes: Vec<u8> = numbers
        .take(count)
        .flat_map(|number| number.to_le_bytes().into_iter().skip(8 - width))
        .collect();
    bytes.truncate(length);
    bytes
}

/// A value, in the top bits, that arithmetic would not leave alone. The exponents are those of all widths.
fn special(random: &mut Random) -> u64 {
    let number = random.next_u64();
    match number % 6 {
        0 => 1 << 63,
        1 => 0,
        2 => number | 0x7fff_8000_0000_0000,
        3 => 0xff80_0000_0000_0000 | number >> 48 << 40,
        4 => number >> 20,
        _ => 0x7ff0_0000_0000_0000,
    }
}

fn text(seed: u16, length: usize) -> Vec<u8> {
    const WORDS: [&str; 8] = [
        "layer",
        "weight",
        "bias",
        "0",
        "1",
        "norm.",
        "\":{\"",
        "attention",
    ];
    let mut random = Random::new(seed.into());
    let mut text = Vec::with_capacity(length + 16);
    while text.len() < length {
        text.extend_from_slice(WORDS[(random.next_u64() >> 61) as usize].as_bytes());
    }
    text.truncate(length);
    text
}

/// The base of every delta: stretches of all laws, the same for ever.
pub fn base() -> &'static [u8] {
    static BASE: LazyLock<Vec<u8>> = LazyLock::new(|| {
        let laws = [
            (
                Law::Weights {
                    seed: 1,
                    scale: 122,
                },
                4,
            ),
            (
                Law::Weights {
                    seed: 2,
                    scale: 121,
                },
                2,
            ),
            (Law::Noise(3), 1),
            (Law::Text(4), 1),
            (Law::Special(5), 8),
            (Law::Ramp { first: 6, step: 3 }, 4),
        ];
        let share = BASE_BYTES / laws.len();
        let bytes = laws
            .iter()
            .flat_map(|(law, width)| law.bytes(share, *width));
        bytes.collect()
    });
    &BASE
}
