//! The strings of one Arrow array, read where they are.

use super::abi::Array;

/// Strings of an array, each by its place.
pub(crate) struct Strings<'a> {
    count: usize,
    /// First of them in the buffers.
    offset: usize,
    validity: Option<&'a [u8]>,
    layout: Layout<'a>,
}

enum Layout<'a> {
    /// `u`: the end of each is the start of the next.
    Short(&'a [[u8; 4]], &'a str),
    /// `U`: the same with offsets of 64 bits.
    Long(&'a [[u8; 8]], &'a str),
    /// `vu`: 12 bytes or less in place, or a piece of one of several buffers.
    Views(&'a [[u8; 16]], Vec<&'a str>),
    /// Copied, where buffers that hold no null's bytes are UTF-8 and others are not.
    Copied(Vec<Option<String>>),
}

/// Why an array cannot be used; rows are counted from its start.
#[derive(Debug)]
pub(super) enum Flaw {
    /// It is not as the interface says.
    Broken(&'static str),
    NotUtf8(usize),
}

type Outcome<T> = Result<T, Flaw>;

impl<'a> Strings<'a> {
    /// The strings `first..first + count` of an array of this format.
    pub(super) fn of(array: &'a Array, format: &str, first: usize, count: usize) -> Outcome<Self> {
        let own = usize::try_from(array.offset).map_err(|_| Flaw::Broken("its offset"))?;
        let offset = own.checked_add(first).ok_or(Flaw::Broken("its offset"))?;
        let end = offset
            .checked_add(count)
            .ok_or(Flaw::Broken("its length"))?;
        let validity = match array.nulls {
            0 => None,
            _ => array.buffer(0, end.div_ceil(8)),
        };
        let raw = Raw::of(array, format, end)?;
        let mut strings = Self {
            count,
            offset,
            validity,
            layout: Layout::Copied(Vec::new()),
        };
        strings.layout = strings.checked(&raw)?;
        Ok(strings)
    }

    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// The string at a place below [`count`](Self::count); none where it is null.
    #[inline]
    pub(crate) fn get(&self, at: usize) -> Option<&str> {
        if let Layout::Copied(copies) = &self.layout {
            return copies.get(at)?.as_deref();
        }
        let at = self.offset + at;
        if self.is_null(at) {
            return None;
        }
        match &self.layout {
            Layout::Short(ends, text) => piece(text, short(ends, at)?),
            Layout::Long(ends, text) => piece(text, long(ends, at)?),
            Layout::Views(views, texts) => match View::of(views.get(at)?)? {
                View::Inline(bytes) => std::str::from_utf8(bytes).ok(),
                View::Piece(buffer, range) => piece(texts.get(buffer)?, range),
            },
            Layout::Copied(_) => None,
        }
    }

    fn is_null(&self, at: usize) -> bool {
        let is_valid = |bits: &[u8]| {
            bits.get(at / 8)
                .is_some_and(|bits| bits >> (at % 8) & 1 == 1)
        };
        self.validity.is_some_and(|bits| !is_valid(bits))
    }

    /// The layout in which every row that is not null is known to be there and UTF-8.
    fn checked(&self, raw: &Raw<'a>) -> Outcome<Layout<'a>> {
        let rows = self.offset..self.offset + self.count;
        if let Some(layout) = raw.as_text() {
            let strings = Strings { layout, ..*self };
            if (0..self.count).all(|at| self.is_null(self.offset + at) || strings.get(at).is_some())
            {
                return Ok(strings.layout);
            }
        }
        let copy = |at: usize| {
            if self.is_null(at) {
                return Ok(None);
            }
            let bytes = raw.bytes(at).ok_or(Flaw::Broken("its offsets"))?;
            let text = std::str::from_utf8(bytes);
            text.map(|text| Some(text.to_owned()))
                .map_err(|_| Flaw::NotUtf8(at - self.offset))
        };
        rows.map(copy).collect::<Outcome<_>>().map(Layout::Copied)
    }
}

/// Buffers before it is known that they hold text.
enum Raw<'a> {
    Short(&'a [[u8; 4]], &'a [u8]),
    Long(&'a [[u8; 8]], &'a [u8]),
    Views(&'a [[u8; 16]], Vec<&'a [u8]>),
}

impl<'a> Raw<'a> {
    fn of(array: &'a Array, format: &str, end: usize) -> Outcome<Self> {
        let part = |at: usize, count: Option<usize>| {
            let bytes = count.ok_or(Flaw::Broken("its length"))?;
            array.buffer(at, bytes).ok_or(Flaw::Broken("its buffers"))
        };
        if format == "vu" {
            return Self::views(array, end, part(1, end.checked_mul(16))?);
        }
        if end == 0 {
            return Ok(Self::Short(&[], &[]));
        }
        let width = if format == "u" { 4 } else { 8 };
        let offsets = part(1, end.checked_add(1).and_then(|it| it.checked_mul(width)))?;
        if format == "u" {
            let (ends, _) = offsets.as_chunks();
            let bytes = ends.last().map(|last| i32::from_ne_bytes(*last));
            let bytes = bytes.and_then(|bytes| usize::try_from(bytes).ok());
            Ok(Self::Short(ends, part(2, bytes)?))
        } else {
            let (ends, _) = offsets.as_chunks();
            let bytes = ends.last().map(|last| i64::from_ne_bytes(*last));
            let bytes = bytes.and_then(|bytes| usize::try_from(bytes).ok());
            Ok(Self::Long(ends, part(2, bytes)?))
        }
    }

    /// The lengths of the buffers of views stand in one buffer more, behind them.
    fn views(array: &'a Array, end: usize, views: &'a [u8]) -> Outcome<Self> {
        let (views, _) = views.as_chunks();
        let count = array.buffer_count().saturating_sub(3);
        if end == 0 || count == 0 {
            return Ok(Self::Views(views, Vec::new()));
        }
        let broken = || Flaw::Broken("its buffers");
        let lengths = array.buffer(count + 2, count * 8).ok_or_else(broken)?;
        let (lengths, _) = lengths.as_chunks();
        let buffers = lengths.iter().enumerate().map(|(at, length)| {
            let length = usize::try_from(i64::from_ne_bytes(*length)).ok();
            length
                .and_then(|length| array.buffer(at + 2, length))
                .ok_or_else(broken)
        });
        Ok(Self::Views(views, buffers.collect::<Outcome<_>>()?))
    }

    fn as_text(&self) -> Option<Layout<'a>> {
        let text = |bytes| simdutf8::basic::from_utf8(bytes).ok();
        Some(match self {
            Self::Short(ends, bytes) => Layout::Short(ends, text(bytes)?),
            Self::Long(ends, bytes) => Layout::Long(ends, text(bytes)?),
            Self::Views(views, buffers) => {
                let texts = buffers.iter().map(|bytes| text(bytes));
                Layout::Views(views, texts.collect::<Option<_>>()?)
            }
        })
    }

    /// The bytes of the row at this place in the buffers.
    fn bytes(&self, at: usize) -> Option<&'a [u8]> {
        match self {
            Self::Short(ends, bytes) => bytes.get(short(ends, at)?),
            Self::Long(ends, bytes) => bytes.get(long(ends, at)?),
            Self::Views(views, buffers) => match View::of(views.get(at)?)? {
                View::Inline(bytes) => Some(bytes),
                View::Piece(buffer, range) => buffers.get(buffer)?.get(range),
            },
        }
    }
}

type Range = std::ops::Range<usize>;

#[inline]
fn piece(text: &str, range: Range) -> Option<&str> {
    text.get(range)
}

#[inline]
fn short(ends: &[[u8; 4]], at: usize) -> Option<Range> {
    let end = |at: usize| usize::try_from(i32::from_ne_bytes(*ends.get(at)?)).ok();
    Some(end(at)?..end(at + 1)?)
}

#[inline]
fn long(ends: &[[u8; 8]], at: usize) -> Option<Range> {
    let end = |at: usize| usize::try_from(i64::from_ne_bytes(*ends.get(at)?)).ok();
    Some(end(at)?..end(at + 1)?)
}

/// Where a string of a view is.
enum View<'a> {
    Inline(&'a [u8]),
    Piece(usize, Range),
}

impl<'a> View<'a> {
    const INLINE_MAX: usize = 12;

    #[inline]
    fn of(view: &'a [u8; 16]) -> Option<Self> {
        let ([length, _, buffer, offset], _) = view.as_chunks::<4>() else {
            return None;
        };
        let number = |bytes: &[u8; 4]| usize::try_from(i32::from_ne_bytes(*bytes)).ok();
        let length = number(length)?;
        if length <= Self::INLINE_MAX {
            return view.get(4..4 + length).map(Self::Inline);
        }
        let from = number(offset)?;
        Some(Self::Piece(
            number(buffer)?,
            from..from.checked_add(length)?,
        ))
    }
}
