//! Whose numbers these are: the Twilio account, the instance name, and the webhooks that every number shall carry.

use diesel::prelude::*;

use super::error::DbError;
use super::executor::Connection;
use super::schema::installation;
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

/// Makes `webhooks` what every number shall carry: an operator's deliberate change.
///
/// # Errors
/// When PostgreSQL fails.
pub fn installation_set_webhooks(conn: &mut Connection, webhooks: &Webhooks) -> Result<(), DbError> {
    diesel::update(installation::table)
        .set((
            installation::voice_url.eq(&webhooks.voice_url),
            installation::sms_url.eq(&webhooks.sms_url),
            installation::status_callback.eq(&webhooks.status_callback),
        ))
        .execute(conn)?;
    Ok(())
}
