//! A zip of `torch.save`: pickles that describe storages, and the storages as stored members.
//!
//! Source: `torch/serialization.py` and `caffe2/serialize/inline_container.cc` of `PyTorch`: every member lies under one
//! root folder; `data.pkl` refers to `data/<key>`, and a `TorchScript` archive has `constants.pkl` with
//! `constants/<key>` as well; `byteorder` holds `little` or `big`.

use std::collections::{HashMap, HashSet};

use super::container::{Container, ContainerKind, Order, Pairing, Tensor};
use super::dtype::elements;
use super::fragments::{Fragments, Parsed, Stop};
use super::pickle::{self, End, Pickle, TensorView};
use super::zip::{Member, part_of, passing};
use super::{ElementKind, TENSOR_COUNT_MAX};

/// The pickle that every archive has.
const MAIN_PICKLE: &str = "data.pkl";
const PICKLES: [&str; 2] = [MAIN_PICKLE, "constants.pkl"];

/// The root folder of an archive of `PyTorch`, with its slash; `None` for other archives.
pub(super) fn root(members: &[Member]) -> Option<String> {
    members.iter().find_map(|member| {
        let name = member.name();
        let root = name.strip_suffix(MAIN_PICKLE)?;
        let is_root = root.ends_with('/') && root.matches('/').count() == 1;
        is_root.then(|| root.to_owned())
    })
}

/// The parts and tensors of an archive.
pub(super) fn parse(source: &Fragments, members: &[Member], root: &str) -> Parsed<Container> {
    let places: HashMap<&[u8], usize> = members
        .iter()
        .enumerate()
        .map(|(place, member)| (member.name.as_slice(), place))
        .collect();
    let find = |name: &str| {
        let place = places.get(format!("{root}{name}").as_bytes());
        place.and_then(|&place| Some((place, members.get(place)?)))
    };
    let is_big = match find("byteorder") {
        Some((_, member)) => member.contents(source)? == Some(b"big"),
        None => false,
    };
    let mut found = Archive::new(members, root);
    for name in PICKLES.iter().filter(|_| !is_big) {
        let member = find(name).map(|(_, member)| member);
        let Some(bytes) = member.map_or(Ok(None), |member| member.contents(source))? else {
            continue;
        };
        let folder = name.strip_suffix(".pkl").unwrap_or(name);
        let place = |key: &[u8]| {
            let key = std::str::from_utf8(key).ok()?;
            find(&format!("{folder}/{key}"))
        };
        found.add(&pickle::read(bytes), place);
    }
    found.finish(source.object_bytes(), is_big)
}

struct Archive<'a> {
    members: &'a [Member],
    root: &'a str,
    /// Of each member.
    kinds: Vec<Option<ElementKind>>,
    tensors: Vec<Tensor>,
    names: HashSet<String>,
    is_broken: bool,
}

impl<'a> Archive<'a> {
    fn new(members: &'a [Member], root: &'a str) -> Self {
        Self {
            members,
            root,
            kinds: vec![None; members.len()],
            tensors: Vec::new(),
            names: HashSet::new(),
            is_broken: false,
        }
    }

    /// Types the members of one pickle's storages and lists its tensors.
    fn add<'m>(&mut self, pickle: &Pickle, place: impl Fn(&[u8]) -> Option<(usize, &'m Member)>) {
        self.is_broken |= !matches!(pickle.end, End::Complete(_));
        for (key, storage) in &pickle.storages {
            if let Some((at, member)) = place(key) {
                let kind = storage.dtype.map_or(ElementKind::Probe, |dtype| dtype.kind);
                let is_whole = member.is_stored && storage.bytes == Some(member.length);
                self.kinds[at] = is_whole.then_some(kind);
            }
        }
        for (name, view) in &pickle.tensors {
            let Some((at, member)) = place(&view.storage) else {
                continue;
            };
            let is_room = self.tensors.len() < TENSOR_COUNT_MAX && self.kinds[at].is_some();
            let tensor = tensor_of(name, view, member).filter(|_| is_room);
            // A name that comes twice would make a restore by name ambiguous: the first one has it.
            if let Some(tensor) = tensor.filter(|_| self.names.insert(name.clone())) {
                self.tensors.push(tensor);
            }
        }
    }

    fn finish(mut self, object_bytes: u64, is_big: bool) -> Parsed<Container> {
        self.tensors.sort_by(|a, b| {
            let key = |tensor: &Tensor| (tensor.offset, std::cmp::Reverse(tensor.length));
            key(a).cmp(&key(b)).then_with(|| a.name.cmp(&b.name))
        });
        let mut by_place: HashMap<(u64, u64), usize> = HashMap::new();
        for (index, tensor) in self.tensors.iter().enumerate() {
            by_place
                .entry((tensor.offset, tensor.length))
                .or_insert(index);
        }
        let parts = self.members.iter().zip(&self.kinds).map(|(member, kind)| {
            let tensor = by_place.get(&(member.offset, member.length));
            let pairing = match tensor {
                Some(&index) => Pairing::Tensor(index),
                None => Pairing::Name(self.name_in_root(member)),
            };
            part_of(member, *kind, pairing)
        });
        let parts = parts.collect();
        let reason = reason(self.members, is_big, self.is_broken);
        Container::of_parts(ContainerKind::Torch, object_bytes, parts, self.tensors)
            .map(|container| container.with_reason(&reason))
            .ok_or_else(|| Stop::refuse("members of the zip overlap"))
    }

    /// The root folder is the name of the file: it changes from step to step.
    fn name_in_root(&self, member: &Member) -> String {
        let name = member.name();
        name.strip_prefix(self.root).unwrap_or(&name).to_owned()
    }
}

fn reason(members: &[Member], is_big: bool, is_broken: bool) -> String {
    if is_big {
        "the storages are big-endian: their values are not looked at".into()
    } else if is_broken {
        "a pickle could not be read to its end: tensors are not named".into()
    } else {
        passing(members)
    }
}

/// A tensor with its place, if it lies within its storage.
fn tensor_of(name: &str, view: &TensorView, storage: &Member) -> Option<Tensor> {
    let dtype = view.dtype?;
    let count = elements(&view.shape)?;
    let order = order_of(&view.shape, &view.strides)?;
    let extent = match order {
        Order::Strided => extent_of(&view.shape, &view.strides)?,
        Order::RowMajor | Order::ColumnMajor => count,
    };
    let (start, length) = (dtype.bytes_of(view.first)?, dtype.bytes_of(extent)?);
    let is_inside = start.checked_add(length)? <= storage.length;
    is_inside.then(|| Tensor {
        name: name.to_owned(),
        dtype: dtype.name.into(),
        shape: view.shape.clone(),
        offset: storage.offset + start,
        length,
        kind: dtype.kind,
        order,
    })
}

/// How strides order the elements; `None` if there is not one stride for each dimension.
fn order_of(shape: &[u64], strides: &[u64]) -> Option<Order> {
    if shape.len() != strides.len() {
        return None;
    }
    if shape.contains(&0) || is_dense(shape.iter().zip(strides).rev()) {
        return Some(Order::RowMajor);
    }
    Some(if is_dense(shape.iter().zip(strides)) {
        Order::ColumnMajor
    } else {
        Order::Strided
    })
}

/// Whether each dimension, from the fastest on, steps over all the faster ones; a dimension of 1 may have any stride.
fn is_dense<'a>(mut dimensions: impl Iterator<Item = (&'a u64, &'a u64)>) -> bool {
    let mut step = 1u64;
    dimensions.all(|(&length, &stride)| {
        let is_next = length == 1 || stride == step;
        step = step.saturating_mul(length);
        is_next
    })
}

/// Elements from the first to the last of a view.
fn extent_of(shape: &[u64], strides: &[u64]) -> Option<u64> {
    shape
        .iter()
        .zip(strides)
        .try_fold(1u64, |extent, (length, stride)| {
            length
                .checked_sub(1)?
                .checked_mul(*stride)?
                .checked_add(extent)
        })
}
