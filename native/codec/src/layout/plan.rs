//! From containers to regions.

use std::collections::HashMap;

use super::container::{Container, Pairing, Part, Tensor};
use super::{ElementKind, Region};

/// Values of one block of the codec: small tensors are gathered up to this many.
const BLOCK_VALUES: u64 = 128 * 1024;
/// A tensor below this share of a block never pays for a block of its own.
const TINY_SHARE: u64 = 16;
/// Padding and headers between two tensors go with them where they are below this share of the second one.
const GAP_SHARE: u64 = 4;

/// Cuts `[0, object_bytes)` into regions, in order and without gap, and pairs them with those of `base`.
///
/// A tensor is paired with the base's tensor of the same name, dtype and shape, whatever the two containers are; other
/// parts with the part of the same name, kind and length; an opaque object with an opaque object of the same size,
/// position by position. Adjacent small tensors of one kind whose counterparts are adjacent too share a region, so
/// that they share a block and its tables.
#[must_use]
pub fn plan_layout(target: &Container, base: Option<&Container>) -> Vec<Region> {
    let base = base.map(Base::new);
    let mut cut = Cut::default();
    for part in &target.parts {
        let base_offset = base.as_ref().and_then(|base| base.offset_of(target, part));
        let region = Region {
            offset: part.offset,
            length: part.length,
            kind: part.kind,
            base_offset,
        };
        cut.add(region, part.is_structure);
    }
    cut.regions
}

/// Where the parts of a base are.
struct Base<'a> {
    container: &'a Container,
    tensors: HashMap<&'a str, &'a Tensor>,
    parts: HashMap<&'a str, &'a Part>,
}

impl<'a> Base<'a> {
    fn new(container: &'a Container) -> Self {
        let tensors = container.tensors.iter();
        let parts = container
            .parts
            .iter()
            .filter_map(|part| match &part.pairing {
                Pairing::Name(name) => Some((name.as_str(), part)),
                Pairing::Tensor(_) | Pairing::Position => None,
            });
        Self {
            container,
            tensors: tensors
                .map(|tensor| (tensor.name.as_str(), tensor))
                .collect(),
            parts: parts.collect(),
        }
    }

    fn offset_of(&self, target: &Container, part: &Part) -> Option<u64> {
        match &part.pairing {
            Pairing::Tensor(index) => {
                let tensor = target.tensors.get(*index)?;
                let old = self.tensors.get(tensor.name.as_str())?;
                let is_same = old.dtype == tensor.dtype
                    && old.shape == tensor.shape
                    && old.order == tensor.order
                    && old.length == part.length;
                is_same.then_some(old.offset)
            }
            Pairing::Name(name) => {
                let old = self.parts.get(name.as_str())?;
                let is_same = old.kind == part.kind && old.length == part.length;
                is_same.then_some(old.offset)
            }
            Pairing::Position => {
                let first = self.container.parts.first()?;
                let is_same = self.container.object_bytes == target.object_bytes
                    && first.pairing == Pairing::Position;
                is_same.then_some(part.offset)
            }
        }
    }
}

#[derive(Default)]
struct Cut {
    regions: Vec<Region>,
    /// Whether the last region is structure.
    is_structure: bool,
}

impl Cut {
    fn add(&mut self, next: Region, is_structure: bool) {
        let is_alike = self.is_structure == is_structure;
        match self.regions.as_mut_slice() {
            [.., last] if is_alike && shares_block(last, &next) => last.length += next.length,
            [.., last, gap] if !is_structure && !is_alike && spans(last, gap, &next) => {
                last.length += gap.length + next.length;
                self.regions.pop();
            }
            _ => self.regions.push(next),
        }
        self.is_structure = is_structure;
    }
}

/// Whether a small `next` goes into the region in front of the structure that lies between them: a zip has about 100
/// bytes in front of each tensor, and a block of their own for both costs more than a few values that are none.
fn spans(last: &Region, gap: &Region, next: &Region) -> bool {
    let block_bytes = BLOCK_VALUES * next.kind.width();
    let joined = Region {
        length: last.length + gap.length,
        ..*last
    };
    let is_gap_next = match (last.base_offset, gap.base_offset) {
        (None, None) => true,
        (Some(last_base), Some(gap_base)) => last_base.checked_add(last.length) == Some(gap_base),
        _ => false,
    };
    is_gap_next
        && next.length <= block_bytes / TINY_SHARE
        && gap.length <= next.length / GAP_SHARE
        && last.kind != ElementKind::Byte
        && last.length.is_multiple_of(last.kind.width())
        && shares_block(&joined, next)
}

/// Whether `next` goes into the region that ends where it starts.
fn shares_block(last: &Region, next: &Region) -> bool {
    let block_bytes = BLOCK_VALUES * next.kind.width();
    let is_small =
        last.length + next.length <= block_bytes || next.length <= block_bytes / TINY_SHARE;
    let is_adjacent_in_base = match (last.base_offset, next.base_offset) {
        (None, None) => true,
        (Some(last_base), Some(next_base)) => last_base.checked_add(last.length) == Some(next_base),
        _ => false,
    };
    let keeps_alignment = last.length.is_multiple_of(last.kind.width());
    last.kind == next.kind && is_small && is_adjacent_in_base && keeps_alignment
}
