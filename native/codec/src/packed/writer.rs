//! Writing a packed file.

use std::io::Write;
use std::time::Instant;

use super::base::Base;
use super::source::{ReadSeek, Source};
use super::trailer::Trailer;
use super::{PACKED_SEGMENT_BYTES, Progress, Step, Summary};
use crate::checksum::{Checksums, Sha256, Sha256Stream};
use crate::error::{Error, Result};
use crate::layout::{Region, plan_layout, probe_container};
use crate::manifest::{BaseReference, ContainerRecord, Manifest, SegmentEntry};
use crate::segment::{
    BaseView, ByteRange, EncodeOptions, SegmentStats, base_ranges, encode_segment,
};

/// How to [`compress`].
#[derive(Debug, Clone)]
pub struct CompressOptions {
    /// Name of the original, kept in the manifest.
    pub name: String,
    /// How hard the codec tries, and on how many threads.
    pub encode: EncodeOptions,
    /// Bytes of the original in each segment.
    pub segment_bytes: u64,
    /// Whether to take the SHA-256 of the original as well: about half a second per GiB.
    pub with_sha256: bool,
}

impl Default for CompressOptions {
    fn default() -> Self {
        Self {
            name: String::new(),
            encode: EncodeOptions::default(),
            segment_bytes: PACKED_SEGMENT_BYTES,
            with_sha256: false,
        }
    }
}

/// Compresses `input` into one packed file.
///
/// The same input, base, level and segment size give the same bytes, whatever the threads. The
/// result is never larger than the input + 0.1% + 1 KiB. A base on which no further delta fits is
/// not used, and a base that gave nothing is not referred to.
///
/// # Errors
///
/// `InvalidArgument` if an option is out of its limits or the input changes while it is read;
/// `Cancelled` if `progress` said so; `Io`; what reading the base returns. What `out` has then is
/// not to be used.
pub fn compress(
    input: Box<dyn ReadSeek>,
    base: Option<Base>,
    out: &mut dyn Write,
    options: &CompressOptions,
    progress: &mut Progress<'_>,
) -> Result<Summary> {
    let mut source = Source::new(input, "the input")?;
    let found = probe_container(source.bytes(), |ranges| source.read_ranges(ranges))?;
    let mut base = base.filter(Base::has_room);
    let base_found = base.as_mut().map(Base::probe).transpose()?;
    let regions = plan_layout(&found, base_found.as_ref());
    drop(base_found);
    let container = ContainerRecord::from(&found);
    drop(found);
    check_segment_bytes(options.segment_bytes)?;
    let reference = base.as_ref().map(|base| *base.reference());
    let mut input = Input {
        source,
        at: 0,
        segment_bytes: options.segment_bytes,
        sha256: options.with_sha256.then(Sha256Stream::default),
    };
    let mut writer = Writer {
        base,
        regions,
        options,
        segments: Vec::new(),
        original: Checksums::EMPTY,
        stats: SegmentStats::default(),
        codec_seconds: 0.0,
    };
    writer.write_segments(&mut input, out, &mut Step::new(progress))?;
    let sha256 = input.sha256.map(Sha256Stream::finish);
    writer.finish(out, container, reference, sha256)
}

fn check_segment_bytes(segment_bytes: u64) -> Result<()> {
    use crate::manifest::SEGMENT_BYTES_MAX;
    if (1..=SEGMENT_BYTES_MAX).contains(&segment_bytes) {
        return Ok(());
    }
    let limit = format!("1 to {SEGMENT_BYTES_MAX}");
    Err(Error::invalid_argument(
        "segment bytes",
        limit,
        segment_bytes,
    ))
}

/// The original, a segment at a time.
struct Input {
    source: Source,
    /// What was read.
    at: u64,
    segment_bytes: u64,
    sha256: Option<Sha256Stream>,
}

impl Input {
    /// Makes `raw` the next segment; empty at the end.
    fn read_next(&mut self, raw: &mut Vec<u8>) -> Result<()> {
        let length = self.segment_bytes.min(self.source.bytes() - self.at);
        self.source.read_into(self.at, length, raw)?;
        self.at += length;
        Ok(())
    }

    /// The checksums of the segment that was read last.
    fn digest(&mut self, raw: &[u8]) -> Checksums {
        if let Some(sha256) = &mut self.sha256 {
            sha256.update(raw);
        }
        Checksums::of(raw)
    }
}

struct Writer<'a> {
    base: Option<Base>,
    regions: Vec<Region>,
    options: &'a CompressOptions,
    segments: Vec<SegmentEntry>,
    original: Checksums,
    stats: SegmentStats,
    codec_seconds: f64,
}

impl Writer<'_> {
    /// While one segment is encoded and written, another thread takes the digests of it and of the stored one before
    /// it, and reads the next: together they take about as long.
    fn write_segments(
        &mut self,
        input: &mut Input,
        out: &mut dyn Write,
        step: &mut Step<'_>,
    ) -> Result<()> {
        let (mut raw, mut stored, mut base_bytes) = (Vec::new(), Vec::new(), Vec::new());
        // The stored bytes of the segment before, and once their digest is taken, the segment after.
        let mut other = Vec::new();
        let may_thread = self.options.encode.threads > 1;
        step.heed(0)?;
        input.read_next(&mut raw)?;
        while !raw.is_empty() {
            let offset = self.original.bytes;
            stored.clear();
            let beside = || -> Result<(Checksums, Sha256)> {
                let sums = input.digest(&raw);
                let sha256 = Sha256::of(&other);
                input.read_next(&mut other)?;
                Ok((sums, sha256))
            };
            let main = || {
                self.encode(offset, &raw, &mut base_bytes, &mut stored)?;
                out.write_all(&stored)
                    .map_err(|error| Error::io("write the packed file", error))
            };
            let (sums, sha256) = in_parallel(may_thread, main, beside)?;
            if let Some(entry) = self.segments.last_mut() {
                entry.stored_sha256 = sha256;
            }
            self.original = self.original.then(sums);
            self.segments.push(SegmentEntry {
                // Set once it is known, in the next round.
                stored_sha256: sha256,
                stored_bytes: stored.len() as u64,
                crc32: sums.crc32,
                crc32c: sums.crc32c,
                crc64nvme: sums.crc64nvme,
            });
            step.heed(raw.len() as u64)?;
            // Three buffers take turns: `raw` becomes the next one, what is stored waits for its digest.
            std::mem::swap(&mut raw, &mut other);
            std::mem::swap(&mut stored, &mut other);
        }
        if let Some(entry) = self.segments.last_mut() {
            entry.stored_sha256 = Sha256::of(&other);
        }
        input.source.check_end()
    }

    fn encode(
        &mut self,
        offset: u64,
        raw: &[u8],
        base_bytes: &mut Vec<u8>,
        stored: &mut Vec<u8>,
    ) -> Result<()> {
        let mut ranges: Vec<ByteRange> = Vec::new();
        if let Some(base) = &mut self.base {
            ranges = base_ranges(&self.regions, offset, raw.len() as u64);
            base.read_ranges(&ranges, base_bytes)
                .map_err(|error| base.explain(error))?;
        }
        let view = BaseView {
            ranges: &ranges,
            bytes: base_bytes,
        };
        let clock = Instant::now();
        let stats = encode_segment(
            raw,
            offset,
            &self.regions,
            view,
            &self.options.encode,
            stored,
        )?;
        self.codec_seconds += clock.elapsed().as_secs_f64();
        self.stats.blocks += stats.blocks;
        self.stats.identical += stats.identical;
        self.stats.delta += stats.delta;
        self.stats.standalone += stats.standalone;
        self.stats.raw += stats.raw;
        Ok(())
    }

    fn finish(
        self,
        out: &mut dyn Write,
        container: ContainerRecord,
        reference: Option<BaseReference>,
        sha256: Option<Sha256>,
    ) -> Result<Summary> {
        let is_delta = self.stats.identical + self.stats.delta > 0;
        let manifest = Manifest {
            name: self.options.name.clone(),
            original: self.original,
            sha256,
            container,
            segment_bytes: self.options.segment_bytes,
            base: reference.filter(|_| is_delta),
            segments: self.segments,
        };
        let offset = manifest.stored_bytes().unwrap_or(u64::MAX);
        let has_base = manifest.base.is_some();
        let mut end = manifest.write()?;
        let Ok(length) = u32::try_from(end.len()) else {
            return Err(Error::invalid_argument(
                "length of the manifest",
                u32::MAX,
                end.len(),
            ));
        };
        let sha256 = Sha256::of(&end);
        Trailer {
            offset,
            length,
            sha256,
        }
        .write_to(&mut end);
        out.write_all(&end)
            .and_then(|()| out.flush())
            .map_err(|error| Error::io("write the packed file", error))?;
        Ok(Summary {
            original: self.original,
            packed_bytes: offset + end.len() as u64,
            stats: self.stats,
            codec_seconds: self.codec_seconds,
            has_base,
        })
    }
}

/// Runs both, `beside` on a thread of its own if there may be one; returns its result unless one of them failed.
fn in_parallel<T: Send>(
    may_thread: bool,
    main: impl FnOnce() -> Result<()>,
    beside: impl FnOnce() -> Result<T> + Send,
) -> Result<T> {
    if !may_thread {
        main()?;
        return beside();
    }
    std::thread::scope(|scope| {
        let beside = scope.spawn(beside);
        let done = main();
        let result = beside
            .join()
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        done.and(result)
    })
}
