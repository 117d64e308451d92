//! Documents for measurements: `generate_documents COUNT OUTPUT`, JSON lines with `id` and `text`.
//!
//! 40 words each, drawn evenly from 50,000, so that other documents hardly share five in a row.
//! Three tenths of the documents are an earlier one of the others with its last word changed
//! (similarity 35/37). Each is made from its number and the seed alone. Prints how many are copies.

#[path = "shared/random.rs"]
mod random;

use std::env;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::process::ExitCode;

use random::Random;

const SEED: u64 = 20_261_125;
const WORDS: usize = 40;
const VOCABULARY: u64 = 50_000;

/// The numbers of one document.
fn numbers_of(id: u64) -> Random {
    Random(SEED.wrapping_add(id.wrapping_mul(0xA076_1D64_78BD_642F)))
}

fn is_copy(id: u64) -> bool {
    id > 0 && numbers_of(id).below(10) < 3
}

/// The document that this one is a copy of.
fn original_of(id: u64, random: &mut Random) -> u64 {
    loop {
        let earlier = random.below(id);
        if !is_copy(earlier) {
            return earlier;
        }
    }
}

fn words(id: u64) -> [u64; WORDS] {
    let mut random = numbers_of(id);
    let copied = random.below(10) < 3 && id > 0;
    if copied {
        let mut words = words(original_of(id, &mut random));
        words[WORDS - 1] = VOCABULARY + id;
        return words;
    }
    std::array::from_fn(|_| random.below(VOCABULARY))
}

fn generate(count: u64, output: &str) -> io::Result<u64> {
    let mut out = BufWriter::with_capacity(1 << 20, File::create(output)?);
    for id in 0..count {
        write!(out, "{{\"id\":{id},\"text\":\"")?;
        for (at, word) in words(id).iter().enumerate() {
            let gap = if at == 0 { "" } else { " " };
            write!(out, "{gap}w{word}")?;
        }
        out.write_all(b"\"}\n")?;
    }
    out.flush()?;
    Ok((0..count).filter(|id| is_copy(*id)).count() as u64)
}

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let count = arguments.first().and_then(|text| text.parse().ok());
    let (Some(count), Some(output)) = (count, arguments.get(1)) else {
        eprintln!("usage: generate_documents COUNT OUTPUT");
        return ExitCode::FAILURE;
    };
    match generate(count, output) {
        Ok(copies) => {
            println!("{{\"rows\":{count},\"copies\":{copies}}}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{output}: {error}");
            ExitCode::FAILURE
        }
    }
}
