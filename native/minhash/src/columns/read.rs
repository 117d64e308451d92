//! The texts of a column.

use parquet::column::reader::get_typed_column_reader;
use parquet::data_type::{ByteArray, ByteArrayType};
use parquet::file::reader::FileReader;

use super::{ColumnFile, RowRange};
use crate::error::Result;
use crate::hash::RowHasher;
use crate::input::split::LINE_BYTES_MAX;
use crate::input::{Reason, Reject};
use crate::spill::{Growing, Span, Spill};

/// Rows that are read at a time.
const BATCH_ROWS: usize = 256;

impl ColumnFile {
    /// Hashes the rows of a range.
    pub(crate) fn hash(
        &self,
        leaf: usize,
        range: RowRange,
        hasher: &mut RowHasher,
    ) -> Result<Spill> {
        let mut rows = Growing::default();
        self.visit_texts(leaf, range, |row, text| match text {
            Ok(text) => rows.push(Span::new(row, text.len()), hasher.hash(text)),
            Err((reason, bytes)) => rows.rejects.push(Reject {
                offset: row,
                bytes,
                reason,
            }),
        })?;
        Ok(rows.finish(hasher.bands()))
    }

    /// Gives every row of a range with its text, or why it cannot be used and its bytes.
    fn visit_texts(
        &self,
        leaf: usize,
        range: RowRange,
        mut visit: impl FnMut(u64, std::result::Result<&str, (Reason, u64)>),
    ) -> Result<()> {
        let mut read = || {
            let group = self.reader.get_row_group(range.group)?;
            let reader = group.get_column_reader(leaf)?;
            let mut reader = get_typed_column_reader::<ByteArrayType>(reader);
            let leaf = group.metadata().column(leaf).column_descr();
            let present = leaf.max_def_level();
            reader.skip_records(range.skip)?;
            let (mut levels, mut values) = (Vec::new(), Vec::new());
            let mut row = range.first;
            let end = range.first + range.rows as u64;
            while row < end {
                let wanted = BATCH_ROWS.min(usize::try_from(end - row).unwrap_or(BATCH_ROWS));
                levels.clear();
                values.clear();
                let (records, ..) =
                    reader.read_records(wanted, Some(&mut levels), None, &mut values)?;
                if records == 0 {
                    return Err(parquet::errors::ParquetError::EOF(
                        "rows are missing".into(),
                    ));
                }
                let mut values = values.iter();
                for at in 0..records {
                    let is_there = levels.get(at).is_none_or(|level| *level == present);
                    let value = is_there.then(|| values.next()).flatten();
                    visit(row, text_of(value));
                    row += 1;
                }
            }
            Ok(())
        };
        read().map_err(|error| self.failed(&error))
    }
}

fn text_of(value: Option<&ByteArray>) -> std::result::Result<&str, (Reason, u64)> {
    let bytes = value.ok_or((Reason::MissingField, 0))?.data();
    let length = bytes.len() as u64;
    if bytes.len() > LINE_BYTES_MAX {
        return Err((Reason::LineTooLong, length));
    }
    simdutf8::basic::from_utf8(bytes).map_err(|_| (Reason::InvalidUtf8, length))
}
