//! Texts of any object that speaks the Arrow `PyCapsule` interface, without copying them.

mod abi;
mod strings;

use pyo3::prelude::*;

use crate::call::input_error;
use abi::{Array, Schema};
use strings::Flaw;
pub(crate) use strings::Strings;

/// Arrays that were handed over; released when they go out of scope.
pub(crate) struct Arrays {
    schema: Schema,
    chunks: Vec<Array>,
    /// The child that holds the texts, of a table.
    column: Option<usize>,
}

impl Arrays {
    /// The arrays of an object, or nothing where it does not speak the interface.
    pub(crate) fn of(object: &Bound<'_, PyAny>, column: Option<&str>) -> PyResult<Option<Self>> {
        let (schema, chunks) = if object.hasattr("__arrow_c_stream__")? {
            abi::arrays_of(object)?
        } else if object.hasattr("__arrow_c_array__")? {
            abi::array_of(object)?
        } else {
            return Ok(None);
        };
        let column = column_of(object.py(), &schema, column)?;
        let arrays = Self {
            schema,
            chunks,
            column,
        };
        arrays.check_format(object.py())?;
        Ok(Some(arrays))
    }

    fn format(&self) -> (&str, bool) {
        let child = self.column.and_then(|at| self.schema.children().nth(at));
        let schema = child.unwrap_or(&self.schema);
        (schema.format(), schema.is_dictionary())
    }

    fn check_format(&self, py: Python<'_>) -> PyResult<()> {
        let (format, is_dictionary) = self.format();
        let advice = match format {
            _ if is_dictionary => "a dictionary-encoded column; cast it to strings",
            "u" | "U" | "vu" => return Ok(()),
            "z" | "Z" | "vz" => "binary; cast it to strings",
            "n" => "a column of nothing but nulls; cast it to strings",
            _ => "another type",
        };
        let text = format!("texts: expected Arrow strings, found {advice} (format {format:?})");
        Err(input_error(py, text))
    }

    /// The strings of each array, in order.
    pub(crate) fn strings(&self, py: Python<'_>) -> PyResult<Vec<Strings<'_>>> {
        let mut before = 0;
        let mut all = Vec::with_capacity(self.chunks.len());
        for array in &self.chunks {
            let strings = self.strings_of(array).map_err(|flaw| {
                input_error(
                    py,
                    match flaw {
                        Flaw::Broken(what) => format!("texts: a broken Arrow array: {what}"),
                        Flaw::NotUtf8(row) => format!("texts[{}]: not UTF-8", before + row),
                    },
                )
            })?;
            before += strings.count();
            all.push(strings);
        }
        Ok(all)
    }

    fn strings_of<'a>(&'a self, array: &'a Array) -> Result<Strings<'a>, Flaw> {
        let count = usize::try_from(array.length).map_err(|_| Flaw::Broken("its length"))?;
        let (format, _) = self.format();
        let Some(column) = self.column else {
            return Strings::of(array, format, 0, count);
        };
        let child = array.child(column).ok_or(Flaw::Broken("its columns"))?;
        let first = usize::try_from(array.offset).map_err(|_| Flaw::Broken("its offset"))?;
        Strings::of(child, format, first, count)
    }
}

/// Which child of a table holds the texts.
fn column_of(py: Python<'_>, schema: &Schema, column: Option<&str>) -> PyResult<Option<usize>> {
    if schema.format() != "+s" {
        return match column {
            None => Ok(None),
            Some(name) => {
                let text =
                    format!("column: expected a table, found an array without column {name:?}");
                Err(input_error(py, text))
            }
        };
    }
    let wanted = column.unwrap_or("text");
    let found = schema.children().position(|child| child.name() == wanted);
    if found.is_some() {
        return Ok(found);
    }
    let names: Vec<&str> = schema.children().map(Schema::name).collect();
    let text = format!(
        "column: expected one of {}, found {wanted:?}",
        names.join(", ")
    );
    Err(input_error(py, text))
}
