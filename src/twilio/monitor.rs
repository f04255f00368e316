//! Twilio's journal of the account: who changed a number, from where, and when.
//!
//! Invariant: a look of curiosity. What it cannot tell is not told, and nothing hangs on it.
//! How to get it wrong: reading it all. A number's own entries are few, and the newest come first.

use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::client::Twilio;
use super::error::TwilioError;
use super::lenient;
use super::page::{Page, RowsOf};
use crate::domain::NumberSid;
use crate::telemetry::Operation;

/// What somebody did with a number.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct JournalEntry {
    /// Such as `phone-number.updated`.
    #[serde(default, deserialize_with = "lenient::words")]
    pub(crate) event_type: String,
    /// A user of the console (`US…`) or the account (`AC…`); empty = Twilio does not say.
    #[serde(default, deserialize_with = "lenient::words")]
    pub(crate) actor_sid: String,
    /// What the actor is, such as `user`, `account` or `twilio-admin`.
    #[serde(default, deserialize_with = "lenient::words")]
    pub(crate) actor_type: String,
    /// `web`, `api` or `twilio`.
    #[serde(default, deserialize_with = "lenient::words")]
    pub(crate) source: String,
    /// When.
    #[serde(default, deserialize_with = "lenient::instant")]
    pub(crate) event_date: Option<DateTime<Utc>>,
}

impl Twilio {
    /// What was done with a number in the last 30 days, the newest first, as far as one page goes.
    ///
    /// # Errors
    /// See [`TwilioError`]; a look changes nothing. A key may lack the right to it.
    pub(crate) async fn journal_of(&self, number: &NumberSid) -> Result<Vec<JournalEntry>, TwilioError> {
        let answered = self.transport.get::<RowsOf>(Operation::Journal, self.settings.journal_of(number)).await?;
        let page: Page<JournalEntry> = Page::read(answered, "events")?;
        Ok(page.rows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_read_whatever_is_odd_about_it() {
        let told = r#"{"event_type":"phone-number.updated","actor_sid":null,"actor_type":"twilio-admin","source":"twilio",
                       "event_date":"2026-11-22T09:24:07Z","event_data":{"resource_properties":{}}}"#;
        let entry: JournalEntry = serde_json::from_str(told).unwrap();
        assert_eq!(
            (entry.actor_sid.as_str(), entry.actor_type.as_str(), entry.source.as_str()),
            ("", "twilio-admin", "twilio")
        );
        assert_eq!(entry.event_date, Some("2026-11-22T09:24:07Z".parse().unwrap()));
        let bare: JournalEntry = serde_json::from_str(r#"{"event_date":17}"#).unwrap();
        assert!(bare.event_type.is_empty() && bare.event_date.is_none());
    }
}
