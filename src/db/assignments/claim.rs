//! The claim that hands out stock, and the giving back of what rests.
//!
//! Invariants: the claim takes the oldest ready numbers and skips locked ones, so instances never wait for each other; a
//! user who has a number, or one that still rests after its release, is left to `assignments_held` and
//! `assignments_restore`.
//! How to get it wrong: taking fewer rows than asked for "empty". Another transaction may hold the last row and roll
//! back; look again with `stock_available_up_to` before anything costs money. And `LIMIT` stays a bind: a sub-select
//! there makes the planner read the whole table.

use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Nullable, Text};

use super::row::{Assignment, AssignmentColumns, Region};
use crate::db::engine::connection::Connection;
use crate::db::engine::error::DbError;
use crate::db::numbers::{FIT, SOMEBODYS, fit};
use crate::domain::{AreaCode, AssignmentSource, CountryCode};

/// The statement for one signup, and the statement for many: prepared once per connection, because planning would take
/// longer than running (diesel never caches `sql_query`).
enum Claim<'a> {
    One(&'a str),
    Many(&'a [&'a str], i64),
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
    coalesce((SELECT false FROM assignments a WHERE a.user_id = asked.user_id AND a.released_at IS NULL), true)
    AND coalesce((SELECT NOT (",
    fit!(),
    ") FROM numbers r WHERE r.rests_for = asked.user_id), true)"
);

/// Nobody on the waitlist would take this number. The first half is asked once, the second per number, and hardly ever.
const NOBODY_FIRST: &str = "
    (NOT EXISTS (SELECT 1 FROM waiters WHERE expires_at > now())
     OR NOT EXISTS (SELECT 1 FROM waiters w WHERE w.expires_at > now() AND (w.country IS NULL OR w.country = numbers.country)))";

impl<'a> Claim<'a> {
    fn walk<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        match self {
            Claim::One(user_id) => {
                out.push_sql("WITH asked AS (SELECT ");
                out.push_bind_param::<Text, _>(user_id)?;
                // The question comes first and once; a join would read and sort all stock before the limit.
                out.push_sql("::text AS user_id), picked AS (SELECT id, phone_number, area_code FROM numbers WHERE ready AND (SELECT ");
                out.push_sql(NEWCOMER);
                out.push_sql(" FROM asked) AND ");
                out.push_sql(NOBODY_FIRST);
                out.push_sql(
                    " ORDER BY purchased_at, id LIMIT 1 FOR UPDATE SKIP LOCKED),
                    paired AS (SELECT user_id, id, phone_number, area_code, clock_timestamp() AS assigned_at
                                 FROM asked, picked)",
                );
            }
            Claim::Many(user_ids, most) => {
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
                    "), picked AS (SELECT id, phone_number, area_code, row_number() OVER () AS place FROM (
                        SELECT id, phone_number, area_code FROM (
                            SELECT id, phone_number, area_code FROM numbers WHERE ready AND ",
                );
                out.push_sql(NOBODY_FIRST);
                out.push_sql(" ORDER BY purchased_at, id LIMIT 256 FOR UPDATE SKIP LOCKED) AS oldest LIMIT ");
                out.push_bind_param::<BigInt, _>(most)?;
                out.push_sql(
                    ") AS enough), paired AS (SELECT user_id, id, phone_number, area_code, clock_timestamp() AS assigned_at
                                                FROM newcomers JOIN picked USING (place))",
                );
            }
        }
        out.push_sql(", moved AS (UPDATE numbers n SET ");
        out.push_sql(SOMEBODYS);
        out.push_sql(
            " FROM paired WHERE n.id = paired.id),
               recorded AS (INSERT INTO assignments (number_id, user_id, source, assigned_at)
                            SELECT id, user_id, 'pool', assigned_at FROM paired)
             SELECT user_id, phone_number, area_code, assigned_at, 'pool', false FROM paired",
        );
        Ok(())
    }
}

/// Gives each of `user_ids` (distinct) that is a newcomer the oldest ready number, in one statement, as far as stock
/// goes; at most [`CLAIM_MAX`] of them. Nobody is served while somebody is on the waitlist.
///
/// # Errors
/// [`DbError::Constraint`] with `OneLivePerUser` when a user got a number elsewhere meanwhile; then nothing happened.
pub fn assignments_claim(conn: &mut Connection, user_ids: &[&str]) -> Result<Vec<Assignment>, DbError> {
    Ok(match user_ids {
        [] => Vec::new(),
        [one] => ClaimOne(Claim::One(one)).load(conn)?,
        many => ClaimMany(Claim::Many(many, i64::try_from(many.len()).unwrap_or(i64::MAX))).load(conn)?,
    })
}

/// The same for users who want a number of `region`. [`AssignmentSource::Emergency`] is the waitlist itself being served.
///
/// # Errors
/// As [`assignments_claim`].
pub fn assignments_claim_in(
    conn: &mut Connection,
    user_ids: &[&str],
    region: Region,
    source: AssignmentSource,
) -> Result<Vec<Assignment>, DbError> {
    Ok(sql_query(format!(
        "WITH newcomers AS (
             SELECT user_id, row_number() OVER (ORDER BY position) AS place
               FROM unnest($1::text[]) WITH ORDINALITY AS asked (user_id, position)
              WHERE NOT EXISTS (SELECT 1 FROM assignments a WHERE a.user_id = asked.user_id AND a.released_at IS NULL)
                AND NOT EXISTS (SELECT 1 FROM numbers r WHERE r.rests_for = asked.user_id AND {FIT})),
         picked AS (SELECT id, phone_number, area_code, row_number() OVER () AS place FROM (
             SELECT id, phone_number, area_code FROM numbers
              WHERE ready AND ($3 IS NULL OR country = $3) AND ($4 IS NULL OR area_code = $4)
                AND ($5 = 'emergency' OR {NOBODY_FIRST})
              ORDER BY purchased_at, id LIMIT $2 FOR UPDATE SKIP LOCKED) AS oldest),
         paired AS (SELECT newcomers.user_id, picked.id, picked.phone_number, picked.area_code
                      FROM newcomers JOIN picked USING (place)),
         moved AS (UPDATE numbers n SET {SOMEBODYS} FROM paired WHERE n.id = paired.id),
         recorded AS (INSERT INTO assignments (number_id, user_id, source)
                      SELECT id, user_id, $5 FROM paired RETURNING number_id, assigned_at, source)
         SELECT paired.user_id, paired.phone_number, paired.area_code, recorded.assigned_at, recorded.source, false AS missing
           FROM paired JOIN recorded ON recorded.number_id = paired.id",
    ))
    .bind::<Array<Text>, _>(user_ids)
    .bind::<BigInt, _>(i64::try_from(user_ids.len()).unwrap_or(i64::MAX))
    .bind::<Nullable<Text>, _>(region.country.as_ref().map(CountryCode::as_str))
    .bind::<Nullable<Text>, _>(region.area_code.as_ref().map(AreaCode::as_str))
    .bind::<Text, _>(source.as_str())
    .load(conn)?)
}

/// Gives back to each of `user_ids` the number that still rests for them, if it is fit; if it is not, it rests on
/// for them, and until it is mended they are newcomers.
///
/// # Errors
/// As [`assignments_claim`].
pub fn assignments_restore(conn: &mut Connection, user_ids: &[&str]) -> Result<Vec<Assignment>, DbError> {
    Ok(sql_query(format!(
        "WITH resting AS (
             SELECT id, rests_for AS user_id, phone_number, area_code FROM numbers
              WHERE rests_for = ANY($1) AND {FIT}
              -- Waits for whoever holds it: skipped, its user would count as a newcomer without a number.
              FOR UPDATE),
         moved AS (UPDATE numbers n SET {SOMEBODYS} FROM resting WHERE n.id = resting.id),
         recorded AS (INSERT INTO assignments (number_id, user_id, source)
                      SELECT id, user_id, 'pool' FROM resting RETURNING number_id, assigned_at, source)
         SELECT resting.user_id, resting.phone_number, resting.area_code, recorded.assigned_at, recorded.source, false AS missing
           FROM resting JOIN recorded ON recorded.number_id = resting.id",
    ))
    .bind::<Array<Text>, _>(user_ids)
    .load(conn)?)
}
