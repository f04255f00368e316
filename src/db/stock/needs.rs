//! What those on the waitlist lack, country by country.
//!
//! Invariant: nobody needs to know of more than as many as wait: each country's stock is counted up to that.
//! How to get it wrong: asking for some of the stock in the order of all countries. Others may stand before the one that
//! somebody insists on.

use std::collections::BTreeMap;

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Bool, Nullable, Text};

use super::glance::count;
use crate::db::engine::connection::Connection;
use crate::db::engine::error::DbError;
use crate::db::numbers::{DUE, MENDABLE};
use crate::domain::{CountryCode, Unserved, unserved};

/// Whether what only a look at Twilio brings back is on its way: numbers under repair, and those whose rest is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Care {
    /// As far as anybody knows.
    Comes,
    /// Twilio keeps silent about numbers that we have.
    Stalls,
}

/// Sets the waitlist against what is assignable or on its way, country by country; `waiting` = how many waited a moment ago.
pub(super) fn waitlist_needs(conn: &mut Connection, care: Care, waiting: u32) -> Result<Unserved, DbError> {
    let mut most = waiting;
    loop {
        let (waiting, coming) = both_sides(conn, care, most)?;
        // More wait by now than stock was counted for: what was left out would be bought beside what is there.
        let now: u32 = waiting.values().sum();
        if now <= most {
            return Ok(unserved(&waiting, &coming));
        }
        most = now;
    }
}

/// Who waits, and up to `most` of each country of what comes for them, in one statement.
fn both_sides(conn: &mut Connection, care: Care, most: u32) -> Result<(Unserved, BTreeMap<CountryCode, u32>), DbError> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Nullable<Text>)]
        country: Option<CountryCode>,
        #[diesel(sql_type = BigInt)]
        waiting: i64,
        #[diesel(sql_type = BigInt)]
        coming: i64,
    }
    let rows: Vec<Row> = sql_query(format!(
        "WITH RECURSIVE {}, {} SELECT country, sum(waiting)::bigint AS waiting, sum(coming)::bigint AS coming FROM (
             SELECT country, 1 AS waiting, 0 AS coming FROM waiters w WHERE expires_at > clock_timestamp()
                AND NOT EXISTS (SELECT 1 FROM leases l WHERE l.user_id = w.user_id)
             -- What is under repair will serve them too: buying again for them would pay twice.
             UNION ALL SELECT country, 0, 1 FROM free
             UNION ALL SELECT country, 0, 1 FROM unready WHERE $1
             -- And what comes back from its rest is asked for at once while somebody waits, if it can serve them then.
             UNION ALL SELECT country, 0, 1 FROM numbers WHERE {DUE} AND $1
             UNION ALL SELECT p.country, 0, 1 FROM purchase_items i JOIN purchases p ON p.id = i.purchase_id
                        -- What is unknown serves nobody, and a create that takes longer than one request may will be unknown.
                        WHERE i.state IN ('intended', 'sent')
                          AND CASE WHEN i.doubted THEN i.first_sent_at ELSE coalesce(i.last_sent_at, i.intended_at) END
                              > clock_timestamp() - (SELECT make_interval(secs => hangs_after_ms / 1000.0) FROM purchase_holder)
             -- A number bought for somebody who still waits keeps their place, whatever it lacks: one waiter, one number.
             UNION ALL SELECT n.country, 0, 1 FROM purchase_items i JOIN numbers n ON n.purchase_item_id = i.id
                          JOIN purchases p ON p.id = i.purchase_id AND p.trigger = 'emergency'
                        WHERE i.intended_at >= (SELECT min(created_at) FROM waiters WHERE expires_at > clock_timestamp())
                          AND EXISTS (SELECT 1 FROM leases l WHERE l.number_id = n.id AND l.user_id IS NULL) AND n.missing_since IS NULL
                          AND (n.webhook_status = 'failed' OR NOT n.capable OR NOT ($1 OR n.ready))
             ) AS both_sides
          GROUP BY country",
        of_each_country("free", "user_id IS NULL AND ready", "true"),
        of_each_country(
            "unready",
            "user_id IS NULL AND NOT ready",
            &format!("(SELECT n.missing_since IS NULL AND {MENDABLE} FROM numbers n WHERE n.id = l.number_id)")
        ),
    ))
    .bind::<Bool, _>(care == Care::Comes)
    .bind::<BigInt, _>(i64::from(most))
    .load(conn)?;
    let (mut waiting, mut coming) = (Unserved::new(), BTreeMap::new());
    for row in rows {
        waiting.insert(row.country, count(row.waiting));
        if let Some(country) = row.country {
            coming.insert(country, count(row.coming));
        }
    }
    Ok((waiting, coming))
}

/// SQL: `name`, the country of each of the leases `l` that are `which` and `fit`, at most `$2` of each country. It goes from one
/// country to the next in an index, and does not read what lies between.
fn of_each_country(name: &str, which: &str, fit: &str) -> String {
    format!(
        "{name}_in AS (SELECT min(country) AS country FROM leases WHERE {which}
             UNION ALL SELECT (SELECT min(country) FROM leases l WHERE {which} AND l.country > p.country)
               FROM {name}_in p WHERE p.country IS NOT NULL),
         {name} AS (SELECT c.country FROM {name}_in c, LATERAL (
             SELECT 1 FROM leases l WHERE {which} AND l.country = c.country AND {fit} LIMIT $2) AS few
              WHERE c.country IS NOT NULL)"
    )
}
