//! What the dashboard and its live events read, beside what the API's own lists already do.
//!
//! Invariant: every list is bounded; nothing here writes.
//! How to get it wrong: a count over the whole history for a page that is looked at all day.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Double, Integer, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use uuid::Uuid;

use super::assignments::AssignmentLine;
use super::engine::connection::Connection;
use super::engine::error::DbError;
use super::engine::schema::reconciliations;
use super::purchases::record::errors_sql;

/// An order on one line.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct OrderLine {
    /// Its id.
    #[diesel(sql_type = SqlUuid)]
    pub id: Uuid,
    /// Why it exists.
    #[diesel(sql_type = Text)]
    pub trigger: String,
    /// How far it is.
    #[diesel(sql_type = Text)]
    pub state: String,
    /// What it asks for.
    #[diesel(sql_type = Integer)]
    pub requested_count: i32,
    /// What it bought so far.
    #[diesel(sql_type = BigInt)]
    pub purchased_count: i64,
    /// Where.
    #[diesel(sql_type = Nullable<Text>)]
    pub area_code: Option<String>,
    /// When it was asked for.
    #[diesel(sql_type = Timestamptz)]
    pub created_at: DateTime<Utc>,
    /// When it first got the lock.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub started_at: Option<DateTime<Utc>>,
    /// When it ended.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub ended_at: Option<DateTime<Utc>>,
    /// What it did not get, and why.
    #[diesel(sql_type = Array<Text>)]
    pub errors: Vec<String>,
}

impl OrderLine {
    /// Whether it waits or runs.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.ended_at.is_none()
    }
}

/// All open orders, which are few, and then the latest until there are `limit`, newest first; adoptions and imports
/// bought nothing and are left out.
///
/// # Errors
/// When PostgreSQL fails.
pub fn orders_recent(conn: &mut Connection, limit: i64) -> Result<Vec<OrderLine>, DbError> {
    let mut lines = orders_watched(conn, limit, &[])?;
    let open = lines.iter().filter(|line| line.is_open()).count();
    lines.truncate(open.max(usize::try_from(limit).unwrap_or(0)));
    Ok(lines)
}

/// All open orders, the `limit` latest, and `also` these, the open ones first: one that runs for long is seen to its
/// end, however many came after it.
///
/// # Errors
/// When PostgreSQL fails.
pub fn orders_watched(conn: &mut Connection, limit: i64, also: &[Uuid]) -> Result<Vec<OrderLine>, DbError> {
    let lines: Vec<OrderLine> = sql_query(format!(
        "SELECT p.id, p.trigger, p.state, p.requested_count, p.area_code, p.created_at, p.started_at, p.ended_at,
                (SELECT count(*) FROM purchase_items i WHERE i.purchase_id = p.id AND i.state = 'bought') AS purchased_count,
                ARRAY(SELECT coalesce(nullif(line.message, ''), replace(line.code, '_', ' '))
                             || CASE WHEN line.count > 1 THEN format(' (%s times)', line.count) ELSE '' END
                        FROM ({}) AS line WHERE p.ended_at IS NOT NULL OR NOT line.passing) AS errors
           FROM purchases p
          WHERE p.trigger NOT IN ('adopt', 'import')
            AND p.id IN ((SELECT id FROM purchases WHERE state IN ('queued', 'running'))
                         UNION
                         (SELECT id FROM purchases WHERE trigger NOT IN ('adopt', 'import')
                           ORDER BY created_at DESC, id DESC LIMIT $1)
                         UNION
                         SELECT unnest($2))
          ORDER BY p.ended_at IS NULL DESC, p.created_at DESC, p.id DESC",
        errors_sql("p.id")
    ))
    .bind::<BigInt, _>(limit)
    .bind::<Array<SqlUuid>, _>(also)
    .load(conn)?;
    // Whoever got everything lacks nothing, whatever came in the way.
    let told = |line: OrderLine| {
        let lacks = line.purchased_count < i64::from(line.requested_count);
        OrderLine { errors: if lacks { line.errors } else { Vec::new() }, ..line }
    };
    Ok(lines.into_iter().map(told).collect())
}

/// When orders bought something, for the chart's marks, oldest first.
///
/// # Errors
/// When PostgreSQL fails.
pub fn purchase_marks(conn: &mut Connection, hours: u32) -> Result<Vec<(DateTime<Utc>, i64)>, DbError> {
    #[derive(QueryableByName)]
    struct Mark {
        #[diesel(sql_type = Timestamptz)]
        at: DateTime<Utc>,
        #[diesel(sql_type = BigInt)]
        bought: i64,
    }
    let marks: Vec<Mark> = sql_query(
        "SELECT * FROM (
             SELECT min(ended_at) AS at, count(*) AS bought FROM purchase_items
              WHERE spends AND state = 'bought' AND intended_at > clock_timestamp() - make_interval(secs => $1)
              GROUP BY purchase_id ORDER BY 1 DESC LIMIT 200) AS latest ORDER BY at",
    )
    .bind::<Double, _>(f64::from(hours) * 3600.0)
    .load(conn)?;
    Ok(marks.into_iter().map(|mark| (mark.at, mark.bought)).collect())
}

/// How many signups took a number, and in how long a time.
#[derive(Debug, Clone, Copy, PartialEq, QueryableByName)]
pub struct Pace {
    /// Numbers given out of the pool, or bought for who waited.
    #[diesel(sql_type = BigInt)]
    pub assigned: i64,
    /// Days that this took: seven, or fewer when callbunker is younger.
    #[diesel(sql_type = Double)]
    pub days: f64,
}

/// The pace of the last seven days.
///
/// # Errors
/// When PostgreSQL fails.
pub fn pace_read(conn: &mut Connection) -> Result<Pace, DbError> {
    Ok(sql_query(
        "SELECT (SELECT count(*) FROM assignments
                  WHERE source IN ('pool', 'emergency') AND assigned_at > clock_timestamp() - interval '7 days') AS assigned,
                least(7, extract(epoch FROM clock_timestamp() - (SELECT min(created_at) FROM installation)) / 86400)::float8 AS days",
    )
    .get_result(conn)?)
}

/// A number in the pool.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct IdleNumber {
    /// E.164.
    #[diesel(sql_type = Text)]
    pub phone_number: String,
    /// Where the country has them.
    #[diesel(sql_type = Nullable<Text>)]
    pub area_code: Option<String>,
    /// How its webhooks stand.
    #[diesel(sql_type = Text)]
    pub webhook_status: String,
    /// Whether a signup may get it now.
    #[diesel(sql_type = diesel::sql_types::Bool)]
    pub ready: bool,
    /// When Twilio sold it.
    #[diesel(sql_type = Timestamptz)]
    pub purchased_at: DateTime<Utc>,
    /// Since when nobody has it: the purchase, or the last release.
    #[diesel(sql_type = Timestamptz)]
    pub idle_since: DateTime<Utc>,
}

/// The pool, oldest first: the order in which signups get them.
///
/// # Errors
/// When PostgreSQL fails.
pub fn pool_oldest(conn: &mut Connection, limit: i64) -> Result<Vec<IdleNumber>, DbError> {
    Ok(sql_query(
        "SELECT n.phone_number, n.area_code, n.webhook_status, n.ready, n.purchased_at,
                coalesce((SELECT max(a.released_at) FROM assignments a WHERE a.number_id = n.id), n.purchased_at) AS idle_since
           FROM numbers n WHERE n.status = 'available' AND n.missing_since IS NULL
          ORDER BY n.ready DESC, n.purchased_at, n.id LIMIT $1",
    )
    .bind::<BigInt, _>(limit)
    .load(conn)?)
}

/// Everything a user ever had, newest first.
///
/// # Errors
/// When PostgreSQL fails.
pub fn assignments_of_user(conn: &mut Connection, user_id: &str, limit: i64) -> Result<Vec<AssignmentLine>, DbError> {
    Ok(sql_query(
        "SELECT a.id, a.user_id, n.phone_number, n.area_code, a.source, a.assigned_at, a.released_at
           FROM assignments a JOIN numbers n ON n.id = a.number_id
          WHERE a.user_id = $1 ORDER BY a.id DESC LIMIT $2",
    )
    .bind::<Text, _>(user_id)
    .bind::<BigInt, _>(limit)
    .load(conn)?)
}

/// The latest comparison with Twilio that ended.
#[derive(Debug, Clone, PartialEq, Queryable, Selectable)]
#[diesel(table_name = reconciliations, check_for_backend(diesel::pg::Pg))]
pub struct Reconciliation {
    /// What set it off.
    pub trigger: String,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// When it ended.
    pub ended_at: Option<DateTime<Utc>>,
    /// What it found.
    pub report: Option<serde_json::Value>,
    /// Why it found nothing.
    pub error: Option<String>,
}

/// Reads it.
///
/// # Errors
/// When PostgreSQL fails.
pub fn reconciliation_latest(conn: &mut Connection) -> Result<Option<Reconciliation>, DbError> {
    Ok(reconciliations::table
        .filter(reconciliations::ended_at.is_not_null())
        .order(reconciliations::id.desc())
        .select(Reconciliation::as_select())
        .first(conn)
        .optional()?)
}

/// The latest assignments and the latest releases, at most `limit` of each, oldest first: who watches compares them with
/// those of the look before.
///
/// # Errors
/// When PostgreSQL fails.
pub fn assignments_latest(conn: &mut Connection, limit: i64) -> Result<Vec<AssignmentLine>, DbError> {
    Ok(sql_query(
        "SELECT a.id, a.user_id, n.phone_number, n.area_code, a.source, a.assigned_at, a.released_at
           FROM ((SELECT * FROM assignments ORDER BY id DESC LIMIT $1)
                 UNION
                 (SELECT * FROM assignments WHERE released_at IS NOT NULL ORDER BY released_at DESC LIMIT $1)) a
           JOIN numbers n ON n.id = a.number_id ORDER BY coalesce(a.released_at, a.assigned_at), a.id",
    )
    .bind::<BigInt, _>(limit)
    .load(conn)?)
}
