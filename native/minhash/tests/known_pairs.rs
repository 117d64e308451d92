//! The exact pairs of the shared data sets, as they were counted by another program when the sets
//! were made (word 5-grams, J >= 0.8).

mod common;

use mithril_dedup::jaccard::oracle;
use mithril_dedup::shingle::{Ngram, Shingler};

fn count(name: &str, expected: usize) {
    let Some(texts) = common::texts(name) else {
        return;
    };
    let mut shingler = Shingler::new(Ngram::default(), 0).expect("the default is sound");
    let mut set = Vec::new();
    let sets: Vec<Vec<u64>> = texts
        .iter()
        .map(|text| {
            shingler.set(text, &mut set);
            set.clone()
        })
        .collect();
    let pairs = oracle::pairs(&sets, "0.8".parse().expect("sound"));
    assert_eq!(pairs.len(), expected, "{name}");
}

#[test]
fn short_texts_have_the_pairs_counted_before() {
    count("agnews_test", 4);
    count("rt_polarity", 2);
}

#[test]
fn film_reviews_have_the_pairs_counted_before() {
    count("imdb_test", 231);
}

#[test]
fn tweets_have_the_pairs_counted_before() {
    count("tweeteval", 6876);
}
