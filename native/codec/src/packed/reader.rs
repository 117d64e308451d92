//! Reading a packed file: all of it here, a range or one tensor in [`ranges`].

mod ranges;

use std::io::Write;
use std::time::Instant;

use super::base::{Base, Resolver};
use super::source::{ReadSeek, Source, bounded};
use super::trailer::Trailer;
use super::{Progress, Step, Summary, WINDOW_BYTES};
use crate::checksum::{Checksums, Sha256};
use crate::error::{Error, Result};
use crate::manifest::{DEPTH_MAX, Manifest};
use crate::segment::{
    BaseView, ByteRange, IndexRead, SegmentIndex, SegmentStats, Window, decode_window,
};

/// An opened packed file.
pub struct Packed {
    source: Source,
    manifest: Manifest,
    manifest_sha256: Sha256,
    /// Where each segment is stored; one more for the end of the last.
    starts: Vec<u64>,
    base: Option<Base>,
    threads: usize,
    index: Option<(usize, SegmentIndex)>,
    /// The window that was decoded last where only a part of it was asked for.
    cached: Option<(ByteRange, Vec<u8>)>,
    stored: Vec<u8>,
    base_bytes: Vec<u8>,
}

impl Packed {
    /// Opens a packed file: reads its trailer and manifest, and none of its bases.
    ///
    /// # Errors
    ///
    /// `Corruption` if it is not a packed file or damaged, `Compatibility` if it is newer than this
    /// crate, `Io`.
    pub fn open(source: Box<dyn ReadSeek>, threads: usize) -> Result<Self> {
        Self::from_source(Source::new(source, "the packed file")?, threads)
    }

    pub(super) fn is_packed(source: &mut Source) -> Result<bool> {
        let Some(offset) = source.bytes().checked_sub(Trailer::BYTES as u64) else {
            return Ok(false);
        };
        let mut tail = [0; Trailer::BYTES];
        source.read_at(offset, &mut tail)?;
        Ok(Trailer::has_magic(&tail))
    }

    pub(super) fn from_source(mut source: Source, threads: usize) -> Result<Self> {
        let file_bytes = source.bytes();
        let Some(offset) = file_bytes.checked_sub(Trailer::BYTES as u64) else {
            let least = format!("at least {}", Trailer::BYTES);
            return Err(Error::corruption(
                "size of the file (it is cut off, or no .mith file)",
                least,
                file_bytes,
            ));
        };
        let mut tail = [0; Trailer::BYTES];
        source.read_at(offset, &mut tail)?;
        let trailer = Trailer::read_from(&tail, file_bytes)?;
        let mut json = Vec::new();
        source.read_into(trailer.offset, trailer.length.into(), &mut json)?;
        let found = Sha256::of(&json);
        if found != trailer.sha256 {
            let expected = trailer.sha256;
            return Err(Error::corruption(
                "SHA-256 of the manifest",
                expected,
                found,
            ));
        }
        let manifest = Manifest::read_from(&json)?;
        let starts = segment_starts(&manifest, trailer.offset)?;
        Ok(Self {
            source,
            manifest,
            manifest_sha256: found,
            starts,
            base: None,
            threads,
            index: None,
            cached: None,
            stored: Vec::new(),
            base_bytes: Vec::new(),
        })
    }

    pub(super) fn into_source(self) -> Source {
        self.source
    }

    /// Opens the base, its base, and so on. Only then can blocks be restored that refer to one.
    ///
    /// # Errors
    ///
    /// `InvalidArgument` if the resolver gives another file than the one wanted; what the resolver
    /// returns; the errors of [`Packed::open`].
    pub fn open_bases(&mut self, resolver: &mut Resolver<'_>) -> Result<()> {
        self.open_bases_within(DEPTH_MAX, resolver)
    }

    pub(super) fn open_bases_within(
        &mut self,
        levels: u32,
        resolver: &mut Resolver<'_>,
    ) -> Result<()> {
        let Some(wanted) = self.manifest.base else {
            return Ok(());
        };
        // A manifest's depth is checked to be one more than its base's claim, but the base found
        // may claim otherwise: the count of levels is what ends a chain.
        let Some(levels) = levels.checked_sub(1) else {
            let limit = format!("at most {DEPTH_MAX} levels");
            return Err(Error::invalid_argument("chain of bases", limit, "more"));
        };
        self.base = Some(Base::open_referenced(
            &wanted,
            levels,
            self.threads,
            resolver,
        )?);
        Ok(())
    }

    /// The manifest.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// SHA-256 of the manifest: the name of this checkpoint.
    #[must_use]
    pub fn manifest_sha256(&self) -> Sha256 {
        self.manifest_sha256
    }

    /// Size of the packed file.
    #[must_use]
    pub fn packed_bytes(&self) -> u64 {
        self.source.bytes()
    }

    /// Writes the whole original to `out`, and checks all that there is to check: the SHA-256 of
    /// the stored bytes of each segment, the CRC32 of each block, the checksums of each segment and
    /// so, by the manifest, of the whole.
    ///
    /// # Errors
    ///
    /// As [`Packed::read`], and `Cancelled` if `progress` said so. What `out` has then is not to be
    /// used.
    pub fn decompress(
        &mut self,
        out: &mut dyn Write,
        progress: &mut Progress<'_>,
    ) -> Result<Summary> {
        let mut step = Step::new(progress);
        let mut raw = Vec::new();
        let mut codec_seconds = 0.0;
        for segment in 0..self.manifest.segments.len() {
            codec_seconds += self
                .restore_segment(segment, &mut raw, &mut step)
                .map_err(|error| self.explain(error.within(format_args!("segment {segment}"))))?;
            out.write_all(&raw)
                .map_err(|error| Error::io("write the original", error))?;
        }
        Ok(Summary {
            original: self.manifest.original,
            packed_bytes: self.source.bytes(),
            stats: SegmentStats::default(),
            codec_seconds,
            has_base: self.manifest.base.is_some(),
        })
    }

    /// Restores everything and throws it away: all that [`Packed::decompress`] checks.
    ///
    /// # Errors
    ///
    /// Those of [`Packed::decompress`].
    pub fn verify(&mut self, progress: &mut Progress<'_>) -> Result<Summary> {
        self.decompress(&mut std::io::sink(), progress)
    }

    /// Makes `raw` the original's bytes of one segment; returns the seconds spent in the codec.
    fn restore_segment(
        &mut self,
        segment: usize,
        raw: &mut Vec<u8>,
        step: &mut Step<'_>,
    ) -> Result<f64> {
        let (start, end) = (self.starts[segment], self.starts[segment + 1]);
        self.source
            .read_into(start, end - start, &mut self.stored)?;
        let entry = self.manifest.segments[segment];
        let found = Sha256::of(&self.stored);
        if found != entry.stored_sha256 {
            return Err(Error::corruption(
                "SHA-256 of the stored bytes",
                entry.stored_sha256,
                found,
            ));
        }
        let IndexRead::Index(index) = SegmentIndex::read_from(&self.stored, end - start)? else {
            return Err(Error::corruption(
                "segment index",
                "within the segment",
                "longer",
            ));
        };
        check_place(&self.manifest, segment, &index)?;
        raw.clear();
        raw.resize(bounded(index.raw_length())?, 0);
        let window_bytes = if index.needs_base() {
            WINDOW_BYTES
        } else {
            index.raw_length()
        };
        let (mut at, end) = (index.raw_offset(), index.raw_offset() + index.raw_length());
        let mut seconds = 0.0;
        let mut rest = raw.as_mut_slice();
        while at < end {
            let window = index.window(at, end, window_bytes)?;
            let (part, after) = rest.split_at_mut(bounded(window.raw.length)?.min(rest.len()));
            let stored = slice(&self.stored, window.stored)?;
            let base = (&mut self.base, &mut self.base_bytes);
            seconds += decode(base, &index, &window, stored, self.threads, part)?;
            rest = after;
            at = window.raw.end();
            step.heed(window.raw.length)?;
        }
        let found = Checksums::of(raw);
        if found != entry.raw(raw.len() as u64) {
            let expected = format!("{:016x}", entry.crc64nvme);
            let found = format!("{:016x}", found.crc64nvme);
            return Err(Error::corruption(
                "checksums of the restored segment",
                expected,
                found,
            ));
        }
        Ok(seconds)
    }

    pub(super) fn explain(&mut self, error: Error) -> Error {
        match &mut self.base {
            Some(base) => base.explain(error),
            None => error,
        }
    }
}

/// Decodes one window into `out`; returns the seconds spent in the codec.
fn decode(
    (base, base_bytes): (&mut Option<Base>, &mut Vec<u8>),
    index: &SegmentIndex,
    window: &Window,
    stored: &[u8],
    threads: usize,
    out: &mut [u8],
) -> Result<f64> {
    let mut view = BaseView::default();
    if !window.base_ranges.is_empty() {
        let Some(base) = base else {
            return Err(Error::invalid_argument(
                "base",
                "the base of the checkpoint",
                "none",
            ));
        };
        base.read_ranges(&window.base_ranges, base_bytes)?;
        view = BaseView {
            ranges: &window.base_ranges,
            bytes: base_bytes,
        };
    }
    let clock = Instant::now();
    decode_window(index, window, stored, view, threads, out)?;
    Ok(clock.elapsed().as_secs_f64())
}

/// Where each segment is stored, and the end of the last; checks sizes against their bounds.
fn segment_starts(manifest: &Manifest, manifest_offset: u64) -> Result<Vec<u64>> {
    let mut starts = vec![0];
    let mut end = 0u64;
    for (index, segment) in (0..).zip(&manifest.segments) {
        let raw = manifest.segment_range(index).1;
        // Section 2.5 of the format.
        let limit = raw + raw / 1000 + 128;
        if segment.stored_bytes > limit {
            return Err(Error::corruption(
                format!("stored bytes of segment {index}"),
                format!("at most {limit}"),
                segment.stored_bytes,
            ));
        }
        end = end.saturating_add(segment.stored_bytes);
        starts.push(end);
    }
    if end == manifest_offset {
        return Ok(starts);
    }
    Err(Error::corruption(
        "stored bytes of all segments",
        manifest_offset,
        end,
    ))
}

fn check_place(manifest: &Manifest, segment: usize, index: &SegmentIndex) -> Result<()> {
    let expected = manifest.segment_range(segment as u64);
    let found = (index.raw_offset(), index.raw_length());
    if expected == found {
        return Ok(());
    }
    let (expected, found) = (format!("{expected:?}"), format!("{found:?}"));
    Err(Error::corruption(
        "offset and length of the segment",
        expected,
        found,
    ))
}

fn slice(bytes: &[u8], range: ByteRange) -> Result<&[u8]> {
    let start = bounded(range.offset)?;
    let end = bounded(range.end())?;
    bytes
        .get(start..end)
        .ok_or_else(|| Error::corruption("stored range of a window", bytes.len(), end))
}
