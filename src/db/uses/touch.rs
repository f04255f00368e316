//! A use that the application tells of.
//!
//! Invariants: a thousand are one statement, and the day is told after it: who has the day's row waits for nothing more; whoever is said
//! to be touched keeps their number, because it is looked once more whose it is when the uses are written, which is when a take has
//! either ended or waits.
//! How to get it wrong: writing the day first. Two calls at midnight would wait for each other.

use diesel::Connection as _;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, Bool, Text};

use crate::db::engine::connection::Connection;
use crate::db::engine::error::DbError;
use crate::db::engine::standbys::standbys_have_it;

/// By what numbers are named that were used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// By their users.
    Users,
    /// By themselves.
    Numbers,
}

/// What a touch came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Touched {
    /// How many were used.
    pub touched: u32,
    /// Who has no number, or which numbers nobody has, in the order in which they were told.
    pub unknown: Vec<String>,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    word: String,
    #[diesel(sql_type = Bool)]
    is_known: bool,
}

/// These were used just now.
///
/// # Errors
/// When PostgreSQL fails.
pub fn uses_touch(conn: &mut Connection, whose: Whose, words: &[String]) -> Result<Touched, DbError> {
    // Scalar, because it stays a look-up in an index.
    let number = match whose {
        Whose::Users => "(SELECT l.number_id FROM leases l WHERE l.user_id = told.word)",
        Whose::Numbers => {
            "(SELECT l.number_id FROM leases l
               WHERE l.number_id = (SELECT n.id FROM numbers n WHERE n.phone_number = told.word AND n.status <> 'released')
                 AND l.user_id IS NOT NULL)"
        }
    };
    let asked = format!(
        "WITH told AS MATERIALIZED (
             SELECT word, min(place) AS place FROM unnest($1::text[]) WITH ORDINALITY AS told (word, place) GROUP BY word),
         asked AS MATERIALIZED (SELECT told.word, told.place, {number} AS number_id FROM told)"
    );
    let known = "SELECT word, number_id IS NOT NULL AS is_known FROM asked ORDER BY place";
    let statement = format!(
        "{asked}, written AS (
             INSERT INTO last_uses (number_id, last_used_at, source)
             SELECT number_id, clock_timestamp(), 'touch'
               FROM (SELECT DISTINCT number_id FROM asked WHERE number_id IS NOT NULL) AS used ORDER BY number_id
             ON CONFLICT (number_id) DO UPDATE SET last_used_at = excluded.last_used_at, source = excluded.source
              WHERE last_uses.last_used_at IS NULL OR last_uses.last_used_at < excluded.last_used_at)
         {known}"
    );
    conn.transaction::<_, DbError, _>(|conn| {
        let mut rows: Vec<Row> = sql_query(&statement).bind::<Array<Text>, _>(words).load(conn)?;
        if rows.iter().any(|row| row.is_known) {
            // A take may have held the row of a use until it was over.
            let still: Vec<Row> = sql_query(format!("{asked} {known}")).bind::<Array<Text>, _>(words).load(conn)?;
            for (row, still) in rows.iter_mut().zip(still) {
                row.is_known &= still.is_known;
            }
        }
        let (known, unknown): (Vec<Row>, Vec<Row>) = rows.into_iter().partition(|row| row.is_known);
        if !known.is_empty() {
            sql_query(
                "INSERT INTO touch_days (day) VALUES ((clock_timestamp() AT TIME ZONE 'UTC')::date) ON CONFLICT DO NOTHING",
            )
            .execute(conn)?;
        }
        if !unknown.is_empty() {
            // Who has no number must not have one again after a failover: the application may have given up on them.
            standbys_have_it(conn)?;
        }
        Ok(Touched {
            touched: u32::try_from(known.len()).unwrap_or(u32::MAX),
            unknown: unknown.into_iter().map(|row| row.word).collect(),
        })
    })
}
