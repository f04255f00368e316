//! How an attachment begins: what a number's pool wants, and it lacks, is written down before Twilio is asked.
//!
//! Invariants: what is intended is chosen by [`Wants::intents`](crate::domain::Wants::intents) from what stands then, under the
//! number's lock; a user's number joins no service that would take its inbound SMS away, unless an operator said so, or a purchase
//! brought it: that holds until it has joined one, however often it is refused and tried again.
//! How to get it wrong: forgetting what Twilio said about a membership that is over. The carriers knew the number then.

use std::collections::BTreeSet;

use diesel::Connection as _;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Bool, Nullable, Text};

use super::lock::{Locked, lock};
use super::read::attachments_of;
use super::targets::{LEAVES_SMS, targets_closed, targets_that_reroute};
use crate::db::engine::connection::Connection;
use crate::db::engine::error::DbError;
use crate::db::numbers::{FREE, registration_put_aside};
use crate::db::pool_wants::wants_of_pool;
use crate::domain::{Attachment, AttachmentKind, AttachmentStatus, Target};

/// Whose numbers may join a messaging service that takes their inbound SMS to a webhook of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// Nobody's: what is done unasked.
    Nobodys,
    /// A user's, too: by an operator's word, or because a purchase brought it.
    Anybodys,
}

/// What came of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Intended {
    /// What is written down now, and was not.
    pub targets: Vec<Target>,
    /// Of these kinds no target takes another number.
    pub no_room: BTreeSet<AttachmentKind>,
    /// It is somebody's, and what has room would take its inbound SMS away.
    pub left_alone: bool,
}

/// Writes down what a number lacks of what its pool wants. What is on hold, leaving, missing or gone is not touched. May stand in
/// the caller's transaction: a number that comes into the pool is meant to be attached from its first moment on, whoever gets it.
///
/// # Errors
/// When PostgreSQL fails.
pub fn attachments_intend(conn: &mut Connection, number_id: i64, whose: Whose) -> Result<Intended, DbError> {
    conn.transaction::<_, DbError, _>(|conn| {
        let number = lock(conn, number_id)?;
        let wants = wants_of_pool(conn, &number.pool)?;
        if !number.is_free || wants.is_nothing() {
            return Ok(Intended::default());
        }
        let whose = if is_meant_for_anybody(conn, number_id)? { Whose::Anybodys } else { whose };
        let rows = attachments_of(conn, number_id)?;
        let standing = rows.iter().map(|row| row.standing()).collect::<Result<Vec<Attachment>, DbError>>()?;
        let of_sids = |sids: BTreeSet<String>| -> BTreeSet<Target> {
            wants.targets().filter(|target| sids.contains(target.sid())).collect()
        };
        let mut closed = of_sids(targets_closed(conn)?);
        let intents = wants.intents(&standing, &closed);
        let mut intended = Intended { no_room: intents.no_room.clone(), ..Intended::default() };
        let intents = if is_anothers(&number, whose) {
            closed.extend(of_sids(targets_that_reroute(conn, &wants.services)?));
            let allowed = wants.intents(&standing, &closed);
            intended.left_alone = allowed.targets.len() < intents.targets.len();
            allowed
        } else {
            intents
        };
        for target in intents.targets {
            if intend(conn, number_id, &target, whose)? {
                intended.targets.push(target);
            }
        }
        Ok(intended)
    })
}

/// The same of a number that a purchase has just brought, in whose transaction it stands: so it goes on, whoever has the number a
/// moment later.
pub(in crate::db) fn attachments_intend_of_new(conn: &mut Connection, number_id: i64) -> Result<(), DbError> {
    use crate::db::engine::schema::numbers;
    let status: AttachmentStatus = numbers::table.find(number_id).select(numbers::attachment_status).first(conn)?;
    if status == AttachmentStatus::Pending {
        attachments_intend(conn, number_id, Whose::Anybodys)?;
    }
    Ok(())
}

/// SQL, of a number `n`: whether what was last asked for of its messaging services was for whoever has it, and came to nothing.
const MEANT_FOR_ANYBODY: &str =
    "coalesce((SELECT m.for_anybody FROM attachments m WHERE m.number_id = n.id AND m.kind = 'messaging_service'
                                   ORDER BY m.since DESC, m.id DESC LIMIT 1), false)";

fn is_meant_for_anybody(conn: &mut Connection, number_id: i64) -> Result<bool, DbError> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Bool)]
        is_so: bool,
    }
    let meant = sql_query(format!("SELECT {MEANT_FOR_ANYBODY} AS is_so FROM numbers n WHERE n.id = $1"));
    let row: Row = meant.bind::<BigInt, _>(number_id).get_result(conn)?;
    Ok(row.is_so)
}

/// It is a user's, and nobody said that it may be rewired.
fn is_anothers(number: &Locked, whose: Whose) -> bool {
    whose == Whose::Nobodys && number.user_id.is_some()
}

fn intend(conn: &mut Connection, number_id: i64, target: &Target, whose: Whose) -> Result<bool, DbError> {
    if target.kind() == AttachmentKind::MessagingService {
        // Of a former membership.
        registration_put_aside(conn, number_id)?;
    }
    let written = sql_query(
        "INSERT INTO attachments (number_id, kind, target, for_anybody) VALUES ($1, $2, $3, $4)
         ON CONFLICT (number_id, kind, target) DO UPDATE
            SET state = 'intended', since = clock_timestamp(), last_sent_at = NULL, doubted = false, assignment_sid = NULL,
                twilio_code = NULL, message = NULL, request_id = NULL, refusal_concerns = NULL, leaving = false,
                for_anybody = excluded.for_anybody
          WHERE attachments.state IN ('refused', 'conflict', 'left')",
    )
    .bind::<BigInt, _>(number_id)
    .bind::<Text, _>(target.kind().as_str())
    .bind::<Text, _>(target.sid())
    .bind::<Bool, _>(whose == Whose::Anybodys)
    .execute(conn)?;
    Ok(written > 0)
}

/// A stretch of the numbers that lack something, and what is to be done about them.
#[derive(Debug, Clone, Default, PartialEq, Eq, QueryableByName)]
pub struct ToAttach {
    /// Those for which something may be written down now, and is not.
    #[diesel(sql_type = Array<BigInt>)]
    pub numbers: Vec<i64>,
    /// Messaging services that lack only because the number is a user's, and was not seen to keep its inbound SMS there.
    #[diesel(sql_type = Array<Text>)]
    pub rerouting: Vec<String>,
    /// Where the next stretch begins; `None` = there are no more.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub last: Option<i64>,
}

/// Looks at the next `most` numbers above `after` that lack something, in the order they came: a crash came between, their pool
/// wants more than it did, or nothing had room. Those that are on hold, leaving, missing or gone are left out, and so are those for
/// which nothing has room.
///
/// # Errors
/// When PostgreSQL fails.
pub fn numbers_to_attach(conn: &mut Connection, whose: Whose, after: i64, most: i64) -> Result<ToAttach, DbError> {
    let tried = "a.number_id = n.id AND (a.state IN ('intended', 'sent', 'attached', 'conflict')
                                          OR (a.state = 'refused' AND a.refusal_concerns = 'number'))";
    Ok(sql_query(format!(
        "WITH stretch AS MATERIALIZED (
             SELECT id FROM numbers WHERE attachment_status = 'pending' AND status <> 'released' AND id > $1 ORDER BY id LIMIT $2),
              lacks AS MATERIALIZED (
             SELECT n.id, w.target,
                    NOT $3 AND w.kind = 'messaging_service'
                    AND coalesce((SELECT l.user_id IS NOT NULL FROM leases l WHERE l.number_id = n.id), false)
                    AND NOT coalesce({LEAVES_SMS}, false) AND NOT {MEANT_FOR_ANYBODY} AS reroutes
               FROM (SELECT id, pool FROM numbers WHERE id IN (SELECT id FROM stretch) AND {FREE} AND missing_since IS NULL) AS n
               JOIN pool_wants w ON w.pool = n.pool LEFT JOIN attachment_targets t ON t.target = w.target
              WHERE coalesce(t.full_since, t.unknown_since) IS NULL
                AND NOT EXISTS (SELECT FROM attachments a WHERE {tried} AND a.kind = w.kind
                                   AND (a.target = w.target OR w.kind = 'messaging_service')))
         SELECT ARRAY(SELECT DISTINCT id FROM lacks WHERE NOT reroutes ORDER BY id) AS numbers,
                ARRAY(SELECT DISTINCT target FROM lacks WHERE reroutes ORDER BY target) AS rerouting,
                (SELECT max(id) FROM stretch) AS last"
    ))
    .bind::<BigInt, _>(after)
    .bind::<BigInt, _>(most)
    .bind::<Bool, _>(whose == Whose::Anybodys)
    .get_result(conn)?)
}
