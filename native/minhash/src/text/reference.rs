//! Words and folded characters one code point at a time: the definition that the fast path meets.

use super::tables::{Role, tables};

/// U+0130 is the one code point whose lower case is two: `i` and a combining dot.
pub(crate) const DOTTED_CAPITAL_I: char = '\u{130}';
pub(crate) const DOTTED_CAPITAL_I_LOWER: [char; 2] = ['i', '\u{307}'];

/// The lower case of a text, code point by code point, with every final sigma as a sigma.
pub(crate) fn lower(text: &str) -> impl Iterator<Item = char> {
    let tables = tables();
    text.chars().flat_map(move |c| {
        let code = u32::from(c);
        let lower = char::from_u32(tables.entry(code).lower(code)).unwrap_or(c);
        let [first, second] = DOTTED_CAPITAL_I_LOWER;
        if c == DOTTED_CAPITAL_I {
            [Some(first), Some(second)]
        } else {
            [Some(lower), None]
        }
        .into_iter()
        .flatten()
    })
}

/// The words of a text in their order, in lower case (see the [module](super) for the rules).
///
/// ```
/// use mithril_dedup::text::words;
/// assert_eq!(words("Don't @User_1 ❤️ ΌΣΟΣ"), ["don", "t", "user_1", "όσοσ"]);
/// ```
#[must_use]
pub fn words(text: &str) -> Vec<String> {
    let tables = tables();
    let mut words = Vec::new();
    let mut word = String::new();
    for c in lower(text) {
        match tables.entry(u32::from(c)).role() {
            Role::Letter => word.push(c),
            Role::Extender if !word.is_empty() => word.push(c),
            _ if !word.is_empty() => words.push(std::mem::take(&mut word)),
            _ => {}
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

/// The text that character n-grams are taken of: lower case, each run of white space one space,
/// none at the ends.
///
/// ```
/// use mithril_dedup::text::normalised;
/// assert_eq!(normalised(" A\t\n b  "), "a b");
/// ```
#[must_use]
pub fn normalised(text: &str) -> String {
    let mut out = String::new();
    let mut space = false;
    for c in lower(text) {
        if c.is_whitespace() {
            space = !out.is_empty();
            continue;
        }
        if std::mem::take(&mut space) {
            out.push(' ');
        }
        out.push(c);
    }
    out
}
