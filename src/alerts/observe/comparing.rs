//! Whether what is at Twilio is still known: comparisons, and Twilio's events.
//!
//! How to get it wrong: telling of one comparison that broke off. Twilio's list has bad minutes.

use super::{Saying, Seen, bad_or_good, seen_as};
use crate::attention::Kind;
use crate::domain::alert::{AlertKind, AlertSeverity, Observed, Verdict};
use crate::domain::counted;

pub(super) fn observe(seen: &Seen<'_>) -> Vec<Observed> {
    vec![failing(seen), rejected(seen)]
}

fn failing(seen: &Seen<'_>) -> Observed {
    let kind = AlertKind::ReconcileFailing;
    let comparisons = &seen.look.comparisons;
    let Some(last) = comparisons.first().filter(|last| !last.is_well()) else {
        return Observed::plain(kind, None, Verdict::Good);
    };
    let broke_off = comparisons.len() > 1 && comparisons.iter().all(|comparison| comparison.error.is_some());
    // A halt says why, and ends by itself or by somebody's hand.
    let is_told = seen.sight.stock.buying.halted.is_some();
    let is_bad = !is_told && (broke_off || last.problem.is_some());
    let verdict = if is_bad { Verdict::Bad } else { Verdict::Between };
    let said = seen.item(Kind::ComparisonProblem, None).unwrap_or_else(|| {
        let why = last.error.as_deref().or(last.problem.as_deref()).unwrap_or_default();
        let todo = "Look whether Twilio's list can be read, then compare again.";
        Saying::new("Comparisons with Twilio break off.", todo).detail(why).since(Some(last.ended_at))
    });
    seen_as(kind, None, (verdict, AlertSeverity::Warning), said)
}

fn rejected(seen: &Seen<'_>) -> Observed {
    let kind = AlertKind::EventsRejected;
    let refused = seen.look.events_refused;
    if refused.lately == 0 {
        let verdict = if refused.hour == 0 { Verdict::Good } else { Verdict::Between };
        return Observed::plain(kind, None, verdict);
    }
    let came = if refused.lately == 1 { "event came that is" } else { "events came that are" };
    let summary = format!("{} {came} not signed with this account's token.", refused.lately);
    let todo =
        "If the token was changed, give the new one as TWILIO_AUTH_TOKEN; else look who sends to events.public_url.";
    let detail = format!("{} in the last hour.", counted(refused.hour, "event"));
    bad_or_good(kind, AlertSeverity::Warning, Some(Saying::new(summary, todo).detail(detail).since(refused.since)))
}
