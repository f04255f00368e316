//! What the database knows of a page of Twilio's list, in one statement, so that a number and its ledger item are seen
//! at the same moment.
//!
//! How to get it wrong: looking numbers up first and items afterwards. A purchase that settles in between is an orphan then.

use std::time::{Duration, Instant};

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, Bool, Double, Nullable, Text, Uuid as SqlUuid};
use uuid::Uuid;

use super::row::NumberRow;
use crate::db::engine::connection::Connection;
use crate::db::engine::error::DbError;
use crate::db::pools::{PoolsWebhooks, pools_webhooks};
use crate::domain::{
    CountryCode, NumberSid, NumberStatus, NumberType, PhoneNumber, PoolName, QuarantineReason, WebhookStatus,
};

/// A row of Twilio's list, as far as it is looked up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Twilio's identity of it.
    pub sid: NumberSid,
    /// E.164.
    pub phone_number: PhoneNumber,
    /// The ledger item that our own tag names.
    pub item_id: Option<Uuid>,
    /// No callbunker's tag is on it. Then it may be an item's whose outcome is in doubt.
    pub untagged: bool,
}

/// What is known of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lookup {
    /// The number of this SID.
    pub number: Option<KnownNumber>,
    /// The item that the tag names; without one, the latest item for this E.164 that was in doubt and has no number.
    pub item: Option<KnownItem>,
    /// Whether an operator does not want to hear of it.
    pub ignored: bool,
}

/// A number of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownNumber {
    /// Ours.
    pub id: i64,
    /// As it is stored; never `Missing`.
    pub status: NumberStatus,
    /// Why nobody gets it, if it rests or is on hold.
    pub hold: Option<QuarantineReason>,
    /// How its webhooks stood.
    pub webhook_status: WebhookStatus,
    /// Whether it could do what the pool promised when that was last looked at.
    pub capable: bool,
    /// Whether Twilio had lost it.
    pub missing: bool,
    /// Whether it was given back so long ago that Twilio's list should know.
    pub left_long_ago: bool,
    /// The item that its tag should name; `None` = any.
    pub item_id: Option<Uuid>,
    /// Whether Twilio showed another environment's tag on it, and nobody has decided since.
    pub another_tag: bool,
    /// Whose it is.
    pub user_id: Option<String>,
    /// Its pool.
    pub pool: PoolName,
    /// Its country.
    pub country: CountryCode,
    /// Which of Twilio's stocks it is of, as far as it is known.
    pub number_type: NumberType,
    /// Of another country or type than its pool.
    pub apart: bool,
    /// An order of ours bought it, so it is of the type that was searched.
    pub bought: bool,
}

/// An item of the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownItem {
    /// Its id.
    pub id: Uuid,
    /// The order.
    pub purchase_id: Uuid,
    /// The number that it was for.
    pub phone_number: PhoneNumber,
    /// The order's country.
    pub country: CountryCode,
    /// The order's pool.
    pub pool: PoolName,
    /// Whether its order is being run right now.
    pub running: bool,
    /// Whether it was to be bought; else an operator took it in, however old it is.
    pub spends: bool,
    sent_ago: Duration,
    read: Instant,
}

impl KnownItem {
    /// How long ago the first POST was about to be sent.
    #[must_use]
    pub fn sent_ago(&self) -> Duration {
        self.sent_ago.saturating_add(self.read.elapsed())
    }
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(embed)]
    number: Option<NumberRow>,
    #[diesel(embed)]
    item: Option<ItemRow>,
    #[diesel(sql_type = Bool)]
    ignored: bool,
    #[diesel(sql_type = Bool)]
    left_long_ago: bool,
    #[diesel(sql_type = Nullable<Text>)]
    user_id: Option<String>,
    #[diesel(sql_type = Bool)]
    bought: bool,
}

#[derive(QueryableByName)]
struct ItemRow {
    #[diesel(sql_type = SqlUuid)]
    item_id: Uuid,
    #[diesel(sql_type = SqlUuid)]
    purchase_id: Uuid,
    #[diesel(sql_type = Text)]
    item_number: PhoneNumber,
    #[diesel(sql_type = Text)]
    order_country: CountryCode,
    #[diesel(sql_type = Text)]
    order_pool: PoolName,
    #[diesel(sql_type = Bool)]
    running: bool,
    #[diesel(sql_type = Bool)]
    spends: bool,
    #[diesel(sql_type = Double)]
    sent_ago_secs: f64,
}

/// What is known of `listed`, in its order, and the webhooks that the numbers of each pool shall carry.
///
/// # Errors
/// When PostgreSQL fails.
pub fn listed_look(conn: &mut Connection, listed: &[Listed]) -> Result<(PoolsWebhooks, Vec<Lookup>), DbError> {
    let sids: Vec<&str> = listed.iter().map(|row| row.sid.as_str()).collect();
    let numbers: Vec<&str> = listed.iter().map(|row| row.phone_number.as_str()).collect();
    let items: Vec<Option<Uuid>> = listed.iter().map(|row| row.item_id).collect();
    let untagged: Vec<bool> = listed.iter().map(|row| row.untagged).collect();
    let wanted = pools_webhooks(conn)?;
    let rows: Vec<Row> = sql_query(
        "SELECT g.phone_number IS NOT NULL AS ignored, n.*,
                n.status IS NOT DISTINCT FROM 'released' AND coalesce(
                    (SELECT max(r.ended_at) FROM releases r WHERE r.number_id = n.id) < clock_timestamp() - interval '10 minutes',
                    true) AS left_long_ago,
                l.user_id, coalesce(own.spends, false) AS bought,
                i.id AS item_id, i.purchase_id, i.phone_number AS item_number, p.country AS order_country, p.pool AS order_pool, p.state = 'running' AS running, i.spends,
                greatest(0, extract(epoch FROM clock_timestamp() - coalesce(i.first_sent_at, i.intended_at)))::float8 AS sent_ago_secs
           FROM unnest($1::text[], $2::text[], $3::uuid[], $4::bool[]) WITH ORDINALITY
                AS seen (sid, phone_number, item_id, untagged, place)
           LEFT JOIN numbers n ON n.sid = seen.sid
           LEFT JOIN leases l ON l.number_id = n.id
           LEFT JOIN purchase_items own ON own.id = n.purchase_item_id
           LEFT JOIN LATERAL (
                SELECT d.id FROM purchase_items d
                 WHERE seen.untagged AND n.id IS NULL AND d.phone_number = seen.phone_number
                   AND (d.state IN ('sent', 'unknown') OR (d.state = 'not_bought' AND d.doubted))
                 ORDER BY d.intended_at DESC LIMIT 1) AS doubted ON true
           LEFT JOIN purchase_items i ON i.id = coalesce(seen.item_id, doubted.id)
           LEFT JOIN purchases p ON p.id = i.purchase_id
           LEFT JOIN ignored_numbers g ON g.phone_number = seen.phone_number AND g.sid = seen.sid
          ORDER BY seen.place",
    )
    .bind::<Array<Text>, _>(sids)
    .bind::<Array<Text>, _>(numbers)
    .bind::<Array<Nullable<SqlUuid>>, _>(items)
    .bind::<Array<Bool>, _>(untagged)
    .load(conn)?;
    Ok((wanted, rows.into_iter().map(Lookup::from).collect()))
}

impl From<Row> for Lookup {
    fn from(row: Row) -> Self {
        let number = row.number.map(|number| KnownNumber {
            id: number.id,
            status: number.stored_status.with(row.user_id.is_some()),
            hold: number.quarantine_reason,
            webhook_status: number.webhook_status,
            capable: number.capable,
            missing: number.missing_since.is_some(),
            left_long_ago: row.left_long_ago,
            item_id: number.purchase_item_id,
            another_tag: number.another_tag_since.is_some(),
            user_id: row.user_id,
            bought: row.bought,
            pool: number.pool,
            country: number.country,
            number_type: number.number_type,
            apart: number.apart,
        });
        let item = row.item.map(|item| KnownItem {
            id: item.item_id,
            purchase_id: item.purchase_id,
            phone_number: item.item_number,
            country: item.order_country,
            pool: item.order_pool,
            running: item.running,
            spends: item.spends,
            sent_ago: Duration::try_from_secs_f64(item.sent_ago_secs).unwrap_or(Duration::ZERO),
            read: Instant::now(),
        });
        Self { number, item, ignored: row.ignored }
    }
}
