use super::oracle::{Pair, pairs};
use super::*;
use proptest::collection::{btree_set, vec};
use proptest::prelude::*;
use std::collections::BTreeSet;

fn threshold(text: &str) -> Threshold {
    text.parse().expect("thresholds in the tests are sound")
}

fn naive(a: &BTreeSet<u64>, b: &BTreeSet<u64>) -> Overlap {
    Overlap {
        intersection: a.intersection(b).count() as u64,
        union: a.union(b).count() as u64,
    }
}

#[test]
fn a_pair_exactly_at_the_threshold_meets_it() {
    let at = |intersection, union| Overlap {
        intersection,
        union,
    };
    assert!(at(4, 5).meets(threshold("0.8")));
    assert!(at(3, 10).meets(threshold("0.3"))); // 0.1 * 3 > 0.3 in binary floating point
    assert!(!at(799_999_999, 1_000_000_000).meets(threshold("0.8")));
    assert!(at(u64::MAX, u64::MAX).meets(threshold("1")));
    assert!(!at(0, 0).meets(threshold("0.1")));
}

#[test]
fn thresholds_are_read_as_the_decimal_number_that_was_written() {
    assert_eq!(threshold("0.8"), Threshold::new(8, 10).expect("sound"));
    assert_eq!(threshold(" .85 "), Threshold::new(85, 100).expect("sound"));
    assert_eq!(threshold("1"), Threshold::new(1, 1).expect("sound"));
    assert_eq!(Threshold::try_from(0.8).expect("sound"), threshold("0.8"));
    assert_eq!(Threshold::try_from(1.0).expect("sound"), threshold("1"));
    for text in [
        "",
        ".",
        "0",
        "0.0",
        "1.1",
        "-0.5",
        "0,8",
        "8e-1",
        "NaN",
        "0.1234567891",
        "+1",
    ] {
        let error = text.parse::<Threshold>().expect_err(text);
        assert!(
            error.to_string().starts_with("threshold: expected above 0"),
            "{error}"
        );
    }
    assert!(Threshold::try_from(f64::NAN).is_err());
    assert!(Threshold::new(2, 1).is_err());
}

fn set() -> impl Strategy<Value = BTreeSet<u64>> {
    btree_set(prop_oneof![0u64..60, any::<u64>()], 0..60)
}

proptest! {
    #[test]
    fn an_overlap_is_that_of_sets(a in set(), b in set()) {
        let (x, y): (Vec<_>, Vec<_>) = (a.iter().copied().collect(), b.iter().copied().collect());
        let expected = naive(&a, &b);
        prop_assert_eq!(overlap(&x, &y), expected);
        for percent in 1..=100 {
            let threshold = Threshold::new(percent, 100).expect("sound");
            let wanted = Some(expected).filter(|overlap| overlap.meets(threshold));
            prop_assert_eq!(overlap_at_least(&x, &y, threshold), wanted);
        }
    }

    #[test]
    fn the_oracle_finds_every_pair(sets in vec(btree_set(0u64..20, 0..12), 0..40), percent in 1u64..=100) {
        let threshold = Threshold::new(percent, 100).expect("sound");
        let lists: Vec<Vec<u64>> = sets.iter().map(|set| set.iter().copied().collect()).collect();
        let mut expected = Vec::new();
        for (first, a) in sets.iter().enumerate() {
            for (second, b) in sets.iter().enumerate().skip(first + 1) {
                let overlap = naive(a, b);
                if overlap.meets(threshold) {
                    expected.push(Pair { first, second, overlap });
                }
            }
        }
        prop_assert_eq!(pairs(&lists, threshold), expected);
    }
}
