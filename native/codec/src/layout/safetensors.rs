//! The header of a safetensors file: 8 bytes of length, then that many bytes of JSON, then the tensors.
//!
//! The parser is strict, because a wrong guess about where tensors lie costs ratio and a duplicate name makes a
//! restore by name ambiguous. Whatever it refuses is still compressed, as opaque bytes; the refusal is a sentence
//! for the user. It never allocates by a number it has read.

use std::collections::HashSet;
use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::container::{Container, ContainerKind, Order, Pairing, Part, Tensor};
use super::dtype::{Dtype, elements};
use super::fragments::{Fragments, Parsed, Stop};
use super::{ElementKind, TENSOR_COUNT_MAX, zip};

/// The longest JSON header that is parsed: the limit of the safetensors library itself.
pub const HEADER_BYTES_MAX: u64 = 100_000_000;
/// Bytes of the length field in front of the JSON.
pub(super) const LENGTH_BYTES: u64 = 8;

/// What a header says.
pub(super) struct Header {
    /// Bytes in front of the first tensor: the length field and the JSON.
    pub(super) bytes: u64,
    /// By offset. They follow the header without gap or overlap.
    pub(super) tensors: Vec<Tensor>,
}

impl Header {
    /// One past the last byte of the last tensor.
    pub(super) fn end(&self) -> u64 {
        let last = self.tensors.last();
        last.map_or(self.bytes, |tensor| tensor.offset + tensor.length)
    }
}

/// The whole object as a safetensors file.
pub(super) fn parse_file(source: &Fragments) -> Parsed<Container> {
    let object_bytes = source.object_bytes();
    let header = parse_at(source, 0)?;
    if header.end() < object_bytes {
        let left = object_bytes - header.end();
        return Err(Stop::Refuse(format!(
            "no tensor covers the last {left} bytes"
        )));
    }
    let mut parts = vec![Part {
        offset: 0,
        length: header.bytes,
        kind: ElementKind::Byte,
        pairing: Pairing::Name("header".into()),
        is_structure: true,
    }];
    parts.extend(
        header
            .tensors
            .iter()
            .enumerate()
            .map(|(index, tensor)| Part {
                offset: tensor.offset,
                length: tensor.length,
                kind: tensor.kind,
                pairing: Pairing::Tensor(index),
                is_structure: false,
            }),
    );
    let tensors = header.tensors;
    let container = Container::of_parts(ContainerKind::Safetensors, object_bytes, parts, tensors)
        .ok_or_else(|| Stop::refuse("its tensors overlap"))?;
    let header_bytes = header.bytes;
    Ok(Container {
        header_bytes,
        ..container
    })
}

/// The header that begins at `start`. Offsets of its tensors are absolute in the object.
pub(super) fn parse_at(source: &Fragments, start: u64) -> Parsed<Header> {
    let refuse = |reason: String| Err(Stop::Refuse(reason));
    let json_bytes = zip::number(source.get(start, LENGTH_BYTES)?, 0, 8);
    if json_bytes > HEADER_BYTES_MAX {
        return refuse(format!(
            "not safetensors: a header of {json_bytes} bytes is over the limit of {HEADER_BYTES_MAX}"
        ));
    }
    let rest_bytes = source.object_bytes() - start;
    if LENGTH_BYTES + json_bytes > rest_bytes {
        return refuse(format!(
            "not safetensors: a header of {json_bytes} bytes is longer than the object of {rest_bytes} bytes"
        ));
    }
    let json_at = start + LENGTH_BYTES;
    if json_bytes > 0 && source.get(json_at, 1)? != b"{" {
        return refuse("not safetensors: the header does not start with {".into());
    }
    let json = source.get(json_at, json_bytes)?;
    parse(json, start, source.object_bytes()).map_err(Stop::Refuse)
}

/// Parses the JSON of a header and checks it against the object's size; the error is a sentence.
fn parse(json: &[u8], start: u64, object_bytes: u64) -> Result<Header, String> {
    let data_at = start + LENGTH_BYTES + json.len() as u64;
    let mut deserializer = serde_json::Deserializer::from_slice(json);
    let mut tensors = deserializer
        .deserialize_map(TopLevel)
        .and_then(|tensors| deserializer.end().map(|()| tensors))
        .map_err(|error| format!("the safetensors header cannot be read: {error}"))?;
    for tensor in &mut tensors {
        check_size(tensor)?;
        tensor.offset = tensor
            .offset
            .checked_add(data_at)
            .ok_or_else(|| out_of_range(tensor))?;
        let end = tensor
            .offset
            .checked_add(tensor.length)
            .ok_or_else(|| out_of_range(tensor))?;
        if end > object_bytes {
            return Err(format!(
                "tensor {:?} ends at byte {end}, past the end of the object of {object_bytes} bytes",
                tensor.name
            ));
        }
    }
    tensors.sort_by_key(|tensor| (tensor.offset, tensor.length));
    check_cover(&tensors, data_at)?;
    let bytes = data_at - start;
    Ok(Header { bytes, tensors })
}

fn out_of_range(tensor: &Tensor) -> String {
    format!("the offsets of tensor {:?} are out of range", tensor.name)
}

/// Checks that shape times element size is the length, and fills in the kind.
fn check_size(tensor: &mut Tensor) -> Result<(), String> {
    let Some(dtype) = Dtype::named(&tensor.dtype) else {
        return Ok(());
    };
    tensor.kind = dtype.kind;
    let size = elements(&tensor.shape).and_then(|count| dtype.bytes_of(count));
    if size == Some(tensor.length) {
        return Ok(());
    }
    Err(format!(
        "tensor {:?} of type {} and shape {:?} does not fill its {} bytes",
        tensor.name, tensor.dtype, tensor.shape, tensor.length
    ))
}

fn check_cover(tensors: &[Tensor], data_at: u64) -> Result<(), String> {
    let mut end = data_at;
    for tensor in tensors {
        if tensor.offset < end {
            return Err(format!(
                "tensor {:?} overlaps the one before it",
                tensor.name
            ));
        }
        if tensor.offset > end {
            return Err(format!(
                "no tensor covers the {} bytes in front of tensor {:?}",
                tensor.offset - end,
                tensor.name
            ));
        }
        end = tensor.offset + tensor.length;
    }
    Ok(())
}

struct TopLevel;

impl<'de> Visitor<'de> for TopLevel {
    type Value = Vec<Tensor>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of tensors by name")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut tensors: Vec<Tensor> = Vec::new();
        let mut has_metadata = false;
        while let Some(name) = map.next_key::<String>()? {
            if name == "__metadata__" {
                if std::mem::replace(&mut has_metadata, true) {
                    return Err(de::Error::custom("__metadata__ appears twice"));
                }
                map.next_value::<IgnoredAny>()?;
                continue;
            }
            if tensors.len() == TENSOR_COUNT_MAX {
                return Err(de::Error::custom(format_args!(
                    "there are more than {TENSOR_COUNT_MAX} tensors"
                )));
            }
            tensors.push(map.next_value_seed(TensorSeed(name))?);
        }
        let mut names = HashSet::with_capacity(tensors.len());
        match tensors
            .iter()
            .find(|tensor| !names.insert(tensor.name.as_str()))
        {
            None => Ok(tensors),
            Some(twice) => Err(de::Error::custom(format_args!(
                "tensor {:?} appears twice",
                twice.name
            ))),
        }
    }
}

/// Reads the description of the tensor of this name. Its offset is still relative to the end of the header.
struct TensorSeed(String);

impl<'de> DeserializeSeed<'de> for TensorSeed {
    type Value = Tensor;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Tensor, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for TensorSeed {
    type Value = Tensor;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "an object with dtype, shape and data_offsets for tensor {:?}",
            self.0
        )
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Tensor, A::Error> {
        let (mut dtype, mut shape, mut offsets) = (None, None, None);
        while let Some(key) = map.next_key::<String>()? {
            let twice = match key.as_str() {
                "dtype" => dtype.replace(map.next_value::<String>()?).is_some(),
                "shape" => shape.replace(map.next_value::<Dimensions>()?.0).is_some(),
                "data_offsets" => offsets.replace(map.next_value::<[u64; 2]>()?).is_some(),
                _ => {
                    map.next_value::<IgnoredAny>()?;
                    false
                }
            };
            if twice {
                let name = &self.0;
                return Err(de::Error::custom(format_args!(
                    "{key} of tensor {name:?} appears twice"
                )));
            }
        }
        let dtype = dtype.ok_or_else(|| de::Error::missing_field("dtype"))?;
        let shape = shape.ok_or_else(|| de::Error::missing_field("shape"))?;
        let [start, end] = offsets.ok_or_else(|| de::Error::missing_field("data_offsets"))?;
        let length = end.checked_sub(start).ok_or_else(|| {
            de::Error::custom(format_args!("tensor {:?} ends before it starts", self.0))
        })?;
        Ok(Tensor {
            name: self.0,
            dtype,
            shape,
            offset: start,
            length,
            kind: ElementKind::Probe,
            order: Order::RowMajor,
        })
    }
}

/// A list of dimensions, without trust in any size hint.
struct Dimensions(Vec<u64>);

impl<'de> de::Deserialize<'de> for Dimensions {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct List;
        impl<'de> Visitor<'de> for List {
            type Value = Dimensions;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of dimensions")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Dimensions, A::Error> {
                let mut dimensions = Vec::new();
                while let Some(dimension) = seq.next_element()? {
                    dimensions.push(dimension);
                }
                Ok(Dimensions(dimensions))
            }
        }
        deserializer.deserialize_seq(List)
    }
}
