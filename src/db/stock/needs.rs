//! What those on the waitlist lack, pool by pool.
//!
//! Invariant: nobody needs to know of more than as many as wait: each pool's stock is counted up to that.
//! How to get it wrong: counting what is apart. It serves nobody who waits for whatever the pool has.

use std::collections::BTreeMap;

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Bool, Nullable, Text};

use super::glance::count;
use crate::db::engine::connection::Connection;
use crate::db::engine::error::DbError;
use crate::db::numbers::{DUE, MENDABLE, stock};
use crate::domain::{AreaCode, PoolName, Unserved, unserved};

/// Whether what only a look at Twilio brings back is on its way: numbers under repair, and those whose rest is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Care {
    /// As far as anybody knows.
    Comes,
    /// Twilio keeps silent about numbers that we have.
    Stalls,
}

/// Sets the waitlist against what is assignable or on its way, pool by pool; `waiting` = how many waited a moment ago.
pub(super) fn waitlist_needs(conn: &mut Connection, care: Care, waiting: u32) -> Result<Unserved, DbError> {
    let mut most = waiting;
    loop {
        let (waiting, coming) = both_sides(conn, care, most)?;
        // More wait by now than stock was counted for: what was left out would be bought beside what is there.
        let now: u32 = waiting.values().flatten().map(|(_, count)| count).sum();
        if now <= most {
            return Ok(unserved(waiting, &coming));
        }
        most = now;
    }
}

/// Whether somebody waits at `pool` for whom nothing comes, whoever knows that pool.
///
/// # Errors
/// When PostgreSQL fails.
pub fn waitlist_lacks_at(conn: &mut Connection, care: Care, pool: &PoolName) -> Result<bool, DbError> {
    Ok(waitlist_needs(conn, care, 0)?.contains_key(pool))
}

/// Who waits at which pool, by their wishes.
type Waiting = BTreeMap<PoolName, Vec<(Option<AreaCode>, u32)>>;

/// Who waits, and up to `most` of what comes for them at each pool, in one statement.
fn both_sides(conn: &mut Connection, care: Care, most: u32) -> Result<(Waiting, BTreeMap<PoolName, u32>), DbError> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        pool: PoolName,
        #[diesel(sql_type = Nullable<Text>)]
        wish: Option<AreaCode>,
        #[diesel(sql_type = BigInt)]
        waiting: i64,
        #[diesel(sql_type = BigInt)]
        coming: i64,
    }
    let rows: Vec<Row> = sql_query(format!(
        "WITH w AS MATERIALIZED (
             SELECT pool, area_code FROM waiters w WHERE expires_at > clock_timestamp()
                AND NOT EXISTS (SELECT 1 FROM leases l WHERE l.user_id = w.user_id)),
         asked AS (SELECT DISTINCT pool FROM w)
         SELECT pool, wish, sum(waiting)::bigint AS waiting, sum(coming)::bigint AS coming FROM (
             SELECT pool, area_code AS wish, 1 AS waiting, 0 AS coming FROM w
             UNION ALL SELECT asked.pool, NULL, 0, 1 FROM asked, LATERAL (
                        SELECT 1 FROM leases l WHERE l.pool = asked.pool AND {} LIMIT $2) AS free
             -- What is under repair will serve them too: buying again for them would pay twice.
             UNION ALL SELECT asked.pool, NULL, 0, 1 FROM asked, LATERAL (
                        SELECT 1 FROM leases l WHERE $1 AND l.pool = asked.pool AND user_id IS NULL AND NOT ready AND NOT apart
                           AND (SELECT n.missing_since IS NULL AND {MENDABLE} FROM numbers n WHERE n.id = l.number_id)
                         LIMIT $2) AS unready
             -- And what comes back from its rest is asked for at once while somebody waits, if it can serve them then.
             UNION ALL SELECT pool, NULL, 0, 1 FROM numbers WHERE {DUE} AND NOT apart AND $1
             -- What is bought elsewhere than where its pool buys will be apart.
             UNION ALL SELECT i.pool, NULL, 0, 1 FROM purchase_items i JOIN purchases p ON p.id = i.purchase_id
                         JOIN pools o ON o.name = i.pool
                        -- What is unknown serves nobody, and a create that takes longer than one request may will be unknown.
                        WHERE i.state IN ('intended', 'sent')
                          AND coalesce((p.country, p.number_type) = (o.country, o.number_type), true)
                          AND CASE WHEN i.doubted THEN i.first_sent_at ELSE coalesce(i.last_sent_at, i.intended_at) END
                              > clock_timestamp() - (SELECT make_interval(secs => hangs_after_ms / 1000.0) FROM purchase_holder)
             -- A number bought for somebody who still waits keeps their place, whatever it lacks: one waiter, one number.
             UNION ALL SELECT n.pool, NULL, 0, 1 FROM purchase_items i JOIN numbers n ON n.purchase_item_id = i.id
                          JOIN purchases p ON p.id = i.purchase_id AND p.trigger = 'emergency'
                        WHERE i.intended_at >= (SELECT min(created_at) FROM waiters w WHERE w.pool = n.pool AND expires_at > clock_timestamp())
                          AND EXISTS (SELECT 1 FROM leases l WHERE l.number_id = n.id AND l.user_id IS NULL) AND n.missing_since IS NULL
                          AND (NOT ({MENDABLE}) OR n.apart OR NOT ($1 OR n.ready))
             ) AS both_sides
          GROUP BY pool, wish",
        stock!(),
    ))
    .bind::<Bool, _>(care == Care::Comes)
    .bind::<BigInt, _>(i64::from(most))
    .load(conn)?;
    let (mut waiting, mut coming) = (Waiting::new(), BTreeMap::new());
    for row in rows {
        if row.waiting > 0 {
            waiting.entry(row.pool.clone()).or_default().push((row.wish, count(row.waiting)));
        }
        *coming.entry(row.pool).or_insert(0) += count(row.coming);
    }
    Ok((waiting, coming))
}
