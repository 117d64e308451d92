//! The S-curve. Powers are plain multiplications, so that every machine picks the same bands.

use super::Banding;
use crate::jaccard::Threshold;
use std::fmt::Write;

fn power(base: f64, exponent: usize) -> f64 {
    std::iter::repeat_n(base, exponent).product()
}

/// The probability that a pair shares no key.
pub(super) fn missed(similarity: f64, rows: usize, bands: usize) -> f64 {
    power(1.0 - power(similarity.clamp(0.0, 1.0), rows), bands)
}

/// The fewest bands of `rows` rows that reach the recall, at most `bands_max`.
pub(super) fn bands_for(
    similarity: f64,
    rows: usize,
    recall: f64,
    bands_max: usize,
) -> Option<usize> {
    let missed_by_one = missed(similarity, rows, 1);
    let mut missed = 1.0;
    (1..=bands_max).find(|_| {
        missed *= missed_by_one;
        1.0 - missed >= recall
    })
}

/// The curve as a table.
pub(super) fn explain(banding: Banding, threshold: Threshold) -> String {
    let (bands, rows) = (banding.bands(), banding.rows());
    let mut text = format!("{bands} bands of {rows} rows; a pair becomes a candidate:\n");
    let mut line = |similarity: f64, mark: &str| {
        let percent = 100.0 * banding.probability(similarity);
        writeln!(text, "  similarity {similarity:<5} {percent:>8.4}%{mark}")
            .expect("writing to a string does not fail");
    };
    let mut marked = false;
    for step in 1..=20 {
        let similarity = f64::from(step) / 20.0;
        let at = threshold.value();
        if !marked && at <= similarity {
            marked = true;
            line(at, "  <- threshold");
            if at >= similarity {
                continue;
            }
        }
        line(similarity, "");
    }
    text
}
