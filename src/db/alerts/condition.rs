//! Conditions as they stand: what is remembered from round to round.
//!
//! How to get it wrong: remembering anything else anywhere else. Whoever judges next would not know it.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Integer, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use uuid::Uuid;

use super::tell::Alert;
use crate::db::engine::connection::Connection;
use crate::db::engine::error::DbError;
use crate::domain::PoolName;
use crate::domain::alert::{AlertKind, AlertSeverity, Observed, OpenAlert, Phase, Standing};

/// When each condition of a phase will have lasted.
pub(super) fn due(conn: &mut Connection, phase: Phase, lasts: TimeDelta) -> Result<Vec<DateTime<Utc>>, DbError> {
    #[derive(QueryableByName)]
    struct Since {
        #[diesel(sql_type = Timestamptz)]
        since: DateTime<Utc>,
    }
    let rows: Vec<Since> =
        sql_query("SELECT since FROM alert_conditions WHERE phase = $1").bind::<Text, _>(phase.as_str()).load(conn)?;
    Ok(rows.into_iter().map(|row| row.since + lasts).collect())
}

/// A condition that is not quiet, with its alert if it has one.
#[derive(Debug, Clone, QueryableByName)]
pub(super) struct Condition {
    #[diesel(sql_type = Text)]
    pub(super) kind: AlertKind,
    #[diesel(sql_type = Text)]
    pub(super) subject: String,
    #[diesel(sql_type = Text)]
    phase: Phase,
    #[diesel(sql_type = Timestamptz)]
    since: DateTime<Utc>,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub(super) alert_id: Option<Uuid>,
    #[diesel(sql_type = Nullable<Text>)]
    pub(super) pool: Option<PoolName>,
    #[diesel(sql_type = Nullable<Text>)]
    severity: Option<AlertSeverity>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    opened_at: Option<DateTime<Utc>>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    last_told_at: Option<DateTime<Utc>>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    acknowledged_at: Option<DateTime<Utc>>,
    #[diesel(sql_type = Nullable<Integer>)]
    pub(super) transitions: Option<i32>,
}

pub(super) const CONDITIONS: &str = "
    SELECT c.kind, c.subject, c.phase, c.since, c.alert_id, a.pool, a.severity, a.opened_at, a.last_told_at, a.acknowledged_at, a.transitions
      FROM alert_conditions c LEFT JOIN alerts a ON a.id = c.alert_id";

impl Condition {
    pub(super) fn standing(&self) -> Standing {
        let alert = self.severity.zip(self.last_told_at).map(|(severity, last_told_at)| OpenAlert {
            severity,
            last_told_at,
            is_acknowledged: self.acknowledged_at.is_some(),
        });
        match (self.phase, alert) {
            (Phase::Open, Some(alert)) => Standing::Open(alert),
            (Phase::Clearing, Some(alert)) => Standing::Clearing(alert, self.since),
            // The schema allows no other without an alert.
            (Phase::Pending | Phase::Open | Phase::Clearing, _) => Standing::Pending(self.since),
        }
    }

    pub(super) fn alert(&self) -> Option<Alert> {
        Some(Alert {
            id: self.alert_id?,
            kind: self.kind,
            subject: self.subject.clone(),
            pool: self.pool.clone(),
            severity: self.severity?,
            opened_at: self.opened_at?,
            closed_at: None,
        })
    }
}

/// A condition begins, or goes from pending to open.
pub(super) fn condition_write(
    conn: &mut Connection,
    seen: &Observed,
    phase: Phase,
    since: DateTime<Utc>,
    alert: Option<Uuid>,
) -> Result<(), DbError> {
    sql_query(
        "INSERT INTO alert_conditions (kind, subject, phase, since, alert_id) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (kind, subject) DO UPDATE SET phase = excluded.phase, since = excluded.since, alert_id = excluded.alert_id",
    )
    .bind::<Text, _>(seen.kind.as_str())
    .bind::<Text, _>(&seen.subject)
    .bind::<Text, _>(phase.as_str())
    .bind::<Timestamptz, _>(since)
    .bind::<Nullable<SqlUuid>, _>(alert)
    .execute(conn)?;
    Ok(())
}

/// A condition goes on with its alert.
pub(super) fn condition_move(
    conn: &mut Connection,
    seen: &Observed,
    phase: Phase,
    since: DateTime<Utc>,
) -> Result<(), DbError> {
    sql_query("UPDATE alert_conditions SET phase = $3, since = $4 WHERE kind = $1 AND subject = $2")
        .bind::<Text, _>(seen.kind.as_str())
        .bind::<Text, _>(&seen.subject)
        .bind::<Text, _>(phase.as_str())
        .bind::<Timestamptz, _>(since)
        .execute(conn)?;
    Ok(())
}

/// A condition is quiet.
pub(super) fn condition_forget(conn: &mut Connection, seen: &Observed) -> Result<(), DbError> {
    sql_query("DELETE FROM alert_conditions WHERE kind = $1 AND subject = $2")
        .bind::<Text, _>(seen.kind.as_str())
        .bind::<Text, _>(&seen.subject)
        .execute(conn)?;
    Ok(())
}
