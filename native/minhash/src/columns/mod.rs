//! Parquet files: the texts of a column, chosen rows, and copies without some of the rows.
//!
//! Columns are read and written as they are stored (values and levels of each leaf), so that a copy
//! keeps the schema and every type of it, nested ones included.

mod copy;
mod read;
mod rows_as_json;
mod source;

use std::path::{Path, PathBuf};

use parquet::errors::ParquetError;
use parquet::file::reader::{FileReader, SerializedFileReader};

pub(crate) use copy::{Annotated, RowGroupsWriter};
use source::Source;

use crate::error::{Error, Result};

/// An open Parquet file; only its footer is in memory.
pub(crate) struct ColumnFile {
    path: PathBuf,
    reader: SerializedFileReader<Source>,
}

/// Consecutive rows of one row group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RowRange {
    pub(crate) group: usize,
    /// Number of the first row in the file.
    pub(crate) first: u64,
    /// Rows of the group before it.
    pub(crate) skip: usize,
    pub(crate) rows: usize,
}

/// Fewest rows of a range: skipping to its start costs a part of a page.
const RANGE_ROWS_MIN: u64 = 1 << 10;

impl ColumnFile {
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let source = Source::open(path).map_err(|error| Error::io_at("open", path, error))?;
        let reader = SerializedFileReader::new(source).map_err(|error| failed(path, &error))?;
        Ok(Self {
            path: path.to_owned(),
            reader,
        })
    }

    /// The leaf that holds texts: a column of strings beside which there is no other of the name.
    pub(crate) fn text_column(&self, name: &str) -> Result<usize> {
        let schema = self.reader.metadata().file_metadata().schema_descr();
        let found = self
            .leaf(name)
            .filter(|at| schema.column(*at).physical_type() == parquet::basic::Type::BYTE_ARRAY);
        found.ok_or_else(|| {
            let fields = schema.root_schema().get_fields();
            let names: Vec<&str> = fields.iter().map(|field| field.name()).collect();
            Error::invalid_argument(
                format!("the text column of {}", self.path.display()),
                format!("a column of strings, one of: {}", names.join(", ")),
                name,
            )
        })
    }

    /// The leaf of a column that is not nested.
    fn leaf(&self, name: &str) -> Option<usize> {
        let schema = self.reader.metadata().file_metadata().schema_descr();
        let mut leaves = schema.columns().iter();
        leaves.position(|leaf| leaf.path().parts() == [name] && leaf.max_rep_level() == 0)
    }

    /// Bytes of the values of a leaf, not compressed.
    pub(crate) fn column_bytes(&self, leaf: usize) -> u64 {
        let groups = self.reader.metadata().row_groups().iter();
        groups
            .map(|group| u64::try_from(group.column(leaf).uncompressed_size()).unwrap_or(0))
            .sum()
    }

    /// All rows, in ranges whose values of a leaf have about so many bytes.
    pub(crate) fn ranges(&self, leaf: usize, bytes: u64) -> Vec<RowRange> {
        let mut ranges = Vec::new();
        let mut first = 0;
        for (group, found) in self.reader.metadata().row_groups().iter().enumerate() {
            let rows = u64::try_from(found.num_rows()).unwrap_or(0);
            let of_group = u64::try_from(found.column(leaf).uncompressed_size()).unwrap_or(0);
            let per_row = (of_group / rows.max(1)).max(1);
            let step = (bytes / per_row).max(RANGE_ROWS_MIN);
            let mut skip = 0;
            while skip < rows {
                let count = step.min(rows - skip);
                ranges.push(RowRange {
                    group,
                    first: first + skip,
                    skip: usize::try_from(skip).unwrap_or(usize::MAX),
                    rows: usize::try_from(count).unwrap_or(usize::MAX),
                });
                skip += count;
            }
            first += rows;
        }
        ranges
    }

    fn failed(&self, error: &ParquetError) -> Error {
        failed(&self.path, error)
    }
}

fn failed(path: &Path, error: &ParquetError) -> Error {
    let what = format!("{}: {error}", path.display());
    match error {
        ParquetError::External(cause) => Error::io_at(
            "read or copy",
            path,
            std::io::Error::other(cause.to_string()),
        ),
        ParquetError::NYI(_) => {
            Error::invalid_argument(what, "what is supported", "something else")
        }
        ParquetError::General(text) if text.starts_with("Disabled feature") => {
            Error::invalid_argument(what, "snappy, zstd, lz4, gzip or no compression", "another")
        }
        _ => Error::corruption(what, "a whole Parquet file", "damage"),
    }
}
