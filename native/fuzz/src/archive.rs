//! Zip archives as `torch.save` and `numpy.savez` write them, with pickles of any instructions.

use arbitrary::{Arbitrary, Unstructured};
use mithril_checkpoint::checksum::Checksums;

use super::samples::{self, Law};

/// Most members.
const MEMBERS_MAX: usize = 6;
/// Most instructions of a pickle.
const STEPS_MAX: usize = 60;

/// An archive.
#[derive(Arbitrary, Debug)]
pub struct Archive {
    #[arbitrary(with = |input: &mut Unstructured| samples::some(input, MEMBERS_MAX))]
    members: Vec<Member>,
    is_zip64: bool,
    comment: u8,
    /// Bytes of the finished archive that are changed, counted from its end.
    patches: Vec<(u16, u8)>,
}

/// A member.
#[derive(Arbitrary, Debug)]
struct Member {
    name: Name,
    contents: Contents,
    padding: u8,
    is_deflated: bool,
}

#[derive(Arbitrary, Debug)]
enum Name {
    Pickle,
    Storage(u8),
    ByteOrder,
    Array(u8),
    Other(String),
}

impl Name {
    fn text(&self) -> String {
        match self {
            Self::Pickle => "archive/data.pkl".into(),
            Self::Storage(key) => format!("archive/data/{}", key % 3),
            Self::ByteOrder => "archive/byteorder".into(),
            Self::Array(number) => format!("part{}.npy", number % 3),
            Self::Other(name) => name.chars().take(40).collect(),
        }
    }
}

#[derive(Arbitrary, Debug)]
enum Contents {
    Storage {
        law: Law,
        values: u16,
    },
    Text(String),
    StateDict(Vec<Entry>),
    Pickle(
        #[arbitrary(with = |input: &mut Unstructured| samples::some(input, STEPS_MAX))] Vec<Step>,
    ),
    Array {
        header: Vec<u8>,
        shape: [u8; 2],
        values: u16,
    },
}

/// A tensor of a state dict, as `torch.save` describes it.
#[derive(Arbitrary, Debug)]
struct Entry {
    name: u8,
    storage: u8,
    dtype: u8,
    count: u16,
    first: u16,
    shape: [u8; 2],
    strides: [u8; 2],
}

/// An instruction of a pickle, with an operand that is mostly sound.
#[derive(Arbitrary, Debug)]
enum Step {
    Op(u8),
    Byte { op: u8, operand: u8 },
    Int(i32),
    Long(Vec<u8>),
    Text(String),
    Bytes(Vec<u8>),
    Global(u8, u8),
    Raw(Vec<u8>),
    Memo { put: bool, place: u8 },
}

const MODULES: [&str; 5] = [
    "torch._utils",
    "torch",
    "collections",
    "torch.storage",
    "numpy.core.multiarray",
];
const ATTRIBUTES: [&str; 6] = [
    "_rebuild_tensor_v2",
    "FloatStorage",
    "BFloat16Storage",
    "OrderedDict",
    "UntypedStorage",
    "_rebuild_parameter",
];
/// Instructions without an operand: marks, tuples, lists, dicts, reduce, build, persistent ids, memo, stop.
const PLAIN: &[u8] = b"(.0123N)]}tlds\x85\x86\x87\x88\x89QRebuao\x90\x91\x93\x94\x81";

impl Step {
    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Op(op) => out.push(PLAIN[usize::from(*op) % PLAIN.len()]),
            Self::Byte { op, operand } => out.extend_from_slice(&[*op, *operand]),
            Self::Int(value) => {
                out.push(b'J');
                out.extend_from_slice(&value.to_le_bytes());
            }
            Self::Long(bytes) => {
                out.extend_from_slice(&[0x8a, bytes.len().min(255) as u8]);
                out.extend(bytes.iter().take(255));
            }
            Self::Text(text) => write_text(text, out),
            Self::Bytes(bytes) => {
                out.push(b'B');
                out.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
                out.extend_from_slice(bytes);
            }
            Self::Global(module, attribute) => {
                let module = MODULES[usize::from(*module) % MODULES.len()];
                let attribute = ATTRIBUTES[usize::from(*attribute) % ATTRIBUTES.len()];
                write_global(module, attribute, out);
            }
            Self::Raw(bytes) => out.extend_from_slice(bytes),
            Self::Memo { put, place } => {
                out.extend_from_slice(&[if *put { b'q' } else { b'h' }, place % 8]);
            }
        }
    }
}

fn write_text(text: &str, out: &mut Vec<u8>) {
    out.push(b'X');
    out.extend_from_slice(&(text.len() as u32).to_le_bytes());
    out.extend_from_slice(text.as_bytes());
}

fn write_global(module: &str, attribute: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(format!("c{module}\n{attribute}\n").as_bytes());
}

fn write_int(value: u16, out: &mut Vec<u8>) {
    out.push(b'M');
    out.extend_from_slice(&value.to_le_bytes());
}

fn write_pair(pair: [u8; 2], out: &mut Vec<u8>) {
    for value in pair {
        write_int(value.into(), out);
    }
    out.push(0x86);
}

impl Entry {
    /// `name: _rebuild_tensor_v2(storage, first, shape, strides, False, OrderedDict())`.
    fn write(&self, out: &mut Vec<u8>) {
        let dtype = [
            "FloatStorage",
            "BFloat16Storage",
            "LongStorage",
            "ByteStorage",
        ];
        write_text(&format!("layer.{}", self.name % 8), out);
        write_global("torch._utils", "_rebuild_tensor_v2", out);
        out.extend_from_slice(b"((");
        write_text("storage", out);
        write_global("torch", dtype[usize::from(self.dtype) % dtype.len()], out);
        write_text(&(self.storage % 3).to_string(), out);
        write_text("cpu", out);
        write_int(self.count, out);
        out.extend_from_slice(b"tQ");
        write_int(self.first, out);
        write_pair(self.shape, out);
        write_pair(self.strides, out);
        out.push(0x89);
        write_global("collections", "OrderedDict", out);
        out.extend_from_slice(b")RtR");
    }
}

impl Contents {
    fn write(&self) -> Vec<u8> {
        match self {
            Self::Storage { law, values } => law.bytes(usize::from(*values) * 4, 4),
            Self::Text(text) => text.as_bytes().to_vec(),
            Self::StateDict(entries) => {
                let mut out = b"\x80\x02}(".to_vec();
                for entry in entries.iter().take(20) {
                    entry.write(&mut out);
                }
                out.extend_from_slice(b"u.");
                out
            }
            Self::Pickle(steps) => {
                let mut out = b"\x80\x02".to_vec();
                for step in steps {
                    step.write(&mut out);
                }
                out.push(b'.');
                out
            }
            Self::Array {
                header,
                shape,
                values,
            } => {
                let mut text = format!(
                    "{{'descr': '<f4', 'fortran_order': False, 'shape': ({}, {}), }}",
                    shape[0], shape[1]
                )
                .into_bytes();
                text.extend_from_slice(header);
                let mut out = b"\x93NUMPY\x01\x00".to_vec();
                out.extend_from_slice(&(text.len() as u16).to_le_bytes());
                out.extend_from_slice(&text);
                out.resize(out.len() + usize::from(*values), 1);
                out
            }
        }
    }
}

impl Archive {
    /// The archive's bytes.
    pub fn write(&self) -> Vec<u8> {
        let (mut out, mut directory) = (Vec::new(), Vec::new());
        for member in &self.members {
            let (name, bytes) = (member.name.text(), member.contents.write());
            let offset = out.len() as u32;
            let method = if member.is_deflated { 8 } else { 0 };
            let mut fields = vec![20, 0, 0, 0, method, 0, 0, 0, 0, 0];
            fields.extend_from_slice(&Checksums::of(&bytes).crc32.to_le_bytes());
            fields.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
            fields.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
            fields.extend_from_slice(&(name.len() as u16).to_le_bytes());
            out.extend_from_slice(b"PK\x03\x04");
            out.extend_from_slice(&fields);
            out.extend_from_slice(&u16::from(member.padding).to_le_bytes());
            out.extend_from_slice(name.as_bytes());
            out.resize(out.len() + usize::from(member.padding), b'Z');
            out.extend_from_slice(&bytes);
            directory.extend_from_slice(b"PK\x01\x02\x14\x00");
            directory.extend_from_slice(&fields);
            directory.extend_from_slice(&[0; 12]);
            directory.extend_from_slice(&offset.to_le_bytes());
            directory.extend_from_slice(name.as_bytes());
        }
        self.finish(&directory, &mut out);
        for (place, by) in self.patches.iter().take(6) {
            if let Some(at) = out.len().checked_sub(1 + usize::from(*place)) {
                out[at] ^= by;
            }
        }
        out
    }

    /// The central directory and the records behind it.
    fn finish(&self, directory: &[u8], out: &mut Vec<u8>) {
        let (start, count) = (out.len() as u64, self.members.len() as u64);
        let length = directory.len() as u64;
        out.extend_from_slice(directory);
        if self.is_zip64 {
            let record = out.len() as u64;
            out.extend_from_slice(b"PK\x06\x06");
            out.extend_from_slice(&44_u64.to_le_bytes());
            out.extend_from_slice(&[45, 0, 45, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
            for number in [count, count, length, start] {
                out.extend_from_slice(&number.to_le_bytes());
            }
            out.extend_from_slice(b"PK\x06\x07\0\0\0\0");
            out.extend_from_slice(&record.to_le_bytes());
            out.extend_from_slice(&[1, 0, 0, 0]);
        }
        out.extend_from_slice(b"PK\x05\x06\0\0\0\0");
        for _ in 0..2 {
            out.extend_from_slice(&(count as u16).to_le_bytes());
        }
        out.extend_from_slice(&(length as u32).to_le_bytes());
        out.extend_from_slice(&(start as u32).to_le_bytes());
        out.extend_from_slice(&u16::from(self.comment).to_le_bytes());
        out.resize(out.len() + usize::from(self.comment), b'#');
    }
}
