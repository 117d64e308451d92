//! Arrays of numpy: the header of a `.npy` file, and zips of such files.
//!
//! Source: `numpy/lib/format.py` of numpy. The header is a Python literal that numpy itself writes; only its three
//! values are looked for, nothing is evaluated.

use std::collections::HashSet;

use super::container::{Container, ContainerKind, Order, Pairing, Part, Tensor};
use super::dtype::{Dtype, elements};
use super::fragments::{Fragments, Parsed, Stop};
use super::zip::{Member, number, part_of, passing};
use super::{ElementKind, TENSOR_COUNT_MAX};

pub(super) const MAGIC: [u8; 6] = *b"\x93NUMPY";
/// The ending of arrays in a zip.
pub(super) const SUFFIX: &str = ".npy";
/// Bytes in front of the header's text, its length included: version 1, and later ones.
const PREFIX_BYTES: u64 = 10;
const LONG_PREFIX_BYTES: u64 = 12;
/// Longest header that is looked at.
const HEADER_BYTES_MAX: u64 = 1 << 20;
/// The name of the array of a `.npy` file.
const ARRAY_NAME: &str = "array";

/// The object as one array.
pub(super) fn parse_file(source: &Fragments) -> Parsed<Container> {
    let object_bytes = source.object_bytes();
    let (part, tensor) = array(source, 0, object_bytes, ARRAY_NAME)?;
    container_of(
        ContainerKind::Npy,
        source,
        vec![part],
        tensor.into_iter().collect(),
        "",
    )
}

/// The object as a zip of arrays.
pub(super) fn parse_zip(source: &Fragments, members: &[Member]) -> Parsed<Container> {
    let mut parts = Vec::with_capacity(members.len());
    let mut tensors: Vec<Tensor> = Vec::new();
    let mut names = HashSet::new();
    let mut wanted = Vec::new();
    for member in members {
        let name = member.name();
        let name = name.strip_suffix(SUFFIX).unwrap_or(&name);
        let end = member.offset.saturating_add(member.length);
        let found = if member.is_stored {
            array(source, member.offset, end, name)
        } else {
            Err(Stop::refuse("compressed"))
        };
        match found {
            Ok((part, tensor)) => {
                parts.push(part);
                // Of arrays of one name the first has it, as among those of a torch file.
                tensors.extend(tensor.filter(|tensor| {
                    tensors.len() < TENSOR_COUNT_MAX && names.insert(tensor.name.clone())
                }));
            }
            Err(Stop::Need(ranges)) => wanted.extend(ranges),
            Err(Stop::Refuse(_)) => parts.push(part_of(member, None, Pairing::Name(name.into()))),
        }
    }
    if !wanted.is_empty() {
        return Err(Stop::Need(wanted));
    }
    container_of(
        ContainerKind::Npz,
        source,
        parts,
        tensors,
        &passing(members),
    )
}

/// Pairs parts with the tensors that fill them: both are in order of offset.
fn container_of(
    kind: ContainerKind,
    source: &Fragments,
    mut parts: Vec<Part>,
    tensors: Vec<Tensor>,
    reason: &str,
) -> Parsed<Container> {
    for part in &mut parts {
        let place = tensors.binary_search_by_key(&part.offset, |tensor| tensor.offset);
        if let (Ok(index), false) = (place, part.length == 0) {
            part.pairing = Pairing::Tensor(index);
        }
    }
    Container::of_parts(kind, source.object_bytes(), parts, tensors)
        .map(|container| container.with_reason(reason))
        .ok_or_else(|| Stop::refuse("arrays overlap"))
}

/// The array whose file is `start .. end`; no tensor where its type has no name.
fn array(source: &Fragments, start: u64, end: u64, name: &str) -> Parsed<(Part, Option<Tensor>)> {
    let broken = || Stop::refuse("its numpy header cannot be read");
    let room = |length: u64| start.checked_add(length).is_some_and(|at| at <= end);
    if !room(LONG_PREFIX_BYTES) {
        return Err(broken());
    }
    let prefix = source.get(start, LONG_PREFIX_BYTES)?;
    if !prefix.starts_with(&MAGIC) {
        return Err(broken());
    }
    let (at, length) = match prefix.get(6) {
        Some(1) => (PREFIX_BYTES, number(prefix, 8, 2)),
        Some(2 | 3) => (LONG_PREFIX_BYTES, number(prefix, 8, 4)),
        _ => return Err(broken()),
    };
    if length > HEADER_BYTES_MAX || !room(at + length) {
        return Err(broken());
    }
    let text = source.get(start + at, length)?;
    let text = std::str::from_utf8(text).map_err(|_| broken())?;
    let header = Header::parse(text).ok_or_else(broken)?;
    let data_at = start + at + length;
    let tensor = header.tensor(name, data_at, end - data_at);
    let part = Part {
        offset: data_at,
        length: end - data_at,
        kind: tensor
            .as_ref()
            .map_or(ElementKind::Probe, |tensor| tensor.kind),
        pairing: Pairing::Name(name.to_owned()),
        is_structure: false,
    };
    Ok((part, tensor))
}

struct Header<'a> {
    descr: &'a str,
    order: Order,
    shape: Vec<u64>,
}

impl<'a> Header<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let value = |key: &str| Some(text.split_once(key)?.1.trim_start_matches([':', ' ']));
        let order = value("'fortran_order'")?;
        let shape = value("'shape'")?.strip_prefix('(')?.split_once(')')?.0;
        let shape = shape
            .split(',')
            .map(str::trim)
            .filter(|text| !text.is_empty());
        // A list is the type of a record: it stays without a name.
        let descr = value("'descr'")?.strip_prefix('\'').unwrap_or_default();
        Some(Self {
            descr: descr.split_once('\'').map_or("", |(descr, _)| descr),
            order: match order {
                order if order.starts_with("False") => Order::RowMajor,
                order if order.starts_with("True") => Order::ColumnMajor,
                _ => return None,
            },
            shape: shape.map(|text| text.parse().ok()).collect::<Option<_>>()?,
        })
    }

    /// The tensor, if its type is known, little-endian, and fills `bytes`.
    fn tensor(self, name: &str, offset: u64, bytes: u64) -> Option<Tensor> {
        let code = self.descr.strip_prefix(['<', '|', '='])?;
        // ml_dtypes saves bfloat16 and 8-bit floats as bytes without a type.
        let (dtype, width, kind) = match code {
            "V2" => ("V2", 2, ElementKind::Float16),
            "V1" => ("V1", 1, ElementKind::Byte),
            code => {
                let dtype = Dtype::of_numpy(code)?;
                (dtype.name, dtype.bits / 8, dtype.kind)
            }
        };
        let length = elements(&self.shape)?.checked_mul(width)?;
        (length == bytes).then(|| Tensor {
            name: name.to_owned(),
            dtype: dtype.into(),
            shape: self.shape,
            offset,
            length,
            kind,
            order: self.order,
        })
    }
}
