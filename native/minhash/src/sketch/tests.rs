use super::*;
use proptest::collection::vec;
use proptest::prelude::*;

/// A sketcher for each level of this processor.
fn sketchers(permutations: usize) -> Vec<Sketcher> {
    let sketcher = Sketcher::new(permutations, 5).expect("in range");
    let at = |level| Sketcher {
        level,
        ..sketcher.clone()
    };
    Level::available().into_iter().map(at).collect()
}

fn naive(sketcher: &Sketcher, shingles: &[u64]) -> Vec<u32> {
    let value = |i: usize, shingle: u64| {
        let product = u64::from(sketcher.multipliers[i]) * (shingle >> 32);
        low((product + u64::from(sketcher.summands[i])) % (1 << 32))
    };
    let least = |i| {
        shingles
            .iter()
            .map(|&x| value(i, x))
            .min()
            .unwrap_or(u32::MAX)
    };
    (0..sketcher.permutations()).map(least).collect()
}

proptest! {
    #[test]
    fn every_level_gives_the_minima(
        shingles in vec(any::<u64>(), 0..40),
        permutations in prop_oneof![Just(128), 1usize..300],
        cut in 0usize..40,
    ) {
        for sketcher in sketchers(permutations) {
            let expected = naive(&sketcher, &shingles);
            let mut signature = vec![3; permutations];
            sketcher.sketch(&shingles, &mut signature);
            prop_assert_eq!(&signature, &expected);
            let (first, second) = shingles.split_at(cut.min(shingles.len()));
            sketcher.sketch(first, &mut signature);
            sketcher.update(second, &mut signature);
            prop_assert_eq!(&signature, &expected);
        }
    }
}

#[test]
fn the_multipliers_are_odd_and_the_seed_changes_them() {
    let sketcher = Sketcher::new(128, 1).expect("in range");
    assert!(sketcher.multipliers.iter().all(|a| a % 2 == 1));
    assert_ne!(
        sketcher.multipliers,
        Sketcher::new(128, 2).expect("in range").multipliers
    );
}

#[test]
fn a_number_of_permutations_out_of_range_is_refused() {
    for permutations in [0, Sketcher::PERMUTATIONS_MAX + 1] {
        assert!(Sketcher::new(permutations, 0).is_err());
    }
}

#[test]
fn similarity_is_the_share_of_equal_components() {
    assert!((similarity(&[1, 2, 3, 4], &[1, 2, 0, 0]) - 0.5).abs() < 1e-12);
    assert!(similarity(&[], &[]).abs() < 1e-12);
}

/// Two sets with `common` members in both and `rest` in one of them, drawn from `numbers`.
fn pair(numbers: &mut SplitMix, common: usize, rest: usize) -> (Vec<u64>, Vec<u64>) {
    let mut draw = |count: usize| (0..count).map(|_| numbers.next()).collect::<Vec<_>>();
    let (shared, left, right) = (draw(common), draw(rest / 2), draw(rest - rest / 2));
    ([shared.clone(), left].concat(), [shared, right].concat())
}

/// Sums over pairs of an exact similarity and its estimate.
#[derive(Default)]
struct Sums {
    pairs: f64,
    exact: [f64; 2],
    estimate: [f64; 2],
    product: f64,
    /// Squared errors, and their expectation for 128 components.
    errors: [f64; 2],
}

impl Sums {
    fn add(&mut self, exact: f64, estimate: f64) {
        self.pairs += 1.0;
        for (sums, value) in [(&mut self.exact, exact), (&mut self.estimate, estimate)] {
            sums[0] += value;
            sums[1] += value * value;
        }
        self.product += exact * estimate;
        self.errors[0] += (estimate - exact).powi(2);
        self.errors[1] += exact * (1.0 - exact) / 128.0;
    }

    /// Pearson's correlation.
    fn correlation(&self) -> f64 {
        let spread = |[sum, squares]: [f64; 2]| f64::sqrt(self.pairs * squares - sum * sum);
        (self.pairs * self.product - self.exact[0] * self.estimate[0])
            / (spread(self.exact) * spread(self.estimate))
    }
}

#[test]
fn the_estimate_has_the_error_that_theory_gives_it() {
    let mut numbers = SplitMix::new(2026, 0);
    let mut sums = Sums::default();
    for seed in 0..40 {
        let sketcher = Sketcher::new(128, seed).expect("in range");
        let (mut left, mut right) = ([0; 128], [0; 128]);
        for common in 0..=500u16 {
            let (a, b) = pair(&mut numbers, common.into(), usize::from(500 - common));
            sketcher.sketch(&a, &mut left);
            sketcher.sketch(&b, &mut right);
            sums.add(f64::from(common) / 500.0, similarity(&left, &right));
        }
    }
    let [error, theory] = sums.errors.map(|errors| f64::sqrt(errors / sums.pairs));
    let correlation = sums.correlation();
    println!(
        "{} pairs: RMSE {error:.5}, theory {theory:.5}, correlation {correlation:.5}",
        sums.pairs
    );
    assert!(
        (error / theory - 1.0).abs() < 0.03,
        "RMSE {error}, theory {theory}"
    );
    assert!(correlation >= 0.99, "correlation {correlation}");
}
