//! A number's attachments as they stand.

use chrono::{DateTime, Utc};
use diesel::prelude::*;

use crate::db::engine::connection::Connection;
use crate::db::engine::error::DbError;
use crate::db::engine::schema::attachments;
use crate::domain::{Attachment, AttachmentKind, AttachmentState, RefusedFor, Target};

/// A row of `attachments`, as far as anybody is shown it.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = attachments, check_for_backend(diesel::pg::Pg))]
pub struct AttachmentRow {
    /// Ours, in the order they were intended first.
    pub id: i64,
    /// Which number.
    pub number_id: i64,
    /// To what.
    pub kind: AttachmentKind,
    /// To which: Twilio's identity of it.
    pub target: String,
    /// How far it has come.
    pub state: AttachmentState,
    /// Since when.
    pub since: DateTime<Utc>,
    /// How often Twilio was asked.
    pub attempts: i32,
    /// Whether an attempt had no clear answer.
    pub doubted: bool,
    /// Twilio's error code.
    pub twilio_code: Option<i32>,
    /// What Twilio said.
    pub message: Option<String>,
    /// What a refusal is about.
    pub refusal_concerns: Option<RefusedFor>,
}

impl AttachmentRow {
    /// What Twilio minds, with its code; `None` = nothing, as far as is known.
    #[must_use]
    pub fn error(&self) -> Option<String> {
        let message = self.message.as_deref().filter(|message| !message.is_empty());
        match (self.twilio_code, message) {
            (Some(code), Some(message)) => Some(format!("{code}: {message}")),
            (Some(code), None) => Some(code.to_string()),
            (None, message) => message.map(str::to_owned),
        }
    }

    /// As far as it decides anything.
    ///
    /// # Errors
    /// When no such target can be: a hand in the database.
    pub fn standing(&self) -> Result<Attachment, DbError> {
        let target = Target::parse(self.kind, &self.target);
        let target = target.map_err(|why| DbError::corrupt("attachment")(why.to_string()))?;
        Ok(Attachment { target, state: self.state, refused_for: self.refusal_concerns })
    }
}

/// Everything that a number is, was or shall be attached to, in the order it was intended first.
///
/// # Errors
/// When PostgreSQL fails.
pub fn attachments_of(conn: &mut Connection, number_id: i64) -> Result<Vec<AttachmentRow>, DbError> {
    Ok(attachments::table
        .filter(attachments::number_id.eq(number_id))
        .order(attachments::id)
        .select(AttachmentRow::as_select())
        .load(conn)?)
}
