//! A row with a field more that says what was found.
//!
//! `"mithril_dedup":{"cluster":"a.jsonl:812","keep":false}`; a row without duplicates has the
//! cluster `null`.

use super::report_line::Place;

/// Appends the line with its field and a line feed to `out`.
pub(crate) fn annotate(line: &[u8], cluster: Option<Place<'_>>, keep: bool, out: &mut Vec<u8>) {
    // The line was read as an object: its last brace ends it.
    let end = line.iter().rposition(|byte| *byte == b'}').unwrap_or(0);
    let object = line.get(..end).unwrap_or_default().trim_ascii_end();
    out.extend_from_slice(object);
    if object.last() != Some(&b'{') {
        out.push(b',');
    }
    let cluster = cluster.map_or("null".to_owned(), |place| {
        serde_json::Value::from(place.to_string()).to_string()
    });
    let field = format!("\"mithril_dedup\":{{\"cluster\":{cluster},\"keep\":{keep}}}}}\n");
    out.extend_from_slice(field.as_bytes());
}
