//! Parquet in and out: the rows of `tests/data`, which pyarrow wrote (`make_parquet.py`), as lines
//! and as columns of every kind.

use std::fs::File;
use std::path::Path;

use mithril_dedup::run::{InputFile, Job, Mode, Progress, run};
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::{Field, Row};

use crate::workplace::{Workplace, done};

fn data(name: &str) -> InputFile {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    InputFile::at(folder.join(name), name.to_owned()).expect("a known kind")
}

fn reader(path: &Path) -> SerializedFileReader<File> {
    SerializedFileReader::new(File::open(path).expect("opens")).expect("Parquet")
}

fn rows(path: &Path) -> Vec<Row> {
    let rows = reader(path).into_iter();
    rows.map(|row| row.expect("a row")).collect()
}

fn id(row: &Row) -> u64 {
    match row.get_column_iter().next() {
        Some((_, Field::ULong(id))) => *id,
        other => panic!("no id: {other:?}"),
    }
}

/// The job on the rows as lines; one row has no text.
fn of_lines(place: &Workplace) -> Job {
    Job {
        report: Some(place.path("lines-report.jsonl")),
        id_key: Some("id".into()),
        bad_share_max: 0.01,
        rejects: None,
        ..place.job(vec![data("rows.jsonl")])
    }
}

fn of_columns(place: &Workplace) -> Job {
    let input = data("rows.parquet");
    Job {
        outputs: vec![place.path("out.parquet")],
        report: Some(place.path("columns-report.jsonl")),
        inputs: vec![input],
        ..of_lines(place)
    }
}

#[test]
fn the_rows_of_columns_are_those_of_lines_with_every_column_as_it_was() {
    for (threads, split_bytes, memory) in [(2, 1 << 20, 1 << 30), (2, 1, 20_000)] {
        for rule in ["first", "last", "longest", "max:score"] {
            let place = Workplace::new();
            let set = |job: Job| Job {
                keep: rule.parse().expect("a rule"),
                threads,
                split_bytes,
                memory,
                ..job
            };
            let lines = done(&set(of_lines(&place)));
            let columns = done(&set(of_columns(&place)));
            assert_eq!(columns.files, lines.files);
            assert!(columns.duplicates > 90, "{}", columns.duplicates);
            let kept: Vec<u64> = place
                .json("out-rows.jsonl")
                .iter()
                .map(|row| row["id"].as_u64().expect("a number"))
                .collect();
            let input = rows(&data("rows.parquet").path).into_iter();
            let expected: Vec<Row> = input.filter(|row| kept.contains(&id(row))).collect();
            assert!(rows(&place.path("out.parquet")) == expected, "{rule}");
            let reports = ["lines-report.jsonl", "columns-report.jsonl"];
            let [of_lines, of_columns] = reports.map(|name| {
                let rows = place.json(name).into_iter();
                rows.map(|it| {
                    (
                        it["id"].clone(),
                        it["survivor"]["id"].clone(),
                        it["union"].clone(),
                    )
                })
                .collect::<Vec<_>>()
            });
            assert_eq!(of_columns, of_lines);
        }
    }
}

#[test]
fn the_schema_and_what_is_said_of_the_file_are_kept() {
    let place = Workplace::new();
    done(&of_columns(&place));
    let [before, after] =
        [data("rows.parquet").path, place.path("out.parquet")].map(|path| reader(&path));
    let [before, after] = [&before, &after].map(|it| it.metadata().file_metadata());
    assert_eq!(before.schema(), after.schema());
    let said = after.key_value_metadata().expect("some");
    for key in ["ARROW:schema", "made by"] {
        assert!(said.iter().any(|it| it.key == key), "{key}");
    }
    let path = place.path("out.parquet");
    let reader = reader(&path);
    let groups = reader.metadata().row_groups();
    assert_eq!(groups.len(), 4);
    let column = groups[0].column(1);
    assert!(matches!(
        column.compression(),
        parquet::basic::Compression::ZSTD(_)
    ));
}

#[test]
fn annotations_are_two_columns_more() {
    let place = Workplace::new();
    let summary = done(&Job {
        mode: Mode::Annotate,
        ..of_columns(&place)
    });
    let all = rows(&place.path("out.parquet"));
    assert_eq!(all.len(), 299, "the row without a text is left out");
    let removed = all.iter().filter(|row| {
        let fields: Vec<_> = row.get_column_iter().collect();
        let [.., (cluster, place), (keep, kept)] = &fields[..] else {
            panic!("too few columns");
        };
        assert_eq!(*cluster, "mithril_dedup_cluster");
        assert_eq!(*keep, "mithril_dedup_keep");
        let is_named = matches!(place, Field::Str(name) if name.starts_with("rows.parquet:"));
        assert!(is_named || **place == Field::Null && **kept == Field::Bool(true));
        **kept == Field::Bool(false)
    });
    assert_eq!(removed.count() as u64, summary.duplicates);
}

#[test]
fn what_does_not_fit_is_refused() {
    let place = Workplace::new();
    let refused = |job: &Job, why: &str| {
        let error = run(job, &Progress::default()).expect_err(why);
        assert!(error.to_string().contains(why), "{error}");
    };
    let job = of_columns(&place);
    let outputs = vec![place.path("out.jsonl")];
    refused(
        &Job {
            outputs,
            ..job.clone()
        },
        ".parquet",
    );
    let mut no_text = job.clone();
    no_text.settings.text_key = "score".into();
    refused(&no_text, "one of: id, text, score");
    let whole = std::fs::read(data("rows.parquet").path).expect("reads");
    for length in [0, 11, whole.len() / 2, whole.len() - 1] {
        let cut = place.write("cut.parquet", &whole[..length]);
        let inputs = vec![cut];
        refused(
            &Job {
                inputs,
                ..job.clone()
            },
            "damage",
        );
    }
    assert_eq!(place.names(), ["cut.parquet"]);
}
