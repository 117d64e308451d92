//! Words against Python's `re.findall(r"\w+", text.lower())` on the shared data sets.

mod common;

use mithril_dedup::text::words;
use std::io::Write;
use std::process::{Command, Stdio};

/// Reads one JSON text a line; writes its words, and whether it has a character that our rules and
/// Python's see differently (the module documentation of `text` names the kinds).
const PYTHON: &str = r#"
import json, re, sys, unicodedata

LETTER_SIGNS = ["Ⓐⓩ", "\U0001F130\U0001F149", "\U0001F150\U0001F169", "\U0001F170\U0001F189"]

def differs(c):
    kind = unicodedata.category(c)
    return kind[0] == "M" or kind in ("Nl", "No") or kind == "Pc" and c != "_" or c in "\u200c\u200d" \
        or any(first <= c <= last for first, last in LETTER_SIGNS)

for line in sys.stdin:
    text = json.loads(line)
    print(json.dumps([re.findall(r"\w+", text.lower()), any(map(differs, text.lower()))]))
"#;

fn python_words(texts: &[String]) -> Option<Vec<(Vec<String>, bool)>> {
    let python = Command::new("python3")
        .args(["-X", "utf8", "-c", PYTHON])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn();
    let Ok(mut python) = python else {
        eprintln!("SKIPPED: python3 is not on this machine");
        return None;
    };
    let mut input = python.stdin.take().expect("a pipe");
    let lines: String = texts
        .iter()
        .map(|text| serde_json::json!(text).to_string() + "\n")
        .collect();
    let writer = std::thread::spawn(move || input.write_all(lines.as_bytes()));
    let output = python.wait_with_output().expect("python3 ends");
    writer
        .join()
        .expect("no panic")
        .expect("python3 reads all of it");
    let rows = serde_json::Deserializer::from_slice(&output.stdout).into_iter();
    Some(rows.map(|row| row.expect("a row of words")).collect())
}

/// Documents whose words differ, all of which have a character that the rules see differently.
fn compare(name: &str, step: usize) {
    let Some(texts) = common::texts(name) else {
        return;
    };
    let texts: Vec<_> = texts.into_iter().step_by(step).collect();
    let Some(rows) = python_words(&texts) else {
        return;
    };
    assert_eq!(rows.len(), texts.len());
    let mut different = 0;
    for (text, (python, has_special)) in texts.iter().zip(rows) {
        let python: Vec<_> = python.iter().map(|word| word.replace('ς', "σ")).collect();
        let ours = words(text);
        if ours != python {
            assert!(has_special, "{text:?}: {ours:?} is not Python's {python:?}");
            different += 1;
        }
    }
    eprintln!("{name}: {different} of {} documents differ", texts.len());
}

#[test]
fn news_texts_have_the_words_that_python_finds() {
    compare("agnews_test", 1);
}

#[test]
fn film_reviews_have_the_words_that_python_finds() {
    compare("rt_polarity", 1);
    compare("imdb_test", 5);
}

#[test]
fn tweets_have_the_words_that_python_finds_unless_they_have_marks_or_number_signs() {
    compare("tweeteval", 1);
}
