//! Who has a number now, and the end of that.
//!
//! Both are asked as often as people sign up, so their statements are [`prepared`].
//! How to get it wrong: a number that goes straight back into stock. What still comes in for its user would reach the next.

use std::time::Duration;

use chrono::{DateTime, Utc};
use diesel::Connection as _;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment};
use diesel::sql_types::{Array, BigInt, Bool, Double, Text, Timestamptz};

use super::row::{Assignment, AssignmentColumns};
use crate::db::engine::connection::Connection;
use crate::db::engine::error::DbError;
use crate::db::engine::prepared::prepared;
use crate::db::engine::standbys::{STANDBYS_HAVE_IT, standbys_have_it};
use crate::db::numbers::{AT_REST, number_rests_for_nobody};
use crate::domain::{PhoneNumber, PoolName, UserId};

/// The live assignments of those of `user_ids` that have one. Where commits wait for a standby, it has them.
///
/// # Errors
/// When PostgreSQL fails.
pub fn assignments_held(conn: &mut Connection, user_ids: &[&str]) -> Result<Vec<Assignment>, DbError> {
    Ok(Held(user_ids).load(conn)?)
}

/// The live assignment of one user. Where commits wait for a standby, it has that there is none, too.
///
/// # Errors
/// When PostgreSQL fails.
pub fn assignment_of(conn: &mut Connection, user_id: &str) -> Result<Option<Assignment>, DbError> {
    let held = Held(&[user_id]).load(conn)?.into_iter().next();
    if held.is_none() {
        standbys_have_it(conn)?;
    }
    Ok(held)
}

/// An assignment that ended.
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
pub struct Release {
    /// Whose it was.
    pub user_id: UserId,
    /// Which number.
    pub phone_number: PhoneNumber,
    /// When it ended.
    pub released_at: DateTime<Utc>,
    /// The number's pool.
    pub pool: PoolName,
}

/// Ends a user's assignment and lays the number to rest for as long as `rest` says for its pool; `None` when the user has none.
///
/// # Errors
/// When PostgreSQL fails.
pub fn assignment_release(
    conn: &mut Connection,
    user_id: &UserId,
    rest: impl Fn(&PoolName) -> Duration,
) -> Result<Option<Release>, DbError> {
    conn.transaction::<_, DbError, _>(|conn| {
        // The number before its lease, and several in the order of their ids, as whoever else changes them locks them. Who has
        // it keeps it meanwhile.
        let locked: Vec<(i64, PoolName, bool)> = Theirs(user_id.as_str()).load(conn)?;
        let Some((number, pool, _)) = locked.iter().find(|(_, _, is_leased)| *is_leased) else {
            // Whoever gave it back before may have had no answer.
            standbys_have_it(conn)?;
            return Ok(None);
        };
        if locked.len() > 1 {
            number_rests_for_nobody(conn, user_id, pool)?;
        }
        // The database writes down what ends here, under the lease's own id: the newest id need not be the last assignment's.
        let ended: Option<i64> = End { number: *number, user_id: user_id.as_str() }.get_result(conn).optional()?;
        let Some(assignment) = ended else { return Ok(None) };
        let lay = Lay { assignment: &assignment, rest_secs: rest(pool).as_secs_f64() };
        Ok(lay.get_result(conn).optional()?)
    })
}

/// The live assignments of users.
struct Held<'a>(&'a [&'a str]);
prepared!(Held, AssignmentColumns);
impl QueryFragment<Pg> for Held<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(
            "SELECT l.user_id, l.phone_number, l.area_code, l.assigned_at, l.source, n.missing_since IS NOT NULL AS missing,
                    l.pool, l.matched
               FROM leases l JOIN numbers n ON n.id = l.number_id WHERE l.user_id = ANY(",
        );
        out.push_bind_param::<Array<Text>, _>(&self.0)?;
        out.push_sql(") AND ");
        out.push_sql(STANDBYS_HAVE_IT);
        Ok(())
    }
}

/// Locks the number that a user has and, if there is any, what rests for them; each with its pool and whether they have it.
struct Theirs<'a>(&'a str);
prepared!(Theirs, (BigInt, Text, Bool));
impl QueryFragment<Pg> for Theirs<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("SELECT id, pool, EXISTS (SELECT 1 FROM leases l WHERE l.number_id = n.id AND l.user_id = ");
        out.push_bind_param::<Text, _>(self.0)?;
        // One bind is enough: it is the first one everywhere.
        out.push_sql(
            ") FROM numbers n
              WHERE id IN (SELECT number_id FROM leases WHERE user_id = $1
                           UNION ALL SELECT id FROM numbers WHERE rests_for = $1 AND EXISTS (SELECT 1 FROM leases WHERE user_id = $1))
              ORDER BY id FOR UPDATE",
        );
        Ok(())
    }
}

/// Ends a lease, if it is still that user's; the assignment's id.
struct End<'a> {
    number: i64,
    user_id: &'a str,
}
prepared!(End, BigInt);
impl QueryFragment<Pg> for End<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("DELETE FROM leases WHERE number_id = ");
        out.push_bind_param::<BigInt, _>(&self.number)?;
        out.push_sql(" AND user_id = ");
        out.push_bind_param::<Text, _>(self.user_id)?;
        out.push_sql(" RETURNING assignment_id");
        Ok(())
    }
}

/// Lays the number of an assignment that just ended to rest.
struct Lay<'a> {
    assignment: &'a i64,
    rest_secs: f64,
}
prepared!(Lay, (Text, Text, Timestamptz, Text));
impl QueryFragment<Pg> for Lay<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("WITH ended AS (SELECT number_id, user_id, released_at, ");
        out.push_bind_param::<Double, _>(&self.rest_secs)?;
        out.push_sql("::float8 AS rest_secs FROM past_assignments WHERE id = ");
        out.push_bind_param::<BigInt, _>(self.assignment)?;
        out.push_sql(") UPDATE numbers n SET ");
        out.push_sql(AT_REST);
        out.push_sql(" FROM ended WHERE n.id = ended.number_id RETURNING ended.user_id, n.phone_number, ended.released_at, n.pool");
        Ok(())
    }
}
