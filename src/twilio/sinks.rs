//! Event streams: where Twilio sends events, and which.
//!
//! Invariants: a list is read to its end, on our own host, whatever Twilio's links say; what is to be deleted and is not there is
//! deleted.
//! How to get it wrong: one `Types` with a list in it. Twilio takes the field once for each type.

use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;

use super::client::Twilio;
use super::error::TwilioError;
use super::lenient;
use super::pages::goes_nowhere;
use crate::telemetry::Operation;

/// Pages of a list: an account has a hundred sinks at most.
const PAGES_MAX: usize = 50;

/// Where events go.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Sink {
    /// `DG…`
    pub(crate) sid: String,
    /// A name for people.
    #[serde(default, deserialize_with = "lenient::words")]
    pub(crate) description: String,
    /// `active` or `initialized`; `failed` if nothing goes there any more.
    #[serde(default, deserialize_with = "lenient::words")]
    pub(crate) status: String,
    #[serde(default)]
    sink_configuration: Value,
}

impl Sink {
    /// The URL, of a webhook.
    pub(crate) fn destination(&self) -> Option<&str> {
        self.sink_configuration["destination"].as_str()
    }
}

#[derive(Deserialize)]
struct Made {
    sid: String,
}

#[derive(Deserialize)]
struct SubscribedType {
    #[serde(rename = "type", default, deserialize_with = "lenient::words")]
    name: String,
}

impl Twilio {
    /// The account's sinks.
    ///
    /// # Errors
    /// See [`TwilioError`]; a look changes nothing.
    pub(crate) async fn sinks(&self) -> Result<Vec<Sink>, TwilioError> {
        self.all(Operation::Sink, self.settings.events(&["Sinks"]), "sinks").await
    }

    /// The SIDs of what is subscribed for a sink, the oldest last as Twilio lists them.
    ///
    /// # Errors
    /// See [`TwilioError`]; a look changes nothing.
    pub(crate) async fn subscriptions(&self, sink: &str) -> Result<Vec<String>, TwilioError> {
        let mut url = self.settings.events(&["Subscriptions"]);
        url.query_pairs_mut().append_pair("SinkSid", sink);
        let made: Vec<Made> = self.all(Operation::Subscription, url, "subscriptions").await?;
        Ok(made.into_iter().map(|one| one.sid).collect())
    }

    /// The types of events that a subscription names.
    ///
    /// # Errors
    /// See [`TwilioError`]; a look changes nothing.
    pub(crate) async fn subscribed_types(&self, subscription: &str) -> Result<Vec<String>, TwilioError> {
        let url = self.settings.events(&["Subscriptions", subscription, "SubscribedEvents"]);
        let types: Vec<SubscribedType> = self.all(Operation::Subscription, url, "types").await?;
        Ok(types.into_iter().map(|one| one.name).collect())
    }

    /// Makes a sink that sends each event by itself; its SID.
    ///
    /// # Errors
    /// See [`TwilioError`]. Whose answer is lost finds it in the list.
    pub(crate) async fn add_sink(&self, description: &str, destination: &Url) -> Result<String, TwilioError> {
        let configuration = json!({"destination": destination, "method": "POST", "batch_events": false}).to_string();
        let form =
            [("Description", description), ("SinkType", "webhook"), ("SinkConfiguration", configuration.as_str())];
        let made = self.transport.post::<Made>(Operation::Sink, self.settings.events(&["Sinks"]), &form).await?;
        Ok(made.body.sid)
    }

    /// Subscribes a sink to these types, in their first version; the subscription's SID.
    ///
    /// # Errors
    /// See [`TwilioError`].
    pub(crate) async fn subscribe(&self, description: &str, sink: &str, types: &[&str]) -> Result<String, TwilioError> {
        let types: Vec<String> =
            types.iter().map(|name| json!({"type": name, "schema_version": 1}).to_string()).collect();
        let mut form = vec![("Description", description), ("SinkSid", sink)];
        form.extend(types.iter().map(|text| ("Types", text.as_str())));
        let url = self.settings.events(&["Subscriptions"]);
        Ok(self.transport.post::<Made>(Operation::Subscription, url, &form).await?.body.sid)
    }

    /// Adds a type to a subscription; that it is there already is what was wanted.
    ///
    /// # Errors
    /// See [`TwilioError`].
    pub(crate) async fn add_type(&self, subscription: &str, name: &str) -> Result<(), TwilioError> {
        let url = self.settings.events(&["Subscriptions", subscription, "SubscribedEvents"]);
        let form = [("Type", name), ("SchemaVersion", "1")];
        self.transport.post::<serde::de::IgnoredAny>(Operation::Subscription, url, &form).await.map(drop)
    }

    /// Ends a subscription.
    ///
    /// # Errors
    /// See [`TwilioError`].
    pub(crate) async fn delete_subscription(&self, subscription: &str) -> Result<(), TwilioError> {
        gone(
            self.transport
                .delete(Operation::Subscription, self.settings.events(&["Subscriptions", subscription]))
                .await,
        )
    }

    /// Takes a sink away, which nothing may be subscribed for any more.
    ///
    /// # Errors
    /// See [`TwilioError`].
    pub(crate) async fn delete_sink(&self, sink: &str) -> Result<(), TwilioError> {
        gone(self.transport.delete(Operation::Sink, self.settings.events(&["Sinks", sink])).await)
    }

    /// All rows of a list of the newer kind, page by page.
    async fn all<T: serde::de::DeserializeOwned>(
        &self,
        operation: Operation,
        mut url: Url,
        rows: &str,
    ) -> Result<Vec<T>, TwilioError> {
        let mut all = Vec::new();
        for _page in 0..PAGES_MAX {
            let mut page = self.transport.get::<Value>(operation, url.clone()).await?.body;
            let read = serde_json::from_value::<Vec<T>>(page.get_mut(rows).map(Value::take).unwrap_or_default());
            all.extend(read.map_err(|_unreadable| goes_nowhere("a list of event streams cannot be read"))?);
            // The link names Twilio's own host, and only its query counts.
            let Some((_, query)) = page["meta"]["next_page_url"].as_str().and_then(|next| next.split_once('?')) else {
                return Ok(all);
            };
            url.set_query(Some(query));
        }
        Err(goes_nowhere("a list of event streams does not end"))
    }
}

/// What is not there is gone.
fn gone<T>(answer: Result<T, TwilioError>) -> Result<(), TwilioError> {
    match answer {
        Err(TwilioError::Refused(refusal)) if refusal.status == 404 && refusal.code.is_some() => Ok(()),
        Err(failure) => Err(failure),
        Ok(_) => Ok(()),
    }
}
