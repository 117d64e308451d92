//! From hashes of units to hashes of n-grams.

use crate::mix::finalise;

/// The base of the polynomial: odd, its bits as good as random.
const BASE: u64 = 0x9E37_79B9_7F4A_7C15;

/// Appends the hash of every run of `n` units, or of all units where there are fewer (but some).
pub(super) fn roll(units: &[u64], n: usize, out: &mut Vec<u64>) {
    let whole = |run: &[u64]| {
        run.iter()
            .fold(0u64, |sum, &unit| sum.wrapping_mul(BASE).wrapping_add(unit))
    };
    if units.is_empty() {
        return;
    }
    let n = n.min(units.len());
    out.extend(units.windows(n).map(|run| finalise(whole(run))));
}
