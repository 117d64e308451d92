//! The files of a job, handed out split by split to the threads that work on them.

use std::ops::Range;
use std::sync::{Arc, Mutex};

use super::Job;
use super::inputs::{ByteStream, Compression, Container, InputFile};
use super::pool::lock;
use crate::columns::{ColumnFile, RowRange};
use crate::error::Result;
use crate::hash::{RowHasher, hash_lines};
use crate::input::split::Lines;
use crate::spill::{Span, Spill};

/// Reading one line costs about as much as reading so many bytes in a row.
const READ_BYTES: u64 = 4096;

/// A split that a thread has been given.
pub(crate) struct Task {
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
    Rows(Arc<Columns>, RowRange),
}

/// A Parquet file and the leaf with its texts.
struct Columns {
    file: ColumnFile,
    text: usize,
}

/// A buffer to be used again, and place and length of a line that was too long.
type Left = (Vec<u8>, Option<(u64, u64)>);

impl Task {
    /// Hashes the rows of the split. `room` is a buffer to be used again, and is given back.
    pub(super) fn hash(
        self,
        job: &Job,
        hasher: &mut RowHasher,
        room: Vec<u8>,
    ) -> Result<(Spill, Vec<u8>)> {
        if let Work::Rows(columns, range) = &self.work {
            return Ok((columns.file.hash(columns.text, *range, hasher)?, room));
        }
        let lines = self.lines(&job.inputs, room)?;
        let spill = hash_lines(&lines, &job.settings.text_key, hasher);
        Ok((spill, lines.bytes))
    }

    /// The lines of the split; none of a Parquet file.
    pub(super) fn lines(self, inputs: &[InputFile], room: Vec<u8>) -> Result<Lines> {
        match self.work {
            Work::Lines(lines) => Ok(lines),
            Work::Range { start, end } => inputs[self.file].range(start, end, room),
            Work::Rows(..) => Ok(Lines::default()),
        }
    }

    /// Gives every row as a line with its offset: of a Parquet file an object with the fields of
    /// these names, and its number. Returns the buffer to be used again, and the line that was too
    /// long.
    pub(crate) fn visit_lines(
        self,
        inputs: &[InputFile],
        (names, room): (&[&str], Vec<u8>),
        mut each: impl FnMut(u64, &[u8]),
    ) -> Result<Left> {
        if let Work::Rows(columns, range) = &self.work {
            let rows: Vec<u64> = (range.first..range.first + range.rows as u64).collect();
            let (bytes, places) = columns.file.lines(*range, &rows, names)?;
            for (row, place) in rows.iter().zip(places) {
                each(*row, bytes.get(place).unwrap_or_default());
            }
            return Ok((room, None));
        }
        let lines = self.lines(inputs, room)?;
        lines.visit(&mut each);
        Ok((lines.bytes, lines.too_long))
    }

    /// Some lines (in order) of the split, and where they lie in the bytes: those of the whole
    /// split, unless so few are wanted of a plain file that reading each by itself is less work.
    /// Rows of a Parquet file become lines of JSON with the fields of these names.
    pub(super) fn chosen_lines(
        self,
        inputs: &[InputFile],
        (spans, names): (&[Span], &[&str]),
        room: Vec<u8>,
    ) -> Result<(Vec<u8>, Vec<Range<usize>>)> {
        let length = |span: &Span| span.bytes as usize;
        match self.work {
            Work::Rows(columns, range) => {
                let rows: Vec<u64> = spans.iter().map(|span| span.offset).collect();
                columns.file.lines(range, &rows, names)
            }
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
pub(crate) struct Splits<'a> {
    inputs: &'a [InputFile],
    text_key: &'a str,
    split_bytes: u64,
    state: Mutex<State>,
}

/// The splits that are wanted of a file: every `step`th one below `end`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FilePart {
    pub(super) file: usize,
    pub(super) end: u32,
    pub(super) step: u32,
}

impl FilePart {
    /// All splits of some files.
    pub(crate) fn whole(files: impl IntoIterator<Item = usize>) -> Vec<Self> {
        let whole = |file| Self {
            file,
            end: u32::MAX,
            step: 1,
        };
        files.into_iter().map(whole).collect()
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
    source: Source,
}

enum Source {
    Plain,
    Stream(ByteStream),
    Rows(Arc<Columns>, Vec<RowRange>),
}

impl<'a> Splits<'a> {
    /// The splits of these parts, in their order.
    pub(super) fn new(job: &'a Job, parts: Vec<FilePart>) -> Self {
        Self::of(&job.inputs, &job.settings.text_key, job.split_bytes, parts)
    }

    /// The same of any files.
    pub(crate) fn of(
        inputs: &'a [InputFile],
        text_key: &'a str,
        split_bytes: u64,
        parts: Vec<FilePart>,
    ) -> Self {
        Self {
            inputs,
            text_key,
            split_bytes,
            state: Mutex::new(State {
                parts: parts.into_iter(),
                turn: 0,
                current: None,
            }),
        }
    }

    /// The next split, if there is one.
    pub(crate) fn next(&self) -> Result<Option<Task>> {
        let mut state = lock(&self.state);
        loop {
            if state.current.is_none() {
                let Some(part) = state.parts.next() else {
                    return Ok(None);
                };
                state.current = Some(Current {
                    source: self.source(part.file)?,
                    part,
                    index: 0,
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

    fn source(&self, file: usize) -> Result<Source> {
        let input = &self.inputs[file];
        Ok(match input.container {
            Container::Lines(Compression::None) => Source::Plain,
            Container::Lines(compression) => Source::Stream(input.stream(compression)?),
            Container::Parquet => {
                let file = ColumnFile::open(&input.path)?;
                let text = file.text_column(self.text_key)?;
                let ranges = file.ranges(text, self.split_bytes);
                Source::Rows(Arc::new(Columns { file, text }), ranges)
            }
        })
    }

    fn next_of(&self, current: &mut Current, turn: usize) -> Result<Option<Task>> {
        let (file, index) = (current.part.file, current.index);
        if index >= current.part.end {
            return Ok(None);
        }
        let input = &self.inputs[file];
        let start = u64::from(index) * self.split_bytes;
        let end = start.saturating_add(self.split_bytes);
        let work = match &mut current.source {
            Source::Plain if start >= input.bytes => None,
            Source::Plain => {
                let end = end.min(input.bytes);
                Some((Work::Range { start, end }, end - start))
            }
            Source::Stream(stream) => {
                let lines = next_lines(stream, end).map_err(|error| input.failed(error))?;
                lines.map(|lines| {
                    let bytes = lines.bytes.len() as u64;
                    (Work::Lines(lines), bytes)
                })
            }
            Source::Rows(columns, ranges) => ranges.get(index as usize).map(|range| {
                let bytes = input.bytes / ranges.len() as u64;
                (Work::Rows(Arc::clone(columns), *range), bytes)
            }),
        };
        Ok(work.map(|(work, bytes)| Task {
            file,
            index,
            turn,
            bytes,
            work,
        }))
    }
}

fn next_lines(stream: &mut ByteStream, end: u64) -> std::io::Result<Option<Lines>> {
    if stream.is_done()? {
        return Ok(None);
    }
    stream.lines_before(end, Vec::new()).map(Some)
}
