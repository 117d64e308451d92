//! From containers to regions.

use std::collections::HashMap;

use super::{ContainerProbe, ElementKind, Region, SafetensorsHeader, Tensor};

/// Values of one block of the codec: small tensors are gathered up to this many.
const BLOCK_VALUES: u64 = 128 * 1024;
/// A tensor below this share of a block never pays for a block of its own.
const TINY_SHARE: u64 = 16;

/// Cuts `[0, object_bytes)` into regions, in order and without gap, and pairs them with those of `base`.
///
/// A tensor is paired with the base's tensor of the same name, dtype and shape; a header with a header of the same
/// length; an opaque object with an opaque object of the same size, position by position. Adjacent small tensors
/// of one kind whose counterparts are adjacent too share a region, so that they share a block and its tables.
#[must_use]
pub fn plan_layout(
    target: &ContainerProbe,
    object_bytes: u64,
    base: Option<(&ContainerProbe, u64)>,
) -> Vec<Region> {
    match target {
        ContainerProbe::Safetensors(header) => {
            let base = base.and_then(|(probe, _)| match probe {
                ContainerProbe::Safetensors(base) => Some(base),
                _ => None,
            });
            plan_safetensors(header, base)
        }
        ContainerProbe::Opaque { .. } | ContainerProbe::NeedMore { .. } => {
            let is_same_shape = base.is_some_and(|(probe, base_bytes)| {
                base_bytes == object_bytes && !matches!(probe, ContainerProbe::Safetensors(_))
            });
            let region = Region {
                offset: 0,
                length: object_bytes,
                kind: ElementKind::Probe,
                base_offset: is_same_shape.then_some(0),
            };
            if object_bytes == 0 {
                Vec::new()
            } else {
                vec![region]
            }
        }
    }
}

fn plan_safetensors(header: &SafetensorsHeader, base: Option<&SafetensorsHeader>) -> Vec<Region> {
    let counterparts: HashMap<&str, &Tensor> = base
        .map(|base| {
            base.tensors
                .iter()
                .map(|tensor| (tensor.name.as_str(), tensor))
                .collect()
        })
        .unwrap_or_default();
    let mut regions = vec![Region {
        offset: 0,
        length: header.header_bytes,
        kind: ElementKind::Byte,
        base_offset: base
            .is_some_and(|base| base.header_bytes == header.header_bytes)
            .then_some(0),
    }];
    for tensor in header.tensors.iter().filter(|tensor| tensor.length > 0) {
        let next = Region {
            offset: tensor.offset,
            length: tensor.length,
            kind: tensor.kind,
            base_offset: counterparts
                .get(tensor.name.as_str())
                .filter(|old| old.dtype == tensor.dtype && old.shape == tensor.shape)
                .filter(|old| old.length == tensor.length)
                .map(|old| old.offset),
        };
        // The header keeps its region: it is text, whatever follows.
        match regions.last_mut() {
            Some(last) if last.offset > 0 && shares_block(last, &next) => {
                last.length += next.length;
            }
            _ => regions.push(next),
        }
    }
    regions
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
