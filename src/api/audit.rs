//! The audit trail, newest first.

use std::sync::Arc;

use serde_json::json;

use super::lists::{Page, Part};
use super::services::Services;
use crate::db::audit::{AuditLine, audit_list};
use crate::http::Problem;
use crate::routing::{About, Outcome, Request, answer};

pub(crate) async fn audit(services: &Services, part: Part) -> Result<Page<AuditLine>, Problem> {
    part.read(services, "audit_list", audit_list, |line| line.id).await
}

pub(crate) async fn handle(services: Arc<Services>, request: Request) -> Outcome {
    answer(audit(&services, Part::asked(&request)?).await)
}

pub(crate) fn about() -> About {
    About::new("audit", "Pool", "Who did what, newest first").page::<Page<AuditLine>, AuditLine>(
        json!({"items": [{"at": "2026-11-22T12:12:58.648702Z", "who": "6d843254d280", "address": "198.51.100.7",
            "action": "pause", "method": "POST", "path": "/admin/phones/api/pause", "detail": {"reason": "lunch"},
            "result": 200, "code": null, "request_id": "31193e41-06e8-4345-839a-c3b7f1f01ef1"}], "next_cursor": null}),
    )
}
