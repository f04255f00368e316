//! What alerts are judged by beside what pages show: counts of this moment, of all instances.
//!
//! Invariants: each question reads a stretch of an index that holds only what is not as it should be, or the newest rows; whatever
//! happened between two rounds is seen by the second one, whoever judges it.
//! How to get it wrong: a fact that only one instance knows. Two that judge in turn would raise and clear it for ever.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Nullable, Text, Timestamptz};

use super::channels::looks_read;
use crate::db::engine::connection::Connection;
use crate::db::engine::error::DbError;
use crate::db::numbers::{ON_HOLD, SomeNumbers, some_numbers};
use crate::domain::PoolName;

/// So many missing numbers are named.
const MISSING_NAMED: i64 = 200;
/// And so many others.
const NAMED: i64 = 5;

/// How a comparison with Twilio ended.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct ComparisonEnd {
    /// When.
    #[diesel(sql_type = Timestamptz)]
    pub ended_at: DateTime<Utc>,
    /// Why it broke off.
    #[diesel(sql_type = Nullable<Text>)]
    pub error: Option<String>,
    /// What an operator must do before the next one.
    #[diesel(sql_type = Nullable<Text>)]
    pub problem: Option<String>,
}

impl ComparisonEnd {
    /// Whether all was well.
    #[must_use]
    pub fn is_well(&self) -> bool {
        self.error.is_none() && self.problem.is_none()
    }
}

/// Events with a wrong signature.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, QueryableByName)]
pub struct EventsRefused {
    /// In the last quarter of an hour.
    #[diesel(sql_type = BigInt)]
    pub lately: i64,
    /// In the last hour.
    #[diesel(sql_type = BigInt)]
    pub hour: i64,
    /// The minute of the first one of that hour.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub since: Option<DateTime<Utc>>,
}

/// Everything that was seen.
#[derive(Debug, Clone, Default)]
pub struct AlertsLook {
    /// Pools of which somebody waited since the last round.
    pub emergencies: BTreeSet<PoolName>,
    /// Signups that got nothing in this minute or the last one, pool by pool.
    pub refused: BTreeMap<PoolName, i64>,
    /// Numbers that are not at Twilio.
    pub missing: SomeNumbers,
    /// Numbers that somebody else has a hand in.
    pub in_conflict: SomeNumbers,
    /// Numbers of users whose webhooks are others.
    pub drifted: SomeNumbers,
    /// The last two comparisons that ended, the latest first.
    pub comparisons: Vec<ComparisonEnd>,
    /// Events that are not Twilio's.
    pub events_refused: EventsRefused,
    /// What was seen at Twilio, by name, and when.
    pub looks: BTreeMap<String, (DateTime<Utc>, serde_json::Value)>,
}

/// Looks.
///
/// # Errors
/// When PostgreSQL fails.
pub fn alerts_look(conn: &mut Connection) -> Result<AlertsLook, DbError> {
    Ok(AlertsLook {
        emergencies: emergencies(conn)?,
        refused: refused(conn)?,
        missing: some_numbers(conn, MISSING, MISSING_NAMED)?,
        in_conflict: some_numbers(conn, &in_conflict_sql(), NAMED)?,
        drifted: some_numbers(conn, DRIFTED, NAMED)?,
        comparisons: sql_query(COMPARISONS).load(conn)?,
        events_refused: sql_query(EVENTS_REFUSED).get_result(conn)?,
        looks: looks_read(conn)?,
    })
}

#[derive(QueryableByName)]
struct Pool {
    #[diesel(sql_type = Text)]
    pool: PoolName,
}

/// A wait that began and ended between two rounds is told, too; nobody is told of one from before the first.
fn emergencies(conn: &mut Connection) -> Result<BTreeSet<PoolName>, DbError> {
    let pools: Vec<Pool> = sql_query(
        "SELECT DISTINCT pool FROM purchases
          WHERE trigger = 'emergency' AND created_at > statement_timestamp() - interval '1 hour'
            AND created_at > (SELECT greatest(least(facts_at, clock_timestamp()), clock_timestamp() - interval '1 hour') FROM alert_round)",
    )
    .load(conn)?;
    Ok(pools.into_iter().map(|row| row.pool).collect())
}

fn refused(conn: &mut Connection) -> Result<BTreeMap<PoolName, i64>, DbError> {
    #[derive(QueryableByName)]
    struct Refused {
        #[diesel(sql_type = Text)]
        pool: PoolName,
        #[diesel(sql_type = BigInt)]
        count: i64,
    }
    let rows: Vec<Refused> = sql_query(
        "SELECT pool, sum(count)::bigint AS count FROM signup_refusals
          WHERE minute >= date_trunc('minute', statement_timestamp(), 'UTC') - interval '1 minute'
            AND code NOT IN ('area_code_unavailable', 'country_unavailable')
          GROUP BY pool",
    )
    .load(conn)?;
    Ok(rows.into_iter().map(|row| (row.pool, row.count)).collect())
}

const MISSING: &str = "SELECT id, phone_number, missing_since AS since FROM numbers
    WHERE missing_since IS NOT NULL AND status <> 'released'";

const DRIFTED: &str = "SELECT n.id, n.phone_number, NULL::timestamptz AS since
    FROM numbers n JOIN leases l ON l.number_id = n.id AND l.user_id IS NOT NULL
   WHERE n.webhook_status = 'drifted' AND n.status <> 'released' AND n.missing_since IS NULL";

fn in_conflict_sql() -> String {
    format!(
        "SELECT id, phone_number, since FROM (
            SELECT id, phone_number, held_since AS since FROM numbers
             WHERE {ON_HOLD} AND quarantine_reason IN ('tag_conflict', 'contested') AND missing_since IS NULL
            UNION SELECT n.id, n.phone_number, n.another_tag_since FROM numbers n
              JOIN leases l ON l.number_id = n.id AND l.user_id IS NOT NULL
             WHERE n.another_tag_since IS NOT NULL AND n.missing_since IS NULL) AS c"
    )
}

const COMPARISONS: &str = "SELECT ended_at, error, report ->> 'problem' AS problem FROM reconciliations
    WHERE ended_at IS NOT NULL ORDER BY id DESC LIMIT 2";

const EVENTS_REFUSED: &str = "
    SELECT coalesce(sum(count) FILTER (WHERE minute > statement_timestamp() - interval '15 minutes'), 0)::bigint AS lately,
           coalesce(sum(count), 0)::bigint AS hour, min(minute) AS since
      FROM event_refusals WHERE minute > statement_timestamp() - interval '1 hour'";
