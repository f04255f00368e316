//! One pool as whoever buys for it sees it, in one statement, so that a number that moves is counted once.
//!
//! Invariant: signups write nothing that helps to count, so either what is free or what is somebody's must be counted. People
//! are shown exact counts ([`super::whole`]). Whoever buys asks no further than the policy does: how many are owned is known
//! without counting (`owned_changes`), and the rest is counted up to the largest limit that is set against it, along indexes
//! that begin with the pool: what others have costs nothing.
//! How to get it wrong: a condition on the pool that no index knows. A pool of ten beside one of a million would be found by
//! reading the million.

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Text};

use super::far::Far;
use super::glance::{count, somebodys_up_to};
use super::needs::{Care, waitlist_needs};
use super::observation::Observation;
use super::spend::{SPENT, Spend};
use crate::db::buying_state::{BuyingState, buying_state_read};
use crate::db::engine::connection::Connection;
use crate::db::engine::error::DbError;
use crate::db::numbers::{APART, DUE, MENDABLE, ON_HOLD, REGISTERING, UNREADY, stock, unmendable};
use crate::db::pool_halts::{Keys, pool_halt_read};
use crate::domain::{PoolPolicy, Stock, Unserved};

#[derive(QueryableByName)]
struct Counts {
    #[diesel(sql_type = BigInt)]
    available: i64,
    #[diesel(sql_type = BigInt)]
    unready: i64,
    #[diesel(sql_type = BigInt)]
    registering: i64,
    #[diesel(sql_type = BigInt)]
    unfit: i64,
    #[diesel(sql_type = BigInt)]
    registration_failed: i64,
    #[diesel(sql_type = BigInt)]
    apart: i64,
    #[diesel(sql_type = BigInt)]
    assigned: i64,
    #[diesel(sql_type = BigInt)]
    quarantined: i64,
    #[diesel(sql_type = BigInt)]
    due: i64,
    #[diesel(sql_type = BigInt)]
    missing: i64,
    #[diesel(sql_type = BigInt)]
    missing_of_users: i64,
    #[diesel(sql_type = BigInt)]
    held: i64,
    #[diesel(sql_type = BigInt)]
    purchasing: i64,
    #[diesel(sql_type = BigInt)]
    unsettled: i64,
    #[diesel(sql_type = BigInt)]
    waiting: i64,
    #[diesel(sql_type = BigInt)]
    waiting_all: i64,
    #[diesel(sql_type = BigInt)]
    hour: i64,
    #[diesel(sql_type = BigInt)]
    day: i64,
    #[diesel(sql_type = BigInt)]
    overridden: i64,
    #[diesel(sql_type = BigInt)]
    pool_hour: i64,
    #[diesel(sql_type = BigInt)]
    pool_day: i64,
    #[diesel(sql_type = BigInt)]
    doubted: i64,
    #[diesel(sql_type = BigInt)]
    owned_all: i64,
}

/// The pool of `keys`, for whoever buys under them, as far as `policy` goes: what stalls does not come for those on the
/// waitlist. The pool counts it all the same.
///
/// # Errors
/// When PostgreSQL fails.
pub fn stock_read_for_buying(
    conn: &mut Connection,
    policy: &PoolPolicy,
    care: Care,
    keys: &Keys,
) -> Result<Observation, DbError> {
    let buying = buying_state_read(conn)?;
    stock_observe(conn, buying, care, Far::of(policy), keys)
}

/// The same beside a state that the caller has read, and perhaps locked.
pub(in crate::db) fn stock_observe(
    conn: &mut Connection,
    buying: BuyingState,
    care: Care,
    far: Far,
    keys: &Keys,
) -> Result<Observation, DbError> {
    let pool_halt = pool_halt_read(conn, keys)?;
    let counts: Counts = sql_query(text())
        .bind::<BigInt, _>(i64::from(far.idle))
        .bind::<BigInt, _>(i64::from(far.assigned))
        .bind::<BigInt, _>(i64::from(far.unless))
        .bind::<Text, _>(keys.pool.as_str())
        .get_result(conn)?;
    let waiting_all = count(counts.waiting_all);
    let needs = if waiting_all > 0 { waitlist_needs(conn, care, waiting_all)? } else { Unserved::new() };
    let stock = Stock {
        available: count(counts.available),
        unready: count(counts.unready),
        registering: count(counts.registering),
        unfit: count(counts.unfit),
        registration_failed: count(counts.registration_failed),
        apart: count(counts.apart),
        assigned: count(counts.assigned),
        quarantined: count(counts.quarantined),
        due: count(counts.due),
        purchasing: count(counts.purchasing),
        unsettled: count(counts.unsettled),
        doubted: count(counts.doubted),
        waiting: count(counts.waiting),
        unserved: needs.get(&keys.pool).map_or(0, |lacking| lacking.count),
    };
    Ok(Observation {
        stock,
        missing: count(counts.missing),
        missing_of_users: count(counts.missing_of_users),
        held: count(counts.held),
        contested: 0,
        spend: Spend {
            hour: count(counts.hour),
            day: count(counts.day),
            overridden: count(counts.overridden),
            pool_hour: count(counts.pool_hour),
            pool_day: count(counts.pool_day),
        },
        owned_all: count(counts.owned_all),
        buying,
        pool_halt,
        needs,
    })
}

/// `$1` of what is idle, `$2` of what is somebody's; of what is idle none, if no more than `$3` can be. `$4` is the pool.
fn text() -> String {
    format!(
        "WITH n AS (SELECT coalesce(sum(more) FILTER (WHERE pool = $4), 0)::bigint AS owned, coalesce(sum(more), 0)::bigint AS of_all
                      FROM owned_changes),
         i AS (
             SELECT count(*) FILTER (WHERE pool = $4 AND state IN ('intended', 'sent')) AS purchasing,
                    count(*) FILTER (WHERE pool = $4 AND state = 'unknown') AS unsettled,
                    count(*) AS open_of_all
               FROM purchase_items WHERE state IN ('intended', 'sent', 'unknown')),
         w AS (SELECT count(*) FILTER (WHERE pool = $4) AS waiting, count(*) AS waiting_all
                 FROM waiters w WHERE expires_at > clock_timestamp()
                  AND NOT EXISTS (SELECT 1 FROM leases l WHERE l.user_id = w.user_id)),
         s AS (
             SELECT count(*) FILTER (WHERE NOT override_caps AND {THIS_HOUR}) AS hour,
                    count(*) FILTER (WHERE NOT override_caps) AS day,
                    count(*) FILTER (WHERE override_caps) AS overridden,
                    count(*) FILTER (WHERE pool = $4 AND NOT override_caps AND {THIS_HOUR}) AS pool_hour,
                    count(*) FILTER (WHERE pool = $4 AND NOT override_caps) AS pool_day,
                    count(*) FILTER (WHERE pool = $4 AND {DOUBTED}) AS doubted,
                    count(*) FILTER (WHERE {DOUBTED}) AS doubted_of_all
               FROM purchase_items WHERE {SPENT} AND {THIS_DAY}),
         b AS (SELECT CASE WHEN owned + purchasing + unsettled + doubted <= $3 THEN 0 ELSE $1 END AS idle FROM n, i, s),
         -- Both are one walk: what of a large pool is under repair is read once, and no further than the limit.
         m AS (SELECT count(*) FILTER (WHERE NOT registers) AS unready, count(*) FILTER (WHERE registers) AS registering FROM (
                   SELECT {REGISTERING} AS registers FROM {UNREADY} AND l.pool = $4 AND NOT l.apart AND {MENDABLE}
                    ORDER BY l.pool, l.number_id LIMIT (SELECT idle FROM b)) AS a),
         u AS (SELECT count(*) FILTER (WHERE NOT denied) AS unfit, count(*) FILTER (WHERE denied) AS registration_failed FROM (
                   SELECT denied FROM {} LIMIT (SELECT idle FROM b)) AS a),
         c AS MATERIALIZED (SELECT m.*, u.*,
             (SELECT count(*) FROM (SELECT 1 FROM leases WHERE pool = $4 AND {}
                                     ORDER BY purchased_at, number_id LIMIT (SELECT idle FROM b)) AS a) AS available,
             (SELECT count(*) FROM (SELECT 1 FROM {APART} AND l.pool = $4 LIMIT (SELECT idle FROM b)) AS a) AS apart,
             (SELECT count(*) FROM (SELECT 1 FROM numbers WHERE {DUE} AND pool = $4 AND NOT apart
                                     ORDER BY quarantined_until LIMIT (SELECT idle FROM b)) AS a) AS due,
             {} AS assigned,
             (SELECT count(*) FROM numbers WHERE missing_since IS NOT NULL AND status <> 'released' AND pool = $4) AS missing,
             (SELECT count(*) FROM numbers WHERE missing_since IS NOT NULL AND status <> 'released' AND pool = $4
                AND (SELECT l.user_id IS NOT NULL FROM leases l WHERE l.number_id = numbers.id)) AS missing_of_users,
             (SELECT count(*) FROM numbers WHERE {ON_HOLD} AND missing_since IS NULL AND pool = $4) AS held
               FROM m, u)
         SELECT c.*, greatest(owned - available - unready - registering - unfit - registration_failed - apart - assigned, due) AS quarantined,
                purchasing, unsettled, waiting, waiting_all, hour, day, overridden, pool_hour, pool_day, doubted,
                of_all + open_of_all + doubted_of_all AS owned_all
           FROM c, n, i, w, s",
        unmendable(Some("$4")),
        stock!(),
        somebodys_up_to("$4", "$2", "(SELECT owned FROM n)", "(SELECT of_all FROM n)")
    )
}

/// SQL, of an item: not bought as far as anybody could see, and yet it may turn up.
pub(super) const DOUBTED: &str = "doubted AND state = 'not_bought'";
/// SQL, of an item: it counts against the hour. By the statement's clock: of one that goes on meanwhile each row is asked, and no index.
pub(super) const THIS_HOUR: &str = "intended_at > statement_timestamp() - interval '1 hour'";
/// SQL, of an item: it counts against the day.
pub(super) const THIS_DAY: &str = "intended_at > statement_timestamp() - interval '24 hours'";
