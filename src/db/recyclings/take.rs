//! A number that was told of is taken, if everything still stands; or its notice ends.
//!
//! Invariants: all is asked again in the transaction that takes, under the locks of the number, its lease and its last use, so a touch and a
//! take wait for each other; the day's room is counted under the one row of the gate, over all instances.
//! How to get it wrong: counting the day before the gate is locked. Two instances would each take the last one.

use std::time::Duration;

use chrono::{DateTime, Utc};
use diesel::Connection as _;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Bool, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use uuid::Uuid;

use super::intend::{Notices, Standing};
use crate::db::assignments::assignment_release;
use crate::db::engine::connection::Connection;
use crate::db::engine::error::DbError;
use crate::db::uses::uses_evidence;
use crate::domain::recycling::{Ended, Later, Notice, RecyclingMode, Take, last_use, may_be_taken};
use crate::domain::{PoolName, UserId};

/// What became of a notice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Taken {
    /// The number rests, of this pool.
    Now(PoolName),
    /// It waits for this.
    Later(Later),
    /// It stays with its user.
    Ended(Ended),
    /// It was over already.
    Over,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = BigInt)]
    number_id: i64,
    #[diesel(sql_type = BigInt)]
    assignment_id: i64,
    #[diesel(sql_type = Timestamptz)]
    unused_since: DateTime<Utc>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    take_after: Option<DateTime<Utc>>,
    #[diesel(sql_type = Bool)]
    is_by_hand: bool,
}

const ROW: &str = "SELECT number_id, assignment_id, unused_since, take_after, requested_by IS NOT NULL AS is_by_hand
                     FROM recyclings WHERE id = $1 AND state IN ('intended', 'noticed')";

/// Takes a number that was told of, or ends its notice, as everything stands now. Its user's number rests for as long as `rest` says.
///
/// # Errors
/// When PostgreSQL fails; then nothing was changed.
pub fn recycling_take(
    conn: &mut Connection,
    id: Uuid,
    notices: &Notices,
    rest: impl Fn(&PoolName) -> Duration,
) -> Result<Taken, DbError> {
    conn.transaction::<_, DbError, _>(|conn| {
        let before: Option<Row> = sql_query(ROW).bind::<SqlUuid, _>(id).get_result(conn).optional()?;
        let Some(before) = before else { return Ok(Taken::Over) };
        let standing = Standing::locked(conn, before.number_id)?;
        let row: Option<Row> =
            sql_query(format!("{ROW} FOR UPDATE")).bind::<SqlUuid, _>(id).get_result(conn).optional()?;
        let Some(row) = row else { return Ok(Taken::Over) };
        let facts = standing.facts(Some(row.assignment_id));
        let notice = Notice { unused_since: row.unused_since, take_after: row.take_after, is_by_hand: row.is_by_hand };
        let taken = taken_today(conn)?;
        let (evidence, now) = uses_evidence(conn, notices.rules.inactive_days, notices.by_touch)?;
        match may_be_taken(&facts, &notice, &evidence, &notices.rules, taken, now) {
            Take::Later(later) => Ok(Taken::Later(later)),
            Take::Never(why) => {
                end(conn, id, &row, why)?;
                Ok(Taken::Ended(why))
            }
            Take::Now => {
                let assigned_at = facts.assigned.map(|assigned| assigned.at);
                let last = assigned_at.map_or(row.unused_since, |at| last_use(at, facts.last_used));
                let user: UserId = standing
                    .number
                    .user_id
                    .as_deref()
                    .and_then(|user| user.parse().ok())
                    .ok_or_else(|| DbError::corrupt("number")("somebody has it, and is no user".to_owned()))?;
                let released = assignment_release(conn, &user, rest)?;
                let Some(released) = released.filter(|one| one.phone_number == standing.number.phone_number) else {
                    return Err(DbError::corrupt("lease")("its user has another number".to_owned()));
                };
                sql_query("UPDATE recyclings SET state = 'taken', ended_at = clock_timestamp() WHERE id = $1")
                    .bind::<SqlUuid, _>(id)
                    .execute(conn)?;
                note(conn, row.number_id, "recycled", &last.to_rfc3339_opts(chrono::SecondsFormat::Secs, true))?;
                fail::fail_point!("recycling_taking");
                Ok(Taken::Now(released.pool))
            }
        }
    })
}

/// How many were taken within a day, which nobody else counts meanwhile.
fn taken_today(conn: &mut Connection) -> Result<u32, DbError> {
    sql_query("SELECT 1 FROM recycling_gate FOR UPDATE").execute(conn)?;
    use crate::db::engine::schema::recyclings;
    let taken: i64 = recyclings::table
        .filter(recyclings::state.eq("taken"))
        .filter(
            recyclings::ended_at.gt(diesel::dsl::sql::<Nullable<Timestamptz>>("clock_timestamp() - interval '1 day'")),
        )
        .count()
        .get_result(conn)?;
    Ok(u32::try_from(taken).unwrap_or(u32::MAX))
}

fn end(conn: &mut Connection, id: Uuid, row: &Row, why: Ended) -> Result<(), DbError> {
    sql_query(
        "UPDATE recyclings SET state = 'ended', why = $2, ended_at = clock_timestamp(), claimed_until = NULL WHERE id = $1",
    )
    .bind::<SqlUuid, _>(id)
    .bind::<Text, _>(why.as_str())
    .execute(conn)?;
    // What nobody was told of came to no end that its history has to tell.
    if row.take_after.is_some() { note(conn, row.number_id, "recycling_ended", why.as_str()) } else { Ok(()) }
}

fn note(conn: &mut Connection, number_id: i64, what: &str, detail: &str) -> Result<(), DbError> {
    sql_query("INSERT INTO number_notes (number_id, note, detail) VALUES ($1, $2, $3)")
        .bind::<BigInt, _>(number_id)
        .bind::<Text, _>(what)
        .bind::<Text, _>(detail)
        .execute(conn)?;
    Ok(())
}

/// Notices that may be over, and those whose time to answer is: `most` of each at most. The first are told apart by what anybody may have changed.
///
/// # Errors
/// When PostgreSQL fails.
pub fn recyclings_to_look_at(conn: &mut Connection, mode: RecyclingMode, most: i64) -> Result<Vec<Uuid>, DbError> {
    #[derive(QueryableByName)]
    struct Found {
        #[diesel(sql_type = SqlUuid)]
        id: Uuid,
    }
    let rows: Vec<Found> = sql_query(
        "(SELECT r.id FROM recyclings r
           WHERE r.state IN ('intended', 'noticed')
             AND ($1 = 'off' OR ($1 = 'suggest' AND r.requested_by IS NULL)
                  OR (SELECT l.assignment_id FROM leases l WHERE l.number_id = r.number_id) IS DISTINCT FROM r.assignment_id
                  OR (SELECT u.last_used_at FROM last_uses u WHERE u.number_id = r.number_id) > r.unused_since
                  OR (SELECT n.protected_at IS NOT NULL FROM numbers n WHERE n.id = r.number_id))
           ORDER BY r.intended_at LIMIT $2)
         UNION ALL
         (SELECT r.id FROM recyclings r WHERE r.state = 'noticed' AND r.take_after <= clock_timestamp() ORDER BY r.take_after LIMIT $2)",
    )
    .bind::<Text, _>(mode.as_str())
    .bind::<BigInt, _>(most)
    .load(conn)?;
    Ok(rows.into_iter().map(|row| row.id).collect())
}
