use super::plan::as_f64;
use super::*;
use crate::mix::SplitMix;
use proptest::prelude::*;

/// Keys of documents that have nothing in common.
fn documents(seed: u64, bands: usize) -> impl Iterator<Item = Vec<u64>> {
    let mut numbers = SplitMix::new(seed, 0);
    std::iter::repeat_with(move || (0..bands).map(|_| numbers.next()).collect())
}

#[test]
fn a_billion_documents_need_what_arithmetic_says() {
    for (bands, error, gigabytes) in [
        (9, 0.01, 15.9),
        (16, 0.01, 30.7),
        (9, 1e-5, 32.0),
        (16, 1e-5, 60.0),
    ] {
        let plan = Plan::for_error(1_000_000_000, bands, error).expect("it fits");
        let found = as_f64(plan.bytes()) / 1e9;
        assert!(
            (found / gigabytes - 1.0).abs() < 0.02,
            "{bands} bands, {error}: {found} GB"
        );
        assert!(plan.error() <= error * 1.02, "{}", plan.error());
    }
    let small = Plan::for_bytes(1_000_000_000, 16, 1_000_000_000).expect("it fits");
    assert!(
        small.error() > 0.999,
        "8 bits a document in all: {}",
        small.error()
    );
    let one_key = Plan::for_bytes(1_000_000_000, 1, 1_000_000_000).expect("it fits");
    assert!(
        (one_key.error() - 0.0215).abs() < 0.001,
        "{}",
        one_key.error()
    );
}

#[test]
fn plans_that_cannot_be_are_refused() {
    assert!(Plan::for_error(0, 20, 0.01).is_err());
    assert!(Plan::for_error(10, 0, 0.01).is_err());
    for error in [0.0, 1.0, f64::NAN, -1.0] {
        assert!(Plan::for_error(10, 20, error).is_err());
    }
    assert!(Plan::for_error(u64::MAX, 20, 0.01).is_err());
    assert!(Plan::for_bytes(10, 20, 20 * 512 - 1).is_err());
    assert!(Plan::for_bytes(10, usize::MAX, u64::MAX).is_err());
    let huge = Plan::for_bytes(10, 1, 1 << 50).expect("a plan costs nothing");
    let error = BloomIndex::new(huge).expect_err("no machine has a pebibyte");
    assert!(
        error
            .to_string()
            .starts_with("Bloom filters: expected what memory can hold"),
        "{error}"
    );
}

#[test]
fn the_plan_is_explained_in_numbers() {
    let text = Plan::for_error(100_000, 20, 0.01)
        .expect("it fits")
        .explain();
    assert!(text.starts_with("100000 documents, 20 bands: "), "{text}");
    assert!(
        text.ends_with("called a duplicate with probability 9.999e-3"),
        "{text}"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn false_positives_are_as_many_as_computed(
        seed in any::<u64>(),
        bands in 1usize..24,
        documents_count in 2_000u64..6_000,
        error in prop_oneof![Just(0.01), Just(0.05), Just(0.2)],
    ) {
        let plan = Plan::for_error(documents_count, bands, error).expect("it fits");
        let mut index = BloomIndex::new(plan).expect("some megabytes");
        let mut documents = documents(seed, bands);
        for keys in documents.by_ref().take(usize::try_from(documents_count).expect("small")) {
            index.insert(&keys);
            prop_assert!(index.contains(&keys), "what was inserted is contained");
        }
                let found = documents.take(20_000).filter(|keys| index.contains(keys)).count();
        let expected = plan.error() * as_f64(20_000);
        // Five standard deviations of the count, and 10% for the filters' own luck.
        let tolerance = 5.0 * expected.sqrt() + 0.1 * expected;
        prop_assert!((as_f64(found as u64) - expected).abs() < tolerance, "{found} found, {expected} expected");
        prop_assert!(plan.error() <= error * 1.02);
    }

    #[test]
    fn a_document_that_shares_one_key_is_a_duplicate(seed in any::<u64>(), band in 0usize..20) {
        let plan = Plan::for_error(1000, 20, 1e-9).expect("it fits");
        let mut index = BloomIndex::new(plan).expect("some kilobytes");
        let mut documents = documents(seed, 20);
        let (first, mut second) = (documents.next().expect("endless"), documents.next().expect("endless"));
        prop_assert!(!index.insert(&first));
        prop_assert!(!index.contains(&second));
        second[band] = first[band];
        prop_assert!(index.insert(&second));
        second.rotate_left(1);
        prop_assert!(!index.contains(&second), "a key counts in its own band only");
        prop_assert_eq!(index.inserted(), 2);
    }
}
