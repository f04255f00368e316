//! The thresholds that foresight sets: one row for each pool, under whose lock it is decided.
//!
//! Invariants: a change, the pass that tells it and its line in the audit trail are one transaction; whichever instance comes
//! second finds the first one's change, and what it would change is a trifle by then.
//! How to get it wrong: deciding by what an instance remembers. Two of them would take turns.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use diesel::Connection as _;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Integer, Nullable, Text, Timestamptz};
use serde_json::json;
use uuid::Uuid;

use crate::db::audit::{AuditRow, audit_write};
use crate::db::engine::connection::Connection;
use crate::db::engine::error::DbError;
use crate::db::passes::{PassLine, pass_record};
use crate::domain::foresight::{Change, Held, Lower, hold};
use crate::domain::{PoolName, Trigger};

/// Advice that shall take effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advised {
    /// For which pool.
    pub pool: PoolName,
    /// The threshold.
    pub threshold: u32,
    /// What is configured: it never goes below.
    pub configured: u32,
    /// What made it so large, for people.
    pub because: String,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Integer)]
    in_force: i32,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    lower_since: Option<DateTime<Utc>>,
    #[diesel(sql_type = Nullable<Integer>)]
    lower_most: Option<i32>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    changed_at: Option<DateTime<Utc>>,
    #[diesel(sql_type = Timestamptz)]
    now: DateTime<Utc>,
}

impl Row {
    fn held(&self) -> Held {
        let lower = self.lower_since.zip(self.lower_most);
        Held {
            in_force: count(self.in_force),
            lower: lower.map(|(since, most)| Lower { since: since.timestamp_millis(), highest: count(most) }),
            changed_at: self.changed_at.map_or(i64::MIN, |at| at.timestamp_millis()),
        }
    }
}

/// Decides what of the advice takes effect, and writes it down with its reason; `None` = the threshold stays.
///
/// # Errors
/// When PostgreSQL fails; then nothing was changed.
pub fn threshold_hold(conn: &mut Connection, advised: &Advised) -> Result<Option<Change>, DbError> {
    conn.transaction(|conn| {
        sql_query(
            "INSERT INTO pool_thresholds (pool, in_force, advised, why) VALUES ($1, $2, $3, $4) ON CONFLICT (pool) DO NOTHING",
        )
        .bind::<Text, _>(advised.pool.as_str())
        .bind::<Integer, _>(integer(advised.configured))
        .bind::<Integer, _>(integer(advised.threshold))
        .bind::<Text, _>(&advised.because)
        .execute(conn)?;
        let row: Row = sql_query(
            "SELECT in_force, lower_since, lower_most, changed_at, clock_timestamp() AS now
               FROM pool_thresholds WHERE pool = $1 FOR UPDATE",
        )
        .bind::<Text, _>(advised.pool.as_str())
        .get_result(conn)?;
        let (held, change) =
            hold(Some(row.held()), advised.threshold, advised.configured, row.now.timestamp_millis());
        let instant = |millis: i64| DateTime::from_timestamp_millis(millis);
        sql_query(
            "UPDATE pool_thresholds SET in_force = $2, advised = $3, lower_since = $4, lower_most = $5, changed_at = $6,
                    why = CASE WHEN $7 THEN $8 ELSE why END
              WHERE pool = $1",
        )
        .bind::<Text, _>(advised.pool.as_str())
        .bind::<Integer, _>(integer(held.in_force))
        .bind::<Integer, _>(integer(advised.threshold))
        .bind::<Nullable<Timestamptz>, _>(held.lower.and_then(|lower| instant(lower.since)))
        .bind::<Nullable<Integer>, _>(held.lower.map(|lower| integer(lower.highest)))
        .bind::<Nullable<Timestamptz>, _>(if change.is_some() { Some(row.now) } else { row.changed_at })
        .bind::<diesel::sql_types::Bool, _>(change.is_some())
        .bind::<Text, _>(&advised.because)
        .execute(conn)?;
        if let Some(change) = change {
            tell(conn, advised, change, row.now)?;
        }
        Ok(change)
    })
}

fn tell(conn: &mut Connection, advised: &Advised, change: Change, now: DateTime<Utc>) -> Result<(), DbError> {
    let Advised { pool, configured, because, .. } = advised;
    let Change { from, to } = change;
    let reason = if to > from { "threshold_raised" } else { "threshold_lowered" };
    let detail = format!("from {from} to {to}: {because}");
    let line = PassLine { pool, trigger: Trigger::Threshold, reason, bought: 0, error: None, detail: Some(&detail) };
    pass_record(conn, &line)?;
    let row = AuditRow {
        call_id: Uuid::new_v4(),
        at: now,
        who: "foresight".to_owned(),
        address: None,
        action: "threshold_set".to_owned(),
        method: None,
        path: None,
        detail: json!({"pool": pool, "from": from, "to": to, "configured": configured, "because": because}),
        result: None,
        code: None,
        request_id: None,
    };
    audit_write(conn, &[row])
}

/// What is in force, pool by pool.
///
/// # Errors
/// When PostgreSQL fails.
pub fn thresholds_read(conn: &mut Connection) -> Result<BTreeMap<PoolName, u32>, DbError> {
    #[derive(QueryableByName)]
    struct InForce {
        #[diesel(sql_type = Text)]
        pool: PoolName,
        #[diesel(sql_type = Integer)]
        in_force: i32,
    }
    let rows: Vec<InForce> = sql_query("SELECT pool, in_force FROM pool_thresholds").load(conn)?;
    Ok(rows.into_iter().map(|row| (row.pool, count(row.in_force))).collect())
}

fn integer(count: u32) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

fn count(integer: i32) -> u32 {
    u32::try_from(integer).unwrap_or_default()
}
