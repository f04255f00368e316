//! Serving those who wait: pool by pool, and in each from the nearest to any.
//!
//! Invariants: what rests for somebody goes back to them first; then every wish is served on one rung before any is on the
//! next, each by its oldest waiter; then whoever is left, oldest first, from whatever the pool has. So a number that was bought
//! for an area code goes to whoever wished for it, and nobody with a wish keeps the others waiting.
//! How to get it wrong: letting one pool's trouble undo what another's waiters got. Each pool has a savepoint.

use std::collections::BTreeMap;

use diesel::Connection as _;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Bool, Nullable, Text};

use crate::db::assignments::{
    Asking, Assignment, Codes, Returning, assignments_claim_near, assignments_claim_waiting, assignments_restore,
};
use crate::db::engine::connection::Connection;
use crate::db::engine::error::DbError;
use crate::db::engine::listener::stock_notify;
use crate::db::numbers::FIT;
use crate::db::stock::{InCode, stock_available_by_code};
use crate::domain::{AreaCode, AssignmentSource, CountryCode, Ladder, Match, PoolName};

/// The rungs that have codes, in their order.
const RUNGS: [Match; 3] = [Match::Exact, Match::Overlay, Match::Region];

/// More of an area code are not counted: nobody serves so many in one look.
const COUNTED_MAX: u32 = 10_000;

/// Serves the waitlist, at whichever instance somebody waits: whose own number rested unfit, and is fit by now, gets it
/// back; the others get stock of their pool, at most `most` users of each wish. Returns those served.
///
/// # Errors
/// As `assignments_claim`; then nobody was served.
pub fn waiters_serve(conn: &mut Connection, most: i64) -> Result<Vec<Assignment>, DbError> {
    conn.transaction::<_, DbError, _>(|conn| {
        let mut served = restore(conn)?;
        for pool in pools(conn)? {
            let given = conn.transaction::<_, DbError, _>(|conn| serve_pool(conn, &pool, most));
            match given {
                Ok(given) => served.extend(given),
                // One of them got a number elsewhere this very moment: their pool's turn is the next look's.
                Err(DbError::Constraint(_)) => {}
                Err(error) => return Err(error),
            }
        }
        let users: Vec<&str> = served.iter().map(|assignment| assignment.user_id.as_str()).collect();
        sql_query(
            "WITH gone AS (DELETE FROM waiters WHERE user_id = ANY($1) RETURNING user_id, instance_id)
             UPDATE leases l SET waited_at = gone.instance_id FROM gone WHERE l.user_id = gone.user_id",
        )
        .bind::<Array<Text>, _>(users)
        .execute(conn)?;
        if !served.is_empty() {
            stock_notify(conn)?;
        }
        Ok(served)
    })
}

#[derive(QueryableByName)]
struct WaiterRow {
    #[diesel(sql_type = Text)]
    user_id: String,
    #[diesel(sql_type = Text)]
    pool: PoolName,
    #[diesel(sql_type = Nullable<Text>)]
    area_code: Option<AreaCode>,
    #[diesel(sql_type = Bool)]
    only_pool: bool,
}

impl WaiterRow {
    fn asking(&self) -> Asking<'_> {
        Asking { user_id: &self.user_id, pool: &self.pool, only_pool: self.only_pool }
    }

    fn returning(&self) -> Returning<'_> {
        let only_pool = self.only_pool.then_some(&self.pool);
        Returning { user_id: &self.user_id, wish: self.area_code, only_pool }
    }
}

/// Gives back what rests, and is fit, for whoever waits: nobody gives them another one.
fn restore(conn: &mut Connection) -> Result<Vec<Assignment>, DbError> {
    let owners: Vec<WaiterRow> = sql_query(format!(
        "SELECT user_id, pool, area_code, only_pool FROM waiters w WHERE expires_at > clock_timestamp()
            AND EXISTS (SELECT 1 FROM numbers r WHERE r.rests_for = w.user_id AND (NOT w.only_pool OR r.pool = w.pool) AND {FIT})
            AND NOT EXISTS (SELECT 1 FROM leases l WHERE l.user_id = w.user_id)
          ORDER BY user_id FOR UPDATE SKIP LOCKED",
    ))
    .load(conn)?;
    let returning: Vec<Returning<'_>> = owners.iter().map(WaiterRow::returning).collect();
    assignments_restore(conn, &returning)
}

/// Where somebody waits, by who came first.
fn pools(conn: &mut Connection) -> Result<Vec<PoolName>, DbError> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        pool: PoolName,
    }
    let rows: Vec<Row> = sql_query(
        "SELECT pool FROM waiters WHERE expires_at > clock_timestamp() GROUP BY pool ORDER BY min(created_at), pool",
    )
    .load(conn)?;
    Ok(rows.into_iter().map(|row| row.pool).collect())
}

fn serve_pool(conn: &mut Connection, pool: &PoolName, most: i64) -> Result<Vec<Assignment>, DbError> {
    let (mut served, here) = (Vec::new(), pool_stands(conn, pool)?);
    if !here.has_stock {
        return Ok(served);
    }
    let wishes = wishes(conn, pool)?;
    let mut there = there(conn, pool, &wishes, here.country)?;
    for rung in RUNGS {
        for (wish, ladder) in &wishes {
            // Where nothing lies nobody is looked for: there may be as many wishes as there are who wait.
            let is_there = |code: &AreaCode| there.get(code).is_some_and(|count| *count > 0);
            let codes: Vec<(AreaCode, Match)> =
                ladder.codes.iter().copied().filter(|(code, of)| *of == rung && is_there(code)).collect();
            if codes.is_empty() {
                continue;
            }
            let waiting = oldest(conn, pool, Some(*wish), most)?;
            let asking: Vec<Asking<'_>> = waiting.iter().map(WaiterRow::asking).collect();
            let near = Codes { codes: &codes, country: here.country, source: AssignmentSource::Emergency };
            let given = assignments_claim_near(conn, &asking, &near)?;
            for code in given.iter().filter_map(|assignment| assignment.area_code) {
                there.entry(code).and_modify(|count| *count = count.saturating_sub(1));
            }
            served.extend(given);
        }
    }
    let waiting = oldest(conn, pool, None, most)?;
    let asking: Vec<Asking<'_>> = waiting.iter().map(WaiterRow::asking).collect();
    let wished: Vec<bool> = waiting.iter().map(|waiter| waiter.area_code.is_some()).collect();
    served.extend(assignments_claim_waiting(conn, &asking, &wished)?);
    Ok(served)
}

/// How many lie in each area code that anybody wishes for or that lies near it, as far as it matters.
fn there(
    conn: &mut Connection,
    pool: &PoolName,
    wishes: &[(AreaCode, Ladder)],
    country: Option<CountryCode>,
) -> Result<BTreeMap<AreaCode, u32>, DbError> {
    let codes = wishes.iter().flat_map(|(_, ladder)| &ladder.codes);
    let wanted = codes.map(|(code, _)| (InCode { pool, code: *code, country }, COUNTED_MAX)).collect();
    let there = stock_available_by_code(conn, &wanted, true)?;
    Ok(there.into_iter().map(|(of, count)| (of.code, count)).collect())
}

/// How a pool stands for those who wait there.
#[derive(QueryableByName)]
struct Here {
    /// The country that it buys in: numbers of another one are nobody's who waits.
    #[diesel(sql_type = Nullable<Text>)]
    country: Option<CountryCode>,
    #[diesel(sql_type = Bool)]
    has_stock: bool,
}

fn pool_stands(conn: &mut Connection, pool: &PoolName) -> Result<Here, DbError> {
    Ok(sql_query(
        "SELECT (SELECT country FROM pools WHERE name = $1) AS country,
                EXISTS (SELECT 1 FROM leases WHERE pool = $1 AND user_id IS NULL AND ready) AS has_stock",
    )
    .bind::<Text, _>(pool.as_str())
    .get_result(conn)?)
}

/// What those who wait at a pool wish for, by who came first.
fn wishes(conn: &mut Connection, pool: &PoolName) -> Result<Vec<(AreaCode, Ladder)>, DbError> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        area_code: AreaCode,
    }
    let rows: Vec<Row> = sql_query(
        "SELECT area_code FROM waiters WHERE pool = $1 AND expires_at > clock_timestamp() AND area_code IS NOT NULL
          GROUP BY area_code ORDER BY min(created_at), area_code",
    )
    .bind::<Text, _>(pool.as_str())
    .load(conn)?;
    Ok(rows.into_iter().map(|row| (row.area_code, Ladder::of(row.area_code, None))).collect())
}

/// The oldest of those who wait at a pool and have no number yet: of one wish, or all. Another instance may be serving: whom it
/// has locked, it serves.
fn oldest(
    conn: &mut Connection,
    pool: &PoolName,
    wish: Option<AreaCode>,
    most: i64,
) -> Result<Vec<WaiterRow>, DbError> {
    Ok(sql_query(
        "SELECT user_id, pool, area_code, only_pool FROM waiters w
          WHERE pool = $1 AND expires_at > clock_timestamp() AND ($2 IS NULL OR area_code = $2)
            AND NOT EXISTS (SELECT 1 FROM leases l WHERE l.user_id = w.user_id)
          ORDER BY created_at, user_id LIMIT $3 FOR UPDATE SKIP LOCKED",
    )
    .bind::<Text, _>(pool.as_str())
    .bind::<Nullable<Text>, _>(wish.as_ref().map(AreaCode::as_str))
    .bind::<BigInt, _>(most)
    .load(conn)?)
}
