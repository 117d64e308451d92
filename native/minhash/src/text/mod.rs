//! Words of a text, by Unicode rules and in lower case.
//!
//! A word is a maximal run of word characters as in UTS #18 (`\w`): alphabetic characters, decimal
//! digits, connector punctuation, marks and the two joiners (U+200C, U+200D); but it starts with
//! none of the last two kinds, so that the variation selector of an emoji is no word. Lower case is
//! Unicode's full mapping without context, with ς as σ. Text is not normalised (NFC): é in one code
//! point and in two are different words.
//!
//! Python's `re.findall(r"\w+", text.lower())` differs in these ways: its `\w` knows no marks,
//! joiners, circled letters and connectors other than `_` (it cuts words of Indic scripts and
//! pointed Hebrew or Arabic in pieces), takes other numbers (`½`, `²`) as word characters, and
//! keeps ς.

mod edges;
mod reference;
mod scan;
mod tables;
mod tokenizer;
mod word_hash;

pub(crate) use reference::lower;
pub use reference::{normalised, words};
pub(crate) use tokenizer::{Tokenizer, split_chunk};
pub(crate) use word_hash::WordKeys;
