//! What needs a person, and which alerts are open, to all who watch, when it changes.
//!
//! It has its own pace: its facts are more than those of a status, and a second after a change is soon enough.
//! How to get it wrong: waiting for a database that is away. That it is away is what there is to tell.

use std::time::Duration;

use serde_json::json;
use tokio::time::{sleep, timeout};

use super::feed::Live;
use crate::api::alerts::open_alerts;
use crate::api::attention::{AttentionItem, attention};
use crate::api::lists::alerts::AlertView;
use crate::api::services::Services;

/// At most one look in so long a time, while somebody watches.
const PACE: Duration = Duration::from_secs(1);
/// A look without any word: times pass, and whatever is at Twilio's side rings no bell.
const LOOK_EVERY: Duration = Duration::from_secs(4);

pub(super) async fn attend(services: &Services, live: &Live) {
    let mut told: Option<Vec<AttentionItem>> = None;
    let mut told_alerts: Option<Vec<AlertView>> = None;
    let mut heard = services.db.changes().hearing();
    loop {
        heard.mark_unchanged();
        if live.is_watched() {
            let now = attention(services).await.led(&services.place);
            if told.as_ref() != Some(&now.items) {
                live.send("attention", &now);
                told = Some(now.items);
            }
            // Without a database there are none to tell of, and what needs a person says so.
            if let Ok(open) = open_alerts(services).await
                && told_alerts.as_ref() != Some(&open)
            {
                live.send("alerts", &json!({"items": open}));
                told_alerts = Some(open);
            }
        } else {
            (told, told_alerts) = (None, None);
        }
        sleep(PACE).await;
        if live.is_watched() {
            let _ = timeout(LOOK_EVERY, heard.changed()).await;
        }
    }
}
