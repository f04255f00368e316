//! Duties: what one instance does for all of them, once in a while.
//!
//! ```text
//!  due ──claim──▶ held ──done──▶ resting ──every──▶ due
//!   ▲              │ ▲
//!   └── runs out ──┘ └── hold, between steps
//! ```
//!
//! Invariants: the database's clock alone says what is due and which claim has run out; a claim ends by itself, so whoever dies, or
//! fails and leaves it, delays a duty by the length of a claim.
//! How to get it wrong: a duty that does harm when two are at it. Whoever stood still for longer than a claim goes on beside the next.

use std::time::Duration;

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Double, Text, Uuid as SqlUuid};
use uuid::Uuid;

use super::engine::connection::Connection;
use super::engine::error::DbError;

/// For how long a claim is good; whoever works for longer holds it between steps.
pub const DUTY_HOLD: Duration = Duration::from_secs(5 * 60);

/// Takes a duty that was not done for `every`, and that nobody is at, until `hold` from now. `false` = it is not due, or somebody's.
///
/// # Errors
/// When PostgreSQL fails.
pub fn duty_claim(
    conn: &mut Connection,
    name: &str,
    instance: Uuid,
    every: Duration,
    hold: Duration,
) -> Result<bool, DbError> {
    let claimed = sql_query(
        "INSERT INTO duties (name, claimed_by, claimed_until)
         VALUES ($1, $2, clock_timestamp() + make_interval(secs => $4))
         ON CONFLICT (name) DO UPDATE SET claimed_by = EXCLUDED.claimed_by, claimed_until = EXCLUDED.claimed_until
          -- What lies too far ahead was written before somebody set the clock back.
          WHERE (duties.done_at IS NULL OR duties.done_at > clock_timestamp()
                 OR duties.done_at <= clock_timestamp() - make_interval(secs => $3))
            AND (duties.claimed_until IS NULL OR duties.claimed_until <= clock_timestamp()
                 OR duties.claimed_until > clock_timestamp() + make_interval(secs => $4))",
    )
    .bind::<Text, _>(name)
    .bind::<SqlUuid, _>(instance)
    .bind::<Double, _>(every.as_secs_f64())
    .bind::<Double, _>(hold.as_secs_f64())
    .execute(conn)?;
    Ok(claimed > 0)
}

/// Goes on with a duty for `hold` from now. `false` = somebody else is at it by now, or it is done.
///
/// # Errors
/// When PostgreSQL fails.
pub fn duty_hold(conn: &mut Connection, name: &str, instance: Uuid, hold: Duration) -> Result<bool, DbError> {
    let held = sql_query(
        "UPDATE duties SET claimed_until = clock_timestamp() + make_interval(secs => $3) WHERE name = $1 AND claimed_by = $2",
    )
    .bind::<Text, _>(name)
    .bind::<SqlUuid, _>(instance)
    .bind::<Double, _>(hold.as_secs_f64())
    .execute(conn)?;
    Ok(held > 0)
}

/// It is done, and rests; `detail` says what came of it. `false` = somebody else is at it by now.
///
/// # Errors
/// When PostgreSQL fails.
pub fn duty_done(conn: &mut Connection, name: &str, instance: Uuid, detail: &str) -> Result<bool, DbError> {
    let done = sql_query(
        "UPDATE duties SET claimed_by = NULL, claimed_until = NULL, done_at = clock_timestamp(), detail = $3
          WHERE name = $1 AND claimed_by = $2",
    )
    .bind::<Text, _>(name)
    .bind::<SqlUuid, _>(instance)
    .bind::<Text, _>(detail)
    .execute(conn)?;
    Ok(done > 0)
}
