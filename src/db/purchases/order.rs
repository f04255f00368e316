//! An order as a row, and as the rest of the house knows it.

use std::time::Duration;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Double, Integer, Nullable, Text, Uuid as SqlUuid};
use uuid::Uuid;

use crate::db::engine::connection::Connection;
use crate::db::engine::error::DbError;
use crate::db::engine::schema::purchases;
use crate::domain::{AreaCode, CountryCode, NumberType, OrderState, PoolName, Trigger};

/// What an order asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    /// Why.
    pub trigger: Trigger,
    /// How many.
    pub count: u32,
    /// For which pool.
    pub pool: PoolName,
    /// From which of Twilio's stocks.
    pub number_type: NumberType,
    /// In which country.
    pub country: CountryCode,
    /// In which area code; `None` = the pool's, then any.
    pub area_code: Option<AreaCode>,
    /// Whether another area code will do.
    pub fallback: bool,
    /// Whether the operator set the spend caps aside.
    pub override_caps: bool,
    /// Who asked: a key's name, or its fingerprint; `callbunker` for itself.
    pub requested_by: String,
}

impl Wish {
    /// Whether both ask for the same, whoever asks: an operator's key may be rotated between two tries.
    pub(super) fn asks_for_the_same_as(&self, other: &Self) -> bool {
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
    /// When it ended.
    pub ended_at: Option<DateTime<Utc>>,
    /// Set once somebody cancelled it: what Twilio has not been asked for is not bought.
    pub cancelled: Option<Cancelled>,
}

/// By whom an order was cancelled, and when.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct Cancelled {
    /// When.
    pub at: DateTime<Utc>,
    /// A key's name or fingerprint, as the audit trail calls it.
    pub by: String,
}

#[derive(Queryable, Selectable, QueryableByName)]
#[diesel(table_name = purchases, check_for_backend(diesel::pg::Pg))]
pub(super) struct OrderRow {
    id: Uuid,
    trigger: Trigger,
    state: OrderState,
    requested_count: i32,
    country: CountryCode,
    area_code: Option<AreaCode>,
    fallback: bool,
    override_caps: bool,
    requested_by: String,
    created_at: DateTime<Utc>,
    started_at: Option<DateTime<Utc>>,
    ended_at: Option<DateTime<Utc>>,
    cancelled_at: Option<DateTime<Utc>>,
    cancelled_by: Option<String>,
    pool: PoolName,
    number_type: NumberType,
}

impl TryFrom<OrderRow> for Order {
    type Error = DbError;

    fn try_from(row: OrderRow) -> Result<Self, DbError> {
        let corrupt = DbError::corrupt("purchase");
        let wish = Wish {
            trigger: row.trigger,
            count: u32::try_from(row.requested_count).map_err(|error| corrupt(error.to_string()))?,
            pool: row.pool,
            number_type: row.number_type,
            country: row.country,
            area_code: row.area_code,
            fallback: row.fallback,
            override_caps: row.override_caps,
            requested_by: row.requested_by,
        };
        Ok(Self {
            id: row.id,
            wish,
            state: row.state,
            created_at: row.created_at,
            started_at: row.started_at,
            ended_at: row.ended_at,
            cancelled: row.cancelled_at.zip(row.cancelled_by).map(|(at, by)| Cancelled { at, by }),
        })
    }
}

pub(super) fn insert(
    conn: &mut Connection,
    wish: &Wish,
    idempotency_key: Option<&str>,
    lock_wait: Duration,
    run_id: Option<Uuid>,
) -> Result<Uuid, DbError> {
    let id = Uuid::now_v7();
    sql_query(
        "INSERT INTO purchases (id, trigger, state, requested_count, country, area_code, fallback, override_caps,
                                requested_by, idempotency_key, run_id, started_at, expires_at, pool, number_type)
         VALUES ($1, $2, CASE WHEN $3 IS NULL THEN 'queued' ELSE 'running' END, $4, $5, $6, $7, $8, $9, $10, $3,
                 CASE WHEN $3 IS NOT NULL THEN clock_timestamp() END, clock_timestamp() + make_interval(secs => $11), $12, $13)",
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
    .bind::<Text, _>(wish.pool.as_str())
    .bind::<Text, _>(wish.number_type.as_str())
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
