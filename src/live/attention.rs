//! What needs a person, to all who watch, when it changes.
//!
//! It has its own pace: its facts are more than those of a status, and a second is soon enough.
//! How to get it wrong: waiting for a database that is away. That it is away is what there is to tell.

use std::time::Duration;

use tokio::time::sleep;

use super::feed::Live;
use crate::api::attention::{AttentionItem, attention};
use crate::api::services::Services;

/// How often is looked while somebody watches.
const LOOK_EVERY: Duration = Duration::from_secs(1);

pub(super) async fn attend(services: &Services, live: &Live) {
    let mut told: Option<Vec<AttentionItem>> = None;
    loop {
        if live.is_watched() {
            let now = attention(services).await;
            if told.as_ref() != Some(&now.items) {
                live.send("attention", &now);
                told = Some(now.items);
            }
        } else {
            told = None;
        }
        sleep(LOOK_EVERY).await;
    }
}
