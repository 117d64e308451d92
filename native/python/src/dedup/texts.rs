//! Texts as Python has them: a list of `str`, or Arrow strings.

use std::cell::OnceCell;

use mithril_dedup::in_memory::Texts;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyFloat, PyList, PyString};

use super::arrow::{Arrays, Strings};
use crate::call::input_error;

/// What keeps texts alive while they are read without the GIL.
pub(crate) enum Held<'py> {
    /// A list, and a place for each of its items: the list may change meanwhile.
    List(Bound<'py, PyList>, Vec<OnceCell<Bound<'py, PyString>>>),
    Arrow(Arrays),
}

impl<'py> Held<'py> {
    /// Holds the texts of an object. `column` names that of a table.
    pub(crate) fn of(object: &Bound<'py, PyAny>, column: Option<&str>) -> PyResult<Self> {
        if object.is_instance_of::<PyString>() || object.is_instance_of::<PyDict>() {
            return Err(not_texts(object));
        }
        if let Some(arrays) = Arrays::of(object, column)? {
            return Ok(Self::Arrow(arrays));
        }
        if let Some(column) = column {
            let text = format!("column: expected a table, found a list without column {column:?}");
            return Err(input_error(object.py(), text));
        }
        let list = if let Ok(list) = object.cast::<PyList>() {
            list.clone()
        } else {
            let items = object.try_iter().map_err(|_| not_texts(object))?;
            PyList::new(object.py(), items.collect::<PyResult<Vec<_>>>()?)?
        };
        let places = (0..list.len()).map(|_| OnceCell::new()).collect();
        Ok(Self::List(list, places))
    }

    /// The texts, to be read from any thread while `self` is held.
    pub(crate) fn view(&self, py: Python<'_>) -> PyResult<View<'_>> {
        Ok(match self {
            Self::List(list, places) => View::Strs(strs(list, places)?),
            Self::Arrow(arrays) => {
                let chunks = arrays.strings(py)?;
                let mut ends = Vec::with_capacity(chunks.len());
                let mut end = 0;
                for chunk in &chunks {
                    end += chunk.count();
                    ends.push(end);
                }
                View::Chunks(chunks, ends)
            }
        })
    }
}

fn not_texts(object: &Bound<'_, PyAny>) -> PyErr {
    let found = object.get_type().name();
    let found = found.map_or_else(|_| "another object".to_owned(), |name| name.to_string());
    let text = format!("texts: expected a list of str or Arrow strings, found {found}");
    input_error(object.py(), text)
}

/// Takes every item of the list and its UTF-8 in one go, while it is in the cache.
fn strs<'a, 'py>(
    list: &Bound<'py, PyList>,
    places: &'a [OnceCell<Bound<'py, PyString>>],
) -> PyResult<Vec<Option<&'a str>>> {
    let mut strs = Vec::with_capacity(places.len());
    for (at, (item, place)) in list.iter().zip(places).enumerate() {
        strs.push(match item.cast_into::<PyString>() {
            Ok(text) => Some(utf8_of(place.get_or_init(|| text), at)?),
            Err(other) => none_of(&other.into_inner(), at)?,
        });
    }
    Ok(strs)
}

fn utf8_of<'a>(text: &'a Bound<'_, PyString>, at: usize) -> PyResult<&'a str> {
    text.to_str().map_err(|_| {
        let message = format!("texts[{at}]: half of a surrogate pair, which UTF-8 cannot hold");
        input_error(text.py(), message)
    })
}

/// Nothing for `None` and NaN, which is how pandas marks what is missing.
fn none_of(item: &Bound<'_, PyAny>, at: usize) -> PyResult<Option<&'static str>> {
    let number = item.cast::<PyFloat>().ok().map(PyFloatMethods::value);
    if item.is_none() || number.is_some_and(f64::is_nan) {
        return Ok(None);
    }
    let found = item.get_type().name()?;
    let text = format!("texts[{at}]: expected str or None, found {found}");
    Err(input_error(item.py(), text))
}

/// Texts that can be read from any thread.
pub(crate) enum View<'a> {
    Strs(Vec<Option<&'a str>>),
    /// Chunks, and where each ends.
    Chunks(Vec<Strings<'a>>, Vec<usize>),
}

impl Texts for View<'_> {
    fn count(&self) -> usize {
        match self {
            Self::Strs(strs) => strs.len(),
            Self::Chunks(_, ends) => ends.last().copied().unwrap_or(0),
        }
    }

    #[inline]
    fn get(&self, row: usize) -> Option<&str> {
        match self {
            Self::Strs(strs) => strs.get(row).copied().flatten(),
            Self::Chunks(chunks, ends) => {
                let at = ends.partition_point(|end| *end <= row);
                let before = at.checked_sub(1).and_then(|at| ends.get(at));
                chunks.get(at)?.get(row - before.copied().unwrap_or(0))
            }
        }
    }
}
