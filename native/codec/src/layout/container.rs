//! What an object was recognised as.

use std::fmt;

use super::ElementKind;

/// The longest [`Container::reason`], in bytes.
pub const REASON_BYTES_MAX: usize = 200;

/// The containers that are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ContainerKind {
    /// Anything else.
    Opaque,
    /// A safetensors file.
    Safetensors,
    /// A zip of `torch.save`, `TorchScript` included.
    Torch,
    /// Blobs of `torch.save` or safetensors, one after the other: a `.distcp` file of torch.distributed.checkpoint.
    Distcp,
    /// One array of numpy.
    Npy,
    /// A zip of numpy's arrays.
    Npz,
    /// A GGUF file.
    Gguf,
    /// Any other zip.
    Zip,
}

impl ContainerKind {
    const ALL: [(Self, &'static str); 8] = [
        (Self::Opaque, "opaque"),
        (Self::Safetensors, "safetensors"),
        (Self::Torch, "torch"),
        (Self::Distcp, "distcp"),
        (Self::Npy, "npy"),
        (Self::Npz, "npz"),
        (Self::Gguf, "gguf"),
        (Self::Zip, "zip"),
    ];

    /// The word for it in manifests and on the command line.
    #[must_use]
    pub fn word(self) -> &'static str {
        let found = Self::ALL.iter().find(|(kind, _)| *kind == self);
        found.map_or("opaque", |(_, word)| word)
    }

    /// The kind of this word; `None` for one that this version does not know.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        let found = Self::ALL.iter().find(|(_, known)| *known == word);
        found.map(|(kind, _)| *kind)
    }
}

impl fmt::Display for ContainerKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// In which order the elements of a tensor lie in its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Order {
    /// The last dimension is contiguous, as in C.
    RowMajor,
    /// The first dimension is contiguous, as in Fortran.
    ColumnMajor,
    /// Anything else: the bytes are those of a storage in which the tensor lies.
    Strided,
}

/// One tensor of a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tensor {
    /// Name, unique in the container.
    pub name: String,
    /// Element type as safetensors spells it, such as `BF16`, or else as the container does.
    pub dtype: String,
    /// Dimensions; empty for a scalar.
    pub shape: Vec<u64>,
    /// First byte, absolute in the original.
    pub offset: u64,
    /// Bytes; 0 if a dimension is 0.
    pub length: u64,
    /// How its bytes are grouped.
    pub kind: ElementKind,
    /// How its elements lie.
    pub order: Order,
}

/// A run of the object that one thing fills.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) offset: u64,
    pub(super) length: u64,
    pub(super) kind: ElementKind,
    pub(super) pairing: Pairing,
    /// Headers, padding, directories: they never share a region with data.
    pub(super) is_structure: bool,
}

impl Part {
    pub(super) fn end(&self) -> u64 {
        self.offset.saturating_add(self.length)
    }
}

/// How the counterpart of a part is found in a base.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Pairing {
    /// The tensor of this number: by name, type and shape.
    Tensor(usize),
    /// By this name, kind and length.
    Name(String),
    /// Position by position in an object of the same size.
    Position,
}

/// What an object was recognised as, with everything that [`super::plan_layout`] needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Container {
    /// What it is.
    pub kind: ContainerKind,
    /// Size of the object.
    pub object_bytes: u64,
    /// Bytes in front of the first tensor; 0 where the container is not safetensors.
    pub header_bytes: u64,
    /// A sentence for the user: why an object is opaque, or what of a known container passes through as it is. Empty if
    /// there is nothing to say.
    pub reason: String,
    /// The tensors that have a name, in order of offset.
    pub tensors: Vec<Tensor>,
    /// In order, without gap or overlap.
    pub(super) parts: Vec<Part>,
}

impl Container {
    /// An object of which nothing is known. Names in a reason come from the object: it is made printable.
    pub(super) fn opaque(reason: &str, object_bytes: u64) -> Self {
        let whole = Part {
            offset: 0,
            length: object_bytes,
            kind: ElementKind::Probe,
            pairing: Pairing::Position,
            is_structure: false,
        };
        Self {
            kind: ContainerKind::Opaque,
            object_bytes,
            header_bytes: 0,
            reason: printable(reason),
            tensors: Vec::new(),
            parts: if object_bytes == 0 {
                Vec::new()
            } else {
                vec![whole]
            },
        }
    }

    /// A container of these parts, which are sorted here; what lies between them becomes parts of structure.
    ///
    /// `None` if parts overlap or end beyond the object.
    pub(super) fn of_parts(
        kind: ContainerKind,
        object_bytes: u64,
        mut parts: Vec<Part>,
        mut tensors: Vec<Tensor>,
    ) -> Option<Self> {
        parts.retain(|part| part.length > 0);
        // Parts that pair with a tensor keep its number, so tensors must come sorted where they are used.
        debug_assert!(tensors.is_sorted_by_key(|tensor| tensor.offset));
        parts.sort_by_key(|part| (part.offset, part.length));
        let mut covered = Vec::with_capacity(parts.len() * 2 + 1);
        let mut end = 0;
        for part in parts {
            if part.offset < end || part.offset.checked_add(part.length)? > object_bytes {
                return None;
            }
            if part.offset > end {
                let name = match &part.pairing {
                    Pairing::Tensor(index) => &tensors.get(*index)?.name,
                    Pairing::Name(name) => name,
                    Pairing::Position => "",
                };
                covered.push(structure(end, part.offset, format!("before {name}")));
            }
            end = part.end();
            covered.push(part);
        }
        if end < object_bytes {
            covered.push(structure(end, object_bytes, "at the end".into()));
        }
        tensors.shrink_to_fit();
        Some(Self {
            kind,
            object_bytes,
            header_bytes: 0,
            reason: String::new(),
            tensors,
            parts: covered,
        })
    }

    pub(super) fn with_reason(mut self, reason: &str) -> Self {
        self.reason = printable(reason);
        self
    }
}

fn structure(offset: u64, end: u64, name: String) -> Part {
    Part {
        offset,
        length: end - offset,
        kind: ElementKind::Byte,
        pairing: Pairing::Name(name),
        is_structure: true,
    }
}

/// The text in printable ASCII, cut to a bound.
fn printable(reason: &str) -> String {
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
    printable
}
