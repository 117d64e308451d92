//! Which method and shape are cheapest for a block, by estimate.

#![expect(
    clippy::cast_possible_truncation,
    reason = "lengths of a block are at most 1 MiB"
)]

use super::{BlockCoder, WIDTH_MAX};
use crate::estimate::{self, Histogram};
use crate::index::{Method, Shape};
use crate::layout::ElementKind;
use crate::plane::is_constant;
use crate::segment::Level;
use crate::transform::{self, Transform};

/// Bytes of one sampled strip: a multiple of every width.
const STRIP_BYTES: usize = 1 << 10;
/// Strips of a sample.
const STRIPS: usize = 16;
/// Sparse coding is tried up to this share of nonzero values.
const SPARSE_SHARE: usize = 2;
/// From this share of changed bytes on, differences to the base help to find the width of opaque values.
const DENSE_SHARE: usize = 4;
/// A shape must be cheaper than those before it by this share.
const SHAPE_MARGIN: u64 = 32;
/// Shapes of opaque bytes in the order of preference.
const PROBED_SHAPES: [Shape; 7] = [
    Shape::BYTES,
    shape(2, true),
    shape(1, true),
    shape(3, true),
    shape(2, false),
    shape(1, false),
    shape(3, false),
];

const fn shape(width_log2: u8, float: bool) -> Shape {
    Shape { width_log2, float }
}

impl Shape {
    /// The shape that a kind fixes; `None` where it has to be probed.
    fn of_kind(kind: ElementKind) -> Option<Self> {
        Some(match kind {
            ElementKind::Probe => return None,
            ElementKind::Byte => Self::BYTES,
            ElementKind::Float16 => shape(1, true),
            ElementKind::Float32 => shape(2, true),
            ElementKind::Float64 => shape(3, true),
            ElementKind::Int16 => shape(1, false),
            ElementKind::Int32 => shape(2, false),
            ElementKind::Int64 => shape(3, false),
        })
    }
}

/// What the encoder decided for a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) method: Method,
    pub(super) shape: Shape,
    pub(super) sparse: bool,
}

/// Below this share of nonzero values only sparse plans are tried.
const FEW_SHARE: usize = 16;
/// Plans of a block that are tried at most.
const PLANS_MAX: usize = 2 + ALL_METHODS.len();
/// Methods that have planes, and whether sparse.
const ALL_METHODS: [(Method, bool); 5] = [
    (Method::Subtract, true),
    (Method::Subtract, false),
    (Method::Xor, true),
    (Method::Xor, false),
    (Method::Standalone, false),
];

impl BlockCoder {
    /// The plans worth trying: the first by estimate, others where estimates say too little or time does not count.
    pub(super) fn plans(
        &mut self,
        raw: &[u8],
        base: Option<&[u8]>,
        kind: ElementKind,
    ) -> [Option<Plan>; PLANS_MAX] {
        let mut plans = [None; PLANS_MAX];
        if is_constant(raw) {
            plans[0] = Some(Plan {
                method: Method::Standalone,
                shape: Shape::BYTES,
                sparse: false,
            });
            return plans;
        }
        let shape = Shape::of_kind(kind).unwrap_or_else(|| self.probe_shape(raw, base));
        let dense = |method| Plan {
            method,
            shape,
            sparse: false,
        };
        let best = match base {
            // Only found where they pay.
            Some(base) if self.groups.is_some() => {
                if self.level == Level::Max {
                    transform::differences(shape.width(), raw, base, &mut self.positions);
                }
                dense(Method::Grouped)
            }
            Some(base) => self.best_delta(raw, base, shape),
            None => dense(Method::Standalone),
        };
        plans[0] = Some(best);
        if self.level == Level::Fast {
            return plans;
        }
        let as_bytes = Plan {
            shape: Shape::BYTES,
            ..dense(Method::Standalone)
        };
        // Strings that repeat make the estimate of bytes and integers a guess: try them.
        plans[1] = (!shape.float && best != as_bytes).then_some(as_bytes);
        if self.level == Level::Max {
            // With few differences no dense form comes near a sparse one.
            let few = base.map_or(0, |_| raw.len() / shape.width() / FEW_SHARE);
            let others = ALL_METHODS
                .into_iter()
                .map(|(method, sparse)| Plan {
                    sparse,
                    ..dense(method)
                })
                .filter(|plan| base.is_some() || !plan.method.uses_base())
                .filter(|plan| plan.sparse || self.positions.len() >= few)
                .filter(|plan| *plan != best && *plan != as_bytes);
            for (slot, plan) in plans[2..].iter_mut().zip(others) {
                *slot = Some(plan);
            }
        }
        plans
    }

    /// The cheapest of all methods with this shape, by estimate. Finds the positions that a sparse plan needs.
    fn best_delta(&mut self, raw: &[u8], base: &[u8], shape: Shape) -> Plan {
        let values = raw.len() / shape.width();
        let methods = match self.level {
            Level::Fast => &[Method::Subtract][..],
            Level::Default | Level::Max => &[Method::Subtract, Method::Xor],
        };
        transform::differences(shape.width(), raw, base, &mut self.positions);
        let nonzero = self.positions.len();
        let mut best = (u64::MAX, Method::Standalone, false);
        self.take_sample(raw, Some(base));
        let scale = (raw.len() as u64).div_ceil(self.sample.0.len() as u64);
        if nonzero <= values / SPARSE_SHARE {
            let places = estimate::positions(values as u64, nonzero as u64);
            for &method in methods {
                let map = Transform::of(method, shape.float);
                let pair = (raw, base);
                transform::gather(map, shape.width(), pair, &self.positions, &mut self.planes);
                let (sparse, dense) = sparse_costs(&self.planes, shape.width(), nonzero, values);
                for (cost, sparse) in [(places + sparse, true), (dense, false)] {
                    if cost < best.0 {
                        best = (cost, method, sparse);
                    }
                }
            }
        } else {
            for &method in methods {
                let cost = scale.saturating_mul(self.sample_cost(method, shape));
                if cost < best.0 {
                    best = (cost, method, false);
                }
            }
        }
        let alone = scale.saturating_mul(self.sample_cost(Method::Standalone, shape));
        if alone < best.0 {
            best = (alone, Method::Standalone, false);
        }
        Plan {
            method: best.1,
            shape,
            sparse: best.2,
        }
    }

    /// The width and kind of opaque bytes that a sample compresses best with.
    fn probe_shape(&mut self, raw: &[u8], base: Option<&[u8]>) -> Shape {
        self.take_sample(raw, base);
        // A few changed values say little about their width, the values themselves a lot.
        let changed = self
            .sample
            .0
            .iter()
            .zip(&self.sample.1)
            .filter(|(raw, base)| raw != base);
        let dense_delta = changed.count() > self.sample.0.len() / DENSE_SHARE;
        let mut best = (u64::MAX, Shape::BYTES);
        for shape in PROBED_SHAPES {
            if !raw.len().is_multiple_of(shape.width())
                || !self.sample.0.len().is_multiple_of(shape.width())
            {
                continue;
            }
            let mut cost = self.sample_cost(Method::Standalone, shape);
            if dense_delta {
                let delta =
                    [Method::Subtract, Method::Xor].map(|method| self.sample_cost(method, shape));
                cost = cost.min(delta[0]).min(delta[1]);
            }
            if cost.saturating_add(cost / SHAPE_MARGIN) < best.0 {
                best = (cost, shape);
            }
        }
        best.1
    }

    /// Strips from all over the block.
    pub(super) fn take_sample(&mut self, raw: &[u8], base: Option<&[u8]>) {
        let (sample, base_sample) = (&mut self.sample.0, &mut self.sample.1);
        sample.clear();
        base_sample.clear();
        let base = base.unwrap_or(raw);
        if raw.len() <= STRIPS * STRIP_BYTES {
            sample.extend_from_slice(raw);
            base_sample.extend_from_slice(base);
            return;
        }
        let step = (raw.len() - STRIP_BYTES) / (STRIPS - 1) / WIDTH_MAX * WIDTH_MAX;
        for strip in 0..STRIPS {
            sample.extend_from_slice(&raw[strip * step..][..STRIP_BYTES]);
            base_sample.extend_from_slice(&base[strip * step..][..STRIP_BYTES]);
        }
    }

    fn sample_cost(&mut self, method: Method, shape: Shape) -> u64 {
        let (sample, base) = (&self.sample.0, &self.sample.1);
        self.planes.resize(sample.len(), 0);
        let map = Transform::of(method, shape.float);
        transform::split(map, shape.width(), sample, base, &mut self.planes);
        plane_costs(&self.planes, shape.width())
    }
}

/// What planes of the values that are not zero would cost, each with its own code: by themselves, and with the zeros
/// between them.
pub(super) fn sparse_costs(
    planes: &[u8],
    width: usize,
    nonzero: usize,
    values: usize,
) -> (u64, u64) {
    let (mut sparse, mut dense) = (0, 0);
    for plane in planes.chunks_exact((planes.len() / width).max(1)) {
        let mut histogram: Histogram = [0; 256];
        estimate::count(plane, &mut histogram);
        sparse += plane_cost(&histogram, nonzero);
        histogram[0] += (values - nonzero) as u32;
        dense += plane_cost(&histogram, values);
    }
    (sparse, dense)
}

/// What a plane would cost that has these counts.
pub(super) fn plane_cost(histogram: &Histogram, length: usize) -> u64 {
    let bits = length as u64 * estimate::ONE_BIT;
    let entropy = estimate::sampled_entropy(histogram);
    // A symbol takes a bit at least, and where matches take less, it is twice the entropy or more.
    let cost = if entropy < bits {
        bits.min(2 * entropy)
    } else {
        entropy
    };
    cost.min(8 * bits)
}

/// What planes that lie one after the other would cost, each with its own code.
fn plane_costs(planes: &[u8], width: usize) -> u64 {
    let length = (planes.len() / width).max(1);
    planes
        .chunks_exact(length)
        .map(|plane| {
            let mut histogram: Histogram = [0; 256];
            estimate::count(plane, &mut histogram);
            plane_cost(&histogram, length)
        })
        .sum()
}
