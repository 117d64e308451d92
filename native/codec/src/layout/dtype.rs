//! Element types: one spelling for all containers, that of safetensors.

use super::ElementKind;

/// What is known of an element type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Dtype {
    /// As safetensors spells it; what it has no word for is spelled in its manner.
    pub(super) name: &'static str,
    /// Bits of one element.
    pub(super) bits: u64,
    /// How the bytes of a run of elements are grouped.
    pub(super) kind: ElementKind,
}

const fn dtype(name: &'static str, bits: u64, kind: ElementKind) -> Dtype {
    Dtype { name, bits, kind }
}

use ElementKind::{Byte, Float16, Float32, Float64, Int16, Int32, Int64};

/// Every element type by its name.
static DTYPES: [Dtype; 30] = [
    dtype("BOOL", 8, Byte),
    dtype("U8", 8, Byte),
    dtype("I8", 8, Byte),
    dtype("F4", 4, Byte),
    dtype("F4_X2", 8, Byte),
    dtype("F6_E2M3", 6, Byte),
    dtype("F6_E3M2", 6, Byte),
    dtype("F8_E4M3", 8, Byte),
    dtype("F8_E5M2", 8, Byte),
    dtype("F8_E8M0", 8, Byte),
    dtype("F8_E4M3FNUZ", 8, Byte),
    dtype("F8_E5M2FNUZ", 8, Byte),
    dtype("I4_X2", 8, Byte),
    dtype("I2_X4", 8, Byte),
    dtype("QI8", 8, Byte),
    dtype("QU8", 8, Byte),
    dtype("QI32", 32, Int32),
    dtype("I16", 16, Int16),
    dtype("U16", 16, Int16),
    dtype("F16", 16, Float16),
    dtype("BF16", 16, Float16),
    dtype("I32", 32, Int32),
    dtype("U32", 32, Int32),
    dtype("F32", 32, Float32),
    dtype("C64", 64, Float32),
    dtype("C32", 32, Float16),
    dtype("I64", 64, Int64),
    dtype("U64", 64, Int64),
    dtype("F64", 64, Float64),
    dtype("C128", 128, Float64),
];

impl Dtype {
    /// The type of this name.
    pub(super) fn named(name: &str) -> Option<Self> {
        DTYPES.iter().find(|dtype| dtype.name == name).copied()
    }

    /// The type of `PyTorch`'s storage class `name`, such as `FloatStorage`.
    pub(super) fn of_torch_storage(name: &str) -> Option<Self> {
        Self::named(match name {
            "FloatStorage" => "F32",
            "DoubleStorage" => "F64",
            "HalfStorage" => "F16",
            "BFloat16Storage" => "BF16",
            "LongStorage" => "I64",
            "IntStorage" => "I32",
            "ShortStorage" => "I16",
            "CharStorage" => "I8",
            "ByteStorage" => "U8",
            "BoolStorage" => "BOOL",
            "ComplexFloatStorage" => "C64",
            "ComplexDoubleStorage" => "C128",
            "QInt8Storage" => "QI8",
            "QUInt8Storage" => "QU8",
            "QInt32Storage" => "QI32",
            "QUInt4x2Storage" => "I4_X2",
            "QUInt2x4Storage" => "I2_X4",
            _ => return None,
        })
    }

    /// The type of `PyTorch`'s `torch.<name>`.
    pub(super) fn of_torch_dtype(name: &str) -> Option<Self> {
        Self::named(match name {
            "float32" => "F32",
            "float64" => "F64",
            "float16" => "F16",
            "bfloat16" => "BF16",
            "int64" => "I64",
            "int32" => "I32",
            "int16" => "I16",
            "int8" => "I8",
            "uint8" => "U8",
            "uint16" => "U16",
            "uint32" => "U32",
            "uint64" => "U64",
            "bool" => "BOOL",
            "complex32" => "C32",
            "complex64" => "C64",
            "complex128" => "C128",
            "float8_e4m3fn" => "F8_E4M3",
            "float8_e5m2" => "F8_E5M2",
            "float8_e8m0fnu" => "F8_E8M0",
            "float8_e4m3fnuz" => "F8_E4M3FNUZ",
            "float8_e5m2fnuz" => "F8_E5M2FNUZ",
            "float4_e2m1fn_x2" => "F4_X2",
            _ => return None,
        })
    }

    /// The type that numpy's `descr` names, without the sign of the byte order.
    pub(super) fn of_numpy(code: &str) -> Option<Self> {
        Self::named(match code {
            "b1" => "BOOL",
            "i1" => "I8",
            "u1" => "U8",
            "i2" => "I16",
            "u2" => "U16",
            "i4" => "I32",
            "u4" => "U32",
            "i8" => "I64",
            "u8" => "U64",
            "f2" => "F16",
            "f4" => "F32",
            "f8" => "F64",
            "c8" => "C64",
            "c16" => "C128",
            _ => return None,
        })
    }

    /// Bytes of this many elements; `None` if that is not a whole number or overflows.
    pub(super) fn bytes_of(self, elements: u64) -> Option<u64> {
        let bits = elements.checked_mul(self.bits)?;
        bits.is_multiple_of(8).then_some(bits / 8)
    }
}

/// Elements of a shape; `None` if they overflow.
pub(super) fn elements(shape: &[u64]) -> Option<u64> {
    shape
        .iter()
        .try_fold(1u64, |product, &dimension| product.checked_mul(dimension))
}
