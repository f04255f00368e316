//! Where a number may stand, as SQL: each place's columns in one text, and the questions that many statements ask.
//!
//! A statement that moves a number embeds the text of its place, so that a place looks the same whoever moves it there; a
//! column that belongs to a place is set here once.
//! How to get it wrong: leaving a column of the former place behind. The schema refuses some of them, not all.

/// In the pool: nobody's, and held by nobody.
pub(in crate::db) const IN_STOCK: &str =
    "status = 'available', quarantine_reason = NULL, quarantined_until = NULL, rests_for = NULL";

/// Somebody's. The assignment is written in the same statement, or the schema refuses both.
pub(in crate::db) const SOMEBODYS: &str =
    "status = 'assigned', quarantine_reason = NULL, quarantined_until = NULL, rests_for = NULL";

/// At rest, for the user of the assignment `ended` and `$2` seconds.
pub(in crate::db) const AT_REST: &str =
    "status = 'quarantined', quarantine_reason = 'released', rests_for = ended.user_id,
    quarantined_until = ended.released_at + make_interval(secs => $2)";

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
pub(super) const IDLE: &str = "(status = 'available' OR quarantine_reason IS NOT DISTINCT FROM 'released')";

/// Twilio's list should show it; what is on its way back to Twilio is its release's.
pub(super) const EXPECTED: &str =
    "status <> 'released' AND missing_since IS NULL AND quarantine_reason IS DISTINCT FROM 'leaving'";

/// Its rest is over, and it can serve somebody as soon as Twilio confirms its webhooks.
pub(in crate::db) const DUE: &str =
    "status = 'quarantined' AND quarantine_reason = 'released' AND missing_since IS NULL
                   AND quarantined_until <= statement_timestamp() AND capable AND webhook_status <> 'failed'";

/// Ready, or will be when its repair is done.
pub(in crate::db) const MENDABLE: &str =
    "status = 'available' AND capable AND missing_since IS NULL AND webhook_status <> 'failed'";

/// What makes a resting number fit to go back to its user; `numbers.ready` says the same of one in stock.
macro_rules! fit {
    () => {
        "webhook_status = 'configured' AND capable AND missing_since IS NULL"
    };
}
pub(in crate::db) use fit;

/// The same, for statements that are put together while they run.
pub(in crate::db) const FIT: &str = fit!();
