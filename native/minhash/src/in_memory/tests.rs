use proptest::prelude::*;

use super::*;
use crate::jaccard::overlap;
use crate::shingle::Shingler;
use crate::union_find::UnionFind;

fn options(keep: Keep<'_>, threads: usize) -> Options<'_> {
    Options {
        parameters: Parameters::default(),
        threshold: Threshold::new(8, 10).expect("in range"),
        keep,
        threads,
    }
}

fn found<T: Texts + ?Sized>(texts: &T, keep: Keep<'_>, threads: usize) -> Outcome {
    dedup(texts, &options(keep, threads), &Progress::default()).expect("sound options")
}

/// Texts of words that are drawn from few, so that many are alike.
fn texts() -> impl Strategy<Value = Vec<String>> {
    let place = prop::sample::select(vec![0, 20, 39, 50]);
    let edits = prop::collection::vec((0_usize..4, place, 0_usize..9), 1..60);
    edits.prop_map(|edits| {
        let text = |(base, at, word): (usize, usize, usize)| {
            let word = |place| {
                if place == at {
                    format!("x{word}")
                } else {
                    format!("w{}", base * 40 + place)
                }
            };
            (0..40).map(word).collect::<Vec<_>>().join(" ")
        };
        edits.into_iter().map(text).collect()
    })
}

/// The clusters of all pairs at the threshold, each row with the smallest of its cluster.
fn naive(texts: &[String]) -> Vec<Row> {
    let Parameters { ngram, seed, .. } = Parameters::default();
    let mut shingler = Shingler::new(ngram, seed).expect("sound");
    let mut joined = UnionFind::new(texts.len());
    let sets: Vec<Vec<u64>> = texts
        .iter()
        .map(|text| {
            let mut set = Vec::new();
            shingler.set(text, &mut set);
            set
        })
        .collect();
    let rows = 0..Row::try_from(texts.len()).expect("few");
    for a in rows.clone() {
        for b in a + 1..rows.end {
            let overlap = overlap(&sets[a as usize], &sets[b as usize]);
            if overlap.meets(options(Keep::First, 1).threshold) {
                joined.join(a, b);
            }
        }
    }
    rows.map(|row| joined.root(row)).collect()
}

proptest! {
    /// Pairs of these texts have a similarity of 34/38 or more, or of 31/41 or less: none lies where
    /// the bands are likely to miss it.
    #[test]
    fn clusters_are_those_of_all_pairs(texts in texts()) {
        let found = found(&texts[..], Keep::First, 1);
        let mut clusters: Vec<Row> = (0..Row::try_from(texts.len()).expect("few")).collect();
        for removal in &found.removals {
            clusters[removal.row as usize] = removal.cluster;
        }
        prop_assert_eq!(clusters, naive(&texts));
    }

    #[test]
    fn threads_do_not_matter(texts in texts()) {
        prop_assert_eq!(found(&texts[..], Keep::Last, 1), found(&texts[..], Keep::Last, 3));
    }
}

const WORDS: &str = "one two three four five six seven eight nine ten eleven twelve";

#[test]
fn a_removed_row_names_its_survivor_and_their_overlap() {
    let longer = format!("{WORDS} thirteen");
    let texts = [WORDS, "nothing like it", &longer, WORDS, ""];
    let removed = |keep: Keep<'_>| {
        let found = found(&texts[..], keep, 1);
        assert_eq!(found.groups, 1);
        let row = |it: &Removal| (it.row, it.survivor, it.cluster, it.overlap.intersection);
        found.removals.iter().map(row).collect::<Vec<_>>()
    };
    assert_eq!(removed(Keep::First), [(2, 0, 0, 8), (3, 0, 0, 8)]);
    assert_eq!(removed(Keep::Last), [(0, 3, 0, 8), (2, 3, 0, 8)]);
    assert_eq!(removed(Keep::Longest), [(0, 2, 0, 8), (3, 2, 0, 8)]);
    let best = [f64::NAN, 0.0, -5.0, -4.0, 9.0];
    assert_eq!(removed(Keep::Best(&best)), [(0, 3, 0, 8), (2, 3, 0, 8)]);
}

#[test]
fn rows_without_words_are_kept() {
    let texts = ["", "?!", "", " "];
    assert_eq!(found(&texts[..], Keep::First, 2), Outcome::default());
    assert_eq!(found::<[&str]>(&[], Keep::First, 2), Outcome::default());
}

#[test]
fn scores_must_be_one_a_row() {
    let options = options(Keep::Best(&[1.0]), 1);
    let error = dedup(&["a", "b"][..], &options, &Progress::default()).expect_err("one is missing");
    assert_eq!(
        error.to_string(),
        "the number of scores: expected 2, one a text, found 1"
    );
}

#[test]
fn cancelled_work_ends() {
    let progress = Progress::default();
    progress.cancel();
    let error = dedup(&["a"][..], &options(Keep::First, 1), &progress).expect_err("cancelled");
    assert_eq!(error.kind(), crate::ErrorKind::Cancelled);
}
