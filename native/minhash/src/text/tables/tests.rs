use super::*;
use crate::text::reference::lower;

/// Every `char` as a text.
fn every_character() -> impl Iterator<Item = (char, String)> {
    ('\0'..=char::MAX).map(|c| (c, c.to_string()))
}

#[test]
fn lower_case_is_that_of_the_standard_library_except_for_the_final_sigma() {
    assert_eq!(
        char::UNICODE_VERSION,
        (17, 0, 0),
        "compare with the tables' version"
    );
    for (c, text) in every_character().filter(|(c, _)| *c != 'ς') {
        assert!(lower(&text).eq(c.to_lowercase()), "{c:?}");
    }
    assert!(lower("ς").eq("σ".chars()));
}

#[test]
fn word_characters_are_those_of_uts_18() {
    // regex-syntax has `\w` of Unicode 16; code points assigned later are left out.
    use regex_syntax::hir::{Class, HirKind};
    let class = |pattern: &str| match regex_syntax::parse(pattern).expect(pattern).into_kind() {
        HirKind::Class(Class::Unicode(class)) => class,
        other => panic!("{pattern} is {other:?}"),
    };
    let mut compared = 0;
    for (pattern, role) in [
        (
            r"[[\w&&\p{Age=16.0}]--[\p{M}\p{Join_Control}]]",
            Role::Letter,
        ),
        (
            r"[[\p{Age=16.0}&&[\p{M}\p{Join_Control}]]--[\x{FE00}-\x{FE0F}]]",
            Role::Extender,
        ),
        (r"[[\W&&\p{Age=16.0}][\x{FE00}-\x{FE0F}]]", Role::Separator),
    ] {
        for range in class(pattern).iter() {
            for c in range.start()..=range.end() {
                assert_eq!(tables().entry(u32::from(c)).role(), role, "{c:?}");
                compared += 1;
            }
        }
    }
    assert!(compared > 280_000, "{compared} code points compared");
}

#[test]
fn a_code_point_beyond_unicode_is_a_separator() {
    assert_eq!(tables().entry(0x11_0000).role(), Role::Separator);
    assert_eq!(tables().entry(u32::MAX).role(), Role::Separator);
}
