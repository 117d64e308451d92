//! The header of a safetensors file: 8 bytes of length, then that many bytes of JSON, then the tensors.
//!
//! The parser is strict, because a wrong guess about where tensors lie costs ratio and a duplicate name makes a
//! restore by name ambiguous. Whatever it refuses is still compressed, as opaque bytes; the refusal is a sentence
//! for the user. It never allocates by a number it has read.

use std::collections::HashSet;
use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::ElementKind;

/// The longest JSON header that is parsed: the limit of the safetensors library itself.
pub const HEADER_BYTES_MAX: u64 = 100_000_000;
/// The most tensors, and so regions, of one checkpoint.
pub const TENSOR_COUNT_MAX: usize = 1_000_000;
/// Bytes of the length field in front of the JSON.
pub(super) const LENGTH_BYTES: u64 = 8;

/// One tensor of a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tensor {
    /// Name, unique in the container.
    pub name: String,
    /// Element type as the container spells it, such as `BF16`.
    pub dtype: String,
    /// Dimensions; empty for a scalar.
    pub shape: Vec<u64>,
    /// First byte, absolute in the original.
    pub offset: u64,
    /// Bytes; 0 if a dimension is 0.
    pub length: u64,
    /// How its bytes are grouped.
    pub kind: ElementKind,
}

/// What a safetensors header says, checked against the size of the object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SafetensorsHeader {
    /// Bytes in front of the first tensor: the length field and the JSON.
    pub header_bytes: u64,
    /// The tensors, by offset. They cover the rest of the object without gap or overlap.
    pub tensors: Vec<Tensor>,
}

/// Bits of one element and how its bytes are grouped; `None` for a dtype that this version does not know.
fn dtype_layout(dtype: &str) -> Option<(u64, ElementKind)> {
    Some(match dtype {
        "F4" => (4, ElementKind::Byte),
        "F6_E2M3" | "F6_E3M2" => (6, ElementKind::Byte),
        "BOOL" | "U8" | "I8" | "F8_E5M2" | "F8_E4M3" | "F8_E8M0" | "F8_E4M3FNUZ"
        | "F8_E5M2FNUZ" => (8, ElementKind::Byte),
        "I16" | "U16" => (16, ElementKind::Int16),
        "F16" | "BF16" => (16, ElementKind::Float16),
        "I32" | "U32" => (32, ElementKind::Int32),
        "F32" => (32, ElementKind::Float32),
        "C64" => (64, ElementKind::Float32),
        "I64" | "U64" => (64, ElementKind::Int64),
        "F64" => (64, ElementKind::Float64),
        _ => return None,
    })
}

/// Parses the JSON of a header and checks it against the object's size; the error is a sentence.
pub(super) fn parse(json: &[u8], object_bytes: u64) -> Result<SafetensorsHeader, String> {
    let header_bytes = LENGTH_BYTES + json.len() as u64;
    let mut deserializer = serde_json::Deserializer::from_slice(json);
    let mut tensors = deserializer
        .deserialize_map(TopLevel)
        .and_then(|tensors| deserializer.end().map(|()| tensors))
        .map_err(|error| format!("the safetensors header cannot be read: {error}"))?;
    for tensor in &mut tensors {
        check_size(tensor)?;
        tensor.offset = tensor
            .offset
            .checked_add(header_bytes)
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
    check_cover(&tensors, header_bytes, object_bytes)?;
    Ok(SafetensorsHeader {
        header_bytes,
        tensors,
    })
}

fn out_of_range(tensor: &Tensor) -> String {
    format!("the offsets of tensor {:?} are out of range", tensor.name)
}

/// Checks that shape times element size is the length, and fills in the kind.
fn check_size(tensor: &mut Tensor) -> Result<(), String> {
    let Some((bits, kind)) = dtype_layout(&tensor.dtype) else {
        return Ok(());
    };
    tensor.kind = kind;
    let size = tensor
        .shape
        .iter()
        .try_fold(1_u64, |product, &dimension| product.checked_mul(dimension))
        .and_then(|values| values.checked_mul(bits))
        .filter(|bits| bits % 8 == 0)
        .map(|bits| bits / 8);
    if size == Some(tensor.length) {
        return Ok(());
    }
    Err(format!(
        "tensor {:?} of type {} and shape {:?} does not fill its {} bytes",
        tensor.name, tensor.dtype, tensor.shape, tensor.length
    ))
}

fn check_cover(tensors: &[Tensor], header_bytes: u64, object_bytes: u64) -> Result<(), String> {
    let mut end = header_bytes;
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
    if end < object_bytes {
        return Err(format!(
            "no tensor covers the last {} bytes",
            object_bytes - end
        ));
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
