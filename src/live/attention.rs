//! What needs a person, to all who watch, when it changes.
//!
//! It has its own pace: its facts are more than those of a status, and a second after a change is soon enough.
//! How to get it wrong: waiting for a database that is away. That it is away is what there is to tell.

use std::time::Duration;

use tokio::time::{sleep, timeout};

use super::feed::Live;
use crate::api::attention::{AttentionItem, attention};
use crate::api::services::Services;

/// At most one look in so long a time, while somebody watches.
const PACE: Duration = Duration::from_secs(1);
/// A look without any word: times pass, and whatever is at Twilio's side rings no bell.
const LOOK_EVERY: Duration = Duration::from_secs(4);

pub(super) async fn attend(services: &Services, live: &Live) {
    let mut told: Option<Vec<AttentionItem>> = None;
    let mut heard = services.db.changes().hearing();
    loop {
        heard.mark_unchanged();
        if live.is_watched() {
            let now = attention(services).await.led(&services.place);
            if told.as_ref() != Some(&now.items) {
                live.send("attention", &now);
                told = Some(now.items);
            }
        } else {
            told = None;
        }
        sleep(PACE).await;
        if live.is_watched() {
            let _ = timeout(LOOK_EVERY, heard.changed()).await;
        }
    }
}
