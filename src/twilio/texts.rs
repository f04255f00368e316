//! Text messages: one that is sent, and whether one was.
//!
//! Invariant: after [`TwilioError::Unknown`] a text may be on its way; whoever sends it again looks for it first, by a mark in it.
//! How to get it wrong: letting a refusal here halt all buying. What a key may not text says nothing of purchases, so neither call
//! counts refusals of the account.

use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;

use super::client::Twilio;
use super::error::TwilioError;
use super::lenient;
use crate::domain::PhoneNumber;
use crate::telemetry::Operation;

#[derive(Deserialize)]
struct Text {
    #[serde(default, deserialize_with = "lenient::words")]
    body: String,
    #[serde(default, deserialize_with = "lenient::words")]
    status: String,
}

#[derive(Deserialize)]
struct TextPage {
    #[serde(default)]
    messages: Vec<Text>,
}

impl Twilio {
    /// Sends a text. Never repeated by itself: Twilio has no key that would tell a second one from the first.
    ///
    /// # Errors
    /// See [`TwilioError`].
    pub(crate) async fn send_text(&self, to: &PhoneNumber, from: &str, body: &str) -> Result<(), TwilioError> {
        let url = self.settings.url(&["Messages.json"]);
        let form = [("To", to.as_str()), ("From", from), ("Body", body)];
        self.transport.post::<serde::de::IgnoredAny>(Operation::Text, url, &form).await.map(|_answer| ())
    }

    /// Whether a text with `mark` in it was sent to this number since, and did not fail.
    ///
    /// # Errors
    /// See [`TwilioError`]; a look changes nothing.
    pub(crate) async fn has_text(
        &self,
        to: &PhoneNumber,
        since: DateTime<Utc>,
        mark: &str,
    ) -> Result<bool, TwilioError> {
        let mut url = self.settings.url(&["Messages.json"]);
        // Twilio's days are of UTC, and its clock is not ours.
        let day = (since - TimeDelta::hours(1)).format("%Y-%m-%d").to_string();
        url.query_pairs_mut()
            .append_pair("To", to.as_str())
            .append_pair("DateSent>", &day)
            .append_pair("PageSize", "200");
        let page: TextPage = self.transport.get(Operation::Text, url).await?.body;
        let has_failed = |text: &Text| matches!(text.status.as_str(), "failed" | "canceled");
        Ok(page.messages.iter().any(|text| text.body.contains(mark) && !has_failed(text)))
    }
}
