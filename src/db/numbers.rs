//! The pool's numbers: lists for people, and what a look at Twilio tells about one.

use std::time::Duration;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Double, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use uuid::Uuid;

use super::error::DbError;
use super::executor::Connection;
use super::schema::numbers;
use crate::domain::{AreaCode, NumberSid, NumberStatus, PhoneNumber, WebhookStatus};

/// A number as the API shows it.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName, serde::Serialize, utoipa::ToSchema)]
pub struct NumberLine {
    /// For the cursor.
    #[diesel(sql_type = BigInt)]
    #[serde(skip)]
    pub id: i64,
    /// E.164.
    #[diesel(sql_type = Text)]
    #[schema(value_type = PhoneNumber)]
    pub phone_number: String,
    /// Twilio's.
    #[diesel(sql_type = Text)]
    #[schema(value_type = NumberSid)]
    pub sid: String,
    /// `missing` while Twilio does not list it, whatever it was.
    #[diesel(sql_type = Text)]
    #[schema(value_type = crate::domain::NumberStatus)]
    pub status: String,
    /// Where the country has them.
    #[diesel(sql_type = Nullable<Text>)]
    #[schema(required, value_type = Option<AreaCode>)]
    pub area_code: Option<String>,
    /// ISO 3166.
    #[diesel(sql_type = Text)]
    #[schema(value_type = crate::domain::CountryCode)]
    pub country: String,
    /// How its webhooks stand.
    #[diesel(sql_type = Text)]
    #[schema(value_type = WebhookStatus)]
    pub webhook_status: String,
    /// Whose it is.
    #[diesel(sql_type = Nullable<Text>)]
    #[schema(required, value_type = Option<crate::domain::UserId>)]
    pub user_id: Option<String>,
    /// When Twilio sold it.
    #[diesel(sql_type = Timestamptz)]
    pub purchased_at: DateTime<Utc>,
    /// The order that bought it.
    #[diesel(sql_type = Nullable<SqlUuid>)]
    #[schema(required)]
    pub purchase_id: Option<Uuid>,
}

/// Selects [`NumberLine`]s; the row of `numbers` is `n`.
pub(super) const LINE: &str = "
    SELECT n.id, n.phone_number, n.sid, CASE WHEN n.missing_since IS NOT NULL AND n.status <> 'released' THEN 'missing' ELSE n.status END AS status,
           n.area_code, n.country, n.webhook_status, a.user_id, n.purchased_at, i.purchase_id
      FROM numbers n
      LEFT JOIN assignments a ON a.number_id = n.id AND a.released_at IS NULL
      LEFT JOIN purchase_items i ON i.id = n.purchase_item_id";

/// Which numbers to list.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NumberFilter {
    /// Only these.
    pub status: Option<NumberStatus>,
    /// Only those in it.
    pub area_code: Option<AreaCode>,
}

/// Numbers in the order they came, from above `after`.
///
/// # Errors
/// When PostgreSQL fails.
pub fn numbers_list(
    conn: &mut Connection,
    filter: NumberFilter,
    after: Option<i64>,
    limit: i64,
) -> Result<Vec<NumberLine>, DbError> {
    Ok(sql_query(format!(
        "{LINE} WHERE ($1 IS NULL OR n.id > $1)
           AND ($2 IS NULL OR $2 = CASE WHEN n.missing_since IS NOT NULL AND n.status <> 'released' THEN 'missing' ELSE n.status END)
           AND ($3 IS NULL OR n.area_code = $3)
         ORDER BY n.id LIMIT $4"
    ))
    .bind::<Nullable<BigInt>, _>(after)
    .bind::<Nullable<Text>, _>(filter.status.map(NumberStatus::as_str))
    .bind::<Nullable<Text>, _>(filter.area_code.as_ref().map(AreaCode::as_str))
    .bind::<BigInt, _>(limit)
    .load(conn)?)
}

/// The numbers that an order bought, in the order they came.
///
/// # Errors
/// When PostgreSQL fails.
pub fn numbers_of_purchase(conn: &mut Connection, purchase_id: Uuid) -> Result<Vec<NumberLine>, DbError> {
    Ok(sql_query(format!("{LINE} WHERE i.purchase_id = $1 ORDER BY n.id"))
        .bind::<SqlUuid, _>(purchase_id)
        .load(conn)?)
}

/// One number as the API shows it.
///
/// # Errors
/// When PostgreSQL fails.
pub fn number_line(conn: &mut Connection, id: i64) -> Result<Option<NumberLine>, DbError> {
    Ok(sql_query(format!("{LINE} WHERE n.id = $1")).bind::<BigInt, _>(id).get_result(conn).optional()?)
}

/// A number as far as its care at Twilio goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cared {
    /// Ours.
    pub id: i64,
    /// Twilio's.
    pub sid: NumberSid,
    /// E.164.
    pub phone_number: PhoneNumber,
    /// What we know of its webhooks.
    pub webhook_status: WebhookStatus,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = numbers, check_for_backend(diesel::pg::Pg))]
struct CaredRow {
    id: i64,
    sid: String,
    phone_number: String,
    webhook_status: String,
}

fn tighten(rows: Vec<CaredRow>) -> Result<Vec<Cared>, DbError> {
    let corrupt = DbError::corrupt("number");
    rows.into_iter()
        .map(|row| {
            Ok(Cared {
                id: row.id,
                sid: row.sid.parse().map_err(|_| corrupt("its SID is not one".to_owned()))?,
                phone_number: row.phone_number.parse().map_err(|_| corrupt("it is not E.164".to_owned()))?,
                webhook_status: row.webhook_status.parse().map_err(&corrupt)?,
            })
        })
        .collect()
}

/// Live numbers to look after, in the order they came, from above `after`; `only` restricts them.
///
/// # Errors
/// When PostgreSQL fails.
pub fn numbers_cared_for(
    conn: &mut Connection,
    only: Option<&[String]>,
    after: i64,
    limit: i64,
) -> Result<Vec<Cared>, DbError> {
    let mut query = numbers::table
        .filter(numbers::status.ne("released"))
        .filter(numbers::missing_since.is_null())
        .filter(numbers::id.gt(after))
        .order(numbers::id)
        .limit(limit)
        .select(CaredRow::as_select())
        .into_boxed();
    if let Some(only) = only {
        query = query.filter(numbers::phone_number.eq_any(only));
    }
    tighten(query.load(conn)?)
}

/// Numbers whose rest is over, the earliest first.
///
/// # Errors
/// When PostgreSQL fails.
pub fn numbers_rested(conn: &mut Connection, limit: i64) -> Result<Vec<Cared>, DbError> {
    let rows = numbers::table
        .filter(numbers::status.eq("quarantined"))
        .filter(numbers::quarantine_reason.eq("released"))
        .filter(numbers::missing_since.is_null())
        .filter(diesel::dsl::sql::<diesel::sql_types::Bool>("quarantined_until <= clock_timestamp()"))
        .order(numbers::quarantined_until)
        .limit(limit)
        .select(CaredRow::as_select())
        .load(conn)?;
    tighten(rows)
}

/// Numbers in the pool that cannot be assigned because of their webhooks, and that a repair may mend.
///
/// # Errors
/// When PostgreSQL fails.
pub fn numbers_unready(conn: &mut Connection, limit: i64) -> Result<Vec<Cared>, DbError> {
    let rows = numbers::table
        .filter(numbers::status.eq("available"))
        .filter(numbers::ready.eq(false))
        .filter(numbers::missing_since.is_null())
        .filter(numbers::webhook_status.eq_any(["drifted", "pending"]))
        .order(numbers::id)
        .limit(limit)
        .select(CaredRow::as_select())
        .load(conn)?;
    tighten(rows)
}

/// Writes down how a number's webhooks stand.
///
/// # Errors
/// When PostgreSQL fails.
pub fn number_set_webhook_status(conn: &mut Connection, id: i64, status: WebhookStatus) -> Result<(), DbError> {
    let changed = diesel::update(numbers::table.find(id).filter(numbers::webhook_status.ne(status.as_str())))
        .set(numbers::webhook_status.eq(status.as_str()))
        .execute(conn)?;
    if changed > 0 && status == WebhookStatus::Configured {
        sql_query("NOTIFY callbunker_stock").execute(conn)?;
    }
    Ok(())
}

/// A rested number whose webhooks were confirmed returns to the pool; `false` when it no longer rests.
///
/// # Errors
/// When PostgreSQL fails.
pub fn number_return(conn: &mut Connection, id: i64) -> Result<bool, DbError> {
    let returned = sql_query(
        "UPDATE numbers SET status = 'available', webhook_status = 'configured', quarantine_reason = NULL,
                quarantined_until = NULL, rests_for = NULL
          WHERE id = $1 AND status = 'quarantined' AND quarantine_reason = 'released' AND quarantined_until <= clock_timestamp()",
    )
    .bind::<BigInt, _>(id)
    .execute(conn)?;
    if returned > 0 {
        sql_query("NOTIFY callbunker_stock").execute(conn)?;
    }
    Ok(returned > 0)
}

/// Lets a number rest on, because its webhooks could not be confirmed.
///
/// # Errors
/// When PostgreSQL fails.
pub fn number_rest_on(conn: &mut Connection, id: i64, longer: Duration) -> Result<(), DbError> {
    sql_query(
        "UPDATE numbers SET quarantined_until = clock_timestamp() + make_interval(secs => $2)
          WHERE id = $1 AND status = 'quarantined' AND quarantine_reason = 'released'",
    )
    .bind::<BigInt, _>(id)
    .bind::<Double, _>(longer.as_secs_f64())
    .execute(conn)?;
    Ok(())
}

/// Twilio answered 404 for the number's SID: it is not assigned any more until it turns up again.
///
/// # Errors
/// When PostgreSQL fails.
pub fn number_mark_missing(conn: &mut Connection, id: i64) -> Result<(), DbError> {
    sql_query("UPDATE numbers SET missing_since = coalesce(missing_since, clock_timestamp()) WHERE id = $1 AND status <> 'released'")
        .bind::<BigInt, _>(id)
        .execute(conn)?;
    Ok(())
}
