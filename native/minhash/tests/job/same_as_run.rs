//! However the work is divided, the job writes what the run on one machine writes.

use std::io::Write;

use mithril_dedup::run::{Job, Mode};
use serde_json::{Value, json};

use crate::machines::{COARSE, Division, Outcome, job_of};
use crate::workplace::{Random, Workplace, documents, done, joined};

const FINE: Division = Division {
    task_bytes: 7_001,
    parts: 5,
    bucket_bytes: 20_000,
    bin_bytes: 60_000,
    memory: 1 << 30,
};

type Inputs = Vec<(&'static str, Vec<u8>)>;

/// What the run on one machine writes: outputs, report, rejected lines.
fn expected(inputs: &Inputs, change: impl Fn(&mut Job)) -> (Vec<Vec<u8>>, Vec<u8>, Vec<u8>) {
    let place = Workplace::new();
    let files = inputs.iter().map(|(name, bytes)| place.write(name, bytes));
    let mut job = place.job(files.collect());
    job.report = Some(place.path("report.jsonl"));
    change(&mut job);
    done(&job);
    let outputs = inputs
        .iter()
        .map(|(name, _)| place.read(&format!("out-{name}")));
    let has_rejects = place.names().contains(&"rejected.jsonl".to_owned());
    let rejected = has_rejects.then(|| place.read("rejected.jsonl"));
    (
        outputs.collect(),
        place.read("report.jsonl"),
        rejected.unwrap_or_default(),
    )
}

fn assert_same(inputs: &Inputs, changes: &Value, change: impl Fn(&mut Job)) -> Vec<Outcome> {
    let (outputs, report, rejected) = expected(inputs, change);
    let little_memory = Division {
        memory: 3_000,
        ..FINE
    };
    let one_bin = Division {
        memory: 40_000,
        ..COARSE
    };
    let divisions = [COARSE, FINE, little_memory, one_bin];
    let run = divisions.map(|division| job_of(inputs, division, changes).expect("runs"));
    for (at, outcome) in run.iter().enumerate() {
        assert!(outcome.outputs == outputs, "outputs of division {at}");
        assert!(outcome.report == report, "report of division {at}");
        assert!(
            outcome.rejected == rejected,
            "rejected lines of division {at}"
        );
        for (file, counted) in outcome.files.iter().zip(&outcome.gathered.files) {
            assert_eq!((file.rows, file.rejected), (counted.rows, counted.rejected));
            assert_eq!(file.lines, file.kept + file.dropped + file.rejected);
        }
    }
    run.into_iter().collect()
}

fn three_files() -> Inputs {
    let lines = documents(5, 1_500);
    let (a, rest) = lines.split_at(400);
    let (b, c) = rest.split_at(600);
    vec![
        ("a.jsonl", joined(a)),
        ("b.jsonl", joined(b)),
        ("c.jsonl", joined(c)),
    ]
}

#[test]
fn of_every_survivor_rule() {
    let inputs = three_files();
    for keep in ["first", "last", "longest", "max:n"] {
        let changes = json!({ "keep": keep, "idKey": "id" });
        let outcomes = assert_same(&inputs, &changes, |job| {
            job.keep = keep.parse().expect("a rule");
            job.id_key = Some("id".into());
        });
        assert!(
            outcomes[0]
                .files
                .iter()
                .map(|file| file.duplicates)
                .sum::<u64>()
                > 400
        );
        assert!(outcomes[1].gathered.buckets.len() > 20 && outcomes[1].stitched.bins > 10);
        assert!(outcomes[3].parts > 5, "{} parts", outcomes[3].parts);
    }
}

#[test]
fn of_every_mode() {
    let inputs = three_files();
    for (name, mode) in [("annotate", Mode::Annotate), ("drop-all", Mode::DropAll)] {
        assert_same(&inputs, &json!({ "mode": name }), |job| job.mode = mode);
    }
}

#[test]
fn of_compressed_inputs() {
    let lines = documents(6, 900);
    let (a, rest) = lines.split_at(300);
    let (b, c) = rest.split_at(300);
    let frames = [&a[..100], &a[100..]].map(|part| zstd::encode_all(&joined(part)[..], 1));
    let frames = frames.map(|frame| frame.expect("compresses")).concat();
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(&joined(b)).expect("a vector takes all");
    let inputs = vec![
        ("a.jsonl.zst", frames),
        ("b.jsonl.gz", encoder.finish().expect("a vector takes all")),
        ("c.jsonl", joined(c)),
    ];
    assert_same(&inputs, &json!({}), |_| ());
}

#[test]
fn of_rows_that_cannot_be_used() {
    let mut bytes = joined(&documents(7, 200));
    bytes.extend_from_slice(
        b"{\"text\": 5}\n\n  \n{\"text\":\"\"}\n{\"text\":\"!\"}\nnot json\n[1]\n",
    );
    bytes
        .extend_from_slice(b"{\"text\":\"a\xFFb\"}\n{\"body\":\"x\"}\n{\"text\":\"the last one\"}");
    let inputs = vec![
        ("a.jsonl", bytes),
        ("b.jsonl", Vec::new()),
        ("c.jsonl", joined(&documents(7, 50))),
    ];
    let changes = json!({ "badShareMax": 0.5 });
    let outcomes = assert_same(&inputs, &changes, |job| job.bad_share_max = 0.5);
    assert_eq!(outcomes[0].gathered.rejected, 5);
    let error = job_of(&inputs, FINE, &json!({})).err().expect("too many");
    assert_eq!(error.kind(), mithril_dedup::ErrorKind::TooManyBadRows);
    assert!(
        error.to_string().contains("not_a_string at byte"),
        "{error}"
    );
}

#[test]
fn of_lines_that_are_too_long() {
    let long = |bytes: usize| format!("{{\"text\":\"{}\"}}", "x ".repeat(bytes / 2));
    let just_over = (32 << 20) + 1_000;
    let mut lines = documents(8, 20);
    lines.insert(3, long(just_over));
    lines.insert(9, long(34 << 20));
    let inputs = vec![("a.jsonl", joined(&lines))];
    let (outputs, _, rejected) = expected(&inputs, |job| job.bad_share_max = 0.5);
    for task_bytes in [1 << 30, 5 << 20] {
        let division = Division {
            task_bytes,
            ..COARSE
        };
        let outcome = job_of(&inputs, division, &json!({ "badShareMax": 0.5 })).expect("runs");
        assert!(outcome.outputs == outputs && outcome.rejected == rejected);
        assert_eq!(outcome.gathered.rejected, 2);
    }
}

/// Buckets of more rows than give all pairs: a template of 40 words with 10 of its own.
#[test]
fn of_large_buckets() {
    let mut random = Random(9);
    let template = random.words(60);
    let mut lines = Vec::new();
    for id in 0..600 {
        let mut words = template.clone();
        let own = random.words(3);
        for (at, word) in own.into_iter().enumerate() {
            words[20 * at + 7] = word;
        }
        lines.push(format!("{{\"id\":{id},\"text\":\"{}\"}}", words.join(" ")));
        if id % 5 == 0 {
            lines.push(lines[lines.len() - 1].clone());
        }
    }
    let (a, b) = lines.split_at(300);
    let inputs = vec![("a.jsonl", joined(a)), ("b.jsonl", joined(b))];
    for threshold in ["0.5", "0.8"] {
        let mut changes = json!({});
        changes["settings"] = json!({
            "textKey": "text", "threshold": threshold, "unit": "word", "n": 5,
            "permutations": 128, "bands": 20, "rows": 6, "seed": 0,
        });
        let outcomes = assert_same(&inputs, &changes, |job| {
            job.settings.threshold = threshold.parse().expect("a threshold");
        });
        assert!(
            outcomes[0].stitched.largest > 100,
            "{:?}",
            outcomes[0].stitched
        );
    }
}
