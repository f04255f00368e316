//! Numbers that wait for an operator: told at the end of every comparison, until somebody decides.
//!
//! How to get it wrong: telling of them once. The report that named them first is one of many.

use std::collections::HashSet;

use super::dependencies::ReconcilerDependencies;
use super::report::{LINES_MAX, Line, Report};
use super::trouble::Trouble;
use crate::db::numbers::numbers_held_long;
use crate::domain::QuarantineReason;

/// Adds what has been held for long to the conflicts, but for numbers that the walk told of already.
pub(super) async fn tell(deps: &ReconcilerDependencies, report: &mut Report) -> Result<(), Trouble> {
    let limit = i64::try_from(LINES_MAX).unwrap_or(i64::MAX);
    let held = deps.buyer.db.run_patiently("numbers_held_long", move |conn| numbers_held_long(conn, limit)).await?;
    if held.is_empty() {
        return Ok(());
    }
    slog::warn!(deps.buyer.log, "numbers are held and wait for an operator; the report says what to do"; "held" => held.len());
    let told: HashSet<String> = report.conflicts.iter().map(|line| line.phone_number.clone()).collect();
    for number in held.into_iter().filter(|number| !told.contains(number.phone_number.as_str())) {
        let line = Line::new(&number.phone_number, Some(&number.pool), what_to_do(number.reason), None);
        report.add_conflict(line.of_a_hold());
    }
    Ok(())
}

fn what_to_do(reason: QuarantineReason) -> &'static str {
    match reason {
        QuarantineReason::Adopting => {
            "it has been held for more than 10 minutes, because an adoption broke off: adopt it again to finish"
        }
        QuarantineReason::UnknownItem => {
            "it has been held for more than 10 minutes, because the ledger does not know its item: adopt it, or give it back with release-to-twilio"
        }
        QuarantineReason::Contested => {
            "it has been held for more than 10 minutes, because somebody else set its webhooks back three times within a day: find out \
             who (Twilio's console, another program with this account's key), stop them, then adopt it"
        }
        QuarantineReason::TagConflict | QuarantineReason::Released | QuarantineReason::Leaving => {
            "it has been held for more than 10 minutes, because of another environment's tag: adopt it if it is ours, else leave it to them"
        }
    }
}
