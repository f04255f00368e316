//! One record as the values that are sent.
//!
//! How to get it wrong: stopping at a record's first fault. Whoever mends the file would meet the next one an hour later.

use chrono::{DateTime, Utc};

use super::columns::{Column, Columns};
use super::table::{Record, delimiter_name};
use crate::domain::{
    Fault, Note, PhoneNumber, PoolName, Reading, Sender, UserId, Written, instant, phone_number, user_id,
};

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
    /// Whether it says whose the number is, be it in a way that cannot be read.
    pub(super) is_somebodys: bool,
    /// Whether it was resting where the file comes from.
    pub(super) rested: bool,
    /// What is to be told of it.
    pub(super) notes: Vec<&'static str>,
    /// What is wrong with it.
    pub(super) faults: Vec<Wrong>,
    /// It is none to be moved in, and why.
    pub(super) left_out: Option<&'static str>,
}

const NOT_UTF8: &str = "letters of the row are in another encoding: save the file as CSV UTF-8";
const GONE: &str = "left out, because its status says that the number is no longer in the account";
const ENDED: &str = "left out, because its released_at says that the user has given the number back";
const WHOSE: &str =
    "its status says that somebody has the number, and no user_id says who: write it, or take the row out";

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
        let cell = columns.place(Column::UserId).and_then(|at| record.cells.get(at)).map_or(&[][..], Vec::as_slice);
        judged.is_somebodys = says_something(&String::from_utf8_lossy(cell));
        return judged;
    }
    if says_something(released) {
        judged.left_out = Some(ENDED);
        return judged;
    }
    match status {
        "released" | "missing" => {
            judged.left_out = Some(GONE);
            return judged;
        }
        _ => judged.rested = status == "quarantined",
    }
    judged.faults.extend(too_many(record, columns, delimiter));
    let mut wrong = |fault: Fault| {
        let cause = fault.cause(Sender::Command).into_owned();
        judged.faults.push(Wrong { cause, detail: fault.detail });
    };
    match phone_number(number, reading) {
        Ok(number) => judged.phone_number = Some(number),
        Err(fault) => wrong(fault),
    }
    judged.is_somebodys = true;
    match user_id(user, reading) {
        Ok(read) => {
            judged.is_somebodys = read.value.is_some();
            judged.user_id = read.value;
            judged.notes.extend(read.note.map(|note| note.words(Sender::Command)));
        }
        Err(fault) => wrong(fault),
    }
    if !at.trim().is_empty() {
        match instant(at, reading.zone, now) {
            // A time that says nothing is left out, whatever it says.
            _ if !judged.is_somebodys => judged.notes.push(Note::LoneInstant.words(Sender::Command)),
            Ok(read) => {
                judged.assigned_at = Some(read.value);
                judged.notes.extend(read.note.map(|note| note.words(Sender::Command)));
            }
            Err(fault) => wrong(fault),
        }
    }
    if is_taken(status) && !judged.is_somebodys && columns.place(Column::UserId).is_some() {
        judged.faults.push(Wrong::new(WHOSE));
    }
    match Some(pool.trim()).filter(|pool| !pool.is_empty()).map(str::parse::<PoolName>).transpose() {
        Ok(pool) => judged.pool = pool,
        Err(error) => {
            judged.faults.push(Wrong { cause: format!("pool {error}"), detail: Some(pool.chars().take(40).collect()) })
        }
    }
    judged
}

/// Whether a cell says anything. Programs write the same words for "never" as for "nobody".
pub(super) fn says_something(cell: &str) -> bool {
    !matches!(user_id(cell, &Reading::default()), Ok(Written { value: None, .. }))
}

/// Whether a status is the word for numbers that somebody has.
pub(super) fn is_taken(status: &str) -> bool {
    status.trim().eq_ignore_ascii_case("assigned")
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
