//! Twilio's journal of the account: who changed a number, from where, and when.
//!
//! Invariant: a look of curiosity. What it cannot tell is not told, and nothing hangs on it.
//! How to get it wrong: reading it all. A number's own entries are few, and the newest come first.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::Value;

use super::client::Twilio;
use super::error::TwilioError;
use super::lenient;
use super::page::{Page, RowsOf};
use crate::domain::{NumberSid, PhoneNumber, Product};
use crate::telemetry::Operation;

/// What somebody did with a number.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
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
    /// With what.
    #[serde(default, deserialize_with = "lenient::text")]
    pub(crate) resource_sid: String,
    /// What it was and what it became.
    #[serde(default)]
    pub(crate) event_data: Value,
}

impl JournalEntry {
    /// The number that it is about, in E.164, where it says so.
    pub(crate) fn phone_number(&self) -> Option<PhoneNumber> {
        // Under a name of its own in Twilio's words, and not so in its example.
        let nested = &self.event_data["resource_properties"]["phone_number"];
        let field = if nested.is_null() { &self.event_data["phone_number"] } else { nested };
        let text = [field, &field["updated"], &field["previous"]].into_iter().find_map(Value::as_str)?;
        text.parse().ok()
    }
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

    /// A page of what was done with numbers in a stretch of time, of one type such as `phone-number.deleted`.
    ///
    /// # Errors
    /// See [`TwilioError`]; a look changes nothing. A key may lack the right to it.
    pub(crate) async fn journal_page(
        &self,
        event_type: &str,
        (from, until): (DateTime<Utc>, DateTime<Utc>),
        next: Option<&str>,
    ) -> Result<Page<JournalEntry>, TwilioError> {
        let url = self.settings.journal(event_type, from, until);
        let url = self.settings.page_of(Product::Monitor, url, next)?;
        Page::read(self.transport.get::<RowsOf>(Operation::Journal, url).await?, "events")
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
        let named = |data: &str| {
            let told = format!(r#"{{"event_type":"phone-number.deleted","event_data":{data}}}"#);
            serde_json::from_str::<JournalEntry>(&told).unwrap().phone_number().map(|number| number.to_string())
        };
        for data in [
            r#"{"phone_number":{"previous":"+14155550100","updated":null}}"#,
            r#"{"resource_properties":{"phone_number":{"previous":null,"updated":"+14155550100"}}}"#,
            r#"{"resource_properties":{"phone_number":"+14155550100"}}"#,
        ] {
            assert_eq!(named(data).as_deref(), Some("+14155550100"), "{data}");
        }
        assert_eq!((named("null"), named("[]")), (None, None));
        let bare: JournalEntry = serde_json::from_str(r#"{"event_date":17}"#).unwrap();
        assert!(bare.event_type.is_empty() && bare.event_date.is_none());
    }
}
