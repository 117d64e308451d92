//! The same files and settings give the same bytes, whatever threads, splits, memory or packing.

use std::io::{Read, Write};

use mithril_dedup::jaccard::oracle;
use mithril_dedup::run::{Job, Mode, Progress, run};
use mithril_dedup::shingle::{Ngram, Shingler};
use mithril_dedup::union_find::UnionFind;

use crate::workplace::{Random, Workplace, documents, done, joined};

struct Outcome {
    kept: Vec<u8>,
    report: Vec<u8>,
}

fn outcome(place: &Workplace, job: Job) -> Outcome {
    let job = Job {
        report: Some(place.path("report.jsonl")),
        id_key: Some("id".into()),
        is_forced: true,
        ..job
    };
    done(&job);
    let name = job.outputs[0]
        .file_name()
        .expect("a name")
        .to_string_lossy();
    Outcome {
        kept: place.read(&name),
        report: place.read("report.jsonl"),
    }
}

#[test]
fn threads_splits_and_memory_do_not_matter() {
    let place = Workplace::new();
    let input = place.write("in.jsonl", joined(&documents(1, 2_000)));
    let job = place.job(vec![input]);
    let expected = outcome(&place, job.clone());
    assert!(expected.kept.len() > 100_000 && expected.report.len() > 10_000);
    for (threads, split_bytes, memory) in [
        (1, 1 << 30, 1 << 30),
        (3, 5_000, 1 << 30),
        (2, 777, 1 << 30),
        (2, 40_000, 30_000),
        (1, 9_999, 100_000),
    ] {
        let other = outcome(
            &place,
            Job {
                threads,
                split_bytes,
                memory,
                ..job.clone()
            },
        );
        assert!(
            other.kept == expected.kept,
            "{threads} threads, {split_bytes} B, {memory} B"
        );
        assert!(
            other.report == expected.report,
            "{threads} threads, {split_bytes} B, {memory} B"
        );
    }
}

/// Rows that all differ in one word lie in buckets larger than what is held in memory together.
#[test]
fn many_rows_of_one_template_are_found_with_little_memory() {
    let place = Workplace::new();
    let mut words = Random(4).words(60);
    let mut lines = documents(4, 500);
    for id in 0..6_000 {
        words[59] = format!("last{id}");
        lines.push(format!("{{\"id\":{id},\"text\":\"{}\"}}", words.join(" ")));
    }
    let input = place.write("in.jsonl", joined(&lines));
    for keep in ["first", "last", "max:n"] {
        let job = Job {
            keep: keep.parse().expect("a rule"),
            ..place.job(vec![input.clone()])
        };
        let expected = outcome(&place, job.clone());
        let little = outcome(
            &place,
            Job {
                memory: 1 << 20,
                split_bytes: 100_000,
                ..job
            },
        );
        assert!(
            little.kept == expected.kept && little.report == expected.report,
            "{keep}"
        );
    }
}

#[test]
fn memory_does_not_matter_with_annotations_and_references() {
    let place = Workplace::new();
    let references = place.write("a.jsonl", joined(&documents(10, 1_500)));
    let rows = [documents(10, 900), documents(11, 1_500)].concat();
    let inputs = vec![references, place.write("b.jsonl", joined(&rows))];
    let both = Job {
        mode: Mode::Annotate,
        ..place.job(inputs)
    };
    let against = Job {
        references: 1,
        mode: Mode::Drop,
        outputs: vec![place.path("out-b.jsonl")],
        ..both.clone()
    };
    for job in [both, against] {
        let expected = outcome(&place, job.clone());
        let little = outcome(
            &place,
            Job {
                memory: 100_000,
                split_bytes: 30_000,
                ..job
            },
        );
        assert!(expected.report.len() > 10_000);
        assert!(little.kept == expected.kept && little.report == expected.report);
    }
}

#[test]
fn too_little_memory_for_the_rows_is_refused_and_more_goes_on() {
    let place = Workplace::new();
    let input = place.write("in.jsonl", joined(&documents(12, 2_000)));
    let job = Job {
        memory: 20_000,
        split_bytes: 20_000,
        ..place.job(vec![input])
    };
    let error = run(&job, &Progress::default()).expect_err("13 bytes a row are needed");
    assert!(
        error.to_string().contains("the memory for 2000 rows"),
        "{error}"
    );
    assert!(place.names_in("scratch").len() > 10, "hashes are kept");
    done(&Job {
        memory: 1 << 20,
        ..job
    });
    assert_eq!(place.names(), ["in.jsonl", "out-in.jsonl"]);
}

#[test]
fn compressed_files_give_the_rows_of_plain_ones() {
    let place = Workplace::new();
    let bytes = joined(&documents(2, 500));
    let plain = place.write("in.jsonl", &bytes);
    let expected = outcome(&place, place.job(vec![plain]));
    // Two frames, as concatenated files have them.
    let (left, right) = bytes.split_at(bytes.len() / 2);
    let frames = [left, right].map(|part| zstd::encode_all(part, 1).expect("compresses"));
    let zstd = place.write("in.jsonl.zst", frames.concat());
    let member = |part: &[u8]| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(part).expect("a vector takes all");
        encoder.finish().expect("a vector takes all")
    };
    let gzip = place.write("in.jsonl.gz", [member(left), member(right)].concat());
    let from_zstd = outcome(
        &place,
        Job {
            split_bytes: 3_000,
            ..place.job(vec![zstd])
        },
    );
    assert_eq!(
        zstd::decode_all(&from_zstd.kept[..]).expect("zstd"),
        expected.kept
    );
    let from_gzip = outcome(
        &place,
        Job {
            split_bytes: 3_000,
            ..place.job(vec![gzip])
        },
    );
    let mut unpacked = Vec::new();
    let mut decoder = flate2::read::GzDecoder::new(&from_gzip.kept[..]);
    decoder.read_to_end(&mut unpacked).expect("gzip");
    assert_eq!(unpacked, expected.kept);
}

#[test]
fn a_cut_compressed_file_is_damage_and_leaves_nothing() {
    let place = Workplace::new();
    let packed = zstd::encode_all(&joined(&documents(2, 500))[..], 1).expect("compresses");
    let input = place.write("in.jsonl.zst", &packed[..packed.len() / 2]);
    let result = run(&place.job(vec![input]), &Progress::default());
    let error = result.expect_err("it is cut");
    assert_eq!(
        error.kind(),
        mithril_dedup::ErrorKind::Corruption,
        "{error}"
    );
    assert_eq!(place.names(), ["in.jsonl.zst"]);
}

#[test]
fn removed_rows_are_those_of_exact_comparison() {
    let place = Workplace::new();
    let lines = documents(3, 1_500);
    let (left, right) = lines.split_at(700);
    let inputs = vec![
        place.write("a.jsonl", joined(left)),
        place.write("b.jsonl", joined(right)),
    ];
    let job = place.job(inputs);
    let summary = done(&job);
    let mut shingler = Shingler::new(Ngram::default(), 0).expect("sound");
    let set = |line: &String| {
        let row: serde_json::Value = serde_json::from_str(line).expect("JSON");
        let mut set = Vec::new();
        shingler.set(row["text"].as_str().expect("text"), &mut set);
        set
    };
    let sets: Vec<Vec<u64>> = lines.iter().map(set).collect();
    let threshold = job.settings.threshold;
    let mut linked = UnionFind::new(lines.len());
    let row = |number: usize| u32::try_from(number).expect("few");
    for pair in oracle::pairs(&sets, threshold) {
        linked.join(row(pair.first), row(pair.second));
    }
    let kept = [place.lines("out-a.jsonl"), place.lines("out-b.jsonl")].concat();
    let mut survives =
        |(row, line): (u32, &String)| (linked.root(row) == row).then(|| line.clone());
    let expected: Vec<String> = (0..).zip(&lines).filter_map(&mut survives).collect();
    assert_eq!(kept, expected);
    assert_eq!(summary.duplicates, (lines.len() - expected.len()) as u64);
    assert!(
        (400..900).contains(&summary.duplicates),
        "{}",
        summary.duplicates
    );
}
