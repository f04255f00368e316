//! The count of what is owned, set right: at start, and before each comparison.
//!
//! How to get it wrong: setting it right in silence. It is never wrong, unless somebody wrote past the triggers.

use crate::db::numbers::owned_recount;
use crate::db::{Db, DbError};

/// Counts what is owned; a count that was wrong is corrected, and told as an error.
///
/// # Errors
/// When PostgreSQL fails.
pub(crate) async fn recount(db: &Db, log: &slog::Logger) -> Result<(), DbError> {
    let lacking = match db.run_patiently("owned_recount", owned_recount).await {
        // It is wrong only if somebody wrote past the triggers, and is counted again at the next comparison.
        Err(error) if error.is_unavailable() => {
            slog::warn!(log, "how many numbers are owned could not be counted again now"; "error" => error.to_string());
            return Ok(());
        }
        counted => counted?,
    };
    if lacking != 0 {
        slog::error!(log, "how many numbers are owned was wrong in the database, and is corrected: somebody wrote to it past its \
                           triggers; look for what else they changed"; "lacking" => lacking);
    }
    Ok(())
}
