//! Decoding: blocks of a segment to bytes of the original.

#![expect(
    clippy::cast_possible_truncation,
    reason = "lengths in a segment are at most 256 MiB"
)]

use std::sync::{Mutex, PoisonError};

use super::{BaseView, Level, SegmentIndex, THREADS_MAX, Window};
use crate::block::BlockCoder;
use crate::idle::IdleCoder;
use crate::index::Block;
use crate::{Error, Result};

/// Restores the blocks of `window` into `out`.
///
/// `stored` holds the bytes of [`Window::stored`], `base` at least those of [`Window::base_ranges`], and `out`
/// is as long as [`Window::raw`].
///
/// # Errors
///
/// `Corruption` if the bytes are damaged or the base is another one; `InvalidArgument` if lengths do not fit or
/// bytes of the base are missing. What `out` then holds is not to be used.
pub fn decode_window(
    index: &SegmentIndex,
    window: &Window,
    stored: &[u8],
    base: BaseView<'_>,
    threads: usize,
    out: &mut [u8],
) -> Result<()> {
    let lengths = [
        (
            "stored bytes of the window",
            window.stored.length,
            stored.len(),
        ),
        ("output of the window", window.raw.length, out.len()),
    ];
    for (what, expected, found) in lengths {
        if expected != found as u64 {
            return Err(Error::invalid_argument(what, expected, found));
        }
    }
    base.check()?;
    let blocks = index
        .blocks_of(window)
        .filter(|blocks| {
            let raw: u64 = blocks.iter().map(|block| u64::from(block.raw_length)).sum();
            let kept: u64 = blocks
                .iter()
                .map(|block| u64::from(block.stored_length))
                .sum();
            raw == window.raw.length && kept == window.stored.length
        })
        .ok_or_else(|| Error::invalid_argument("window", "one of this index", "another"))?;
    let job = DecodeJob {
        stored,
        stored_start: window.stored.offset,
        base,
        base_starts: base.starts(),
    };
    job.decode(blocks, threads, out)
}

struct DecodeJob<'a> {
    stored: &'a [u8],
    stored_start: u64,
    base: BaseView<'a>,
    base_starts: Vec<u64>,
}

impl DecodeJob<'_> {
    fn decode(&self, blocks: &[Block], threads: usize, mut out: &mut [u8]) -> Result<()> {
        let mut tasks = Vec::with_capacity(blocks.len());
        for block in blocks {
            let (own, rest) = out.split_at_mut(block.raw_length as usize);
            tasks.push((block, own));
            out = rest;
        }
        let threads = threads.clamp(1, THREADS_MAX).min(tasks.len().max(1));
        let tasks = Mutex::new(tasks.into_iter());
        let work = || -> Result<()> {
            let mut coder = IdleCoder::take(Level::Fast)?;
            loop {
                let task = tasks.lock().unwrap_or_else(PoisonError::into_inner).next();
                let Some((block, own)) = task else {
                    return Ok(());
                };
                self.decode_block(&mut coder, block, own)
                    .map_err(|error| error.within(format!("block at {}", block.raw_start)))?;
            }
        };
        if threads == 1 {
            return work();
        }
        std::thread::scope(|scope| {
            let others: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
            let mut result = work();
            for thread in others {
                let other = thread
                    .join()
                    .unwrap_or_else(|panic| std::panic::resume_unwind(panic));
                result = result.and(other);
            }
            result
        })
    }

    fn decode_block(&self, coder: &mut BlockCoder, block: &Block, out: &mut [u8]) -> Result<()> {
        let start = (block.stored_start - self.stored_start) as usize;
        let payload = &self.stored[start..start + block.stored_length as usize];
        let length = u64::from(block.raw_length);
        let base = if block.method.uses_base() {
            Some(
                self.base
                    .find(&self.base_starts, block.base_offset, length)?,
            )
        } else {
            None
        };
        coder.decode(block, payload, base, out)
    }
}
