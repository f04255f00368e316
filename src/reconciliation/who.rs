//! Who changed a number, out of what Twilio's journal has of it.
//!
//! How to get it wrong: blaming ourselves. What a comparison repaired was changed by us last: only what came before it counts.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::twilio::JournalEntry;

/// Somebody changed a number.
pub(super) const UPDATED: &str = "phone-number.updated";
/// Somebody took it out of the account.
pub(super) const DELETED: &str = "phone-number.deleted";

/// Who changed a number last, as Twilio's journal has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = ChangedBy)]
pub struct ChangedBy {
    /// A user of Twilio's console (`US…`), the account itself (`AC…`: a program with its credentials), or what kind of actor it was.
    pub actor: String,
    /// `web` (Twilio's console), `api` or `twilio`.
    pub source: String,
    /// When.
    pub at: DateTime<Utc>,
}

impl ChangedBy {
    /// The newest of `entries` of this type until `began`.
    pub(super) fn of(entries: Vec<JournalEntry>, event_type: &str, began: DateTime<Utc>) -> Option<Self> {
        let of_type = entries.into_iter().filter(|entry| entry.event_type == event_type);
        let dated = of_type.filter_map(|entry| Some((entry.event_date.filter(|at| *at <= began)?, entry)));
        let (at, entry) = dated.max_by_key(|(at, _)| *at)?;
        let actor = if entry.actor_sid.is_empty() { entry.actor_type } else { entry.actor_sid };
        Some(Self { actor, source: entry.source, at })
    }

    /// Who, and by which way, for people.
    #[must_use]
    pub fn told(&self) -> String {
        let way = match self.source.as_str() {
            "web" => "in Twilio's console",
            "api" => "over Twilio's API",
            "" | "twilio" => "at Twilio",
            other => other,
        };
        format!("{} {way}", self.actor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(event_type: &str, actor: &str, at: &str) -> JournalEntry {
        JournalEntry {
            event_type: event_type.to_owned(),
            actor_sid: actor.to_owned(),
            actor_type: "twilio-admin".to_owned(),
            source: "web".to_owned(),
            event_date: at.parse().ok(),
            ..JournalEntry::default()
        }
    }

    #[test]
    fn the_newest_of_its_kind_before_the_comparison_began_did_it() {
        let began: DateTime<Utc> = "2026-11-22T12:00:00Z".parse().unwrap();
        let entries = vec![
            entry(UPDATED, "AC1", "2026-11-22T12:00:01Z"),
            entry(DELETED, "", "2026-11-22T11:59:00Z"),
            entry(UPDATED, "US1", "2026-11-22T11:00:00Z"),
            entry(UPDATED, "US2", "2026-11-22T10:00:00Z"),
            entry(UPDATED, "US3", "some day"),
        ];
        let by = |event_type| ChangedBy::of(entries.clone(), event_type, began).map(|by| by.actor);
        assert_eq!(by(UPDATED).as_deref(), Some("US1"), "what came later was the comparison's own");
        assert_eq!(by(DELETED).as_deref(), Some("twilio-admin"));
        assert_eq!(by("phone-number.created"), None);
    }
}
