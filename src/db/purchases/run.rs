//! Orders under a run: taken up, carried on, ended.
//!
//! Invariant: an order is `running` only under one `run_id`, which whoever takes the purchase lock ends first.
//! One that was cancelled ends as `stopped`, whatever its run or its successor would call its end.
//! How to get it wrong: ending an order without its `run_id`, which would end somebody else's run of it.

use std::time::Duration;

use diesel::Connection as _;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Double, Nullable, Text, Uuid as SqlUuid};
use uuid::Uuid;

use super::holder::holder_stands;
use super::order::{Order, Wish, insert, purchase_read};
use super::queue::FORSAKEN;
use super::told::{PLACES_SENT, tell_cancelled};
use crate::db::engine::connection::Connection;
use crate::db::engine::error::DbError;
use crate::domain::{OrderState, PoolName, Trigger};

/// Writes an order that runs at once, under a run that holds the lock.
///
/// # Errors
/// [`Constraint::OneRunningOrder`](crate::db::Constraint::OneRunningOrder) when another run has taken over; whatever PostgreSQL fails with.
pub fn purchase_open(conn: &mut Connection, wish: &Wish, run_id: Uuid) -> Result<Order, DbError> {
    conn.transaction::<_, DbError, _>(|conn| {
        holder_stands(conn, run_id)?;
        let id = insert(conn, wish, None, Duration::ZERO, Some(run_id))?;
        purchase_read(conn, id)?
            .ok_or_else(|| DbError::corrupt("purchase")("it vanished after it was written".to_owned()))
    })
}

/// Ends what no living run can be working on: every `running` order (its run lost the lock, or we would not hold it) and
/// every `queued` one long past its time, but for `mine`, whose turn it is now. Each is told what it lacks and why.
/// Called first by whoever has taken the lock, as `run_id`: one that stood still since then has nobody's order to end.
/// Returns for which pool each was, what had set it off, and as what it ended: `stopped` where it had been cancelled.
///
/// # Errors
/// As [`purchase_open`].
pub fn purchases_interrupt_stale(
    conn: &mut Connection,
    run_id: Uuid,
    mine: Option<Uuid>,
) -> Result<Vec<(PoolName, Trigger, OrderState)>, DbError> {
    #[derive(QueryableByName)]
    struct Ended {
        #[diesel(sql_type = SqlUuid)]
        id: Uuid,
        #[diesel(sql_type = Text)]
        pool: PoolName,
        #[diesel(sql_type = Text)]
        trigger: Trigger,
        #[diesel(sql_type = Text)]
        state: OrderState,
    }
    conn.transaction::<_, DbError, _>(|conn| {
        holder_stands(conn, run_id)?;
        let ended: Vec<Ended> = sql_query(format!(
            "UPDATE purchases SET state = CASE WHEN cancelled_at IS NULL THEN 'interrupted' ELSE 'stopped' END,
                    run_id = NULL, ended_at = clock_timestamp()
              WHERE state = 'running' OR (state = 'queued' AND {FORSAKEN} AND id IS DISTINCT FROM $1)
             RETURNING id, pool, trigger, state",
        ))
        .bind::<Nullable<SqlUuid>, _>(mine)
        .load(conn)?;
        let ids: Vec<Uuid> = ended.iter().map(|ended| ended.id).collect();
        // A statement of its own: it sees the items that were committed while the first one waited for row locks.
        sql_query(format!(
            "INSERT INTO purchase_errors (purchase_id, code, message, count)
             SELECT p.id, CASE WHEN p.started_at IS NULL THEN 'locked' ELSE 'interrupted' END,
                    CASE WHEN p.started_at IS NULL THEN 'another purchase held the lock for too long; ask again'
                         ELSE 'its run ended before the order did; what is still needed is a new order' END,
                    p.requested_count - used.places
               FROM purchases p, LATERAL ({PLACES_SENT}) AS used
              WHERE p.id = ANY($1) AND p.cancelled_at IS NULL AND p.requested_count > used.places
             ON CONFLICT DO NOTHING",
        ))
        .bind::<diesel::sql_types::Array<SqlUuid>, _>(&ids)
        .execute(conn)?;
        tell_cancelled(conn, &ids)?;
        Ok(ended.into_iter().map(|ended| (ended.pool, ended.trigger, ended.state)).collect())
    })
}

/// Moves a waiting order under `run_id`; `None` when it no longer waits.
///
/// # Errors
/// As [`purchase_open`].
pub fn purchase_start(conn: &mut Connection, id: Uuid, run_id: Uuid) -> Result<Option<Order>, DbError> {
    conn.transaction::<_, DbError, _>(|conn| {
        holder_stands(conn, run_id)?;
        let started = sql_query(
            "UPDATE purchases SET state = 'running', run_id = $2, started_at = coalesce(started_at, clock_timestamp())
              WHERE id = $1 AND state = 'queued'",
        )
        .bind::<SqlUuid, _>(id)
        .bind::<SqlUuid, _>(run_id)
        .execute(conn)?;
        if started == 0 { Ok(None) } else { purchase_read(conn, id) }
    })
}

/// Puts a running order back in the queue between two slices, for at most `wait`; `false` when its run is over, or it was
/// cancelled and has nothing to wait for.
///
/// # Errors
/// When PostgreSQL fails.
pub fn purchase_yield(conn: &mut Connection, id: Uuid, run_id: Uuid, wait: Duration) -> Result<bool, DbError> {
    let yielded = sql_query(
        "UPDATE purchases SET state = 'queued', run_id = NULL, expires_at = clock_timestamp() + make_interval(secs => $3)
          WHERE id = $1 AND state = 'running' AND run_id = $2 AND cancelled_at IS NULL",
    )
    .bind::<SqlUuid, _>(id)
    .bind::<SqlUuid, _>(run_id)
    .bind::<Double, _>(wait.as_secs_f64())
    .execute(conn)?;
    Ok(yielded > 0)
}

/// Ends an order: a running one under its `run_id`, a waiting one without. Returns as what it ended, which is `stopped`
/// for one that was cancelled; `None` when it had moved on.
///
/// # Errors
/// When PostgreSQL fails.
pub fn purchase_end(
    conn: &mut Connection,
    id: Uuid,
    run_id: Option<Uuid>,
    state: OrderState,
) -> Result<Option<OrderState>, DbError> {
    #[derive(QueryableByName)]
    struct Ended {
        #[diesel(sql_type = Text)]
        state: OrderState,
    }
    conn.transaction::<_, DbError, _>(|conn| {
        let ended: Option<Ended> = sql_query(
            "UPDATE purchases SET state = CASE WHEN cancelled_at IS NULL THEN $3 ELSE 'stopped' END, run_id = NULL,
                    ended_at = clock_timestamp()
              WHERE id = $1 AND state IN ('queued', 'running') AND run_id IS NOT DISTINCT FROM $2
             RETURNING state",
        )
        .bind::<SqlUuid, _>(id)
        .bind::<Nullable<SqlUuid>, _>(run_id)
        .bind::<Text, _>(state.as_str())
        .get_result(conn)
        .optional()?;
        tell_cancelled(conn, &[id])?;
        Ok(ended.map(|ended| ended.state))
    })
}

/// How many of an order's places are used: bought, open, unknown, and those whose outcome was ever in doubt.
///
/// # Errors
/// When PostgreSQL fails.
pub fn purchase_count_used(conn: &mut Connection, id: Uuid) -> Result<u32, DbError> {
    #[derive(QueryableByName)]
    struct Used {
        #[diesel(sql_type = BigInt)]
        used: i64,
    }
    let used: Used = sql_query(
        "SELECT count(*) AS used FROM purchase_items WHERE purchase_id = $1
            AND (state IN ('intended', 'sent', 'bought', 'unknown') OR (state = 'not_bought' AND doubted))",
    )
    .bind::<SqlUuid, _>(id)
    .get_result(conn)?;
    Ok(u32::try_from(used.used).unwrap_or(u32::MAX))
}
