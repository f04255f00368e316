//! The ledger: one row per number that we ever meant to buy, written before Twilio is asked.
//!
//! Invariants: no create without a committed intent and a committed attempt; every intent is checked against its run,
//! the gate and the caps inside its own transaction, one at a time over all instances (the gate's row lock); settling
//! is idempotent and the only way a purchase becomes a number.
//! How to get it wrong: ending an item because its run is over. Only Twilio's word ends an item that was sent.

use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use diesel::Connection as _;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Bool, Double, Integer, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use uuid::Uuid;

use super::buying_gate::gate_lock;
use super::error::DbError;
use super::executor::Connection;
use super::purchases::purchase_places_used;
use super::schema::{purchase_items, purchases};
use super::stock::stock_observe;
use crate::domain::{CountryCode, NumberSid, PhoneNumber, PoolPolicy, Trigger, WebhookStatus, Why, permit_one};

/// Which run of which order asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RunOf {
    /// The order.
    pub order_id: Uuid,
    /// The run that holds the lock.
    pub run_id: Uuid,
}

/// The limits in force for an intent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// `[pool]`.
    pub policy: PoolPolicy,
    /// `pool.country`: where numbers are bought for signups that take any.
    pub pool_country: CountryCode,
    /// `spend.purchases_per_hour_max`.
    pub per_hour_max: u32,
    /// `spend.purchases_per_day_max`.
    pub per_day_max: u32,
}

/// What became of an intent, or of the wish to send it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Intent {
    /// Committed: Twilio may be asked.
    Written,
    /// The order was ended, or another run has it: stop at once.
    RunIsOver,
    /// The order's places are used up.
    OrderIsFull,
    /// Somebody owns the number or is buying it: take another candidate.
    NumberIsKnown,
    /// A limit says no.
    Refused(Why),
}

/// A running order, as far as its intents care.
struct Running {
    trigger: Trigger,
    country: CountryCode,
    override_caps: bool,
    requested: i32,
}

/// Locks the order's row and checks that it runs under this run.
fn run_stands(conn: &mut Connection, run: RunOf) -> Result<Option<Running>, DbError> {
    let found = purchases::table
        .filter(purchases::id.eq(run.order_id))
        .filter(purchases::state.eq("running"))
        .filter(purchases::run_id.eq(run.run_id))
        .select((purchases::trigger, purchases::country, purchases::override_caps, purchases::requested_count))
        .for_update()
        .first::<(String, String, bool, i32)>(conn)
        .optional()?;
    let corrupt = DbError::corrupt("purchase");
    found
        .map(|(trigger, country, override_caps, requested)| {
            let country = country.parse().map_err(|_| corrupt("its country is not ISO 3166".to_owned()))?;
            Ok(Running { trigger: trigger.parse().map_err(&corrupt)?, country, override_caps, requested })
        })
        .transpose()
}

/// Writes the intents to buy `wanted` (distinct numbers), each judged on its own, in one transaction: the ledger is
/// locked once for a whole wave of creates.
///
/// # Errors
/// When PostgreSQL fails; then nothing was written and Twilio must not be asked.
pub fn items_intend(
    conn: &mut Connection,
    run: RunOf,
    wanted: &[(Uuid, PhoneNumber)],
    limits: &Limits,
) -> Result<Vec<Intent>, DbError> {
    conn.transaction::<_, DbError, _>(|conn| {
        let gate = gate_lock(conn)?;
        let Some(Running { trigger, country, override_caps, requested }) = run_stands(conn, run)? else {
            return Ok(vec![Intent::RunIsOver; wanted.len()]);
        };
        let mut places_used = i64::from(purchase_places_used(conn, run.order_id)?);
        let mut seen = stock_observe(conn, gate)?;
        seen.stock = seen.stock_for_line(country, limits.pool_country);
        let numbers: Vec<&str> = wanted.iter().map(|(_, number)| number.as_str()).collect();
        let known = numbers_spoken_for(conn, &numbers)?;
        let mut intents = Vec::with_capacity(wanted.len());
        let mut rows = Vec::with_capacity(wanted.len());
        for (item_id, number) in wanted {
            let caps = seen.caps(limits.per_hour_max, limits.per_day_max);
            let intent = if places_used >= i64::from(requested) {
                Intent::OrderIsFull
            } else if known.iter().any(|taken| taken == number.as_str()) {
                Intent::NumberIsKnown
            } else if let Err(why) = permit_one(&limits.policy, &caps, &seen.stock, trigger, override_caps) {
                Intent::Refused(why)
            } else {
                rows.push((
                    purchase_items::id.eq(item_id),
                    purchase_items::purchase_id.eq(run.order_id),
                    purchase_items::phone_number.eq(number.as_str()),
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

/// Which of `numbers` are live numbers of ours, or being bought. Exact under the gate's lock, which every intent takes.
fn numbers_spoken_for(conn: &mut Connection, numbers: &[&str]) -> Result<Vec<String>, DbError> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        phone_number: String,
    }
    let rows: Vec<Row> = sql_query(
        "SELECT phone_number FROM numbers WHERE phone_number = ANY($1) AND status <> 'released'
         UNION SELECT phone_number FROM purchase_items
                WHERE phone_number = ANY($1) AND state IN ('intended', 'sent', 'unknown')",
    )
    .bind::<Array<Text>, _>(numbers)
    .load(conn)?;
    Ok(rows.into_iter().map(|row| row.phone_number).collect())
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

/// Commits the next attempt of each item before its POST, under the same checks of run, pause and halt as its intent
/// (the items themselves are counted by the caps already). `Err(intent)` says why none may be sent; an item that is
/// missing from the answer has ended.
///
/// # Errors
/// When PostgreSQL fails; then Twilio must not be asked.
pub fn items_attempt(
    conn: &mut Connection,
    run: RunOf,
    item_ids: &[Uuid],
) -> Result<Result<Vec<Attempt>, Intent>, DbError> {
    conn.transaction::<_, DbError, _>(|conn| {
        let gate = gate_lock(conn)?;
        let Some(Running { trigger, .. }) = run_stands(conn, run)? else { return Ok(Err(Intent::RunIsOver)) };
        if gate.halted.is_some() {
            return Ok(Err(Intent::Refused(Why::Halted)));
        }
        if gate.paused.is_some() && trigger != Trigger::Manual {
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

/// Why an item has no number, for the ledger and the order's errors.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Failure {
    /// Our code, such as `twilio_21422` or `outcome_unknown`.
    pub code: String,
    /// Twilio's code.
    pub twilio_code: Option<i32>,
    /// What happened.
    pub message: String,
    /// Twilio's id of the request, for its support.
    pub request_id: Option<String>,
}

/// The outcome of the last POST is not known: from here on only Twilio's list decides.
///
/// # Errors
/// When PostgreSQL fails; the item then stays `sent`, which a later `recover` reads the same way.
pub fn item_doubt(conn: &mut Connection, item_id: Uuid, failure: &Failure) -> Result<(), DbError> {
    sql_query(
        "UPDATE purchase_items SET state = 'unknown', doubted = true, error_code = $2, twilio_code = $3, error_message = $4,
                twilio_request_id = coalesce($5, twilio_request_id)
          WHERE id = $1 AND state IN ('sent', 'unknown')",
    )
    .bind::<SqlUuid, _>(item_id)
    .bind::<Text, _>(&failure.code)
    .bind::<Nullable<Integer>, _>(failure.twilio_code)
    .bind::<Text, _>(&failure.message)
    .bind::<Nullable<Text>, _>(&failure.request_id)
    .execute(conn)?;
    Ok(())
}

/// How an item ends without a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// Somebody else owns the number.
    Taken,
    /// Nobody was charged.
    NotBought,
}

/// Ends an item without a number. `attempt` is the attempt that the caller judged: a later one by somebody else keeps
/// the item open. `None` = whatever was sent.
///
/// # Errors
/// When PostgreSQL fails.
pub fn item_end(
    conn: &mut Connection,
    item_id: Uuid,
    attempt: Option<i32>,
    ending: Ending,
    failure: &Failure,
) -> Result<bool, DbError> {
    let ended = sql_query(
        "UPDATE purchase_items SET state = $3, ended_at = clock_timestamp(), error_code = $4, twilio_code = $5,
                error_message = $6, twilio_request_id = coalesce($7, twilio_request_id)
          WHERE id = $1 AND ($2 IS NULL OR attempts = $2) AND state IN ('intended', 'sent', 'unknown')",
    )
    .bind::<SqlUuid, _>(item_id)
    .bind::<Nullable<Integer>, _>(attempt)
    .bind::<Text, _>(match ending {
        Ending::Taken => "taken",
        Ending::NotBought => "not_bought",
    })
    .bind::<Text, _>(&failure.code)
    .bind::<Nullable<Integer>, _>(failure.twilio_code)
    .bind::<Text, _>(&failure.message)
    .bind::<Nullable<Text>, _>(&failure.request_id)
    .execute(conn)?;
    Ok(ended > 0)
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

/// A number at Twilio that settles an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settlement {
    /// Twilio's SID.
    pub sid: NumberSid,
    /// The number.
    pub phone_number: PhoneNumber,
    /// Its country.
    pub country: CountryCode,
    /// What Twilio's answer says about its webhooks.
    pub webhook_status: WebhookStatus,
    /// Whether it can do what `pool.capabilities` wants.
    pub capable: bool,
    /// `date_created`.
    pub purchased_at: DateTime<Utc>,
    /// Twilio's id of the request that said so.
    pub request_id: Option<String>,
}

/// Ends an item as bought and puts its number into the pool, in one transaction. Idempotent: an item that has its
/// number keeps it. `false` = it had it already.
///
/// # Errors
/// [`DbError::Constraint`] with `OneLivePerNumber` or `SidIsForEver` when another item holds this number: nobody may
/// buy on before somebody has looked at it.
pub fn item_settle(conn: &mut Connection, item_id: Uuid, settlement: &Settlement) -> Result<bool, DbError> {
    let is_new = conn.transaction::<_, DbError, _>(|conn| {
        let item: (String, String) = purchase_items::table
            .find(item_id)
            .select((purchase_items::state, purchase_items::phone_number))
            .for_update()
            .first(conn)?;
        if item.0 == "bought" {
            return Ok(false);
        }
        if item.1 != settlement.phone_number.as_str() {
            return Err(DbError::corrupt("purchase item")("Twilio names another number than it intended".to_owned()));
        }
        sql_query(
            "WITH pooled AS (
                INSERT INTO numbers (sid, phone_number, country, area_code, status, webhook_status, capable, purchase_item_id, purchased_at)
                VALUES ($1, $2, $3, $4, 'available', $5, $6, $7, $8))
             UPDATE purchase_items SET state = 'bought', attempts = greatest(attempts, 1), ended_at = clock_timestamp(),
                    first_sent_at = coalesce(first_sent_at, clock_timestamp()), error_code = NULL, twilio_code = NULL,
                    error_message = NULL, twilio_request_id = coalesce($9, twilio_request_id)
              WHERE id = $7",
        )
        .bind::<Text, _>(settlement.sid.as_str())
        .bind::<Text, _>(settlement.phone_number.as_str())
        .bind::<Text, _>(settlement.country.as_str())
        .bind::<Nullable<Text>, _>(
            settlement.phone_number.area_code(settlement.country).map(|code| code.as_str().to_owned()),
        )
        .bind::<Text, _>(settlement.webhook_status.as_str())
        .bind::<Bool, _>(settlement.capable)
        .bind::<SqlUuid, _>(item_id)
        .bind::<Timestamptz, _>(settlement.purchased_at)
        .bind::<Nullable<Text>, _>(&settlement.request_id)
        .execute(conn)?;
        Ok(true)
    })?;
    if is_new {
        // Whoever waits, on any instance, may have it now. After the commit: notifying transactions commit one at a
        // time, and the numbers of a wave should not queue for the disk. Who misses it looks by the clock.
        sql_query("NOTIFY callbunker_stock").execute(conn)?;
    }
    Ok(is_new)
}

/// An item whose fate a look at Twilio's list must tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsettled {
    /// The item.
    pub id: Uuid,
    /// The number that it meant to buy.
    pub phone_number: PhoneNumber,
    /// Its order's country.
    pub country: CountryCode,
    /// POSTs sent.
    pub attempts: i32,
    /// How long ago the first was about to be sent, when this was read.
    sent_ago: Duration,
    read: Instant,
}

impl Unsettled {
    /// How long ago the first POST was about to be sent.
    #[must_use]
    pub fn sent_ago(&self) -> Duration {
        self.sent_ago + self.read.elapsed()
    }
}

/// Reads off what ended runs left behind: items never sent end `not_bought`, items on the wire become unknown. Items of
/// orders that still run (under a lock that its taker holds) are left alone. Returns how many were touched.
///
/// # Errors
/// When PostgreSQL fails.
pub fn items_sort_leftovers(conn: &mut Connection) -> Result<usize, DbError> {
    let never_sent = sql_query(
        "UPDATE purchase_items i SET state = 'not_bought', ended_at = clock_timestamp(), error_code = 'interrupted',
                error_message = 'the run ended before Twilio was asked'
           FROM purchases p WHERE p.id = i.purchase_id AND p.state <> 'running' AND i.state = 'intended' AND i.attempts = 0",
    )
    .execute(conn)?;
    let on_the_wire = sql_query(
        "UPDATE purchase_items i SET state = 'unknown', doubted = true, error_code = 'outcome_unknown',
                error_message = 'the run ended while Twilio was being asked'
           FROM purchases p WHERE p.id = i.purchase_id AND p.state <> 'running' AND i.state IN ('intended', 'sent') AND i.attempts > 0",
    )
    .execute(conn)?;
    Ok(never_sent + on_the_wire)
}

/// Unknown items that are due for a look-up: never looked up, or at least `apart_secs` ago; the longest waiting first.
///
/// # Errors
/// When PostgreSQL fails.
pub fn items_unsettled(conn: &mut Connection, apart_secs: f64, most: i64) -> Result<Vec<Unsettled>, DbError> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = SqlUuid)]
        id: Uuid,
        #[diesel(sql_type = Text)]
        phone_number: String,
        #[diesel(sql_type = Text)]
        country: String,
        #[diesel(sql_type = Integer)]
        attempts: i32,
        #[diesel(sql_type = Double)]
        sent_ago_secs: f64,
    }
    let rows: Vec<Row> = sql_query(
        "SELECT i.id, i.phone_number, p.country, i.attempts,
                greatest(0, extract(epoch FROM clock_timestamp() - i.first_sent_at))::float8 AS sent_ago_secs
           FROM purchase_items i JOIN purchases p ON p.id = i.purchase_id
          WHERE i.state = 'unknown' AND p.state <> 'running'
            AND (i.last_lookup_at IS NULL OR i.last_lookup_at < clock_timestamp() - make_interval(secs => $1))
          ORDER BY i.last_lookup_at NULLS FIRST, i.intended_at LIMIT $2",
    )
    .bind::<Double, _>(apart_secs)
    .bind::<BigInt, _>(most)
    .load(conn)?;
    let corrupt = DbError::corrupt("purchase item");
    rows.into_iter()
        .map(|row| {
            Ok(Unsettled {
                id: row.id,
                phone_number: row.phone_number.parse().map_err(|_| corrupt("its number is not E.164".to_owned()))?,
                country: row.country.parse().map_err(|_| corrupt("its country is not ISO 3166".to_owned()))?,
                attempts: row.attempts,
                sent_ago: Duration::try_from_secs_f64(row.sent_ago_secs).unwrap_or(Duration::ZERO),
                read: Instant::now(),
            })
        })
        .collect()
}

/// Twilio's list does not show the number. After `settle_secs` since the last POST and two such looks at least
/// `apart_secs` apart, the item ends `not_bought`; returns whether it did.
///
/// # Errors
/// When PostgreSQL fails.
pub fn item_not_found(
    conn: &mut Connection,
    item_id: Uuid,
    settle_secs: f64,
    apart_secs: f64,
) -> Result<bool, DbError> {
    sql_query(
        "UPDATE purchase_items SET last_lookup_at = clock_timestamp(),
                negative_lookups = negative_lookups + CASE
                    WHEN last_lookup_at IS NULL OR last_lookup_at <= clock_timestamp() - make_interval(secs => $2) THEN 1 ELSE 0 END
          WHERE id = $1 AND state = 'unknown'",
    )
    .bind::<SqlUuid, _>(item_id)
    .bind::<Double, _>(apart_secs)
    .execute(conn)?;
    let ended = sql_query(
        "UPDATE purchase_items SET state = 'not_bought', ended_at = clock_timestamp()
          WHERE id = $1 AND state = 'unknown' AND negative_lookups >= 2
            AND last_sent_at <= clock_timestamp() - make_interval(secs => $2)",
    )
    .bind::<SqlUuid, _>(item_id)
    .bind::<Double, _>(settle_secs)
    .execute(conn)?;
    Ok(ended > 0)
}

/// A look failed and tells nothing; others are looked up first now.
///
/// # Errors
/// When PostgreSQL fails.
pub fn item_look_failed(conn: &mut Connection, item_id: Uuid) -> Result<(), DbError> {
    sql_query("UPDATE purchase_items SET last_lookup_at = clock_timestamp() WHERE id = $1 AND state = 'unknown'")
        .bind::<SqlUuid, _>(item_id)
        .execute(conn)?;
    Ok(())
}

/// Which of `numbers` somebody of ours owns, is buying, or has just tried for this order: no candidates.
///
/// # Errors
/// When PostgreSQL fails.
pub fn items_known_numbers(conn: &mut Connection, order_id: Uuid, numbers: &[String]) -> Result<Vec<String>, DbError> {
    #[derive(QueryableByName)]
    struct Known {
        #[diesel(sql_type = Text)]
        phone_number: String,
    }
    let known: Vec<Known> = sql_query(
        "SELECT phone_number FROM numbers WHERE phone_number = ANY($1) AND status <> 'released'
         UNION SELECT phone_number FROM purchase_items
                WHERE phone_number = ANY($1) AND (state IN ('intended', 'sent', 'unknown') OR purchase_id = $2)",
    )
    .bind::<Array<Text>, _>(numbers)
    .bind::<SqlUuid, _>(order_id)
    .load(conn)?;
    Ok(known.into_iter().map(|row| row.phone_number).collect())
}
