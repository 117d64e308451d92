//! Duplicates by other rules than verified near-duplicates: equal texts, and LSHBloom.

use mithril_dedup::ErrorKind;
use mithril_dedup::run::{Job, Progress, plan_bloom, run};
use mithril_dedup::settings::Method;

use crate::workplace::{Workplace, documents, done, joined};

fn with_method(job: Job, method: Method) -> Job {
    let mut job = job;
    job.settings.method = method;
    job
}

#[test]
fn equal_texts_are_those_of_the_same_bytes() {
    let texts = ["One two", "one two", "?!", "One two", "?!", "", ""];
    let lines: Vec<String> = (0..)
        .zip(texts)
        .map(|(id, text)| format!("{{\"id\":{id},\"text\":\"{text}\"}}"))
        .collect();
    for memory in [1 << 30, 1_000] {
        let place = Workplace::new();
        let input = place.write("in.jsonl", lines.join("\n"));
        let job = Job {
            memory,
            split_bytes: 40,
            report: Some(place.path("report.jsonl")),
            id_key: Some("id".into()),
            ..place.job(vec![input])
        };
        let summary = done(&with_method(job, Method::Exact));
        assert_eq!((summary.duplicates, summary.groups), (3, 3));
        assert_eq!(summary.candidates, 0);
        let kept = [0, 1, 2, 5].map(|at| lines[at].clone());
        assert_eq!(place.lines("out-in.jsonl"), kept);
        let report = place.json("report.jsonl");
        let pairs: Vec<_> = report
            .iter()
            .map(|it| (it["id"].as_u64(), it["survivor"]["id"].as_u64()))
            .collect();
        let expected = [(3, 0), (4, 2), (6, 5)].map(|(a, b)| (Some(a), Some(b)));
        assert_eq!(pairs, expected);
        assert!(report.iter().all(|it| it["similarity"] == 1.0));
    }
}

#[test]
fn filters_drop_what_was_seen_and_next_to_nothing_else() {
    let texts = documents(21, 3_000);
    let verified = Workplace::new();
    let input = verified.write("in.jsonl", joined(&texts));
    let expected = done(&verified.job(vec![input]));
    for memory in [1 << 30, 100_000] {
        let place = Workplace::new();
        let input = place.write("in.jsonl", joined(&texts));
        let job = Job {
            memory,
            split_bytes: 20_000,
            ..place.job(vec![input])
        };
        let plan = plan_bloom(&job, 0.001, &Progress::default()).expect("plans");
        assert!((3_000..4_000).contains(&plan.documents()), "{plan:?}");
        let summary = done(&with_method(job, Method::LshBloom(plan)));
        // Similar rows below the threshold share bands, too; these documents have none of those.
        assert!(summary.duplicates >= expected.duplicates);
        assert!(
            summary.duplicates < expected.duplicates + 20,
            "{}",
            summary.duplicates
        );
        let error = summary.bloom_error.expect("filters were used");
        assert!(error > 0.0 && error <= 0.001, "{error}");
        let total = summary.total(0);
        assert_eq!(total.rows, total.kept + total.dropped);
    }
}

#[test]
fn filters_of_references_drop_rows_that_are_like_them_only() {
    let place = Workplace::new();
    let reference = documents(22, 200);
    let own = documents(23, 200);
    let mut words: Vec<String> = own.clone();
    words.extend_from_slice(&reference[..50]);
    let inputs = vec![
        place.write("a.jsonl", joined(&reference)),
        place.write("b.jsonl", joined(&words)),
    ];
    let job = Job {
        references: 1,
        outputs: vec![place.path("out.jsonl")],
        ..place.job(inputs)
    };
    let plan = plan_bloom(&job, 1e-6, &Progress::default()).expect("plans");
    let summary = done(&with_method(job.clone(), Method::LshBloom(plan)));
    assert_eq!(place.lines("out.jsonl"), own);
    assert_eq!(summary.duplicates, 50);

    let reported = Job {
        report: Some(place.path("report.jsonl")),
        is_forced: true,
        ..with_method(job, Method::LshBloom(plan))
    };
    let error = run(&reported, &Progress::default()).expect_err("nothing is known");
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    assert!(error.to_string().contains("no report"), "{error}");
}
