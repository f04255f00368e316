//! Whose numbers these are: the Twilio account, the instance name, and the webhooks that every number shall carry.
//!
//! Invariant: `configured` means that Twilio confirmed what the installation wants now. Whoever writes it looks here in
//! the same statement ([`still_wanted`]) and holds the row until it commits; whoever changes what is wanted takes
//! `configured` back from the whole pool in the same transaction, and from everything else in small steps after it.
//! How to get it wrong: locking a number first and the installation afterwards. The change locks them the other way round.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Integer, Text};

use super::engine::connection::Connection;
use super::engine::error::DbError;
use super::engine::schema::installation;
use crate::domain::{InstanceName, Webhooks};

/// What the database was first started with, the webhooks as last set on purpose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installation {
    /// The account that pays.
    pub account_sid: String,
    /// The name in every tag.
    pub instance_name: String,
    /// What every number shall carry.
    pub webhooks: Webhooks,
}

/// Stores `mine` at the first start; afterwards returns what was stored then.
///
/// # Errors
/// When PostgreSQL fails.
pub fn installation_claim(
    conn: &mut Connection,
    account_sid: &str,
    instance_name: &InstanceName,
    webhooks: &Webhooks,
) -> Result<Installation, DbError> {
    diesel::insert_into(installation::table)
        .values((
            installation::account_sid.eq(account_sid),
            installation::instance_name.eq(instance_name.as_str()),
            installation::voice_url.eq(&webhooks.voice_url),
            installation::sms_url.eq(&webhooks.sms_url),
            installation::status_callback.eq(&webhooks.status_callback),
        ))
        .on_conflict_do_nothing()
        .execute(conn)?;
    installation_read(conn)
}

/// Reads the installation.
///
/// # Errors
/// When PostgreSQL fails, or no instance ever started on this database.
pub fn installation_read(conn: &mut Connection) -> Result<Installation, DbError> {
    let (account_sid, instance_name, voice_url, sms_url, status_callback) = installation::table
        .select((
            installation::account_sid,
            installation::instance_name,
            installation::voice_url,
            installation::sms_url,
            installation::status_callback,
        ))
        .first::<(String, String, String, String, String)>(conn)?;
    Ok(Installation { account_sid, instance_name, webhooks: Webhooks { voice_url, sms_url, status_callback } })
}

/// What the database's clock shows: the one by which everything is written down.
///
/// # Errors
/// When PostgreSQL fails.
pub fn database_now(conn: &mut Connection) -> Result<DateTime<Utc>, DbError> {
    Ok(diesel::select(diesel::dsl::sql::<diesel::sql_types::Timestamptz>("clock_timestamp()")).get_result(conn)?)
}

/// SQL: whether the installation still wants the webhooks bound from `$first` on (voice, SMS, status callback); it cannot
/// change its mind before the transaction ends.
pub(super) fn still_wanted(first: u32) -> String {
    format!(
        "EXISTS (SELECT 1 FROM installation WHERE voice_url = ${first} AND sms_url = ${} AND status_callback = ${} FOR SHARE)",
        first + 1,
        first + 2
    )
}

/// Reads whether the installation still wants `webhooks`, and holds it to that until the transaction ends.
///
/// # Errors
/// When PostgreSQL fails.
pub(super) fn installation_wants(conn: &mut Connection, webhooks: &Webhooks) -> Result<bool, DbError> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Integer)]
        #[expect(dead_code, reason = "only whether there is a row matters")]
        one: i32,
    }
    let row: Option<Row> = sql_query(
        "SELECT 1 AS one FROM installation WHERE voice_url = $1 AND sms_url = $2 AND status_callback = $3 FOR SHARE",
    )
    .bind::<Text, _>(&webhooks.voice_url)
    .bind::<Text, _>(&webhooks.sms_url)
    .bind::<Text, _>(&webhooks.status_callback)
    .get_result(conn)
    .optional()?;
    Ok(row.is_some())
}

/// Wants `webhooks` from here on; `false` = it does already. The caller takes `configured` back from the pool's numbers in the
/// same transaction.
pub(super) fn installation_want(conn: &mut Connection, webhooks: &Webhooks) -> Result<bool, DbError> {
    let changed = sql_query(
        "UPDATE installation SET voice_url = $1, sms_url = $2, status_callback = $3, unconfirming = true
          WHERE (voice_url, sms_url, status_callback) IS DISTINCT FROM ($1, $2, $3)",
    )
    .bind::<Text, _>(&webhooks.voice_url)
    .bind::<Text, _>(&webhooks.sms_url)
    .bind::<Text, _>(&webhooks.status_callback)
    .execute(conn)?;
    Ok(changed > 0)
}

/// `configured` was taken back from every number that was confirmed with other webhooks.
pub(super) fn installation_unconfirmed(conn: &mut Connection) -> Result<(), DbError> {
    sql_query("UPDATE installation SET unconfirming = false WHERE unconfirming").execute(conn)?;
    Ok(())
}
