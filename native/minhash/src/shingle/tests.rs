use super::*;
use crate::mix::finalise;

fn shingler(unit: Unit, n: usize) -> Shingler {
    Shingler::new(Ngram { unit, n }, 1).expect("sizes in the tests are in range")
}

fn shingles(unit: Unit, n: usize, text: &str) -> Vec<u64> {
    let mut out = vec![7];
    shingler(unit, n).shingles(text, &mut out);
    out
}

#[test]
fn a_text_of_m_words_has_m_minus_n_plus_1_shingles() {
    assert_eq!(shingles(Unit::Word, 5, "a b c d e f g").len(), 3);
    assert_eq!(shingles(Unit::Word, 5, "a b c d e").len(), 1);
    assert_eq!(shingles(Unit::Char, 3, "abcd").len(), 2);
}

#[test]
fn a_text_shorter_than_n_is_one_shingle_of_all_its_words() {
    let short = shingles(Unit::Word, 5, "Good morning!");
    assert_eq!(short, shingles(Unit::Word, 9, "good MORNING"));
    assert_eq!(short.len(), 1);
    assert_ne!(short, shingles(Unit::Word, 5, "good evening"));
}

#[test]
fn a_text_without_words_has_no_shingle() {
    assert!(shingles(Unit::Word, 5, "").is_empty());
    assert!(shingles(Unit::Word, 5, " ❤️ ... !").is_empty());
    assert!(shingles(Unit::Char, 5, " \n\t ").is_empty());
}

#[test]
fn the_order_of_words_counts() {
    assert_ne!(
        shingles(Unit::Word, 3, "a b c"),
        shingles(Unit::Word, 3, "c b a")
    );
    assert_ne!(
        shingles(Unit::Word, 3, "a a b"),
        shingles(Unit::Word, 3, "a b a")
    );
}

#[test]
fn a_set_is_sorted_and_has_each_shingle_once() {
    let mut set = Vec::new();
    shingler(Unit::Word, 1).set("to be or not to be", &mut set);
    assert_eq!(set.len(), 4);
    assert!(set.is_sorted());
}

#[test]
fn another_seed_gives_other_shingles() {
    let mut other = Vec::new();
    let ngram = Ngram {
        unit: Unit::Word,
        n: 1,
    };
    Shingler::new(ngram, 2)
        .expect("in range")
        .shingles("word", &mut other);
    assert_ne!(other, shingles(Unit::Word, 1, "word"));
}

#[test]
fn a_size_out_of_range_is_refused() {
    for n in [0, Ngram::N_MAX + 1] {
        let error = Shingler::new(
            Ngram {
                unit: Unit::Word,
                n,
            },
            0,
        )
        .expect_err("out of range");
        assert_eq!(
            error.to_string(),
            format!("n-gram size: expected 1 to 256, found {n}")
        );
    }
}

#[test]
fn a_text_of_many_chunks_has_the_shingles_of_its_units() {
    // The naive twin rolls over all units of the whole text at once.
    let text = "Ünïcode words, and MORE of them: naïve ❤️ tokens\t\n 42. ".repeat(2000);
    let keys = WordKeys::new(1);
    let mut units = Vec::new();
    for word in crate::text::words(&text) {
        Tokenizer::new(keys, Level::Portable).feed(&word, true, &mut units);
    }
    for n in [1, 5, 30] {
        let mut expected = Vec::new();
        roll::roll(Level::Portable, &units, n, &mut expected);
        assert_eq!(shingles(Unit::Word, n, &text), expected);
    }
    let mut units = Vec::new();
    for c in crate::text::normalised(&text).chars() {
        units.push(finalise(Chars::key(1) ^ u64::from(u32::from(c))));
    }
    let mut expected = Vec::new();
    roll::roll(Level::Portable, &units, 24, &mut expected);
    assert_eq!(shingles(Unit::Char, 24, &text), expected);
}
