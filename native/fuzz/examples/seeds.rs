//! Writes the first inputs of every target to `corpus/`: `cargo run --example seeds`.
//!
//! They are made from fixed seeds and from the golden files, so they need not be kept.

use std::error::Error;
use std::fs;
use std::path::Path;

use arbitrary::{Arbitrary, Unstructured};
use mithril_checkpoint::segment::{BaseView, base_ranges, encode_segment};
use mithril_fuzz::decode::pick;
use mithril_fuzz::recipe::Recipe;
use mithril_fuzz::samples::{self, Law};

/// Inputs of each kind.
const COUNT: u16 = 40;
/// Longest input.
const BYTES_MAX: usize = 16 << 10;

fn main() -> Result<(), Box<dyn Error>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let put = |target: &str, name: String, mode: Option<u8>, bytes: &[u8]| {
        let folder = root.join("corpus").join(target);
        fs::create_dir_all(&folder)?;
        let bytes = [mode.as_slice(), bytes].concat();
        if bytes.len() > BYTES_MAX {
            return Ok(());
        }
        fs::write(folder.join(name), bytes)
    };
    for number in 0..COUNT {
        let noise = Law::Noise(number).bytes(100 + usize::from(number) * 9, 1);
        put("round_trip", format!("noise-{number}"), None, &noise)?;
        put("decode", format!("entries-{number}"), Some(2), &noise)?;
        put("decode", format!("file-{number}"), Some(4), &noise)?;
        let recipe = Recipe::arbitrary(&mut Unstructured::new(&noise))?;
        put(
            "decode",
            format!("segment-{number}"),
            Some(1),
            &segment(&recipe)?,
        )?;
        let file = recipe.files().file;
        if let Some(json) = header(&file) {
            put("safetensors", format!("header-{number}"), Some(1), json)?;
        }
    }
    for entry in fs::read_dir(root.join("../../test/golden/v1"))? {
        let path = entry?.path();
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let bytes = fs::read(&path)?;
        if name.ends_with(".mith") {
            put("decode", name, Some(3), &bytes)?;
        }
    }
    Ok(())
}

fn segment(recipe: &Recipe) -> mithril_checkpoint::Result<Vec<u8>> {
    let range = recipe.range();
    let ranges = base_ranges(&range.regions, range.raw_offset, range.raw.len() as u64);
    let bytes = pick(samples::base(), &ranges).unwrap_or_default();
    let view = BaseView {
        ranges: &ranges,
        bytes: &bytes,
    };
    let mut out = Vec::new();
    let options = recipe.options(false);
    encode_segment(
        &range.raw,
        range.raw_offset,
        &range.regions,
        view,
        &options,
        &mut out,
    )?;
    Ok(out)
}

/// The JSON of a safetensors file.
fn header(file: &[u8]) -> Option<&[u8]> {
    let (length, rest) = file.split_first_chunk()?;
    rest.get(..usize::try_from(u64::from_le_bytes(*length)).ok()?)
}
