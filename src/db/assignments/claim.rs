//! The claim that hands out stock, and the giving back of what rests.
//!
//! Invariants: the claim takes the oldest ready numbers and skips locked ones, so instances never wait for each other; a
//! user who has a number, or one that still rests after its release, is left to `assignments_held` and
//! `assignments_restore`.
//! How to get it wrong: taking fewer rows than asked for "empty". Another transaction may hold the last row and roll
//! back; look again with `stock_available_up_to` before anything costs money. And `LIMIT` stays a bind: a sub-select
//! there makes the planner read the whole table.

use diesel::Connection as _;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Nullable, Text};

use super::row::{Assignment, AssignmentColumns, Region};
use crate::db::engine::connection::Connection;
use crate::db::engine::error::DbError;
use crate::db::numbers::{FIT, fit, leased, numbers_come_back, stock};
use crate::domain::{AreaCode, AssignmentSource, CountryCode, PoolName};

/// The statement for one signup, and the statement for many: prepared once per connection, because planning would take
/// longer than running (diesel never caches `sql_query`).
enum Claim<'a> {
    One(&'a PoolName, &'a str),
    Many(&'a PoolName, &'a [&'a str], i64),
}

/// Users in one statement; the limit inside it says the same.
pub const CLAIM_MAX: usize = 256;

/// Names the two statements for diesel's cache of prepared statements.
struct ClaimOneId;
struct ClaimManyId;

macro_rules! cached_statement {
    ($name:ident, $id:ident) => {
        struct $name<'a>(Claim<'a>);
        impl QueryId for $name<'_> {
            type QueryId = $id;
            const HAS_STATIC_QUERY_ID: bool = true;
        }
        impl Query for $name<'_> {
            type SqlType = AssignmentColumns;
        }
        impl RunQueryDsl<Connection> for $name<'_> {}
        impl QueryFragment<Pg> for $name<'_> {
            fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
                self.0.walk(out)
            }
        }
    };
}
cached_statement!(ClaimOne, ClaimOneId);
cached_statement!(ClaimMany, ClaimManyId);

/// Neither has the user a number, nor does one rest for them that is fit to go back to them. Scalar sub-selects, because
/// they stay look-ups in an index: `NOT EXISTS` would become a join, and a join planned while the tables were small reads
/// them whole when they are large.
///
/// Whose own number is unfit right now (drifted, missing) is a newcomer: a signup must not fail while stock is idle. The
/// number rests on for them all the same, so whoever finds the pool empty gets it back as soon as it is repaired. Nobody
/// gets two by this: a live assignment is unique by index, restoring asks only for users who have none (and runs into
/// that index if two are at it), and the next release clears what rested before.
const NEWCOMER: &str = concat!(
    "
    coalesce((SELECT false FROM leases l WHERE l.user_id = asked.user_id), true)
    AND coalesce((SELECT NOT (",
    fit!(),
    ") FROM numbers r WHERE r.rests_for = asked.user_id), true)"
);

/// Nobody on the waitlist would take the number of the lease `f`. The first half is asked once, the second per number, and
/// hardly ever.
macro_rules! nobody_first {
    () => {
        "(NOT EXISTS (SELECT 1 FROM waiters WHERE expires_at > now())
     OR NOT EXISTS (SELECT 1 FROM waiters w WHERE w.expires_at > now() AND (w.country IS NULL OR w.country = f.country)))"
    };
}

/// The free leases of a pool, which comes right before this, that a newcomer may take; before any order and limit.
const FREE_FOR_ALL: &str = concat!(" AND ", stock!(), " AND ", nobody_first!());

/// What a signup writes, and nothing else; `user_id` comes first.
const TAKES: &str = concat!(", source = 'pool', assigned_at = clock_timestamp(), ", leased!());

/// The columns of an assignment, of the lease `t` that was just taken. What is ready is not missing.
const TAKEN: &str = " RETURNING t.user_id, t.phone_number, t.area_code, t.assigned_at, t.source, false AS missing,
    t.pool, t.matched";

impl<'a> Claim<'a> {
    fn walk<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        match self {
            Claim::One(pool, user_id) => {
                out.push_sql("UPDATE leases t SET user_id = ");
                out.push_bind_param::<Text, _>(user_id)?;
                out.push_sql(TAKES);
                out.push_sql(" WHERE number_id = (SELECT number_id FROM leases f WHERE pool = ");
                out.push_bind_param::<Text, _>(pool.as_str())?;
                out.push_sql(FREE_FOR_ALL);
                // The question comes first and once; a join would read and sort all stock before the limit.
                out.push_sql(" AND (SELECT ");
                out.push_sql(NEWCOMER);
                out.push_sql(" FROM (SELECT $1::text AS user_id) AS asked)");
                out.push_sql(" ORDER BY purchased_at, number_id LIMIT 1 FOR UPDATE SKIP LOCKED)");
            }
            Claim::Many(pool, user_ids, most) => {
                // Every estimate is the same for any size, so PostgreSQL keeps one plan: sub-scripts instead of an
                // array's rows, and a constant limit inside the bound one. Rows are locked one by one, as they are taken.
                out.push_sql("WITH users AS (SELECT ");
                out.push_bind_param::<Array<Text>, _>(user_ids)?;
                out.push_sql(
                    "::text[] AS ids), newcomers AS (SELECT user_id, row_number() OVER (ORDER BY position) AS place FROM (
                        SELECT ids[position] AS user_id, position FROM users, generate_subscripts(ids, 1) AS position
                        ) AS asked WHERE ",
                );
                out.push_sql(NEWCOMER);
                out.push_sql(
                    "), picked AS (SELECT number_id, row_number() OVER () AS place FROM (SELECT number_id FROM (
                        SELECT number_id FROM leases f WHERE pool = ",
                );
                out.push_bind_param::<Text, _>(pool.as_str())?;
                out.push_sql(FREE_FOR_ALL);
                out.push_sql(" ORDER BY purchased_at, number_id LIMIT 256 FOR UPDATE SKIP LOCKED) AS oldest LIMIT ");
                out.push_bind_param::<BigInt, _>(most)?;
                out.push_sql(
                    ") AS enough), paired AS (SELECT user_id, number_id FROM newcomers JOIN picked USING (place))
                     UPDATE leases t SET user_id = paired.user_id",
                );
                out.push_sql(TAKES);
                out.push_sql(" FROM paired WHERE t.number_id = paired.number_id");
            }
        }
        out.push_sql(TAKEN);
        Ok(())
    }
}

/// Gives each of `user_ids` (distinct) that is a newcomer the oldest ready number of `pool`, in one statement, as far as
/// stock goes; at most [`CLAIM_MAX`] of them. Nobody is served while somebody is on the waitlist.
///
/// # Errors
/// [`DbError::Constraint`] with `OneLivePerUser` when a user got a number elsewhere meanwhile; then nothing happened.
pub fn assignments_claim(
    conn: &mut Connection,
    pool: &PoolName,
    user_ids: &[&str],
) -> Result<Vec<Assignment>, DbError> {
    Ok(match user_ids {
        [] => Vec::new(),
        [one] => ClaimOne(Claim::One(pool, one)).load(conn)?,
        many => ClaimMany(Claim::Many(pool, many, i64::try_from(many.len()).unwrap_or(i64::MAX))).load(conn)?,
    })
}

/// The same for users who want a number of `region`. [`AssignmentSource::Emergency`] is the waitlist itself being served.
///
/// # Errors
/// As [`assignments_claim`].
pub fn assignments_claim_in(
    conn: &mut Connection,
    pool: &PoolName,
    user_ids: &[&str],
    region: Region,
    source: AssignmentSource,
) -> Result<Vec<Assignment>, DbError> {
    Ok(sql_query(format!(
        "WITH newcomers AS (
             SELECT user_id, row_number() OVER (ORDER BY position) AS place
               FROM unnest($1::text[]) WITH ORDINALITY AS asked (user_id, position)
              WHERE NOT EXISTS (SELECT 1 FROM leases l WHERE l.user_id = asked.user_id)
                AND NOT EXISTS (SELECT 1 FROM numbers r WHERE r.rests_for = asked.user_id AND {FIT})),
         picked AS (SELECT number_id, row_number() OVER () AS place FROM (
             SELECT number_id FROM leases f
              WHERE pool = $6 AND {} AND ($3 IS NULL OR country = $3) AND ($4 IS NULL OR area_code = $4)
                AND ($5 = 'emergency' OR {})
              ORDER BY purchased_at, number_id LIMIT $2 FOR UPDATE SKIP LOCKED) AS oldest),
         paired AS (SELECT newcomers.user_id, picked.number_id FROM newcomers JOIN picked USING (place))
         UPDATE leases t SET user_id = paired.user_id, source = $5, assigned_at = clock_timestamp(), {}
           FROM paired WHERE t.number_id = paired.number_id{TAKEN}",
        stock!(),
        nobody_first!(),
        leased!()
    ))
    .bind::<Array<Text>, _>(user_ids)
    .bind::<BigInt, _>(i64::try_from(user_ids.len()).unwrap_or(i64::MAX))
    .bind::<Nullable<Text>, _>(region.country.as_ref().map(CountryCode::as_str))
    .bind::<Nullable<Text>, _>(region.area_code.as_ref().map(AreaCode::as_str))
    .bind::<Text, _>(source.as_str())
    .bind::<Text, _>(pool.as_str())
    .load(conn)?)
}

/// Gives back to each of `user_ids` the number that still rests for them, if it is fit; if it is not, it rests on
/// for them, and until it is mended they are newcomers.
///
/// # Errors
/// As [`assignments_claim`].
pub fn assignments_restore(conn: &mut Connection, user_ids: &[&str]) -> Result<Vec<Assignment>, DbError> {
    conn.transaction::<_, DbError, _>(|conn| {
        // Waits for whoever holds it: skipped, its user would count as a newcomer without a number.
        let resting: Vec<Resting> = sql_query(format!(
            "SELECT id, rests_for AS user_id FROM numbers WHERE rests_for = ANY($1) AND {FIT} ORDER BY id FOR UPDATE"
        ))
        .bind::<Array<Text>, _>(user_ids)
        .load(conn)?;
        if resting.is_empty() {
            return Ok(Vec::new());
        }
        let (ids, users): (Vec<i64>, Vec<String>) = resting.into_iter().map(|row| (row.id, row.user_id)).unzip();
        numbers_come_back(conn, &ids)?;
        Ok(sql_query(format!(
            "UPDATE leases t SET user_id = back.user_id, source = 'pool', assigned_at = clock_timestamp(), {}
               FROM unnest($1::bigint[], $2::text[]) AS back (number_id, user_id)
              WHERE t.number_id = back.number_id{TAKEN}",
            leased!()
        ))
        .bind::<Array<BigInt>, _>(ids)
        .bind::<Array<Text>, _>(users)
        .load(conn)?)
    })
}

#[derive(QueryableByName)]
struct Resting {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = Text)]
    user_id: String,
}
