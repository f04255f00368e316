//! What is sent to be moved in, and what is told of it.

use serde::{Deserialize, Serialize};

/// One number as it was sent.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ImportRow {
    /// E.164, if it is in order.
    pub phone_number: String,
    /// Whose it is; without it the number goes into the pool.
    pub user_id: Option<String>,
    /// Since when, RFC 3339; without it since now.
    pub assigned_at: Option<String>,
}

/// What is to be moved in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportRequest {
    /// The numbers.
    pub rows: Vec<ImportRow>,
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
    /// Rows that could not be taken as they are, in the order they were sent.
    pub problems: Vec<ImportProblem>,
    /// What follows for buying; left out when nothing does.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
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
}

impl ImportProblem {
    pub(super) fn new(
        row: usize,
        phone_number: impl Into<String>,
        code: &'static str,
        message: impl Into<String>,
    ) -> Self {
        Self { row, phone_number: phone_number.into(), code, message: message.into() }
    }
}
