use proptest::prelude::*;
use serde_json::Value as Json;

use super::*;

fn text(line: &str) -> Result<String, Reason> {
    let mut room = String::new();
    text_of(line, "text", &mut room).map(ToOwned::to_owned)
}

#[test]
fn the_field_is_found_wherever_it_stands() {
    for line in [
        r#"{"text":"a b"}"#,
        r#" { "id" : 7 , "text" : "a b" } "#,
        r#"{"meta":{"text":"no","list":[1,-2.5e3,{"text":null}]},"text":"a b","ok":true}"#,
        "{\"text\":\"a b\"}\r",
        r#"{"\u0074ext":"a b"}"#,
        r#"{"text":"first","text":"a b"}"#,
    ] {
        assert_eq!(text(line).as_deref(), Ok("a b"), "{line}");
    }
}

#[test]
fn escapes_are_replaced() {
    let line = r#"{"text":"a\"b\\c\/d\b\f\n\r\té\uD83D\uDE00\u0000"}"#;
    let expected = "a\"b\\c/d\u{8}\u{c}\n\r\té😀\0";
    assert_eq!(text(line).as_deref(), Ok(expected));
}

#[test]
fn a_row_that_cannot_be_used_has_its_reason() {
    for (line, reason) in [
        (r#"{"text":"a""#, Reason::BrokenJson),
        (r#"{"text":"a","id":}"#, Reason::BrokenJson),
        (r#"{"text":"a"} {"text":"b"}"#, Reason::BrokenJson),
        (r#"{"text":"a",}"#, Reason::BrokenJson),
        (r#"{"text":"a\x"}"#, Reason::BrokenJson),
        (r#"{"text":"a\u12G4"}"#, Reason::BrokenJson),
        ("{\"text\":\"a\tb\"}", Reason::BrokenJson),
        (r#"{"text":01}"#, Reason::BrokenJson),
        ("nonsense", Reason::BrokenJson),
        ("", Reason::BrokenJson),
        ("[1]", Reason::NotAnObject),
        (r#""text""#, Reason::NotAnObject),
        ("{}", Reason::MissingField),
        (r#"{"Text":"a"}"#, Reason::MissingField),
        (r#"{"text":null}"#, Reason::MissingField),
        (r#"{"text":["a"]}"#, Reason::NotAString),
        (r#"{"text":12}"#, Reason::NotAString),
        (r#"{"text":"\uD83D"}"#, Reason::InvalidUtf8),
        (r#"{"text":"\uDE00\uD83D"}"#, Reason::InvalidUtf8),
    ] {
        assert_eq!(text(line), Err(reason), "{line}");
    }
}

#[test]
fn nesting_is_bounded() {
    let nested = |depth: usize| format!("{{\"a\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
    assert_eq!(find_field(&nested(DEPTH_MAX - 1), "text"), Ok(None));
    assert_eq!(
        find_field(&nested(100_000), "text"),
        Err(Reason::BrokenJson)
    );
}

fn any_json() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        any::<f64>().prop_map(Json::from),
        any::<String>().prop_map(Json::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Json::from),
            prop::collection::vec((any::<String>(), inner), 0..4)
                .prop_map(|fields| Json::Object(fields.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn every_object_is_read_as_serde_json_reads_it(
        text in any::<String>(),
        others in prop::collection::vec((any::<String>(), any_json()), 0..4),
    ) {
        let mut object: serde_json::Map<String, Json> = others.into_iter().collect();
        object.insert("text".into(), Json::from(text.clone()));
        let line = Json::Object(object).to_string();
        let mut room = String::new();
        prop_assert_eq!(text_of(&line, "text", &mut room), Ok(text.as_str()));
    }

    #[test]
    fn damaged_lines_are_judged_as_serde_json_judges_them(
        object in any_json(), at in any::<prop::sample::Index>(), byte in 0_u8..128,
    ) {
        let mut line = Json::from_iter([("text".to_owned(), object)]).to_string().into_bytes();
        let at = at.index(line.len());
        line[at] = byte;
        let Ok(line) = String::from_utf8(line) else { return Ok(()) };
        // Numbers that serde_json cannot hold are JSON all the same.
        let reference: Result<serde::de::IgnoredAny, _> = serde_json::from_str(&line);
        let ours = find_field(&line, "text");
        prop_assert_eq!(reference.is_err(), ours == Err(Reason::BrokenJson), "{}", line);
    }
}
