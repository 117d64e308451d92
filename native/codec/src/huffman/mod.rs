//! Standard zstd frames that hold Huffman-coded literals and nothing else.
//!
//! The exponents of weights are independent draws from a few dozen values: there are no strings to find in them,
//! and Huffman coding is within 1% of their entropy. An encoder that knows this skips the search for matches,
//! which is what libzstd spends most of its time on; a decoder that knows it takes several symbols from each
//! table entry and writes them where they belong, without libzstd's literal buffer.
//!
//! What is written is a legal single-segment frame (RFC 8878) of compressed blocks of at most 128 KiB with four
//! streams each; the first block brings the tree, later blocks are treeless. Any zstd decoder reads it. The
//! decoder here reads only such frames and answers "not mine" to everything else, so that libzstd, which stays
//! the reference, takes it.

mod code;
mod decode;
mod encode;
mod fse;
mod streams;
mod table;
mod weights;

pub(crate) use code::Code;
pub(crate) use decode::HuffmanDecoder;
pub(crate) use encode::HuffmanEncoder;

/// Longest code in bits that zstd allows for literals.
const CODE_BITS_MAX: usize = 11;
/// Most literals of a block.
const BLOCK_LITERALS_MAX: usize = 128 << 10;
/// Fewest bytes of a frame, and of its last block.
pub(crate) const FRAME_LITERALS_MIN: usize = 256;
/// Streams of a block.
const STREAMS: usize = 4;
/// Bytes of the lengths of the first three streams.
const JUMP_TABLE_BYTES: usize = 6;

/// First bytes of a zstd frame.
const MAGIC: u32 = 0xfd2f_b528;
/// Frame header descriptor: single segment. The content size's width is in the two top bits.
const SINGLE_SEGMENT: u8 = 0x20;
/// Block type in bits 1 and 2 of its header.
const BLOCK_RAW: u32 = 0;
const BLOCK_COMPRESSED: u32 = 2;
/// Literals section type in its two lowest bits.
const LITERALS_WITH_TREE: u64 = 2;
const LITERALS_TREELESS: u64 = 3;

#[cfg(test)]
mod tests;
