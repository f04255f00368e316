//! The way out: a number leaves for Twilio, stays after all, or is gone.
//!
//! Invariants: what is leaving serves nobody, and what is somebody's never becomes so; what does not leave goes back to where
//! it was, and into stock only through a rest that is over, so that care confirms it at Twilio first.
//! What it is attached to at Twilio ends with it.
//! How to get it wrong: moving a number here without its release. The ledger of releases (`db::releases`) writes both in one
//! transaction.

use diesel::Connection as _;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Uuid as SqlUuid};
use uuid::Uuid;

use super::places::{IN_POOL, LEAVING, LEFT};
use super::read::number_lock;
use crate::db::attachments::{attachments_let_go, lock};
use crate::db::engine::connection::Connection;
use crate::db::engine::error::DbError;

/// It is on its way back to Twilio. The caller has locked its row and written down where it was.
pub(in crate::db) fn number_leave(conn: &mut Connection, id: i64) -> Result<(), DbError> {
    sql_query(format!("UPDATE numbers SET {LEAVING} WHERE id = $1")).bind::<BigInt, _>(id).execute(conn)?;
    Ok(())
}

/// Its release is over, and it does not leave: it goes back to where it was.
pub(in crate::db) fn number_stay(conn: &mut Connection, release_id: Uuid) -> Result<(), DbError> {
    sql_query(
        "UPDATE numbers n SET quarantine_reason = coalesce(r.former_reason, 'released'),
                -- What was stock rests until now: care asks Twilio about it before anybody gets it.
                quarantined_until = CASE WHEN r.former_reason IS NULL THEN clock_timestamp() ELSE r.former_until END,
                -- Its user gets it back as before, unless they have another number by now, or another rests for them there.
                rests_for = CASE WHEN r.former_reason = 'released'
                                  AND NOT EXISTS (SELECT 1 FROM leases l WHERE l.user_id = r.former_rests_for)
                                  AND NOT EXISTS (SELECT 1 FROM numbers o WHERE o.rests_for = r.former_rests_for AND o.pool = n.pool)
                                 THEN r.former_rests_for END
           FROM releases r
          WHERE r.id = $1 AND n.id = r.number_id AND n.status = 'quarantined' AND n.quarantine_reason = 'leaving'",
    )
    .bind::<SqlUuid, _>(release_id)
    .execute(conn)?;
    Ok(())
}

/// Why a number is gone for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gone {
    /// Its release has ended: Twilio no longer has it.
    Released,
    /// Twilio answered 404 for it while it was nobody's, and its E.164 is back under another SID.
    Replaced,
}

/// It has left for ever. `false` = it did not stand there any more, and nothing was changed.
///
/// # Errors
/// When PostgreSQL fails.
pub fn number_let_go(conn: &mut Connection, id: i64, why: Gone) -> Result<bool, DbError> {
    let stands = match why {
        Gone::Released => "true".to_owned(),
        Gone::Replaced => {
            format!("({IN_POOL} OR quarantine_reason IN ('released', 'unknown_item', 'tag_conflict', 'contested'))")
        }
    };
    conn.transaction::<_, DbError, _>(|conn| {
        lock(conn, id)?;
        number_lock(conn, id)?;
        let gone = sql_query(format!("UPDATE numbers SET {LEFT} WHERE id = $1 AND {stands}"))
            .bind::<BigInt, _>(id)
            .execute(conn)?;
        if gone > 0 {
            attachments_let_go(conn, id)?;
        }
        Ok(gone > 0)
    })
}
