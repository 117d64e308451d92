//! What happens to duplicates, which of them survive, and what is said about it.

use mithril_dedup::run::{Mode, Progress, run};
use mithril_dedup::survivor::Keep;
use mithril_dedup::{ErrorKind, run as running};
use serde_json::json;

use crate::workplace::{Workplace, done};

const LONG: &str = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen \
                    fifteen sixteen seventeen eighteen nineteen twenty alpha beta gamma delta";

/// Rows 0, 2 and 4 are duplicates: 20 of 21 shingles in common, or equal words.
fn lines() -> Vec<String> {
    vec![
        format!(r#"{{"id":"a","text":"{LONG}","score":1}}"#),
        r#"{"id":"b","text":"nothing like the others at all here","score":9}"#.to_owned(),
        format!(r#"{{"id":"c","text":"{LONG} Epsilon","score":5}}"#),
        r#"{"id":"d","text":"?!"}"#.to_owned(),
        format!(r#"{{"text":"{}!","id":"e"}}"#, LONG.to_uppercase()),
        r#"{"id":"f","text":"?!"}"#.to_owned(),
    ]
}

fn kept(keep: Keep, mode: Mode) -> Vec<usize> {
    let place = Workplace::new();
    let lines = lines();
    let input = place.write("in.jsonl", lines.join("\n"));
    let job = running::Job {
        keep,
        mode,
        ..place.job(vec![input])
    };
    let summary = done(&job);
    let kept = place.lines("out-in.jsonl");
    assert_eq!(summary.files[0].kept, kept.len() as u64);
    assert_eq!(summary.files[0].dropped, (lines.len() - kept.len()) as u64);
    let number = |line: &String| lines.iter().position(|it| it == line);
    kept.iter()
        .map(|line| number(line).expect("byte for byte a line of the input"))
        .collect()
}

#[test]
fn the_survivor_is_chosen_by_the_rule() {
    assert_eq!(kept(Keep::First, Mode::Drop), [0, 1, 3, 5]);
    assert_eq!(kept(Keep::Last, Mode::Drop), [1, 3, 4, 5]);
    assert_eq!(kept(Keep::Longest, Mode::Drop), [1, 2, 3, 5]);
    assert_eq!(kept(Keep::Max("score".into()), Mode::Drop), [1, 2, 3, 5]);
    assert_eq!(kept(Keep::Max("absent".into()), Mode::Drop), [0, 1, 3, 5]);
    assert_eq!(kept(Keep::First, Mode::DropAll), [1, 3, 5]);
}

#[test]
fn annotated_rows_are_all_there_and_say_what_was_found() {
    let place = Workplace::new();
    let input = place.write("in.jsonl", lines().join("\n"));
    let job = running::Job {
        mode: Mode::Annotate,
        ..place.job(vec![input])
    };
    let summary = done(&job);
    assert_eq!((summary.duplicates, summary.groups), (2, 1));
    assert_eq!((summary.files[0].kept, summary.files[0].dropped), (6, 0));
    let rows = place.json("out-in.jsonl");
    let said: Vec<_> = rows
        .iter()
        .map(|row| row["mithril_dedup"].clone())
        .collect();
    assert_eq!(said[0], json!({"cluster": "in.jsonl:0", "keep": true}));
    assert_eq!(said[1], json!({"cluster": null, "keep": true}));
    assert_eq!(said[2], json!({"cluster": "in.jsonl:0", "keep": false}));
    assert_eq!(rows[4]["id"], "e");
}

#[test]
fn the_report_names_survivor_similarity_and_link_of_every_removed_row() {
    let place = Workplace::new();
    let input = place.write("in.jsonl", lines().join("\n"));
    let offset = lines()[..2]
        .iter()
        .map(|line| line.len() + 1)
        .sum::<usize>();
    let job = running::Job {
        report: Some(place.path("report.jsonl")),
        id_key: Some("id".into()),
        ..place.job(vec![input])
    };
    done(&job);
    let report = place.json("report.jsonl");
    assert_eq!(report.len(), 2);
    let first = json!({"file": "in.jsonl", "offset": 0});
    let line = &report[0];
    assert_eq!(
        (&line["id"], &line["offset"]),
        (&json!("c"), &json!(offset))
    );
    let survivor = json!({"id": "a", "file": "in.jsonl", "offset": 0});
    assert_eq!((&line["survivor"], &line["cluster"]), (&survivor, &first));
    assert_eq!(
        (&line["intersection"], &line["union"]),
        (&json!(20), &json!(21))
    );
    for similarity in [&line["similarity"], &line["link"]["similarity"]] {
        let similarity = similarity.as_f64().expect("a number");
        assert!((similarity - 20.0 / 21.0).abs() < 1e-9, "{similarity}");
    }
    assert_eq!(report[1]["id"], "e");
    assert_eq!(report[1]["similarity"], 1.0);
    assert_eq!(
        (&report[1]["intersection"], &report[1]["union"]),
        (&json!(20), &json!(20))
    );
}

#[test]
fn rows_that_cannot_be_used_are_listed_and_too_many_end_the_run() {
    let place = Workplace::new();
    let mut bytes = b"{\"text\":\"fine\"}\n{\"text\":\n\n{\"txt\":\"x\"}\n{\"text\":\"".to_vec();
    bytes.extend_from_slice(b"\xFF\"}\n{\"text\":\"a\0b\"}\n{\"text\":\"also fine\"}");
    let input = place.write("in.jsonl", bytes);
    let job = place.job(vec![input]);
    let error = run(&job, &Progress::default()).expect_err("4 of 6 are bad");
    assert_eq!(error.kind(), ErrorKind::TooManyBadRows);
    assert!(
        error
            .to_string()
            .contains("broken_json at byte 16 of in.jsonl"),
        "{error}"
    );
    assert_eq!(place.names(), ["in.jsonl", "rejected.jsonl"]);
    let said: Vec<_> = place.json("rejected.jsonl");
    let reasons: Vec<_> = said
        .iter()
        .map(|it| it["reason"].as_str().expect("text"))
        .collect();
    assert_eq!(
        reasons,
        ["broken_json", "missing_field", "invalid_utf8", "nul_byte"]
    );

    let lenient = running::Job {
        bad_share_max: 0.7,
        ..job
    };
    let summary = done(&lenient);
    let file = &summary.files[0];
    assert_eq!((file.rows, file.kept, file.rejected), (2, 2, 4));
    assert_eq!(
        place.read("out-in.jsonl"),
        b"{\"text\":\"fine\"}\n{\"text\":\"also fine\"}\n"
    );
}

#[test]
fn an_output_that_exists_is_not_replaced() {
    let place = Workplace::new();
    let input = place.write("in.jsonl", lines().join("\n"));
    place.write("out-in.jsonl", "mine");
    let job = place.job(vec![input]);
    let error = run(&job, &Progress::default()).expect_err("it exists");
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    assert_eq!(place.read("out-in.jsonl"), b"mine");
    assert_eq!(place.names(), ["in.jsonl", "out-in.jsonl"]);
    done(&running::Job {
        is_forced: true,
        ..job
    });
    assert_eq!(place.lines("out-in.jsonl").len(), 4);
}

#[test]
fn a_stopped_run_leaves_nothing() {
    let place = Workplace::new();
    let input = place.write("in.jsonl", lines().join("\n"));
    let progress = Progress::default();
    progress.cancel();
    let error = run(&place.job(vec![input]), &progress).expect_err("stopped");
    assert_eq!(error.kind(), ErrorKind::Cancelled);
    assert_eq!(place.names(), ["in.jsonl"]);
}

#[test]
fn an_empty_file_gives_an_empty_file() {
    let place = Workplace::new();
    let input = place.write("in.jsonl", "");
    let summary = done(&place.job(vec![input]));
    assert_eq!(summary.total(0).rows, 0);
    assert!(place.read("out-in.jsonl").is_empty());
}
