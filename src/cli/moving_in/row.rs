//! One record as the values that are sent.
//!
//! How to get it wrong: stopping at a record's first fault. Whoever mends the file would meet the next one an hour later.

use chrono::{DateTime, Utc};

use super::columns::{Column, Columns};
use super::table::{Record, delimiter_name};
use crate::domain::{PhoneNumber, PoolName, Reading, UserId, Written, instant, phone_number, user_id};

/// One number of the earlier service.
#[derive(Debug, Clone, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub(in crate::cli) struct Row {
    pub phone_number: PhoneNumber,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_id: Option<UserId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assigned_at: Option<DateTime<Utc>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pool: Option<PoolName>,
}

/// Why a record is refused: a sentence that is the same for all of its kind, and what is wrong with this one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wrong {
    pub(super) cause: String,
    pub(super) detail: Option<String>,
}

impl Wrong {
    pub(super) fn new(cause: impl Into<String>) -> Self {
        Self { cause: cause.into(), detail: None }
    }
}

/// A record as it was read.
#[derive(Debug, Default)]
pub(super) struct Judged {
    /// The values; of a record with faults those that could be read.
    pub(super) phone_number: Option<PhoneNumber>,
    pub(super) user_id: Option<UserId>,
    pub(super) assigned_at: Option<DateTime<Utc>>,
    pub(super) pool: Option<PoolName>,
    /// What is to be told of it.
    pub(super) notes: Vec<&'static str>,
    /// What is wrong with it.
    pub(super) faults: Vec<Wrong>,
    /// It is none to be moved in, and why.
    pub(super) left_out: Option<&'static str>,
}

const NOT_UTF8: &str = "letters of the row are in another encoding: export the file as UTF-8";
const LONE_INSTANT: &str = "assigned_at without a user_id was left out";
const GONE: &str = "left out, because its status says that the number is no longer in the account";
const ENDED: &str = "left out, because its released_at says that the user has given the number back";
const RESTED: &str = "its status is quarantined: it becomes stock at once, and nobody keeps its rest";

/// Reads a record.
pub(super) fn judge(
    record: &Record,
    columns: &Columns,
    reading: &Reading,
    now: DateTime<Utc>,
    delimiter: u8,
) -> Judged {
    let mut judged = Judged::default();
    let mut lost = false;
    let mut cell = |column: Column| -> &str {
        let bytes = columns.place(column).and_then(|at| record.cells.get(at)).map_or(&[][..], Vec::as_slice);
        std::str::from_utf8(bytes).unwrap_or_else(|_| {
            lost = true;
            ""
        })
    };
    let [number, user, at, pool, status, released] =
        [Column::PhoneNumber, Column::UserId, Column::AssignedAt, Column::Pool, Column::Status, Column::ReleasedAt]
            .map(&mut cell);
    if lost {
        judged.faults.push(Wrong::new(NOT_UTF8));
        return judged;
    }
    // Programs write the same words for "never" as for "nobody".
    if !matches!(user_id(released, &Reading::default()), Ok(Written { value: None, .. })) {
        judged.left_out = Some(ENDED);
        return judged;
    }
    match status {
        "released" | "missing" => {
            judged.left_out = Some(GONE);
            return judged;
        }
        "quarantined" => judged.notes.push(RESTED),
        _ => {}
    }
    judged.faults.extend(too_many(record, columns, delimiter));
    let mut wrong =
        |fault: crate::domain::Fault| judged.faults.push(Wrong { cause: fault.cause.to_owned(), detail: fault.detail });
    match phone_number(number, reading) {
        Ok(number) => judged.phone_number = Some(number),
        Err(fault) => wrong(fault),
    }
    let mut is_nobodys = false;
    match user_id(user, reading) {
        Ok(read) => {
            is_nobodys = read.value.is_none();
            judged.user_id = read.value;
            judged.notes.extend(read.note.map(crate::domain::Note::words));
        }
        Err(fault) => wrong(fault),
    }
    if !at.trim().is_empty() {
        match instant(at, reading.zone, now) {
            // A time that says nothing is left out, whatever it says.
            _ if is_nobodys => judged.notes.push(LONE_INSTANT),
            Ok(read) => {
                judged.assigned_at = Some(read.value);
                judged.notes.extend(read.note.map(|note| match note {
                    crate::domain::Note::FutureIsNow => "assigned_at lies in the future and was taken as now; perhaps these are local times: say which with --timezone",
                    other @ (crate::domain::Note::WordForNone | crate::domain::Note::BlanksAround) => other.words(),
                }));
            }
            Err(fault) => wrong(fault),
        }
    }
    match Some(pool.trim()).filter(|pool| !pool.is_empty()).map(str::parse::<PoolName>).transpose() {
        Ok(pool) => judged.pool = pool,
        Err(error) => {
            judged.faults.push(Wrong { cause: format!("pool {error}"), detail: Some(pool.chars().take(40).collect()) })
        }
    }
    judged
}

/// Fields that the header has no column for, unless nothing stands in them.
fn too_many(record: &Record, columns: &Columns, delimiter: u8) -> Option<Wrong> {
    let more = record.cells.get(columns.header.len()..).unwrap_or_default();
    let says = more.iter().any(|cell| !String::from_utf8_lossy(cell).trim().is_empty());
    says.then(|| {
        let cause = format!(
            "the row has more fields than the header: put a value that holds a {} in quotes",
            delimiter_name(delimiter).0
        );
        Wrong { cause, detail: Some(format!("{} fields, and the header {}", record.cells.len(), columns.header.len())) }
    })
}
