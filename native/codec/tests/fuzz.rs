//! The fuzz targets on a stable compiler: every input that once found something, and many random ones.
//!
//! `native/fuzz` holds the targets, `docs/fuzzing.md` says how to run them for longer.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::unwrap_used,
    reason = "the targets take numbers as the fuzzer gives them, and panic to say that something is wrong"
)]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use arbitrary::{Arbitrary, Unstructured};
use fuzz::recipe::{Files, Recipe};
use fuzz::{TARGETS, Target, round_trip};
use mithril_checkpoint::checksum::Sha256;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

#[path = "../../fuzz/src/lib.rs"]
#[expect(unreachable_pub, reason = "a crate for the fuzzer, a module here")]
mod fuzz;

/// Files that the decoder in Python restores, unless `PYTHON_FILES` says how many.
const PYTHON_FILES: usize = 200;
/// Reads lines of a file and its base, and writes the SHA-256 of each original.
const PYTHON_PROGRAM: &str = "
import hashlib, pathlib, sys
sys.path.insert(0, sys.argv[1])
import mith_decode
for line in pathlib.Path(sys.argv[2]).read_text().splitlines():
    source, *bases = map(pathlib.Path, line.split())
    print(hashlib.sha256(mith_decode.decode(source, bases)).hexdigest())
";

#[test]
fn inputs_that_once_failed_pass() {
    let folder = root().join("native/fuzz/regressions");
    for target in std::fs::read_dir(folder).unwrap() {
        let target = target.unwrap();
        let is_named = |(name, _): &&Target| target.file_name() == *name;
        let (_, check) = TARGETS.iter().find(is_named).expect("a folder of a target");
        for input in std::fs::read_dir(target.path()).unwrap() {
            let path = input.unwrap().path();
            println!("{}", path.display());
            check(&std::fs::read(path).unwrap());
        }
    }
}

fn recipe(bytes: &[u8]) -> Recipe {
    Recipe::arbitrary(&mut Unstructured::new(bytes)).unwrap()
}

// PROPTEST_CASES says how many; without it there are 256 of each.
proptest! {
    #[test]
    fn any_regions_come_back_from_both_decoders(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        round_trip::check_segment(&recipe(&bytes));
    }

    #[test]
    fn any_file_comes_back_alone_and_against_a_base(
        bytes in prop::collection::vec(any::<u8>(), 0..400),
    ) {
        round_trip::check_packed(&recipe(&bytes));
    }

    #[test]
    fn any_input_of_any_target_is_fine(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        for (_, check) in TARGETS {
            check(&bytes);
        }
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The environment with numpy and zstandard that the set-up makes, or the interpreter that `MITHRIL_PYTHON` names.
fn python() -> PathBuf {
    let own = root().join(".setup/python/bin/python");
    std::env::var_os("MITHRIL_PYTHON").map_or(own, PathBuf::from)
}

#[test]
fn the_decoder_in_python_restores_generated_files() {
    let folder = tempfile::tempdir().unwrap();
    let mut runner = TestRunner::deterministic();
    let inputs = prop::collection::vec(any::<u8>(), 20..300);
    let (mut list, mut expected) = (String::new(), Vec::new());
    let count = std::env::var("PYTHON_FILES").map_or(PYTHON_FILES, |count| count.parse().unwrap());
    for number in 0..count {
        let recipe = recipe(&inputs.new_tree(&mut runner).unwrap().current());
        let Files { file, base } = recipe.files();
        let base = match number % 3 {
            0 => None,
            1 => Some(base),
            _ => Some(round_trip::pack(&base, None, &recipe)),
        };
        let packed = round_trip::pack(&file, base.as_deref(), &recipe);
        let path = folder.path().join(format!("{number}.mith"));
        std::fs::write(&path, packed).unwrap();
        write!(list, "{}", path.display()).unwrap();
        if let Some(base) = base {
            let path = folder.path().join(format!("{number}.base"));
            std::fs::write(&path, base).unwrap();
            write!(list, " {}", path.display()).unwrap();
        }
        list.push('\n');
        expected.push(Sha256::of(&file).to_string());
    }
    let listed = folder.path().join("list");
    std::fs::write(&listed, list).unwrap();
    let python = python();
    let output = Command::new(&python)
        .args(["-c", PYTHON_PROGRAM])
        .args([&root().join("docs/format"), &listed])
        .output()
        .unwrap_or_else(|error| {
            let python = python.display();
            panic!(
                "{python}: {error}; `npm run setup -- test` makes it, MITHRIL_PYTHON names another"
            )
        });
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let found = String::from_utf8_lossy(&output.stdout);
    assert_eq!(found.lines().count(), count);
    for (number, (found, expected)) in found.lines().zip(expected).enumerate() {
        assert_eq!(found, expected, "file {number}");
    }
}
