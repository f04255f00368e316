//! The audit trail's table: rows come, and go when they are old enough. PostgreSQL refuses everything else.
//!
//! How to get it wrong: deleting by a time of the daemon's own. `audit_kept_since()` is what the trigger goes by.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Bool, Integer};
use serde_json::Value;
use uuid::Uuid;

use super::engine::connection::Connection;
use super::engine::error::DbError;
use super::engine::schema::audit;
use super::purchases::purchases_outcomes;
use super::slice::Slice;
use crate::domain::OrderOutcome;

/// The condition of audit_acts_idx, word by word; with bound parameters PostgreSQL could not tell that it is.
const IS_ACT: &str = "(method IS NULL OR method NOT IN ('GET', 'HEAD'))";

/// One row on its way in.
#[derive(Debug, Clone, PartialEq, Insertable)]
#[diesel(table_name = audit)]
pub struct AuditRow {
    /// Ours: the same row written twice stands there once.
    pub call_id: Uuid,
    /// When it was asked.
    pub at: DateTime<Utc>,
    /// A key's name; for one without, its fingerprint or `session:<fingerprint>`; `cron` or `nobody`.
    pub who: String,
    /// From where.
    pub address: Option<String>,
    /// What, in a word.
    pub action: String,
    /// HTTP's.
    pub method: Option<String>,
    /// The route's pattern.
    pub path: Option<String>,
    /// What was asked for, as far as it was understood.
    pub detail: Value,
    /// The answer's status.
    pub result: Option<i32>,
    /// The problem's code, or why there was no answer.
    pub code: Option<String>,
    /// The name of the call in the log.
    pub request_id: Option<String>,
}

/// A row as it is read.
#[derive(Debug, Clone, PartialEq, Queryable, Selectable)]
#[diesel(table_name = audit, check_for_backend(diesel::pg::Pg))]
pub struct AuditRecord {
    /// For the cursor.
    pub id: i64,
    /// When.
    pub at: DateTime<Utc>,
    /// Who.
    pub who: String,
    /// From where.
    pub address: Option<String>,
    /// What.
    pub action: String,
    /// HTTP's.
    pub method: Option<String>,
    /// The route's pattern.
    pub path: Option<String>,
    /// What was asked for.
    pub detail: Value,
    /// The answer's status.
    pub result: Option<i32>,
    /// The problem's code.
    pub code: Option<String>,
    /// The name of the call in the log.
    pub request_id: Option<String>,
}

/// A row, and what came of the order that it placed, if it placed one: its answer may have come before the order's end.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditTold {
    /// The row.
    pub record: AuditRecord,
    /// What came of it, as it stands now.
    pub outcome: Option<OrderOutcome>,
}

impl AuditRecord {
    /// The order that it placed.
    fn order(&self) -> Option<Uuid> {
        let placed = self.action == "purchase" || self.detail["act"] == "purchase";
        self.detail["purchase_id"].as_str().filter(|_| placed)?.parse().ok()
    }
}

/// Adds to rows what came of the orders that they placed.
///
/// # Errors
/// When PostgreSQL fails.
pub fn audit_told(conn: &mut Connection, records: Vec<AuditRecord>) -> Result<Vec<AuditTold>, DbError> {
    let orders: Vec<Uuid> = records.iter().filter_map(AuditRecord::order).collect();
    let outcomes = if orders.is_empty() { HashMap::new() } else { purchases_outcomes(conn, &orders)? };
    let told = |record: AuditRecord| AuditTold {
        outcome: record.order().and_then(|order| outcomes.get(&order).copied()),
        record,
    };
    Ok(records.into_iter().map(told).collect())
}

/// Writes rows down; those that are there already stay as they are.
///
/// # Errors
/// When PostgreSQL fails.
pub fn audit_write(conn: &mut Connection, rows: &[AuditRow]) -> Result<(), DbError> {
    diesel::insert_into(audit::table).values(rows).on_conflict(audit::call_id).do_nothing().execute(conn)?;
    Ok(())
}

/// Which rows somebody asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Theirs, through a session or not.
    pub who: Option<String>,
    /// Only this.
    pub action: Option<String>,
    /// Without what only looked.
    pub acts_only: bool,
}

/// A page of the rows that pass the filter, newest first.
///
/// # Errors
/// When PostgreSQL fails.
pub fn audit_list(
    conn: &mut Connection,
    filter: &AuditFilter,
    slice: Slice<i64>,
    limit: i64,
) -> Result<Vec<AuditRecord>, DbError> {
    let mut lines = audit::table.limit(limit).select(AuditRecord::as_select()).into_boxed();
    if let Some(who) = &filter.who {
        let bare = who.strip_prefix("session:").unwrap_or(who);
        lines = lines.filter(audit::who.eq_any([bare.to_owned(), format!("session:{bare}")]));
    }
    if let Some(action) = &filter.action {
        lines = lines.filter(audit::action.eq(action.clone()));
    }
    if filter.acts_only {
        lines = lines.filter(sql::<Bool>(IS_ACT));
    }
    let lines = match slice {
        Slice::First => lines.order(audit::id.desc()),
        Slice::After(id) => lines.filter(audit::id.lt(id)).order(audit::id.desc()),
        Slice::Before(id) => lines.filter(audit::id.gt(id)).order(audit::id.asc()),
    };
    Ok(slice.in_order(lines.load(conn)?))
}

/// What was done last, newest first: whoever only looked did nothing.
///
/// # Errors
/// When PostgreSQL fails.
pub fn audit_acts_latest(conn: &mut Connection, limit: i64) -> Result<Vec<AuditRecord>, DbError> {
    let lines = audit::table.filter(sql::<Bool>(IS_ACT)).order(audit::id.desc()).limit(limit);
    Ok(lines.select(AuditRecord::as_select()).load(conn)?)
}

/// Says how long rows are kept, unless that was said last already. A shorter time counts after seven days.
///
/// # Errors
/// When PostgreSQL fails.
pub fn audit_retention_set(conn: &mut Connection, days: i32) -> Result<(), DbError> {
    sql_query(
        "INSERT INTO audit_retention (days) SELECT $1
          WHERE $1 IS DISTINCT FROM (SELECT days FROM audit_retention ORDER BY id DESC LIMIT 1)",
    )
    .bind::<Integer, _>(days)
    .execute(conn)?;
    Ok(())
}

/// Deletes at most `limit` rows that are older than the retention; returns how many.
///
/// # Errors
/// When PostgreSQL fails.
pub fn audit_forget(conn: &mut Connection, limit: i64) -> Result<usize, DbError> {
    Ok(sql_query(
        "DELETE FROM audit WHERE id IN (
             SELECT id FROM audit WHERE at < (SELECT audit_kept_since()) ORDER BY at LIMIT $1)",
    )
    .bind::<BigInt, _>(limit)
    .execute(conn)?)
}
