use super::*;

fn threshold(text: &str) -> Threshold {
    text.parse().expect("thresholds in the tests are sound")
}

fn keys(banding: Banding, signature: &[u32]) -> Vec<u64> {
    let mut keys = vec![0; banding.bands()];
    banding.keys(signature, &mut keys);
    keys
}

#[test]
fn the_default_bands_follow_from_the_default_recall() {
    let found = Banding::for_threshold(threshold("0.8"), Banding::RECALL_DEFAULT, 128);
    assert_eq!(found.expect("128 reach it"), Banding::default());
}

#[test]
fn the_curve_has_the_published_values() {
    let close = |a: f64, b: f64| (a - b).abs() < 5e-4;
    let banding = |bands, rows| Banding::new(bands, rows, 128).expect("they fit");
    assert!(close(banding(16, 8).probability(0.8), 0.947));
    assert!(close(banding(20, 6).probability(0.8), 0.998));
    assert!(close(banding(9, 13).probability(0.8), 0.399));
    assert!(close(banding(9, 13).probability(0.85), 0.686));
    assert!(banding(20, 6).probability(0.0).abs() < 1e-12);
    assert!(close(banding(20, 6).probability(1.0), 1.0));
}

#[test]
fn bands_for_a_threshold_reach_the_recall_and_fit_the_signature() {
    for percent in 5..100 {
        let threshold = Threshold::new(percent, 100).expect("in range");
        for permutations in [32, 128, 256] {
            for recall in [0.5, 0.9, 0.99, 0.999] {
                let Ok(found) = Banding::for_threshold(threshold, recall, permutations) else {
                    let best = Banding::new(permutations, 1, permutations).expect("it fits");
                    assert!(best.probability(threshold.value()) < recall);
                    continue;
                };
                assert!(found.bands() * found.rows() <= permutations);
                assert!(found.probability(threshold.value()) >= recall);
                let rows = found.rows() + 1;
                if let Ok(steeper) = Banding::new(permutations / rows, rows, permutations) {
                    assert!(steeper.probability(threshold.value()) < recall);
                }
            }
        }
    }
}

#[test]
fn impossible_bands_are_refused() {
    for (bands, rows) in [(0, 6), (20, 0), (22, 6), (usize::MAX, 2)] {
        assert!(Banding::new(bands, rows, 128).is_err());
    }
    for recall in [0.0, 1.0, f64::NAN, 2.0] {
        assert!(Banding::for_threshold(threshold("0.8"), recall, 128).is_err());
    }
    assert!(Banding::for_threshold(threshold("0.001"), 0.99, 128).is_err());
}

#[test]
fn a_key_depends_on_every_row_of_its_band_and_on_nothing_else() {
    for (bands, rows) in [(20, 6), (16, 8), (9, 13), (128, 1), (1, 128)] {
        let banding = Banding::new(bands, rows, 128).expect("they fit");
        let mut signature = [9u32; 128];
        let before = keys(banding, &signature);
        let distinct: std::collections::HashSet<_> = before.iter().collect();
        assert_eq!(distinct.len(), bands, "the band's number is mixed in");
        for component in 0..128 {
            signature[component] ^= 1 << 31;
            let after = keys(banding, &signature);
            for band in 0..bands {
                assert_eq!(after[band] != before[band], component / rows == band);
            }
            signature[component] ^= 1 << 31;
        }
    }
}

#[test]
fn the_curve_is_printed_with_its_threshold() {
    let text = Banding::default().explain(threshold("0.82"));
    assert!(text.starts_with("20 bands of 6 rows; a pair becomes a candidate:\n"));
    assert!(text.contains("  similarity 0.8    99.7712%\n"), "{text}");
    assert!(
        text.contains("  similarity 0.82   99.9289%  <- threshold\n"),
        "{text}"
    );
    assert_eq!(text.lines().count(), 22);
}
