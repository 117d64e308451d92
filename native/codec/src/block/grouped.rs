//! Differences in groups of like magnitude (format section 2.3, *grouped*).
//!
//! A step of training moves all weights by about the same amount. A unit in the last place of a large weight is more
//! than that and of a small one is less, so how often a value changes, and by how many units, follows its exponent.
//! The base tells the exponent: each group gets its own tables, and nothing has to say which value is in which.

mod counts;
mod groups;

use counts::Counts;
pub(super) use groups::Groups;
use groups::class_of;

use super::choose::sparse_costs;
use super::{BlockCoder, Form, WIDTH_MAX};
use crate::estimate::{self, Histogram};
use crate::layout::ElementKind;
use crate::plane::Content;
use crate::segment::Level;
use crate::transform::{self, Transform};
use crate::wire::{Reader, write_varint};
use crate::{Error, Result, copy};

/// Fewer values do not pay for the tables of groups.
const VALUES_MIN: usize = 16 << 10;
/// Groups that a reader takes.
const GROUPS_MAX: usize = 64;
/// Groups must save one of so many bytes.
const GAIN_SHARE: u64 = 32;

/// The transform of the method.
const MAP: Transform = Transform::SubtractOrdered;

/// All values of the group equal the base.
const EQUAL: u64 = 0;
const DENSE: u64 = 1;
const SPARSE: u64 = 2;

/// Calls a function that is generic over the bytes of a value: 2, 4 or 8.
macro_rules! by_width {
    ($width:expr, $groups:ident . $call:ident ( $($argument:expr),* )) => {
        match $width {
            2 => $groups.$call::<2>($($argument),*),
            4 => $groups.$call::<4>($($argument),*),
            _ => $groups.$call::<8>($($argument),*),
        }
    };
}

/// The buffers of grouped blocks.
#[derive(Debug, Default)]
pub(super) struct Sorted {
    /// Transformed values, group by group.
    values: Vec<u8>,
    /// The same in the order of the block; zeros while groups are coded.
    ordered: Vec<u8>,
    bodies: Vec<u8>,
    classes: Vec<u8>,
}

impl Sorted {
    /// Makes room for a block and finds the classes of its values. `planes` is any buffer.
    fn prepare(&mut self, width: usize, base: &[u8], planes: &mut Vec<u8>) {
        for buffer in [&mut self.values, &mut self.ordered, planes] {
            buffer.resize(base.len(), 0);
        }
        transform::split(Transform::Rotate, width, base, base, planes);
        self.classes.clear();
        self.classes
            .extend_from_slice(&planes[base.len() / width * (width - 1)..]);
    }
}

impl BlockCoder {
    /// Groups for `raw`, if they pay by estimate.
    pub(super) fn find_groups(
        &mut self,
        (raw, base): (&[u8], &[u8]),
        kind: ElementKind,
    ) -> Option<Groups> {
        let width = kind.width() as usize;
        let values = raw.len() / width;
        if self.level == Level::Fast
            || !kind.is_float()
            || values < VALUES_MIN
            || !raw.len().is_multiple_of(width)
            || raw == base
        {
            return None;
        }
        self.take_sample(raw, Some(base));
        let mut classes: Histogram = [0; 256];
        for value in self.sample.1.chunks_exact(width) {
            classes[class_of(value)] += 1;
        }
        let groups = Groups::of_counts(&classes);
        if groups.lasts.len() < 2 {
            return None;
        }
        transform::differences(width, raw, base, &mut self.positions);
        let is_sparse = self.positions.len() <= values / 2;
        let sampled = self.sample.0.len() / width;
        let scale = values / sampled;
        let sizes = groups.sizes(&classes, if is_sparse { scale } else { 1 });
        // Few differences are looked at one by one, of many a sample says enough.
        let (grouped, together) = if is_sparse {
            let pair = (raw, base);
            transform::gather(MAP, width, pair, &self.positions, &mut self.planes);
            let places = self.positions.iter().map(|&position| position as usize);
            let counts = Counts::of(&groups, width, &self.planes, base, places);
            counts.costs(&sizes, true, 1)
        } else {
            let (sample, base) = (&self.sample.0, &self.sample.1);
            self.planes.resize(sample.len(), 0);
            transform::split(MAP, width, sample, base, &mut self.planes);
            let counts = Counts::of(&groups, width, &self.planes, base, 0..sampled);
            counts.costs(&sizes, false, scale as u64)
        };
        (grouped + grouped / GAIN_SHARE < together).then_some(groups)
    }

    /// Appends the payload of a grouped block.
    pub(super) fn write_grouped(
        &mut self,
        form: Form,
        (raw, base): (&[u8], &[u8]),
        out: &mut Vec<u8>,
    ) -> Result<()> {
        let (groups, mut sorted) = (self.groups.take(), std::mem::take(&mut self.sorted));
        let result = match &groups {
            Some(groups) => self.write_groups(groups, &mut sorted, form, (raw, base), out),
            None => Err(Error::invalid_argument("groups of a block", "some", "none")),
        };
        (self.groups, self.sorted) = (groups, sorted);
        if self.level == Level::Max {
            // For the plans that follow.
            transform::differences(form.width, raw, base, &mut self.positions);
        }
        result
    }

    fn write_groups(
        &mut self,
        groups: &Groups,
        sorted: &mut Sorted,
        Form { map, width }: Form,
        (raw, base): (&[u8], &[u8]),
        out: &mut Vec<u8>,
    ) -> Result<()> {
        sorted.prepare(width, base, &mut self.planes);
        let places = groups.places(&sorted.classes);
        transform::split(map, width, raw, base, &mut self.planes);
        let plain = Form {
            map: Transform::Plain,
            width,
        };
        join_planes(plain, &self.planes, None, &mut sorted.ordered);
        by_width!(
            width,
            groups.sort(
                &sorted.classes,
                &places,
                &sorted.ordered,
                &mut sorted.values
            )
        );
        sorted.ordered.fill(0);
        sorted.bodies.clear();
        out.push(groups.lasts.len() as u8);
        out.extend_from_slice(&groups.lasts);
        for &(first, end) in &places.ranges[..groups.lasts.len()] {
            let values = &sorted.values[first * width..end * width];
            let zeros = &sorted.ordered[..values.len()];
            let start = sorted.bodies.len();
            let coding = if values == zeros {
                EQUAL
            } else {
                // Against zeros a value is its own difference.
                let pair = (values, zeros);
                if self.is_better_sparse(width, values, zeros) {
                    self.write_sparse(plain, Content::Numbers, pair, &mut sorted.bodies)?;
                    SPARSE
                } else {
                    self.write_dense(plain, Content::Numbers, pair, &mut sorted.bodies)?;
                    DENSE
                }
            };
            write_varint(((sorted.bodies.len() - start) as u64) << 2 | coding, out);
        }
        copy::append(out, &sorted.bodies);
        Ok(())
    }

    /// Whether the values, of which some are not zero, take less as sparse ones. Finds their positions.
    fn is_better_sparse(&mut self, width: usize, values: &[u8], zeros: &[u8]) -> bool {
        let count = values.len() / width;
        transform::differences(width, values, zeros, &mut self.positions);
        let nonzero = self.positions.len();
        if nonzero > count / 2 {
            return false;
        }
        let pair = (values, zeros);
        transform::gather(
            Transform::Plain,
            width,
            pair,
            &self.positions,
            &mut self.planes,
        );
        let (sparse, dense) = sparse_costs(&self.planes, width, nonzero, count);
        estimate::positions(count as u64, nonzero as u64) + sparse < dense
    }

    /// Restores a grouped block.
    pub(super) fn read_grouped(
        &mut self,
        form: Form,
        payload: &[u8],
        base: &[u8],
        out: &mut [u8],
    ) -> Result<()> {
        let mut sorted = std::mem::take(&mut self.sorted);
        let result = self.read_groups(form, payload, base, &mut sorted, out);
        self.sorted = sorted;
        result
    }

    fn read_groups(
        &mut self,
        form: Form,
        payload: &[u8],
        base: &[u8],
        sorted: &mut Sorted,
        out: &mut [u8],
    ) -> Result<()> {
        let mut reader = Reader::new(payload, "block payload");
        let groups = Groups::read_from(&mut reader)?;
        let mut headers = [0; GROUPS_MAX];
        for header in &mut headers[..groups.lasts.len()] {
            *header = reader.varint()?;
        }
        let width = form.width;
        sorted.prepare(width, base, &mut self.planes);
        let places = groups.places(&sorted.classes);
        let plain = Form {
            map: Transform::Plain,
            width,
        };
        sorted.ordered.fill(0);
        for (&(first, end), header) in places.ranges.iter().zip(&headers[..groups.lasts.len()]) {
            let values = &mut sorted.values[first * width..end * width];
            let zeros = &sorted.ordered[..values.len()];
            let stored = usize::try_from(header >> 2).unwrap_or(usize::MAX);
            let body = reader.bytes(stored)?;
            match header & 3 {
                EQUAL if stored == 0 => values.fill(0),
                DENSE if !values.is_empty() => self.read_dense(plain, body, None, values)?,
                SPARSE if !values.is_empty() => self.read_sparse(plain, body, zeros, values)?,
                other => {
                    let expected = "equal, dense or sparse values";
                    return Err(Error::corruption("coding of a group", expected, other));
                }
            }
        }
        reader.finish()?;
        by_width!(
            width,
            groups.unsort(
                &sorted.classes,
                &places,
                &sorted.values,
                &mut sorted.ordered
            )
        );
        self.planes.resize(out.len(), 0);
        transform::split(
            Transform::Plain,
            width,
            &sorted.ordered,
            &sorted.ordered,
            &mut self.planes,
        );
        join_planes(form, &self.planes, Some(base), out);
        Ok(())
    }
}

/// Values from planes that lie one after the other.
fn join_planes(Form { map, width }: Form, planes: &[u8], base: Option<&[u8]>, out: &mut [u8]) {
    let mut views: [&[u8]; WIDTH_MAX] = [&[]; WIDTH_MAX];
    for (view, plane) in views.iter_mut().zip(planes.chunks_exact(out.len() / width)) {
        *view = plane;
    }
    transform::join(map, width, &views[..width], base, out);
}
