//! Texts as Python has them: a list of `str`, or Arrow strings.

use std::cell::OnceCell;
use std::ptr;

use mithril_dedup::in_memory::Texts;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyFloat, PyList, PyString, PyTuple};

use super::arrow::{Arrays, Strings};
use crate::call::input_error;

/// Items that are taken at a time: their first cache lines are at most 64 KiB, so that all are still in the L2 cache
/// when their UTF-8 is asked for.
const PART: usize = 1024;

/// What keeps texts alive while they are read without the GIL.
pub(crate) enum Held<'py> {
    /// A list, and places for all its items, [`PART`] in each: the list may change meanwhile.
    List(Bound<'py, PyList>, Vec<OnceCell<Bound<'py, PyTuple>>>),
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
        let parts = list.len().div_ceil(PART);
        Ok(Self::List(list, vec![OnceCell::new(); parts]))
    }

    /// The texts, to be read from any thread while `self` is held.
    pub(crate) fn view(&self, py: Python<'_>) -> PyResult<View<'_>> {
        Ok(match self {
            Self::List(list, parts) => View::Strs(strs(list, parts)?),
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

/// Takes the items and their UTF-8 part by part, so that each string is read while it is in the cache.
fn strs<'a, 'py>(
    list: &Bound<'py, PyList>,
    parts: &'a [OnceCell<Bound<'py, PyTuple>>],
) -> PyResult<Vec<Option<&'a str>>> {
    let mut strs = Vec::with_capacity(list.len());
    for (part, from) in parts.iter().zip((0..).step_by(PART)) {
        let items = part.get_or_init(|| list.get_slice(from, from + PART).to_tuple());
        for (item, at) in items.iter_borrowed().zip(from..) {
            strs.push(match item.cast::<PyString>() {
                Ok(text) => Some(utf8_of(text, at)?),
                Err(_) => none_of(&item, at)?,
            });
        }
    }
    Ok(strs)
}

fn utf8_of<'a>(text: Borrowed<'a, '_, PyString>, at: usize) -> PyResult<&'a str> {
    let utf8 = text.to_str().map_err(|_| {
        let message = format!("texts[{at}]: half of a surrogate pair, which UTF-8 cannot hold");
        input_error(text.py(), message)
    })?;
    // SAFETY: The string keeps its UTF-8 where it is, unchanged, for as long as it lives, which is
    // at least `'a`; only the reference to it, in `text`, ends here.
    Ok(unsafe { &*ptr::from_ref(utf8) })
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
