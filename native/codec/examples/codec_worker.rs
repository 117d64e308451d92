//! The codec on one file in a process of its own, driven line by line through standard input, as the peers are by
//! `bench/definitions/peers/worker.py`.
//!
//! `codec_worker FILE KIND [BASE]`, KIND as for `codec_speed`. It prints `{"ready":...,"bytes":...}`, then answers
//! each line with one line of JSON: `compress` (seconds, stored bytes), `decompress` (seconds, whether every byte came
//! back), `trim` (nothing to do here).

mod whole_file;

use std::io::{self, BufRead, Write};
use std::{env, process::ExitCode};

use whole_file::{Codec, read, timed};

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [file, kind, rest @ ..] = arguments.as_slice() else {
        eprintln!("usage: codec_worker FILE KIND [BASE]");
        return ExitCode::FAILURE;
    };
    let raw = read(file);
    let base = rest.first().map(read);
    let Some(mut codec) = Codec::new(&raw, kind, base.as_deref()) else {
        eprintln!("unknown kind {kind}");
        return ExitCode::FAILURE;
    };
    let mut out = Vec::new();
    println!(
        r#"{{"ready":"mithril","version":"{}","bytes":{}}}"#,
        env!("CARGO_PKG_VERSION"),
        raw.len()
    );
    for line in io::stdin().lock().lines() {
        let Ok(line) = line else { break };
        println!("{}", answer(&line, &mut codec, &mut out));
        let _ = io::stdout().flush();
    }
    ExitCode::SUCCESS
}

/// Does what one line asks for.
fn answer(command: &str, codec: &mut Codec<'_>, out: &mut Vec<u8>) -> String {
    match command {
        "compress" => {
            let took = timed(|| codec.compress());
            let stored = codec.stored.len();
            format!(
                r#"{{"wall":{},"cpu":{},"stored":{stored}}}"#,
                took.wall, took.cpu
            )
        }
        "decompress" => {
            out.fill(1);
            out.resize(codec.raw.len(), 1);
            let took = timed(|| codec.decompress(out));
            let equal = out == codec.raw;
            format!(
                r#"{{"wall":{},"cpu":{},"equal":{equal}}}"#,
                took.wall, took.cpu
            )
        }
        _ => r#"{"trimmed":0}"#.to_owned(),
    }
}
