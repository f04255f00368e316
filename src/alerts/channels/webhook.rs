//! A signed POST.
//!
//! How to get it wrong: another id for another try. Whoever gets it twice could not tell.

use std::time::Duration;

use chrono::Utc;
use uuid::Uuid;

use super::http::{Ask, ask};
use super::parcel::Parcel;
use super::reply::{Failure, Reply};
use super::signature::signatures;
use crate::config::{SignedPost, Trusted};

/// What came of one signed POST, for whoever has an outbox of their own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SignedReply {
    /// The far side has it.
    Taken,
    /// It wants none any more.
    Gone {
        /// What it said.
        error: String,
    },
    /// It has it not, or nobody knows.
    Failed {
        /// Why; nothing secret.
        error: String,
        /// How long it asked to be left alone.
        retry_after: Option<Duration>,
    },
}

/// Sends one document under this id, signed at this moment.
pub(crate) async fn post_signed(to: &SignedPost, trusted: Trusted, id: Uuid, body: String) -> SignedReply {
    match post(to, trusted, id, body).await {
        Reply::Taken { .. } => SignedReply::Taken,
        Reply::Gone { error, .. } => SignedReply::Gone { error },
        Reply::Failed(Failure { error, retry_after, .. }) => SignedReply::Failed { error, retry_after },
    }
}

async fn post(to: &SignedPost, trusted: Trusted, id: Uuid, body: String) -> Reply {
    let (id, timestamp) = (id.to_string(), Utc::now().timestamp());
    let signature = signatures(&to.secrets, &id, timestamp, &body);
    let headers =
        vec![("webhook-id", id), ("webhook-timestamp", timestamp.to_string()), ("webhook-signature", signature)];
    let request = Ask { headers, secrets: to.secrets.clone(), ..Ask::post(&to.url, body) };
    ask(trusted, request).await
}

/// Sends each document, signed at this moment.
pub(in crate::alerts) async fn by_webhook(to: &SignedPost, trusted: Trusted, parcel: &Parcel) -> Reply {
    let mut reply = Reply::Taken { status: None };
    for (id, body) in parcel.documents() {
        reply = post(to, trusted.clone(), id, body).await;
        if !matches!(reply, Reply::Taken { .. }) {
            break;
        }
    }
    reply
}
