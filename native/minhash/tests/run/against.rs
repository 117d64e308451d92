//! Rows that are like a reference are removed; the reference is not written.

use mithril_dedup::run::Job;

use crate::workplace::{Workplace, documents, done, joined};

#[test]
fn rows_like_a_reference_go_and_all_others_stay() {
    let place = Workplace::new();
    let mut texts = documents(5, 40);
    let fresh = documents(6, 30);
    // The reference has the first 40; the input has changed copies of ten, and 30 of its own.
    let copies: Vec<String> = texts[..10]
        .iter()
        .map(|line| line.replace("\"}", " more\"}"))
        .collect();
    let reference = place.write("reference.jsonl", joined(&texts));
    texts = [fresh.clone(), copies].concat();
    let input = place.write("in.jsonl", joined(&texts));
    let job = Job {
        references: 1,
        outputs: vec![place.path("out.jsonl")],
        report: Some(place.path("report.jsonl")),
        ..place.job(vec![reference, input])
    };
    let summary = done(&job);
    assert_eq!(place.lines("out.jsonl"), fresh);
    assert_eq!(summary.duplicates, 10);
    let total = summary.total(1);
    assert_eq!((total.rows, total.kept, total.dropped), (40, 30, 10));
    for line in place.json("report.jsonl") {
        assert_eq!(line["file"], "in.jsonl");
        assert_eq!(line["survivor"]["file"], "reference.jsonl");
        assert!(line["similarity"].as_f64().expect("a number") >= 0.8);
    }
    assert_eq!(
        place.names(),
        ["in.jsonl", "out.jsonl", "reference.jsonl", "report.jsonl"]
    );
}
