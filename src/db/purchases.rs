//! Orders: what was asked for, who runs it, how it ended.
//!
//! Invariants: an order is `running` only under one `run_id`, which whoever takes the purchase lock ends first; a key
//! given by a caller names one order for seven days.
//! How to get it wrong: ending an order without its `run_id`, which would end somebody else's run of it.

use std::time::Duration;

use chrono::{DateTime, Utc};
use diesel::Connection as _;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Double, Integer, Nullable, Text, Uuid as SqlUuid};
use uuid::Uuid;

use super::buying_gate::gate_lock;
use super::engine::connection::Connection;
use super::engine::error::{Constraint, DbError};
use super::engine::schema::{purchase_errors, purchases};
use super::purchase_holder::holder_stands;
use crate::domain::{AreaCode, CountryCode, OrderState, Trigger};

/// Orders that may wait for the lock at a time; one more is refused.
pub const ORDERS_QUEUED_MAX: i64 = 16;
/// An order that was accepted waits for its turn no longer, however alive the instance is that keeps it in the queue.
pub const ACCEPTED_WAITS_MAX: Duration = Duration::from_secs(3600);
const IDEMPOTENCY_DAYS: i32 = 7;
/// An order past its time is ended by the instance that it waits at; if that one is gone, so much later by any other.
const FORSAKEN: &str = "expires_at < clock_timestamp() - interval '5 seconds'";

/// What an order asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    /// Why.
    pub trigger: Trigger,
    /// How many.
    pub count: u32,
    /// In which country.
    pub country: CountryCode,
    /// In which area code; `None` = the pool's, then any.
    pub area_code: Option<AreaCode>,
    /// Whether another area code will do.
    pub fallback: bool,
    /// Whether the operator set the spend caps aside.
    pub override_caps: bool,
    /// Who asked: a key's fingerprint, or the part of callbunker.
    pub requested_by: String,
}

impl Wish {
    /// Whether both ask for the same, whoever asks: an operator's key may be rotated between two tries.
    fn asks_for_the_same_as(&self, other: &Self) -> bool {
        Self { requested_by: other.requested_by.clone(), ..self.clone() } == *other
    }
}

/// An order as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// Its id, in every URL that names it.
    pub id: Uuid,
    /// What it asks for.
    pub wish: Wish,
    /// How far it has come.
    pub state: OrderState,
    /// When it was asked for.
    pub created_at: DateTime<Utc>,
    /// When it first got the lock.
    pub started_at: Option<DateTime<Utc>>,
}

#[derive(Queryable, Selectable, QueryableByName)]
#[diesel(table_name = purchases, check_for_backend(diesel::pg::Pg))]
struct OrderRow {
    id: Uuid,
    trigger: String,
    state: String,
    requested_count: i32,
    country: String,
    area_code: Option<String>,
    fallback: bool,
    override_caps: bool,
    requested_by: String,
    created_at: DateTime<Utc>,
    started_at: Option<DateTime<Utc>>,
}

impl TryFrom<OrderRow> for Order {
    type Error = DbError;

    fn try_from(row: OrderRow) -> Result<Self, DbError> {
        let corrupt = DbError::corrupt("purchase");
        let wish = Wish {
            trigger: row.trigger.parse().map_err(&corrupt)?,
            count: u32::try_from(row.requested_count).map_err(|error| corrupt(error.to_string()))?,
            country: row
                .country
                .parse()
                .map_err(|error: crate::domain::InvalidCountryCode| corrupt(error.to_string()))?,
            area_code: row
                .area_code
                .map(|code| code.parse())
                .transpose()
                .map_err(|error: crate::domain::InvalidAreaCode| corrupt(error.to_string()))?,
            fallback: row.fallback,
            override_caps: row.override_caps,
            requested_by: row.requested_by,
        };
        let state = row.state.parse().map_err(&corrupt)?;
        Ok(Self { id: row.id, wish, state, created_at: row.created_at, started_at: row.started_at })
    }
}

/// What became of a request for an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Enqueued {
    /// A new order waits for the lock.
    New(Uuid),
    /// The key names this order, asked for with the same body.
    Same(Uuid),
    /// The key names an order with another body.
    KeyReused,
    /// [`ORDERS_QUEUED_MAX`] orders wait already.
    TooMany,
}

/// Writes an order that waits for the lock, at most `lock_wait` long.
///
/// # Errors
/// When PostgreSQL fails.
pub fn purchase_enqueue(
    conn: &mut Connection,
    wish: &Wish,
    idempotency_key: Option<&str>,
    lock_wait: Duration,
) -> Result<Enqueued, DbError> {
    let written = conn.transaction::<_, DbError, _>(|conn| {
        // One enqueuer at a time, so that the queue's bound is exact.
        gate_lock(conn)?;
        if let Some(key) = idempotency_key
            && let Some(known) = order_of_key(conn, key)?
        {
            let same = known.wish.asks_for_the_same_as(wish);
            return Ok(if same { Enqueued::Same(known.id) } else { Enqueued::KeyReused });
        }
        let queued: i64 = purchases::table.filter(purchases::state.eq("queued")).count().get_result(conn)?;
        if queued >= ORDERS_QUEUED_MAX {
            return Ok(Enqueued::TooMany);
        }
        insert(conn, wish, idempotency_key, lock_wait, None).map(Enqueued::New)
    });
    match written {
        // The other enqueuer committed between our look and our insert: it cannot, while both lock the gate.
        Err(error) if error.violates(Constraint::IdempotencyKey) => Ok(Enqueued::KeyReused),
        other => other,
    }
}

fn order_of_key(conn: &mut Connection, key: &str) -> Result<Option<Order>, DbError> {
    sql_query(
        "UPDATE purchases SET idempotency_key = NULL
          WHERE idempotency_key = $1
            AND (created_at < clock_timestamp() - make_interval(days => $2)
                 -- Nothing was ever tried for it: the same key may try again.
                 OR (state = 'interrupted' AND started_at IS NULL)
                 -- Nor for one that was answered with a refusal before its first intent.
                 OR (ended_at IS NOT NULL
                     AND NOT EXISTS (SELECT 1 FROM purchase_items i WHERE i.purchase_id = purchases.id)
                     AND EXISTS (SELECT 1 FROM purchase_errors e WHERE e.purchase_id = purchases.id
                                    AND e.code IN ('spend_cap', 'locked', 'halted'))))",
    )
    .bind::<Text, _>(key)
    .bind::<Integer, _>(IDEMPOTENCY_DAYS)
    .execute(conn)?;
    let row = purchases::table
        .filter(purchases::idempotency_key.eq(key))
        .select(OrderRow::as_select())
        .first(conn)
        .optional()?;
    row.map(Order::try_from).transpose()
}

/// Writes an order that runs at once, under a run that holds the lock.
///
/// # Errors
/// [`Constraint::OneRunningOrder`] when another run has taken over; whatever PostgreSQL fails with.
pub fn purchase_open(conn: &mut Connection, wish: &Wish, run_id: Uuid) -> Result<Order, DbError> {
    conn.transaction::<_, DbError, _>(|conn| {
        holder_stands(conn, run_id)?;
        let id = insert(conn, wish, None, Duration::ZERO, Some(run_id))?;
        purchase_read(conn, id)?
            .ok_or_else(|| DbError::corrupt("purchase")("it vanished after it was written".to_owned()))
    })
}

fn insert(
    conn: &mut Connection,
    wish: &Wish,
    idempotency_key: Option<&str>,
    lock_wait: Duration,
    run_id: Option<Uuid>,
) -> Result<Uuid, DbError> {
    let id = Uuid::now_v7();
    sql_query(
        "INSERT INTO purchases (id, trigger, state, requested_count, country, area_code, fallback, override_caps,
                                requested_by, idempotency_key, run_id, started_at, expires_at)
         VALUES ($1, $2, CASE WHEN $3 IS NULL THEN 'queued' ELSE 'running' END, $4, $5, $6, $7, $8, $9, $10, $3,
                 CASE WHEN $3 IS NOT NULL THEN clock_timestamp() END, clock_timestamp() + make_interval(secs => $11))",
    )
    .bind::<SqlUuid, _>(id)
    .bind::<Text, _>(wish.trigger.as_str())
    .bind::<Nullable<SqlUuid>, _>(run_id)
    .bind::<Integer, _>(i32::try_from(wish.count).unwrap_or(i32::MAX))
    .bind::<Text, _>(wish.country.as_str())
    .bind::<Nullable<Text>, _>(wish.area_code.as_ref().map(AreaCode::as_str))
    .bind::<diesel::sql_types::Bool, _>(wish.fallback)
    .bind::<diesel::sql_types::Bool, _>(wish.override_caps)
    .bind::<Text, _>(&wish.requested_by)
    .bind::<Nullable<Text>, _>(idempotency_key)
    .bind::<Double, _>(lock_wait.as_secs_f64())
    .execute(conn)?;
    Ok(id)
}

/// Reads an order.
///
/// # Errors
/// When PostgreSQL fails.
pub fn purchase_read(conn: &mut Connection, id: Uuid) -> Result<Option<Order>, DbError> {
    purchases::table.find(id).select(OrderRow::as_select()).first(conn).optional()?.map(Order::try_from).transpose()
}

/// Ends what no living run can be working on: every `running` order (its run lost the lock, or we would not hold it) and
/// every `queued` one long past its time, but for `mine`, whose turn it is now. Each is told what it lacks and why.
/// Called first by whoever has taken the lock. Returns what had set each off.
///
/// # Errors
/// When PostgreSQL fails.
pub fn purchases_interrupt_stale(conn: &mut Connection, mine: Option<Uuid>) -> Result<Vec<Trigger>, DbError> {
    #[derive(QueryableByName)]
    struct Ended {
        #[diesel(sql_type = SqlUuid)]
        id: Uuid,
        #[diesel(sql_type = Text)]
        trigger: String,
    }
    conn.transaction::<_, DbError, _>(|conn| {
        let ended: Vec<Ended> = sql_query(format!(
            "UPDATE purchases SET state = 'interrupted', run_id = NULL, ended_at = clock_timestamp()
              WHERE state = 'running' OR (state = 'queued' AND {FORSAKEN} AND id IS DISTINCT FROM $1)
             RETURNING id, trigger",
        ))
        .bind::<Nullable<SqlUuid>, _>(mine)
        .load(conn)?;
        let ids: Vec<Uuid> = ended.iter().map(|ended| ended.id).collect();
        // A statement of its own: it sees the items that were committed while the first one waited for row locks.
        sql_query(
            "INSERT INTO purchase_errors (purchase_id, code, message, count)
             SELECT p.id, CASE WHEN p.started_at IS NULL THEN 'locked' ELSE 'interrupted' END,
                    CASE WHEN p.started_at IS NULL THEN 'another purchase held the lock for too long; ask again'
                         ELSE 'its run ended before the order did; what is still needed is a new order' END,
                    p.requested_count - used.places
               FROM purchases p, LATERAL (
                    SELECT count(*)::integer AS places FROM purchase_items i WHERE i.purchase_id = p.id
                       AND (i.state IN ('sent', 'bought', 'unknown') OR (i.state = 'not_bought' AND i.doubted))) AS used
              WHERE p.id = ANY($1) AND p.requested_count > used.places
             ON CONFLICT DO NOTHING",
        )
        .bind::<diesel::sql_types::Array<SqlUuid>, _>(&ids)
        .execute(conn)?;
        let corrupt = DbError::corrupt("purchase");
        ended.iter().map(|ended| ended.trigger.parse().map_err(&corrupt)).collect()
    })
}

/// Whether somebody who takes the lock would find something that a run left behind: an order that seems to run or waits
/// past its time, an item that is open. Also true while a purchase runs.
///
/// # Errors
/// When PostgreSQL fails.
pub fn purchases_left_open(conn: &mut Connection) -> Result<bool, DbError> {
    Ok(diesel::select(diesel::dsl::sql::<diesel::sql_types::Bool>(&format!(
        "EXISTS (SELECT 1 FROM purchases WHERE state IN ('queued', 'running') AND (state = 'running' OR {FORSAKEN}))
         OR EXISTS (SELECT 1 FROM purchase_items WHERE state IN ('intended', 'sent', 'unknown'))",
    )))
    .get_result(conn)?)
}

/// Whether an order's time to wait for the lock is over, or it waits no more.
///
/// # Errors
/// When PostgreSQL fails.
pub fn purchase_waits_no_more(conn: &mut Connection, id: Uuid) -> Result<bool, DbError> {
    let waiting = purchases::table
        .find(id)
        .filter(purchases::state.eq("queued"))
        .filter(purchases::expires_at.gt(diesel::dsl::sql::<diesel::sql_types::Timestamptz>("clock_timestamp()")));
    Ok(!diesel::select(diesel::dsl::exists(waiting)).get_result::<bool>(conn)?)
}

/// Keeps an order that waits for its turn in the queue for `wait` from now on, unless it was placed longer than
/// [`ACCEPTED_WAITS_MAX`] ago. Nothing changes for one that runs or has ended.
///
/// # Errors
/// When PostgreSQL fails.
pub fn purchase_keep_waiting(conn: &mut Connection, id: Uuid, wait: Duration) -> Result<(), DbError> {
    sql_query(
        "UPDATE purchases SET expires_at = greatest(expires_at, clock_timestamp() + make_interval(secs => $2))
          WHERE id = $1 AND state = 'queued' AND created_at > clock_timestamp() - make_interval(secs => $3)",
    )
    .bind::<SqlUuid, _>(id)
    .bind::<Double, _>(wait.as_secs_f64())
    .bind::<Double, _>(ACCEPTED_WAITS_MAX.as_secs_f64())
    .execute(conn)?;
    Ok(())
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

/// Puts a running order back in the queue between two slices, for at most `wait`; `false` when its run is over.
///
/// # Errors
/// When PostgreSQL fails.
pub fn purchase_yield(conn: &mut Connection, id: Uuid, run_id: Uuid, wait: Duration) -> Result<bool, DbError> {
    let yielded = sql_query(
        "UPDATE purchases SET state = 'queued', run_id = NULL, expires_at = clock_timestamp() + make_interval(secs => $3)
          WHERE id = $1 AND state = 'running' AND run_id = $2",
    )
    .bind::<SqlUuid, _>(id)
    .bind::<SqlUuid, _>(run_id)
    .bind::<Double, _>(wait.as_secs_f64())
    .execute(conn)?;
    Ok(yielded > 0)
}

/// Ends an order: a running one under its `run_id`, a waiting one without. `false` when it had moved on.
///
/// # Errors
/// When PostgreSQL fails.
pub fn purchase_end(conn: &mut Connection, id: Uuid, run_id: Option<Uuid>, state: OrderState) -> Result<bool, DbError> {
    let ended = sql_query(
        "UPDATE purchases SET state = $3, run_id = NULL, ended_at = clock_timestamp()
          WHERE id = $1 AND state IN ('queued', 'running') AND run_id IS NOT DISTINCT FROM $2",
    )
    .bind::<SqlUuid, _>(id)
    .bind::<Nullable<SqlUuid>, _>(run_id)
    .bind::<Text, _>(state.as_str())
    .execute(conn)?;
    Ok(ended > 0)
}

/// Whether another order waits for the lock, or waited for too long and wants to be told.
///
/// # Errors
/// When PostgreSQL fails.
pub fn purchases_others_wait(conn: &mut Connection, id: Uuid) -> Result<bool, DbError> {
    let waiting = purchases::table.filter(purchases::state.eq("queued")).filter(purchases::id.ne(id));
    Ok(diesel::select(diesel::dsl::exists(waiting)).get_result(conn)?)
}

/// How many of an order's places are used: bought, open, unknown, and those whose outcome was ever in doubt.
///
/// # Errors
/// When PostgreSQL fails.
pub fn purchase_places_used(conn: &mut Connection, id: Uuid) -> Result<u32, DbError> {
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

/// Adds to what went wrong with an order as a whole.
///
/// # Errors
/// When PostgreSQL fails.
pub fn purchase_add_error(
    conn: &mut Connection,
    id: Uuid,
    code: &str,
    twilio_code: Option<i32>,
    message: &str,
    count: u32,
) -> Result<(), DbError> {
    let count = i32::try_from(count.max(1)).unwrap_or(i32::MAX);
    diesel::insert_into(purchase_errors::table)
        .values((
            purchase_errors::purchase_id.eq(id),
            purchase_errors::code.eq(code),
            purchase_errors::twilio_code.eq(twilio_code),
            purchase_errors::message.eq(message),
            purchase_errors::count.eq(count),
        ))
        .on_conflict((purchase_errors::purchase_id, purchase_errors::code))
        .do_update()
        .set((purchase_errors::count.eq(count), purchase_errors::message.eq(message)))
        .execute(conn)?;
    Ok(())
}

/// How many numbers were bought by orders of `trigger` that were written after `since`, by the database's clock.
///
/// # Errors
/// When PostgreSQL fails.
pub fn purchases_bought_since(conn: &mut Connection, trigger: Trigger, since: DateTime<Utc>) -> Result<u32, DbError> {
    #[derive(QueryableByName)]
    struct Bought {
        #[diesel(sql_type = BigInt)]
        bought: i64,
    }
    let bought: Bought = sql_query(
        "SELECT count(*) AS bought FROM purchase_items i JOIN purchases p ON p.id = i.purchase_id
          WHERE p.trigger = $1 AND p.created_at >= $2 AND i.state = 'bought'",
    )
    .bind::<Text, _>(trigger.as_str())
    .bind::<diesel::sql_types::Timestamptz, _>(since)
    .get_result(conn)?;
    Ok(u32::try_from(bought.bought).unwrap_or(u32::MAX))
}

/// The database's clock, which orders are written by.
///
/// # Errors
/// When PostgreSQL fails.
pub fn purchases_clock(conn: &mut Connection) -> Result<DateTime<Utc>, DbError> {
    #[derive(QueryableByName)]
    struct Now {
        #[diesel(sql_type = diesel::sql_types::Timestamptz)]
        now: DateTime<Utc>,
    }
    Ok(sql_query("SELECT clock_timestamp() AS now").get_result::<Now>(conn)?.now)
}
