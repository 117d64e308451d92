//! The whole work on 100,000 documents, 30% of them near-duplicates.

#[path = "../examples/shared/random.rs"]
mod random;

use std::fmt::Write;
use std::fs;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use mithril_dedup::Parameters;
use mithril_dedup::run::{InputFile, Job, Mode, Progress, run};
use mithril_dedup::settings::Settings;
use mithril_dedup::survivor::Keep;
use random::Random;

const DOCUMENTS: u64 = 100_000;
const WORDS: u64 = 40;
/// Words to choose from; drawn evenly, so that other documents hardly share five in a row.
const VOCABULARY: u64 = 50_000;
const SEED: u64 = 20_261_125;

/// Lines of 40 words; every row of three tenths is an earlier one of the others with its last word
/// changed (similarity 35/37). Returns how many those are.
fn documents() -> (String, u64) {
    let mut random = Random(SEED);
    let mut originals: Vec<Vec<u64>> = Vec::new();
    let (mut lines, mut copies) = (String::new(), 0);
    for id in 0..DOCUMENTS {
        let made = originals.len() as u64;
        let words = if made > 0 && random.below(10) < 3 {
            copies += 1;
            let at = usize::try_from(random.below(made)).unwrap_or(0);
            let mut words = originals[at].clone();
            words.pop();
            words.push(VOCABULARY + id);
            words
        } else {
            let words: Vec<u64> = (0..WORDS).map(|_| random.below(VOCABULARY)).collect();
            originals.push(words.clone());
            words
        };
        let words: Vec<String> = words.iter().map(|word| format!("w{word}")).collect();
        let _ = writeln!(lines, "{{\"id\":{id},\"text\":\"{}\"}}", words.join(" "));
    }
    (lines, copies)
}

fn full_pipeline(criterion: &mut Criterion) {
    let folder = std::env::temp_dir().join(format!("mithril-dedup-bench-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("a folder");
    let (input, output) = (folder.join("in.jsonl"), folder.join("out.jsonl"));
    let (lines, copies) = documents();
    fs::write(&input, &lines).expect("writes");
    let threshold = "0.8".parse().expect("a threshold");
    let settings = Settings::new(Parameters::default(), threshold, "text".into());
    let job = Job {
        inputs: vec![InputFile::at(input, "in.jsonl".into()).expect("a known kind")],
        references: 0,
        outputs: vec![output],
        is_forced: true,
        settings: settings.expect("sound"),
        keep: Keep::First,
        mode: Mode::Drop,
        report: None,
        id_key: None,
        rejects: None,
        bad_share_max: 0.0,
        scratch: folder.join("scratch"),
        threads: 1,
        memory: 1 << 30,
        split_bytes: 1 << 20,
    };
    let removed = run(&job, &Progress::default()).expect("runs").duplicates;
    assert_eq!(removed, copies, "every copy goes and nothing else");
    let mut group = criterion.benchmark_group("dedup/full_pipeline");
    group
        .throughput(Throughput::Elements(DOCUMENTS))
        .sample_size(10);
    group.bench_function("100K", |bench| {
        bench.iter(|| run(&job, &Progress::default()).expect("runs"));
    });
    group.finish();
    fs::remove_dir_all(&folder).expect("removes");
}

criterion_group!(benches, full_pipeline);
criterion_main!(benches);
