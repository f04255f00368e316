//! What the account has beside ours is written down: Twilio charges for it, too.
//!
//! Invariant: a comparison that broke off says of nothing that it is gone.

use chrono::{DateTime, Utc};

use super::report::Report;
use super::trouble::Trouble;
use crate::db::Db;
use crate::db::usage::{foreign_gone, foreign_numbers_seen};

/// Numbers in one statement.
const AT_ONCE: usize = 1000;

/// Writes down what the pages so far showed of them, in a comparison that began then.
pub(super) async fn write(db: &Db, began: DateTime<Utc>, report: &mut Report) -> Result<(), Trouble> {
    while !report.elsewhere.is_empty() {
        let rest = report.elsewhere.split_off(report.elsewhere.len().min(AT_ONCE));
        let seen = std::mem::replace(&mut report.elsewhere, rest);
        db.run_patiently("foreign_numbers_seen", move |conn| foreign_numbers_seen(conn, began, &seen)).await?;
    }
    Ok(())
}

/// All of the list was read: what it did not show is gone.
pub(super) async fn conclude(db: &Db, began: DateTime<Utc>) -> Result<(), Trouble> {
    Ok(db.run_patiently("foreign_gone", move |conn| foreign_gone(conn, began)).await?)
}
