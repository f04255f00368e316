//! Before Twilio is asked: intents and attempts, a wave of them in one transaction.
//!
//! How to get it wrong: counting caps before the gate's row is locked. Two instances would count the same room.

use chrono::{DateTime, Utc};
use diesel::Connection as _;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, Integer, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use uuid::Uuid;

use super::pace::{Pace, items_pace};
use crate::db::attachments::pool_has_no_room;
use crate::db::buying_state::buying_state_lock;
use crate::db::engine::connection::Connection;
use crate::db::engine::error::DbError;
use crate::db::engine::schema::{purchase_items, purchases};
use crate::db::numbers::pool_is_another;
use crate::db::pool_halts::{Keys, pool_halt_read};
use crate::db::purchases::purchase_count_used;
use crate::db::stock::{Care, Far, stock_observe};
use crate::domain::{
    CapLimits, CountryCode, Kind, NumberType, PhoneNumber, PoolName, PoolPolicy, Trigger, Why, permit_one,
};

/// Which run of which order asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RunOf {
    /// The order.
    pub order_id: Uuid,
    /// The run that holds the lock.
    pub run_id: Uuid,
}

/// The limits in force for an intent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Of which pool, under which keys.
    pub keys: Keys,
    /// How it wants to be.
    pub policy: PoolPolicy,
    /// Its own caps beside, and those of all pools together.
    pub caps: CapLimits,
    /// Whether what only a look at Twilio brings back comes for those in line.
    pub care: Care,
}

/// What became of an intent, or of the wish to send it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Intent {
    /// Committed: Twilio may be asked.
    Written,
    /// The order was ended, or another run has it: stop at once.
    RunIsOver,
    /// Somebody cancelled the order: nothing more is sent for it.
    Cancelled,
    /// The order's places are used up.
    OrderIsFull,
    /// Somebody owns the number or is buying it: take another candidate.
    NumberIsKnown,
    /// The latest creates brought nothing: one goes out at a time, and this is not its time.
    Paced,
    /// Another instance, or a reload, has said that the pool is of another kind: what is bought would be apart from it.
    AnotherKind,
    /// A limit says no.
    Refused(Why),
}

/// A running order, as far as its intents care.
struct Running {
    trigger: Trigger,
    override_caps: bool,
    requested: i32,
    pool: PoolName,
    kind: Kind,
}

/// Locks the order's row and checks that it runs under this run, and that nobody cancelled it. Whoever cancels it locks the
/// same row: either we see it here, or they come after this transaction.
fn run_stands(conn: &mut Connection, run: RunOf) -> Result<Result<Running, Intent>, DbError> {
    let found = purchases::table
        .filter(purchases::id.eq(run.order_id))
        .filter(purchases::state.eq("running"))
        .filter(purchases::run_id.eq(run.run_id))
        .select((
            (purchases::trigger, purchases::override_caps, purchases::requested_count, purchases::pool),
            (purchases::country, purchases::number_type),
            purchases::cancelled_at,
        ))
        .for_update()
        .first::<((Trigger, bool, i32, PoolName), (CountryCode, NumberType), Option<DateTime<Utc>>)>(conn)
        .optional()?;
    Ok(match found {
        None => Err(Intent::RunIsOver),
        Some((_, _, Some(_cancelled))) => Err(Intent::Cancelled),
        Some(((trigger, override_caps, requested, pool), (country, number_type), None)) => {
            Ok(Running { trigger, override_caps, requested, pool, kind: Kind { country, number_type } })
        }
    })
}

/// Writes the intents to buy `wanted` (distinct numbers), each judged on its own, in one transaction: the ledger is
/// locked once for a whole wave of creates, and counts there what the pool has, what it may have, and what all pools may.
///
/// # Errors
/// When PostgreSQL fails, or `limits` are another pool's than the order's; then nothing was written and Twilio must not be
/// asked.
pub fn items_intend(
    conn: &mut Connection,
    run: RunOf,
    wanted: &[(Uuid, PhoneNumber)],
    limits: &Limits,
) -> Result<Vec<Intent>, DbError> {
    conn.transaction::<_, DbError, _>(|conn| {
        let buying = buying_state_lock(conn)?;
        let Running { trigger, override_caps, requested, pool, kind } = match run_stands(conn, run)? {
            Ok(running) => running,
            Err(over) => return Ok(vec![over; wanted.len()]),
        };
        if pool != limits.keys.pool {
            let why = format!("an order for {pool} was to be bound by the limits of {}", limits.keys.pool);
            return Err(DbError::corrupt("purchase")(why));
        }
        if trigger != Trigger::Manual && pool_is_another(conn, &pool, kind)? {
            return Ok(vec![Intent::AnotherKind; wanted.len()]);
        }
        // Other keys end a halt, and whoever halts it again for this comes a moment later.
        if pool_has_no_room(conn, &pool)? {
            return Ok(vec![Intent::Refused(Why::Halted); wanted.len()]);
        }
        let mut places_used = i64::from(purchase_count_used(conn, run.order_id)?);
        // An order by hand is bound by the windows, one for those who wait by what is owned, too.
        let available_max_binds = !matches!(trigger, Trigger::Manual | Trigger::Emergency);
        let far = Far::of_caps(&limits.policy, available_max_binds, wanted.len());
        let mut seen = stock_observe(conn, buying, limits.care, far, &limits.keys)?;
        seen.stock = seen.stock_for_waiters(&pool);
        let numbers: Vec<&str> = wanted.iter().map(|(_, number)| number.as_str()).collect();
        // Exact here, under the gate's lock, which every intent takes.
        let known = items_known_numbers(conn, None, &numbers)?;
        let pace = if trigger == Trigger::Manual { Pace::Free } else { items_pace(conn, &pool)? };
        let mut intents = Vec::with_capacity(wanted.len());
        let mut rows = Vec::with_capacity(wanted.len());
        for (item_id, number) in wanted {
            let caps = seen.caps(&limits.caps);
            let intent = if places_used >= i64::from(requested) {
                Intent::OrderIsFull
            } else if known.iter().any(|taken| taken == number.as_str()) {
                Intent::NumberIsKnown
            } else if let Err(why) = permit_one(&limits.policy, &caps, &seen.stock, trigger, override_caps) {
                Intent::Refused(why)
            } else if pace == Pace::Wait || (pace == Pace::One && !rows.is_empty()) {
                Intent::Paced
            } else {
                rows.push((
                    purchase_items::id.eq(item_id),
                    purchase_items::purchase_id.eq(run.order_id),
                    purchase_items::phone_number.eq(number.as_str()),
                    purchase_items::pool.eq(pool.as_str()),
                    purchase_items::override_caps.eq(override_caps),
                ));
                places_used += 1;
                seen.count_intent(override_caps);
                Intent::Written
            };
            intents.push(intent);
        }
        if !rows.is_empty() {
            diesel::insert_into(purchase_items::table).values(rows).execute(conn)?;
        }
        Ok(intents)
    })
}

/// An attempt that may go on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, QueryableByName)]
pub struct Attempt {
    /// Of which item.
    #[diesel(sql_type = SqlUuid)]
    pub item_id: Uuid,
    /// 1 for the first POST.
    #[diesel(sql_type = Integer)]
    pub number: i32,
    /// When the first POST was about to be sent, by the database's clock.
    #[diesel(sql_type = Timestamptz)]
    pub first_sent_at: DateTime<Utc>,
}

/// Commits the next attempt of each item before its POST, under the same checks of run, pause and halts as its intent
/// (the items themselves are counted by the caps already). `Err(intent)` says why none may be sent; an item that is
/// missing from the answer has ended.
///
/// # Errors
/// When PostgreSQL fails; then Twilio must not be asked.
pub fn items_attempt(
    conn: &mut Connection,
    run: RunOf,
    item_ids: &[Uuid],
    keys: &Keys,
) -> Result<Result<Vec<Attempt>, Intent>, DbError> {
    conn.transaction::<_, DbError, _>(|conn| {
        let buying = buying_state_lock(conn)?;
        let Running { trigger, .. } = match run_stands(conn, run)? {
            Ok(running) => running,
            Err(over) => return Ok(Err(over)),
        };
        if buying.halted.is_some() || pool_halt_read(conn, keys)?.is_some() {
            return Ok(Err(Intent::Refused(Why::Halted)));
        }
        if buying.paused.is_some() && trigger != Trigger::Manual {
            return Ok(Err(Intent::Refused(Why::Paused)));
        }
        let attempts = sql_query(
            "UPDATE purchase_items SET state = 'sent', attempts = attempts + 1, last_sent_at = clock_timestamp(),
                    negative_lookups = 0, last_lookup_at = NULL, first_sent_at = coalesce(first_sent_at, clock_timestamp())
              WHERE id = ANY($1) AND state IN ('intended', 'sent', 'unknown')
             RETURNING id AS item_id, attempts AS number, first_sent_at",
        )
        .bind::<Array<SqlUuid>, _>(item_ids)
        .load(conn)?;
        Ok(Ok(attempts))
    })
}

/// Takes items back that were written but never put on the wire: their run may not send them any more.
///
/// # Errors
/// When PostgreSQL fails; recovery then finds them.
pub fn items_withdraw(conn: &mut Connection, item_ids: &[Uuid]) -> Result<(), DbError> {
    sql_query(
        "UPDATE purchase_items SET state = 'not_bought', ended_at = clock_timestamp(), error_code = 'withdrawn',
                error_message = 'the order may not buy any more; Twilio was not asked'
          WHERE id = ANY($1) AND state IN ('intended', 'sent') AND attempts <= 1 AND NOT doubted",
    )
    .bind::<Array<SqlUuid>, _>(item_ids)
    .execute(conn)?;
    Ok(())
}

/// Which of `numbers` are live numbers of ours, are being bought, were refused minutes ago, or were tried for `order_id`
/// before: no candidates. A search may go on showing what it does not sell.
///
/// # Errors
/// When PostgreSQL fails.
pub fn items_known_numbers(
    conn: &mut Connection,
    order_id: Option<Uuid>,
    numbers: &[&str],
) -> Result<Vec<String>, DbError> {
    #[derive(QueryableByName)]
    struct Known {
        #[diesel(sql_type = Text)]
        phone_number: String,
    }
    let known: Vec<Known> = sql_query(
        "SELECT phone_number FROM numbers WHERE phone_number = ANY($1) AND status <> 'released'
         UNION SELECT phone_number FROM purchase_items
                WHERE phone_number = ANY($1) AND state IN ('intended', 'sent', 'unknown')
         UNION SELECT phone_number FROM purchase_items
                WHERE phone_number = ANY($1) AND ended_at > clock_timestamp() - interval '10 minutes'
                  -- What Twilio refused about the account or the moment says nothing of the number.
                  AND (state = 'taken' OR (state = 'not_bought' AND NOT doubted AND refusal_concerns IN ('number', 'order', 'unclear')))
         UNION SELECT phone_number FROM purchase_items WHERE phone_number = ANY($1) AND purchase_id = $2",
    )
    .bind::<Array<Text>, _>(numbers)
    .bind::<Nullable<SqlUuid>, _>(order_id)
    .load(conn)?;
    Ok(known.into_iter().map(|row| row.phone_number).collect())
}
