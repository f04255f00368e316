//! A notice is written: for one number, if nothing is in the way.
//!
//! How to get it wrong: telling of a use that nobody knew when the words were written. They are written once, with the row.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::Connection as _;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use uuid::Uuid;

use crate::db::engine::connection::Connection;
use crate::db::engine::error::DbError;
use crate::db::numbers::{OwnedNumber, number_lock};
use crate::db::uses::uses_evidence;
use crate::domain::recycling::{
    Assigned, Facts, LastUse, NoticeBody, Refused, Rules, UseSource, last_use_told, may_be_noticed,
};

/// How notices are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notices {
    /// How recycling is set.
    pub rules: Rules,
    /// Whether the application's word counts.
    pub by_touch: bool,
    /// How long there is time to answer.
    pub notice_days: u16,
    /// Who asks for them; `None` = the mode.
    pub by: Option<String>,
}

/// A number as the rule wants it, and the lease that it is of.
pub(super) struct Standing {
    pub(super) number: OwnedNumber,
    pub(super) assignment: Option<i64>,
    pub(super) last_used: Option<LastUse>,
}

#[derive(QueryableByName)]
struct Used {
    #[diesel(sql_type = Nullable<BigInt>)]
    assignment_id: Option<i64>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    last_used_at: Option<DateTime<Utc>>,
    #[diesel(sql_type = Nullable<Text>)]
    source: Option<UseSource>,
}

impl Standing {
    /// Locks a number, its lease and what is known of its use, and reads them as they are then.
    pub(super) fn locked(conn: &mut Connection, number_id: i64) -> Result<Self, DbError> {
        // What rests for its user is locked with it, in the order of the ids, as whoever releases the number does.
        sql_query(
            "SELECT 1 FROM numbers WHERE id IN (SELECT $1 UNION ALL SELECT id FROM numbers
                WHERE rests_for = (SELECT user_id FROM leases WHERE number_id = $1)) ORDER BY id FOR UPDATE",
        )
        .bind::<BigInt, _>(number_id)
        .execute(conn)?;
        let number = number_lock(conn, number_id)?;
        // A row without a use is there to be locked: a touch waits for it.
        sql_query("INSERT INTO last_uses (number_id) VALUES ($1) ON CONFLICT DO NOTHING")
            .bind::<BigInt, _>(number_id)
            .execute(conn)?;
        sql_query("SELECT 1 FROM last_uses WHERE number_id = $1 FOR UPDATE")
            .bind::<BigInt, _>(number_id)
            .execute(conn)?;
        let used: Used = sql_query(
            "SELECT (SELECT l.assignment_id FROM leases l WHERE l.number_id = u.number_id) AS assignment_id, u.last_used_at, u.source
               FROM last_uses u WHERE u.number_id = $1",
        )
        .bind::<BigInt, _>(number_id)
        .get_result(conn)?;
        let last_used = used.last_used_at.zip(used.source).map(|(at, source)| LastUse { at, source });
        Ok(Self { number, assignment: used.assignment_id, last_used })
    }

    /// What the rule wants to know; `noticed` is the assignment that was told of.
    pub(super) fn facts(&self, noticed: Option<i64>) -> Facts {
        let is_noticed_one = noticed.is_some() && noticed == self.assignment;
        Facts {
            assigned: self.number.assigned_at.map(|at| Assigned { at, is_noticed_one }),
            last_used: self.last_used,
            is_protected: self.number.protected_at.is_some(),
        }
    }
}

/// Writes a notice of this number, if nothing is in the way; else what is.
///
/// # Errors
/// When PostgreSQL fails.
pub fn recycling_intend(
    conn: &mut Connection,
    number_id: i64,
    notices: &Notices,
) -> Result<Result<Uuid, Refused>, DbError> {
    conn.transaction::<_, DbError, _>(|conn| {
        let standing = Standing::locked(conn, number_id)?;
        let is_noticed = open(conn, number_id)?;
        let (evidence, now) = uses_evidence(conn, notices.rules.inactive_days, notices.by_touch)?;
        let facts = standing.facts(None);
        let unused_since = match may_be_noticed(&facts, &evidence, &notices.rules, is_noticed, now) {
            Ok(unused_since) => unused_since,
            Err(refused) => return Ok(Err(refused)),
        };
        let number = &standing.number;
        let (Some(assignment), Some(assigned_at), Some(user_id)) =
            (standing.assignment, number.assigned_at, number.user_id.clone())
        else {
            return Ok(Err(Refused::NotAssigned));
        };
        let id = Uuid::now_v7();
        let told = last_use_told(assigned_at, standing.last_used);
        let which = (number.phone_number.clone(), number.pool.clone());
        let take_after = now + TimeDelta::days(i64::from(notices.notice_days));
        let body = NoticeBody::new(which, user_id, told, now, take_after).text();
        sql_query(
            "INSERT INTO recyclings (id, number_id, assignment_id, unused_since, body, requested_by) VALUES ($1, $2, $3, $4, $5, $6)",
        )
        .bind::<SqlUuid, _>(id)
        .bind::<BigInt, _>(number_id)
        .bind::<BigInt, _>(assignment)
        .bind::<Timestamptz, _>(unused_since)
        .bind::<Text, _>(body)
        .bind::<Nullable<Text>, _>(notices.by.as_deref())
        .execute(conn)?;
        Ok(Ok(id))
    })
}

fn open(conn: &mut Connection, number_id: i64) -> Result<bool, DbError> {
    use crate::db::engine::schema::recyclings;
    let of_it = recyclings::table.filter(recyclings::number_id.eq(number_id));
    let open = of_it.filter(recyclings::state.eq_any(["intended", "noticed"]));
    Ok(diesel::select(diesel::dsl::exists(open)).get_result(conn)?)
}

/// Numbers of which the mode writes notices: inactive, not protected, without one that is open; as many as there is still room for in the day, and
/// `most` at most.
///
/// # Errors
/// When PostgreSQL fails.
pub fn recyclings_suggest(conn: &mut Connection, notices: &Notices, most: i64) -> Result<Vec<i64>, DbError> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = BigInt)]
        number_id: i64,
    }
    let (evidence, now) = uses_evidence(conn, notices.rules.inactive_days, notices.by_touch)?;
    let window = crate::domain::recycling::Window::before(now, notices.rules.inactive_days);
    if !evidence.covers(window) {
        return Ok(Vec::new());
    }
    let rows: Vec<Row> = sql_query(
        "SELECT l.number_id FROM leases l
           LEFT JOIN last_uses u ON u.number_id = l.number_id
          WHERE l.user_id IS NOT NULL AND l.assigned_at < $1 AND (u.last_used_at IS NULL OR u.last_used_at < $1)
            AND (SELECT n.protected_at IS NULL FROM numbers n WHERE n.id = l.number_id)
            AND NOT EXISTS (SELECT 1 FROM recyclings r WHERE r.number_id = l.number_id AND r.state IN ('intended', 'noticed'))
          ORDER BY l.number_id
          LIMIT least($2, greatest(0, $3 - (SELECT count(*) FROM recyclings
                WHERE requested_by IS NULL AND intended_at > statement_timestamp() - interval '1 day')))",
    )
    .bind::<Timestamptz, _>(window.from)
    .bind::<BigInt, _>(most)
    .bind::<BigInt, _>(i64::from(notices.rules.per_day_max))
    .load(conn)?;
    Ok(rows.into_iter().map(|row| row.number_id).collect())
}

/// What was told of a number ends: an operator protects it. The caller has locked the number.
pub(in crate::db) fn recyclings_end_protected(conn: &mut Connection, number_id: i64) -> Result<(), DbError> {
    sql_query(
        "WITH over AS (UPDATE recyclings SET state = 'ended', why = 'protected', ended_at = clock_timestamp(), claimed_until = NULL
                        WHERE number_id = $1 AND state IN ('intended', 'noticed') RETURNING number_id, noticed_at)
         INSERT INTO number_notes (number_id, note, detail)
         SELECT number_id, 'recycling_ended', 'protected' FROM over WHERE noticed_at IS NOT NULL",
    )
    .bind::<BigInt, _>(number_id)
    .execute(conn)?;
    Ok(())
}
