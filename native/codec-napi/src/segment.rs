//! Encoding and decoding of segments.

use std::sync::Arc;
use std::time::Instant;

use mithril_checkpoint::Error;
use mithril_checkpoint::checksum::{Checksums, Sha256};
use mithril_checkpoint::segment::{
    self, BaseView, EncodeOptions, IndexRead, Level, encode_segment as encode,
};
use napi::bindgen_prelude::*;
use napi_derive::napi;

use crate::container::regions_of;
use mithril_napi_common::outcome::{Outcome, at_once, length, number, whole};
use mithril_napi_common::work::Work;

#[napi(object)]
#[derive(Clone, Copy)]
pub struct ByteRange {
    pub offset: f64,
    pub length: f64,
}

/// Base bytes: the concatenation of `ranges`, in order.
#[napi(object, object_to_js = false)]
pub struct BaseBytes {
    pub ranges: Vec<ByteRange>,
    pub bytes: Buffer,
}

#[napi(object, object_to_js = false, use_nullable = true)]
pub struct EncodeRequest {
    pub raw: Buffer,
    pub raw_offset: f64,
    pub regions: Float64Array,
    pub base: Option<BaseBytes>,
    pub level: String,
    pub threads: f64,
}

/// Raw bytes by how they were stored.
#[napi(object, object_from_js = false)]
pub struct SegmentStats {
    pub blocks: f64,
    pub identical_bytes: f64,
    pub delta_bytes: f64,
    pub standalone_bytes: f64,
    pub raw_bytes: f64,
}

#[napi(object, object_from_js = false)]
pub struct EncodedSegment {
    pub stored: Buffer,
    pub sha256: String,
    pub crc32: String,
    #[napi(js_name = "crc32c")]
    pub crc32c: String,
    #[napi(js_name = "crc64nvme")]
    pub crc64nvme: String,
    pub stats: SegmentStats,
    pub codec_seconds: f64,
}

#[napi(object, object_from_js = false)]
pub struct SegmentWindow {
    pub raw: ByteRange,
    pub stored: ByteRange,
    pub base_ranges: Vec<ByteRange>,
}

#[napi(object, object_from_js = false)]
pub struct IndexResult {
    pub kind: &'static str,
    /// `need-more` only.
    pub bytes: Option<f64>,
    /// `index` only.
    pub index: Option<SegmentIndex>,
}

/// The block index of one segment.
#[napi]
pub struct SegmentIndex(Arc<segment::SegmentIndex>);

impl From<segment::ByteRange> for ByteRange {
    fn from(range: segment::ByteRange) -> Self {
        Self {
            offset: number(range.offset),
            length: number(range.length),
        }
    }
}

impl From<segment::SegmentStats> for SegmentStats {
    fn from(stats: segment::SegmentStats) -> Self {
        Self {
            blocks: number(stats.blocks),
            identical_bytes: number(stats.identical),
            delta_bytes: number(stats.delta),
            standalone_bytes: number(stats.standalone),
            raw_bytes: number(stats.raw),
        }
    }
}

pub fn level_of(level: &str) -> Outcome<Level> {
    Ok(match level {
        "fast" => Level::Fast,
        "default" => Level::Default,
        "max" => Level::Max,
        _ => return Err(Error::invalid_argument("level", "fast, default or max", level).into()),
    })
}

fn ranges_of(ranges: &[ByteRange]) -> Outcome<Vec<segment::ByteRange>> {
    let native = |range: &ByteRange| {
        Ok(segment::ByteRange {
            offset: whole("offset of a range", range.offset)?,
            length: whole("length of a range", range.length)?,
        })
    };
    ranges.iter().map(native).collect()
}

/// Calls `work` with the base as the codec wants it.
fn with_base<T>(
    base: Option<&BaseBytes>,
    work: impl FnOnce(BaseView<'_>) -> Outcome<T>,
) -> Outcome<T> {
    let Some(base) = base else {
        return work(BaseView::default());
    };
    let ranges = ranges_of(&base.ranges)?;
    work(BaseView {
        ranges: &ranges,
        bytes: &base.bytes,
    })
}

/// Ranges of the base that encoding a segment reads.
#[napi]
pub fn base_ranges(
    env: Env,
    regions: Float64Array,
    raw_offset: f64,
    raw_length: f64,
) -> napi::Result<Vec<ByteRange>> {
    at_once(env, || {
        let regions = regions_of(&regions)?;
        let (offset, length) = (
            whole("rawOffset", raw_offset)?,
            whole("rawLength", raw_length)?,
        );
        Ok(segment::base_ranges(&regions, offset, length)
            .into_iter()
            .map(ByteRange::from)
            .collect())
    })
}

/// Encodes one segment, and takes the digests of what came in and what comes out.
#[napi]
pub fn encode_segment(request: EncodeRequest) -> AsyncTask<Work<EncodedSegment>> {
    Work::of(move || {
        let regions = regions_of(&request.regions)?;
        let raw_offset = whole("rawOffset", request.raw_offset)?;
        let options = EncodeOptions {
            level: level_of(&request.level)?,
            threads: length("threads", request.threads)?,
        };
        let mut stored = Vec::new();
        let (stats, codec_seconds) = with_base(request.base.as_ref(), |base| {
            let clock = Instant::now();
            let stats = encode(
                &request.raw,
                raw_offset,
                &regions,
                base,
                &options,
                &mut stored,
            )?;
            Ok((stats, clock.elapsed().as_secs_f64()))
        })?;
        let Checksums {
            crc32,
            crc32c,
            crc64nvme,
            ..
        } = Checksums::of(&request.raw);
        Ok(EncodedSegment {
            sha256: Sha256::of(&stored).to_string(),
            stored: stored.into(),
            crc32: format!("{crc32:08x}"),
            crc32c: format!("{crc32c:08x}"),
            crc64nvme: format!("{crc64nvme:016x}"),
            stats: stats.into(),
            codec_seconds,
        })
    })
}

/// Reads the index from the last bytes of a segment.
#[napi]
pub fn read_index(env: Env, tail: Buffer, stored_bytes: f64) -> napi::Result<IndexResult> {
    at_once(env, || {
        let stored_bytes = whole("storedBytes", stored_bytes)?;
        Ok(
            match segment::SegmentIndex::read_from(&tail, stored_bytes)? {
                IndexRead::NeedMore(bytes) => IndexResult {
                    kind: "need-more",
                    bytes: Some(number(bytes)),
                    index: None,
                },
                IndexRead::Index(index) => IndexResult {
                    kind: "index",
                    bytes: None,
                    index: Some(SegmentIndex(Arc::new(index))),
                },
            },
        )
    })
}

#[napi]
impl SegmentIndex {
    #[napi(getter)]
    pub fn raw_offset(&self) -> f64 {
        number(self.0.raw_offset())
    }

    #[napi(getter)]
    pub fn raw_length(&self) -> f64 {
        number(self.0.raw_length())
    }

    /// The first whole blocks that overlap a range.
    #[napi]
    pub fn window(
        &self,
        env: Env,
        raw_start: f64,
        raw_end: f64,
        raw_bytes_max: f64,
    ) -> napi::Result<SegmentWindow> {
        at_once(env, || {
            let (start, end) = (whole("rawStart", raw_start)?, whole("rawEnd", raw_end)?);
            let window = self
                .0
                .window(start, end, whole("rawBytesMax", raw_bytes_max)?)?;
            Ok(SegmentWindow {
                raw: window.raw.into(),
                stored: window.stored.into(),
                base_ranges: window
                    .base_ranges
                    .into_iter()
                    .map(ByteRange::from)
                    .collect(),
            })
        })
    }

    /// The bytes of the window with this raw range, as [`SegmentIndex::window`] gave it.
    #[napi]
    pub fn decode_window(
        &self,
        raw: ByteRange,
        stored: Buffer,
        base: Option<BaseBytes>,
        threads: f64,
    ) -> AsyncTask<Work<Buffer>> {
        let index = Arc::clone(&self.0);
        Work::of(move || {
            let (start, bytes) = (whole("offset", raw.offset)?, whole("length", raw.length)?);
            let window = index.window(start, start.saturating_add(bytes), bytes)?;
            if window.raw
                != (segment::ByteRange {
                    offset: start,
                    length: bytes,
                })
            {
                let limit = "the range of a window";
                return Err(
                    Error::invalid_argument("raw", limit, format!("{start} + {bytes}")).into(),
                );
            }
            let mut out = vec![0; length("length", raw.length)?];
            let threads = length("threads", threads)?;
            with_base(base.as_ref(), |base| {
                segment::decode_window(&index, &window, &stored, base, threads, &mut out)?;
                Ok(())
            })?;
            Ok(out.into())
        })
    }
}
