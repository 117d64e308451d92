//! The shared data sets, where this machine has them.

use std::fs::File;
use std::path::{Path, PathBuf};

/// The texts of a shared data set in their order; `None`, said on standard error, where it is not on
/// this machine (it may not be shipped with the project). `MITHRIL_DEDUP_DATA` names their folder.
pub(crate) fn texts(name: &str) -> Option<Vec<String>> {
    let shared = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/dedup");
    let folder = std::env::var_os("MITHRIL_DEDUP_DATA").map_or_else(shared, PathBuf::from);
    let path = folder.join(format!("{name}.jsonl.zst"));
    let Ok(file) = File::open(&path) else {
        eprintln!("SKIPPED: {} is not on this machine", path.display());
        return None;
    };
    let jsonl = zstd::decode_all(file).expect("the data set is a zstd file");
    let texts = serde_json::Deserializer::from_slice(&jsonl).into_iter::<serde_json::Value>();
    let text = |row: serde_json::Value| row["text"].as_str().map(str::to_owned);
    texts
        .map(|row| text(row.expect("a JSON row")).expect("a text"))
        .collect::<Vec<_>>()
        .into()
}
