//! The whole stock, exactly, and yet without counting what is most of it.
//!
//! Each number that is owned and at Twilio is free, not ready, apart from its pool, somebody's or quarantined. How many they are in all is known
//! (`owned_changes`), so the larger one of `free` and `somebody's` is what the others leave. Which one is larger, PostgreSQL's
//! statistics say; if they are old, this takes longer (a million index entries: a tenth of a second) and is as exact.
//! Invariant: one statement, so one moment.
//! How to get it wrong: believing the statistics more than that.

use crate::db::numbers::{APART, DUE, ON_HOLD, UNFIT, stock};

/// The columns of `stands`: `available`, `unready`, `unfit`, `apart`, `assigned`, `quarantined`, `due`, `missing`,
/// `missing_of_users`, `held`; `n` says what is `owned`.
pub(super) fn whole() -> String {
    format!(
        "-- Numbers that are not at Twilio are told apart: they are no stock, and few.
         m AS (SELECT count(*) AS missing, count(*) FILTER (WHERE status = 'quarantined') AS quarantined,
                      count(*) FILTER (WHERE status = 'active' AND user_id IS NULL AND NOT apart) AS idle,
                      count(*) FILTER (WHERE user_id IS NOT NULL) AS of_users
                 FROM (SELECT status, apart, (SELECT l.user_id FROM leases l WHERE l.number_id = numbers.id) AS user_id
                         FROM numbers WHERE missing_since IS NOT NULL AND status <> 'released') AS gone),
         c AS MATERIALIZED (SELECT (SELECT count(*) FROM leases WHERE user_id IS NULL AND NOT ready AND NOT apart) - m.idle AS not_ready,
                      {APART} AS apart,
                      (SELECT count(*) FROM {UNFIT}) AS unfit,
                      (SELECT count(*) FROM numbers WHERE status = 'quarantined') - m.quarantined AS quarantined,
                      (SELECT count(*) FROM numbers WHERE {DUE} AND NOT apart) AS due, m.missing, m.of_users AS missing_of_users,
                      (SELECT count(*) FROM numbers WHERE {ON_HOLD} AND missing_since IS NULL) AS held,
                      (SELECT max(reltuples) FILTER (WHERE oid = 'leases_free_idx'::regclass)
                            > max(reltuples) FILTER (WHERE oid = 'leases_one_per_user'::regclass) FROM pg_class
                        WHERE oid IN ('leases_free_idx'::regclass, 'leases_one_per_user'::regclass)) AS most_are_free FROM m),
         d AS MATERIALIZED (SELECT c.*, owned - not_ready - apart - quarantined AS in_use,
                      CASE WHEN most_are_free THEN (SELECT count(*) FROM leases WHERE user_id IS NOT NULL) - missing_of_users
                           END AS assigned,
                      CASE WHEN NOT most_are_free THEN (SELECT count(*) FROM leases WHERE {})
                           END AS available FROM c, n),
         stands AS (SELECT coalesce(available, in_use - assigned) AS available, coalesce(assigned, in_use - available) AS assigned,
                           not_ready - unfit AS unready, unfit, apart, quarantined, due, missing, missing_of_users, held FROM d)",
        stock!()
    )
}
