//! The three structures of the Arrow C data and stream interfaces, owned.
//!
//! <https://arrow.apache.org/docs/format/CDataInterface.html>. A structure is moved out of its
//! capsule, which is then empty, and released exactly once. What a producer hands over it
//! promises to be as the interface says: nothing here can check that a pointer leads anywhere.

use std::ffi::{CStr, c_char, c_int, c_void};
use std::ptr;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyCapsule;

#[repr(C)]
pub(super) struct Schema {
    format: *const c_char,
    name: *const c_char,
    metadata: *const c_char,
    flags: i64,
    children: i64,
    child: *mut *mut Schema,
    dictionary: *mut Schema,
    release: Option<unsafe extern "C" fn(*mut Schema)>,
    private: *mut c_void,
}

#[repr(C)]
pub(super) struct Array {
    pub(super) length: i64,
    pub(super) nulls: i64,
    pub(super) offset: i64,
    buffers: i64,
    children: i64,
    buffer: *mut *const c_void,
    child: *mut *mut Array,
    dictionary: *mut Array,
    release: Option<unsafe extern "C" fn(*mut Array)>,
    private: *mut c_void,
}

#[repr(C)]
struct Stream {
    schema: Option<unsafe extern "C" fn(*mut Stream, *mut Schema) -> c_int>,
    next: Option<unsafe extern "C" fn(*mut Stream, *mut Array) -> c_int>,
    last_error: Option<unsafe extern "C" fn(*mut Stream) -> *const c_char>,
    release: Option<unsafe extern "C" fn(*mut Stream)>,
    private: *mut c_void,
}

/// What has a release callback, which is null once it has been released or moved.
trait Released: Sized {
    const EMPTY: Self;
    fn release(&mut self);
}

macro_rules! released {
    ($name:ident { $($field:ident: $value:expr),* }) => {
        impl Released for $name {
            const EMPTY: Self = Self { $($field: $value,)* release: None, private: ptr::null_mut() };

            fn release(&mut self) {
                if let Some(release) = self.release {
                    // SAFETY: the callback is the producer's for this structure, which is not yet
                    // released (the callback is set) and not used after this.
                    unsafe { release(self) };
                }
            }
        }

        impl Drop for $name {
            fn drop(&mut self) {
                Released::release(self);
            }
        }
    };
}

released!(Schema {
    format: ptr::null(),
    name: ptr::null(),
    metadata: ptr::null(),
    flags: 0,
    children: 0,
    child: ptr::null_mut(),
    dictionary: ptr::null_mut()
});
released!(Array {
    length: 0,
    nulls: 0,
    offset: 0,
    buffers: 0,
    children: 0,
    buffer: ptr::null_mut(),
    child: ptr::null_mut(),
    dictionary: ptr::null_mut()
});
released!(Stream {
    schema: None,
    next: None,
    last_error: None
});

/// Moves a structure out of a capsule of this name.
fn taken<T: Released>(capsule: &Bound<'_, PyAny>, name: &CStr) -> PyResult<T> {
    let pointer = capsule.cast::<PyCapsule>()?.pointer_checked(Some(name))?;
    // SAFETY: a capsule of this name points to such a structure, which stands in aligned memory
    // and, with the GIL held, is used by nobody else; the one left behind counts as released.
    Ok(unsafe { ptr::replace(pointer.cast().as_ptr(), T::EMPTY) })
}

/// The schema and the one array of `__arrow_c_array__`.
pub(super) fn array_of(object: &Bound<'_, PyAny>) -> PyResult<(Schema, Vec<Array>)> {
    let pair = object.call_method0("__arrow_c_array__")?;
    let schema = taken(&pair.get_item(0)?, c"arrow_schema")?;
    Ok((schema, vec![taken(&pair.get_item(1)?, c"arrow_array")?]))
}

/// The schema and all arrays of `__arrow_c_stream__`.
pub(super) fn arrays_of(object: &Bound<'_, PyAny>) -> PyResult<(Schema, Vec<Array>)> {
    let mut stream: Stream = taken(
        &object.call_method0("__arrow_c_stream__")?,
        c"arrow_array_stream",
    )?;
    let (Some(get_schema), Some(get_next)) = (stream.schema, stream.next) else {
        return Err(PyValueError::new_err(
            "the Arrow stream has been read before",
        ));
    };
    let mut schema = Schema::EMPTY;
    // SAFETY: the callback is the producer's for this stream, which is not released; it fills an
    // empty schema.
    let code = unsafe { get_schema(&raw mut stream, &raw mut schema) };
    checked(&mut stream, code)?;
    let mut arrays = Vec::new();
    loop {
        let mut array = Array::EMPTY;
        // SAFETY: as above, an empty array.
        let code = unsafe { get_next(&raw mut stream, &raw mut array) };
        checked(&mut stream, code)?;
        if array.release.is_none() {
            return Ok((schema, arrays));
        }
        arrays.push(array);
    }
}

fn checked(stream: &mut Stream, code: c_int) -> PyResult<()> {
    if code == 0 {
        return Ok(());
    }
    // SAFETY: the callback is the producer's for this stream, which is not released.
    let text = stream.last_error.map(|last| unsafe { last(stream) });
    let text = text.and_then(text_at).unwrap_or("no reason given");
    Err(PyValueError::new_err(format!(
        "the Arrow stream failed ({code}): {text}"
    )))
}

/// The text at a pointer of a producer; it lives as long as the caller's structure.
fn text_at<'a>(pointer: *const c_char) -> Option<&'a str> {
    if pointer.is_null() {
        return None;
    }
    // SAFETY: not null, and by the interface a string that ends with a zero byte.
    unsafe { CStr::from_ptr(pointer) }.to_str().ok()
}

impl Schema {
    /// What its values are, as the interface writes it.
    pub(super) fn format(&self) -> &str {
        text_at(self.format).unwrap_or_default()
    }

    pub(super) fn name(&self) -> &str {
        text_at(self.name).unwrap_or_default()
    }

    pub(super) fn is_dictionary(&self) -> bool {
        !self.dictionary.is_null()
    }

    pub(super) fn children(&self) -> impl Iterator<Item = &Self> {
        let children = items(self.child, self.children).iter();
        // SAFETY: null, or by the interface a schema that lives as long as this one.
        children.filter_map(|child| unsafe { child.as_ref() })
    }
}

/// An array of a producer, which lives as long as the caller's structure.
fn items<'a, T>(start: *const T, count: i64) -> &'a [T] {
    let count = usize::try_from(count).unwrap_or(0);
    if start.is_null() || count == 0 {
        return &[];
    }
    // SAFETY: not null, and by the interface an aligned array of so many items, which nobody
    // writes to before the structure is released.
    unsafe { std::slice::from_raw_parts(start, count) }
}

impl Array {
    pub(super) fn child(&self, at: usize) -> Option<&Self> {
        let child = items(self.child, self.children).get(at)?;
        // SAFETY: null, or by the interface an array that lives as long as this one.
        unsafe { child.as_ref() }
    }

    pub(super) fn buffer_count(&self) -> usize {
        usize::try_from(self.buffers).unwrap_or(0)
    }

    /// The first `bytes` bytes of a buffer; nothing where there is no such buffer.
    pub(super) fn buffer(&self, at: usize, bytes: usize) -> Option<&[u8]> {
        let start = *items(self.buffer, self.buffers).get(at)?;
        let count = i64::try_from(bytes).ok()?;
        let found = items(start.cast(), count);
        (found.len() == bytes).then_some(found)
    }
}
