//! Everything that can be told of an order: its document.
//!
//! How to get it wrong: hiding a shortfall. Whatever an order did not get stands in its errors.

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Bool, Integer, Nullable, Text, Uuid as SqlUuid};
use uuid::Uuid;

use super::order::{Order, purchase_read};
use crate::db::engine::connection::Connection;
use crate::db::engine::error::DbError;
use crate::db::engine::schema::purchase_items;
use crate::db::numbers::{OwnedNumber, numbers_of_purchase};
use crate::domain::{OrderFacts, OrderOutcome};

/// One line of what an order did not get.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct PurchaseError {
    /// Ours: `no_stock`, `spend_cap`, `twilio_21422`, `outcome_unknown`, …
    #[diesel(sql_type = Text)]
    pub code: String,
    /// Twilio's, when it gave one.
    #[diesel(sql_type = Nullable<Integer>)]
    pub twilio_code: Option<i32>,
    /// What happened, and what to do.
    #[diesel(sql_type = Text)]
    pub message: String,
    /// Numbers or attempts that it concerns.
    #[diesel(sql_type = BigInt)]
    pub count: i64,
    /// Twilio's ids of the requests that were refused or lost, for its support; the latest five.
    #[diesel(sql_type = Array<Text>)]
    pub request_ids: Vec<String>,
    /// Whether another candidate may still take the place, as long as the order goes on.
    #[diesel(sql_type = Bool)]
    pub passing: bool,
}

impl PurchaseError {
    /// For people; the code in words where nobody left a message.
    #[must_use]
    pub fn told(&self) -> String {
        if self.message.is_empty() { self.code.replace('_', " ") } else { self.message.clone() }
    }
}

/// Everything that can be told of an order.
#[derive(Debug, Clone)]
pub struct PurchaseRecord {
    /// The order.
    pub order: Order,
    /// What it bought.
    pub numbers: Vec<OwnedNumber>,
    /// What it did not get; empty when it got everything.
    pub errors: Vec<PurchaseError>,
    /// Items that were ever written for it.
    pub items: i64,
    /// Those of them that Twilio was asked for without a known outcome.
    pub unconfirmed: i64,
}

impl PurchaseRecord {
    /// What came of it.
    #[must_use]
    pub fn outcome(&self) -> OrderOutcome {
        OrderOutcome::of(OrderFacts {
            state: self.order.state,
            has_begun: self.order.started_at.is_some(),
            is_cancelled: self.order.cancelled.is_some(),
            requested: self.order.wish.count.into(),
            purchased: self.numbers.len() as u64,
            unconfirmed: u64::try_from(self.unconfirmed).unwrap_or(0),
        })
    }

    /// Without what may still come right: somebody who watches would see errors come and go.
    #[must_use]
    pub fn as_it_stands(&self) -> Self {
        let goes_on = !self.order.state.has_ended();
        let stays = |error: &&PurchaseError| !(goes_on && error.passing);
        Self { errors: self.errors.iter().filter(stays).cloned().collect(), ..self.clone() }
    }
}

/// States of an item that Twilio was asked for without a known outcome.
const UNCONFIRMED: [&str; 2] = ["sent", "unknown"];

/// Reads an order with its numbers and errors.
///
/// # Errors
/// When PostgreSQL fails.
pub fn purchase_record(conn: &mut Connection, id: Uuid) -> Result<Option<PurchaseRecord>, DbError> {
    let Some(order) = purchase_read(conn, id)? else { return Ok(None) };
    let of_it = purchase_items::table.filter(purchase_items::purchase_id.eq(id));
    // Before the numbers: what is settled between the two looks is then told twice, never not at all.
    let unconfirmed: i64 = of_it.filter(purchase_items::state.eq_any(UNCONFIRMED)).count().get_result(conn)?;
    let numbers = numbers_of_purchase(conn, id)?;
    let items: i64 = of_it.count().get_result(conn)?;
    let errors = if numbers.len() < order.wish.count as usize { errors_of(conn, id)? } else { Vec::new() };
    Ok(Some(PurchaseRecord { order, numbers, errors, items, unconfirmed }))
}

/// The items of `order` (a column or a parameter) that brought it no number, each under the code that stands for it.
fn failed_items(order: &str) -> String {
    format!(
        "SELECT CASE state WHEN 'unknown' THEN 'outcome_unknown' ELSE coalesce(error_code, 'not_bought') END AS code,
                error_code, twilio_code, coalesce(error_message, '') AS message, twilio_request_id, intended_at,
                state <> 'unknown' AS passing
           FROM purchase_items WHERE purchase_id = {order} AND state IN ('taken', 'not_bought', 'unknown')
            -- What a cancelled order took back is told as cancelled.
            AND NOT (coalesce(error_code, '') IN ('withdrawn', 'interrupted')
                     AND EXISTS (SELECT 1 FROM purchases c WHERE c.id = {order} AND c.cancelled_at IS NOT NULL))"
    )
}

/// The errors of `order` itself, then those of its items, summed by code: `code`, `twilio_code`, `message`, `count`,
/// `passing`. Pages show the same lines as documents, so both ask this.
pub(in crate::db) fn errors_sql(order: &str) -> String {
    format!(
        "SELECT e.code, e.twilio_code, e.message, e.count::bigint AS count, false AS passing
           FROM purchase_errors e WHERE e.purchase_id = {order}
         UNION ALL
         SELECT f.code, max(f.twilio_code), max(f.message), count(*), bool_and(f.passing)
           FROM ({}) AS f
          WHERE NOT EXISTS (SELECT 1 FROM purchase_errors e WHERE e.purchase_id = {order} AND e.code = f.error_code)
          GROUP BY f.code",
        failed_items(order)
    )
}

fn errors_of(conn: &mut Connection, id: Uuid) -> Result<Vec<PurchaseError>, DbError> {
    Ok(sql_query(format!(
        "SELECT line.*, ARRAY(SELECT f.twilio_request_id FROM ({}) AS f
                               WHERE f.code = line.code AND f.twilio_request_id IS NOT NULL
                               ORDER BY f.intended_at DESC LIMIT 5) AS request_ids
           FROM ({}) AS line",
        failed_items("$1"),
        errors_sql("$1")
    ))
    .bind::<SqlUuid, _>(id)
    .load(conn)?)
}
