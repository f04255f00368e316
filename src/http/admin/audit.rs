//! The audit trail, newest first.

use std::sync::Arc;

use http::StatusCode;
use serde_json::json;

use super::super::context::Context;
use super::super::{About, Outcome, Request, json_response};
use super::lists::{Page, cursor, limit, page};
use crate::db::audit::{AuditLine, audit_list};

pub(crate) async fn audit(context: Arc<Context>, request: Request) -> Outcome {
    let (limit, cursor) = (limit(&request)?, cursor(&request)?);
    let items = context.read("audit_list", move |conn| audit_list(conn, cursor, limit + 1)).await?;
    json_response(StatusCode::OK, &page(items, limit, |line| line.id))
}

pub(crate) fn about() -> About {
    About::new("audit", "Pool", "Who did what, newest first").page::<Page<AuditLine>, AuditLine>(
        json!({"items": [{"at": "2026-11-22T12:12:58.648702Z", "who": "6d843254d280", "address": "198.51.100.7",
            "action": "pause", "method": "POST", "path": "/admin/phones/api/pause", "detail": {"reason": "lunch"},
            "result": 200, "code": null, "request_id": "31193e41-06e8-4345-839a-c3b7f1f01ef1"}], "next_cursor": null}),
    )
}
