//! A similarity threshold as an exact fraction.

use crate::error::{Error, Result};
use std::fmt;
use std::str::FromStr;

/// A similarity threshold above 0 and at most 1, held as the decimal fraction that was written:
/// 0.8 is 8/10, and a pair of exactly that similarity meets it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Threshold {
    numerator: u64,
    denominator: u64,
}

/// Decimal places that are kept exactly; more are refused.
const PLACES_MAX: usize = 9;

impl Threshold {
    /// `numerator / denominator`.
    ///
    /// # Errors
    ///
    /// `InvalidArgument` where the fraction is not above 0 and at most 1, or the denominator is
    /// above 10^9.
    pub fn new(numerator: u64, denominator: u64) -> Result<Self> {
        let sound = 0 < numerator && numerator <= denominator && denominator <= 1_000_000_000;
        if !sound {
            return Err(refused(&format!("{numerator}/{denominator}")));
        }
        Ok(Self {
            numerator,
            denominator,
        })
    }

    /// The fraction above the line.
    #[must_use]
    pub fn numerator(self) -> u64 {
        self.numerator
    }

    /// The fraction below the line.
    #[must_use]
    pub fn denominator(self) -> u64 {
        self.denominator
    }

    /// The least intersection with which two sets of these sizes meet the threshold; more than either
    /// size where none does.
    pub(super) fn intersection_needed(self, size_a: usize, size_b: usize) -> u64 {
        // i / (a + b - i) >= p / q where i * (p + q) >= p * (a + b).
        let sum = size_a as u128 + size_b as u128;
        let parts = u128::from(self.numerator) + u128::from(self.denominator);
        let needed = (sum * u128::from(self.numerator)).div_ceil(parts);
        u64::try_from(needed).unwrap_or(u64::MAX)
    }

    /// The nearest floating-point number, for formulas and display.
    #[must_use]
    pub fn value(self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "both are at most 10^9")]
        let value = self.numerator as f64 / self.denominator as f64;
        value
    }
}

impl FromStr for Threshold {
    type Err = Error;

    /// Reads a decimal number such as `0.8`, `.85` or `1`, of at most 9 places.
    fn from_str(text: &str) -> Result<Self> {
        let (whole, places) = text.trim().split_once('.').unwrap_or((text.trim(), ""));
        let digits = format!("{whole}{places}");
        let is_decimal = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
        if !is_decimal || places.len() > PLACES_MAX {
            return Err(refused(text));
        }
        let numerator = digits.parse().map_err(|_| refused(text))?;
        let denominator = places.bytes().fold(1, |power, _| power * 10);
        Self::new(numerator, denominator).map_err(|_| refused(text))
    }
}

impl TryFrom<f64> for Threshold {
    type Error = Error;

    /// The shortest decimal number that is read back as `value`: 0.8 means 8/10.
    fn try_from(value: f64) -> Result<Self> {
        value.to_string().parse()
    }
}

impl fmt::Display for Threshold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value().fmt(f)
    }
}

fn refused(found: &str) -> Error {
    let expected = format!("above 0, at most 1, of at most {PLACES_MAX} decimal places");
    Error::invalid_argument("threshold", expected, found)
}
