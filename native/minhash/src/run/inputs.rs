//! The files of a job, handed out split by split to the threads that work on them.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

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
    /// Rows in columns.
    Parquet,
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
            Some((_, "parquet")) if compression == Compression::None => Ok(Self::Parquet),
            _ => Err(Error::invalid_argument(
                format!("the kind of {}", name.display()),
                ".jsonl, .jsonl.gz, .jsonl.zst or .parquet",
                "another ending",
            )),
        }
    }
}

/// Lines of a file that is decompressed on the way.
pub(super) type ByteStream = LineStream<Box<dyn Read + Send>>;

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
        let found = std::fs::metadata(&path).map_err(|error| Error::io_at("read", &path, error))?;
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
            _ => Error::io_at("read", &self.path, error),
        }
    }

    fn open(&self) -> Result<File> {
        File::open(&self.path).map_err(|error| Error::io_at("open", &self.path, error))
    }

    /// The lines as a stream from the start, decompressed.
    pub(super) fn stream(&self, compression: Compression) -> Result<ByteStream> {
        const BUFFER_BYTES: usize = 256 << 10;
        let file = self.open()?;
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
    pub(super) fn lines_at(&self, spans: &[Span], mut room: Vec<u8>) -> Result<Vec<u8>> {
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
    pub(super) fn range(&self, start: u64, end: u64, room: Vec<u8>) -> Result<Lines> {
        let read = || {
            let mut file = File::open(&self.path)?;
            file.seek(SeekFrom::Start(start.saturating_sub(1)))?;
            read_range(file, start, end, room)
        };
        read().map_err(|error| self.failed(error))
    }
}
