//! What a comparison changes on a number that we know.
//!
//! How to get it wrong: setting a number's webhooks at Twilio first and marking the drift afterwards. Until it is marked,
//! a signup may get the number.

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Bool, Nullable, Text};

use crate::db::engine::connection::Connection;
use crate::db::engine::error::DbError;
use crate::db::engine::listener::stock_notify;
use crate::db::installation::still_wanted;
use crate::db::numbers::FREE;
use crate::domain::{NumberStatus, Webhooks};

/// Where a number stood at the moment of the statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// As it is stored.
    pub status: NumberStatus,
    /// Whose it is.
    pub user_id: Option<String>,
}

#[derive(QueryableByName)]
struct StandingRow {
    #[diesel(sql_type = Text)]
    status: String,
    #[diesel(sql_type = Nullable<Text>)]
    user_id: Option<String>,
}

/// Twilio shows other webhooks than `wanted`: from here on nobody is given the number; one that was given up stays so until
/// it has them. Where it stood then; `None` = it is
/// held, leaving or gone, or the installation wants others by now, and nothing was touched.
///
/// # Errors
/// When PostgreSQL fails.
pub fn number_mark_drifted(conn: &mut Connection, id: i64, wanted: &Webhooks) -> Result<Option<Standing>, DbError> {
    let row: Option<StandingRow> = sql_query(format!(
        "UPDATE numbers SET webhook_status = CASE webhook_status WHEN 'failed' THEN 'failed' ELSE 'drifted' END,
                webhooks_in_vain = CASE webhook_status WHEN 'configured' THEN 0 ELSE webhooks_in_vain END
          WHERE id = $1 AND {FREE} AND {}
         RETURNING status, (SELECT a.user_id FROM assignments a WHERE a.number_id = numbers.id AND a.released_at IS NULL) AS user_id",
        still_wanted(2)
    ))
    .bind::<BigInt, _>(id)
    .bind::<Text, _>(&wanted.voice_url)
    .bind::<Text, _>(&wanted.sms_url)
    .bind::<Text, _>(&wanted.status_callback)
    .get_result(conn)
    .optional()?;
    row.map(|row| {
        Ok(Standing { status: row.status.parse().map_err(DbError::corrupt("number"))?, user_id: row.user_id })
    })
    .transpose()
}

/// Twilio confirmed `webhooks`; `false` when the number is held, or the installation wants others by now. In that case it
/// is unconfirmed from here on, whatever somebody else had confirmed: what was set here may have come after.
///
/// # Errors
/// When PostgreSQL fails.
pub fn number_confirm_webhooks(conn: &mut Connection, id: i64, webhooks: &Webhooks) -> Result<bool, DbError> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Bool)]
        confirmed: bool,
    }
    let row: Option<Row> = sql_query(format!(
        "WITH wanted AS MATERIALIZED (SELECT {} AS still)
         UPDATE numbers SET webhook_status = CASE WHEN wanted.still THEN 'configured' ELSE 'pending' END,
                webhooks_in_vain = 0, webhooks_failed_at = NULL
           FROM wanted WHERE id = $1 AND {FREE} AND (webhook_status = 'configured') <> wanted.still
         RETURNING wanted.still AS confirmed",
        still_wanted(2)
    ))
    .bind::<BigInt, _>(id)
    .bind::<Text, _>(&webhooks.voice_url)
    .bind::<Text, _>(&webhooks.sms_url)
    .bind::<Text, _>(&webhooks.status_callback)
    .get_result(conn)
    .optional()?;
    let confirmed = row.is_some_and(|row| row.confirmed);
    if confirmed {
        stock_notify(conn)?;
    }
    Ok(confirmed)
}

/// Whether the number can do what the pool promises: an idle one that cannot serves nobody. `false` = that is known.
///
/// # Errors
/// When PostgreSQL fails.
pub fn number_set_capable(conn: &mut Connection, id: i64, capable: bool) -> Result<bool, DbError> {
    let set = sql_query("UPDATE numbers SET capable = $2 WHERE id = $1 AND capable <> $2 AND status <> 'released'")
        .bind::<BigInt, _>(id)
        .bind::<Bool, _>(capable)
        .execute(conn)?;
    if set > 0 {
        stock_notify(conn)?;
    }
    Ok(set > 0)
}

/// A missing number is at Twilio again; `false` when it was not missing, or is leaving.
///
/// # Errors
/// When PostgreSQL fails.
pub fn number_turned_up(conn: &mut Connection, id: i64) -> Result<bool, DbError> {
    let found = sql_query(
        "UPDATE numbers SET missing_since = NULL WHERE id = $1 AND missing_since IS NOT NULL AND status <> 'released'
            AND quarantine_reason IS DISTINCT FROM 'leaving'",
    )
    .bind::<BigInt, _>(id)
    .execute(conn)?;
    if found > 0 {
        stock_notify(conn)?;
    }
    Ok(found > 0)
}
