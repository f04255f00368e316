//! An emergency run: numbers for the signups that wait, when nobody else holds the lock.
//!
//! How to get it wrong: waiting for the lock. Whoever holds it serves the waitlist, wherever the signup waits.

use super::beside::with_waitlist_beside;
use super::buyer::Buyer;
use super::report::EmergencyReport;
use super::run;
use super::serve::serve_waitlist;
use crate::db::DbError;

/// An emergency run of its own; `None` = somebody else holds the lock, and serves the waitlist.
pub(super) async fn emergency(buyer: &Buyer) -> Result<Option<EmergencyReport>, DbError> {
    if buyer.is_stopping() {
        return Ok(None);
    }
    let Some(run) = run::begin(buyer, None).await? else { return Ok(None) };
    let report = with_waitlist_beside(buyer, &run, serve_waitlist(buyer, &run)).await;
    run.end().await;
    match report {
        Err(error) if run::is_overtaken(&error) => Ok(None),
        other => other.map(Some),
    }
}
