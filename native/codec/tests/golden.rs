//! Golden files: they decode for ever, and whatever happens to them, never to something else.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use mithril_checkpoint::Result;
use mithril_checkpoint::checksum::Sha256;
use mithril_checkpoint::packed::{BaseFiles, Packed};
use serde::Deserialize;

/// Damaged versions that are tried of each file and kind of damage.
const TRIES_MAX: usize = 6000;

#[derive(Deserialize)]
struct List {
    files: Vec<Golden>,
}

#[derive(Deserialize)]
struct Golden {
    file: String,
    bytes: u64,
    sha256: String,
    original: Original,
    base: Option<String>,
}

#[derive(Deserialize)]
struct Original {
    bytes: u64,
    sha256: String,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../test/golden/v1")
}

fn list() -> Vec<Golden> {
    let json = std::fs::read(folder().join("MANIFEST.json")).expect("the list of golden files");
    serde_json::from_slice::<List>(&json)
        .expect("a list of golden files")
        .files
}

fn read(golden: &Golden) -> Vec<u8> {
    std::fs::read(folder().join(&golden.file)).expect("a golden file")
}

fn bases(golden: &Golden) -> BaseFiles {
    let listed = golden.base.iter().map(|base| folder().join(base)).collect();
    BaseFiles::beside(&folder().join(&golden.file), listed)
}

fn decode(packed: &[u8], bases: &BaseFiles) -> Result<Vec<u8>> {
    let mut packed = Packed::open(Box::new(std::io::Cursor::new(packed.to_vec())), 1)?;
    packed.open_bases(&mut |wanted| bases.resolve(wanted))?;
    let mut out = Vec::new();
    packed.decompress(&mut out, &mut |_| true)?;
    Ok(out)
}

#[test]
fn every_listed_file_is_unchanged_and_no_other_file_is_there() {
    let listed: BTreeSet<String> = list().iter().map(|golden| golden.file.clone()).collect();
    let found: BTreeSet<String> = std::fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .filter(|name| name != "MANIFEST.json")
        .collect();
    assert_eq!(found, listed);
    for golden in list() {
        let packed = read(&golden);
        assert_eq!(packed.len() as u64, golden.bytes, "{}", golden.file);
        assert_eq!(
            Sha256::of(&packed).to_string(),
            golden.sha256,
            "{}",
            golden.file
        );
    }
}

#[test]
fn every_golden_file_decodes_to_its_original() {
    for golden in list() {
        let original = decode(&read(&golden), &bases(&golden)).unwrap();
        assert_eq!(
            original.len() as u64,
            golden.original.bytes,
            "{}",
            golden.file
        );
        assert_eq!(
            Sha256::of(&original).to_string(),
            golden.original.sha256,
            "{}",
            golden.file
        );
    }
}

#[test]
fn a_golden_file_that_is_cut_anywhere_is_an_error() {
    for golden in list() {
        let (packed, bases) = (read(&golden), bases(&golden));
        for length in (0..packed.len()).step_by(packed.len().div_ceil(TRIES_MAX)) {
            assert!(
                decode(&packed[..length], &bases).is_err(),
                "{} at {length}",
                golden.file
            );
        }
    }
}

#[test]
fn a_flipped_bit_gives_an_error_or_the_same_bytes_and_never_a_panic() {
    for golden in list() {
        let (mut packed, bases) = (read(&golden), bases(&golden));
        let bits = packed.len() * 8;
        // An odd stride meets every bit position of a byte.
        for bit in (0..bits).step_by(bits.div_ceil(TRIES_MAX) | 1) {
            packed[bit / 8] ^= 1 << (bit % 8);
            if let Ok(restored) = decode(&packed, &bases) {
                let found = Sha256::of(&restored).to_string();
                assert_eq!(found, golden.original.sha256, "{} bit {bit}", golden.file);
            }
            packed[bit / 8] ^= 1 << (bit % 8);
        }
    }
}
