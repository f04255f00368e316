//! Who is logged in: one row for each session, found by the hash of its token.
//!
//! Invariants: the token itself never comes here; PostgreSQL's clock alone says what has expired, so all instances agree.
//! How to get it wrong: writing `last_seen_at` at each request. A dashboard asks often, and each write waits for a disk;
//! and it asks by itself, so that a session at a forgotten screen would never end.

use std::time::Duration;

use diesel::Connection as _;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Bool, Double, Nullable, Text};

use super::engine::connection::Connection;
use super::engine::error::DbError;

/// A session that lay idle for longer has ended.
pub const SESSION_IDLE_MAX: Duration = Duration::from_secs(30 * 60);
/// A session that is older has ended.
pub const SESSION_AGE_MAX: Duration = Duration::from_secs(12 * 3600);
/// `last_seen_at` is at most this late.
const SEEN_EVERY: Duration = Duration::from_secs(60);

/// What is known of a session from its login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSession {
    /// SHA-256 of the token, in 64 hexadecimal digits.
    pub token_hash: String,
    /// The key that it was opened with.
    pub key_fingerprint: String,
    /// Where it was opened from.
    pub address: String,
    /// What the browser called itself.
    pub user_agent: Option<String>,
}

/// Opens a session.
///
/// # Errors
/// When PostgreSQL fails.
pub fn session_open(conn: &mut Connection, session: &NewSession) -> Result<(), DbError> {
    sql_query(
        "INSERT INTO sessions (token_hash, key_fingerprint, address, user_agent, expires_at)
         VALUES ($1, $2, $3, $4, clock_timestamp() + make_interval(secs => $5))",
    )
    .bind::<Text, _>(&session.token_hash)
    .bind::<Text, _>(&session.key_fingerprint)
    .bind::<Text, _>(&session.address)
    .bind::<Nullable<Text>, _>(&session.user_agent)
    .bind::<Double, _>(SESSION_AGE_MAX.as_secs_f64())
    .execute(conn)?;
    Ok(())
}

#[derive(QueryableByName)]
struct Found {
    #[diesel(sql_type = Text)]
    key_fingerprint: String,
    #[diesel(sql_type = Bool)]
    seen_long_ago: bool,
}

/// The fingerprint of the key that a live session was opened with, and notes that it is in use when a
/// person uses it.
///
/// # Errors
/// When PostgreSQL fails.
pub fn session_use(conn: &mut Connection, token_hash: &str, by_a_person: bool) -> Result<Option<String>, DbError> {
    let found: Option<Found> = sql_query(
        "SELECT key_fingerprint, last_seen_at < clock_timestamp() - make_interval(secs => $3) AS seen_long_ago
           FROM sessions
          WHERE token_hash = $1 AND expires_at > clock_timestamp()
            AND last_seen_at > clock_timestamp() - make_interval(secs => $2)",
    )
    .bind::<Text, _>(token_hash)
    .bind::<Double, _>(SESSION_IDLE_MAX.as_secs_f64())
    .bind::<Double, _>(SEEN_EVERY.as_secs_f64())
    .get_result(conn)
    .optional()?;
    let Some(found) = found else { return Ok(None) };
    if by_a_person && found.seen_long_ago {
        let noted = conn.transaction::<_, DbError, _>(|conn| {
            Ok(sql_query("UPDATE sessions SET last_seen_at = clock_timestamp() WHERE token_hash = $1")
                .bind::<Text, _>(token_hash)
                .execute(conn)?)
        });
        // While nothing can be written whoever looks shall see why; it is noted when they look again.
        if let Err(error) = noted
            && !error.is_unavailable()
        {
            return Err(error);
        }
    }
    Ok(Some(found.key_fingerprint))
}

/// Ends a session: its user logs out.
///
/// # Errors
/// When PostgreSQL fails.
pub fn session_end(conn: &mut Connection, token_hash: &str) -> Result<(), DbError> {
    sql_query("DELETE FROM sessions WHERE token_hash = $1").bind::<Text, _>(token_hash).execute(conn)?;
    Ok(())
}

/// Ends the sessions that were opened with these keys; returns how many.
///
/// # Errors
/// When PostgreSQL fails.
pub fn sessions_end_of_keys(conn: &mut Connection, fingerprints: &[String]) -> Result<usize, DbError> {
    Ok(sql_query("DELETE FROM sessions WHERE key_fingerprint = ANY ($1)")
        .bind::<Array<Text>, _>(fingerprints)
        .execute(conn)?)
}

/// Forgets at most `limit` sessions that have expired; returns how many.
///
/// # Errors
/// When PostgreSQL fails.
pub fn sessions_forget_expired(conn: &mut Connection, limit: i64) -> Result<usize, DbError> {
    Ok(sql_query(
        "DELETE FROM sessions WHERE token_hash IN (
             SELECT token_hash FROM sessions
              WHERE expires_at < clock_timestamp() OR last_seen_at < clock_timestamp() - make_interval(secs => $1)
              LIMIT $2)",
    )
    .bind::<Double, _>(SESSION_IDLE_MAX.as_secs_f64())
    .bind::<BigInt, _>(limit)
    .execute(conn)?)
}
