//! The CSV file that `callbunker import` reads.
//!
//! Invariant: every fault is told at once, with the line it stands in, and a file with a fault gives no rows.
//! How to get it wrong: trimming a user id. `u-1` and `u-1 ` are two users.

use std::collections::HashMap;
use std::io::Read;
use std::path::Path;

use chrono::{DateTime, NaiveDateTime, Utc};
use csv::{ReaderBuilder, StringRecord};

use super::phone::phone_number;
use crate::domain::{PhoneNumber, PoolName, UserId};

const COLUMNS: [&str; 4] = ["phone_number", "user_id", "assigned_at", "pool"];

/// One number of the earlier service.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub(super) struct Row {
    pub phone_number: PhoneNumber,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_id: Option<UserId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assigned_at: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pool: Option<PoolName>,
}

/// Reads a file, or standard input when it is called `-`.
///
/// # Errors
/// Everything that is wrong, a line each.
pub(super) fn read(path: &Path) -> Result<Vec<Row>, String> {
    let name = path.display().to_string();
    let mut bytes = Vec::new();
    let read = match name.as_str() {
        "-" => std::io::stdin().lock().read_to_end(&mut bytes),
        _ => std::fs::File::open(path).and_then(|mut file| file.read_to_end(&mut bytes)),
    };
    read.map_err(|error| format!("{name} cannot be read: {error}; check the path and its permissions"))?;
    rows(&bytes).map_err(|faults| match faults.as_slice() {
        [fault] => format!("{name} has 1 fault, nothing was sent:\n  - {fault}"),
        faults => format!("{name} has {} faults, nothing was sent:\n  - {}", faults.len(), faults.join("\n  - ")),
    })
}

fn rows(bytes: &[u8]) -> Result<Vec<Row>, Vec<String>> {
    // Spreadsheets begin a file with a byte order mark.
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut reader = ReaderBuilder::new().flexible(true).from_reader(bytes);
    let header = reader.headers().map_err(|_| vec![NOT_UTF8.to_owned()])?.clone();
    let columns = columns(&header)?;
    let (mut rows, mut faults, mut duplicates) = (Vec::new(), Vec::new(), Duplicates::default());
    for record in reader.records() {
        let record = match record {
            Ok(record) => record,
            Err(error) => {
                let line = error.position().map_or(0, csv::Position::line);
                faults.push(format!("line {line}: {NOT_UTF8}"));
                continue;
            }
        };
        let line = record.position().map_or(0, csv::Position::line);
        if record.len() != header.len() {
            faults.push(format!("line {line}: has {} fields, and the header {}", record.len(), header.len()));
            continue;
        }
        let mut wrong = Vec::new();
        let row = row(&record, &columns, &mut wrong);
        if let Some(row) = row {
            duplicates.check(&row, line, &mut wrong);
            rows.push(row);
        }
        faults.extend(wrong.into_iter().map(|fault| format!("line {line}: {fault}")));
    }
    if rows.is_empty() && faults.is_empty() {
        faults.push("there is no number in it; write one a line below the header".to_owned());
    }
    if faults.is_empty() { Ok(rows) } else { Err(faults) }
}

const NOT_UTF8: &str = "is not UTF-8; save the file as UTF-8";

/// Where each known column stands.
struct Columns([Option<usize>; COLUMNS.len()]);

fn columns(header: &StringRecord) -> Result<Columns, Vec<String>> {
    let (mut columns, mut faults) = ([None; COLUMNS.len()], Vec::new());
    for (index, name) in header.iter().enumerate() {
        match COLUMNS.iter().position(|known| *known == name.trim()) {
            Some(known) if columns[known].is_none() => columns[known] = Some(index),
            Some(_) => faults.push(format!("line 1: the column {} stands there twice", name.trim())),
            None => faults.push(format!(
                "line 1: the column {name:?} is not known; the columns are {}, with commas between them",
                COLUMNS.join(", ")
            )),
        }
    }
    if columns[0].is_none() {
        faults.push("line 1: the header has no column phone_number".to_owned());
    }
    if faults.is_empty() { Ok(Columns(columns)) } else { Err(faults) }
}

fn row(record: &StringRecord, Columns(columns): &Columns, wrong: &mut Vec<String>) -> Option<Row> {
    let field = |column: usize| columns[column].and_then(|index| record.get(index)).unwrap_or_default();
    let mut checked = |column: usize, fault: &dyn std::fmt::Display| {
        wrong.push(format!("{} {:?} {fault}", COLUMNS[column], field(column)));
    };
    let number = phone_number(field(0)).map_err(|fault| checked(0, &fault)).ok();
    let user_id = match field(1) {
        "" => None,
        text => text.parse::<UserId>().map_err(|fault| checked(1, &fault)).ok(),
    };
    let assigned_at = match field(2).trim() {
        "" => None,
        text => instant(text).map_err(|fault| checked(2, &fault)).ok(),
    };
    if assigned_at.is_some() && field(1).is_empty() {
        checked(2, &"stands without a user_id; give the user, or leave it empty");
    }
    let pool = match field(3).trim() {
        "" => None,
        text => text.parse::<PoolName>().map_err(|fault| checked(3, &fault)).ok(),
    };
    number.map(|phone_number| Row { phone_number, user_id, assigned_at, pool })
}

/// RFC 3339, or as PostgreSQL and the earlier service write it: UTC unless it names an offset.
fn instant(text: &str) -> Result<DateTime<Utc>, &'static str> {
    let with_offset =
        DateTime::parse_from_rfc3339(text).or_else(|_| DateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f%#z"));
    with_offset
        .map(|at| at.with_timezone(&Utc))
        .or_else(|_| NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f").map(|at| at.and_utc()))
        .map_err(|_| "is no instant; write it such as 2026-01-31T23:59:59Z")
}

/// What earlier lines held.
#[derive(Default)]
struct Duplicates {
    numbers: HashMap<PhoneNumber, u64>,
    users: HashMap<UserId, u64>,
}

impl Duplicates {
    fn check(&mut self, row: &Row, line: u64, wrong: &mut Vec<String>) {
        if let Some(earlier) = self.numbers.insert(row.phone_number.clone(), line) {
            wrong.push(format!("{} stands in line {earlier} already", row.phone_number));
        }
        if let Some(user_id) = &row.user_id
            && let Some(earlier) = self.users.insert(user_id.clone(), line)
        {
            wrong.push(format!("the user {user_id:?} has a number in line {earlier} already"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(text: &str) -> Vec<String> {
        rows(text.as_bytes()).expect_err("faults")
    }

    #[test]
    fn columns_come_in_any_order_and_only_the_number_is_needed() {
        let text = "\u{feff}user_id,phone_number, assigned_at\r\nu-1,+1 415-555-0100,2025-03-01 10:20:30\r\n,+14155550101,\n\
                    \"Rene, e \",+14155550102,2025-03-01T12:20:30.5+02:00\n\nu-3,+14155550103,2025-03-01 10:20:30.25+00\n";
        let read = rows(text.as_bytes()).unwrap();
        assert_eq!(
            serde_json::to_string(&read).unwrap(),
            r#"[{"phone_number":"+14155550100","user_id":"u-1","assigned_at":"2025-03-01T10:20:30Z"},{"phone_number":"+14155550101"},{"phone_number":"+14155550102","user_id":"Rene, e ","assigned_at":"2025-03-01T10:20:30.500Z"},{"phone_number":"+14155550103","user_id":"u-3","assigned_at":"2025-03-01T10:20:30.250Z"}]"#
        );
        assert_eq!(rows(b"phone_number\n+14155550100\n").unwrap().len(), 1);
    }

    #[test]
    fn a_number_may_name_its_pool() {
        let read = rows(b"phone_number,pool\n+447400123456, gb \n+14155550101,\n").unwrap();
        let pools: Vec<_> = read.iter().map(|row| row.pool.as_ref().map(PoolName::as_str)).collect();
        assert_eq!(pools, [Some("gb"), None]);
        let told = faults("phone_number,pool\n+447400123456,G B\n");
        assert!(told[0].starts_with("line 2: pool \"G B\" must be a letter"), "{told:?}");
    }

    #[test]
    fn every_fault_is_told_with_its_line() {
        let text = "phone_number,user_id,assigned_at\n4155550100,u-1,\n+14155550101,u\u{200b},yesterday\n\
                    \"+14155550102\",\"two\nlines\",\n+14155550103,u-3\n+14155550104,,2025-03-01T10:20:30Z\n\
                    +14155550105,u-5,\n+1 4155550105,u-5,\n";
        let told = faults(text);
        let expected = [
            "line 2: phone_number \"4155550100\" lacks its + and country code",
            "line 3: user_id \"u\\u{200b}\" must be 1 to 128 characters",
            "line 3: assigned_at \"yesterday\" is no instant",
            "line 4: user_id \"two\\nlines\" must be",
            "line 6: has 2 fields, and the header 3",
            "line 7: assigned_at \"2025-03-01T10:20:30Z\" stands without a user_id",
            "line 9: +14155550105 stands in line 8 already",
            "line 9: the user \"u-5\" has a number in line 8 already",
        ];
        assert_eq!(told.len(), expected.len(), "{told:#?}");
        for (told, expected) in told.iter().zip(expected) {
            assert!(told.starts_with(expected), "{told} / {expected}");
        }
    }

    #[test]
    fn a_header_that_is_not_ours_is_refused_by_name() {
        assert!(faults("phone_number;user_id\n+1;u\n")[0].contains("\"phone_number;user_id\""));
        assert!(faults("phone_number,sid\n+14155550100,PN1\n")[0].contains("\"sid\""));
        assert_eq!(faults("phone_number,phone_number\n").len(), 1);
        assert!(faults("user_id\nu-1\n")[0].contains("no column phone_number"));
        assert!(faults("+14155550100,u-1\n")[0].contains("\"+14155550100\""));
        for empty in ["", "\n\n", "phone_number\n"] {
            assert_eq!(faults(empty).len(), 1, "{empty:?}: {:?}", faults(empty));
        }
    }

    #[test]
    fn bytes_that_are_not_utf8_are_told_with_their_line() {
        let told = rows(b"phone_number,user_id\n+14155550100,Ren\xe9\n+14155550101,u-1\n").unwrap_err();
        assert_eq!(told, ["line 2: is not UTF-8; save the file as UTF-8"]);
        assert!(rows(b"phone_n\xfcmber\n").is_err());
    }
}
