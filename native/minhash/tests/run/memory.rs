//! Memory is bounded by the setting, and not by the rows.

use std::env;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use mithril_dedup::run::Job;

use crate::workplace::{Random, Workplace, done, joined};

/// Names the folder in which the child process works.
const FOLDER: &str = "MITHRIL_DEDUP_TEST_MEMORY_FOLDER";
const MEMORY: u64 = 32 << 20;
const ROWS: u64 = 250_000;

fn job(folder: &Workplace) -> Job {
    let input = folder.input("in.jsonl");
    let bytes = input.bytes;
    Job {
        memory: MEMORY,
        split_bytes: Job::split_bytes_for(bytes, MEMORY, 2),
        report: Some(folder.path("report.jsonl")),
        ..folder.job(vec![input])
    }
}

/// Rows of fourteen words; of three in ten another one differs in its last word, and as many are equal
/// to another.
fn lines() -> Vec<String> {
    let mut random = Random(13);
    let mut lines: Vec<String> = Vec::new();
    for id in 0..ROWS {
        let words = match (id, random.below(10)) {
            (1.., kind @ 0..6) => {
                let at = usize::try_from(random.below(id)).expect("few");
                let line = &lines[at];
                let start = line.find(":\"").expect("a text") + 2;
                let text = &line[start..line.len() - 2];
                let (rest, last) = text.rsplit_once(' ').expect("words");
                let changed = format!("x{id}");
                format!("{rest} {}", if kind < 3 { &changed } else { last })
            }
            _ => random.words(14).join(" "),
        };
        lines.push(format!("{{\"id\":{id},\"text\":\"{words}\"}}"));
    }
    lines
}

/// Not a test of its own: the process whose memory is measured. Tells its peak in a file.
#[test]
fn as_child() {
    let Some(folder) = env::var_os(FOLDER) else {
        return;
    };
    let place = Workplace::existing(PathBuf::from(folder));
    done(&job(&place));
    let status = fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    fs::write(place.path("peak"), line.expect("a peak")).expect("writes");
}

#[test]
#[cfg(target_os = "linux")]
fn a_process_stays_below_its_memory_and_gives_the_same_bytes() {
    let place = Workplace::new();
    let roomy = Workplace::new();
    let bytes = joined(&lines());
    place.write("in.jsonl", &bytes);
    roomy.write("in.jsonl", &bytes);
    let ended = Command::new(env::current_exe().expect("this program"))
        .args(["memory::as_child", "--exact"])
        .env(FOLDER, place.folder())
        .stdout(Stdio::null())
        .status()
        .expect("starts");
    assert!(ended.success());
    let told = String::from_utf8(place.read("peak")).expect("text");
    let kib = told.split_ascii_whitespace().nth(1).expect("a number");
    let peak = kib.parse::<u64>().expect("a number") << 10;
    eprintln!("peak: {} KiB", peak >> 10);
    assert!(peak < MEMORY, "{told}");
    // The hashes alone are more than twice as large.
    let summary = done(&Job {
        memory: 1 << 30,
        ..job(&roomy)
    });
    assert!(summary.total(0).rows * 188 > MEMORY);
    for name in ["out-in.jsonl", "report.jsonl"] {
        assert!(place.read(name) == roomy.read(name), "{name}");
    }
}

#[test]
fn a_key_of_more_rows_than_there_is_memory_for_gives_the_same_bytes() {
    const ROWS: usize = 6_000;
    let template = Random(5).words(60).join(" ");
    let line = |id| format!("{{\"id\":{id},\"text\":\"{template} x{id}\"}}");
    let bytes = joined(&(0..ROWS).map(line).collect::<Vec<_>>());
    let out = |memory| {
        let place = Workplace::new();
        let input = place.write("in.jsonl", &bytes);
        let summary = done(&Job {
            threads: 4,
            memory,
            ..place.job(vec![input])
        });
        assert_eq!(summary.total(0).dropped, ROWS as u64 - 1);
        place.read("out-in.jsonl")
    };
    // A thread has an eighth of a quarter for the keys of a band, 16 bytes each.
    assert!(out(2 << 20) == out(1 << 30));
}
