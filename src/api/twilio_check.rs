//! Whether buying could succeed: a look at Twilio now, for programs.
//!
//! How to get it wrong: a status of its own for a bad result. That the look was done is the answer; what it found stands in it.

use std::sync::Arc;

use http::StatusCode;
use serde_json::json;

use super::services::Services;
use crate::http::{Problem, json_response};
use crate::routing::{About, Outcome, Request};
use crate::twilio_check::{Checked, Report};

/// Looks now; whoever comes meanwhile is told the same.
pub(crate) async fn twilio_check(services: &Services) -> Result<Arc<Checked>, Problem> {
    services.twilio_checker.look().await.ok_or_else(Problem::internal)
}

pub(crate) async fn handle(services: Arc<Services>, _request: Request) -> Outcome {
    let checked = twilio_check(&services).await?;
    json_response(StatusCode::OK, &checked.report)
}

pub(crate) fn about() -> About {
    About::new("twilio-check", "Pool", "Looks at Twilio whether buying could succeed; buys and changes nothing").answer::<Report>(
        "What was found, whatever it is, after 25 seconds at most.",
        json!({"result": "fail", "checks": [
            {"check": "credentials", "pool": null, "result": "pass",
                "detail": "Twilio lets us in to AC0123456789abcdef0123456789abcdef at api.twilio.com (region us1)", "todo": null},
            {"check": "bundle", "pool": "gb", "result": "fail",
                "detail": "numbers of GB, mobile are sold only to whoever shows a bundle, and the pool has none",
                "todo": "Hand a bundle in (console, Regulatory Compliance) and set pools.gb.bundle_sid to it."}]}),
    )
}
