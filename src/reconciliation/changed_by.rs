//! Who did it: what differs or is gone is looked up in Twilio's journal, as far as a few questions go.
//!
//! Invariant: a comparison is as good without it. What Twilio does not tell, or the key may not ask, is null, and is not asked again in the
//! same comparison.
//! How to get it wrong: asking about all. A comparison that finds thousands would ask thousands of times.

use chrono::{DateTime, Utc};

use super::report::{Line, Report};
use super::who::{ChangedBy, DELETED, UPDATED};
use crate::db::Connection;
use crate::db::numbers::numbers_sids;
use crate::purchaser::Buyer;

/// Questions in one comparison.
const ASKED_MAX: usize = 50;

/// Says of each line of what is gone or differs who did it, in a comparison that began then.
pub(super) async fn tell(buyer: &Buyer, began: DateTime<Utc>, report: &mut Report) {
    let mut left = ASKED_MAX;
    for (lines, event_type) in [(&mut report.missing, DELETED), (&mut report.webhook_drift, UPDATED)] {
        lines.iter_mut().for_each(|line| line.changed_by = Some(None));
        let asked = lines.len().min(left);
        left -= asked;
        if !ask(buyer, &mut lines[..asked], event_type, began).await {
            left = 0;
        }
    }
}

/// Whether there is more to ask.
async fn ask(buyer: &Buyer, lines: &mut [Line], event_type: &str, began: DateTime<Utc>) -> bool {
    if lines.is_empty() {
        return true;
    }
    let numbers: Vec<String> = lines.iter().map(|line| line.phone_number.clone()).collect();
    let read = move |conn: &mut Connection| {
        let numbers: Vec<&str> = numbers.iter().map(String::as_str).collect();
        numbers_sids(conn, &numbers)
    };
    let Ok(sids) = buyer.db.run_patiently("numbers_sids", read).await else { return false };
    for line in lines {
        let Some(sid) = sids.get(&line.phone_number) else { continue };
        if buyer.is_stopping() {
            return false;
        }
        match buyer.twilio.journal_of(sid).await {
            Ok(entries) => line.changed_by = Some(ChangedBy::of(entries, event_type, began)),
            Err(failure) => {
                slog::info!(buyer.log, "who changed numbers is not told: Twilio's journal cannot be read; give the key that right, or let it be";
                    "cause" => failure.for_log(), "request_id" => failure.request_id());
                return false;
            }
        }
    }
    true
}
