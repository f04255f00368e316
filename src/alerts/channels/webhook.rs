//! A signed POST.
//!
//! How to get it wrong: another id for another try. Whoever gets it twice could not tell.

use chrono::Utc;

use super::http::{Ask, ask};
use super::parcel::Parcel;
use super::reply::Reply;
use super::signature::signatures;
use crate::config::{SignedPost, Trusted};

/// Sends each document, signed at this moment.
pub(in crate::alerts) async fn by_webhook(to: &SignedPost, trusted: Trusted, parcel: &Parcel) -> Reply {
    let mut reply = Reply::Taken { status: None };
    for (id, body) in parcel.documents() {
        let (id, timestamp) = (id.to_string(), Utc::now().timestamp());
        let signature = signatures(&to.secrets, &id, timestamp, &body);
        let headers =
            vec![("webhook-id", id), ("webhook-timestamp", timestamp.to_string()), ("webhook-signature", signature)];
        let request = Ask { headers, secrets: to.secrets.clone(), ..Ask::post(&to.url, body) };
        reply = ask(trusted.clone(), request).await;
        if !matches!(reply, Reply::Taken { .. }) {
            break;
        }
    }
    reply
}
