//! Where a number may stand, as SQL: each place's columns in one text, and the questions that many statements ask.
//!
//! A statement that moves a number embeds the text of its place, so that a place looks the same whoever moves it there; a
//! column that belongs to a place is set here once.
//! How to get it wrong: leaving a column of the former place behind. The schema refuses some of them, not all.

/// In the pool, or somebody's: its lease, which comes with this, says which.
pub(in crate::db) const ACTIVE: &str =
    "status = 'active', quarantine_reason = NULL, quarantined_until = NULL, rests_for = NULL";

/// At rest, for the user of the assignment `ended` and as many seconds as it says.
pub(in crate::db) const AT_REST: &str =
    "status = 'quarantined', quarantine_reason = 'released', rests_for = ended.user_id,
    quarantined_until = ended.released_at + make_interval(secs => ended.rest_secs)";

/// On its way back to Twilio: nobody's.
pub(super) const LEAVING: &str =
    "status = 'quarantined', quarantine_reason = 'leaving', quarantined_until = NULL, rests_for = NULL";

/// Gone for ever.
pub(super) const LEFT: &str =
    "status = 'released', quarantine_reason = NULL, quarantined_until = NULL, rests_for = NULL";

/// Neither held for an operator nor leaving: care and comparisons may touch it.
pub(in crate::db) const FREE: &str =
    "status <> 'released' AND (quarantine_reason IS NULL OR quarantine_reason = 'released')";

/// Nobody's, whether its rest is over or not.
///
/// Whoever moves what is idle locks it first ([`super::read::number_lock`]): a signup locks its lease alone.
pub(super) const IDLE: &str = "(quarantine_reason IS NOT DISTINCT FROM 'released'
    OR coalesce((SELECT l.user_id IS NULL FROM leases l WHERE l.number_id = numbers.id), false))";

/// In the pool, ready or not. A scalar sub-select, as in all of these, because it stays a look-up in an index: a join that
/// is planned while the tables are small reads them whole when they are large.
pub(super) const IN_POOL: &str =
    "coalesce((SELECT l.user_id IS NULL FROM leases l WHERE l.number_id = numbers.id), false)";

/// Somebody has it.
pub(super) const SOMEBODYS: &str =
    "coalesce((SELECT l.user_id IS NOT NULL FROM leases l WHERE l.number_id = numbers.id), false)";

/// Twilio's list should show it; what is on its way back to Twilio is its release's.
pub(super) const EXPECTED: &str =
    "status <> 'released' AND missing_since IS NULL AND quarantine_reason IS DISTINCT FROM 'leaving'";

/// Out of stock until an operator decides, or until an operator's own act has told Twilio.
pub(in crate::db) const ON_HOLD: &str =
    "status = 'quarantined' AND quarantine_reason IN ('adopting', 'unknown_item', 'tag_conflict', 'contested')";

/// Its rest is over, and it can serve somebody as soon as Twilio confirms its webhooks.
pub(in crate::db) const DUE: &str =
    "status = 'quarantined' AND quarantine_reason = 'released' AND missing_since IS NULL
                   AND quarantined_until <= statement_timestamp() AND capable AND webhook_status <> 'failed'
                   AND (held_back IS NULL OR held_back IN ('attaching', 'registering'))";

/// Nobody's, in the pool, and not ready: the lease is `l`, the number `n`.
pub(in crate::db) const UNREADY: &str = "leases l JOIN numbers n ON n.id = l.number_id
    WHERE l.user_id IS NULL AND NOT l.ready AND n.missing_since IS NULL";

/// The numbers in pools that no repair makes ready, and that are at Twilio: `pool`, and `denied`, which says that nothing lacks but what
/// the carriers deny; all others are `unfit`. Of one pool with `of_pool`, which is a parameter.
///
/// The index `numbers_unmendable_idx` has them, and those of users as well; what is not ready in the pools has them, and all that is
/// under repair. The one that PostgreSQL's statistics call smaller is read; if they are old, this takes longer and is as exact.
pub(in crate::db) fn unmendable(of_pool: Option<&str>) -> String {
    let few = few_are_unready("numbers_unmendable_idx");
    let of = |row: &str| of_pool.map(|pool| format!("AND {row}.pool = {pool}")).unwrap_or_default();
    format!(
        "(SELECT n.pool, {DENIED} AS denied FROM numbers n
           WHERE (SELECT NOT {few}) AND n.status = 'active' AND NOT n.apart
             AND (NOT n.capable OR n.webhook_status = 'failed' OR n.missing_since IS NOT NULL OR n.held_back IN ('unattachable', 'registration_failed'))
             AND n.missing_since IS NULL AND (SELECT l.user_id IS NULL FROM leases l WHERE l.number_id = n.id) {}
          UNION ALL
          SELECT pool, denied FROM (
              SELECT l.pool, (SELECT {DENIED} FROM numbers n WHERE n.id = l.number_id AND n.missing_since IS NULL AND NOT ({MENDABLE})) AS denied
                FROM leases l WHERE (SELECT {few}) AND l.user_id IS NULL AND NOT l.ready AND NOT l.apart {}) AS unready
           WHERE denied IS NOT NULL) AS unmendable",
        of("n"),
        of("l")
    )
}

/// Of an unmendable number `n`: nothing lacks but what the carriers deny.
const DENIED: &str =
    "(n.capable AND n.webhook_status <> 'failed' AND n.held_back IS NOT DISTINCT FROM 'registration_failed')";

/// SQL: fewer numbers are in pools and not ready than stand in this index, which has those of users, too.
pub(super) fn few_are_unready(index: &str) -> String {
    format!(
        "(SELECT coalesce(max(reltuples) FILTER (WHERE oid = 'leases_unready_idx'::regclass)
                     < max(reltuples) FILTER (WHERE oid = '{index}'::regclass), false)
            FROM pg_class WHERE oid IN ('leases_unready_idx'::regclass, '{index}'::regclass))"
    )
}

/// Of a [`MENDABLE`] number `n`: nothing lacks but that it joins what its pool wants, and that the carriers know it.
pub(in crate::db) const REGISTERING: &str =
    "(n.webhook_status = 'configured' AND coalesce(n.held_back IN ('attaching', 'registering'), false))";

/// What lies in pools that it is apart from, and is at Twilio: few, and each an operator's word.
pub(in crate::db) const APART: &str = "leases l WHERE l.user_id IS NULL AND l.apart
    AND (SELECT n.missing_since IS NULL FROM numbers n WHERE n.id = l.number_id)";

/// How many Twilio's list should show, without counting them (see `owned_changes` in the migration of leases): all that are
/// [`EXPECTED`].
pub(super) const EXPECTED_COUNT: &str = "(SELECT coalesce(sum(more), 0)::bigint FROM owned_changes)
    - (SELECT count(*) FROM numbers WHERE quarantine_reason = 'leaving' AND missing_since IS NULL)";

/// A repair will make it ready, or what it waits for passes: of an unready number `n`.
pub(in crate::db) const MENDABLE: &str = "n.capable AND n.webhook_status <> 'failed' AND (n.held_back IS NULL OR n.held_back IN ('attaching', 'registering'))";

/// What makes a resting number fit to go back to its user; `numbers.ready` says the same of one in stock.
macro_rules! fit {
    () => {
        "webhook_status = 'configured' AND capable AND missing_since IS NULL AND held_back IS NULL"
    };
}
pub(in crate::db) use fit;

/// The same, for statements that are put together while they run.
pub(in crate::db) const FIT: &str = fit!();
