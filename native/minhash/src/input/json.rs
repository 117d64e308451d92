//! One field of a JSON object, read without building the object.
//!
//! The whole line is checked against the grammar (RFC 8259), so that a line cut in half is found
//! even when the wanted field came first; nothing is allocated unless the field holds escapes.
//! Strings are skipped with `memchr`. When a name occurs twice the last one counts, as in most
//! parsers. Nesting deeper than [`DEPTH_MAX`] is refused.

use memchr::{memchr, memchr2};

use super::Reason;

/// Deepest nesting of arrays and objects in a line.
pub const DEPTH_MAX: usize = 128;

/// A value as it stands in the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Value<'a> {
    /// A string, between its quotes; escapes are still escapes when the flag is set.
    String(&'a str, bool),
    /// Anything else, verbatim.
    Other(&'a str),
}

/// Finds `wanted` in the object that `line` consists of.
///
/// # Errors
///
/// [`Reason::BrokenJson`] or [`Reason::NotAnObject`].
pub fn find_field<'a>(line: &'a str, wanted: &str) -> Result<Option<Value<'a>>, Reason> {
    let mut found = None;
    visit_fields(line, |name, value| {
        if is_name(name, wanted) {
            found = Some(value);
        }
    })?;
    Ok(found)
}

/// The text of a string field; `room` holds it when it had escapes.
///
/// # Errors
///
/// The reason for which the row cannot be used.
pub fn text_of<'a>(line: &'a str, wanted: &str, room: &'a mut String) -> Result<&'a str, Reason> {
    match find_field(line, wanted)? {
        None | Some(Value::Other("null")) => Err(Reason::MissingField),
        Some(Value::Other(_)) => Err(Reason::NotAString),
        Some(Value::String(raw, false)) => Ok(raw),
        Some(Value::String(raw, true)) => {
            unescape(raw, room)?;
            Ok(room)
        }
    }
}

fn is_name((raw, has_escapes): (&str, bool), wanted: &str) -> bool {
    if !has_escapes {
        return raw == wanted;
    }
    let mut name = String::new();
    unescape(raw, &mut name).is_ok() && name == wanted
}

/// Calls `visit` with the name (raw, has escapes) and the value of every field.
fn visit_fields<'a>(
    line: &'a str,
    mut visit: impl FnMut((&'a str, bool), Value<'a>),
) -> Result<(), Reason> {
    let mut scan = Scan { line, at: 0 };
    scan.skip_space();
    if scan.peek() != Some(b'{') {
        scan.skip_value(0)?;
        scan.expect_end()?;
        return Err(Reason::NotAnObject);
    }
    scan.at += 1;
    scan.skip_space();
    if scan.peek() == Some(b'}') {
        scan.at += 1;
        return scan.expect_end();
    }
    loop {
        scan.skip_space();
        let name = scan.string()?;
        scan.skip_space();
        scan.expect(b':')?;
        scan.skip_space();
        let from = scan.at;
        let value = if scan.peek() == Some(b'"') {
            let (raw, has_escapes) = scan.string()?;
            Value::String(raw, has_escapes)
        } else {
            scan.skip_value(1)?;
            Value::Other(line.get(from..scan.at).ok_or(Reason::BrokenJson)?)
        };
        visit(name, value);
        scan.skip_space();
        match scan.next() {
            Some(b',') => {}
            Some(b'}') => return scan.expect_end(),
            _ => return Err(Reason::BrokenJson),
        }
    }
}

struct Scan<'a> {
    line: &'a str,
    at: usize,
}

impl<'a> Scan<'a> {
    #[inline]
    fn peek(&self) -> Option<u8> {
        self.line.as_bytes().get(self.at).copied()
    }

    #[inline]
    fn next(&mut self) -> Option<u8> {
        let byte = self.peek();
        self.at += usize::from(byte.is_some());
        byte
    }

    #[inline]
    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    #[inline]
    fn expect(&mut self, wanted: u8) -> Result<(), Reason> {
        if self.next() == Some(wanted) {
            Ok(())
        } else {
            Err(Reason::BrokenJson)
        }
    }

    fn expect_end(&mut self) -> Result<(), Reason> {
        self.skip_space();
        if self.at == self.line.len() {
            Ok(())
        } else {
            Err(Reason::BrokenJson)
        }
    }

    /// A string: what is between the quotes, and whether it has escapes.
    #[inline]
    fn string(&mut self) -> Result<(&'a str, bool), Reason> {
        self.expect(b'"')?;
        let from = self.at;
        let mut has_escapes = false;
        loop {
            let rest = self.line.as_bytes().get(self.at..).unwrap_or_default();
            let found = memchr2(b'"', b'\\', rest).ok_or(Reason::BrokenJson)?;
            self.at += found;
            if self.next() == Some(b'"') {
                break;
            }
            has_escapes = true;
            self.escape()?;
        }
        let raw = self.line.get(from..self.at - 1).ok_or(Reason::BrokenJson)?;
        if has_control(raw.as_bytes()) {
            return Err(Reason::BrokenJson);
        }
        Ok((raw, has_escapes))
    }

    /// What follows a backslash.
    fn escape(&mut self) -> Result<(), Reason> {
        match self.next() {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(()),
            Some(b'u') => {
                let digits = self.line.as_bytes().get(self.at..self.at + 4);
                if digits.is_none_or(|digits| !digits.iter().all(u8::is_ascii_hexdigit)) {
                    return Err(Reason::BrokenJson);
                }
                self.at += 4;
                Ok(())
            }
            _ => Err(Reason::BrokenJson),
        }
    }

    fn skip_value(&mut self, depth: usize) -> Result<(), Reason> {
        match self.peek() {
            Some(b'"') => self.string().map(|_| ()),
            Some(b'{') => self.skip_nested(depth, b'}'),
            Some(b'[') => self.skip_nested(depth, b']'),
            Some(b't') => self.skip_word("true"),
            Some(b'f') => self.skip_word("false"),
            Some(b'n') => self.skip_word("null"),
            _ => self.skip_number(),
        }
    }

    fn skip_nested(&mut self, depth: usize, end: u8) -> Result<(), Reason> {
        if depth >= DEPTH_MAX {
            return Err(Reason::BrokenJson);
        }
        self.at += 1;
        self.skip_space();
        if self.peek() == Some(end) {
            self.at += 1;
            return Ok(());
        }
        loop {
            self.skip_space();
            if end == b'}' {
                self.string()?;
                self.skip_space();
                self.expect(b':')?;
                self.skip_space();
            }
            self.skip_value(depth + 1)?;
            self.skip_space();
            match self.next() {
                Some(b',') => {}
                Some(byte) if byte == end => return Ok(()),
                _ => return Err(Reason::BrokenJson),
            }
        }
    }

    fn skip_word(&mut self, word: &str) -> Result<(), Reason> {
        let rest = self.line.as_bytes().get(self.at..).unwrap_or_default();
        if !rest.starts_with(word.as_bytes()) {
            return Err(Reason::BrokenJson);
        }
        self.at += word.len();
        Ok(())
    }

    fn skip_number(&mut self) -> Result<(), Reason> {
        self.at += usize::from(self.peek() == Some(b'-'));
        if self.peek() == Some(b'0') {
            self.at += 1;
        } else {
            self.skip_digits()?;
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.skip_digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            self.at += usize::from(matches!(self.peek(), Some(b'+' | b'-')));
            self.skip_digits()?;
        }
        Ok(())
    }

    fn skip_digits(&mut self) -> Result<(), Reason> {
        let from = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        if self.at > from {
            Ok(())
        } else {
            Err(Reason::BrokenJson)
        }
    }
}

/// Control characters must be escaped in a string. Without an early end the loop is vectorised.
fn has_control(bytes: &[u8]) -> bool {
    bytes.iter().fold(u8::MAX, |least, byte| least.min(*byte)) < 0x20
}

/// Replaces the escapes of a string that [`find_field`] found.
///
/// # Errors
///
/// [`Reason::InvalidUtf8`] when half of a surrogate pair stands alone.
pub fn unescape(raw: &str, out: &mut String) -> Result<(), Reason> {
    out.clear();
    let mut rest = raw;
    while let Some(at) = memchr(b'\\', rest.as_bytes()) {
        let (before, escape) = rest.split_at(at);
        out.push_str(before);
        let kind = escape.as_bytes().get(1).ok_or(Reason::BrokenJson)?;
        let (character, length) = match kind {
            b'b' => ('\u{8}', 2),
            b'f' => ('\u{c}', 2),
            b'n' => ('\n', 2),
            b'r' => ('\r', 2),
            b't' => ('\t', 2),
            b'u' => code_point(escape)?,
            byte => (char::from(*byte), 2),
        };
        out.push(character);
        rest = escape.get(length..).ok_or(Reason::BrokenJson)?;
    }
    out.push_str(rest);
    Ok(())
}

/// `\uXXXX`, or two of them that are a surrogate pair, and the length of what was read.
fn code_point(escape: &str) -> Result<(char, usize), Reason> {
    let unit = |from: usize| {
        let digits = escape.get(from..from + 4).ok_or(Reason::InvalidUtf8)?;
        u32::from_str_radix(digits, 16).map_err(|_| Reason::InvalidUtf8)
    };
    let high = unit(2)?;
    if let Some(character) = char::from_u32(high) {
        return Ok((character, 6));
    }
    if high >= 0xDC00 || escape.get(6..8) != Some("\\u") {
        return Err(Reason::InvalidUtf8);
    }
    let low = unit(8)?;
    if !(0xDC00..0xE000).contains(&low) {
        return Err(Reason::InvalidUtf8);
    }
    let joined = 0x1_0000 + ((high - 0xD800) << 10) + (low - 0xDC00);
    Ok((char::from_u32(joined).ok_or(Reason::InvalidUtf8)?, 12))
}

#[cfg(test)]
mod tests;
