//! Values of a pickle, as far as tensors need them.

use super::super::dtype::Dtype;
use super::opcode::{Argument, unsigned};

/// A value on the stack. Texts are places in the pickle.
#[derive(Debug, Clone, Copy)]
pub(super) enum Value {
    /// Nothing is known of it.
    Other,
    Number(i64),
    Text(u32, u32),
    Callable(Callable),
    /// A tuple, list or dict: a place in `nodes` of the machine.
    Node(u32),
    /// A place in the list of storage keys.
    Storage(u32),
    /// A place in `tensors` of the machine.
    Tensor(u32),
}

/// What a global name stands for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Callable {
    /// Storage, first element, shape, strides, ...
    RebuildTensor,
    /// The same, the element type is the seventh.
    RebuildTyped,
    /// The first argument is the tensor.
    RebuildFirst,
    /// The first argument is a callable, the third its arguments.
    RebuildFrom,
    /// A storage class; bytes if there is no type.
    Storage(Option<Dtype>),
    Dtype(Dtype),
    Other,
}

/// What several values make up.
#[derive(Debug)]
pub(super) enum Node {
    Tuple(Vec<Value>),
    List(Vec<Value>),
    /// Also any object: what is set on it or is its state.
    Dict(Vec<(Value, Value)>),
}

pub(super) fn pairs(items: &[Value]) -> Vec<(Value, Value)> {
    items
        .chunks_exact(2)
        .map(|pair| (pair[0], pair[1]))
        .collect()
}

pub(super) fn whole(value: Value) -> Option<u64> {
    match value {
        Value::Number(number) => u64::try_from(number).ok(),
        _ => None,
    }
}

/// The number of an argument; [`Value::Other`] if it does not fit.
pub(super) fn number(found: &[u8], kind: Argument) -> Value {
    let parsed = match kind {
        Argument::Line => std::str::from_utf8(found)
            .ok()
            .and_then(|text| text.trim_end_matches('L').parse().ok()),
        Argument::Fixed(4) => {
            let bytes = found.try_into().ok();
            bytes.map(|bytes| i64::from(i32::from_le_bytes(bytes)))
        }
        // LONG1 and LONG4 have a sign: a set top bit is a negative number, which nothing here asks for.
        Argument::Counted(_) if found.last().is_some_and(|&top| top >= 0x80) => None,
        _ => {
            let zeros = found.iter().rev().take_while(|&&byte| byte == 0).count();
            unsigned(&found[..found.len() - zeros]).and_then(|value| i64::try_from(value).ok())
        }
    };
    parsed.map_or(Value::Other, Value::Number)
}

pub(super) fn callable(module: &[u8], name: &[u8]) -> Callable {
    let name = std::str::from_utf8(name).unwrap_or_default();
    match (module, name) {
        (b"torch._utils", "_rebuild_tensor_v2" | "_rebuild_qtensor" | "_rebuild_tensor") => {
            Callable::RebuildTensor
        }
        (b"torch._utils", "_rebuild_tensor_v3") => Callable::RebuildTyped,
        (b"torch._utils", "_rebuild_parameter" | "_rebuild_parameter_with_state") => {
            Callable::RebuildFirst
        }
        (b"torch._tensor", "_rebuild_from_type_v2") => Callable::RebuildFrom,
        (b"torch" | b"torch.cuda" | b"torch.storage", "UntypedStorage") => Callable::Storage(None),
        (b"torch" | b"torch.cuda" | b"torch.storage", _) => {
            let storage = Dtype::of_torch_storage(name).map(|dtype| Callable::Storage(Some(dtype)));
            let dtype = || Dtype::of_torch_dtype(name).map(Callable::Dtype);
            storage.or_else(dtype).unwrap_or(Callable::Other)
        }
        _ => Callable::Other,
    }
}
