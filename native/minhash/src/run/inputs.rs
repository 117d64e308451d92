//! The files of a job, handed out split by split to the threads that work on them.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use super::pool::lock;
use crate::error::{Error, Result};
use crate::input::split::{LineStream, Lines, read_range};
use crate::spill::Span;

/// How the bytes of a file of lines are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Compression {
    /// As they are.
    None,
    /// gzip, of one or more members.
    Gzip,
    /// zstd, of one or more frames.
    Zstd,
}

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Container {
    /// One JSON object a line.
    Lines(Compression),
}

impl Container {
    /// What the end of a file's name says.
    ///
    /// # Errors
    ///
    /// `InvalidArgument` where it is none of the known ones.
    pub fn of_name(name: &Path) -> Result<Self> {
        let text = name.to_string_lossy().to_lowercase();
        let (stem, compression) = match text.rsplit_once('.') {
            Some((stem, "gz")) => (stem, Compression::Gzip),
            Some((stem, "zst")) => (stem, Compression::Zstd),
            _ => (text.as_str(), Compression::None),
        };
        match stem.rsplit_once('.') {
            Some((_, "jsonl" | "ndjson" | "json")) => Ok(Self::Lines(compression)),
            _ => Err(Error::invalid_argument(
                format!("the kind of {}", name.display()),
                ".jsonl, .jsonl.gz or .jsonl.zst",
                "another ending",
            )),
        }
    }
}

/// A file to be read.
#[derive(Debug, Clone)]
pub struct InputFile {
    /// Where it is.
    pub path: PathBuf,
    /// What it is called in reports.
    pub name: String,
    /// What it is.
    pub container: Container,
    /// Its length on disk, in bytes.
    pub bytes: u64,
}

impl InputFile {
    /// The file at `path`.
    ///
    /// # Errors
    ///
    /// `InvalidArgument` for an unknown ending, `Io` where the file cannot be looked at.
    pub fn at(path: PathBuf, name: String) -> Result<Self> {
        let container = Container::of_name(&path)?;
        let found = std::fs::metadata(&path).map_err(|error| Error::io("read", &path, error))?;
        Ok(Self {
            container,
            bytes: found.len(),
            path,
            name,
        })
    }

    pub(super) fn failed(&self, error: io::Error) -> Error {
        match error.kind() {
            io::ErrorKind::UnexpectedEof
            | io::ErrorKind::InvalidData
            | io::ErrorKind::InvalidInput => Error::corruption(
                format!("{}: {error}", self.path.display()),
                "whole data",
                "damage",
            ),
            _ => Error::io("read", &self.path, error),
        }
    }

    fn open(&self) -> Result<File> {
        File::open(&self.path).map_err(|error| Error::io("open", &self.path, error))
    }

    /// The lines as a stream from the start, decompressed.
    fn stream(&self) -> Result<LineStream<Box<dyn Read + Send>>> {
        const BUFFER_BYTES: usize = 256 << 10;
        let file = self.open()?;
        let Container::Lines(compression) = self.container;
        let reader: Box<dyn Read + Send> = match compression {
            Compression::None => Box::new(file),
            Compression::Gzip => Box::new(flate2::bufread::MultiGzDecoder::new(
                BufReader::with_capacity(BUFFER_BYTES, file),
            )),
            Compression::Zstd => {
                let decoder = zstd::stream::read::Decoder::new(file);
                Box::new(decoder.map_err(|error| self.failed(error))?)
            }
        };
        Ok(LineStream::new(reader, 0))
    }

    /// Some lines of a file that is not compressed, one behind the other.
    fn lines_at(&self, spans: &[Span], mut room: Vec<u8>) -> Result<Vec<u8>> {
        room.clear();
        let mut read = || {
            let file = File::open(&self.path)?;
            for span in spans {
                let from = room.len();
                room.resize(from + span.bytes as usize, 0);
                file.read_exact_at(&mut room[from..], span.offset)?;
            }
            Ok(())
        };
        read().map_err(|error| self.failed(error))?;
        Ok(room)
    }

    /// The lines that start in a range of a file that is not compressed.
    fn range(&self, start: u64, end: u64, room: Vec<u8>) -> Result<Lines> {
        let read = || {
            let mut file = File::open(&self.path)?;
            file.seek(SeekFrom::Start(start.saturating_sub(1)))?;
            read_range(file, start, end, room)
        };
        read().map_err(|error| self.failed(error))
    }
}

/// Reading one line costs about as much as reading so many bytes in a row.
const READ_BYTES: u64 = 4096;

/// A split that a thread has been given.
pub(super) struct Task {
    /// Number of the file.
    pub file: usize,
    /// Number of the split in the file.
    pub index: u32,
    /// How many splits were handed out before, in the order of the files.
    pub turn: usize,
    /// Share of the file's length on disk, in bytes.
    pub bytes: u64,
    work: Work,
}

enum Work {
    Range { start: u64, end: u64 },
    Lines(Lines),
}

impl Task {
    /// The lines of the split. `room` is a buffer to be used again.
    pub(super) fn lines(self, inputs: &[InputFile], room: Vec<u8>) -> Result<Lines> {
        match self.work {
            Work::Lines(lines) => Ok(lines),
            Work::Range { start, end } => inputs[self.file].range(start, end, room),
        }
    }

    /// Some lines (in order) of the split, and where they lie in the bytes: those of the whole
    /// split, unless so few are wanted of a plain file that reading each by itself is less work.
    pub(super) fn chosen_lines(
        self,
        inputs: &[InputFile],
        spans: &[Span],
        room: Vec<u8>,
    ) -> Result<(Vec<u8>, Vec<Range<usize>>)> {
        let length = |span: &Span| span.bytes as usize;
        match self.work {
            Work::Range { start, end } if spans.len() as u64 * READ_BYTES < end - start => {
                let bytes = inputs[self.file].lines_at(spans, room)?;
                let mut from = 0;
                let mut place = |span: &Span| {
                    let place = from..from + length(span);
                    from = place.end;
                    place
                };
                let places = spans.iter().map(&mut place).collect();
                Ok((bytes, places))
            }
            _ => {
                let lines = self.lines(inputs, room)?;
                let place = |span: &Span| {
                    let from = span.offset.saturating_sub(lines.offset);
                    let from = usize::try_from(from).unwrap_or(usize::MAX);
                    from..from.saturating_add(length(span))
                };
                let places = spans.iter().map(place).collect();
                Ok((lines.bytes, places))
            }
        }
    }
}

/// Hands out the splits of some files in order. Compressed files are decompressed here, one split
/// at a time, while other threads work on what they were given.
pub(super) struct Splits<'a> {
    inputs: &'a [InputFile],
    split_bytes: u64,
    state: Mutex<State>,
}

/// The splits that are wanted of a file: every `step`th one below `end`.
#[derive(Debug, Clone, Copy)]
pub(super) struct FilePart {
    pub(super) file: usize,
    pub(super) end: u32,
    pub(super) step: u32,
}

impl FilePart {
    /// All splits of some files.
    pub(super) fn whole(files: std::ops::Range<usize>) -> Vec<Self> {
        let whole = |file| Self {
            file,
            end: u32::MAX,
            step: 1,
        };
        files.map(whole).collect()
    }
}

struct State {
    parts: std::vec::IntoIter<FilePart>,
    turn: usize,
    current: Option<Current>,
}

struct Current {
    part: FilePart,
    index: u32,
    stream: Option<LineStream<Box<dyn Read + Send>>>,
}

impl<'a> Splits<'a> {
    /// The splits of these parts, in their order.
    pub(super) fn new(inputs: &'a [InputFile], split_bytes: u64, parts: Vec<FilePart>) -> Self {
        Self {
            inputs,
            split_bytes,
            state: Mutex::new(State {
                parts: parts.into_iter(),
                turn: 0,
                current: None,
            }),
        }
    }

    /// The next split, if there is one.
    pub(super) fn next(&self) -> Result<Option<Task>> {
        let mut state = lock(&self.state);
        loop {
            if state.current.is_none() {
                let Some(part) = state.parts.next() else {
                    return Ok(None);
                };
                let input = &self.inputs[part.file];
                let stream = match input.container {
                    Container::Lines(Compression::None) => None,
                    Container::Lines(_) => Some(input.stream()?),
                };
                let index = 0;
                state.current = Some(Current {
                    part,
                    index,
                    stream,
                });
            }
            let turn = state.turn;
            let Some(current) = &mut state.current else {
                continue;
            };
            match self.next_of(current, turn)? {
                Some(task) => {
                    current.index += current.part.step;
                    state.turn += 1;
                    return Ok(Some(task));
                }
                None => state.current = None,
            }
        }
    }

    fn next_of(&self, current: &mut Current, turn: usize) -> Result<Option<Task>> {
        let file = current.part.file;
        let input = &self.inputs[file];
        if current.index >= current.part.end {
            return Ok(None);
        }
        let start = u64::from(current.index) * self.split_bytes;
        let end = start.saturating_add(self.split_bytes);
        let (work, bytes) = match &mut current.stream {
            None if start >= input.bytes => return Ok(None),
            None => {
                let end = end.min(input.bytes);
                (Work::Range { start, end }, end - start)
            }
            Some(stream) => {
                let read = |stream: &mut LineStream<_>| {
                    if stream.is_done()? {
                        return Ok(None);
                    }
                    stream.lines_before(end, Vec::new()).map(Some)
                };
                match read(stream).map_err(|error| input.failed(error))? {
                    None => return Ok(None),
                    Some(lines) => {
                        let bytes = lines.bytes.len() as u64;
                        (Work::Lines(lines), bytes)
                    }
                }
            }
        };
        Ok(Some(Task {
            file,
            index: current.index,
            turn,
            bytes,
            work,
        }))
    }
}
