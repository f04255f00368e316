//! Numbers that wait for an operator: told at the end of every comparison, until somebody decides.
//!
//! How to get it wrong: telling of them once. The report that named them first is one of many.

use std::collections::HashSet;

use super::dependencies::ReconcilerDependencies;
use super::report::{LINES_MAX, Line, Report};
use super::trouble::Trouble;
use crate::db::reconciliation::numbers_held_long;

/// How the line of a number begins that carries another environment's tag; without a user, it is held.
pub(super) const TAGGED_FOR: &str = "a number of ours is tagged for instance";
pub(super) const TAG_IS_GONE: &str =
    "it is held because of another environment's tag, which is gone: adopt it to free it";

/// Whether a line is about a number for no other reason than that it was held: when it is held no more, somebody has
/// decided since.
#[must_use]
pub(crate) fn is_about_a_hold(reason: &str, user_id: Option<&str>) -> bool {
    let begins = |beginning: &str| reason.starts_with(beginning);
    let told_here = begins("adopting: ") || begins("unknown_item: ") || begins("tag_conflict: ");
    user_id.is_none() && (told_here || begins(TAGGED_FOR) || reason == TAG_IS_GONE)
}

/// Adds what has been held for long to the conflicts, but for numbers that the walk told of already.
pub(super) async fn tell(deps: &ReconcilerDependencies, report: &mut Report) -> Result<(), Trouble> {
    let limit = i64::try_from(LINES_MAX).unwrap_or(i64::MAX);
    let held = deps.buyer.db.run_patiently("numbers_held_long", move |conn| numbers_held_long(conn, limit)).await?;
    if held.is_empty() {
        return Ok(());
    }
    slog::warn!(deps.buyer.log, "numbers are held and wait for an operator; the report says what to do"; "held" => held.len());
    let told: HashSet<String> = report.conflicts.iter().map(|line| line.phone_number.clone()).collect();
    for number in held.into_iter().filter(|number| !told.contains(&number.phone_number)) {
        let reason = what_to_do(&number.reason).to_owned();
        report.add_conflict(Line { phone_number: number.phone_number, reason, user_id: None });
    }
    Ok(())
}

fn what_to_do(reason: &str) -> &'static str {
    match reason {
        "adopting" => {
            "adopting: it has been held for more than 10 minutes, because an adoption broke off: adopt it again to finish"
        }
        "unknown_item" => {
            "unknown_item: it has been held for more than 10 minutes, because the ledger does not know its item: adopt it, or give it back with release-to-twilio"
        }
        _ => {
            "tag_conflict: it has been held for more than 10 minutes, because of another environment's tag: adopt it if it is ours, else leave it to them"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_about_a_hold_is_known_by_its_reason() {
        for reason in ["adopting", "unknown_item", "tag_conflict"] {
            assert!(is_about_a_hold(what_to_do(reason), None), "{reason}");
        }
        assert!(is_about_a_hold(TAG_IS_GONE, None));
        let tagged = format!("{TAGGED_FOR} \"staging\": adopt it here or release it there");
        assert!(is_about_a_hold(&tagged, None) && !is_about_a_hold(&tagged, Some("u-1")));
        assert!(!is_about_a_hold("another number of the account (PN1) has its place", None));
    }
}
