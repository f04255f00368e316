//! Webhooks as far as we know them: confirmed, drifted, to be confirmed again; and whether a number can do what it shall.
//!
//! Invariants: a statement that makes a number assignable says in itself for which pool and under which webhooks it was
//! confirmed, and does nothing when the number is of another pool by now, or the pool wants others; what is on hold or leaving
//! is changed by none of these.
//! How to get it wrong: setting a number's webhooks at Twilio first and marking the drift afterwards. Until it is marked,
//! a signup may get the number.

use diesel::Connection as _;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Bool, Nullable, Text};

use super::lease::{lease_user, stock};
use super::places::{FREE, IN_POOL, SOMEBODYS, few_are_unready};
use crate::db::engine::connection::Connection;
use crate::db::engine::error::DbError;
use crate::db::engine::listener::stock_notify;
use crate::db::pool_halts::pool_halts_of_webhooks_end;
use crate::db::pools::{PoolWanted, as_stored, pool_unconfirmed, pool_want, still_wanted, wants_of};

/// Confirmed no more: Twilio must be asked again before anybody is given it.
const UNCONFIRM: &str = "UPDATE numbers SET webhook_status = 'pending'";

/// How a number stood at the moment of the statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoodThen {
    /// Whose it is.
    pub user_id: Option<String>,
    /// Nobody has it, and somebody else has set its webhooks back so often within a day that mending it again is no use: it is
    /// to be held ([`number_hold_contested`](super::number_hold_contested)).
    pub contested: bool,
}

/// So often within a day somebody else sets an idle number's webhooks back; then it is contested.
const SET_BACKS_MAX: i32 = 3;

/// Twilio shows other webhooks than `wanted`: from here on nobody is given the number; one that was given up stays so until
/// it has them. If it had confirmed them before, and the number is nobody's, somebody else has set them back, which is counted.
/// How it stood then; `None` = it is on hold, leaving or gone, of another pool, or the pool wants others by now,
/// and nothing was touched.
///
/// # Errors
/// When PostgreSQL fails.
pub fn number_mark_drifted(conn: &mut Connection, id: i64, wanted: &PoolWanted) -> Result<Option<StoodThen>, DbError> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Bool)]
        contested: bool,
    }
    conn.transaction(|conn| {
        let marked: Option<Row> = sql_query(format!(
            "UPDATE numbers SET webhook_status = CASE webhook_status WHEN 'failed' THEN 'failed' ELSE 'drifted' END,
                    webhooks_in_vain = CASE webhook_status WHEN 'configured' THEN 0 ELSE webhooks_in_vain END,
                    webhooks_set_back_at = CASE WHEN webhook_status <> 'configured' OR {SOMEBODYS} THEN webhooks_set_back_at
                        ELSE ARRAY(SELECT at FROM unnest(webhooks_set_back_at || clock_timestamp()) AS at
                                    WHERE at > clock_timestamp() - interval '24 hours' ORDER BY at DESC LIMIT {SET_BACKS_MAX}) END
              WHERE id = $1 AND pool = $3 AND {FREE} AND {}
              RETURNING (SELECT count(*) FROM unnest(webhooks_set_back_at) AS at WHERE at > clock_timestamp() - interval '24 hours') >= {SET_BACKS_MAX}
                        -- As it was before this statement: what we wanted to be set anew nobody set back.
                        AND (SELECT was.webhook_status IN ('configured', 'drifted') FROM numbers was WHERE was.id = numbers.id) AS contested",
            still_wanted(3, 2)
        ))
        .bind::<BigInt, _>(id)
        .bind::<Array<Text>, _>(as_stored(&wanted.webhooks))
        .bind::<Text, _>(wanted.pool.as_str())
        .get_result(conn)
        .optional()?;
        let Some(Row { contested }) = marked else { return Ok(None) };
        // Asked afterwards: a signup that was faster is waited for by then, and nobody else gets the number.
        let user_id = lease_user(conn, id)?;
        Ok(Some(StoodThen { contested: contested && user_id.is_none(), user_id }))
    })
}

/// Twilio confirmed what `wanted` says, now or a moment ago; `false` when the number is on hold, of another pool by now, or the
/// pool wants others.
/// In that case it is unconfirmed from here on, whatever somebody else had confirmed: what was set here may have come after.
///
/// # Errors
/// When PostgreSQL fails.
pub fn number_confirm_webhooks(conn: &mut Connection, id: i64, wanted: &PoolWanted) -> Result<bool, DbError> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Bool)]
        confirmed: bool,
    }
    let row: Option<Row> = sql_query(format!(
        "WITH wanted AS MATERIALIZED (SELECT {} AS still)
         UPDATE numbers SET webhook_status = CASE WHEN wanted.still AND pool = $3 THEN 'configured' ELSE 'pending' END,
                webhooks_in_vain = 0, webhooks_failed_at = NULL
           FROM wanted WHERE id = $1 AND {FREE} AND (webhook_status = 'configured') <> (wanted.still AND pool = $3)
         RETURNING wanted.still AND pool = $3 AS confirmed",
        still_wanted(3, 2)
    ))
    .bind::<BigInt, _>(id)
    .bind::<Array<Text>, _>(as_stored(&wanted.webhooks))
    .bind::<Text, _>(wanted.pool.as_str())
    .get_result(conn)
    .optional()?;
    match row {
        Some(Row { confirmed }) => {
            if confirmed {
                stock_notify(conn)?;
            }
            Ok(confirmed)
        }
        // Somebody else may have confirmed the same meanwhile. Asked anew, because the statement above saw what was before.
        None => is_confirmed(conn, id, wanted),
    }
}

/// Whether the number is in the pool's hands and known to carry what `wanted` says, which the pool wants still.
fn is_confirmed(conn: &mut Connection, id: i64, wanted: &PoolWanted) -> Result<bool, DbError> {
    let statement = format!(
        "SELECT EXISTS (SELECT 1 FROM numbers WHERE id = $1 AND pool = $3 AND webhook_status = 'configured' AND {FREE}) AND {} AS holds",
        still_wanted(3, 2)
    );
    let answer: Holds = sql_query(statement)
        .bind::<BigInt, _>(id)
        .bind::<Array<Text>, _>(as_stored(&wanted.webhooks))
        .bind::<Text, _>(wanted.pool.as_str())
        .get_result(conn)?;
    Ok(answer.holds)
}

#[derive(QueryableByName)]
struct Holds {
    #[diesel(sql_type = Bool)]
    holds: bool,
}

/// Twilio does not confirm the number's webhooks any more: nobody is given it until it does. What is on hold stays as it is.
///
/// # Errors
/// When PostgreSQL fails.
pub fn number_unconfirmed(conn: &mut Connection, id: i64) -> Result<(), DbError> {
    sql_query(format!("{UNCONFIRM} WHERE id = $1 AND webhook_status = 'configured' AND {FREE}"))
        .bind::<BigInt, _>(id)
        .execute(conn)?;
    Ok(())
}

/// Before [`pool_set_webhooks`]: takes `configured` back from the next `most` that are in the pool's stock, if the webhooks are
/// new. `false` = there are no more. A pool of a million is not marked in one transaction that a signup would wait for, and what
/// is marked here is given to nobody. If it goes no further, what is marked is confirmed again, with the webhooks of before.
///
/// # Errors
/// When PostgreSQL fails.
pub fn pool_unconfirm_stock(conn: &mut Connection, wanted: &PoolWanted, most: i64) -> Result<bool, DbError> {
    let marked = sql_query(format!(
        "WITH picked AS (SELECT id FROM numbers
                        WHERE webhook_status = 'configured' AND id = ANY(ARRAY(
                            SELECT number_id FROM leases WHERE pool = $3 AND {}
                               AND (SELECT {} IS DISTINCT FROM $1 FROM pools WHERE name = $3)
                             ORDER BY purchased_at, number_id LIMIT $2))
                        -- As all do that lock many: two of them wait for each other in one direction only.
                        ORDER BY id FOR NO KEY UPDATE)
         {UNCONFIRM} FROM picked WHERE numbers.id = picked.id",
        stock!(),
        wants_of("pools")
    ))
    .bind::<Array<Text>, _>(as_stored(&wanted.webhooks))
    .bind::<BigInt, _>(most)
    .bind::<Text, _>(wanted.pool.as_str())
    .execute(conn)?;
    // One of them may have changed meanwhile: there are no more when none is left.
    Ok(marked > 0)
}

/// The same of the pool's next `most` idle numbers above `after` that are not ready: what is confirmed and yet not ready lacks something
/// else, and must not be handed out with the former webhooks once it does not. The last of the `most`; `None` = there are no more.
///
/// # Errors
/// When PostgreSQL fails.
pub fn pool_unconfirm_held_back(
    conn: &mut Connection,
    wanted: &PoolWanted,
    after: i64,
    most: i64,
) -> Result<Option<i64>, DbError> {
    let wants = wants_of("pools");
    let row: Last = sql_query(format!(
        "WITH step AS MATERIALIZED (SELECT number_id AS id FROM leases
                        WHERE pool = $3 AND user_id IS NULL AND NOT ready AND number_id > $4
                          AND (SELECT {wants} IS DISTINCT FROM $1 FROM pools WHERE name = $3)
                        ORDER BY pool, number_id LIMIT $2),
              picked AS (SELECT id FROM numbers
                        WHERE webhook_status = 'configured' AND id = ANY(ARRAY(SELECT id FROM step)) ORDER BY id FOR NO KEY UPDATE),
              told AS ({UNCONFIRM} FROM picked WHERE numbers.id = picked.id RETURNING numbers.id)
         SELECT max(id) AS last FROM step"
    ))
    .bind::<Array<Text>, _>(as_stored(&wanted.webhooks))
    .bind::<BigInt, _>(most)
    .bind::<Text, _>(wanted.pool.as_str())
    .bind::<BigInt, _>(after)
    .get_result(conn)?;
    Ok(row.last)
}

#[derive(QueryableByName)]
struct Last {
    #[diesel(sql_type = Nullable<BigInt>)]
    last: Option<i64>,
}

/// Makes these webhooks what every number of the pool shall carry: an operator's deliberate change. If they are new, no number
/// in the pool counts as configured before Twilio has confirmed them, and none is given to anybody; most of it is so by
/// [`pool_unconfirm_stock`] and [`pool_unconfirm_held_back`] already. Of those that are somebody's, or at rest, [`pool_unconfirm`] takes it back afterwards.
///
/// # Errors
/// When PostgreSQL fails.
pub fn pool_set_webhooks(conn: &mut Connection, wanted: &PoolWanted) -> Result<(), DbError> {
    conn.transaction(|conn| {
        if pool_want(conn, wanted)? {
            // What was not in the account is wanted no more.
            pool_halts_of_webhooks_end(conn, &wanted.pool)?;
            let few = few_are_unready("numbers_held_back_idx");
            sql_query(format!(
                "WITH picked AS (SELECT id FROM numbers WHERE webhook_status = 'configured' AND id = ANY(ARRAY(
                     SELECT number_id FROM leases WHERE pool = $1 AND user_id IS NULL AND ready
                     -- What is confirmed and yet not ready lacks something else: read where it is shorter.
                     UNION ALL SELECT number_id FROM leases WHERE (SELECT {few}) AND pool = $1 AND user_id IS NULL AND NOT ready
                     UNION ALL SELECT id FROM numbers WHERE (SELECT NOT {few}) AND pool = $1 AND status = 'active' AND webhook_status = 'configured' AND {IN_POOL}
                                  AND (NOT capable OR webhook_status = 'failed' OR missing_since IS NOT NULL OR held_back IS NOT NULL)))
                     ORDER BY id FOR NO KEY UPDATE)
                 {UNCONFIRM} FROM picked WHERE numbers.id = picked.id"
            ))
            .bind::<Text, _>(wanted.pool.as_str())
            .execute(conn)?;
        }
        Ok(())
    })
}

/// Takes `configured` back from those of the pool's next `most` numbers above `after` that are somebody's or at rest, if other
/// webhooks are wanted than they were confirmed with; the last of the `most`, `None` = there are no more. Nobody is given one of
/// them as confirmed: what rests is asked for before it returns. Small steps, because a signup or a release may want any
/// of their rows; one that was cut off is begun anew by the next `configure-webhooks`. Of webhooks that the pool wants no more nothing
/// is done: whoever wants others walks from the beginning.
///
/// # Errors
/// When PostgreSQL fails.
pub fn pool_unconfirm(
    conn: &mut Connection,
    wanted: &PoolWanted,
    after: i64,
    most: i64,
) -> Result<Option<i64>, DbError> {
    let wants = wants_of("pools");
    let row: Last = sql_query(format!(
        // What is read is bounded, not what is found: the last step would else read all that is left.
        "WITH step AS (SELECT max(id) AS last FROM (SELECT id FROM numbers WHERE pool = $3 AND id > $1 ORDER BY id LIMIT $2) AS next),
              picked AS (SELECT id FROM numbers
                        WHERE pool = $3 AND id > $1 AND id <= (SELECT last FROM step)
                          AND webhook_status = 'configured' AND status <> 'released' AND NOT {IN_POOL}
                          AND (SELECT unconfirming AND {wants} = $4 FROM pools WHERE name = $3)
                        ORDER BY id FOR NO KEY UPDATE),
              told AS ({UNCONFIRM} FROM picked WHERE numbers.id = picked.id RETURNING numbers.id)
         SELECT last FROM step"
    ))
    .bind::<BigInt, _>(after)
    .bind::<BigInt, _>(most)
    .bind::<Text, _>(wanted.pool.as_str())
    .bind::<Array<Text>, _>(as_stored(&wanted.webhooks))
    .get_result(conn)?;
    if row.last.is_none() {
        pool_unconfirmed(conn, wanted)?;
    }
    Ok(row.last)
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
