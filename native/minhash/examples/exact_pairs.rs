//! The truth of a comparison: `exact_pairs INPUT` prints all pairs of rows whose sets of word 5-grams
//! have a Jaccard similarity of at least 0.8, as a JSON array of `[first, second]`.
//!
//! INPUT is JSON lines with `text`. Every pair is found and counted by its sets, without signatures
//! and bands.

use std::{env, error::Error, fs};

use mithril_dedup::jaccard::oracle;
use mithril_dedup::shingle::{Ngram, Shingler};
use serde::Deserialize;

#[derive(Deserialize)]
struct Row {
    text: String,
}

fn main() -> Result<(), Box<dyn Error>> {
    let input = env::args_os().nth(1).ok_or("usage: exact_pairs INPUT")?;
    let bytes = fs::read(input)?;
    let mut shingler = Shingler::new(Ngram::default(), 0)?;
    let mut sets = Vec::new();
    for row in serde_json::Deserializer::from_slice(&bytes).into_iter::<Row>() {
        let mut set = Vec::new();
        shingler.set(&row?.text, &mut set);
        sets.push(set);
    }
    let pairs = oracle::pairs(&sets, "0.8".parse()?);
    let pairs: Vec<_> = pairs.iter().map(|pair| [pair.first, pair.second]).collect();
    println!("{}", serde_json::to_string(&pairs)?);
    Ok(())
}
