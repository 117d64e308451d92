//! A run that is killed goes on when it is started again, with the same result.

use std::env;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use mithril_dedup::run::{Job, Progress, run};

use crate::workplace::{Random, Workplace, documents, done, joined};

/// Names the folder in which the child process works.
const FOLDER: &str = "MITHRIL_DEDUP_TEST_FOLDER";

/// Everything goes through the scratch folder, in many splits.
fn job(folder: &Workplace) -> Job {
    let inputs = vec![folder.input("a.jsonl"), folder.input("b.jsonl")];
    Job {
        memory: 1 << 17,
        split_bytes: 20_000,
        report: Some(folder.path("report.jsonl")),
        ..folder.job(inputs)
    }
}

/// Not a test of its own: what the killed process runs.
#[test]
fn as_child() {
    if let Some(folder) = env::var_os(FOLDER) {
        done(&job(&Workplace::existing(PathBuf::from(folder))));
    }
}

fn fill(place: &Workplace) {
    place.write("a.jsonl", joined(&documents(8, 3_000)));
    place.write("b.jsonl", joined(&documents(9, 2_000)));
}

fn results(place: &Workplace) -> [Vec<u8>; 3] {
    ["out-a.jsonl", "out-b.jsonl", "report.jsonl"].map(|name| place.read(name))
}

fn child(place: &Workplace) -> Child {
    Command::new(env::current_exe().expect("this program"))
        .args(["resume::as_child", "--exact"])
        .env(FOLDER, place.folder())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("starts")
}

/// How often a run is killed: `MITHRIL_DEDUP_TEST_KILLS`, or a few times.
fn kills_wanted() -> u32 {
    let wanted = env::var("MITHRIL_DEDUP_TEST_KILLS").ok();
    wanted.map_or(8, |text| text.parse().expect("a number"))
}

#[test]
fn a_run_killed_anywhere_ends_with_the_same_bytes() {
    let undisturbed = Workplace::new();
    fill(&undisturbed);
    let expected = done(&job(&undisturbed));
    let results_expected = results(&undisturbed);
    let timed = Workplace::new();
    fill(&timed);
    let clock = Instant::now();
    child(&timed).wait().expect("waits");
    let whole = u64::try_from(clock.elapsed().as_micros()).expect("short");

    let mut random = Random(u64::from(std::process::id()));
    let (mut kills, mut tables) = (0, 0);
    let wanted = kills_wanted();
    for _ in 0..wanted * 10 {
        if kills >= wanted {
            break;
        }
        let place = Workplace::new();
        fill(&place);
        // Killed twice where the first time was not the end.
        for _ in 0..2 {
            let mut child = child(&place);
            std::thread::sleep(Duration::from_micros(random.below(whole)));
            let had_ended = child.try_wait().expect("waits").is_some();
            child.kill().expect("ends");
            child.wait().expect("waits");
            if had_ended {
                break;
            }
            kills += 1;
        }
        if place.names().contains(&"scratch".to_owned()) {
            let left = place.names_in("scratch");
            tables += u32::from(left.iter().any(|name| name.contains(".table")));
            let summary = done(&job(&place));
            assert_eq!(summary.files, expected.files);
            assert_eq!(summary.duplicates, expected.duplicates);
            assert_eq!(summary.compared, expected.compared);
        } else if !place.names().contains(&"out-b.jsonl".to_owned()) {
            done(&job(&place));
        }
        assert!(results(&place) == results_expected);
        assert_eq!(place.names(), undisturbed.names());
    }
    eprintln!("{kills} kills; {tables} runs went on behind the hash stage");
    assert!(kills >= wanted, "children were faster than their end");
}

#[test]
fn a_damaged_spill_is_made_anew_and_another_job_starts_afresh() {
    let place = Workplace::new();
    fill(&place);
    let job = job(&place);
    // A run that ends after hashing: the report cannot be written.
    let broken = Job {
        report: Some(place.path("no/such/folder/report.jsonl")),
        ..job.clone()
    };
    run(&broken, &Progress::default()).expect_err("no such folder");
    let spills: Vec<String> = place
        .names_in("scratch")
        .into_iter()
        .filter(|name| name.contains(".spill"))
        .collect();
    assert!(spills.len() > 20, "{spills:?}");
    let damaged = place.path("scratch").join(&spills[3]);
    std::fs::write(&damaged, b"half").expect("writes");
    done(&job);
    let undisturbed = Workplace::new();
    fill(&undisturbed);
    done(&self::job(&undisturbed));
    assert!(results(&place) == results(&undisturbed));
}
