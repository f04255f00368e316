//! Files that are no table, by how they begin: whoever gives one is told what to give instead.
//!
//! How to get it wrong: judging by the name. A workbook may be called `.csv`, and standard input has no name.

const WORKBOOK: &str =
    "it is a workbook or an archive, and a table is wanted: save the sheet as CSV UTF-8, and give that file";
const PACKED: &str = "it is compressed: unpack it, and give what was in it";
const PAGE: &str = "it is a page or XML, and a table is wanted: export it as CSV";
const DOCUMENT: &str = "it is a PDF, and a table is wanted: export it as CSV";
const BINARY: &str = "it is no text, and a table is wanted: export it as CSV";
const JSON: &str = "it is JSON, and a table is wanted: jq -r '[\"phone_number\",\"user_id\",\"assigned_at\"], (.[] | [.phone_number, \
                    .user_id, .assigned_at]) | @csv' makes one of a list, or send it to the API (docs/MOVING-IN.md, From a program)";
const DATABASE: &str = "it is a database or a dump of one, and a table is wanted: psql -c \"COPY (SELECT …) TO STDOUT CSV HEADER\" \
                        writes one";

/// How files begin that are something else, and what to do.
const BEGINNINGS: [(&[u8], &str); 15] = [
    (b"PK\x03\x04", WORKBOOK),
    (b"\xd0\xcf\x11\xe0", WORKBOOK),
    (b"\x1f\x8b", PACKED),
    (b"BZh", PACKED),
    (b"\xfd7zXZ", PACKED),
    (b"\x28\xb5\x2f\xfd", PACKED),
    (b"%PDF", DOCUMENT),
    (b"SQLite format 3", DATABASE),
    (b"PGDMP", DATABASE),
    (b"--\n", DATABASE),
    (b"-- ", DATABASE),
    (b"INSERT INTO ", DATABASE),
    (b"CREATE TABLE ", DATABASE),
    (b"COPY ", DATABASE),
    (b"<", PAGE),
];

/// What to do about a file that is no table; `None` for one that may be.
pub(super) fn is_no_table(first: &[u8]) -> Option<&'static str> {
    let text = first.strip_prefix(b"\xef\xbb\xbf").unwrap_or(first).trim_ascii_start();
    if let Some((_, told)) = BEGINNINGS.iter().find(|(beginning, _)| text.starts_with(beginning)) {
        return Some(told);
    }
    let is_utf16 = first.starts_with(b"\xff\xfe") || first.starts_with(b"\xfe\xff");
    if !is_utf16 && first.iter().any(|byte| matches!(byte, 1..=8 | 14..=31)) {
        return Some(BINARY);
    }
    // A heading may stand in brackets.
    let opens = text.first().is_some_and(|byte| b"[{".contains(byte));
    let inside = text.get(1..).map(<[u8]>::trim_ascii_start).and_then(<[u8]>::first);
    (opens && inside.is_none_or(|byte| b"{[\"]}".contains(byte))).then_some(JSON)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_table_is_known_by_its_beginning() {
        let cases: [(&[u8], &str); 11] = [
            (b"\x00\x01\x02\x03\x04\x05", BINARY),
            (b"PK\x03\x04\x14\x00", WORKBOOK),
            (b"\x1f\x8b\x08", PACKED),
            (b"[{\"phone_number\":\"+14155550100\"}]", JSON),
            (b"{\n  \"numbers\": []}", JSON),
            (b"\xef\xbb\xbf [\n", JSON),
            (b"[]", JSON),
            (b"\n<!DOCTYPE html>", PAGE),
            (b"--\n-- PostgreSQL database dump\n", DATABASE),
            (b"SQLite format 3\0", DATABASE),
            (b"COPY public.phones (id) FROM stdin;", DATABASE),
        ];
        for (first, told) in cases {
            assert_eq!(is_no_table(first), Some(told), "{:?}", String::from_utf8_lossy(first));
        }
        for first in [&b"phone_number,user_id"[..], b"[Phone Number],x", b"--", b"", b"\xff\xfep\0h\0", b"+14155550100"]
        {
            assert_eq!(is_no_table(first), None, "{:?}", String::from_utf8_lossy(first));
        }
    }
}
