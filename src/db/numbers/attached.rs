//! What a number is attached to, how the carriers have it, and what of that keeps it from being handed out.
//!
//! How to get it wrong: deciding here whether it is kept back. The database says so; this only tells why.

use chrono::{DateTime, Utc};
use diesel::prelude::*;

use super::row::instant;
use crate::db::attachments::{AttachmentRow, attachments_of};
use crate::db::engine::connection::Connection;
use crate::db::engine::error::DbError;
use crate::db::engine::schema::numbers;
use crate::domain::{
    AttachmentKind, AttachmentState, HeldBack, PoolName, Registration, RegistrationStanding, Withheld,
};

/// What is known of a number beside its webhooks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attached {
    /// Everything that it is or shall be attached to, in the order it was intended first; what it left is not among it.
    pub attachments: Vec<AttachmentRow>,
    /// How the carriers have it, an operator's word with it; `None` = nothing was said.
    pub registration: Option<Registration>,
    /// Why, or whose word that is.
    pub registration_reason: Option<String>,
    /// What of all that keeps it back.
    pub withheld: Option<Withheld>,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = numbers, check_for_backend(diesel::pg::Pg))]
struct Row {
    pool: PoolName,
    registration: Option<Registration>,
    registration_at: Option<DateTime<Utc>>,
    registration_reason: Option<String>,
    marked_ready_at: Option<DateTime<Utc>>,
    marked_ready_by: Option<String>,
    held_back: Option<HeldBack>,
}

/// Reads it of a number of ours.
///
/// # Errors
/// When PostgreSQL fails.
pub fn number_attached(conn: &mut Connection, id: i64) -> Result<Attached, DbError> {
    let row: Row = numbers::table.find(id).select(Row::as_select()).first(conn)?;
    let mut attachments = attachments_of(conn, id)?;
    attachments.retain(|attachment| attachment.state != AttachmentState::Left);
    let twilios = RegistrationStanding {
        registration: row.registration,
        at: row.registration_at,
        marked_at: row.marked_ready_at,
    };
    let registration = twilios.counts();
    let registration_reason = if registration == row.registration {
        row.registration_reason.clone()
    } else {
        let (by, at) = (row.marked_ready_by.as_deref().unwrap_or("an operator"), row.marked_ready_at.map(instant));
        Some(format!("marked ready by {by} at {}", at.unwrap_or_default()))
    };
    let withheld = row.held_back.map(|why| withheld(why, &row, &attachments));
    Ok(Attached { attachments, registration, registration_reason, withheld })
}

fn withheld(why: HeldBack, row: &Row, attachments: &[AttachmentRow]) -> Withheld {
    let failed = |one: &AttachmentRow| one.standing().is_ok_and(|one| one.has_failed());
    let service =
        |one: &AttachmentRow| one.kind == AttachmentKind::MessagingService && one.state == AttachmentState::Attached;
    let about = match why {
        HeldBack::Attaching => attachments.iter().find(|one| one.state.is_open()),
        HeldBack::Registering => attachments.iter().find(|one| service(one)),
        HeldBack::Unattachable => {
            attachments.iter().find(|one| failed(one)).or_else(|| attachments.iter().find(|one| service(one)))
        }
        HeldBack::RegistrationFailed => None,
    };
    let key = match about.map_or(AttachmentKind::MessagingService, |one| one.kind) {
        AttachmentKind::MessagingService => "messaging_services",
        AttachmentKind::CustomerProfile => "customer_profile",
        AttachmentKind::TrustProduct => "trust_products",
    };
    let (since, said) = match why {
        HeldBack::RegistrationFailed => (row.registration_at, row.registration_reason.clone()),
        HeldBack::Attaching | HeldBack::Registering | HeldBack::Unattachable => {
            (about.map(|one| one.since), about.and_then(AttachmentRow::error))
        }
    };
    Withheld {
        why,
        target: about.map(|one| one.target.clone()),
        since: since.map(instant),
        said,
        key: row.pool.key(key),
    }
}
