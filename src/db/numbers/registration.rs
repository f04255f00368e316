//! How the carriers have a number, as Twilio's events say it, and an operator's word beside them.
//!
//! Invariant: an event never undoes a later one ([`RegistrationStanding::gives_way_to`], and `registrations_go_forward` below every
//! program); what it means for handing the number out, the database works out (`numbers_know_what_they_lack`).
//! How to get it wrong: taking an event about a service that the number is in no more, or never was. Or counting it against its pool
//! that a number was taken away which had been registered: what halts buying is that new ones do not become ready.

use chrono::{DateTime, Utc};
use diesel::Connection as _;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Nullable, Text, Timestamptz};

use super::attachment_notes::{number_note_marked, number_note_registration};
use crate::db::attachments::{Locked, lock, locked};
use crate::db::engine::connection::Connection;
use crate::db::engine::error::DbError;
use crate::db::engine::listener::stock_notify;
use crate::db::pool_failures::{failures_add, failures_forget};
use crate::db::pool_wants::pool_needs;
use crate::domain::{
    AttachmentStatus, HeldBack, PhoneNumber, PoolName, Registration, RegistrationEvent, RegistrationStanding,
};

/// What became of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hearing {
    /// No number of ours has this SID.
    NotOurs,
    /// It is about a messaging service that the number is not in, and is not about to join.
    OtherService,
    /// What is known already, or later.
    Known,
    /// It is the last word by now, of this number of this pool.
    Taken(i64, PoolName),
}

/// What is known of a number: what an event about it is held against.
#[derive(QueryableByName)]
pub(super) struct Known {
    #[diesel(sql_type = Nullable<Text>)]
    registration: Option<Registration>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    registration_at: Option<DateTime<Utc>>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    marked_ready_at: Option<DateTime<Utc>>,
    /// The messaging services that it is in, or is about to join.
    #[diesel(sql_type = Array<Text>)]
    services: Vec<String>,
}

/// The columns of [`Known`], of a row of `numbers`.
macro_rules! known {
    () => {
        "registration, registration_at, marked_ready_at,
         ARRAY(SELECT a.target FROM attachments a WHERE a.number_id = numbers.id AND a.kind = 'messaging_service'
                  AND a.state IN ('intended', 'sent', 'attached')) AS services"
    };
}
pub(super) use known;

impl Known {
    fn standing(&self) -> RegistrationStanding {
        RegistrationStanding {
            registration: self.registration,
            at: self.registration_at,
            marked_at: self.marked_ready_at,
        }
    }

    /// What becomes of an event of which nothing is to be written; `None` = it is to be heard.
    pub(super) fn told_already(&self, event: &RegistrationEvent) -> Option<Hearing> {
        let is_of_service = match &event.service {
            Some(service) => self.services.contains(service),
            None => !self.services.is_empty(),
        };
        if !is_of_service {
            return Some(Hearing::OtherService);
        }
        (!self.standing().gives_way_to(event.heard)).then_some(Hearing::Known)
    }
}

/// Writes down what Twilio says of how the carriers have this number of ours, which the caller has locked; what came of it. A failure counts for the pool under its keys (`fingerprint`), where its numbers are handed out only when
/// they are registered.
pub(super) fn hear(
    conn: &mut Connection,
    id: i64,
    number: &Locked,
    event: &RegistrationEvent,
    fingerprint: impl Fn(&PoolName) -> String,
) -> Result<Hearing, DbError> {
    let (heard, reason) = (event.heard, event.reason.as_deref());
    let known: Known = sql_query(concat!("SELECT ", known!(), " FROM numbers WHERE id = $1"))
        .bind::<BigInt, _>(id)
        .get_result(conn)?;
    if let Some(told) = known.told_already(event) {
        return Ok(told);
    }
    let before = known.standing();
    sql_query("UPDATE numbers SET registration = $2, registration_at = $3, registration_reason = $4 WHERE id = $1")
        .bind::<BigInt, _>(id)
        .bind::<Text, _>(heard.registration.as_str())
        .bind::<Timestamptz, _>(heard.at)
        .bind::<Nullable<Text>, _>(reason)
        .execute(conn)?;
    let after = RegistrationStanding { registration: Some(heard.registration), at: Some(heard.at), ..before };
    count(conn, number, before, after, (reason, &fingerprint(&number.pool)))?;
    // The same word again is the same line.
    if before.registration != after.registration || before.counts() != after.counts() {
        number_note_registration(conn, id, heard.registration, heard.at, reason)?;
    }
    Ok(Hearing::Taken(id, number.pool.clone()))
}

/// A failure of a number that is in the pool's hands and was not ready before counts once, and a success ends the row of them;
/// neither where nobody waits for the carriers.
fn count(
    conn: &mut Connection,
    number: &Locked,
    before: RegistrationStanding,
    after: RegistrationStanding,
    (reason, fingerprint): (Option<&str>, &str),
) -> Result<(), DbError> {
    let failed = |standing: RegistrationStanding| {
        matches!(standing.counts(), Some(Registration::Failed | Registration::Unregistered))
    };
    let pool = &number.pool;
    if !pool_needs(conn, pool)?.registered {
        return Ok(());
    }
    if failed(after) {
        if failed(before) || before.counts() == Some(Registration::Registered) || !number.is_free {
            return Ok(());
        }
        failures_add(conn, pool, fingerprint, reason.unwrap_or("the carriers do not take its numbers"))
    } else if after.counts() == Some(Registration::Registered) {
        failures_forget(conn, pool)
    } else {
        Ok(())
    }
}

/// What became of an operator's word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MarkedReady {
    /// It stands.
    Done,
    /// Nobody waits for the carriers here, or such a word stands already: nothing changed.
    NotNeeded,
    /// An attachment lacks: the number is not ready for it.
    Lacks(AttachmentStatus),
    /// It is not in the pool's hands: on hold, leaving, missing or gone.
    NotFree,
}

/// An operator says that the carriers know the number. Only what Twilio says later, and says that they do not, undoes it.
///
/// # Errors
/// When PostgreSQL fails.
pub fn number_mark_ready(conn: &mut Connection, id: i64, by: &str) -> Result<MarkedReady, DbError> {
    let (marked, ready) = conn.transaction::<_, DbError, _>(|conn| {
        let number = lock(conn, id)?;
        if !number.is_free {
            return Ok((MarkedReady::NotFree, false));
        }
        if number.attachment_status != AttachmentStatus::Attached {
            return Ok((MarkedReady::Lacks(number.attachment_status), false));
        }
        if !pool_needs(conn, &number.pool)?.registered || mark_stands(conn, id)? {
            return Ok((MarkedReady::NotNeeded, false));
        }
        // Twilio's clock may be ahead of this one: the word is about whatever was said before it.
        sql_query(
            "UPDATE numbers SET marked_ready_at = greatest(clock_timestamp(), registration_at), marked_ready_by = $2 WHERE id = $1",
        )
        .bind::<BigInt, _>(id)
        .bind::<Text, _>(by)
        .execute(conn)?;
        failures_forget(conn, &number.pool)?;
        number_note_marked(conn, id, by)?;
        Ok((MarkedReady::Done, locked(conn, id)?.is_stock()))
    })?;
    if ready {
        stock_notify(conn)?;
    }
    Ok(marked)
}

/// Whether an operator's word stands, which Twilio has not undone since.
fn mark_stands(conn: &mut Connection, id: i64) -> Result<bool, DbError> {
    use crate::db::engine::schema::numbers;
    type Row = (Option<Registration>, Option<DateTime<Utc>>, Option<DateTime<Utc>>);
    let columns = (numbers::registration, numbers::registration_at, numbers::marked_ready_at);
    let (registration, at, marked_at): Row = numbers::table.find(id).select(columns).first(conn)?;
    let standing = RegistrationStanding { registration, at, marked_at };
    Ok(marked_at.is_some() && standing.counts() == Some(Registration::Registered))
}

/// Whether nothing but the carriers keeps a number back from being handed out, so that an operator's word about them helps.
///
/// # Errors
/// When PostgreSQL fails.
pub fn number_awaits_carriers(conn: &mut Connection, number: &PhoneNumber) -> Result<bool, DbError> {
    use crate::db::engine::schema::numbers;
    let live = numbers::table.filter(numbers::phone_number.eq(number.as_str())).filter(numbers::status.ne("released"));
    let held_back: Option<Option<HeldBack>> = live.select(numbers::held_back).first(conn).optional()?;
    Ok(matches!(held_back.flatten(), Some(HeldBack::Registering | HeldBack::RegistrationFailed)))
}

/// The number joins a messaging service anew: what was said of a former membership counts no more, nor does what is said late of it,
/// until that membership ended. Of one that never was a member whatever comes is new.
pub(in crate::db) fn registration_put_aside(conn: &mut Connection, id: i64) -> Result<(), DbError> {
    sql_query(
        "UPDATE numbers SET registration = NULL, registration_reason = NULL, marked_ready_at = NULL, marked_ready_by = NULL,
                -- A clock that was set back since makes nothing that Twilio says now old.
                registration_at = greatest(registration_at, least(former.ended, clock_timestamp()))
           FROM (SELECT max(since) AS ended FROM attachments
                  WHERE number_id = $1 AND kind = 'messaging_service' AND state = 'left') AS former
          WHERE id = $1 AND (registration IS NOT NULL OR marked_ready_at IS NOT NULL OR former.ended IS NOT NULL)",
    )
    .bind::<BigInt, _>(id)
    .execute(conn)?;
    Ok(())
}
