use std::collections::{BTreeMap, HashSet};
use std::fs;

use proptest::prelude::*;

use super::*;
use crate::hasher::Parameters;
use crate::jaccard::{Threshold, overlap};
use crate::run::{InputFile, Progress};
use crate::shingle::Shingler;
use crate::{ErrorKind, Result};

mod damage;

fn threshold() -> Threshold {
    Threshold::new(8, 10).expect("in range")
}

fn limits(count: usize) -> Limits {
    let threshold = threshold();
    Limits { threshold, count }
}

fn settings() -> IndexSettings {
    IndexSettings::new(&Parameters::default(), threshold())
}

/// Text number `row`: ten in a row differ from the first of them in one word at the end.
fn text(row: u64) -> String {
    let base = row / 10 * 1000;
    let words = (0..40).map(|at| format!("w{}", base + at + if at == 39 { row % 10 } else { 0 }));
    words.collect::<Vec<_>>().join(" ")
}

fn texts(rows: std::ops::Range<u64>) -> Vec<String> {
    rows.map(text).collect()
}

fn ids(rows: std::ops::Range<u64>) -> Vec<String> {
    rows.map(|row| row.to_string()).collect()
}

fn add(writer: &mut Writer, rows: std::ops::Range<u64>) -> Result<()> {
    let (texts, ids) = (texts(rows.clone()), ids(rows));
    writer.add_texts(&texts[..], &ids, 2, &Progress::default())
}

fn built(rows: std::ops::Range<u64>) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("index");
    let mut writer = Writer::create(&path, settings(), false).expect("creates");
    add(&mut writer, rows).expect("adds");
    writer.commit().expect("commits");
    (folder, path)
}

fn found(index: &Index, text: &str) -> Vec<(String, u64)> {
    let mut querier = index.querier().expect("sound settings");
    let neighbours = querier.query(index, text, limits(1000)).expect("whole");
    assert!(!neighbours.is_cut);
    let found = neighbours.found.into_iter();
    found.map(|it| (it.id, it.overlap.intersection)).collect()
}

/// The ids that are at least as alike as the threshold, by looking at all texts.
fn naive(texts: &BTreeMap<u64, String>, text: &str) -> Vec<String> {
    let Parameters { ngram, seed, .. } = Parameters::default();
    let mut shingler = Shingler::new(ngram, seed).expect("sound");
    let (mut set, mut other) = (Vec::new(), Vec::new());
    shingler.set(text, &mut set);
    let mut alike = |text: &String| {
        shingler.set(text, &mut other);
        overlap(&set, &other).meets(threshold())
    };
    let ids = texts.iter().filter(|(_, text)| alike(text));
    ids.map(|(id, _)| id.to_string()).collect()
}

#[test]
fn a_text_finds_those_that_are_like_it_the_most_similar_first() {
    let (_folder, path) = built(0..100);
    let index = Index::open(&path).expect("opens");
    assert_eq!(
        (index.rows(), index.parts(), index.removed_rows()),
        (100, 1, 0)
    );
    let found = found(&index, &text(37));
    assert_eq!(found[0], ("37".to_owned(), 36));
    let mut others: Vec<(String, u64)> = (30..40).map(|it| (it.to_string(), 35)).collect();
    others.remove(7);
    assert_eq!(found[1..], others);
    let mut querier = index.querier().expect("sound");
    let few = querier
        .query(&index, &text(37), limits(3))
        .expect("whole")
        .found;
    assert_eq!(few.len(), 3);
    assert_eq!(few[0].id, "37");
    for nothing in ["", "?!", "words of no text that is in the index"] {
        assert_eq!(
            querier
                .query(&index, nothing, limits(9))
                .expect("whole")
                .found,
            []
        );
    }
}

#[test]
fn what_is_added_is_seen_after_a_commit_and_a_refresh() {
    let (_folder, path) = built(0..10);
    let mut index = Index::open(&path).expect("opens");
    let mut writer = Writer::open(&path).expect("opens");
    add(&mut writer, 10..20).expect("adds");
    assert!(!index.refresh().expect("whole"));
    writer.commit().expect("commits");
    assert_eq!(found(&index, &text(15)), []);
    assert!(index.refresh().expect("whole"));
    assert_eq!(found(&index, &text(15)).len(), 10);
    assert_eq!(index.rows(), 20);
}

#[test]
fn what_is_removed_is_not_found_again_before_and_after_a_merge() {
    let (_folder, path) = built(0..40);
    let mut index = Index::open(&path).expect("opens");
    let mut writer = Writer::open(&path).expect("opens");
    let gone: HashSet<String> = ["12".to_owned(), "17".to_owned(), "x".to_owned()].into();
    assert_eq!(writer.remove(&gone).expect("removes"), 2);
    assert_eq!(writer.remove(&gone).expect("removes"), 0);
    writer.commit().expect("commits");
    // A reader goes on with what it opened, whose files are gone by then.
    writer.merge_all().expect("merges");
    writer.commit().expect("commits");
    assert_eq!(found(&index, &text(12)).len(), 10);
    index.refresh().expect("whole");
    assert_eq!((index.rows(), index.removed_rows()), (38, 0));
    let rest = found(&index, &text(12));
    assert_eq!(rest.len(), 8);
    assert!(rest.iter().all(|(id, _)| !gone.contains(id)));
    let names = fs::read_dir(&path).expect("a folder");
    assert_eq!(names.count(), 3, "head, lock and one part");
}

#[test]
fn parts_stay_few_and_keep_their_order() {
    let (_folder, path) = built(0..0);
    for at in 0..60 {
        let mut writer = Writer::open(&path).expect("opens");
        add(&mut writer, at * 5..at * 5 + 5).expect("adds");
        writer.commit().expect("commits");
    }
    let index = Index::open(&path).expect("opens");
    index.check().expect("whole");
    assert!(index.parts() <= 8);
    assert_eq!(index.rows(), 300);
    let ids: Vec<String> = found(&index, &text(211))
        .into_iter()
        .map(|(id, _)| id)
        .collect();
    let mut expected = vec!["211".to_owned()];
    expected.extend((210..220).filter(|it| *it != 211).map(|it| it.to_string()));
    assert_eq!(ids, expected);
}

#[test]
fn one_writes_at_a_time_and_an_index_is_not_replaced_by_mistake() {
    let (_folder, path) = built(0..10);
    let refused = |result: Result<Writer>| result.expect_err("refused").to_string();
    let writer = Writer::open(&path).expect("opens");
    assert!(refused(Writer::open(&path)).contains("no other writer"));
    drop(writer);
    assert!(refused(Writer::create(&path, settings(), false)).contains("not taken"));
    // A replacement that is not committed changes nothing.
    let mut writer = Writer::create(&path, settings(), true).expect("creates");
    add(&mut writer, 50..60).expect("adds");
    drop(writer);
    assert_eq!(
        found(&Index::open(&path).expect("opens"), &text(5)).len(),
        10
    );
    let mut writer = Writer::create(&path, settings(), true).expect("creates");
    add(&mut writer, 50..60).expect("adds");
    writer.commit().expect("commits");
    let index = Index::open(&path).expect("opens");
    assert_eq!((index.rows(), found(&index, &text(5)).len()), (10, 0));
}

#[test]
fn nothing_is_left_of_an_index_that_was_not_finished() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("index");
    let mut writer = Writer::create(&path, settings(), false).expect("creates");
    add(&mut writer, 0..10).expect("adds");
    assert!(Index::open(&path).is_err());
    drop(writer);
    assert!(!path.exists());
    let error = Writer::open(&path).expect_err("there is none");
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    assert!(!path.exists());
}

#[test]
fn texts_that_all_share_a_key_are_bounded_and_said() {
    let (_folder, path) = built(0..0);
    let mut writer = Writer::open(&path).expect("opens");
    let words: Vec<String> = (0..200).map(|at| format!("w{at}")).collect();
    let alike: Vec<String> = (0..3000)
        .map(|row| format!("{} own{row}", words.join(" ")))
        .collect();
    let ids = ids(0..3000);
    writer
        .add_texts(&alike[..], &ids, 1, &Progress::default())
        .expect("adds");
    let equal = vec!["the very same text of seven words".to_owned(); 3000];
    writer
        .add_texts(&equal[..], &ids, 1, &Progress::default())
        .expect("adds");
    writer.commit().expect("commits");
    let index = Index::open(&path).expect("opens");
    let mut querier = index.querier().expect("sound");
    let many = querier
        .query(&index, &alike[2999], limits(10))
        .expect("whole");
    assert!(many.is_cut);
    assert_eq!(many.found[0].id, "2999");
    // Equal texts are one set, whose rows are not looked at one by one.
    let many = querier.query(&index, &equal[0], limits(10)).expect("whole");
    assert!(!many.is_cut);
    let found: Vec<&str> = many.found.iter().map(|it| it.id.as_str()).collect();
    assert_eq!(found, ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]);
}

#[test]
fn rows_of_files_are_added_in_order_whatever_the_threads_and_the_memory() {
    let folder = tempfile::tempdir().expect("a folder");
    let lines = |rows: std::ops::Range<u64>| {
        let line = |row| serde_json::json!({"key": format!("k{row}"), "text": text(row)});
        rows.map(|row| line(row).to_string() + "\n")
            .collect::<String>()
    };
    let (plain, packed) = (
        folder.path().join("a.jsonl"),
        folder.path().join("b.jsonl.zst"),
    );
    fs::write(&plain, lines(0..1500) + "broken\n").expect("writes");
    let packed_bytes = zstd::encode_all(lines(1500..3000).as_bytes(), 1).expect("packs");
    fs::write(&packed, packed_bytes).expect("writes");
    let open =
        |path: &Path, name: &str| InputFile::at(path.to_owned(), name.to_owned()).expect("known");
    let files = |threads, id_key: Option<&str>, bad_share_max| RowFiles {
        inputs: vec![open(&plain, "a.jsonl"), open(&packed, "b.jsonl.zst")],
        text_key: "text".into(),
        id_key: id_key.map(str::to_owned),
        bad_share_max,
        threads,
        split_bytes: 10_000,
    };
    let mut parts = Vec::new();
    for (name, threads, memory) in [("x", 1, 1 << 30), ("y", 3, 1 << 30), ("z", 2, 1 << 20)] {
        let path = folder.path().join(name);
        let mut writer = Writer::create(&path, settings(), false).expect("creates");
        let files = files(threads, Some("key"), 0.01);
        let added = writer
            .add_files(&files, memory, &Progress::default())
            .expect("adds");
        assert_eq!(
            added,
            RowsRead {
                rows: 3000,
                rejected: 1
            }
        );
        writer.commit().expect("commits");
        let many = Index::open(&path).expect("opens").parts();
        assert_eq!(many > 1, memory == 1 << 20);
        writer.merge_all().expect("merges");
        writer.commit().expect("commits");
        let index = Index::open(&path).expect("opens");
        let ids: Vec<String> = found(&index, &text(2222))
            .into_iter()
            .map(|(id, _)| id)
            .collect();
        assert_eq!(
            (ids.len(), ids[0].as_str(), ids[1].as_str()),
            (10, "\"k2222\"", "\"k2220\"")
        );
        let file = index.shown.head.parts[0].file_name();
        parts.push(fs::read(path.join(file)).expect("a part"));
    }
    assert!(parts[0] == parts[1] && parts[1] == parts[2]);
    let path = folder.path().join("w");
    let mut writer = Writer::create(&path, settings(), false).expect("creates");
    let error = writer.add_files(&files(1, None, 0.0), 1 << 30, &Progress::default());
    let error = error.expect_err("one row is broken").to_string();
    assert!(
        error.contains("1 of 3001, the first broken_json at byte "),
        "{error}"
    );
    let ones = files(2, None, 0.5);
    writer
        .add_files(&ones, 1 << 30, &Progress::default())
        .expect("adds");
    writer.commit().expect("commits");
    let index = Index::open(&path).expect("opens");
    assert_eq!(found(&index, &text(0))[0].0, "\"a.jsonl:0\"");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_changes_leave_what_all_texts_by_themselves_would_give(
        steps in prop::collection::vec((0_u8..4, 0_u64..200, 1_u64..30), 1..25),
    ) {
        let (_folder, path) = built(0..0);
        let mut texts = BTreeMap::new();
        for (kind, from, count) in steps {
            let mut writer = Writer::open(&path).expect("opens");
            let rows = from..from + count;
            match kind {
                0 | 1 => {
                    // An id stands for one text here.
                    let gone = ids(rows.clone()).into_iter().collect();
                    writer.remove(&gone).expect("removes");
                    add(&mut writer, rows.clone()).expect("adds");
                    texts.extend(rows.map(|row| (row, text(row))));
                }
                2 => {
                    writer.remove(&ids(rows.clone()).into_iter().collect()).expect("removes");
                    texts.retain(|row, _| !rows.contains(row));
                }
                _ => writer.merge_all().expect("merges"),
            }
            writer.commit().expect("commits");
        }
        let index = Index::open(&path).expect("opens");
        index.check().expect("whole");
        prop_assert_eq!(index.rows(), texts.len() as u64);
        for row in (0..230).step_by(7) {
            let mut ids: Vec<String> = found(&index, &text(row)).into_iter().map(|it| it.0).collect();
            ids.sort_unstable_by_key(|id| id.parse::<u64>().unwrap_or(0));
            prop_assert_eq!(ids, naive(&texts, &text(row)));
        }
    }
}

#[test]
fn rows_of_a_file_are_looked_up_in_order() {
    let (_folder, path) = built(0..100);
    let index = Index::open(&path).expect("opens");
    let line = |row| serde_json::json!({"id": row, "text": text(row)}).to_string() + "\n";
    let queries = path.join("queries.jsonl");
    let lines = (85..120).map(line).collect::<String>();
    fs::write(&queries, lines).expect("writes");
    let files = RowFiles {
        inputs: vec![InputFile::at(queries, "q".into()).expect("known")],
        text_key: "text".into(),
        id_key: Some("id".into()),
        bad_share_max: 0.0,
        threads: 3,
        split_bytes: 1000,
    };
    let output = path.join("found.jsonl");
    let done = index.query_files(&files, limits(2), &output, &Progress::default());
    let read = RowsRead {
        rows: 35,
        rejected: 0,
    };
    assert_eq!(done.expect("whole"), Queried { read, matched: 15 });
    let written = fs::read_to_string(output).expect("an output");
    let written: Vec<&str> = written.lines().collect();
    assert_eq!(written.len(), 35);
    let expected = r#"{"id":86,"neighbours":[{"id":86,"similarity":1.0,"intersection":36,"union":36},{"id":80,"similarity":0.9459459459459459,"intersection":35,"union":37}],"cut":false}"#;
    assert_eq!(written[1], expected);
    assert_eq!(written[34], r#"{"id":119,"neighbours":[],"cut":false}"#);
}
