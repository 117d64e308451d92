//! Chosen rows as lines of JSON, which the stages behind hashing read whatever the file.

use std::ops::Range;

use parquet::basic::{ConvertedType, LogicalType};
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::DataType;
use parquet::errors::Result as Outcome;
use parquet::file::reader::{FileReader, RowGroupReader};
use serde_json::Value;

use super::{ColumnFile, RowRange};
use crate::error::Result;

/// Lines, one behind the other, and the place of each.
pub(crate) type PlacedLines = (Vec<u8>, Vec<Range<usize>>);

impl ColumnFile {
    /// An object for each of some rows (in order, by their numbers in the file) of a range, with
    /// those columns of `names` that are there and not nested.
    pub(crate) fn lines(
        &self,
        range: RowRange,
        rows: &[u64],
        names: &[&str],
    ) -> Result<PlacedLines> {
        let places: Vec<usize> = rows
            .iter()
            .map(|row| usize::try_from(row - range.first).unwrap_or(0) + range.skip)
            .collect();
        let read = || {
            let group = self.reader.get_row_group(range.group)?;
            let mut columns = Vec::new();
            for name in names {
                if let Some(leaf) = self.leaf(name) {
                    columns.push((*name, values_of(&*group, leaf, &places)?));
                }
            }
            Ok(columns)
        };
        let columns = read().map_err(|error| self.failed(&error))?;
        Ok(lines_of(&columns, rows.len()))
    }
}

fn lines_of(columns: &[(&str, Vec<Value>)], count: usize) -> PlacedLines {
    let (mut bytes, mut places) = (Vec::new(), Vec::with_capacity(count));
    for at in 0..count {
        let from = bytes.len();
        let fields = columns.iter();
        let fields = fields.map(|(name, values)| ((*name).to_owned(), values[at].clone()));
        let object = Value::Object(fields.collect());
        bytes.extend_from_slice(object.to_string().as_bytes());
        places.push(from..bytes.len());
    }
    (bytes, places)
}

/// The values of a leaf at some places (in order) of its row group; null where JSON has no such
/// value.
fn values_of(group: &dyn RowGroupReader, leaf: usize, places: &[usize]) -> Outcome<Vec<Value>> {
    let column = group.metadata().column(leaf).column_descr();
    let is_unsigned = matches!(
        column.logical_type_ref(),
        Some(LogicalType::Integer(integer)) if !integer.is_signed
    ) || matches!(
        column.converted_type(),
        ConvertedType::UINT_8
            | ConvertedType::UINT_16
            | ConvertedType::UINT_32
            | ConvertedType::UINT_64
    );
    match group.get_column_reader(leaf)? {
        ColumnReader::BoolColumnReader(reader) => at_places(reader, places, |it| (*it).into()),
        ColumnReader::Int32ColumnReader(reader) if is_unsigned => {
            at_places(reader, places, |it| it.cast_unsigned().into())
        }
        ColumnReader::Int32ColumnReader(reader) => at_places(reader, places, |it| (*it).into()),
        ColumnReader::Int64ColumnReader(reader) if is_unsigned => {
            at_places(reader, places, |it| it.cast_unsigned().into())
        }
        ColumnReader::Int64ColumnReader(reader) => at_places(reader, places, |it| (*it).into()),
        ColumnReader::FloatColumnReader(reader) => at_places(reader, places, |it| (*it).into()),
        ColumnReader::DoubleColumnReader(reader) => at_places(reader, places, |it| (*it).into()),
        ColumnReader::ByteArrayColumnReader(reader) => at_places(reader, places, |it| {
            std::str::from_utf8(it.data()).map_or(Value::Null, Value::from)
        }),
        ColumnReader::Int96ColumnReader(_) | ColumnReader::FixedLenByteArrayColumnReader(_) => {
            Ok(vec![Value::Null; places.len()])
        }
    }
}

fn at_places<T: DataType>(
    mut reader: ColumnReaderImpl<T>,
    places: &[usize],
    value: impl Fn(&T::T) -> Value,
) -> Outcome<Vec<Value>> {
    let mut found = Vec::with_capacity(places.len());
    let (mut levels, mut values) = (Vec::new(), Vec::new());
    let mut next = 0;
    for place in places {
        reader.skip_records(place - next)?;
        levels.clear();
        values.clear();
        reader.read_records(1, Some(&mut levels), None, &mut values)?;
        found.push(values.first().map_or(Value::Null, &value));
        next = place + 1;
    }
    Ok(found)
}
