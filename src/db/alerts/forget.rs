//! What is too old goes: closed alerts with all that was told of them, and minutes in which events were refused.
//!
//! Invariant: nothing goes that is still to be sent.

use diesel::Connection as _;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Integer, Uuid as SqlUuid};
use uuid::Uuid;

use crate::db::engine::connection::Connection;
use crate::db::engine::error::DbError;

#[derive(QueryableByName)]
struct Id {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
}

/// Forgets alerts that have been closed for so many days, `limit` of them at most; how many.
///
/// # Errors
/// When PostgreSQL fails; then nothing went.
pub fn alerts_forget(conn: &mut Connection, days: i32, limit: i64) -> Result<usize, DbError> {
    conn.transaction::<_, DbError, _>(|conn| {
        sql_query("DELETE FROM event_refusals WHERE minute < statement_timestamp() - interval '1 day'")
            .execute(conn)?;
        let old: Vec<Id> = sql_query(
            "SELECT a.id FROM alerts a
              WHERE a.closed_at < statement_timestamp() - make_interval(days => $1)
                AND NOT EXISTS (SELECT FROM alert_notifications n JOIN alert_messages m ON m.id = n.message_id
                                 WHERE n.alert_id = a.id AND m.state = 'waiting')
              ORDER BY a.closed_at LIMIT $2",
        )
        .bind::<Integer, _>(days)
        .bind::<BigInt, _>(limit)
        .load(conn)?;
        let ids: Vec<Uuid> = old.into_iter().map(|row| row.id).collect();
        let told: Vec<Id> =
            sql_query("SELECT DISTINCT message_id AS id FROM alert_notifications WHERE alert_id = ANY ($1)")
                .bind::<Array<SqlUuid>, _>(&ids)
                .load(conn)?;
        let messages: Vec<Uuid> = told.into_iter().map(|row| row.id).collect();
        let gone = sql_query("DELETE FROM alerts WHERE id = ANY ($1)").bind::<Array<SqlUuid>, _>(&ids).execute(conn)?;
        sql_query(
            "DELETE FROM alert_messages m
              WHERE m.id = ANY ($1) AND NOT EXISTS (SELECT FROM alert_notifications n WHERE n.message_id = m.id)",
        )
        .bind::<Array<SqlUuid>, _>(&messages)
        .execute(conn)?;
        Ok(gone)
    })
}
