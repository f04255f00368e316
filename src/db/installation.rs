//! Whose numbers these are: the Twilio account, and the instance name. What the numbers shall carry, their pools say
//! ([`super::pools`]).
//!
//! How to get it wrong: a start with another account or name that goes on. It would buy and repair as if the numbers were its own.

use chrono::{DateTime, Utc};
use diesel::prelude::*;

use super::engine::connection::Connection;
use super::engine::error::DbError;
use super::engine::schema::installation;
use crate::domain::InstanceName;

/// What the database was first started with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installation {
    /// The account that pays.
    pub account_sid: String,
    /// The name in every tag.
    pub instance_name: String,
}

/// Stores `mine` at the first start; afterwards returns what was stored then.
///
/// # Errors
/// When PostgreSQL fails.
pub fn installation_claim(
    conn: &mut Connection,
    account_sid: &str,
    instance_name: &InstanceName,
) -> Result<Installation, DbError> {
    diesel::insert_into(installation::table)
        .values((installation::account_sid.eq(account_sid), installation::instance_name.eq(instance_name.as_str())))
        .on_conflict_do_nothing()
        .execute(conn)?;
    installation_read(conn)
}

/// Reads the installation.
///
/// # Errors
/// When PostgreSQL fails, or no instance ever started on this database.
pub fn installation_read(conn: &mut Connection) -> Result<Installation, DbError> {
    let (account_sid, instance_name) = installation::table
        .select((installation::account_sid, installation::instance_name))
        .first::<(String, String)>(conn)?;
    Ok(Installation { account_sid, instance_name })
}

/// What the database's clock shows: the one by which everything is written down.
///
/// # Errors
/// When PostgreSQL fails.
pub fn database_now(conn: &mut Connection) -> Result<DateTime<Utc>, DbError> {
    Ok(diesel::select(diesel::dsl::sql::<diesel::sql_types::Timestamptz>("clock_timestamp()")).get_result(conn)?)
}
