//! What the bytes of an original are: its container, and from that the regions of one element kind.
//!
//! [`probe_container`] recognises a container by the head of an object; [`plan_layout`] cuts the object into
//! [`Region`]s and pairs them with those of a base. A plan is only advice to the encoder: what it gets wrong
//! costs ratio, never bytes, and a decoder does not need it.

mod plan;
mod safetensors;

pub use plan::plan_layout;
pub use safetensors::{HEADER_BYTES_MAX, SafetensorsHeader, TENSOR_COUNT_MAX, Tensor};

/// The longest sentence of [`ContainerProbe::Opaque`], in bytes.
pub const REASON_BYTES_MAX: usize = 200;

/// How the bytes of a region are grouped into values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum ElementKind {
    /// Width unknown (opaque data): the encoder probes 1, 2, 4 and 8 bytes per block.
    Probe = 0,
    /// One byte: i8, u8, 8-bit and smaller floats, bool, text.
    Byte = 1,
    /// 16-bit float: f16 and bf16.
    Float16 = 2,
    /// 32-bit float, also the two halves of a complex64.
    Float32 = 3,
    /// 64-bit float.
    Float64 = 4,
    /// 16-bit integer.
    Int16 = 5,
    /// 32-bit integer.
    Int32 = 6,
    /// 64-bit integer.
    Int64 = 7,
}

impl ElementKind {
    /// The kind with this number, or `None` for a number this version does not know.
    #[must_use]
    pub const fn from_u8(value: u8) -> Option<Self> {
        Some(match value {
            0 => Self::Probe,
            1 => Self::Byte,
            2 => Self::Float16,
            3 => Self::Float32,
            4 => Self::Float64,
            5 => Self::Int16,
            6 => Self::Int32,
            7 => Self::Int64,
            _ => return None,
        })
    }

    /// Bytes of one value; 1 for [`ElementKind::Probe`].
    #[must_use]
    pub const fn width(self) -> u64 {
        match self {
            Self::Probe | Self::Byte => 1,
            Self::Float16 | Self::Int16 => 2,
            Self::Float32 | Self::Int32 => 4,
            Self::Float64 | Self::Int64 => 8,
        }
    }
}

/// A run of the original with one element kind and one mapping into the base.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Region {
    /// First byte, absolute in the original.
    pub offset: u64,
    /// Bytes; never 0.
    pub length: u64,
    /// How its bytes are grouped.
    pub kind: ElementKind,
    /// First byte in the base's original, if the region has a counterpart there.
    pub base_offset: Option<u64>,
}

impl Region {
    /// One past the last byte.
    #[must_use]
    pub const fn end(&self) -> u64 {
        self.offset.saturating_add(self.length)
    }
}

/// What the head of an object says about its container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ContainerProbe {
    /// Ask again with at least this many bytes from the start of the object.
    NeedMore {
        /// Bytes wanted; never more than the object has.
        bytes: u64,
    },
    /// A sound safetensors file.
    Safetensors(SafetensorsHeader),
    /// Anything else.
    Opaque {
        /// A sentence for the user: why the object is not a known container.
        reason: String,
    },
}

impl ContainerProbe {
    /// Names in a reason come from the object: it is made printable ASCII and cut to a bound.
    fn opaque(reason: &str) -> Self {
        let mut printable = String::new();
        for char in reason.chars() {
            if char.is_ascii_graphic() || char == ' ' {
                printable.push(char);
            } else {
                printable.extend(char.escape_unicode());
            }
            if printable.len() > REASON_BYTES_MAX {
                printable.truncate(REASON_BYTES_MAX - 3);
                printable.push_str("...");
                break;
            }
        }
        Self::Opaque { reason: printable }
    }

    /// The tensors in order of offset; none for an opaque object.
    #[must_use]
    pub fn tensors(&self) -> &[Tensor] {
        match self {
            Self::Safetensors(header) => &header.tensors,
            Self::NeedMore { .. } | Self::Opaque { .. } => &[],
        }
    }
}

/// Recognises the container of an object of `object_bytes` bytes by its first bytes.
///
/// Never fails: what is not a sound container is [`ContainerProbe::Opaque`] and says why.
#[must_use]
pub fn probe_container(head: &[u8], object_bytes: u64) -> ContainerProbe {
    let Some((length, rest)) = head.split_first_chunk() else {
        return if object_bytes < safetensors::LENGTH_BYTES {
            ContainerProbe::opaque(
                "the object is shorter than the 8 bytes every container starts with",
            )
        } else {
            ContainerProbe::NeedMore {
                bytes: safetensors::LENGTH_BYTES,
            }
        };
    };
    let json_bytes = u64::from_le_bytes(*length);
    if json_bytes > HEADER_BYTES_MAX {
        return ContainerProbe::opaque(&format!(
            "not safetensors: a header of {json_bytes} bytes is over the limit of {HEADER_BYTES_MAX}"
        ));
    }
    let header_bytes = safetensors::LENGTH_BYTES + json_bytes;
    if header_bytes > object_bytes {
        return ContainerProbe::opaque(&format!(
            "not safetensors: a header of {json_bytes} bytes is longer than the object of {object_bytes} bytes"
        ));
    }
    if rest.first().is_some_and(|&first| first != b'{') {
        return ContainerProbe::opaque("not safetensors: the header does not start with {");
    }
    let json = usize::try_from(json_bytes)
        .ok()
        .and_then(|bytes| rest.get(..bytes));
    match json.map(|json| safetensors::parse(json, object_bytes)) {
        None => ContainerProbe::NeedMore {
            bytes: header_bytes,
        },
        Some(Ok(header)) => ContainerProbe::Safetensors(header),
        Some(Err(reason)) => ContainerProbe::opaque(&reason),
    }
}

#[cfg(test)]
mod tests;
