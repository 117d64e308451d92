use super::*;
use crate::text::words;
use proptest::collection::vec;
use proptest::prelude::*;

/// The hash of a word as it is defined: blocks of 16 bytes, the last one filled up with zeros.
fn naive_hash(keys: WordKeys, word: &str) -> u64 {
    word.as_bytes()
        .chunks(BLOCK_BYTES)
        .fold(keys.start(), |hash, part| {
            let mut block = [0; BLOCK_BYTES];
            block[..part.len()].copy_from_slice(part);
            keys.block(hash, block, BLOCK_BYTES)
        })
}

fn naive(keys: WordKeys, text: &str) -> Vec<u64> {
    words(text)
        .iter()
        .map(|word| naive_hash(keys, word))
        .collect()
}

/// The words of a text given in pieces of about `piece` bytes.
fn in_pieces(tokenizer: &mut Tokenizer, text: &str, piece: usize) -> Vec<u64> {
    let mut hashes = Vec::new();
    let mut rest = text;
    loop {
        let at = (piece.min(rest.len())..=rest.len()).find(|&at| rest.is_char_boundary(at));
        let (chunk, behind) = rest.split_at(at.expect("the end is a boundary"));
        rest = behind;
        tokenizer.feed(chunk, rest.is_empty(), &mut hashes);
        if rest.is_empty() {
            return hashes;
        }
    }
}

#[track_caller]
fn check(text: &str) {
    let keys = WordKeys::new(3);
    let expected = naive(keys, text);
    for level in Level::available() {
        let mut tokenizer = Tokenizer::new(keys, level);
        for piece in [1, 7, 16, 63, 64, 65, 1000, Tokenizer::CHUNK_BYTES - 3] {
            assert_eq!(
                in_pieces(&mut tokenizer, text, piece),
                expected,
                "{level:?} {piece}: {text:?}"
            );
        }
    }
}

#[test]
fn words_of_every_kind_are_hashed_as_the_naive_twin_does() {
    for text in [
        "",
        " ",
        "a",
        "Don't stop, @User_42! http://x.y/z_1",
        "❤️ I️ 👩‍👩‍👧 1️⃣ ✨sparkles✨ 😂😂",
        "e\u{301}te\u{301} \u{301}x \u{200d}y a\u{200d}b",
        "हिन्दी भाषा, ภาษาไทย; می‌خواهم שָׁלוֹם",
        "ΌΣΟΣ ὀδός Straße STRASSE ẞ İstanbul Ⱥ K Å ǅ",
        "中文没有空格。日本語、한국어 １２３ ½ ² Ⓐ",
        "\u{0}nul\u{0}bytes\u{0}",
        "exactly16bytes__ exactly17bytes___ and_a_word_of_more_than_thirty_two_bytes_x",
    ] {
        check(text);
        check(&text.repeat(40));
        check(&format!("{}{text}", "ASCII Only ".repeat(6)));
    }
}

#[test]
fn a_word_longer_than_many_chunks_is_one_word() {
    for word in [
        "x".repeat(50_000),
        "Ж".repeat(30_000),
        "Ⱥ".repeat(20_000),
        "İ".repeat(20_000),
    ] {
        check(&word);
        check(&format!("{word} y {word}"));
    }
}

/// Texts of the characters that the steps treat differently.
fn texts() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        8 => "[a-zA-Z0-9_]{1,20}",
        8 => "[ .,!'\n-]{1,3}",
        2 => "[à-öÀ-ÖΑ-Ωα-ωА-я]{1,9}",
        1 => "[İȺȾẞKÅς\u{FE0F}\u{200C}\u{200D}\u{301}\u{5B0}\u{93F}½²😂❤中]{1,5}",
        1 => any::<char>().prop_map(String::from),
        1 => "[a-z]{60,70}",
    ];
    vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn any_text_is_hashed_as_the_naive_twin_does(text in texts(), piece in 1usize..300) {
        let keys = WordKeys::new(4);
        let expected = naive(keys, &text);
        for level in Level::available() {
            let mut tokenizer = Tokenizer::new(keys, level);
            prop_assert_eq!(&in_pieces(&mut tokenizer, &text, piece), &expected);
            prop_assert_eq!(&in_pieces(&mut tokenizer, &text, usize::MAX), &expected);
        }
    }
}

#[test]
fn words_of_different_bytes_have_different_hashes() {
    let keys = WordKeys::new(0);
    let words = (0..300_000)
        .map(|i| format!("{i:x}"))
        .chain((0..100_000).map(|i| format!("prefix_of_a_word_{i}")));
    let hashes: std::collections::HashSet<_> = words.map(|word| naive_hash(keys, &word)).collect();
    assert_eq!(hashes.len(), 400_000);
}

#[test]
fn chunks_end_between_code_points() {
    let text = "é".repeat(Tokenizer::CHUNK_BYTES);
    let (chunk, rest) = split_chunk(&text[1 - 1..]);
    assert_eq!(chunk.len(), Tokenizer::CHUNK_BYTES);
    assert_eq!(chunk.len() + rest.len(), text.len());
    let odd = format!("x{text}");
    assert_eq!(split_chunk(&odd).0.len(), Tokenizer::CHUNK_BYTES - 1);
}
