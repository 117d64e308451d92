//! The directory of a zip archive, and where its members lie. Nothing is ever inflated.
//!
//! Source: the zip application note (APPNOTE.TXT 6.3), sections 4.3 and 4.5.3 (zip64).

use std::borrow::Cow;

use super::ElementKind;
use super::container::{Container, ContainerKind, Pairing, Part};
use super::fragments::{Fragments, Parsed, Stop};
use super::pickle::PICKLE_BYTES_MAX;
use crate::segment::ByteRange;

pub(super) const LOCAL_SIGNATURE: [u8; 4] = *b"PK\x03\x04";
pub(super) const DESCRIPTOR_SIGNATURE: [u8; 4] = *b"PK\x07\x08";
pub(super) const ENTRY_SIGNATURE: [u8; 4] = *b"PK\x01\x02";
pub(super) const END_SIGNATURE: [u8; 4] = *b"PK\x05\x06";
pub(super) const END64_SIGNATURE: [u8; 4] = *b"PK\x06\x06";
pub(super) const LOCATOR64_SIGNATURE: [u8; 4] = *b"PK\x06\x07";
pub(super) const LOCAL_BYTES: u64 = 30;
pub(super) const ENTRY_BYTES: u64 = 46;
pub(super) const END_BYTES: u64 = 22;
pub(super) const END64_BYTES: u64 = 56;
pub(super) const LOCATOR64_BYTES: u64 = 20;
/// The longest comment behind the end record.
const COMMENT_BYTES_MAX: u64 = 65_535;
/// Longest central directory that is read: about 300,000 members.
const DIRECTORY_BYTES_MAX: u64 = 32 << 20;
/// Longest name of a member.
const NAME_BYTES_MAX: usize = 1024;
/// Members that are shorter are text, padding and the like.
const PROBED_BYTES_MIN: u64 = 4096;
/// Method of a member that is stored as it is.
const STORED: u16 = 0;
const FLAG_ENCRYPTED: u16 = 1;

/// One member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Member {
    pub(super) name: Vec<u8>,
    /// Whether its bytes are neither compressed nor encrypted.
    pub(super) is_stored: bool,
    /// Bytes it takes in the archive.
    pub(super) length: u64,
    /// Its local header.
    header_offset: u64,
    /// Its first byte; known after [`locate`].
    pub(super) offset: u64,
}

impl Member {
    pub(super) fn name(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.name)
    }

    /// Its bytes, for a member that is stored and not too long to be looked at.
    pub(super) fn contents<'a>(&self, source: &'a Fragments) -> Parsed<Option<&'a [u8]>> {
        if !self.is_stored || self.length > PICKLE_BYTES_MAX {
            return Ok(None);
        }
        source.get(self.offset, self.length).map(Some)
    }
}

/// A member as a part. What is not known to be data of one kind is structure where it is short, and probed else.
pub(super) fn part_of(member: &Member, kind: Option<ElementKind>, pairing: Pairing) -> Part {
    let is_long = member.is_stored && member.length >= PROBED_BYTES_MIN;
    let guess = if is_long {
        ElementKind::Probe
    } else {
        ElementKind::Byte
    };
    Part {
        offset: member.offset,
        length: member.length,
        kind: kind.unwrap_or(guess),
        pairing,
        is_structure: kind.is_none() && !is_long,
    }
}

/// The members of the archive that fills the whole object, in order of offset, each checked against its local header.
///
/// Refuses archives whose members overlap, and anything that points beyond its place.
pub(super) fn members(source: &Fragments) -> Parsed<Vec<Member>> {
    let Directory {
        start,
        length,
        count,
        ..
    } = find_directory(source)?;
    if length > DIRECTORY_BYTES_MAX {
        return Err(Stop::refuse("its zip directory is too long"));
    }
    let mut members = parse_directory(source.get(start, length)?, count)?;
    members.sort_by_key(|member| member.header_offset);
    locate(source, &mut members)?;
    let mut end = 0;
    for member in &members {
        if member.header_offset < end {
            return Err(Stop::refuse("members of the zip overlap"));
        }
        end = member.offset.saturating_add(member.length);
    }
    if end > start {
        return Err(Stop::refuse(
            "a member of the zip reaches into its directory",
        ));
    }
    Ok(members)
}

/// The central directory.
struct Directory {
    start: u64,
    length: u64,
    /// Number of members.
    count: u64,
    /// Where the records behind it begin.
    records_at: u64,
}

/// Finds the central directory from the end of the object.
fn find_directory(source: &Fragments) -> Parsed<Directory> {
    let object = source.object_bytes();
    let tail_bytes = object.min(END_BYTES + COMMENT_BYTES_MAX);
    let tail_at = object - tail_bytes;
    let tail = source.get(tail_at, tail_bytes)?;
    let end = (0..tail.len())
        .rev()
        .find(|&at| is_end_record(&tail[at..]))
        .ok_or_else(|| Stop::refuse("the end of its zip directory is missing"))?;
    let end_at = tail_at + end as u64;
    let record = &tail[end..];
    let field = |at, width| number(record, at, width);
    let plain = Directory {
        start: field(16, 4),
        length: field(12, 4),
        count: field(10, 2),
        records_at: end_at,
    };
    let found = find_directory64(source, end_at)?.unwrap_or(plain);
    // Where archives follow each other, the last one's offsets count from its own start.
    if found.start.checked_add(found.length) == Some(found.records_at) {
        return Ok(found);
    }
    Err(Stop::refuse(
        "its zip directory is not where its end record says",
    ))
}

/// Whether an end record begins here and its comment ends where the object does.
fn is_end_record(tail: &[u8]) -> bool {
    tail.starts_with(&END_SIGNATURE)
        && tail.len() as u64 >= END_BYTES
        && tail.len() as u64 == END_BYTES + number(tail, 20, 2)
}

/// The same from the zip64 record, if there is one.
fn find_directory64(source: &Fragments, end_at: u64) -> Parsed<Option<Directory>> {
    let Some(locator_at) = end_at.checked_sub(LOCATOR64_BYTES) else {
        return Ok(None);
    };
    let locator = source.get(locator_at, LOCATOR64_BYTES)?;
    if !locator.starts_with(&LOCATOR64_SIGNATURE) {
        return Ok(None);
    }
    let record_at = number(locator, 8, 8);
    if record_at.checked_add(END64_BYTES) != Some(locator_at) {
        return Err(Stop::refuse(
            "its zip64 record is not in front of its locator",
        ));
    }
    let record = source.get(record_at, END64_BYTES)?;
    if !record.starts_with(&END64_SIGNATURE) {
        return Err(Stop::refuse("its zip64 record is missing"));
    }
    let field = |at| number(record, at, 8);
    Ok(Some(Directory {
        start: field(48),
        length: field(40),
        count: field(32),
        records_at: record_at,
    }))
}

fn parse_directory(mut rest: &[u8], count: u64) -> Parsed<Vec<Member>> {
    let mut members = Vec::new();
    while !rest.is_empty() {
        let (member, length) =
            parse_entry(rest).ok_or_else(|| Stop::refuse("its zip directory cannot be read"))?;
        members.push(member);
        rest = &rest[length..];
    }
    if members.len() as u64 == count {
        return Ok(members);
    }
    Err(Stop::refuse(
        "its zip directory has another number of members than it says",
    ))
}

/// One entry of the central directory and its length.
fn parse_entry(bytes: &[u8]) -> Option<(Member, usize)> {
    let fixed = bytes.get(..usize::try_from(ENTRY_BYTES).ok()?)?;
    if !fixed.starts_with(&ENTRY_SIGNATURE) {
        return None;
    }
    let field = |at, width| number(fixed, at, width);
    let size = |at| usize::try_from(field(at, 2)).ok();
    let name_end = fixed.len() + size(28)?;
    let extra_end = name_end + size(30)?;
    let name = bytes.get(fixed.len()..name_end)?;
    let extra = bytes.get(name_end..extra_end)?;
    let end = extra_end + size(32)?;
    bytes.get(..end)?;
    let mut wide = Extra64::of(extra);
    // In the order of the zip64 field: only what is saturated in the entry is there.
    let uncompressed = wide.resolve(field(24, 4))?;
    let length = wide.resolve(field(20, 4))?;
    let header_offset = wide.resolve(field(42, 4))?;
    let is_plain =
        field(10, 2) == u64::from(STORED) && field(8, 2) & u64::from(FLAG_ENCRYPTED) == 0;
    let member = Member {
        name: name.get(..name.len().min(NAME_BYTES_MAX))?.to_vec(),
        is_stored: is_plain && uncompressed == length,
        length,
        header_offset,
        offset: 0,
    };
    Some((member, end))
}

/// The numbers of a zip64 extra field.
struct Extra64<'a>(&'a [u8]);

impl<'a> Extra64<'a> {
    fn of(mut extra: &'a [u8]) -> Self {
        while let Some(body) = extra.get(4..) {
            let length = usize::try_from(number(extra, 2, 2)).unwrap_or(usize::MAX);
            let Some(field) = body.get(..length) else {
                break;
            };
            if number(extra, 0, 2) == 1 {
                return Self(field);
            }
            extra = &body[length..];
        }
        Self(&[])
    }

    fn resolve(&mut self, value: u64) -> Option<u64> {
        if value != u64::from(u32::MAX) {
            return Some(value);
        }
        let (wide, rest) = self.0.split_at_checked(8)?;
        self.0 = rest;
        Some(number(wide, 0, 8))
    }
}

/// Fills in where members begin: only the local header knows how long its padding is.
fn locate(source: &Fragments, members: &mut [Member]) -> Parsed<()> {
    let mut wanted: Vec<ByteRange> = Vec::new();
    for member in members {
        let length = LOCAL_BYTES + member.name.len() as u64;
        match source.get(member.header_offset, length) {
            Ok(header) => {
                let (fixed, name) = header.split_at(header.len() - member.name.len());
                if !fixed.starts_with(&LOCAL_SIGNATURE) || name != member.name {
                    return Err(Stop::refuse(
                        "a member of the zip is not where its directory says",
                    ));
                }
                member.offset = member.header_offset
                    + LOCAL_BYTES
                    + number(fixed, 26, 2)
                    + number(fixed, 28, 2);
            }
            Err(Stop::Need(ranges)) => wanted.extend(ranges),
            Err(refused) => return Err(refused),
        }
    }
    if wanted.is_empty() {
        return Ok(());
    }
    Err(Stop::Need(wanted))
}

/// The number of `width` bytes at `at`; bytes beyond the end count as 0.
pub(super) fn number(bytes: &[u8], at: usize, width: usize) -> u64 {
    let field = bytes.get(at..).unwrap_or_default();
    let bytes = field.iter().take(width).rev();
    bytes.fold(0, |value, &byte| value << 8 | u64::from(byte))
}

/// An archive of which nothing more is known.
pub(super) fn container_of(members: &[Member], object_bytes: u64) -> Parsed<Container> {
    let parts = members.iter().map(|member| {
        let pairing = Pairing::Name(member.name().into_owned());
        part_of(member, None, pairing)
    });
    Container::of_parts(
        ContainerKind::Zip,
        object_bytes,
        parts.collect(),
        Vec::new(),
    )
    .map(|container| container.with_reason(&passing(members)))
    .ok_or_else(|| Stop::refuse("members of the zip overlap"))
}

/// Says of how many members the bytes pass through; empty if of none.
pub(super) fn passing(members: &[Member]) -> String {
    let passing = members.iter().filter(|member| !member.is_stored).count();
    if passing == 0 {
        return String::new();
    }
    format!(
        "{passing} of {} members are compressed and pass through",
        members.len()
    )
}
