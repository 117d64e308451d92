//! Opcodes of the pickle protocols 0 to 5, and how their arguments are skipped.

/// What an opcode does to the stack, as far as it matters here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    /// Nothing: framing and the like.
    Nothing,
    Stop,
    Mark,
    Pop,
    PopMark,
    Duplicate,
    /// Pushes something of which nothing is known.
    PushOther,
    /// Pushes the integer of the argument.
    PushNumber,
    /// Pushes the text of the argument.
    PushText,
    PushTuple(Items),
    PushList(Items),
    PushDict(Items),
    /// Two lines: module and name.
    Global,
    /// Module and name from the stack.
    StackGlobal,
    /// Pops callable and arguments, pushes what they make.
    Call,
    /// As [`Effect::Call`], with keyword arguments on top.
    CallWithKeywords,
    /// Pops a class and its arguments down to the mark.
    CallToMark,
    /// Two lines; pops arguments down to the mark.
    CallGlobal,
    /// Pops a state, keeps the object.
    Build,
    /// The persistent id on the stack becomes a storage.
    Persistent,
    Append(Items),
    SetItem(Items),
    /// Memo entry of the argument.
    Put,
    Get,
    /// The next memo entry.
    Memoize,
}

/// Which values of the stack an opcode takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Items {
    /// This many from the top.
    Top(usize),
    /// All above the mark.
    Mark,
}

/// How the argument of an opcode is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Argument {
    None,
    /// This many bytes; a number, least significant byte first.
    Fixed(usize),
    /// A length of this many bytes, then that many bytes.
    Counted(usize),
    /// Up to the next line feed.
    Line,
    /// Two lines.
    TwoLines,
}

/// Effect and argument of an opcode; `None` if there is no such opcode.
pub(super) fn look_up(opcode: u8) -> Option<(Effect, Argument)> {
    use Argument as A;
    use Effect as E;
    Some(match opcode {
        b'.' => (E::Stop, A::None),
        b'(' => (E::Mark, A::None),
        b'0' => (E::Pop, A::None),
        b'1' => (E::PopMark, A::None),
        b'2' => (E::Duplicate, A::None),
        // None, True, False, and a buffer that is elsewhere; numbers, and a persistent id as a line.
        b'N' | 0x88 | 0x89 | 0x97 => (E::PushOther, A::None),
        b'F' | b'P' => (E::PushOther, A::Line),
        b'G' => (E::PushOther, A::Fixed(8)),
        b'I' | b'L' => (E::PushNumber, A::Line),
        b'J' => (E::PushNumber, A::Fixed(4)),
        b'K' => (E::PushNumber, A::Fixed(1)),
        b'M' => (E::PushNumber, A::Fixed(2)),
        0x8a => (E::PushNumber, A::Counted(1)),
        0x8b => (E::PushNumber, A::Counted(4)),
        // Texts; byte strings are texts of protocol 2 and older.
        b'S' | b'V' => (E::PushText, A::Line),
        b'U' | 0x8c | b'C' => (E::PushText, A::Counted(1)),
        b'T' | b'X' | b'B' => (E::PushText, A::Counted(4)),
        0x8d | 0x8e => (E::PushText, A::Counted(8)),
        // A buffer in the pickle.
        0x96 => (E::PushOther, A::Counted(8)),
        // Containers.
        b')' => (E::PushTuple(Items::Top(0)), A::None),
        0x85 => (E::PushTuple(Items::Top(1)), A::None),
        0x86 => (E::PushTuple(Items::Top(2)), A::None),
        0x87 => (E::PushTuple(Items::Top(3)), A::None),
        b't' => (E::PushTuple(Items::Mark), A::None),
        b']' | 0x8f => (E::PushList(Items::Top(0)), A::None),
        b'l' | 0x91 => (E::PushList(Items::Mark), A::None),
        b'}' => (E::PushDict(Items::Top(0)), A::None),
        b'd' => (E::PushDict(Items::Mark), A::None),
        b'a' => (E::Append(Items::Top(1)), A::None),
        b'e' | 0x90 => (E::Append(Items::Mark), A::None),
        b's' => (E::SetItem(Items::Top(2)), A::None),
        b'u' => (E::SetItem(Items::Mark), A::None),
        // Objects.
        b'c' => (E::Global, A::TwoLines),
        0x93 => (E::StackGlobal, A::None),
        b'R' | 0x81 => (E::Call, A::None),
        0x92 => (E::CallWithKeywords, A::None),
        b'o' => (E::CallToMark, A::None),
        b'i' => (E::CallGlobal, A::TwoLines),
        b'b' => (E::Build, A::None),
        b'Q' => (E::Persistent, A::None),
        // Extension registry.
        0x82 => (E::PushOther, A::Fixed(1)),
        0x83 => (E::PushOther, A::Fixed(2)),
        0x84 => (E::PushOther, A::Fixed(4)),
        // Memo.
        b'p' => (E::Put, A::Line),
        b'q' => (E::Put, A::Fixed(1)),
        b'r' => (E::Put, A::Fixed(4)),
        b'g' => (E::Get, A::Line),
        b'h' => (E::Get, A::Fixed(1)),
        b'j' => (E::Get, A::Fixed(4)),
        0x94 => (E::Memoize, A::None),
        // Protocol, frame, read-only buffer.
        0x80 => (E::Nothing, A::Fixed(1)),
        0x95 => (E::Nothing, A::Fixed(8)),
        0x98 => (E::Nothing, A::None),
        _ => return None,
    })
}

/// The bytes of the argument at the front of `bytes` and how many bytes it takes; `None` if they run out.
pub(super) fn argument(bytes: &[u8], kind: Argument) -> Option<(&[u8], usize)> {
    let line = |bytes: &[u8]| bytes.iter().position(|&byte| byte == b'\n');
    match kind {
        Argument::None => Some((&[], 0)),
        Argument::Fixed(length) => Some((bytes.get(..length)?, length)),
        Argument::Counted(width) => {
            let length = usize::try_from(unsigned(bytes.get(..width)?)?).ok()?;
            let end = width.checked_add(length)?;
            Some((bytes.get(width..end)?, end))
        }
        Argument::Line => {
            let end = line(bytes)?;
            Some((&bytes[..end], end + 1))
        }
        Argument::TwoLines => {
            let first = line(bytes)?;
            let end = first + 1 + line(&bytes[first + 1..])?;
            Some((&bytes[..end], end + 1))
        }
    }
}

/// A number of up to 8 bytes without a sign.
pub(super) fn unsigned(bytes: &[u8]) -> Option<u64> {
    let mut wide = [0; 8];
    wide.get_mut(..bytes.len())?.copy_from_slice(bytes);
    Some(u64::from_le_bytes(wide))
}
