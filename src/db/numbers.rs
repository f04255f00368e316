//! The pool's numbers: lists for people, and what a look at Twilio tells about one.

use std::time::Duration;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Double, Integer, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use uuid::Uuid;

use super::engine::connection::Connection;
use super::engine::error::DbError;
use super::engine::listener::stock_notify;
use super::engine::schema::numbers;
use super::installation::still_wanted;
use crate::domain::{AreaCode, NumberSid, NumberStatus, PhoneNumber, WebhookStatus, Webhooks};

/// What holds in SQL for a number that is neither held for an operator nor leaving.
pub(super) const FREE: &str = "status <> 'released' AND (quarantine_reason IS NULL OR quarantine_reason = 'released')";

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

/// Live numbers to look after, in the order they came, from above `after`; `only` restricts them. Those that are held for
/// an operator, or leaving, are nobody's to touch.
///
/// # Errors
/// When PostgreSQL fails.
pub fn numbers_cared_for(
    conn: &mut Connection,
    only: Option<&[String]>,
    after: i64,
    limit: i64,
) -> Result<Vec<Cared>, DbError> {
    let mut query = cared_for().filter(numbers::id.gt(after)).order(numbers::id).limit(limit).into_boxed();
    if let Some(only) = only {
        query = query.filter(numbers::phone_number.eq_any(only));
    }
    tighten(query.load(conn)?)
}

/// The same among those with these SIDs.
///
/// # Errors
/// When PostgreSQL fails.
pub fn numbers_cared_for_by_sid(conn: &mut Connection, sids: &[&str]) -> Result<Vec<Cared>, DbError> {
    tighten(cared_for().filter(numbers::sid.eq_any(sids)).load(conn)?)
}

#[diesel::dsl::auto_type(no_type_alias)]
fn cared_for() -> _ {
    let columns: diesel::dsl::AsSelect<CaredRow, diesel::pg::Pg> = CaredRow::as_select();
    numbers::table
        .filter(numbers::status.ne("released"))
        .filter(numbers::missing_since.is_null())
        .filter(numbers::quarantine_reason.is_null().or(numbers::quarantine_reason.eq("released")))
        .select(columns)
}

/// A live number of ours that is not to be touched.
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
pub struct Untouchable {
    /// E.164.
    pub phone_number: String,
    /// Why it is held, or that it is leaving.
    pub hold: Option<String>,
}

/// Those among `only` that [`numbers_cared_for`] leaves out: held, leaving, or missing.
///
/// # Errors
/// When PostgreSQL fails.
pub fn numbers_untouchable(conn: &mut Connection, only: &[String]) -> Result<Vec<Untouchable>, DbError> {
    let hold = diesel::dsl::sql::<Nullable<Text>>("nullif(quarantine_reason, 'released')");
    Ok(numbers::table
        .filter(numbers::phone_number.eq_any(only))
        .filter(numbers::status.ne("released"))
        .filter(numbers::missing_since.is_not_null().or(numbers::quarantine_reason.ne("released")))
        .select((numbers::phone_number, hold))
        .load(conn)?)
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

/// Numbers in the pool that cannot be assigned because of their webhooks, and that a repair may mend: first those not in
/// `last`, then those in its order; none of `resting`.
///
/// # Errors
/// When PostgreSQL fails.
pub fn numbers_unready(
    conn: &mut Connection,
    last: &[i64],
    resting: &[i64],
    limit: i64,
) -> Result<Vec<Cared>, DbError> {
    let rows = numbers::table
        .filter(numbers::status.eq("available"))
        .filter(numbers::ready.eq(false))
        .filter(numbers::missing_since.is_null())
        .filter(numbers::webhook_status.eq_any(["drifted", "pending"]))
        .filter(numbers::id.ne_all(resting))
        .order((
            diesel::dsl::sql::<Nullable<Integer>>("array_position(")
                .bind::<Array<BigInt>, _>(last)
                .sql(", id) NULLS FIRST"),
            numbers::id,
        ))
        .limit(limit)
        .select(CaredRow::as_select())
        .load(conn)?;
    tighten(rows)
}

/// Twilio does not confirm the number's webhooks any more: nobody is given it until it does. Held numbers stay as they are.
///
/// # Errors
/// When PostgreSQL fails.
pub fn number_unconfirmed(conn: &mut Connection, id: i64) -> Result<(), DbError> {
    sql_query(format!(
        "UPDATE numbers SET webhook_status = 'pending' WHERE id = $1 AND webhook_status = 'configured' AND {FREE}"
    ))
    .bind::<BigInt, _>(id)
    .execute(conn)?;
    Ok(())
}

/// A rested number whose `webhooks` were confirmed returns to the pool; `false` when it no longer rests. If the
/// installation wants others by now, it returns as drifted and serves nobody before it is repaired.
///
/// # Errors
/// When PostgreSQL fails.
pub fn number_return(conn: &mut Connection, id: i64, webhooks: &Webhooks) -> Result<bool, DbError> {
    let returned = sql_query(format!(
        "UPDATE numbers SET status = 'available', webhook_status = CASE WHEN {} THEN 'configured' ELSE 'drifted' END,
                webhooks_in_vain = 0, webhooks_failed_at = NULL, quarantine_reason = NULL, quarantined_until = NULL, rests_for = NULL
          WHERE id = $1 AND status = 'quarantined' AND quarantine_reason = 'released' AND quarantined_until <= clock_timestamp()",
        still_wanted(2)
    ))
    .bind::<BigInt, _>(id)
    .bind::<Text, _>(&webhooks.voice_url)
    .bind::<Text, _>(&webhooks.sms_url)
    .bind::<Text, _>(&webhooks.status_callback)
    .execute(conn)?;
    if returned > 0 {
        stock_notify(conn)?;
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
