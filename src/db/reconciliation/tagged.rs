//! Idle numbers that are held because another environment's tag stands on them.
//!
//! Invariant: more than can be true are not held without somebody being called first, however slowly it goes: what was
//! held for this in the last day and still is counts.
//! How to get it wrong: holding one by one whatever somebody renamed. A pool that is held is bought anew.

use diesel::Connection as _;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Bool};

use super::missing::EXPECTED;
use crate::db::engine::connection::Connection;
use crate::db::engine::error::DbError;
use crate::domain::too_many;

/// Whoever's rest is over or not: nobody has it.
const IDLE: &str = "(status = 'available' OR quarantine_reason IS NOT DISTINCT FROM 'released')";

/// What became of a number that carries another environment's tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TagHold {
    /// Nobody is given it until an operator decides.
    Held,
    /// It is somebody's, held, leaving or gone: nothing was changed.
    NotIdle,
    /// With it so many would be held in a day, of so many, which is more than can be true: nothing was changed.
    TooMany(usize, i64),
}

/// Another environment's tag stands on an idle number: nobody is given it until an operator decides. `whatever_the_count` =
/// an operator said that it is so, or was called and buying is halted.
///
/// # Errors
/// When PostgreSQL fails.
pub fn number_hold_tag_conflict(conn: &mut Connection, id: i64, whatever_the_count: bool) -> Result<TagHold, DbError> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = BigInt)]
        held: i64,
        #[diesel(sql_type = BigInt)]
        live: i64,
        #[diesel(sql_type = Bool)]
        counts: bool,
    }
    conn.transaction::<_, DbError, _>(|conn| {
        if !whatever_the_count {
            // One counts after the other, and sees what those before held.
            sql_query("SELECT only_one FROM installation FOR NO KEY UPDATE").execute(conn)?;
            let row: Row = sql_query(format!(
                "SELECT count(*) FILTER (WHERE id <> $1 AND quarantine_reason = 'tag_conflict'
                                           AND held_since > clock_timestamp() - interval '24 hours') AS held,
                        count(*) AS live,
                        coalesce(bool_or(id = $1 AND {IDLE}), false) AS counts
                   FROM numbers WHERE {EXPECTED}"
            ))
            .bind::<BigInt, _>(id)
            .get_result(conn)?;
            let would_be = usize::try_from(row.held).unwrap_or_default() + 1;
            if row.counts && too_many(would_be, row.live) {
                return Ok(TagHold::TooMany(would_be, row.live));
            }
        }
        let held = sql_query(format!(
            "UPDATE numbers SET status = 'quarantined', quarantine_reason = 'tag_conflict', quarantined_until = NULL,
                    rests_for = NULL, held_since = clock_timestamp()
              WHERE id = $1 AND {IDLE}"
        ))
        .bind::<BigInt, _>(id)
        .execute(conn)?;
        Ok(if held > 0 { TagHold::Held } else { TagHold::NotIdle })
    })
}
