//! What keeps numbers from being handed out beside their webhooks and their place: told anew when their pool wants something else.
//!
//! Invariant: the database works `held_back` out of the facts (`numbers_know_what_they_lack`); `NULL` written to it asks for that, and
//! any other word takes the number out of stock until somebody asks.
//! How to get it wrong: changing what a pool wants first. Until its numbers are told, a signup would get one that lacks it.

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Bool, Nullable, Text};

use super::lease::stock;
use crate::db::engine::connection::Connection;
use crate::db::engine::error::DbError;
use crate::db::engine::listener::stock_notify;
use crate::domain::{AttachmentKind, MessagingServiceSid, PoolName, Target, Wants};

/// Takes the next `most` numbers that lack something of `wants` out of the pool's stock, before it wants that; `0` = there are no more.
///
/// # Errors
/// When PostgreSQL fails.
pub fn numbers_take_back(conn: &mut Connection, pool: &PoolName, wants: &Wants, most: i64) -> Result<usize, DbError> {
    if !wants.needs.attached {
        return Ok(0);
    }
    let services: Vec<&str> = wants.services.iter().map(MessagingServiceSid::as_str).collect();
    let others: Vec<Target> =
        wants.targets().filter(|target| target.kind() != AttachmentKind::MessagingService).collect();
    let others: Vec<&str> = others.iter().map(Target::sid).collect();
    let attached = "FROM attachments a WHERE a.number_id = n.id AND a.state = 'attached'";
    Ok(sql_query(format!(
        "WITH picked AS (SELECT id FROM numbers
                        WHERE held_back IS NULL AND pool = $1 AND id = ANY (ARRAY(
                            SELECT number_id FROM leases l WHERE l.pool = $1 AND {} AND EXISTS (SELECT FROM numbers n WHERE n.id = l.number_id
                               AND ((cardinality($2) > 0 AND NOT EXISTS (SELECT {attached} AND a.kind = 'messaging_service' AND a.target = ANY ($2)))
                                 OR (SELECT count(*) {attached} AND a.kind <> 'messaging_service' AND a.target = ANY ($3)) < cardinality($3)
                                 OR ($4 AND n.registration IS DISTINCT FROM 'registered'
                                        AND (n.marked_ready_at IS NULL
                                             OR coalesce(n.registration IN ('failed', 'unregistered') AND n.registration_at > n.marked_ready_at, false)))))
                             ORDER BY purchased_at, number_id LIMIT $5))
                        -- As all do that lock many: two of them wait for each other in one direction only.
                        ORDER BY id FOR NO KEY UPDATE)
         UPDATE numbers SET held_back = 'attaching' FROM picked WHERE numbers.id = picked.id",
        stock!()
    ))
    .bind::<Text, _>(pool.as_str())
    .bind::<Array<Text>, _>(services)
    .bind::<Array<Text>, _>(others)
    .bind::<Bool, _>(wants.needs.registered)
    .bind::<BigInt, _>(most)
    .execute(conn)?)
}

/// Tells the pool's next `most` numbers above `after` what they lack of what it wants by now; the last of them. `None` = there are no
/// more.
///
/// # Errors
/// When PostgreSQL fails.
pub fn numbers_tell_wants(
    conn: &mut Connection,
    pool: &PoolName,
    after: i64,
    most: i64,
) -> Result<Option<i64>, DbError> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Nullable<BigInt>)]
        last: Option<i64>,
        #[diesel(sql_type = Bool)]
        freed: bool,
    }
    let row: Row = sql_query(
        // The pool's row comes first, as for all who change what follows from it.
        "WITH wants AS MATERIALIZED (SELECT name FROM pools WHERE name = $1 FOR SHARE),
              step AS (SELECT max(id) AS last FROM (SELECT id FROM numbers WHERE pool = (SELECT name FROM wants) AND id > $2 ORDER BY id LIMIT $3) AS next),
              picked AS (SELECT id FROM numbers
                        WHERE pool = $1 AND id > $2 AND id <= (SELECT last FROM step) AND status <> 'released'
                        ORDER BY id FOR NO KEY UPDATE),
              told AS (UPDATE numbers SET held_back = NULL FROM picked
                        WHERE numbers.id = picked.id AND numbers.pool = $1
                          -- What lacks nothing, and is said to lack nothing, stays as it is.
                          AND (numbers.held_back IS NOT NULL OR numbers.attachment_status <> 'attached' OR EXISTS (SELECT FROM pool_wants WHERE pool = $1))
                       RETURNING numbers.ready)
         SELECT last, coalesce((SELECT bool_or(ready) FROM told), false) AS freed FROM step",
    )
    .bind::<Text, _>(pool.as_str())
    .bind::<BigInt, _>(after)
    .bind::<BigInt, _>(most)
    .get_result(conn)?;
    if row.freed {
        stock_notify(conn)?;
    }
    Ok(row.last)
}
