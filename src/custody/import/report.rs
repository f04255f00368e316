//! What is sent to be moved in, and what is told of it.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};

use crate::domain::{Note, PoolName, Reading, Sender};

/// One number as it was sent.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ImportRow {
    /// E.164, if it is in order; blanks, brackets, dots and dashes are left out.
    pub phone_number: String,
    /// Whose it is; without it, blank, or as a word such as `NULL` the number goes into the pool.
    #[schema(value_type = Option<String>)]
    #[serde(default, deserialize_with = "said")]
    pub user_id: Option<Option<String>>,
    /// Since when, RFC 3339 or as mails have it; without it since now.
    pub assigned_at: Option<String>,
    /// The pool that it goes into; without it that of the whole call, else the first of the number's country and type.
    pub pool: Option<String>,
}

impl ImportRow {
    /// Whose it is, as it was sent.
    #[must_use]
    pub fn user(&self) -> &str {
        self.user_id.iter().flatten().map(String::as_str).next().unwrap_or_default()
    }
}

/// A field that is there, be it null: who writes it knows of it.
fn said<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// What is to be moved in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportRequest {
    /// The numbers.
    pub rows: Vec<ImportRow>,
    /// What was said beside their values.
    pub reading: Reading,
    /// The pool of those that name none.
    pub pool: Option<PoolName>,
    /// Only say what would be done.
    pub dry_run: bool,
    /// Set the webhooks of assigned numbers too.
    pub configure_webhooks: bool,
    /// Who asked: a key's name, or its fingerprint.
    pub requested_by: String,
}

/// What a call did, or would do.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct ImportReport {
    /// Numbers that became ours.
    pub imported: u32,
    /// Numbers that were given to the user who had them before.
    pub assigned: u32,
    /// Numbers that were as wanted already.
    pub already_imported: u32,
    /// Numbers that became ours and are nobody's, so that whoever signs up may be given them; left out when there is none.
    #[serde(skip_serializing_if = "is_none_of_them")]
    pub stock: u32,
    /// Numbers of users whose webhooks are not ours after the call; left out when there is none.
    #[serde(skip_serializing_if = "is_none_of_them")]
    pub drifted: u32,
    /// The same pool by pool, of those that any of it concerns; left out when none is.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub pools: Vec<ImportedIntoPool>,
    /// Rows that could not be taken as they are, in the order they were sent.
    pub problems: Vec<ImportProblem>,
    /// What was taken with a doubt; left out when nothing was.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<ImportNote>,
    /// What follows for buying; left out when nothing does.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

fn is_none_of_them(count: &u32) -> bool {
    *count == 0
}

/// What is told of rows that were taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct ImportNote {
    /// Which kind of note.
    pub code: &'static str,
    /// How many rows it is about.
    pub count: u32,
    /// What it is.
    pub message: &'static str,
    /// The numbers of the first of them, three at most.
    pub phone_numbers: Vec<String>,
}

/// Notes by their kind.
#[derive(Debug, Default)]
pub(super) struct Notes(BTreeMap<Note, (u32, Vec<String>)>);

/// Numbers that are named of a note.
const NOTED_NUMBERS: usize = 3;

impl Notes {
    pub(super) fn add(&mut self, note: Note, phone_number: &str) {
        let (count, numbers) = self.0.entry(note).or_default();
        *count += 1;
        if numbers.len() < NOTED_NUMBERS {
            numbers.push(phone_number.to_owned());
        }
    }

    pub(super) fn told(self) -> Vec<ImportNote> {
        let told = |(note, (count, phone_numbers)): (Note, (u32, Vec<String>))| ImportNote {
            code: note.code(),
            count,
            message: note.words(Sender::Program),
            phone_numbers,
        };
        self.0.into_iter().map(told).collect()
    }
}

/// What a call did, or would do, in one pool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct ImportedIntoPool {
    /// Which.
    pub pool: PoolName,
    /// Numbers that became ours.
    pub imported: u32,
    /// Numbers that were given to the user who had them before.
    pub assigned: u32,
    /// Numbers that were as wanted already.
    pub already_imported: u32,
}

/// What became of a row that could be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Became {
    /// Ours, and somebody's or not.
    Imported { assigned: bool },
    /// Somebody's; it was ours.
    Assigned,
    /// As it was wanted already.
    Already,
}

/// Counts what becomes of the rows.
#[derive(Debug, Default)]
pub(super) struct Tally(BTreeMap<PoolName, [u32; 4]>);

impl Tally {
    pub(super) fn add(&mut self, pool: &PoolName, became: Became) {
        let counts = self.0.entry(pool.clone()).or_default();
        match became {
            Became::Imported { assigned } => {
                counts[0] += 1;
                counts[if assigned { 1 } else { 3 }] += 1;
            }
            Became::Assigned => counts[1] += 1,
            Became::Already => counts[2] += 1,
        }
    }

    pub(super) fn report(self) -> ImportReport {
        let mut report = ImportReport::default();
        for (pool, [imported, assigned, already_imported, stock]) in self.0 {
            report.stock += stock;
            report.imported += imported;
            report.assigned += assigned;
            report.already_imported += already_imported;
            report.pools.push(ImportedIntoPool { pool, imported, assigned, already_imported });
        }
        report
    }
}

/// What is wrong with one row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct ImportProblem {
    #[serde(skip)]
    pub(super) row: usize,
    /// As it was sent.
    pub phone_number: String,
    /// Which kind of problem.
    pub code: &'static str,
    /// What to do.
    pub message: String,
    /// The pool that it was to go into, or that it is in; null where nobody knows.
    #[schema(required)]
    pub pool: Option<PoolName>,
}

impl ImportProblem {
    pub(super) fn new(
        row: usize,
        phone_number: impl Into<String>,
        code: &'static str,
        message: impl Into<String>,
    ) -> Self {
        Self { row, phone_number: phone_number.into(), code, message: message.into(), pool: None }
    }

    pub(super) fn of_pool(self, pool: Option<&PoolName>) -> Self {
        Self { pool: pool.cloned(), ..self }
    }
}
