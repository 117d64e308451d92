//! The header of a GGUF file: metadata, then the table of tensors.
//!
//! Source: `docs/gguf.md` and `gguf-py/gguf/constants.py` of ggml. Metadata is skipped but for the alignment.

use std::collections::HashSet;

use super::container::{Container, ContainerKind, Order, Pairing, Part, Tensor};
use super::dtype::{Dtype, elements};
use super::fragments::{Fragments, Parsed, Stop};
use super::zip::number;
use super::{ElementKind, TENSOR_COUNT_MAX};

pub(super) const MAGIC: [u8; 4] = *b"GGUF";
/// Longest header that is read: vocabularies take some megabytes.
const HEADER_BYTES_MAX: u64 = 100_000_000;
/// What is read at once at least.
const AHEAD_BYTES: u64 = 256 << 10;
const ALIGNMENT_KEY: &[u8] = b"general.alignment";
const ALIGNMENT_DEFAULT: u64 = 32;
const RANK_MAX: u64 = 16;
const ARRAY_DEPTH_MAX: u32 = 8;
const TYPE_U32: u64 = 4;
const TYPE_STRING: u64 = 8;
const TYPE_ARRAY: u64 = 9;

/// Number, name, values of a block and its bytes.
static TYPES: [(u64, &str, u64, u64); 34] = [
    (0, "F32", 1, 4),
    (1, "F16", 1, 2),
    (2, "Q4_0", 32, 18),
    (3, "Q4_1", 32, 20),
    (6, "Q5_0", 32, 22),
    (7, "Q5_1", 32, 24),
    (8, "Q8_0", 32, 34),
    (9, "Q8_1", 32, 40),
    (10, "Q2_K", 256, 84),
    (11, "Q3_K", 256, 110),
    (12, "Q4_K", 256, 144),
    (13, "Q5_K", 256, 176),
    (14, "Q6_K", 256, 210),
    (15, "Q8_K", 256, 292),
    (16, "IQ2_XXS", 256, 66),
    (17, "IQ2_XS", 256, 74),
    (18, "IQ3_XXS", 256, 98),
    (19, "IQ1_S", 256, 50),
    (20, "IQ4_NL", 32, 18),
    (21, "IQ3_S", 256, 110),
    (22, "IQ2_S", 256, 82),
    (23, "IQ4_XS", 256, 136),
    (24, "I8", 1, 1),
    (25, "I16", 1, 2),
    (26, "I32", 1, 4),
    (27, "I64", 1, 8),
    (28, "F64", 1, 8),
    (29, "IQ1_M", 256, 56),
    (30, "BF16", 1, 2),
    (34, "TQ1_0", 256, 54),
    (35, "TQ2_0", 256, 66),
    (39, "MXFP4", 32, 17),
    (40, "NVFP4", 64, 36),
    (41, "Q1_0", 128, 18),
];

/// The object as a GGUF file.
pub(super) fn parse_file(source: &Fragments) -> Parsed<Container> {
    let mut cursor = Cursor { source, at: 4 };
    let version = cursor.number(4)?;
    if !(2..=3).contains(&version) {
        return Err(Stop::Refuse(format!(
            "a GGUF file of version {version}, or big-endian"
        )));
    }
    let (tensor_count, value_count) = (cursor.number(8)?, cursor.number(8)?);
    let mut alignment = ALIGNMENT_DEFAULT;
    for _ in 0..value_count {
        let is_alignment = cursor.text()? == ALIGNMENT_KEY;
        let kind = cursor.number(4)?;
        if is_alignment && kind == TYPE_U32 {
            alignment = cursor.number(4)?.max(1);
        } else {
            cursor.skip_value(kind, 0)?;
        }
    }
    let mut tensors = Vec::new();
    for _ in 0..tensor_count {
        if tensors.len() == TENSOR_COUNT_MAX {
            return Err(Stop::Refuse(format!(
                "there are more than {TENSOR_COUNT_MAX} tensors"
            )));
        }
        tensors.push(cursor.tensor()?);
    }
    let mut names = HashSet::with_capacity(tensors.len());
    if let Some(twice) = tensors.iter().find(|tensor| !names.insert(&tensor.name)) {
        return Err(Stop::Refuse(format!(
            "tensor {:?} of the GGUF file appears twice",
            twice.name
        )));
    }
    let data_at = cursor.at.next_multiple_of(alignment);
    for tensor in &mut tensors {
        tensor.offset = tensor
            .offset
            .checked_add(data_at)
            .ok_or_else(|| Stop::refuse("a tensor of the GGUF file is out of range"))?;
    }
    tensors.sort_by(|a, b| (a.offset, &a.name).cmp(&(b.offset, &b.name)));
    finish(source, tensors)
}

fn finish(source: &Fragments, tensors: Vec<Tensor>) -> Parsed<Container> {
    let parts = tensors.iter().enumerate().map(|(index, tensor)| Part {
        offset: tensor.offset,
        length: tensor.length,
        kind: tensor.kind,
        pairing: Pairing::Tensor(index),
        is_structure: false,
    });
    let parts = parts.collect();
    let is_quantised = |tensor: &&Tensor| Dtype::named(&tensor.dtype).is_none();
    let quantised = tensors.iter().filter(is_quantised).count();
    let reason = match quantised {
        0 => String::new(),
        _ => format!(
            "{quantised} of {} tensors are quantised: bytes",
            tensors.len()
        ),
    };
    Container::of_parts(ContainerKind::Gguf, source.object_bytes(), parts, tensors)
        .map(|container| container.with_reason(&reason))
        .ok_or_else(|| Stop::refuse("tensors of the GGUF file overlap or are out of range"))
}

struct Cursor<'a> {
    source: &'a Fragments,
    at: u64,
}

impl<'a> Cursor<'a> {
    fn take(&mut self, length: u64) -> Parsed<&'a [u8]> {
        let end = self.at.checked_add(length);
        let Some(end) = end.filter(|&end| end <= HEADER_BYTES_MAX) else {
            return Err(Stop::refuse("its GGUF header is too long"));
        };
        // As much again as is known: the header is parsed from its start each time.
        let wanted = AHEAD_BYTES.max(self.at);
        let bytes = self.source.ahead(self.at, length, wanted)?;
        self.at = end;
        Ok(bytes)
    }

    fn number(&mut self, width: usize) -> Parsed<u64> {
        Ok(number(self.take(width as u64)?, 0, width))
    }

    fn text(&mut self) -> Parsed<&'a [u8]> {
        let length = self.number(8)?;
        self.take(length)
    }

    fn skip_value(&mut self, kind: u64, depth: u32) -> Parsed<()> {
        match kind {
            TYPE_STRING => self.text().map(drop),
            TYPE_ARRAY if depth < ARRAY_DEPTH_MAX => {
                let (kind, count) = (self.number(4)?, self.number(8)?);
                match width_of(kind) {
                    Some(width) => self.take(count.saturating_mul(width)).map(drop),
                    None => (0..count).try_for_each(|_| self.skip_value(kind, depth + 1)),
                }
            }
            kind => match width_of(kind) {
                Some(width) => self.take(width).map(drop),
                None => Err(Stop::refuse("its GGUF metadata cannot be read")),
            },
        }
    }

    /// Its offset is still relative to the end of the header.
    fn tensor(&mut self) -> Parsed<Tensor> {
        let broken = || Stop::refuse("a tensor of the GGUF file cannot be read");
        let name = String::from_utf8_lossy(self.text()?).into_owned();
        let rank = self.number(4)?;
        if rank > RANK_MAX {
            return Err(broken());
        }
        let mut shape = Vec::new();
        for _ in 0..rank {
            shape.push(self.number(8)?);
        }
        // The first dimension of GGUF is the fastest.
        shape.reverse();
        let (number, offset) = (self.number(4)?, self.number(8)?);
        let known = TYPES.iter().find(|(known, ..)| *known == number);
        let &(_, name_of_type, values, bytes) = known
            .ok_or_else(|| Stop::Refuse(format!("a GGUF file with tensors of type {number}")))?;
        let length = elements(&shape)
            .filter(|count| count.is_multiple_of(values))
            .and_then(|count| (count / values).checked_mul(bytes))
            .ok_or_else(broken)?;
        let kind = Dtype::named(name_of_type).map_or(ElementKind::Byte, |dtype| dtype.kind);
        Ok(Tensor {
            name,
            dtype: name_of_type.into(),
            shape,
            offset,
            length,
            kind,
            order: Order::RowMajor,
        })
    }
}

/// Bytes of a metadata value; `None` for texts, arrays and unknown types.
fn width_of(kind: u64) -> Option<u64> {
    Some(match kind {
        0 | 1 | 7 => 1,
        2 | 3 => 2,
        4..=6 => 4,
        10..=12 => 8,
        _ => return None,
    })
}
