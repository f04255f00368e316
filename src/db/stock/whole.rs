//! The whole stock of every pool, exactly, and yet without counting what is most of it: one count in a line of the answer.
//!
//! Each number that is owned and at Twilio is free, not ready, apart from its pool, somebody's or quarantined. How many they
//! are in all is known of each pool (`owned_changes`), so the larger one of `free` and `somebody's` is what the others leave.
//! Which one is larger, PostgreSQL's statistics say; if they are old, this takes longer (a million index entries: a tenth of a
//! second) and is as exact.
//! Invariant: one statement, so one moment, whatever moves from pool to pool.
//! How to get it wrong: believing the statistics more than that.

use std::collections::BTreeMap;

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Text};

use super::glance::count as bounded;
use super::observe::{DOUBTED, THIS_DAY, THIS_HOUR};
use super::spend::SPENT;
use crate::db::engine::connection::Connection;
use crate::db::engine::error::DbError;
use crate::db::numbers::{APART, DUE, MENDABLE, ON_HOLD, REGISTERING, stock, unmendable};
use crate::domain::{PoolName, Stock};

/// What one pool has, counted in one statement with all others.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Counted {
    pub(super) stock: Stock,
    pub(super) missing: u32,
    pub(super) missing_of_users: u32,
    pub(super) held: u32,
    pub(super) contested: u32,
    pub(super) hour: u32,
    pub(super) day: u32,
    pub(super) overridden: u32,
}

/// Counts every pool that has or had anything.
pub(super) fn count_whole(conn: &mut Connection) -> Result<BTreeMap<PoolName, Counted>, DbError> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        pool: PoolName,
        #[diesel(sql_type = Text)]
        what: String,
        #[diesel(sql_type = BigInt)]
        many: i64,
    }
    let rows: Vec<Row> = sql_query(text()).load(conn)?;
    let mut pools: BTreeMap<PoolName, BTreeMap<String, i64>> = BTreeMap::new();
    for row in rows {
        *pools.entry(row.pool).or_default().entry(row.what).or_default() += row.many;
    }
    Ok(pools.into_iter().map(|(pool, lines)| (pool, Counted::of(&lines))).collect())
}

impl Counted {
    /// `free` and `somebodys` are never both counted: what stands there is what the others leave.
    fn of(lines: &BTreeMap<String, i64>) -> Self {
        let known = |what: &str| lines.get(what).copied();
        let of = |what: &str| known(what).unwrap_or_default();
        // Numbers that are not at Twilio are told apart: they are no stock, and few.
        let (not_ready, quarantined) = (of("not_ready") - of("gone_idle"), of("quarantined") - of("gone_quarantined"));
        let in_use = of("owned") - not_ready - of("apart") - quarantined;
        let (available, assigned) = if of("most_are_free") > 0 {
            let assigned = of("somebodys") - of("gone_of_users");
            (in_use - assigned, assigned)
        } else {
            (of("free"), in_use - of("free"))
        };
        let count = |what: &str| bounded(of(what));
        Self {
            stock: Stock {
                available: bounded(available),
                unready: bounded(not_ready - of("registering") - of("unfit") - of("registration_failed")),
                registering: count("registering"),
                unfit: count("unfit"),
                registration_failed: count("registration_failed"),
                apart: count("apart"),
                assigned: bounded(assigned),
                quarantined: bounded(quarantined),
                due: count("due"),
                purchasing: count("purchasing"),
                unsettled: count("unsettled"),
                doubted: count("doubted"),
                waiting: count("waiting"),
                unserved: 0,
            },
            missing: count("gone"),
            missing_of_users: count("gone_of_users"),
            held: count("held"),
            contested: count("contested"),
            hour: count("hour"),
            day: count("day"),
            overridden: count("overridden"),
        }
    }
}

fn text() -> String {
    format!(
        "WITH n AS MATERIALIZED (SELECT pool, sum(more)::bigint AS owned FROM owned_changes GROUP BY pool),
         d AS MATERIALIZED (SELECT coalesce(max(reltuples) FILTER (WHERE oid = 'leases_free_idx'::regclass)
                                 > max(reltuples) FILTER (WHERE oid = 'leases_one_per_user'::regclass), false) AS most_are_free,
                                   (SELECT count(*) FROM n) AS pools
                              FROM pg_class WHERE oid IN ('leases_free_idx'::regclass, 'leases_one_per_user'::regclass)),
         m AS MATERIALIZED (SELECT pool, count(*) AS gone, count(*) FILTER (WHERE status = 'quarantined') AS quarantined,
                                   count(*) FILTER (WHERE status = 'active' AND user_id IS NULL AND NOT apart) AS idle,
                                   count(*) FILTER (WHERE user_id IS NOT NULL) AS of_users
                              FROM (SELECT pool, status, apart, (SELECT l.user_id FROM leases l WHERE l.number_id = numbers.id) AS user_id
                                      FROM numbers WHERE missing_since IS NOT NULL AND status <> 'released') AS gone GROUP BY pool),
         s AS MATERIALIZED (SELECT pool, count(*) FILTER (WHERE NOT override_caps AND {THIS_HOUR}) AS hour,
                                   count(*) FILTER (WHERE NOT override_caps) AS day, count(*) FILTER (WHERE override_caps) AS overridden,
                                   count(*) FILTER (WHERE {DOUBTED}) AS doubted
                              FROM purchase_items WHERE {SPENT} AND {THIS_DAY} GROUP BY pool)
         SELECT pool, 'owned' AS what, owned AS many FROM n
         UNION ALL SELECT pool, 'most_are_free', 1 FROM n, d WHERE most_are_free
         UNION ALL SELECT pool, 'free', count(*) FROM leases WHERE (SELECT NOT most_are_free FROM d) AND {} GROUP BY pool
         UNION ALL SELECT pool, 'somebodys', count(*) FROM leases WHERE (SELECT most_are_free FROM d) AND assignment_id IS NOT NULL GROUP BY pool
         UNION ALL SELECT pool, 'not_ready', count(*) FROM leases WHERE user_id IS NULL AND NOT ready AND NOT apart GROUP BY pool
         UNION ALL SELECT l.pool, 'apart', count(*) FROM {APART} GROUP BY l.pool
         UNION ALL SELECT pool, CASE WHEN denied THEN 'registration_failed' ELSE 'unfit' END, count(*) FROM {} GROUP BY 1, 2
         -- Nothing is held back where nothing is wanted: a large pool under repair is not read for it.
         UNION ALL SELECT l.pool, 'registering', count(*) FROM pools o JOIN leases l ON l.pool = o.name
                    WHERE (o.needs_attached OR o.telling_wants) AND l.user_id IS NULL AND NOT l.ready AND NOT l.apart
                      AND (SELECT n.missing_since IS NULL AND {MENDABLE} AND {REGISTERING} FROM numbers n WHERE n.id = l.number_id)
                    GROUP BY l.pool
         -- Of one pool they are counted by their index alone.
         UNION ALL SELECT pool, 'quarantined', (SELECT count(*) FROM numbers WHERE status = 'quarantined') FROM n, d WHERE pools = 1
         UNION ALL SELECT pool, 'quarantined', count(*) FROM numbers WHERE (SELECT pools > 1 FROM d) AND status = 'quarantined' GROUP BY pool
         UNION ALL SELECT pool, 'due', count(*) FROM numbers WHERE {DUE} AND NOT apart GROUP BY pool
         UNION ALL SELECT pool, 'held', count(*) FROM numbers WHERE {ON_HOLD} AND missing_since IS NULL GROUP BY pool
         UNION ALL SELECT pool, 'contested', count(*) FROM numbers WHERE quarantine_reason = 'contested' AND missing_since IS NULL GROUP BY pool
         UNION ALL SELECT pool, what, many FROM m, LATERAL (VALUES ('gone', gone), ('gone_quarantined', quarantined),
                                                              ('gone_idle', idle), ('gone_of_users', of_users)) AS v (what, many)
         UNION ALL SELECT pool, what, many FROM s, LATERAL (VALUES ('hour', hour), ('day', day), ('overridden', overridden),
                                                              ('doubted', doubted)) AS v (what, many)
         UNION ALL SELECT pool, CASE state WHEN 'unknown' THEN 'unsettled' ELSE 'purchasing' END, count(*)
                     FROM purchase_items WHERE state IN ('intended', 'sent', 'unknown') GROUP BY 1, 2
         UNION ALL SELECT pool, 'waiting', count(*) FROM waiters w WHERE expires_at > clock_timestamp()
                      AND NOT EXISTS (SELECT 1 FROM leases l WHERE l.user_id = w.user_id) GROUP BY pool",
        stock!(),
        unmendable(None)
    )
}
