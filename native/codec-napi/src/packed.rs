//! `.mith` files by their paths.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

use mithril_checkpoint::Error;
use mithril_checkpoint::checksum::Checksums;
use mithril_checkpoint::packed::{
    Base, BaseFiles, CompressOptions, PACKED_SEGMENT_BYTES, Packed, Summary, compress, open_file,
};
use mithril_checkpoint::segment::EncodeOptions;
use napi::bindgen_prelude::*;
use napi_derive::napi;

use crate::container::TensorRecord;
use crate::manifest::Manifest;
use crate::segment::{SegmentStats, level_of};
use mithril_napi_common::outcome::{Outcome, length, number, whole};
use mithril_napi_common::work::Work;

#[napi(object, object_to_js = false)]
pub struct PackedOptions {
    /// Files, packed or plain: for compressing the base comes first. `.mith` files beside them and
    /// beside the input are found by themselves.
    pub bases: Vec<String>,
    pub threads: f64,
    pub level: String,
    /// Name to keep in the manifest; the input's file name if absent.
    pub name: Option<String>,
    /// Whether to take the SHA-256 of the original as well.
    pub sha256: Option<bool>,
    /// Bytes of the original in a segment; 16 MiB if absent.
    pub segment_bytes: Option<f64>,
}

#[napi(object, object_from_js = false)]
pub struct PackedSummary {
    pub bytes_in: f64,
    pub bytes_out: f64,
    pub seconds: f64,
    pub codec_seconds: f64,
    pub has_base: bool,
    pub crc32: String,
    #[napi(js_name = "crc32c")]
    pub crc32c: String,
    #[napi(js_name = "crc64nvme")]
    pub crc64nvme: String,
    pub stats: SegmentStats,
}

#[napi(object, object_from_js = false)]
pub struct PackedInfo {
    pub stored_bytes: f64,
    /// SHA-256 of the manifest: the name of the checkpoint.
    pub manifest_sha256: String,
    pub manifest: Manifest,
}

#[derive(Default)]
struct State {
    bytes_done: AtomicU64,
    bytes_total: AtomicU64,
    is_cancelled: AtomicBool,
}

/// One operation on a packed file: it can be watched and stopped from JavaScript.
#[napi]
#[derive(Default)]
pub struct PackedJob(Arc<State>);

impl State {
    fn start(&self, bytes_total: u64) {
        self.bytes_total.store(bytes_total, Ordering::Relaxed);
    }

    fn advance(&self, bytes_done: u64) -> bool {
        self.bytes_done.store(bytes_done, Ordering::Relaxed);
        !self.is_cancelled.load(Ordering::Relaxed)
    }
}

#[napi]
impl PackedJob {
    #[napi(constructor)]
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Bytes of the original done so far.
    #[napi(getter)]
    pub fn bytes_done(&self) -> f64 {
        number(self.0.bytes_done.load(Ordering::Relaxed))
    }

    /// Bytes of the original in all; 0 until it is known.
    #[napi(getter)]
    pub fn bytes_total(&self) -> f64 {
        number(self.0.bytes_total.load(Ordering::Relaxed))
    }

    /// Ends the operation with code `Cancelled` within a segment.
    #[napi]
    pub fn cancel(&self) {
        self.0.is_cancelled.store(true, Ordering::Relaxed);
    }

    /// Compresses one file into another, which is overwritten.
    #[napi]
    pub fn compress(
        &self,
        input: String,
        output: String,
        options: PackedOptions,
    ) -> AsyncTask<Work<PackedSummary>> {
        let state = Arc::clone(&self.0);
        Work::of(move || {
            let clock = Instant::now();
            let summary = compress_file(&state, Path::new(&input), Path::new(&output), &options)?;
            let bytes = (summary.original.bytes, summary.packed_bytes);
            Ok(summary_of(summary, bytes, clock))
        })
    }

    /// Restores one file into another, which is overwritten.
    #[napi]
    pub fn decompress(
        &self,
        input: String,
        output: String,
        options: PackedOptions,
    ) -> AsyncTask<Work<PackedSummary>> {
        let state = Arc::clone(&self.0);
        Work::of(move || {
            let clock = Instant::now();
            let mut packed = open_with_bases(Path::new(&input), &options)?;
            state.start(packed.manifest().original.bytes);
            let mut out = create(Path::new(&output))?;
            let summary = packed.decompress(&mut out, &mut |done| state.advance(done))?;
            Ok(summary_of(
                summary,
                (summary.packed_bytes, summary.original.bytes),
                clock,
            ))
        })
    }

    /// Restores a file without writing it anywhere.
    #[napi]
    pub fn verify(&self, input: String, options: PackedOptions) -> AsyncTask<Work<PackedSummary>> {
        let state = Arc::clone(&self.0);
        Work::of(move || {
            let clock = Instant::now();
            let mut packed = open_with_bases(Path::new(&input), &options)?;
            state.start(packed.manifest().original.bytes);
            let summary = packed.verify(&mut |done| state.advance(done))?;
            Ok(summary_of(
                summary,
                (summary.packed_bytes, summary.original.bytes),
                clock,
            ))
        })
    }
}

fn compress_file(
    state: &State,
    input: &Path,
    output: &Path,
    options: &PackedOptions,
) -> Outcome<Summary> {
    let threads = length("threads", options.threads)?;
    let file_name = || {
        input
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
    };
    let settings = CompressOptions {
        name: options.name.clone().or_else(file_name).unwrap_or_default(),
        encode: EncodeOptions {
            level: level_of(&options.level)?,
            threads,
        },
        with_sha256: options.sha256.unwrap_or(false),
        segment_bytes: match options.segment_bytes {
            Some(bytes) => whole("segmentBytes", bytes)?,
            None => PACKED_SEGMENT_BYTES,
        },
    };
    let bytes = std::fs::metadata(input)
        .map_err(|error| Error::io(format!("open {}", input.display()), error))?
        .len();
    state.start(bytes);
    let files = base_files(input, options);
    let base = match files.listed.first() {
        None => None,
        Some(path) => Some(Base::open(
            open_file(path)?,
            threads,
            &mut |wanted| files.resolve(wanted),
            &mut |_| state.advance(0),
        )?),
    };
    let source = open_file(input)?;
    let mut out = create(output)?;
    Ok(compress(source, base, &mut out, &settings, &mut |done| {
        state.advance(done)
    })?)
}

fn base_files(input: &Path, options: &PackedOptions) -> BaseFiles {
    BaseFiles::beside(input, options.bases.iter().map(PathBuf::from).collect())
}

fn open_with_bases(input: &Path, options: &PackedOptions) -> Outcome<Packed> {
    let mut packed = Packed::open(open_file(input)?, length("threads", options.threads)?)?;
    let files = base_files(input, options);
    packed.open_bases(&mut |wanted| files.resolve(wanted))?;
    Ok(packed)
}

fn create(path: &Path) -> Outcome<File> {
    File::create(path)
        .map_err(|error| Error::io(format!("create {}", path.display()), error).into())
}

fn summary_of(
    summary: Summary,
    (bytes_in, bytes_out): (u64, u64),
    clock: Instant,
) -> PackedSummary {
    let Checksums {
        crc32,
        crc32c,
        crc64nvme,
        ..
    } = summary.original;
    PackedSummary {
        bytes_in: number(bytes_in),
        bytes_out: number(bytes_out),
        seconds: clock.elapsed().as_secs_f64(),
        codec_seconds: summary.codec_seconds,
        has_base: summary.has_base,
        crc32: format!("{crc32:08x}"),
        crc32c: format!("{crc32c:08x}"),
        crc64nvme: format!("{crc64nvme:016x}"),
        stats: summary.stats.into(),
    }
}

/// What a packed file says of itself.
#[napi]
pub fn packed_info(input: String) -> AsyncTask<Work<PackedInfo>> {
    Work::of(move || {
        let packed = Packed::open(open_file(Path::new(&input))?, 1)?;
        Ok(PackedInfo {
            stored_bytes: number(packed.packed_bytes()),
            manifest_sha256: packed.manifest_sha256().to_string(),
            manifest: packed.manifest().into(),
        })
    })
}

/// The tensors of a packed file, in order of offset.
#[napi]
pub fn packed_tensors(input: String, options: PackedOptions) -> AsyncTask<Work<Vec<TensorRecord>>> {
    Work::of(move || {
        let mut packed = open_with_bases(Path::new(&input), &options)?;
        Ok(packed.tensors()?.iter().map(TensorRecord::from).collect())
    })
}

/// The bytes of one tensor.
#[napi]
pub fn packed_tensor(
    input: String,
    tensor: String,
    options: PackedOptions,
) -> AsyncTask<Work<Buffer>> {
    Work::of(move || {
        let mut packed = open_with_bases(Path::new(&input), &options)?;
        Ok(packed.read_tensor(&tensor)?.1.into())
    })
}
