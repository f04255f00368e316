//! What needs a person, for programs: the list that the dashboard begins with, and that `callbunker status` prints.
//!
//! How to get it wrong: refusing while the database is away. That it is away is what there is to tell.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::services::Services;
use crate::attention::{Item, Kind, Severity, judge};
use crate::domain::PoolName;
use crate::http::{Place, json_response};
use crate::routing::{About, Outcome, Request};

/// What waits for a person, or hurts signups now.
#[derive(Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub(crate) struct Attention {
    /// The worst first; empty when nothing needs anybody.
    pub(crate) items: Vec<AttentionItem>,
    /// Of when it is, by the database's clock while there is one.
    pub(crate) checked_at: DateTime<Utc>,
}

/// One thing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub(crate) struct AttentionItem {
    /// What it is: a name that stays.
    pub(crate) kind: Kind,
    /// The pool that it is about; null = all of them, or none.
    #[serde(default)]
    #[schema(required)]
    pub(crate) pool: Option<PoolName>,
    /// How bad it is.
    pub(crate) severity: Severity,
    /// One sentence.
    pub(crate) summary: String,
    /// Why, and whatever else is known; may be empty.
    pub(crate) detail: String,
    /// Since when, if it is known.
    #[schema(required)]
    pub(crate) since: Option<DateTime<Utc>>,
    /// How many numbers, signups or purchases.
    #[schema(required)]
    pub(crate) count: Option<u32>,
    /// What to do.
    pub(crate) todo: String,
    /// What comes by itself, such as `next try`, `next look`, `free again`.
    #[schema(required)]
    pub(crate) next: Option<String>,
    /// When that comes.
    #[schema(required)]
    pub(crate) next_at: Option<DateTime<Utc>>,
    /// Where on the dashboard something is done about it: a path, below `http.base_path` if there is one.
    #[schema(required)]
    pub(crate) link: Option<String>,
    /// What that link says.
    #[schema(required)]
    pub(crate) link_text: Option<String>,
    /// Somebody else's page about it, such as Twilio's of an error code.
    #[schema(required)]
    pub(crate) url: Option<String>,
}

impl From<Item> for AttentionItem {
    fn from(item: Item) -> Self {
        Self {
            kind: item.kind,
            pool: item.pool,
            severity: item.severity,
            summary: item.summary,
            detail: item.detail,
            since: item.since,
            count: item.count,
            todo: item.todo,
            next: item.next.map(|next| next.what.to_owned()),
            next_at: item.next.map(|next| next.at),
            link: item.link.as_ref().map(|link| link.path.to_string()),
            link_text: item.link.map(|link| link.text.into_owned()),
            url: item.url,
        }
    }
}

impl Attention {
    /// With links as whoever is outside follows them.
    pub(crate) fn led(mut self, place: &Place) -> Self {
        for link in self.items.iter_mut().filter_map(|item| item.link.as_mut()) {
            *link = place.outside(link);
        }
        self
    }
}

impl AttentionItem {
    /// Whether monitoring calls somebody.
    pub(crate) fn is_alarming(&self) -> bool {
        self.severity != Severity::Notice
    }
}

/// Looks, and judges what is seen.
pub(crate) async fn attention(services: &Services) -> Attention {
    let (facts, error) = services.attention.facts().await;
    if let Some(error) = error {
        slog::debug!(services.log, "what needs a person is told without the database"; "error" => error.in_full());
    }
    Attention { items: judge(&facts).into_iter().map(Into::into).collect(), checked_at: facts.at }
}

pub(crate) async fn handle(services: Arc<Services>, _request: Request) -> Outcome {
    json_response(StatusCode::OK, &attention(&services).await.led(&services.place))
}

pub(crate) fn about() -> About {
    About::new("attention", "Pool", "What needs a person, or hurts signups now")
        .text(
            "The worst first: `critical` hurts users or signups now, `warning` will unless somebody acts, `notice` is good to \
             know. An item stays until it is mended, on every instance, over restarts and comparisons. It is answered while the \
             database is away, too: then `database_away` is the first item. What is about one pool names it, and there is one item of a \
             kind for each pool.",
        )
        .answer::<Attention>(
            "What there is; nothing when all is well.",
            json!({"items": [{"kind": "pool_empty", "pool": "default", "severity": "critical", "summary": "The pool is empty: signups are refused.",
                "detail": "Why: Twilio gave no proper answer to a search. 14 refused in the last 10 min, 14 in the last hour.",
                "since": "2026-11-22T14:12:00Z", "count": 14,
                "todo": "It is tried again by itself; if it goes on, look at Twilio's status page.",
                "next": "next try", "next_at": "2026-11-22T14:23:10Z",
                "link": "/admin/phones/dashboard/acts/replenish", "link_text": "Check and buy now…", "url": null}],
                "checked_at": "2026-11-22T14:22:51Z"}),
        )
}
