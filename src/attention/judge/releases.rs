//! Numbers that an operator gave back, and that Twilio says neither yes nor no to.
//!
//! How to get it wrong: telling of a refusal. That is an answer, and the number is back where it was.

use super::super::item::{Item, Kind, Severity};
use crate::db::releases::StuckReleases;
use crate::domain::counted;

pub(super) fn judge(stuck: &StuckReleases) -> Item {
    let number = stuck.phone_number.as_str();
    let times = counted(stuck.attempts.into(), "time");
    let said = match stuck.last_words.as_deref().map(|words| words.trim_end_matches('.')) {
        Some(words) => format!("the last answer was: {words}."),
        None => "no answer came.".to_owned(),
    };
    let todo = "Look at it in Twilio's console: what keeps it there must end at Twilio. It is asked again by itself, at least once an \
                hour, and at once if you give it back again.";
    Item::new(Kind::ReleaseStuck, Severity::Warning, sentence(stuck), todo)
        .detail(format!("Twilio was asked {times} to release {number}; {said} It serves nobody, and costs its fee."))
        .count(stuck.count)
        .since(Some(stuck.since))
        .link("Show it", format!("/admin/phones/dashboard/numbers/{number}"))
}

/// What is so, without a number: whoever asks for readiness may be anybody.
pub(super) fn sentence(stuck: &StuckReleases) -> String {
    let have = if stuck.count == 1 { "has" } else { "have" };
    format!("{} {have} been on the way back to Twilio for more than an hour.", counted(stuck.count, "number"))
}
