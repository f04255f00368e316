//! Who asks, as callbunker sees them.

use std::sync::Arc;

use serde::Serialize;
use serde_json::json;

use super::services::Services;
use crate::http::Problem;
use crate::routing::{About, Outcome, Request, answer};

/// Whoever sent the key, or logged in with it.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = WhoAmI)]
struct WhoAmI {
    /// What the operator calls them; `null` for a key without a name, which is told by its `key_hash`.
    #[schema(required)]
    name: Option<String>,
    /// `admin`, or `readonly`.
    role: &'static str,
    /// The first 12 hexadecimal digits of the key's SHA-256.
    key_hash: String,
    /// Whether a session vouches for them rather than the key itself.
    by_session: bool,
}

pub(crate) async fn handle(_services: Arc<Services>, request: Request) -> Outcome {
    let who = request.who().ok_or_else(Problem::unauthorized)?;
    answer(Ok(WhoAmI {
        name: who.name.map(|name| name.to_string()),
        role: who.access.role(),
        key_hash: who.fingerprint.to_string(),
        by_session: who.by_session,
    }))
}

pub(crate) fn about() -> About {
    About::new("whoami", "Pool", "Whose key this is, and what it opens").answer::<WhoAmI>(
        "It opens this much.",
        json!({"name": "dana", "role": "admin", "key_hash": "6d843254d280", "by_session": false}),
    )
}
