//! What a comparison with Twilio needs of attachments: what is to be looked at, what should be there, and whose number lacks what.
//!
//! Invariant: what was attached after the look at Twilio began is not judged by it.
//! How to get it wrong: judging a number that is on its way back to Twilio. It leaves its service with it.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Bool, Nullable, Text, Timestamptz};

use crate::db::engine::connection::Connection;
use crate::db::engine::error::DbError;
use crate::db::numbers::FREE;
use crate::domain::{AttachmentKind, AttachmentStatus, NumberSid, PhoneNumber, PoolName, Target};

/// Whatever a pool wants, and whatever a number of ours is attached to; with how many of them are.
///
/// # Errors
/// When PostgreSQL fails, or no such target can be: a hand in the database.
pub fn targets_compared(conn: &mut Connection) -> Result<Vec<(Target, i64)>, DbError> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        kind: AttachmentKind,
        #[diesel(sql_type = Text)]
        target: String,
        #[diesel(sql_type = BigInt)]
        attached: i64,
    }
    let rows: Vec<Row> = sql_query(
        "SELECT kind, target, sum(attached)::bigint AS attached FROM (
             SELECT kind, target, 0 AS attached FROM pool_wants
             UNION ALL SELECT kind, target, count(*) FROM attachments WHERE state = 'attached' AND NOT leaving GROUP BY kind, target) AS all_of_them
          GROUP BY kind, target ORDER BY kind, target",
    )
    .load(conn)?;
    let target = |row: Row| {
        let target = Target::parse(row.kind, &row.target);
        Ok((target.map_err(|why| DbError::corrupt("attachment")(why.to_string()))?, row.attached))
    };
    rows.into_iter().map(target).collect()
}

/// A number that is attached, as far as is known here.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct AttachedNumber {
    /// The attachment.
    #[diesel(sql_type = BigInt)]
    pub id: i64,
    /// The number.
    #[diesel(sql_type = BigInt)]
    pub number_id: i64,
    /// Twilio's identity of it.
    #[diesel(sql_type = Text)]
    pub sid: NumberSid,
    /// E.164.
    #[diesel(sql_type = Text)]
    pub phone_number: PhoneNumber,
    /// Its pool.
    #[diesel(sql_type = Text)]
    pub pool: PoolName,
    /// Whether its pool wants it there.
    #[diesel(sql_type = Bool)]
    pub wanted: bool,
}

/// The next `limit` numbers above `after` (an attachment) that are attached to `target` since before `began`, at Twilio, and on no way
/// back to it.
///
/// # Errors
/// When PostgreSQL fails.
pub fn numbers_attached(
    conn: &mut Connection,
    target: &Target,
    began: DateTime<Utc>,
    after: i64,
    limit: i64,
) -> Result<Vec<AttachedNumber>, DbError> {
    Ok(sql_query(
        "SELECT a.id, n.id AS number_id, n.sid, n.phone_number, n.pool,
                EXISTS (SELECT FROM pool_wants w WHERE w.pool = n.pool AND w.kind = a.kind AND w.target = a.target) AS wanted
           FROM attachments a JOIN numbers n ON n.id = a.number_id
          WHERE a.kind = $1 AND a.target = $2 AND a.state = 'attached' AND NOT a.leaving AND a.since < $3 AND a.id > $4
            AND n.status <> 'released' AND n.missing_since IS NULL AND n.quarantine_reason IS DISTINCT FROM 'leaving'
          ORDER BY a.id LIMIT $5",
    )
    .bind::<Text, _>(target.kind().as_str())
    .bind::<Text, _>(target.sid())
    .bind::<Timestamptz, _>(began)
    .bind::<BigInt, _>(after)
    .bind::<BigInt, _>(limit)
    .load(conn)?)
}

/// A number of ours among those that Twilio showed.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct ShownNumber {
    /// Ours.
    #[diesel(sql_type = BigInt)]
    pub number_id: i64,
    /// Twilio's identity of it.
    #[diesel(sql_type = Text)]
    pub sid: NumberSid,
    /// Whether it is known to be attached there, or to be leaving.
    #[diesel(sql_type = Bool)]
    pub known: bool,
}

/// Those of `sids`, which Twilio showed in `target`, that are ours.
///
/// # Errors
/// When PostgreSQL fails.
pub fn numbers_shown(conn: &mut Connection, target: &Target, sids: &[&str]) -> Result<Vec<ShownNumber>, DbError> {
    Ok(sql_query(
        "SELECT n.id AS number_id, n.sid,
                n.quarantine_reason IS NOT DISTINCT FROM 'leaving' OR EXISTS (
                    SELECT FROM attachments a WHERE a.number_id = n.id AND a.kind = $1 AND a.target = $2 AND (a.state = 'attached' OR a.leaving)) AS known
           FROM numbers n WHERE n.sid = ANY ($3) AND n.status <> 'released' ORDER BY n.id",
    )
    .bind::<Text, _>(target.kind().as_str())
    .bind::<Text, _>(target.sid())
    .bind::<Array<Text>, _>(sids)
    .load(conn)?)
}

/// A user's number that lacks something of what its pool wants, and that nobody has begun to attach.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct LackingNumber {
    /// Ours.
    #[diesel(sql_type = BigInt)]
    pub number_id: i64,
    /// E.164.
    #[diesel(sql_type = Text)]
    pub phone_number: PhoneNumber,
    /// Its pool.
    #[diesel(sql_type = Text)]
    pub pool: PoolName,
    /// Whose it is.
    #[diesel(sql_type = Text)]
    pub user_id: String,
    /// How its attachments stand.
    #[diesel(sql_type = Text)]
    pub status: AttachmentStatus,
    /// The first thing that lacks.
    #[diesel(sql_type = Text)]
    pub kind: AttachmentKind,
    /// Which.
    #[diesel(sql_type = Text)]
    pub target: String,
    /// The messaging service that it is in, and that its pool does not want.
    #[diesel(sql_type = Nullable<Text>)]
    pub elsewhere: Option<String>,
    /// Where Twilio did not take it, and why.
    #[diesel(sql_type = Nullable<Text>)]
    pub refused_by: Option<String>,
    /// Twilio's words.
    #[diesel(sql_type = Nullable<Text>)]
    pub refusal: Option<String>,
    /// Whether `target` leaves inbound SMS with the number's own webhook, as somebody saw within a day.
    #[diesel(sql_type = Bool)]
    pub keeps_sms: bool,
    /// Why `target` takes no number.
    #[diesel(sql_type = Nullable<Text>)]
    pub closed: Option<String>,
}

/// The next `limit` of them above `after` (a number).
///
/// # Errors
/// When PostgreSQL fails.
pub fn users_lacking(conn: &mut Connection, after: i64, limit: i64) -> Result<Vec<LackingNumber>, DbError> {
    let free = format!("(SELECT * FROM numbers WHERE {FREE} AND missing_since IS NULL)");
    Ok(sql_query(format!(
        "SELECT n.id AS number_id, n.phone_number, n.pool, l.user_id, n.attachment_status AS status, w.kind, w.target, e.target AS elsewhere,
                r.target AS refused_by, r.message AS refusal,
                coalesce(t.inbound_on_number AND t.looked_at > clock_timestamp() - interval '1 day', false) AS keeps_sms,
                CASE WHEN coalesce(t.full_since, t.unknown_since) IS NOT NULL THEN t.message END AS closed
           FROM {free} AS n JOIN leases l ON l.number_id = n.id AND l.user_id IS NOT NULL,
                LATERAL (SELECT w.kind, w.target FROM pool_wants w WHERE w.pool = n.pool AND NOT EXISTS (
                             SELECT FROM attachments a WHERE a.number_id = n.id AND a.kind = w.kind AND a.state = 'attached'
                                AND (a.target = w.target OR (w.kind = 'messaging_service' AND EXISTS (
                                        SELECT FROM pool_wants o WHERE o.pool = n.pool AND o.kind = w.kind AND o.target = a.target))))
                          ORDER BY w.kind <> 'messaging_service', w.kind, w.rank LIMIT 1) AS w
                LEFT JOIN attachment_targets t ON t.target = w.target
                LEFT JOIN LATERAL (SELECT a.target FROM attachments a WHERE a.number_id = n.id AND w.kind = 'messaging_service'
                                      AND a.kind = w.kind AND a.state = 'attached' LIMIT 1) AS e ON true
                LEFT JOIN LATERAL (SELECT a.target, a.message FROM attachments a WHERE a.number_id = n.id AND a.kind = w.kind
                                      AND (a.kind = 'messaging_service' OR a.target = w.target)
                                      AND (a.state = 'conflict' OR (a.state = 'refused' AND a.refusal_concerns = 'number'))
                                    ORDER BY a.since DESC LIMIT 1) AS r ON true
          WHERE n.status <> 'released' AND n.attachment_status <> 'attached' AND n.id > $1
            AND NOT EXISTS (SELECT FROM attachments a WHERE a.number_id = n.id AND a.kind = w.kind AND a.state IN ('intended', 'sent'))
          ORDER BY n.id LIMIT $2"
    ))
    .bind::<BigInt, _>(after)
    .bind::<BigInt, _>(limit)
    .load(conn)?)
}
