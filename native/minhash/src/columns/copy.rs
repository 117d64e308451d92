//! A copy without some of the rows, row group by row group.

use std::io::Write;
use std::sync::Arc;

use parquet::basic::{LogicalType, Repetition, Type as Physical};
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::column::writer::{ColumnWriter, ColumnWriterImpl};
use parquet::data_type::{BoolType, ByteArrayType, DataType};
use parquet::errors::Result as Outcome;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{WriterProperties, WriterPropertiesPtr};
use parquet::file::reader::FileReader;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::types::{Type, TypePtr};

use super::ColumnFile;
use crate::error::Result;

/// Rows that are copied at a time.
const BATCH_ROWS: usize = 1024;
/// Descriptions of the schema by other libraries: with more columns they are wrong.
const SCHEMA_KEYS: [&str; 2] = ["ARROW:schema", "pandas"];

/// What is said of a row in two columns more.
pub(crate) struct Annotated {
    pub(crate) cluster: Option<String>,
    pub(crate) keep: bool,
}

/// Writes copies of the row groups of a file.
pub(crate) struct RowGroupsWriter<'a, W: Write + Send> {
    file: &'a ColumnFile,
    writer: SerializedFileWriter<W>,
}

impl<'a, W: Write + Send> RowGroupsWriter<'a, W> {
    /// Writes to `out`, with two columns more if rows are to be annotated.
    pub(crate) fn new(file: &'a ColumnFile, out: W, is_annotated: bool) -> Result<Self> {
        let make = || {
            let metadata = file.reader.metadata().file_metadata();
            let schema = metadata.schema_descr().root_schema_ptr();
            let schema = if is_annotated {
                extended(&schema)?
            } else {
                schema
            };
            SerializedFileWriter::new(out, schema, properties(file, is_annotated))
        };
        let writer = make().map_err(|error| file.failed(&error))?;
        Ok(Self { file, writer })
    }

    /// Copies the rows of a row group whose `kept` is set; `annotated` has all that are kept.
    pub(crate) fn copy(
        &mut self,
        group: usize,
        kept: &[bool],
        annotated: Option<&[Annotated]>,
    ) -> Result<()> {
        if !kept.contains(&true) {
            return Ok(());
        }
        let mut copy = || {
            let reader = self.file.reader.get_row_group(group)?;
            let mut writer = self.writer.next_row_group()?;
            for leaf in 0..reader.num_columns() {
                let Some(mut column) = writer.next_column()? else {
                    break;
                };
                copy_column(reader.get_column_reader(leaf)?, column.untyped(), kept, {
                    let column = reader.metadata().column(leaf).column_descr();
                    (column.max_def_level(), column.max_rep_level())
                })?;
                column.close()?;
            }
            if let Some(annotated) = annotated {
                write_annotations(&mut writer, annotated)?;
            }
            writer.close()?;
            Ok(())
        };
        copy().map_err(|error| self.file.failed(&error))
    }

    /// Ends the file.
    pub(crate) fn finish(self) -> Result<W> {
        let finished = self.writer.into_inner();
        finished.map_err(|error| self.file.failed(&error))
    }
}

impl ColumnFile {
    /// Number of the first row of each row group, and how many it has.
    pub(crate) fn groups(&self) -> Vec<(u64, usize)> {
        let mut first = 0;
        let groups = self.reader.metadata().row_groups().iter();
        groups
            .map(|group| {
                let rows = usize::try_from(group.num_rows()).unwrap_or(0);
                let start = first;
                first += rows as u64;
                (start, rows)
            })
            .collect()
    }
}

/// Compression and dictionaries as the file has them.
fn properties(file: &ColumnFile, is_annotated: bool) -> WriterPropertiesPtr {
    let metadata = file.reader.metadata();
    let mut kept: Vec<KeyValue> = metadata
        .file_metadata()
        .key_value_metadata()
        .cloned()
        .unwrap_or_default();
    kept.retain(|it| !is_annotated || !SCHEMA_KEYS.contains(&it.key.as_str()));
    let mut builder = WriterProperties::builder()
        .set_created_by("mithril".to_owned())
        .set_key_value_metadata(Some(kept));
    if let Some(group) = metadata.row_groups().first() {
        builder = builder.set_sorting_columns(group.sorting_columns().cloned());
        for column in group.columns() {
            let path = column.column_path().clone();
            builder = builder
                .set_column_compression(path.clone(), column.compression())
                .set_column_dictionary_enabled(path, column.dictionary_page_offset().is_some());
        }
    }
    Arc::new(builder.build())
}

/// The schema with `mithril_dedup_cluster` and `mithril_dedup_keep`.
fn extended(schema: &TypePtr) -> Outcome<TypePtr> {
    let cluster = Type::primitive_type_builder("mithril_dedup_cluster", Physical::BYTE_ARRAY)
        .with_repetition(Repetition::OPTIONAL)
        .with_logical_type(Some(LogicalType::String))
        .build()?;
    let keep = Type::primitive_type_builder("mithril_dedup_keep", Physical::BOOLEAN)
        .with_repetition(Repetition::REQUIRED)
        .build()?;
    let mut fields = schema.get_fields().to_vec();
    fields.extend([Arc::new(cluster), Arc::new(keep)]);
    let builder = Type::group_type_builder(schema.name()).with_fields(fields);
    Ok(Arc::new(builder.build()?))
}

fn write_annotations<W: Write + Send>(
    writer: &mut SerializedRowGroupWriter<'_, W>,
    annotated: &[Annotated],
) -> Outcome<()> {
    if let Some(mut column) = writer.next_column()? {
        let levels: Vec<i16> = annotated
            .iter()
            .map(|it| it.cluster.is_some().into())
            .collect();
        let clusters = annotated.iter().filter_map(|it| it.cluster.as_deref());
        let clusters: Vec<_> = clusters.map(Into::into).collect();
        column
            .typed::<ByteArrayType>()
            .write_batch(&clusters, Some(&levels), None)?;
        column.close()?;
    }
    if let Some(mut column) = writer.next_column()? {
        let keep: Vec<bool> = annotated.iter().map(|it| it.keep).collect();
        column.typed::<BoolType>().write_batch(&keep, None, None)?;
        column.close()?;
    }
    Ok(())
}

macro_rules! by_type {
    ($copy:expr, $reader:expr, $writer:expr, $($kind:ident, $other:ident);*) => {
        match ($reader, $writer) {
            $((ColumnReader::$kind(reader), ColumnWriter::$other(writer)) => {
                $copy.columns(reader, writer)
            })*
            _ => Err(parquet::errors::ParquetError::General("types differ".into())),
        }
    };
}

fn copy_column(
    reader: ColumnReader,
    writer: &mut ColumnWriter<'_>,
    kept: &[bool],
    levels: (i16, i16),
) -> Outcome<()> {
    let copy = Copying { kept, levels };
    by_type!(copy, reader, writer,
        BoolColumnReader, BoolColumnWriter;
        Int32ColumnReader, Int32ColumnWriter;
        Int64ColumnReader, Int64ColumnWriter;
        Int96ColumnReader, Int96ColumnWriter;
        FloatColumnReader, FloatColumnWriter;
        DoubleColumnReader, DoubleColumnWriter;
        ByteArrayColumnReader, ByteArrayColumnWriter;
        FixedLenByteArrayColumnReader, FixedLenByteArrayColumnWriter)
}

/// Which rows of a column are copied, and its largest definition and repetition level.
struct Copying<'a> {
    kept: &'a [bool],
    levels: (i16, i16),
}

/// Some rows of a column.
struct Batch<T> {
    definitions: Vec<i16>,
    repetitions: Vec<i16>,
    values: Vec<T>,
}

impl<T> Batch<T> {
    fn new() -> Self {
        let (definitions, repetitions) = (Vec::new(), Vec::new());
        Self {
            definitions,
            repetitions,
            values: Vec::new(),
        }
    }

    fn clear(&mut self) {
        self.definitions.clear();
        self.repetitions.clear();
        self.values.clear();
    }
}

impl Copying<'_> {
    fn columns<T: DataType>(
        &self,
        mut reader: ColumnReaderImpl<T>,
        writer: &mut ColumnWriterImpl<'_, T>,
    ) -> Outcome<()> {
        let (mut read, mut out) = (Batch::new(), Batch::new());
        let mut row = 0;
        while row < self.kept.len() {
            read.clear();
            let wanted = BATCH_ROWS.min(self.kept.len() - row);
            let (records, ..) = reader.read_records(
                wanted,
                Some(&mut read.definitions),
                Some(&mut read.repetitions),
                &mut read.values,
            )?;
            if records == 0 {
                return Err(parquet::errors::ParquetError::EOF(
                    "rows are missing".into(),
                ));
            }
            let kept = &self.kept[row..row + records];
            row += records;
            let chosen = if kept.contains(&false) {
                self.choose(&mut read, kept, &mut out);
                &out
            } else {
                &read
            };
            if chosen.values.is_empty() && chosen.definitions.is_empty() {
                continue;
            }
            let definitions = Some(&chosen.definitions[..]).filter(|_| self.levels.0 > 0);
            let repetitions = Some(&chosen.repetitions[..]).filter(|_| self.levels.1 > 0);
            writer.write_batch(&chosen.values, definitions, repetitions)?;
        }
        Ok(())
    }

    /// Moves the rows that are kept to `out`. A row starts where the repetition level is 0.
    fn choose<T>(&self, read: &mut Batch<T>, kept: &[bool], out: &mut Batch<T>) {
        out.clear();
        let count = read.definitions.len().max(read.values.len());
        let mut values = read.values.drain(..);
        let mut rows = 0;
        for at in 0..count {
            let repetition = read.repetitions.get(at).copied().unwrap_or(0);
            rows += usize::from(repetition == 0);
            let definition = read.definitions.get(at).copied();
            let is_value = definition.is_none_or(|level| level == self.levels.0);
            let value = if is_value { values.next() } else { None };
            if kept.get(rows.wrapping_sub(1)) != Some(&true) {
                continue;
            }
            out.definitions.extend(definition);
            out.repetitions.extend(read.repetitions.get(at));
            out.values.extend(value);
        }
    }
}
