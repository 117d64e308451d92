//! What the bytes of an original are: its container, and from that the regions of one element kind.
//!
//! A [`Probe`] recognises a container by a few ranges of an object; [`plan_layout`] cuts the object into [`Region`]s
//! and pairs them with those of a base. A plan is only advice to the encoder: what it gets wrong costs ratio, never
//! bytes, and a decoder does not need it.

mod container;
mod distcp;
mod dtype;
mod fragments;
mod gguf;
mod numpy;
mod pickle;
mod plan;
mod probe;
mod safetensors;
mod torch;
mod zip;

pub use container::{Container, ContainerKind, Order, REASON_BYTES_MAX, Tensor};
pub use plan::plan_layout;
pub use probe::{
    PROBE_BYTES_MAX, PROBE_RANGES_MAX, PROBE_STEPS_MAX, Probe, ProbeStep, probe_bytes,
    probe_container,
};
pub use safetensors::HEADER_BYTES_MAX;

/// The most tensors of one checkpoint.
pub const TENSOR_COUNT_MAX: usize = 1_000_000;

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

#[cfg(test)]
mod tests;
