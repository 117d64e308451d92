//! Latency of queries to an index of generated texts, whose answers are checked first.
//!
//! `index_latency FOLDER [ROWS] [QUERIES]` builds an index of ROWS texts (1,000,000) of 40 words, seeded,
//! three tenths of them an earlier one with one or two words changed; or uses the one that is there.
//! Half of the QUERIES (20,000) are texts of the index with one of the last words changed, half are new. Of every
//! 100th the neighbours are compared with all texts one by one: what is found must be exactly
//! right, and what the bands miss is counted. Prints JSON, times in microseconds of wall and CPU.

#![expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "statistics"
)]

#[path = "shared/random.rs"]
mod random;

use std::collections::HashMap;
use std::path::Path;
use std::time::{Duration, Instant};
use std::{env, fs, process::ExitCode};

use mithril_dedup::index::{Index, IndexSettings, Limits, Writer};
use mithril_dedup::jaccard::overlap;
use mithril_dedup::run::Progress;
use mithril_dedup::shingle::Shingler;
use mithril_dedup::{Parameters, Result};
use random::Random;

const WORDS: u64 = 40;
const VOCABULARY: u64 = 50_000;
const SEED: u64 = 20_261_125;
const CHECKED_EVERY: usize = 100;
const BATCH_ROWS: u64 = 250_000;

/// Text number `row`; by its number alone, so that none need be kept.
fn text(row: u64, depth: u64) -> String {
    let mut random = Random(SEED ^ (row.wrapping_mul(0xD6E8_FEB8_6659_FD93)));
    let mut words: Vec<String> = if row > 0 && depth < 4 && random.below(10) < 3 {
        let of = text(random.below(row), depth + 1);
        of.split(' ').map(str::to_owned).collect()
    } else {
        return (0..WORDS)
            .map(|_| format!("w{}", random.below(VOCABULARY)))
            .collect::<Vec<_>>()
            .join(" ");
    };
    for _ in 0..=random.below(2) {
        words[random.below(WORDS) as usize] = format!("new{row}");
    }
    words.join(" ")
}

fn query(number: u64, rows: u64) -> String {
    if number % 2 == 1 {
        return text(rows + number, 4);
    }
    let mut random = Random(SEED ^ number);
    let of = text(random.below(rows), 0);
    let mut words: Vec<&str> = of.split(' ').collect();
    // Of the last three, so that the two are 33/39 alike or more.
    words[(WORDS - 1 - random.below(3)) as usize] = "changed";
    words.join(" ")
}

fn build(folder: &Path, settings: &IndexSettings, rows: u64) -> Result<Duration> {
    let mut took = Duration::ZERO;
    let mut writer = Writer::create(folder, settings.clone(), false)?;
    for from in (0..rows).step_by(BATCH_ROWS as usize) {
        let rows = from..rows.min(from + BATCH_ROWS);
        let texts: Vec<String> = rows.clone().map(|row| text(row, 0)).collect();
        let ids: Vec<String> = rows.map(|row| row.to_string()).collect();
        let clock = Instant::now();
        writer.add_texts(&texts[..], &ids, 2, &Progress::default())?;
        took += clock.elapsed();
    }
    let clock = Instant::now();
    writer.merge_all()?;
    writer.commit()?;
    Ok(took + clock.elapsed())
}

fn cpu_time() -> Duration {
    // The file is up to date as of the last tick, some milliseconds ago, or of the last call of the scheduler.
    std::thread::yield_now();
    let found = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanos = found.split(' ').next().and_then(|field| field.parse().ok());
    Duration::from_nanos(nanos.unwrap_or(0))
}

/// Found and missed neighbours of the checked queries, against all texts one by one.
fn check(index: &Index, limits: Limits, queries: &[String], rows: u64) -> Result<(usize, usize)> {
    let parameters = index.settings().parameters()?;
    let mut shingler = Shingler::new(parameters.ngram, parameters.seed)?;
    let mut sets = Vec::new();
    let mut queries_with: HashMap<u64, Vec<usize>> = HashMap::new();
    for (at, query) in queries.iter().enumerate() {
        let mut set = Vec::new();
        shingler.set(query, &mut set);
        for shingle in &set {
            queries_with.entry(*shingle).or_default().push(at);
        }
        sets.push((set, Vec::new()));
    }
    let mut other = Vec::new();
    for row in 0..rows {
        shingler.set(&text(row, 0), &mut other);
        let mut sharing: Vec<usize> = other
            .iter()
            .filter_map(|it| queries_with.get(it))
            .flatten()
            .copied()
            .collect();
        sharing.sort_unstable();
        sharing.dedup();
        for at in sharing {
            let (set, like) = &mut sets[at];
            let found = overlap(set, &other);
            if found.meets(limits.threshold) {
                like.push((row.to_string(), found));
            }
        }
    }
    let mut searcher = index.querier()?;
    let (mut found, mut missed) = (0, 0);
    for (query, (_, like)) in queries.iter().zip(&sets) {
        let neighbours = searcher.query(index, query, limits)?.found;
        for it in &neighbours {
            assert!(
                like.contains(&(it.id.clone(), it.overlap)),
                "{} is not like it",
                it.id
            );
        }
        found += neighbours.len();
        missed += like.len() - neighbours.len();
    }
    Ok((found, missed))
}

fn run(folder: &Path, rows: u64, count: u64) -> Result<()> {
    let threshold = "0.8".parse()?;
    let settings = IndexSettings::new(&Parameters::default(), threshold);
    let built = match Index::open(folder) {
        Ok(_) => Duration::ZERO,
        Err(_) => build(folder, &settings, rows)?,
    };
    let clock = Instant::now();
    let index = Index::open(folder)?;
    let opened = clock.elapsed();
    let limits = Limits {
        threshold,
        count: 10_000,
    };
    let queries: Vec<String> = (0..count).map(|number| query(number, rows)).collect();
    let checked: Vec<String> = queries.iter().step_by(CHECKED_EVERY - 1).cloned().collect();
    let (found, missed) = check(&index, limits, &checked, rows)?;
    let limits = Limits {
        count: 10,
        ..limits
    };
    let mut searcher = index.querier()?;
    let mut matched = 0;
    let mut times = Vec::with_capacity(queries.len());
    // Once to have its pages in memory, once to be timed.
    let mut cpu = Duration::ZERO;
    for _ in 0..2 {
        (matched, times) = (0, Vec::with_capacity(queries.len()));
        let before = cpu_time();
        for query in &queries {
            let clock = Instant::now();
            let neighbours = searcher.query(&index, query, limits)?;
            times.push(clock.elapsed().as_secs_f64() * 1e6);
            matched += usize::from(!neighbours.found.is_empty());
        }
        cpu = cpu_time().saturating_sub(before);
    }
    times.sort_by(f64::total_cmp);
    let at = |share: f64| times[((times.len() - 1) as f64 * share).round() as usize];
    println!(
        "{{\"rows\":{rows},\"parts\":{},\"bytesPerRow\":{:.1},\"buildSeconds\":{:.1},\"openMicros\":{:.0},\
         \"queries\":{count},\"matched\":{matched},\"checked\":{},\"found\":{found},\"missed\":{missed},\
         \"cpuMicrosMean\":{:.1},\"p50\":{:.1},\"p90\":{:.1},\"p99\":{:.1},\"p999\":{:.1},\"max\":{:.1}}}",
        index.parts(),
        index.bytes() as f64 / rows as f64,
        built.as_secs_f64(),
        opened.as_secs_f64() * 1e6,
        checked.len(),
        cpu.as_secs_f64() * 1e6 / count as f64,
        at(0.5),
        at(0.9),
        at(0.99),
        at(0.999),
        at(1.0),
    );
    Ok(())
}

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let number = |at: usize, other| {
        arguments
            .get(at)
            .map_or(Some(other), |text| text.parse().ok())
    };
    let (Some(folder), Some(rows), Some(count)) =
        (arguments.first(), number(1, 1_000_000), number(2, 20_000))
    else {
        eprintln!("usage: index_latency FOLDER [ROWS] [QUERIES]");
        return ExitCode::FAILURE;
    };
    match run(Path::new(folder), rows, count) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
