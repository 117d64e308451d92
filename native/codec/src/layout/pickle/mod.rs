//! What a pickle of `torch.save` says of its storages and tensors.
//!
//! Nothing of it is executed: a machine with the stack and memo of a pickle keeps track of tuples, lists, dicts,
//! strings and numbers, knows the few callables that make tensors, and takes everything else for an object of which
//! nothing is known. Work is linear in the bytes of the pickle and memory is bounded by [`PUSHES_MAX`].

mod machine;
mod names;
mod opcode;
mod value;

use std::collections::HashMap;

use super::dtype::Dtype;
use machine::Machine;

/// Longest pickle that is looked at.
pub(super) const PICKLE_BYTES_MAX: u64 = 64 << 20;
/// Most values that one pickle may push: about 90,000 tensors.
const PUSHES_MAX: usize = 4_000_000;

/// A storage that a pickle refers to by its persistent id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Storage {
    /// Its element type; `None` where the storage is bytes and no tensor says more.
    pub(super) dtype: Option<Dtype>,
    /// Its bytes; `None` if they overflow.
    pub(super) bytes: Option<u64>,
}

/// A tensor that a pickle makes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TensorView {
    /// Key of its storage.
    pub(super) storage: Vec<u8>,
    /// First element, counted in elements.
    pub(super) first: u64,
    pub(super) shape: Vec<u64>,
    /// Elements from one index of a dimension to the next.
    pub(super) strides: Vec<u64>,
    pub(super) dtype: Option<Dtype>,
}

/// What was found in a pickle.
#[derive(Debug, Default)]
pub(super) struct Pickle {
    /// By key.
    pub(super) storages: HashMap<Vec<u8>, Storage>,
    /// Tensors with the names under which the pickled object holds them; names may repeat.
    pub(super) tensors: Vec<(String, TensorView)>,
    /// How the reading ended.
    pub(super) end: End,
}

/// How the reading of a pickle ended.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// At its last opcode; the pickle has this many bytes.
    Complete(usize),
    /// The bytes ran out.
    Short,
    /// At something that is no pickle, or at a bound. What was found until then is kept.
    #[default]
    Broken,
}

/// Reads the pickle at the front of `bytes`.
pub(super) fn read(bytes: &[u8]) -> Pickle {
    let mut machine = Machine::new(bytes);
    let end = machine.run();
    let tensors = match end {
        End::Complete(_) => names::named_tensors(&machine),
        End::Short | End::Broken => Vec::new(),
    };
    let storages = machine.into_storages();
    Pickle {
        storages,
        tensors,
        end,
    }
}

#[cfg(test)]
mod tests;
